"""The process marketplace-merchant, move by move: a row is a sentence, and what has no row is refused.

Source: seed on the marketplace and merchant state machines; design, process marketplace-merchant, all tables.
"""

from collections import Counter
from dataclasses import dataclass

import pytest

from domain.actors import Actor, Party, Role
from domain.engine import fire
from domain.order import Line
from domain.outcome import Intent
from domain.process import STAY, Machine, Trigger
from domain.processes.marketplace_merchant import (
    AT_DISTRIBUTION_CENTER,
    CANCELED,
    CANCELED_BY_MARKETPLACE,
    CANCELED_BY_MERCHANT,
    CLOSED,
    CUSTOMER,
    DELIVERED,
    DISTRIBUTION_MACHINE,
    LEFT_MERCHANT,
    LOGISTICS,
    MARKETPLACE,
    MARKETPLACE_MACHINE,
    MARKETPLACE_MERCHANT,
    MERCHANT,
    MERCHANT_MACHINE,
    NEW,
    PAID,
    PAYMENTS,
    REFUNDED,
    RETURN_REJECTED,
    RETURNED,
    SENT_TO_MERCHANT,
    SHIPPED,
    SHIPPED_BACK,
    SHIPPED_BY_MERCHANT,
    WAITING_FOR_RETURN,
)
from domain.refusal import Refusal, RefusalCode
from tests.builders import Walk, line, order, policies, refused, walk

CLOCK, LINK, AUTO = Trigger.CLOCK, Trigger.LINK, Trigger.AUTOMATIC

MACHINES: dict[str, Machine] = {
    m.name: m for m in (MARKETPLACE_MACHINE, MERCHANT_MACHINE, DISTRIBUTION_MACHINE)
}

# How a line gets to where a row starts.
SENT = ("payments pay", "marketplace send_to_merchant")
TO_CENTER = ("merchant send_to_distribution", "merchant confirm_at_center")
RETURN_ASKED = ("merchant ship", "merchant deliver", "customer request_return")
REJECTED = "merchant reject_return, reason=worn"
PARTLY_REFUNDED = ("marketplace refund, amount=400", "payments confirm_refund, refund=o1-r1")

TO_MERCHANT: dict[str, tuple[str, ...]] = {
    NEW: SENT,
    CANCELED_BY_MERCHANT: (*SENT, "merchant cancel, reason=broken"),
    CANCELED_BY_MARKETPLACE: (*SENT, "marketplace cancel, reason=recalled"),
    SHIPPED: (*SENT, "merchant ship"),
    DELIVERED: (*SENT, "merchant ship", "merchant deliver"),
    WAITING_FOR_RETURN: (*SENT, *RETURN_ASKED),
    RETURN_REJECTED: (*SENT, *RETURN_ASKED, REJECTED),
    SHIPPED_BACK: (*SENT, *RETURN_ASKED, REJECTED, "merchant ship_back"),
    RETURNED: (*SENT, *RETURN_ASKED, "merchant receive_return"),
    REFUNDED: (*SENT, *RETURN_ASKED, "merchant receive_return", *PARTLY_REFUNDED),
    CLOSED: (*SENT, "merchant ship", "merchant deliver", "marketplace close"),
}


def by_center(way: tuple[str, ...]) -> tuple[str, ...]:
    """The same way where a merchant ships by way of the distribution center."""
    if "merchant ship" not in way:
        return way
    at = way.index("merchant ship")
    return (*way[:at], *TO_CENTER, *way[at:])


WAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "marketplace": {
        NEW: (),
        CANCELED: ("payments pay", "customer cancel"),
        REFUNDED: ("payments pay", "customer cancel", *PARTLY_REFUNDED),
        PAID: ("payments pay",),
        SENT_TO_MERCHANT: SENT,
        SHIPPED_BY_MERCHANT: TO_MERCHANT[SHIPPED],
        DELIVERED: TO_MERCHANT[DELIVERED],
        WAITING_FOR_RETURN: TO_MERCHANT[WAITING_FOR_RETURN],
        RETURN_REJECTED: TO_MERCHANT[RETURN_REJECTED],
        SHIPPED_BACK: TO_MERCHANT[SHIPPED_BACK],
        RETURNED: TO_MERCHANT[RETURNED],
        CLOSED: TO_MERCHANT[CLOSED],
    },
    "merchant": TO_MERCHANT,
    "merchant-distribution": {
        **{code: by_center(way) for code, way in TO_MERCHANT.items()},
        LEFT_MERCHANT: (*SENT, TO_CENTER[0]),
        AT_DISTRIBUTION_CENTER: (*SENT, *TO_CENTER),
    },
}

NEEDED = {
    "cancel": ", reason=broken",
    "reject_return": ", reason=worn",
    "confirm_refund": ", refund={last}",
    "refuse_refund": ", refund={last}",
}
"""What these events do not go without."""


@dataclass(frozen=True)
class Row:
    """In `source`, `event` by `by` leads to `target`: saying `said` shows it, after the way and `then`."""

    source: str
    event: str
    by: Role | Trigger
    target: str
    said: str
    then: tuple[str, ...]
    way: tuple[str, ...] | None
    lines: tuple[Line, ...]


def row(
    source: str,
    event: str,
    by: Role | Trigger,
    target: str,
    said: str = "",
    *,
    then: tuple[str, ...] = (),
    way: tuple[str, ...] | None = None,
    lines: tuple[Line, ...] = (line(),),
) -> Row:
    """A row; where nothing else is said, `by` says `event`."""
    return Row(source, event, by, target, said or f"{by} {event}{NEEDED.get(event, '')}", then, way, lines)


ASKED = ("marketplace refund, amount=100",)
UNPAID = ("customer cancel",)
FREE = (line(unit_price=0),)
FREE_RETURNED = ("marketplace send_to_merchant", *RETURN_ASKED, "merchant receive_return")

