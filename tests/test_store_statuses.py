"""The statuses of the store flows: the seed's table row by row, and what each audience reads on the way.

Source: seed on the store flows, "Order status details"; design, store processes, "Contradictions".
"""

from dataclasses import dataclass

import pytest

from domain.actors import Audience, Party
from domain.process import Process, State
from domain.processes import store_statuses as s
from domain.status import status_of_order, status_of_unit
from tests.builders import Walk
from tests.store_rows import (
    ASKING,
    CHANGEABLE,
    ERP,
    EXTERNAL,
    LACKING,
    MANUAL,
    OTHER_SELLER,
    PACKING,
    PASSED_BY_HAND,
    SHORT,
    TABLES,
    WMS,
    Way,
)
from tests.store_walks import STORES, labels, reads, theirs, walk

SELLER, COMPLETE, CHAIN = STORES.values()
OFFICE, PORTAL, STORE = Audience.BACK_OFFICE, Audience.MERCHANT_PORTAL, Audience.STOREFRONT

# The table of the seed. A row is: Admin | API | My account | viewed by. * is its asterisk. Where the seed has
# no API code the design gives one; the seed's code of an incomplete order is null.

SEED = """
-                                      | incomplete                       | -                     | M S Ch Co
-                                      | order-created*                   | -                     | M Ch Co
Order accepted                         | order-accepted                   | -                     | S
Canceling                              | cancel*                          | -                     | M S Ch Co
-                                      | on-order-completed               | -                     | M Ch Co
-                                      | on-order-completed-ffm           | -                     | S
Payment denied                         | payment-denied                   | Canceled              | M Ch Co
Payment approved                       | payment-approved                 | Payment approved      | M Ch Co
Payment pending                        | payment-pending                  | Approving payment     | M Ch Co
Cancellation requested                 | request-cancel                   | -                     | M Co
Canceled                               | canceled                         | Canceled              | M S Ch Co
Window to change payment               | window-to-change-payment         | -                     | M
Window to change seller                | window-to-change-seller          | -                     | M
Waiting for seller confirmation        | waiting-for-authorization        | Order placed          | M Ch Co
-                                      | waiting-for-fulfillment          | -                     | S
-                                      | waiting-ffmt-authorization       | -                     | S
Waiting for fulfillment authorization  | waiting-for-manual-authorization | -                     | S
Authorize fulfillment                  | authorize-fulfillment            | -                     | S Co
Cancellation window                    | window-to-cancel                 | Handling order        | S Co
-                                      | ready-for-invoicing              | -                     | M Co
Verifying invoice                      | invoice*                         | Handling order        | M Ch Co
Invoiced                               | invoiced                         | In transit to carrier | M S Ch Co
Invoiced                               | invoiced, tracked                | Delivering order      | M S Ch Co
Invoiced                               | invoiced, delivered              | Order shipped         | M S Ch Co
Ready for handling                     | ready-for-handling               | Handling order        | S
Start handling                         | start-handling*                  | -                     | S Co
Cancellation requested                 | cancellation-requested           | -                     | S
-                                      | waiting-for-mkt-authorization    | -                     | Ch
-                                      | waiting-seller-handling          | -                     | M
Handling shipping                      | handling                         | Handling order        | S Co
Approve payment                        | approve-payment                  | -                     | M Co
Waiting for the seller decision        | waiting-for-seller-decision      | -                     | M Co
Request cancellation                   | request-cancellation             | -                     | M Co
"""


@dataclass(frozen=True)
class Said:
    """One row of the seed's table."""

    admin: str | None
    code: str
    account: str | None
    viewed_by: tuple[str, ...]
    locked: bool
    after: str


FLOWS = {"M": s.MARKETPLACE, "S": s.SELLER, "Ch": s.CHAIN, "Co": s.COMPLETE}


def said(row: str) -> Said:
    admin, code, account, viewed_by = (cell.strip() for cell in row.split("|"))
    code, _, after = code.partition(", ")
    return Said(
        None if admin == "-" else admin,
        code.rstrip("*"),
        None if account == "-" else account,
        tuple(FLOWS[flow] for flow in viewed_by.split()),
        code.endswith("*"),
        after,
    )


ROWS = [said(row) for row in SEED.strip().splitlines()]
BARE = [row for row in ROWS if not row.after]

