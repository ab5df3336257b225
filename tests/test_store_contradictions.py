"""What the seed contradicts itself in, and what its tables leave open: as it was decided, each as a walk.

Source: design, store processes, "Contradictions in the seed, decided" and "What the tables leave open".
"""

from datetime import timedelta

import pytest

from domain.actors import Party, Role
from domain.cancellations import Verdict
from domain.commands import CommandStatus
from domain.order import Restock
from domain.outcome import Outcome
from domain.process import Process
from domain.processes import store_statuses as s
from domain.refusal import RefusalCode
from domain.stock import Standing
from domain.stocking import Claims, claims
from tests.builders import Walk
from tests.store_rows import (
    ASKING,
    CHANGEABLE,
    EXTERNAL,
    HANDLING,
    INVOICED,
    LACKING,
    MANUAL,
    OTHER_SELLER,
    PACKED,
    PAID,
    PART,
    PASSED_BY_HAND,
    READY,
    REQUESTED,
    Way,
)
from tests.store_walks import STORES, asked, attempt, labels, refused, stand, started, state, theirs, walk

SELLER, COMPLETE, CHAIN = STORES.values()
MKT, MRC, CHN = Party.MARKETPLACE, Party.MERCHANT, Party.CHAIN
OVERRIDE = "merchant authorize_fulfillment"
NOW_READY = "30 minutes later"
STARTED = (OVERRIDE, NOW_READY, "merchant start_handling")

every_process = pytest.mark.parametrize("process", STORES.values(), ids=STORES)
apart = pytest.mark.parametrize("process", [SELLER, CHAIN], ids=["marketplace-seller", "chain"])


def over(here: Walk, merchant: str = "m1") -> str | None:
    """The one state in which all machines of the merchant order ended, if they did."""
    ends = set(stand(here, merchant).split(" × "))
    return ends.pop() if len(ends) == 1 else None


def noted(here: Walk) -> tuple[Role, str | None]:
    """Who canceled it, and why."""
    found = theirs(here).cancellation
    assert found is not None
    return found.by.role, found.reason


# The six contradictions, decided


@every_process
def test_1_order_created_is_the_first_status_and_waiting_for_the_seller_the_first_one_shown(process: Process):
    passed = [entry.target for entry in started(process, *MANUAL).entries if entry.party is MKT]
    assert passed == [
        s.INCOMPLETE,
        s.ORDER_CREATED,
        s.ON_ORDER_COMPLETED,
        s.WAITING_FOR_AUTHORIZATION,
    ]
    assert labels(started(process, *MANUAL))[0] == "Waiting for seller confirmation"
    assert all(s.STATUSES[code].admin is None for code in passed[:-1] if code)


@every_process
@pytest.mark.parametrize(
    "way", [(), READY, HANDLING, MANUAL], ids=["unpaid", "ready", "handling", "unconfirmed"]
)
def test_2_a_denied_cancellation_restores_the_state_before_and_leads_on_from_there(
    process: Process, way: Way
):
    here = walk(process, *ASKING, *way)
    there = walk(here, "customer request_cancel", "merchant deny_cancellation, reason=packed")
    assert (stand(there), labels(there)) == (stand(here), labels(here))
    on: dict[Way, Way] = {
        (): PAID,
        READY: ("merchant start_handling", "merchant invoice rest F1"),
        HANDLING: ("merchant invoice rest F1",),
        MANUAL: ("merchant accept",),
    }
    ends: dict[Way, str] = {
        (): s.WINDOW_TO_CANCEL,
        READY: s.INVOICED,
        HANDLING: s.INVOICED,
        MANUAL: s.PAYMENT_PENDING,
    }
    assert ends[way] in stand(walk(there, *on[way]))


@every_process
def test_3_partly_invoiced_goes_back_to_where_each_flow_says(process: Process):
    stands = {
        "marketplace-seller": "payment-approved × handling",
        "complete": "handling",
        "chain": "payment-approved × payment-approved × handling",
    }
    assert stand(walk(process, *PART)) == stands[process.name]


@every_process
def test_4_what_is_canceled_in_the_grace_period_is_released(process: Process):
    here = walk(process, "given 5 of sku-1 in stock", *PAID)
    assert claims(here.order)["m1", "sku-1"] == Claims(confirmed=2)
    there = walk(here, "customer cancel")
    assert claims(there.order).get(("m1", "sku-1"), Claims()) == Claims()
    assert there.order.shelf == {("m1", "sku-1"): 5}


