"""Who may cancel a store's order when, and what becomes of the money: every cell of the cancellation matrix.

Source: seed on the store flows, "Order cancellation"; design, store processes, "Cancellation matrix".
"""

from itertools import product

import pytest

from domain.actors import PEOPLE, Party, Role
from domain.cancellations import Verdict
from domain.engine import fire
from domain.outcome import Intent, Outcome
from domain.process import Process
from domain.processes import store_statuses as s
from domain.refusal import Refusal, RefusalCode
from tests.builders import Walk, actor
from tests.store_rows import (
    ASKING,
    CANCELING,
    CAPTURING,
    DENIED,
    EXTERNAL,
    HANDLING,
    INVOICED,
    LACKING,
    MANUAL,
    OTHER_SELLER,
    PACKED,
    PAID,
    PART,
    READY,
    REQUESTED,
    STARTING,
    TABLES,
    WANTING,
    WMS,
    Way,
)
from tests.store_walks import STORES, asked, attempt, refused, stand, started, state, theirs, walk

SELLER, COMPLETE, CHAIN = STORES.values()
MARKETPLACE = Party.MARKETPLACE

IN_ADVANCE = "payments pay, amount=5.00"
CAPTURED = "payments pay, captured=yes"
CAPTURED_READY = (CAPTURED, "30 minutes later")
OVERRIDE = "merchant authorize_fulfillment"
NOW_READY = "30 minutes later"

every_process = pytest.mark.parametrize("process", STORES.values(), ids=STORES)


def canceled(here: Walk) -> bool:
    """Whether every machine has come to the end of a cancellation."""
    return set(stand(here).split(" × ")) == {s.CANCELED}


def noted(here: Walk) -> tuple[Role, str | None]:
    """Who canceled it, and why."""
    found = theirs(here).cancellation
    assert found is not None
    return found.by.role, found.reason


def decided(here: Walk) -> Verdict | None:
    """How the newest request ended."""
    return theirs(here).requests[-1].verdict


# Row "incomplete": nobody cancels; it expires


@every_process
@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("event", ["cancel", "request_cancel"])
def test_what_is_incomplete_nobody_cancels(process: Process, who: Role, event: str):
    no = refused(walk(process, *LACKING), f"{who} {event}, reason=late")
    assert no.code in (RefusalCode.TRANSITION_NOT_ALLOWED, RefusalCode.NOT_FOUND)


@every_process
@pytest.mark.parametrize("who", [Role.CUSTOMER, Role.MARKETPLACE])
def test_whoever_tries_reads_that_it_expires(process: Process, who: Role):
    no = refused(walk(process, *LACKING), f"{who} cancel")
    assert no.message == "It is not complete; if it stays so, it expires by itself."


@every_process
def test_what_is_incomplete_expires_and_what_was_paid_in_advance_goes_back(process: Process):
    here = walk(process, *LACKING, "1 hour later")
    assert (state(here, MARKETPLACE), asked(here)) == (s.CANCELED, [])
    here = walk(process, *LACKING, IN_ADVANCE, "1 hour later")
    assert (state(here, MARKETPLACE), asked(here)) == (s.CANCELED, ["void 5.00"])
    here = walk(process, *LACKING, "payments pay, amount=5.00, captured=yes", "1 hour later")
    assert (state(here, MARKETPLACE), asked(here)) == (s.CANCELED, ["refund 5.00"])


# Row "before payment": free, yes, yes; the money is let go of

UNPAID = [
    *product(STORES.values(), ((), MANUAL)),
    *product((SELLER, CHAIN), (WMS, DENIED, (OVERRIDE,), (OVERRIDE, NOW_READY))),
    *product((SELLER, CHAIN), ((OVERRIDE, NOW_READY, "merchant start_handling"),)),
]


@pytest.mark.parametrize(("process", "way"), UNPAID)
@pytest.mark.parametrize("who", PEOPLE)
def test_before_the_payment_everybody_cancels_at_once(process: Process, way: Way, who: Role):
    here = walk(process, *way, f"{who} cancel, reason=late")
    assert (canceled(here), asked(here)) == (True, [])
    assert noted(here) == (who, "late")


@pytest.mark.parametrize(("process", "way"), UNPAID)
@pytest.mark.parametrize("who", PEOPLE)
def test_what_was_paid_in_part_until_then_is_let_go_of(process: Process, way: Way, who: Role):
    here = walk(process, *way, IN_ADVANCE, f"{who} cancel, reason=late")
    assert (canceled(here), asked(here)) == (True, ["void 5.00"])
    assert (here.order.approved, here.order.captured) == (0, 0)