FLOW_OF = {
    ("marketplace-seller", Party.MARKETPLACE): s.MARKETPLACE,
    ("marketplace-seller", Party.MERCHANT): s.SELLER,
    ("complete", Party.MARKETPLACE): s.COMPLETE,
    ("chain", Party.MARKETPLACE): s.MARKETPLACE,
    ("chain", Party.CHAIN): s.CHAIN,
    ("chain", Party.MERCHANT): s.SELLER,
}
"""Which flow of the seed a machine is."""


def states() -> list[tuple[str, Party, str, State]]:
    return [
        (process.name, machine.party, code, state)
        for process in STORES.values()
        for machine in process.machines
        for code, state in machine.states.items()
    ]


def test_the_table_has_all_rows_of_the_seed():
    assert (len(ROWS), len(BARE)) == (33, 31)
    assert {row.code for row in ROWS} == set(s.STATUSES)


@pytest.mark.parametrize("row", BARE, ids=lambda row: row.code)
def test_a_status_is_what_the_seed_says(row: Said):
    status = s.STATUSES[row.code]
    assert (status.admin, status.account) == (row.admin, row.account)
    assert (sorted(status.viewed_by), status.locked) == (sorted(row.viewed_by), row.locked)
    assert status.meaning


@pytest.mark.parametrize("row", BARE, ids=lambda row: row.code)
def test_every_state_of_every_machine_says_what_its_row_says(row: Said):
    found = [(name, party, state) for name, party, code, state in states() if code == row.code]
    assert found
    for name, party, state in found:
        assert (sorted(state.viewed_by), state.locked) == (sorted(row.viewed_by), row.locked)
        for audience in STORES[name].audiences(party):
            label = state.labels[audience]
            text = row.account if audience is STORE else row.admin
            assert (label.text if label else None) == text, (name, party, audience)


def test_each_machine_has_just_the_states_that_its_flow_views():
    """The exceptions are decided: what the texts of the flows say, and what no merchant ever sees."""
    for (name, party), flow in FLOW_OF.items():
        viewed = {row.code for row in BARE if flow in row.viewed_by}
        has = {code for process, whose, code, _ in states() if (process, whose) == (name, party)}
        more: set[str] = set()
        less: set[str] = set()
        if flow == s.SELLER:
            more, less = {s.INVOICE}, {s.INCOMPLETE}
        elif flow == s.COMPLETE:
            more = {s.READY_FOR_HANDLING}
        elif flow == s.CHAIN:
            more, less = set(), set()
        elif name == "marketplace-seller":
            less = {s.WAITING_SELLER_HANDLING}  # "Multilevel Omnichannel Inventory" only
        assert has == (viewed | more) - less, (name, party)


@pytest.mark.parametrize(
    ("process", "parties"),
    [
        (
            "marketplace-seller",
            {OFFICE: ["marketplace"], PORTAL: ["merchant"], STORE: ["merchant", "marketplace"]},
        ),
        ("complete", {audience: ["marketplace"] for audience in Audience}),
        ("chain", {OFFICE: ["marketplace"], PORTAL: ["merchant"], STORE: ["merchant", "marketplace"]}),
    ],
)
def test_everybody_reads_the_machines_of_its_side(process: str, parties: dict[Audience, list[str]]):
    assert {a: [p.value for p in STORES[process].follows(a)] for a in Audience} == parties


# What is read on the way: a row is a sentence, then what back office, merchant portal and My account read

Reads = tuple[str, str | None, str | None, str | None]

WAITING = "Waiting for seller confirmation"
AUTHORIZATION = "Waiting for fulfillment authorization"
APPROVED, WINDOW, READY = "Payment approved", "Cancellation window", "Ready for handling"
SHIPPING, HANDLING, DECISION = "Handling shipping", "Handling order", "Waiting for the seller decision"