MARKETPLACE_ROWS = (
    row(NEW, "pay", PAYMENTS, PAID),
    row(NEW, "pay", MARKETPLACE, PAID),
    row(NEW, "pay", AUTO, PAID, "customer cancel line 2", lines=(*FREE, line(2))),
    row(NEW, "cancel", CUSTOMER, CANCELED),
    row(NEW, "cancel", MARKETPLACE, CANCELED),
    row(NEW, "expire", CLOCK, CANCELED, "7 days later"),
    row(PAID, "cancel", CUSTOMER, CANCELED),
    row(PAID, "cancel", MARKETPLACE, CANCELED),
    row(PAID, "send_to_merchant", MARKETPLACE, SENT_TO_MERCHANT),
    row(PAID, "send_to_merchant", CLOCK, SENT_TO_MERCHANT, "30 minutes later"),
    row(SENT_TO_MERCHANT, "ship", LINK, SHIPPED_BY_MERCHANT, "merchant ship"),
    row(SENT_TO_MERCHANT, "cancel_by_merchant", LINK, CANCELED, "merchant cancel, reason=broken"),
    row(SENT_TO_MERCHANT, "cancel", MARKETPLACE, CANCELED),
    row(SHIPPED_BY_MERCHANT, "deliver", LINK, DELIVERED, "merchant deliver"),
    row(CANCELED, "refund", MARKETPLACE, STAY),
    row(CANCELED, "confirm_refund", PAYMENTS, REFUNDED, then=ASKED),
    row(CANCELED, "confirm_refund", MARKETPLACE, REFUNDED, then=ASKED),
    row(CANCELED, "confirm_refund", AUTO, REFUNDED, "marketplace refund"),
    row(CANCELED, "refuse_refund", PAYMENTS, STAY, then=ASKED),
    row(CANCELED, "refuse_refund", MARKETPLACE, STAY, then=ASKED),
    row(CANCELED, "close", MARKETPLACE, CLOSED, way=UNPAID),
    row(CANCELED, "close", CLOCK, CLOSED, "14 days later", way=UNPAID),
    row(REFUNDED, "refund", MARKETPLACE, STAY, "marketplace refund, amount=100"),
    row(REFUNDED, "confirm_refund", PAYMENTS, STAY, then=ASKED),
    row(REFUNDED, "confirm_refund", MARKETPLACE, STAY, then=ASKED),
    row(REFUNDED, "confirm_refund", AUTO, STAY, *ASKED, way=("payments pay", "customer cancel", *ASKED)),
    row(REFUNDED, "refuse_refund", PAYMENTS, REFUNDED, then=ASKED),
    row(REFUNDED, "refuse_refund", MARKETPLACE, REFUNDED, then=ASKED),
    row(REFUNDED, "close", MARKETPLACE, CLOSED),
    row(REFUNDED, "close", CLOCK, CLOSED, "14 days later"),
    row(DELIVERED, "request_return", CUSTOMER, WAITING_FOR_RETURN),
    row(DELIVERED, "request_return", MARKETPLACE, WAITING_FOR_RETURN),
    row(DELIVERED, "close", MARKETPLACE, CLOSED),
    row(DELIVERED, "close", CLOCK, CLOSED, "30 days later"),
    row(WAITING_FOR_RETURN, "receive_return", LINK, RETURNED, "merchant receive_return"),
    row(WAITING_FOR_RETURN, "reject_return", LINK, RETURN_REJECTED, REJECTED),
    row(RETURN_REJECTED, "ship_back", LINK, SHIPPED_BACK, "merchant ship_back"),
    row(SHIPPED_BACK, "deliver", LINK, DELIVERED, "merchant deliver"),
    row(RETURNED, "refund", MARKETPLACE, STAY),
    row(RETURNED, "confirm_refund", PAYMENTS, REFUNDED, then=ASKED),
    row(RETURNED, "confirm_refund", MARKETPLACE, REFUNDED, then=ASKED),
    row(RETURNED, "confirm_refund", AUTO, REFUNDED, "marketplace refund"),
    row(RETURNED, "refuse_refund", PAYMENTS, STAY, then=ASKED),
    row(RETURNED, "refuse_refund", MARKETPLACE, STAY, then=ASKED),
    row(RETURNED, "close", MARKETPLACE, CLOSED, way=FREE_RETURNED, lines=FREE),
)

CANCELED_ROWS = (
    row(NEW, "cancel", MERCHANT, CANCELED_BY_MERCHANT),
    row(NEW, "cancel_by_marketplace", LINK, CANCELED_BY_MARKETPLACE, "marketplace cancel, reason=recalled"),
)


def delivery_rows(free_returned: tuple[str, ...]) -> tuple[Row, ...]:
    """What both merchant machines share from shipping on."""
    return (
        row(SHIPPED, "deliver", MERCHANT, DELIVERED),
        row(SHIPPED, "deliver", LOGISTICS, DELIVERED),
        row(DELIVERED, "request_return", LINK, WAITING_FOR_RETURN, "customer request_return"),
        row(DELIVERED, "close", LINK, CLOSED, "marketplace close"),
        row(WAITING_FOR_RETURN, "receive_return", MERCHANT, RETURNED),
        row(WAITING_FOR_RETURN, "reject_return", MERCHANT, RETURN_REJECTED),
        row(RETURN_REJECTED, "ship_back", MERCHANT, SHIPPED_BACK),
        row(SHIPPED_BACK, "deliver", MERCHANT, DELIVERED),
        row(SHIPPED_BACK, "deliver", LOGISTICS, DELIVERED),
        row(RETURNED, "refund", LINK, REFUNDED, "payments confirm_refund, refund={last}", then=ASKED),
        row(RETURNED, "close", LINK, CLOSED, "marketplace close", way=free_returned, lines=FREE),
        row(REFUNDED, "close", LINK, CLOSED, "marketplace close"),
    )