@pytest.mark.parametrize(("process", "way"), UNPAID)
def test_what_is_free_needs_no_request(process: Process, way: Way):
    no = refused(walk(process, *way), "customer request_cancel")
    assert no.code in (RefusalCode.GUARD_FAILED, RefusalCode.TRANSITION_NOT_ALLOWED)


# The same row where the merchant is asked first (cancel_before_payment=request)

ASKED = [
    *product(STORES.values(), ((), MANUAL)),
    *product((SELLER, CHAIN), (WMS, (OVERRIDE,), (OVERRIDE, NOW_READY))),
    *product((SELLER, CHAIN), ((OVERRIDE, NOW_READY, "merchant start_handling"),)),
]


@pytest.mark.parametrize(("process", "way"), ASKED)
@pytest.mark.parametrize("who", [Role.CUSTOMER, Role.MARKETPLACE])
def test_where_the_merchant_is_asked_before_the_payment_nobody_cancels_freely(
    process: Process, way: Way, who: Role
):
    here = walk(process, *ASKING, *way)
    no = refused(here, f"{who} cancel, reason=late")
    assert no.message == "Its merchant is asked before it is canceled; request the cancellation."
    there = walk(here, f"{who} request_cancel, reason=late")
    assert state(there, MARKETPLACE) == s.WAITING_FOR_SELLER_DECISION
    yes = walk(there, "merchant approve_cancellation")
    assert (canceled(yes), asked(yes), decided(yes)) == (True, [], Verdict.APPROVED)
    again = walk(there, "marketplace cancel, reason=really")
    assert (canceled(again), asked(again), decided(again)) == (True, [], Verdict.INSISTED)


@pytest.mark.parametrize(("process", "way"), ASKED)
def test_a_denial_before_the_payment_leads_on_to_where_it_was(process: Process, way: Way):
    here = walk(process, *ASKING, *way)
    there = walk(here, "customer request_cancel", "merchant deny_cancellation, reason=packed")
    assert (stand(there), decided(there)) == (stand(here), Verdict.DENIED)
    on = ("merchant accept",) if way == MANUAL else ()
    assert state(walk(there, *on), MARKETPLACE) == s.PAYMENT_PENDING


@pytest.mark.parametrize(("process", "way"), ASKED)
def test_what_was_paid_in_part_is_let_go_of_when_the_merchant_agrees(process: Process, way: Way):
    here = walk(process, *ASKING, *way, IN_ADVANCE, "customer request_cancel")
    assert asked(here) == []
    assert asked(walk(here, "merchant approve_cancellation")) == ["void 5.00"]


# Row "window-to-cancel": free, yes with a reason, yes with a reason; automatic refund

FREE = [(process, way) for process in STORES.values() for way in (PAID, WANTING)]


@pytest.mark.parametrize(("process", "way"), FREE)
@pytest.mark.parametrize("said", ["customer cancel", "customer request_cancel"])
def test_until_the_window_closes_the_customer_cancels_freely(process: Process, way: Way, said: str):
    here = walk(process, *way, said)
    assert (canceled(here), asked(here)) == (True, ["void 20.00"])


@pytest.mark.parametrize(("process", "way"), FREE)
@pytest.mark.parametrize("who", [Role.MERCHANT, Role.MARKETPLACE])
def test_until_the_window_closes_both_sides_cancel_with_a_reason(process: Process, way: Way, who: Role):
    here = walk(process, *way)
    assert refused(here, f"{who} cancel").code is RefusalCode.INPUT_MISSING
    there = walk(here, f"{who} cancel, reason=broken")
    assert (canceled(there), asked(there)) == (True, ["void 20.00"])
    assert noted(there) == (who, "broken")


@every_process
@pytest.mark.parametrize("who", PEOPLE)
def test_until_the_window_closes_what_is_captured_is_refunded_by_itself(process: Process, who: Role):
    here = walk(process, CAPTURED, f"{who} cancel, reason=late")
    assert (canceled(here), asked(here)) == (True, ["refund 20.00"])
    assert (here.order.captured, here.order.refunded) == (2000, 2000)


# Row "ready-for-handling, handling": request, yes with a reason, request and the second one wins

LATE = [
    (process, (*way, *more))
    for process in STORES.values()
    for way, more in (((), READY), ((), HANDLING), ((), PACKED))
]


@pytest.mark.parametrize(("process", "way"), LATE)
@pytest.mark.parametrize("who", [Role.CUSTOMER, Role.MARKETPLACE])
def test_after_the_window_one_has_to_ask(process: Process, way: Way, who: Role):
    here = walk(process, *way)
    no = refused(here, f"{who} cancel, reason=late")
    assert no.message.startswith("It cannot be canceled without approval any more: request the cancellation")
    there = walk(here, f"{who} request_cancel, reason=late")
    assert state(there, MARKETPLACE) == s.WAITING_FOR_SELLER_DECISION
    assert asked(there) == []