TO_HANDLING: tuple[Reads, ...] = (
    ("payments pay", APPROVED, WINDOW, HANDLING),
    ("30 minutes later", APPROVED, READY, HANDLING),
    ("merchant start_handling", APPROVED, SHIPPING, HANDLING),
)
INVOICED: tuple[Reads, ...] = (
    ("merchant invoice 8.00 F1", APPROVED, SHIPPING, HANDLING),
    ("merchant invoice rest F2", "Invoiced", "Invoiced", s.IN_TRANSIT),
    ("merchant update_tracking F1", "Invoiced", "Invoiced", s.DELIVERING),
    ("merchant update_tracking F1, delivered=yes", "Invoiced", "Invoiced", s.DELIVERING),
    ("merchant update_tracking F2, delivered=yes", "Invoiced", "Invoiced", s.DELIVERED),
    ("merchant take_back 5.00 R1", "Invoiced", "Invoiced", s.DELIVERED),
)
PENDING: Reads = ("", "Payment pending", AUTHORIZATION, "Approving payment")

WALKS: dict[str, tuple[tuple[Process, ...], Way, tuple[Reads, ...]]] = {
    "all goes well": ((SELLER, CHAIN), (), (PENDING, *TO_HANDLING, *INVOICED)),
    "the merchant confirms itself": (
        (SELLER, CHAIN),
        MANUAL,
        (("", WAITING, "Order accepted", "Order placed"), ("merchant accept", *PENDING[1:])),
    ),
    "incomplete at first": (
        (SELLER, CHAIN),
        LACKING,
        (("", None, None, None), ("customer complete", *PENDING[1:])),
    ),
    "incomplete for good": (
        (SELLER, CHAIN),
        LACKING,
        (("", None, None, None), ("1 hour later", "Canceled", None, "Canceled")),
    ),
    "a warehouse": (
        (SELLER, CHAIN),
        WMS,
        (("", "Payment pending", "Order accepted", "Approving payment"), *TO_HANDLING),
    ),
    "the stock is short": (
        (SELLER, CHAIN),
        SHORT,
        (
            PENDING,
            ("payments pay", APPROVED, "Authorize fulfillment", APPROVED),
            ("2 of sku-1 arrive", APPROVED, WINDOW, HANDLING),
        ),
    ),
    "an outside provider and an ERP": (
        (SELLER, CHAIN),
        (*EXTERNAL, *ERP),
        (
            PENDING,
            *TO_HANDLING[:2],
            ("merchant start_handling", APPROVED, "Start handling", HANDLING),
            ("logistics confirm_handling", APPROVED, SHIPPING, HANDLING),
            ("merchant invoice rest F1", "Verifying invoice", "Verifying invoice", HANDLING),
            ("payments settle all", "Invoiced", "Invoiced", s.IN_TRANSIT),
        ),
    ),
    "packed": (
        (SELLER, CHAIN),
        PACKING,
        (PENDING, *TO_HANDLING, ("merchant pack", APPROVED, SHIPPING, HANDLING)),
    ),
    "a request denied": (
        (SELLER, CHAIN),
        (),
        (
            PENDING,
            *TO_HANDLING,
            ("customer request_cancel", DECISION, "Cancellation requested", HANDLING),
            ("merchant deny_cancellation, reason=packed", *TO_HANDLING[2][1:]),
            *INVOICED,
        ),
    ),
    "a request granted": (
        (SELLER, CHAIN),
        EXTERNAL,
        (
            PENDING,
            *TO_HANDLING,
            ("customer request_cancel", DECISION, "Cancellation requested", HANDLING),
            ("merchant approve_cancellation", "Canceling", "Canceling", HANDLING),
            ("payments confirm_cancellation", "Canceled", "Canceled", "Canceled"),
        ),
    ),
    "a request before the payment": (
        (SELLER, CHAIN),
        ASKING,
        (
            PENDING,
            ("customer request_cancel", DECISION, "Cancellation requested", "Approving payment"),
            ("merchant deny_cancellation, reason=packed", *PENDING[1:]),
        ),
    ),
    "another payment": (
        (SELLER, CHAIN),
        CHANGEABLE,
        (
            PENDING,
            # In My account a denied payment reads Canceled; the window to change it adds nothing to that.
            ("payments deny_payment", "Window to change payment", AUTHORIZATION, "Canceled"),
            ("customer change_payment", *PENDING[1:]),
            *TO_HANDLING,
        ),
    ),
    "another seller": (
        (SELLER, CHAIN),
        OTHER_SELLER,
        (
            PENDING,
            *TO_HANDLING[:1],
            ("merchant cancel, reason=broken", "Window to change seller", "Canceling", HANDLING),
            ("2 days later", "Canceled", "Canceled", "Canceled"),
        ),
    ),
    "the merchant takes the risk": (
        (SELLER, CHAIN),
        (),
        (
            PENDING,
            ("merchant authorize_fulfillment", "Payment pending", WINDOW, HANDLING),
            ("30 minutes later", "Payment pending", READY, HANDLING),
            ("payments deny_payment", "Canceled", "Canceled", "Canceled"),
        ),
    ),
    "the chain is authorized by hand": (
        (CHAIN,),
        PASSED_BY_HAND,
        (
            PENDING,
            ("payments pay", APPROVED, AUTHORIZATION, APPROVED),
            ("marketplace pass_authorization", *TO_HANDLING[0][1:]),
        ),
    ),
}