MERCHANT_ROWS = (
    row(NEW, "ship", MERCHANT, SHIPPED),
    *CANCELED_ROWS,
    *delivery_rows(FREE_RETURNED),
)

DISTRIBUTION_ROWS = (
    row(NEW, "send_to_distribution", MERCHANT, LEFT_MERCHANT),
    *CANCELED_ROWS,
    row(LEFT_MERCHANT, "confirm_at_center", MERCHANT, AT_DISTRIBUTION_CENTER),
    row(LEFT_MERCHANT, "confirm_at_center", LOGISTICS, AT_DISTRIBUTION_CENTER),
    row(AT_DISTRIBUTION_CENTER, "ship", MERCHANT, SHIPPED),
    row(AT_DISTRIBUTION_CENTER, "ship", LOGISTICS, SHIPPED),
    *delivery_rows(by_center(FREE_RETURNED)),
)

TABLES = {
    "marketplace": MARKETPLACE_ROWS,
    "merchant": MERCHANT_ROWS,
    "merchant-distribution": DISTRIBUTION_ROWS,
}


def started(
    machine: Machine, way: tuple[str, ...], lines: tuple[Line, ...] = (), *, built_in: bool = False
) -> Walk:
    """An order on this way, its merchant running this machine; an outside provider unless built in."""
    runs = "merchant" if machine.party is Party.MARKETPLACE else machine.name
    provider = "built_in" if built_in else "external"
    settings = policies({"m1": {"merchant_process": runs}}, payment_provider=provider)
    return walk(order(*lines, policies=settings), *way)


@pytest.mark.parametrize(
    ("machine", "row"),
    [
        pytest.param(name, row, id=f"{name}: {row.source} {row.event} by {row.by} to {row.target}")
        for name, table in TABLES.items()
        for row in table
    ],
)
def test_what_a_row_says_happens(machine: str, row: Row):
    runs = MACHINES[machine]
    way = WAYS[machine][row.source] if row.way is None else row.way
    here = started(runs, (*way, *row.then), row.lines, built_in=row.by is AUTO)
    assert here.state(runs.party) == row.source
    refunds = here.order.refunds
    there = walk(here, row.said.format(last=refunds[-1].id if refunds else None))
    target = row.source if row.target == STAY else row.target
    happened = {
        (entry.unit, entry.party, entry.source, entry.event, entry.actor.role, entry.target)
        for entry in there.entries[len(here.entries) :]
    }
    role = row.by if isinstance(row.by, Role) else Role.SYSTEM
    assert ("o1-1", runs.party, row.source, row.event, role, target) in happened
    assert there.state(runs.party) == target


@pytest.mark.parametrize("machine", MACHINES)
def test_every_move_has_a_row_and_every_row_is_a_move(machine: str):
    moves = Counter(
        (code, move.event, by, move.target)
        for code, state in MACHINES[machine].states.items()
        for move in state.moves
        for by in (move.by if move.trigger is Trigger.ACTOR else (move.trigger,))
    )
    assert Counter((row.source, row.event, row.by, row.target) for row in TABLES[machine]) == moves


@pytest.mark.parametrize(
    ("machine", "source"), [(name, code) for name, machine in MACHINES.items() for code in machine.states]
)
def test_what_has_no_row_is_refused_with_what_is_possible_for_that_actor(machine: str, source: str):
    runs, table = MACHINES[machine], TABLES[machine]
    here = started(runs, WAYS[machine][source])
    assert here.state(runs.party) == source
    events = {row.event for rows in TABLES.values() for row in rows} | {"teleport", ""}
    for role in Role:
        possible = {row.event for row in table if row.source == source and row.by is role}
        timed = {row.event for row in table if row.source == source and row.by is CLOCK}
        for event in sorted(events - possible - (timed if role is Role.SYSTEM else set())):
            # Somebody else than who brought it here, so that nothing counts as said again.
            intent = Intent(event, "o1-1", runs.party, Actor("somebody-else", role))
            answer = fire(MARKETPLACE_MERCHANT, here.order, intent, here.now)
            assert isinstance(answer, Refusal), f"{event} by {role} was taken"
            assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED, f"{event} by {role}: {answer}"
            assert (answer.state, answer.event) == (source, event)
            assert set(answer.available) == possible, f"{event} by {role}"