@pytest.mark.parametrize(("process", "way"), LATE)
def test_what_the_merchant_agrees_to_is_canceled_and_paid_back_by_itself(process: Process, way: Way):
    here = walk(process, *way, "customer request_cancel", "merchant approve_cancellation")
    assert (canceled(here), asked(here), decided(here)) == (True, ["void 20.00"], Verdict.APPROVED)


@pytest.mark.parametrize(("process", "way"), LATE)
def test_silence_for_30_days_is_a_yes(process: Process, way: Way):
    here = walk(process, *way, "customer request_cancel", "30 days later")
    assert (canceled(here), asked(here), decided(here)) == (True, ["void 20.00"], Verdict.LAPSED)


@pytest.mark.parametrize(("process", "way"), LATE)
@pytest.mark.parametrize("first", ["customer request_cancel", "marketplace request_cancel"])
def test_the_second_request_of_the_marketplace_wins(process: Process, way: Way, first: str):
    here = walk(process, *way, first, "marketplace cancel, reason=really")
    assert (canceled(here), asked(here), decided(here)) == (True, ["void 20.00"], Verdict.INSISTED)


@pytest.mark.parametrize(("process", "way"), LATE)
@pytest.mark.parametrize("who", ["customer", "marketplace"])
def test_the_same_request_twice_is_a_double_click(process: Process, way: Way, who: str):
    here = walk(process, *way, f"{who} request_cancel")
    again = attempt(here, f"{who} request_cancel")
    assert isinstance(again, Outcome)
    assert (again.order, again.entries) == (here.order, ())


@pytest.mark.parametrize(("process", "way"), LATE)
def test_after_the_window_the_merchant_cancels_with_a_reason(process: Process, way: Way):
    here = walk(process, *way)
    assert refused(here, "merchant cancel").code is RefusalCode.INPUT_MISSING
    there = walk(here, "merchant cancel, reason=broken")
    assert (canceled(there), asked(there)) == (True, ["void 20.00"])


@every_process
@pytest.mark.parametrize(
    "said",
    [
        ("merchant cancel, reason=broken",),
        ("customer request_cancel", "merchant approve_cancellation"),
        ("marketplace request_cancel", "marketplace cancel, reason=really"),
        ("customer request_cancel", "30 days later"),
    ],
)
def test_after_the_window_what_is_captured_is_refunded_by_itself(process: Process, said: Way):
    here = walk(process, *CAPTURED_READY, *said)
    assert (canceled(here), asked(here), here.order.refunded) == (True, ["refund 20.00"], 2000)


@every_process
def test_while_the_merchant_decides_the_customer_waits_and_the_merchant_answers(process: Process):
    here = walk(process, *REQUESTED)
    for said, sentence in (
        ("customer cancel", "It was asked to cancel it; the merchant has not decided yet."),
        ("merchant cancel, reason=x", "It was asked to cancel it; approve or deny the request."),
        ("merchant start_handling", "It was asked to cancel it; deny the request before you go on."),
    ):
        assert refused(here, said).message == sentence


# Row "states marked *": nobody


@pytest.mark.parametrize(
    ("process", "locked", "way"),
    [
        (process, locked, way)
        for process in STORES.values()
        for locked, way in ((s.CANCEL, CANCELING), (s.START_HANDLING, STARTING), (s.INVOICE, CAPTURING))
    ],
)
@pytest.mark.parametrize("who", PEOPLE)
def test_while_the_platform_is_at_work_nobody_changes_or_cancels(
    process: Process, locked: str, way: Way, who: Role
):
    here = walk(process, *way)
    stands = {party: position.state for party, position in theirs(here).positions.items()}
    assert locked in stands.values()
    events = {row.event for tables in TABLES.values() for rows in tables.values() for row in rows}
    for party, event in product(stands, sorted(events)):
        given = {"reason": "late", "invoice": "F9", "value": 1, "merchant": "m3", "total_before": 1}
        stranger = actor(who, "somebody-else")
        answer = fire(process, here.order, Intent(event, "o1-m1", party, stranger, given), here.now)
        assert isinstance(answer, Refusal), f"{event} by {who} was taken by the {party}'s machine"
        if stands[party] == locked and not _sentence(process, here, party, event, who):
            assert answer.rule == "locked"
            assert answer.message == "The platform is processing it; nobody can change or cancel it now."