def test_5_ready_for_handling_and_verifying_invoice_are_in_both_handling_machines():
    handling = [m for process in STORES.values() for m in process.machines if s.HANDLING in m.states]
    assert [machine.name for machine in handling] == ["merchant", "complete", "chain-merchant"]
    for machine in handling:
        assert {s.READY_FOR_HANDLING, s.INVOICE} <= set(machine.states)


@every_process
def test_6_invoiced_is_the_end_and_delivery_is_told_of_packages(process: Process):
    here = walk(process, *INVOICED)
    assert over(here) == s.INVOICED
    there = walk(here, "merchant update_tracking F1, delivered=yes")
    assert (stand(there), labels(there)[2]) == (stand(here), s.DELIVERED)
    [invoice] = theirs(there).invoices
    assert invoice.tracking
    assert invoice.tracking.delivered_at == there.now


@every_process
def test_what_is_packed_is_so_until_its_next_invoice(process: Process):
    here = walk(process, *PACKED)
    assert theirs(here).packed
    assert not theirs(walk(here, "merchant invoice 10.00 F1")).packed


# The merchant takes the risk of an unpaid order


@apart
@pytest.mark.parametrize("way", [(OVERRIDE,), (OVERRIDE, NOW_READY), STARTED])
def test_an_order_that_the_merchant_authorized_itself_is_flagged_until_and_after_it_is_paid(
    process: Process, way: Way
):
    here = walk(process, *way)
    assert theirs(here).overridden_at is not None
    assert state(here, MKT) == s.PAYMENT_PENDING
    there = walk(here, "payments pay")
    assert state(there, MRC) == state(here, MRC)
    assert (theirs(there).approved_at, theirs(there).overridden_at) == (here.now, theirs(here).overridden_at)


@apart
@pytest.mark.parametrize("way", [(OVERRIDE,), (OVERRIDE, NOW_READY), STARTED])
@pytest.mark.parametrize("fails", ["payments deny_payment", "7 days later"])
def test_when_its_payment_fails_after_all_the_merchant_stops(process: Process, way: Way, fails: str):
    here = walk(process, *way, fails)
    assert over(here) == s.CANCELED
    assert noted(here)[0] is Role.SYSTEM


@apart
def test_what_was_off_the_shelf_then_is_the_merchants_to_put_back(process: Process):
    here = walk(process, "given 5 of sku-1 in stock", *STARTED, "payments deny_payment")
    assert theirs(here).restocks == (Restock("o1-m1-s1", "sku-1", 2),)
    assert here.order.shelf == {("m1", "sku-1"): 3}


@apart
def test_while_handling_starts_a_failed_payment_still_stops_it(process: Process):
    here = walk(process, "given erp_confirmation=yes", *STARTED)
    assert state(here, MRC) == s.START_HANDLING
    assert over(walk(here, "payments deny_payment")) == s.CANCELED


@apart
def test_what_is_not_paid_is_not_invoiced(process: Process):
    here = walk(process, *STARTED)
    no = refused(here, "merchant invoice rest F1")
    assert no.message == "The marketplace has not approved the payment yet; invoice it once it has."
    assert over(walk(here, "payments pay", "merchant invoice rest F1")) == s.INVOICED


@apart
def test_a_denied_payment_that_may_be_changed_lets_the_merchant_work_on_at_its_risk(process: Process):
    here = walk(process, *CHANGEABLE, *STARTED, "payments deny_payment")
    assert (state(here, MKT), state(here, MRC)) == (s.WINDOW_TO_CHANGE_PAYMENT, s.HANDLING)
    paid = walk(here, "customer change_payment", "payments pay", "merchant invoice rest F1")
    assert over(paid) == s.INVOICED
    assert over(walk(here, "2 days later")) == s.CANCELED


def test_in_one_store_nobody_takes_a_risk_for_somebody_else():
    assert refused(walk(COMPLETE), OVERRIDE).code is RefusalCode.TRANSITION_NOT_ALLOWED


@apart
def test_the_window_of_an_order_paid_late_counts_from_its_payment(process: Process):
    """Paid 20 minutes after the merchant took the risk, the customer has 30 minutes from then."""
    here = walk(process, OVERRIDE, "20 minutes later", "payments pay", "15 minutes later")
    assert state(here, MRC) == s.WINDOW_TO_CANCEL
    assert state(walk(here, "15 minutes later"), MRC) == s.READY_FOR_HANDLING