@pytest.mark.parametrize("source", [NEW, PAID])
def test_before_the_split_there_is_nothing_for_a_merchant_to_move(source: str):
    here = walk(order(), *WAYS["marketplace"][source])
    for event in {row.event for row in MERCHANT_ROWS}:
        assert refused(here, f"merchant {event}").code is RefusalCode.NOT_FOUND


@pytest.mark.parametrize(
    ("machine", "source", "said", "sentence"),
    [
        (
            "marketplace",
            SENT_TO_MERCHANT,
            "customer cancel",
            "The line was sent to the merchant; only the marketplace can still cancel it.",
        ),
        *(
            (
                "marketplace",
                SHIPPED_BY_MERCHANT,
                f"{who} cancel, reason=late",
                "The merchant has already shipped; the line can be returned once it is delivered.",
            )
            for who in ("customer", "marketplace")
        ),
        *(
            (
                "marketplace",
                DELIVERED,
                f"{who} cancel, reason=late",
                "The line is delivered; request a return instead.",
            )
            for who in ("customer", "marketplace")
        ),
        *(
            (
                "merchant-distribution",
                source,
                "marketplace cancel, reason=late",
                "The line already left the merchant for the distribution center; "
                "it can be returned once delivered.",
            )
            for source in (LEFT_MERCHANT, AT_DISTRIBUTION_CENTER)
        ),
        ("marketplace", CLOSED, "customer cancel", "The line is closed."),
        (
            "marketplace",
            CLOSED,
            "customer request_return",
            "The return window closed; the line is closed.",
        ),
        (
            "merchant",
            CANCELED_BY_MARKETPLACE,
            "merchant ship",
            "The marketplace has canceled this line; do not ship it.",
        ),
        ("merchant", SHIPPED, "merchant cancel, reason=late", "You have already shipped this line."),
        ("merchant", DELIVERED, "merchant cancel, reason=late", "This line is delivered."),
    ],
)
def test_whoever_tries_what_is_too_late_reads_why(machine: str, source: str, said: str, sentence: str):
    here = started(MACHINES[machine], WAYS[machine][source])
    assert refused(here, said).message == sentence


@pytest.mark.parametrize(
    ("source", "said", "needed"),
    [
        (PAID, "marketplace cancel", "reason"),
        (SENT_TO_MERCHANT, "marketplace cancel", "reason"),
        (SENT_TO_MERCHANT, "merchant cancel", "reason"),
        (WAITING_FOR_RETURN, "merchant reject_return", "reason"),
        (CANCELED, "payments confirm_refund", "refund"),
        (CANCELED, "payments refuse_refund", "refund"),
        (REFUNDED, "marketplace refund", "amount"),
    ],
)
def test_what_must_come_along_is_asked_for(source: str, said: str, needed: str):
    here = started(MARKETPLACE_MACHINE, WAYS["marketplace"][source])
    answer = refused(here, said)
    assert answer.code is RefusalCode.INPUT_MISSING
    assert answer.message == f"{answer.event} needs: {needed}."


def test_a_customer_and_an_unpaid_order_need_no_reason():
    assert walk(order(), "customer cancel").state(Party.MARKETPLACE) == CANCELED
    assert walk(order(), "marketplace cancel").state(Party.MARKETPLACE) == CANCELED
    assert walk(order(), "payments pay", "customer cancel").state(Party.MARKETPLACE) == CANCELED