def _sentence(process: Process, here: Walk, party: Party, event: str, who: Role) -> bool:
    """Whether the process has a sentence of its own for this."""
    refusals = process.state(party, theirs(here).positions[party]).refusals
    return any(no.event == event and who in no.by for no in refusals)


@every_process
@pytest.mark.parametrize("way", [CANCELING, STARTING, CAPTURING], ids=["cancel", "start-handling", "invoice"])
@pytest.mark.parametrize("said", ["line 1 to 1", "line 1 to 3", "adding 1 sku-9"])
@pytest.mark.parametrize("who", ["merchant", "marketplace"])
def test_while_the_platform_is_at_work_lines_stay_as_they_are(
    process: Process, way: Way, said: str, who: str
):
    here = walk(process, *way)
    no = refused(here, f"{who} change_order {said}, reason=more")
    assert no.rule in ("locked", "where", "state")


def test_orders_are_created_in_one_step_so_nobody_ever_finds_one_there():
    for process in STORES.values():
        here = started(process)
        assert s.ORDER_CREATED in {entry.target for entry in here.entries}
        assert s.ORDER_CREATED not in stand(here)


# Rows "first Output invoice on" and "invoiced": nobody; what comes back comes with an Input invoice


@every_process
@pytest.mark.parametrize("way", [PART, INVOICED], ids=["in part", "in full"])
@pytest.mark.parametrize("who", PEOPLE)
def test_from_the_first_invoice_on_nobody_cancels_and_reads_how_it_comes_back(
    process: Process, way: Way, who: Role
):
    here = walk(process, *way)
    no = refused(here, f"{who} cancel, reason=late")
    assert "Input invoice" in no.message


@every_process
@pytest.mark.parametrize("who", [Role.CUSTOMER, Role.MARKETPLACE])
def test_from_the_first_invoice_on_nobody_requests_and_reads_how_it_comes_back(process: Process, who: Role):
    no = refused(walk(process, *PART), f"{who} request_cancel, reason=late")
    assert "Input invoice" in no.message
    assert refused(walk(process, *INVOICED), f"{who} request_cancel").state == s.INVOICED


@every_process
@pytest.mark.parametrize("who", [Role.MERCHANT, Role.MARKETPLACE])
def test_what_was_invoiced_comes_back_with_an_input_invoice_and_its_money_goes_back(
    process: Process, who: Role
):
    here = walk(process, *INVOICED, f"{who} take_back 5.00 R1", f"{who} take_back 15.00 R2")
    assert asked(here) == ["capture 20.00", "refund 5.00", "refund 15.00"]
    assert set(stand(here).split(" × ")) == {s.INVOICED}


@every_process
def test_before_all_is_invoiced_nothing_is_taken_back(process: Process):
    assert refused(walk(process, *PART), "merchant take_back 5.00 R1").rule == "not_invoiced"


@every_process
def test_a_customer_does_not_take_back_itself(process: Process):
    no = refused(walk(process, *INVOICED), "customer take_back, invoice=R1, value=1")
    assert no.code is RefusalCode.TRANSITION_NOT_ALLOWED


# What is canceled waits for its money


@every_process
@pytest.mark.parametrize(("pays", "command"), [("payments pay", "void 20.00"), (CAPTURED, "refund 20.00")])
def test_it_is_canceled_only_once_its_money_is_let_go_of_or_paid_back(
    process: Process, pays: str, command: str
):
    here = walk(process, *EXTERNAL, pays, "customer cancel")
    assert (set(stand(here).split(" × ")), asked(here)) == ({s.CANCEL}, [command])
    no = walk(here, "payments refuse all")
    assert set(stand(no).split(" × ")) == {s.CANCEL}
    for there in (
        walk(here, "payments settle all"),
        walk(no, "marketplace retry all", "payments settle all"),
    ):
        assert canceled(there)
        assert (there.order.approved - there.order.captured, there.order.reserved) == (0, 0)
        assert there.order.refunded == there.order.captured


@every_process
def test_who_canceled_and_why_is_never_overwritten(process: Process):
    here = walk(process, *EXTERNAL, *PAID, "merchant cancel, reason=broken")
    there = walk(here, "payments confirm_cancellation")
    assert theirs(there).cancellation == theirs(here).cancellation
    assert noted(there) == (Role.MERCHANT, "broken")


def test_what_the_marketplace_may_do_in_the_window_to_change_the_seller_both_buyers_may():
    for process, who in product((SELLER, CHAIN), ("customer", "marketplace")):
        here = walk(process, *OTHER_SELLER, *PAID, "merchant cancel, reason=broken", f"{who} cancel")
        assert (canceled(here), asked(here)) == (True, ["void 20.00"])
        assert noted(here) == (Role.MERCHANT, "broken"), "who canceled first stays on record"