# Payments


@apart
def test_after_a_denial_another_payment_is_awaited_anew(process: Process):
    here = walk(process, *CHANGEABLE, "3 days later", "payments deny_payment", "1 day later")
    there = walk(here, "customer change_payment, payment_method=transfer")
    assert state(there, MKT) == s.PAYMENT_PENDING
    assert [d.at - there.now for d in there.order.deadlines if d.party is MKT] == [timedelta(days=7)]
    assert state(walk(there, "payments pay"), MRC) == s.WINDOW_TO_CANCEL
    assert state(walk(there, "payments deny_payment"), MKT) == s.WINDOW_TO_CHANGE_PAYMENT


@apart
def test_a_payment_that_comes_in_while_another_is_chosen_is_taken(process: Process):
    here = walk(process, *CHANGEABLE, "payments deny_payment", "payments pay")
    assert state(here, MRC) == s.WINDOW_TO_CANCEL


@every_process
@pytest.mark.parametrize("way", [("customer cancel",), ("payments deny_payment",), ("7 days later",)])
def test_a_payment_after_the_cancellation_is_refused_with_what_to_do(process: Process, way: Way):
    here = walk(process, *way)
    no = refused(here, "payments pay, amount=20.00")
    assert no.message == (
        "Nothing is due on this order any more: it was canceled. Give the money back to whoever paid."
    )


@every_process
def test_money_that_comes_before_the_merchant_confirms_waits_for_it(process: Process):
    here = walk(process, *MANUAL, "payments pay")
    assert state(here, MKT) == s.WAITING_FOR_AUTHORIZATION
    there = walk(here, "merchant accept")
    assert s.WINDOW_TO_CANCEL in stand(there)
    assert asked(walk(here, "merchant cancel")) == ["void 20.00"]


@every_process
def test_money_that_comes_while_a_cancellation_is_decided_waits_for_the_decision(process: Process):
    here = walk(process, *ASKING, "customer request_cancel", "payments pay")
    assert state(here, MKT) == s.WAITING_FOR_SELLER_DECISION
    no = walk(here, "merchant deny_cancellation, reason=packed")
    assert s.WINDOW_TO_CANCEL in stand(no)
    yes = walk(here, "merchant approve_cancellation")
    assert (over(yes), asked(yes)) == (s.CANCELED, ["void 20.00"])


@every_process
def test_the_payment_timeout_runs_on_across_a_denied_request(process: Process):
    here = walk(process, *ASKING, "2 days later", "customer request_cancel", "3 days later")
    there = walk(here, "merchant deny_cancellation, reason=packed")
    [due] = [d.at - there.now for d in there.order.deadlines if d.party is MKT]
    assert due == timedelta(days=2)
    assert s.CANCELED in stand(walk(there, "2 days later"))


@every_process
def test_a_denial_after_the_payment_timeout_finds_the_order_expired(process: Process):
    here = walk(process, *ASKING, "customer request_cancel", "8 days later")
    assert state(here, MKT) == s.WAITING_FOR_SELLER_DECISION
    assert over(walk(here, "merchant deny_cancellation, reason=packed")) == s.CANCELED


# Requests to cancel


@every_process
def test_a_denial_restores_what_everybody_read_and_tells_the_customer_why(process: Process):
    for way in (READY, HANDLING, PACKED):
        here = walk(process, *way)
        there = walk(
            here, "customer request_cancel, reason=late", "merchant deny_cancellation, reason=packed"
        )
        assert (stand(there), labels(there)) == (stand(here), labels(here))
        [request] = theirs(there).requests
        assert (request.verdict, request.reason, request.answer) == (Verdict.DENIED, "late", "packed")


@every_process
def test_after_a_denial_one_may_ask_again(process: Process):
    here = walk(
        process, *REQUESTED, "merchant deny_cancellation, reason=packed", "marketplace request_cancel"
    )
    assert [request.verdict for request in theirs(here).requests] == [Verdict.DENIED, None]
    assert state(here, MKT) == s.WAITING_FOR_SELLER_DECISION


@every_process
def test_silence_for_30_days_is_a_yes_of_nobody(process: Process):
    here = walk(process, *REQUESTED, "29 days later")
    assert state(here, MKT) == s.WAITING_FOR_SELLER_DECISION
    there = walk(here, "1 day later")
    assert over(there) == s.CANCELED
    assert (theirs(there).requests[-1].verdict, noted(there)[0]) == (Verdict.LAPSED, Role.CUSTOMER)