ONE = {  # what everybody in one store reads, and My account
    "": ("Payment pending", "Approving payment"),
    "payments pay": (WINDOW, HANDLING),
    "30 minutes later": (READY, HANDLING),
    "merchant start_handling": (SHIPPING, HANDLING),
    "merchant invoice 8.00 F1": (SHIPPING, HANDLING),
    "merchant invoice rest F2": ("Invoiced", s.IN_TRANSIT),
    "merchant update_tracking F2": ("Invoiced", s.DELIVERING),
    "merchant update_tracking F1, delivered=yes": ("Invoiced", s.DELIVERING),
    "merchant update_tracking F2, delivered=yes": ("Invoiced", s.DELIVERED),
}
ONE_REQUESTED = {
    "": ("Payment pending", "Approving payment"),
    "payments pay": (WINDOW, HANDLING),
    "30 minutes later": (READY, HANDLING),
    "merchant start_handling": (SHIPPING, HANDLING),
    "merchant pack": (SHIPPING, HANDLING),
    "customer request_cancel": (DECISION, HANDLING),
    "merchant deny_cancellation, reason=packed": (SHIPPING, HANDLING),
    "marketplace request_cancel": (DECISION, HANDLING),
    "marketplace cancel, reason=really": ("Canceling", HANDLING),
    "payments settle all": ("Canceled", "Canceled"),
}


@pytest.mark.parametrize(
    ("process", "given", "rows"),
    [
        pytest.param(process, given, rows, id=f"{process.name}: {name}")
        for name, (processes, given, rows) in WALKS.items()
        for process in processes
    ],
)
def test_on_the_way_everybody_reads_its_own_label(process: Process, given: Way, rows: tuple[Reads, ...]):
    here = walk(process, *given)
    for sentence, *read in rows:
        here = walk(here, sentence) if sentence else here
        assert labels(here) == tuple(read), sentence


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        pytest.param((), ONE, id="all goes well"),
        pytest.param((*PACKING, *EXTERNAL), ONE_REQUESTED, id="requested twice"),
        pytest.param(
            LACKING,
            {"": (None, None), "1 hour later": ("Canceled", "Canceled")},
            id="incomplete for good",
        ),
        pytest.param(
            MANUAL,
            {
                "": (WAITING, "Order placed"),
                "merchant accept": ("Payment pending", "Approving payment"),
            },
            id="the merchant confirms",
        ),
        pytest.param(
            SHORT,
            {
                "": ("Payment pending", "Approving payment"),
                "payments pay": ("Authorize fulfillment", APPROVED),
                "2 of sku-1 arrive": (WINDOW, HANDLING),
            },
            id="the stock is short",
        ),
        pytest.param(
            EXTERNAL,
            {
                "": ("Payment pending", "Approving payment"),
                "payments pay, amount=5.00": ("Payment pending", "Approving payment"),
                "payments deny_payment": ("Canceling", "Canceled"),
                "payments settle all": ("Canceled", "Canceled"),
            },
            id="the payment is denied",
        ),
    ],
)
def test_in_one_store_all_read_the_one_machine(given: Way, rows: dict[str, tuple[str | None, str | None]]):
    here = walk(COMPLETE, *given)
    for sentence, (store, account) in rows.items():
        here = walk(here, sentence) if sentence else here
        assert labels(here) == (store, store, account), sentence


# Nobody loses what it read


