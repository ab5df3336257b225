"""A request to cancel is opened once, decided once, and who canceled is never overwritten."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actors import SYSTEM, Actor, Party, Role
from domain.canceling import (
    approve_request,
    deny_request,
    free_request,
    insist_request,
    invoice_request,
    lapse_request,
    needs_no_approval,
    note_cancellation,
    open_request,
    request_decided,
    request_open,
)
from domain.cancellations import Cancellation, CancellationRequest, Verdict
from domain.moment import Change, Moment
from domain.order import Order, Value
from domain.refusal import Refusal
from tests.builders import NOW, actor, line
from tests.selling import LATER, done, handled, merchant_order, paid, placed, state, tried, with_invoice

MARKETPLACE, MERCHANT = Party.MARKETPLACE, Party.MERCHANT
ADA, SHOP, SELLER = actor(Role.CUSTOMER), actor(Role.MARKETPLACE), actor(Role.MERCHANT)
MONTH = timedelta(days=30)

DECISIONS = [
    (free_request, Verdict.FREE, SYSTEM, None),
    (approve_request, Verdict.APPROVED, SELLER, "because"),
    (deny_request, Verdict.DENIED, SELLER, "because"),
    (lapse_request, Verdict.LAPSED, SYSTEM, None),
    (insist_request, Verdict.INSISTED, SELLER, "because"),
    (invoice_request, Verdict.INVOICED, SELLER, "because"),
]


def moment(here: Order, by: Actor = SELLER, event: str = "decide", **given: Value) -> Moment:
    """The merchant order at its marketplace state, as somebody fires an event on it."""
    theirs = merchant_order(here)
    return Moment(here, theirs, theirs.positions[MARKETPLACE], event, by, given, LATER)


def asked() -> Order:
    """A merchant order that is being handled, and that the customer asked to cancel."""
    return done(handled(paid(placed(line()))), "request_cancel", Role.CUSTOMER, now=LATER, reason="too late")


def request(here: Order) -> CancellationRequest:
    """The newest request."""
    return merchant_order(here).requests[-1]


def cancellation(here: Order) -> Cancellation | None:
    return merchant_order(here).cancellation


# Requests


def test_a_request_says_who_asked_when_why_and_by_when_it_is_answered():
    here = asked()
    assert merchant_order(here).requests == (
        CancellationRequest("o1-m1-q1", ADA, LATER, "too late", LATER + MONTH, "payment-approved"),
    )
    assert (state(here, MARKETPLACE), state(here, MERCHANT)) == (
        "waiting-for-seller-decision",
        "cancellation-requested",
    )
    assert cancellation(here) is None


def test_its_deadline_follows_the_policy_of_the_merchant():
    start = paid(placed(line(), cancellation_answer=timedelta(days=2)))
    here = done(handled(start), "request_cancel", Role.CUSTOMER, now=LATER)
    assert request(here).deadline == LATER + timedelta(days=2)
    assert request(here).reason is None


def test_while_one_request_is_open_no_other_is_opened():
    here = asked()
    assert open_request.work(moment(here, ADA)) == here


@pytest.mark.parametrize(("change", "verdict", "by", "answer"), DECISIONS)
def test_every_decision_says_who_decided_when_and_why(
    change: Change, verdict: Verdict, by: Actor, answer: str | None
):
    here = asked()
    after = change.work(moment(here, reason="because"))
    assert request(after) == replace(
        request(here), verdict=verdict, decided_by=by, decided_at=LATER, answer=answer
    )


@pytest.mark.parametrize("change", [row[0] for row in DECISIONS])
def test_a_decision_is_never_overwritten(change: Change):
    here = deny_request.work(moment(asked(), reason="it is packed"))
    assert change.work(moment(here, SHOP, reason="another")) == here


@pytest.mark.parametrize("change", [row[0] for row in DECISIONS])
def test_where_nobody_asked_nothing_is_decided(change: Change):
    here = paid(placed(line()))
    assert change.work(moment(here)) == here


def test_a_request_is_open_until_it_is_decided():
    nobody, here = paid(placed(line())), asked()
    denied = deny_request.work(moment(here))
    rows = [(request_open.holds(moment(x)), request_decided.holds(moment(x))) for x in (nobody, here, denied)]
    assert rows == [(False, False), (True, False), (False, True)]


@pytest.mark.parametrize(
    ("policy", "is_paid", "free"),
    [("free", False, True), ("free", True, True), ("request", False, False), ("request", True, True)],
)
def test_only_before_the_payment_an_approval_may_be_needed(policy: str, is_paid: bool, free: bool):
    here = placed(line(), cancel_before_payment=policy)
    assert needs_no_approval.holds(moment(paid(here) if is_paid else here)) is free
    assert needs_no_approval.name == "needs_no_approval"


# In the process


def test_inside_the_cancellation_window_nobody_has_to_approve():
    here = done(paid(placed(line())), "request_cancel", Role.CUSTOMER, reason="changed my mind")
    assert (state(here, MARKETPLACE), state(here, MERCHANT)) == ("canceled", "canceled")
    assert (request(here).verdict, request(here).decided_by) == (Verdict.FREE, SYSTEM)
    assert cancellation(here) == Cancellation(ADA, NOW, "cancel", "changed my mind")


def test_a_denial_keeps_its_reason_and_the_next_request_is_another_one():
    here = done(asked(), "deny_cancellation", Role.MERCHANT, MERCHANT, now=LATER, reason="it is packed")
    assert (request(here).verdict, request(here).decided_by) == (Verdict.DENIED, SELLER)
    assert (request(here).reason, request(here).answer) == ("too late", "it is packed")
    assert (state(here, MARKETPLACE), cancellation(here)) == (request(here).restores, None)
    again = done(here, "request_cancel", Role.CUSTOMER, now=LATER, reason="please")
    assert [(x.id, x.verdict) for x in merchant_order(again).requests] == [
        ("o1-m1-q1", Verdict.DENIED),
        ("o1-m1-q2", None),
    ]


def test_a_merchant_that_approves_is_who_canceled_for_the_reason_of_the_request():
    here = done(asked(), "approve_cancellation", Role.MERCHANT, MERCHANT, now=LATER)
    assert (request(here).verdict, request(here).decided_by) == (Verdict.APPROVED, SELLER)
    assert cancellation(here) == Cancellation(SELLER, LATER, "approve_cancellation", "too late")


def test_an_unanswered_request_is_granted_and_it_is_the_customer_who_canceled():
    late = LATER + MONTH
    here = done(asked(), "approve_cancellation", Role.SYSTEM, MERCHANT, now=late)
    assert (request(here).verdict, request(here).decided_by) == (Verdict.LAPSED, SYSTEM)
    assert cancellation(here) == Cancellation(ADA, late, "approve_cancellation", "too late")


def test_the_marketplace_that_asks_a_second_time_is_who_canceled():
    here = done(asked(), "cancel", Role.MARKETPLACE, now=LATER, reason="fraud")
    assert (request(here).verdict, request(here).decided_by) == (Verdict.INSISTED, SHOP)
    assert (request(here).reason, request(here).answer) == ("too late", "fraud")
    assert cancellation(here) == Cancellation(SHOP, LATER, "cancel", "fraud")


def test_an_invoice_decides_a_request_and_nothing_is_canceled():
    here = with_invoice(asked(), "A-1", 1000, {"o1-1": 1})
    assert (request(here).verdict, request(here).decided_by) == (Verdict.INVOICED, SELLER)
    assert (state(here, MARKETPLACE), cancellation(here)) == ("invoiced", None)


def test_what_is_pulled_along_does_not_overwrite_who_canceled():
    here = done(paid(placed(line())), "cancel", Role.MERCHANT, MERCHANT, reason="sold out")
    assert (state(here, MARKETPLACE), state(here, MERCHANT)) == ("canceled", "canceled")
    assert cancellation(here) == Cancellation(SELLER, NOW, "cancel", "sold out")
    assert note_cancellation.work(moment(here, SHOP, reason="another")) == here


@pytest.mark.parametrize(
    ("change", "by"),
    [(approve_request, SELLER), (insist_request, SELLER), (free_request, ADA), (lapse_request, ADA)],
)
def test_what_the_platform_carries_out_was_canceled_by_who_decided_or_else_asked(change: Change, by: Actor):
    granted = change.work(moment(asked()))
    after = note_cancellation.work(moment(granted, SYSTEM, "cancel_by_merchant"))
    assert cancellation(after) == Cancellation(by, LATER, "cancel_by_merchant", "too late")


def test_a_person_who_cancels_is_who_canceled_whoever_asked_before():
    granted = lapse_request.work(moment(asked()))
    after = note_cancellation.work(moment(granted, SHOP, "cancel", reason="fraud"))
    assert cancellation(after) == Cancellation(SHOP, LATER, "cancel", "fraud")


def test_what_the_clock_cancels_after_a_denial_was_canceled_by_nobody_else():
    start = placed(line(), cancel_before_payment="request")
    asked = done(start, "request_cancel", Role.CUSTOMER, reason="too dear")
    denied = done(asked, "deny_cancellation", Role.MERCHANT, MERCHANT, reason="made to order")
    assert state(denied, MARKETPLACE) == "payment-pending"
    week = NOW + timedelta(days=7)
    here = done(denied, "expire", Role.SYSTEM, now=week)
    assert cancellation(here) == Cancellation(SYSTEM, week, "expire", None)


def test_the_customer_can_ask_only_once_until_the_merchant_answers():
    again = tried(asked(), "cancel", Role.CUSTOMER, now=LATER, reason="please")
    assert isinstance(again, Refusal)
    assert "has not decided yet" in again.message