@every_process
@pytest.mark.parametrize(("value", "end"), [("8.00", s.HANDLING), ("rest", s.INVOICED)])
def test_an_invoice_while_a_request_waits_is_a_denial(process: Process, value: str, end: str):
    here = walk(process, *REQUESTED, f"merchant invoice {value} F1")
    assert stand(here).endswith(end)
    assert theirs(here).requests[-1].verdict is Verdict.INVOICED
    assert theirs(here).cancellation is None


@every_process
def test_before_handling_an_invoice_does_not_answer_a_request(process: Process):
    no = refused(walk(process, *READY, "customer request_cancel"), "merchant invoice rest F1")
    assert no.message == "Start handling before you invoice it."


@apart
def test_an_unpaid_order_is_not_invoiced_while_its_cancellation_is_asked_for(process: Process):
    here = walk(process, *ASKING, *STARTED, "customer request_cancel")
    assert refused(here, "merchant invoice rest F1").code is RefusalCode.GUARD_FAILED


@apart
def test_while_handling_starts_nobody_is_asked(process: Process):
    here = walk(process, "given erp_confirmation=yes", *READY, "merchant start_handling")
    no = refused(here, "customer request_cancel")
    assert no.message == "Handling is just being started; nobody can cancel or change it at this moment."


# Another seller


@apart
def test_what_a_merchant_cancels_another_one_may_take_over(process: Process):
    here = walk(process, *OTHER_SELLER, *PAID, "merchant cancel, reason=broken")
    assert (state(here, MKT), state(here, MRC)) == (s.WINDOW_TO_CHANGE_SELLER, s.CANCEL)
    assert asked(here) == [], "the money stays for whoever takes over"
    there = walk(here, "marketplace change_seller m3")
    assert over(there) == s.CANCELED
    assert theirs(there).replaced_by == theirs(there, "m3").id
    assert state(there, MRC, "m3") == s.WINDOW_TO_CANCEL
    assert asked(there) == []
    done = walk(there, NOW_READY, "merchant start_handling of m3", "merchant invoice rest F1 of m3")
    assert (over(done, "m3"), over(done), asked(done)) == (s.INVOICED, s.CANCELED, ["capture 20.00"])


@apart
def test_the_second_merchant_may_cancel_as_well(process: Process):
    here = walk(
        process, *OTHER_SELLER, *PAID, "merchant cancel, reason=broken", "marketplace change_seller m3"
    )
    there = walk(here, "merchant cancel of m3, reason=broken", "2 days later")
    assert (over(there, "m3"), asked(there)) == (s.CANCELED, ["void 20.00"])
    again = walk(here, "merchant cancel of m3, reason=broken", "marketplace change_seller m4 of m3")
    assert state(again, MRC, "m4") == s.WINDOW_TO_CANCEL


@apart
def test_nobody_takes_over_twice_nor_what_it_has_a_part_of(process: Process):
    here = walk(process, *OTHER_SELLER, *PAID, "merchant cancel, reason=broken")
    assert refused(here, "marketplace change_seller m1").rule == "merchant"
    there = walk(here, "marketplace change_seller m3")
    again = attempt(there, "marketplace change_seller m3")
    assert isinstance(again, Outcome)
    assert again.entries == ()
    assert refused(there, "marketplace change_seller m4").rule == "merchant"


@apart
def test_a_request_that_crosses_the_change_of_seller_is_of_no_use_and_cancels_nothing(process: Process):
    here = walk(process, *OTHER_SELLER, *REQUESTED)
    answered = walk(here, "merchant approve_cancellation")
    assert over(answered) == s.CANCELED, "what was asked for is canceled, not handed to somebody else"
    left = walk(process, *OTHER_SELLER, *HANDLING, "merchant cancel, reason=broken")
    no = refused(left, "customer request_cancel")
    assert (no.state, no.available) == (s.WINDOW_TO_CHANGE_SELLER, ("cancel",))
    taken = walk(left, "marketplace change_seller m3")
    assert refused(taken, "customer request_cancel").state == s.CANCELED
    anew = walk(taken, "customer cancel of m3")
    assert (over(anew, "m3"), asked(anew)) == (s.CANCELED, ["void 20.00"])


@apart
def test_before_the_payment_a_merchant_that_cancels_ends_it(process: Process):
    here = walk(process, *OTHER_SELLER, "merchant cancel")
    assert over(here) == s.CANCELED