@pytest.mark.parametrize("process", STORES)
def test_once_something_is_read_something_is_always_read_and_never_a_dash(process: str):
    """Along every walk of every row; where a state says nothing the label before it stays."""
    for row in (row for table in TABLES[process].values() for row in table):
        known: set[Audience] = set()
        first = sum(1 for sentence in row.way if sentence.startswith("given "))
        for end in range(first, len(row.way) + 1):
            here = walk(STORES[process], *row.way[:end])
            for audience in Audience:
                label = reads(here, audience)
                assert label not in ("-", ""), row
                assert label or audience not in known, row
                known |= {audience} if label else set()


def test_where_a_state_says_nothing_the_label_before_it_stays():
    here = walk(SELLER, *PACKING, "payments pay", "30 minutes later", "merchant start_handling")
    there = walk(here, "merchant pack")
    position = theirs(there).positions[Party.MARKETPLACE]
    assert SELLER.state(Party.MARKETPLACE, position).labels[OFFICE] is None
    assert labels(there) == labels(here)


@pytest.mark.parametrize("process", STORES.values(), ids=STORES)
def test_a_label_has_a_code_and_a_key_for_other_languages(process: Process):
    here = walk(
        process, "payments pay", "30 minutes later", "merchant start_handling", "merchant invoice rest F1"
    )
    status = status_of_unit(process, here.order, theirs(here), STORE)
    assert status
    assert (status.code, status.key) == (
        "in_transit_to_carrier",
        f"{process.name}.storefront.in_transit_to_carrier",
    )


# Roll-ups of two merchants' parts

TOGETHER = {  # what was said of m1's part while m2's stays paid -> what the order reads
    "": (APPROVED, HANDLING),
    "merchant start_handling": (APPROVED, HANDLING),
    "merchant invoice 8.00 F1": (APPROVED, HANDLING),
    "merchant invoice rest F2": ("Partly Invoiced (1 of 2)", f"Partly {s.IN_TRANSIT} (1 of 2)"),
    "merchant update_tracking F1": ("Partly Invoiced (1 of 2)", f"Partly {s.DELIVERING} (1 of 2)"),
}


def rolled_up(here: Walk, audience: Audience) -> str | None:
    status = status_of_order(here.process, here.order, audience)
    return status.label if status else None


@pytest.mark.parametrize("process", [SELLER, CHAIN], ids=lambda process: process.name)
def test_an_order_reads_how_far_the_furthest_of_its_parts_is(process: Process):
    here = walk(process, "given two merchants", "payments pay", "30 minutes later")
    for sentence, (office, account) in TOGETHER.items():
        here = walk(here, sentence) if sentence else here
        assert (rolled_up(here, OFFICE), rolled_up(here, STORE)) == (office, account), sentence


@pytest.mark.parametrize("process", [SELLER, CHAIN], ids=lambda process: process.name)
def test_what_goes_on_is_further_than_what_is_canceled(process: Process):
    here = walk(process, "given two merchants", "payments pay", "customer cancel of m2")
    assert rolled_up(here, OFFICE) == "Partly Payment approved (1 of 2)"
    assert rolled_up(here, STORE) == "Partly Handling order (1 of 2)"
    both = walk(here, "customer cancel")
    assert (rolled_up(both, OFFICE), rolled_up(both, STORE)) == ("Canceled", "Canceled")


def test_in_one_store_the_furthest_part_counts_too():
    here = walk(COMPLETE, "given two merchants", "payments pay", "30 minutes later")
    assert rolled_up(here, OFFICE) == READY
    here = walk(here, "merchant start_handling")
    assert (rolled_up(here, OFFICE), rolled_up(here, STORE)) == (
        "Partly Handling shipping (1 of 2)",
        HANDLING,
    )
    here = walk(here, "customer request_cancel of m2")
    assert rolled_up(here, OFFICE) == f"Partly {DECISION} (1 of 2)"
    status = status_of_order(COMPLETE, here.order, OFFICE)
    assert status
    assert [(row.label, row.count) for row in status.counts] == [(DECISION, 1), (SHIPPING, 1)]


def test_a_part_that_another_seller_took_over_counts_once():
    here = walk(SELLER, *OTHER_SELLER, "payments pay", "merchant cancel, reason=broken")
    there = walk(here, "marketplace change_seller m3")
    assert (rolled_up(there, OFFICE), rolled_up(there, STORE)) == (APPROVED, HANDLING)
    assert labels(there, "m3") == (APPROVED, WINDOW, HANDLING)