# Several merchants, one order


@every_process
def test_of_two_merchants_one_may_be_canceled_and_the_other_invoiced(process: Process):
    here = walk(process, "given two merchants", *READY, "merchant start_handling")
    there = walk(
        here,
        "merchant cancel of m2, reason=broken",
        "merchant invoice 8.00 F1",
        "merchant invoice rest F2",
    )
    assert (over(there), over(there, "m2")) == (s.INVOICED, s.CANCELED)
    assert asked(there) == ["void 20.00", "capture 8.00", "capture 12.00"]
    assert (there.order.captured, there.order.approved) == (2000, 2000)


@every_process
def test_what_suffices_for_one_part_lets_it_go_on_and_the_other_waits(process: Process):
    here = walk(process, "given two merchants", "payments pay, amount=20.00")
    assert s.WINDOW_TO_CANCEL in stand(here)
    assert theirs(here, "m2").positions[MKT].state == s.PAYMENT_PENDING
    there = walk(here, "customer cancel of m2")
    assert over(there, "m2") == s.CANCELED
    assert asked(there) == []


@every_process
def test_part_of_a_payment_waits_for_the_rest_and_no_more_than_that_is_due(process: Process):
    here = walk(process, "given two merchants", "payments pay, amount=10.00", "merchant cancel of m2")
    assert asked(here) == []
    assert refused(here, "payments pay, amount=10.01").rule == "due"
    assert s.WINDOW_TO_CANCEL in stand(walk(here, "payments pay, amount=10.00"))


# Incomplete orders


@every_process
def test_an_incomplete_order_reaches_no_merchant_and_claims_nothing(process: Process):
    here = walk(process, "given 5 of sku-1 in stock", *LACKING)
    assert set(theirs(here).positions) == {MKT}
    assert labels(here) == (None, None, None)
    assert claims(here.order).get(("m1", "sku-1"), Claims()) == Claims()
    gone = walk(here, "1 hour later")
    assert set(theirs(gone).positions) == {MKT}
    assert (over(gone), gone.order.shelf) == (s.CANCELED, {("m1", "sku-1"): 5})
    assert refused(gone, "customer complete").code is RefusalCode.TRANSITION_NOT_ALLOWED


@every_process
def test_once_complete_it_goes_the_way_of_every_other(process: Process):
    here = walk(process, *LACKING, "59 minutes later", "customer complete")
    assert stand(here) == stand(walk(process))


# A chain


def test_a_chain_takes_no_payment_and_changes_nothing():
    here = walk(CHAIN)
    assert (state(here, MKT), state(here, CHN)) == (s.PAYMENT_PENDING, s.PAYMENT_PENDING)
    for who in ("merchant", "marketplace"):
        no = refused(here, f"{who} change_order line 1 to 1, reason=less")
        assert no.message == "An order of a chain cannot be changed; cancel it and place another."


def test_until_the_marketplace_passes_the_authorization_on_the_merchant_waits():
    here = walk(CHAIN, *PASSED_BY_HAND, *PAID)
    assert stand(here) == (
        "waiting-seller-handling × waiting-for-mkt-authorization × waiting-for-manual-authorization"
    )
    for way, end in (
        (("marketplace pass_authorization",), s.WINDOW_TO_CANCEL),
        (("30 days later",), s.CANCELED),
        (("customer cancel",), s.CANCELED),
        (("merchant cancel, reason=broken",), s.CANCELED),
        ((OVERRIDE,), s.WINDOW_TO_CANCEL),
    ):
        assert state(walk(here, *way), MRC) == end, way


def test_what_the_chain_did_not_authorize_is_not_invoiced():
    here = walk(CHAIN, *PASSED_BY_HAND, *STARTED, *PAID)
    assert state(here, CHN) == s.WAITING_FOR_MKT_AUTHORIZATION
    assert refused(here, "merchant invoice rest F1").code is RefusalCode.GUARD_FAILED
    assert over(walk(here, "marketplace pass_authorization", "merchant invoice rest F1")) == s.INVOICED


# Stock, where the shelf is known

COUNTED = "given 5 of sku-1 in stock"


def counted(here: Walk) -> tuple[Claims, int]:
    """What the order claims of the two pieces that it is about, and what is left on the shelf."""
    return claims(here.order).get(("m1", "sku-1"), Claims()), here.order.shelf["m1", "sku-1"]


@every_process
@pytest.mark.parametrize(
    ("way", "claimed", "left"),
    [
        (LACKING, Claims(), 5),
        (MANUAL, Claims(held=2), 3),
        ((), Claims(held=2), 3),
        (("7 days later",), Claims(), 5),
        (("customer cancel",), Claims(), 5),
        (PAID, Claims(confirmed=2), 3),
        (READY, Claims(confirmed=2), 3),
        ((*PAID, "customer cancel"), Claims(), 5),
        ((*READY, "merchant cancel, reason=broken"), Claims(), 5),
        (("given erp_confirmation=yes", *READY, "merchant start_handling"), Claims(off_shelf=2), 3),
        (HANDLING, Claims(off_shelf=2), 3),
        (REQUESTED, Claims(off_shelf=2), 3),
        ((*HANDLING, "merchant cancel, reason=broken"), Claims(off_shelf=2), 3),
        ((*REQUESTED, "merchant approve_cancellation"), Claims(off_shelf=2), 3),
        (INVOICED, Claims(off_shelf=2), 3),
    ],
)
def test_the_stock_goes_along(process: Process, way: Way, claimed: Claims, left: int):
    assert counted(walk(process, COUNTED, *way)) == (claimed, left)


@every_process
@pytest.mark.parametrize("stop", ["merchant cancel, reason=broken", "30 days later"])
def test_what_was_off_the_shelf_the_merchant_puts_back_itself_and_the_order_says_so(
    process: Process, stop: str
):
    way = (*HANDLING, stop) if stop.startswith("merchant") else (*REQUESTED, stop)
    here = walk(process, COUNTED, *way)
    assert theirs(here).restocks == (Restock("o1-m1-s1", "sku-1", 2),)
    assert here.order.lines[0].stock is Standing.RELEASED
    back = walk(here, "merchant restock")
    assert (counted(back)[0], stand(back)) == (Claims(), stand(here))
    before = walk(process, COUNTED, *READY, "merchant cancel, reason=broken")
    assert theirs(before).restocks == ()


@every_process
def test_what_is_not_there_keeps_the_order_where_it_is_confirmed(process: Process):
    here = walk(process, "given 1 of sku-1 in stock", *PAID)
    assert s.AUTHORIZE_FULFILLMENT in stand(here)
    assert here.order.lines[0].stock is Standing.WANTED
    assert refused(here, "merchant retry_stock").message == "There is not enough in stock of: sku-1."
    for found in (
        walk(here, "2 of sku-1 arrive"),
        walk(here, "2 of sku-1 are there", "merchant retry_stock"),
        walk(here, "2 of sku-1 are there", "marketplace retry_stock"),
    ):
        assert s.WINDOW_TO_CANCEL in stand(found)
        assert counted(found) == (Claims(confirmed=2), 0)
    assert over(walk(here, "30 days later")) == s.CANCELED


@every_process
def test_what_arrives_before_the_payment_is_confirmed_with_it(process: Process):
    here = walk(process, "given 1 of sku-1 in stock", "4 of sku-1 arrive")
    assert counted(walk(here, *PAID)) == (Claims(confirmed=2), 2)


@every_process
def test_a_product_that_nobody_counts_is_always_there(process: Process):
    here = walk(process, *HANDLING)
    assert (here.order.lines[0].stock, dict(claims(here.order)).get(("m1", "sku-1"), Claims())) == (
        Standing.UNCOUNTED,
        Claims(),
    )


@apart
def test_what_another_merchant_takes_over_claims_of_its_stock(process: Process):
    here = walk(process, COUNTED, *OTHER_SELLER, *PAID, "merchant cancel, reason=broken")
    assert counted(here) == (Claims(), 5)
    there = walk(here, "marketplace change_seller m3")
    assert counted(there) == (Claims(), 5)
    assert there.order.lines[0].stock is Standing.UNCOUNTED


# Nobody is left where nobody can move it


@every_process
def test_where_the_provider_refuses_the_marketplace_asks_again(process: Process):
    for way in ((*PAID, "customer cancel"), PART):
        here = walk(process, *EXTERNAL, *way, "payments refuse all")
        assert [command.status for command in here.order.commands] == [CommandStatus.REFUSED]
        there = walk(here, "marketplace retry all", "payments settle all")
        assert s.CANCEL not in stand(there).split(" × ")
        assert s.INVOICE not in stand(there).split(" × ")
