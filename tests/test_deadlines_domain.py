"""What the clock moves: at its time and never before, by the policies that the order was placed under."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.actors import SYSTEM, Party
from domain.engine import fire, perform
from domain.outcome import Intent, Outcome
from domain.refusal import Refusal, RefusalCode
from tests.builders import NOW, Walk, line, lines, order, policies, refused, states, walk

ZERO, TICK = timedelta(0), timedelta(microseconds=1)
MARKETPLACE = Party.MARKETPLACE

WINDOWS = [
    # policy, its default, the way to the state that waits, the event and where it leads
    ("payment_timeout", timedelta(days=7), (), "expire", "canceled"),
    ("cancellation_window", timedelta(minutes=30), ("payments pay",), "send_to_merchant", "sent_to_merchant"),
    (
        "return_window",
        timedelta(days=30),
        ("payments pay", "marketplace send_to_merchant", "merchant ship", "merchant deliver"),
        "close",
        "closed",
    ),
    (
        "refund_close_after",
        timedelta(days=14),
        ("payments pay", "customer cancel", "marketplace refund"),
        "close",
        "closed",
    ),
    ("refund_close_after", timedelta(days=14), ("customer cancel",), "close", "closed"),
]


def clock(here: Walk, event: str, at: datetime) -> Outcome | Refusal:
    """The clock fires this event of line 1 at this time."""
    return fire(here.process, here.order, Intent(event, "o1-1", MARKETPLACE, SYSTEM), at)


@pytest.mark.parametrize(("policy", "default", "way", "event", "target"), WINDOWS)
@pytest.mark.parametrize("own", [None, timedelta(hours=5)])
def test_a_window_closes_at_its_time_and_never_before(
    policy: str, default: timedelta, way: tuple[str, ...], event: str, target: str, own: timedelta | None
):
    here = walk(order(policies=policies(**{policy: own}) if own else None), *way)
    since = here.position(MARKETPLACE).since
    [deadline] = here.order.deadlines
    assert (deadline.unit, deadline.party, deadline.event) == ("o1-1", MARKETPLACE, event)
    assert deadline.at == since + (own or default)
    early = clock(here, event, deadline.at - TICK)
    assert isinstance(early, Refusal)
    assert (early.code, early.rule) == (RefusalCode.NOT_DUE, "deadline")
    moved = clock(here, event, deadline.at)
    assert isinstance(moved, Outcome)
    assert moved.order.lines[0].positions[MARKETPLACE].state == target
    assert moved.entries[0].actor == SYSTEM
    assert moved.entries[0].at == deadline.at


@pytest.mark.parametrize(("policy", "default", "way", "event", "target"), WINDOWS)
def test_a_window_of_nothing_moves_at_once_in_the_same_step(
    policy: str, default: timedelta, way: tuple[str, ...], event: str, target: str
):
    here = walk(order(policies=policies(**{policy: ZERO})), *way)
    assert here.state(MARKETPLACE) == target
    assert event in [entry.event for entry in here.entries]
    assert {entry.at for entry in here.entries} == {NOW}


def test_firing_what_the_clock_fired_already_is_a_success_that_adds_nothing():
    here = walk(order(), "payments pay")
    [deadline] = here.order.deadlines
    first = clock(here, "send_to_merchant", deadline.at)
    assert isinstance(first, Outcome)
    second = clock(here.then(first), "send_to_merchant", deadline.at)
    assert isinstance(second, Outcome)
    assert (second.order, second.entries, second.already) == (first.order, (), ("o1-1",))


def test_a_deadline_that_somebody_was_faster_than_moves_nothing():
    here = walk(order(), "payments pay")
    [deadline] = here.order.deadlines
    canceled = walk(here, "customer cancel")
    late = clock(canceled, "send_to_merchant", deadline.at)
    assert isinstance(late, Refusal)
    assert late.code is RefusalCode.TRANSITION_NOT_ALLOWED


# The cancellation window


def test_a_customer_cancels_until_the_window_closes_and_not_at_that_moment():
    here = walk(order(), "payments pay")
    [deadline] = here.order.deadlines
    assert isinstance(walk(replace(here, now=deadline.at - TICK), "customer cancel"), Walk)
    answer = refused(replace(here, now=deadline.at), "customer cancel")
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "inside_cancellation_window")


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (ZERO, "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=3, hours=5), "3 days"),
    ],
)
def test_who_cancels_too_late_reads_how_late(late: timedelta, said: str):
    # The worker may be behind: the window counts, not whether the clock has fired yet.
    here = walk(order(), "payments pay")
    answer = refused(replace(here, now=NOW + timedelta(minutes=30) + late), "customer cancel")
    assert answer.message == f"The cancellation window closed {said} ago; ask the marketplace."


def test_the_marketplace_cancels_after_the_window_too():
    here = replace(walk(order(), "payments pay"), now=NOW + timedelta(days=1))
    assert walk(here, "marketplace cancel, reason=asked by phone").state(MARKETPLACE) == "canceled"


def test_the_window_runs_from_the_payment_not_from_the_placing():
    here = walk(order(), "6 days later", "payments pay", "29 minutes later")
    assert here.state(MARKETPLACE) == "paid"
    assert walk(here, "1 minute later").state(MARKETPLACE) == "sent_to_merchant"


def test_no_window_sends_to_the_merchants_in_the_step_of_the_payment():
    start = order(line(1), line(2, merchant_id="m2"), policies=policies(cancellation_window=ZERO))
    here = walk(start, "payments pay")
    sent_to = {"marketplace": "sent_to_merchant", "merchant": "new"}
    assert states(here) == {"o1-1": sent_to, "o1-2": sent_to}
    assert [m.merchant_id for m in here.order.merchant_orders] == ["m1", "m2"]
    sent = [entry for entry in here.entries if entry.event == "send_to_merchant"]
    assert [entry.actor for entry in sent] == [SYSTEM, SYSTEM]
    assert all(entry.cause is not None for entry in sent)


def test_no_window_to_close_after_a_refund_does_not_keep_a_free_line_from_being_canceled():
    start = order(
        line(1, unit_price=0), line(2), policies=policies(cancellation_window=ZERO, refund_close_after=ZERO)
    )
    here = walk(start, "payments pay", "marketplace cancel line 1, reason=recalled")
    assert states(here)["o1-1"] == {"marketplace": "closed", "merchant": "canceled_by_marketplace"}


# The payment timeout


def test_every_line_of_an_unpaid_order_expires_at_its_time():
    here = walk(order(*lines(2)), "6 days later", "23 hours later")
    assert {stand["marketplace"] for stand in states(here).values()} == {"new"}
    assert {stand["marketplace"] for stand in states(walk(here, "1 hour later")).values()} == {"canceled"}


def test_what_was_paid_in_part_is_refundable_when_the_order_expires():
    here = walk(order(*lines(2)), "payments pay, amount=500", "7 days later")
    assert {stand["marketplace"] for stand in states(here).values()} == {"canceled"}
    assert sum(found.refundable for found in here.order.lines) == 500


def test_a_paid_order_does_not_expire():
    here = walk(order(), "payments pay")
    assert "expire" not in {deadline.event for deadline in here.order.deadlines}


def test_what_falls_due_at_one_moment_can_be_fired_as_one_step():
    here = walk(order(*lines(3)), "payments pay")
    due = [Intent(d.event, d.unit, d.party, SYSTEM) for d in here.order.deadlines]
    outcome = perform(here.process, here.order, due, NOW + timedelta(minutes=30))
    assert outcome.moved == ("o1-1", "o1-2", "o1-3")
    assert outcome.order.deadlines == ()


# The return window


def test_a_return_is_asked_for_until_the_window_closes():
    here = walk(order(), *WINDOWS[2][2])
    closes = NOW + timedelta(days=30)
    for role in ("customer", "marketplace"):
        assert isinstance(walk(replace(here, now=closes - TICK), f"{role} request_return"), Walk)
        answer = refused(replace(here, now=closes), f"{role} request_return")
        assert answer.message == "The return window closed; the line can no longer be returned."


def test_after_a_rejected_return_the_window_opens_anew_with_the_second_delivery():
    here = walk(
        order(),
        *WINDOWS[2][2],
        "20 days later",
        "customer request_return",
        "60 days later",
        "merchant reject_return, reason=worn",
        "merchant ship_back",
        "merchant deliver",
        "29 days later",
    )
    assert here.state(MARKETPLACE) == "delivered"
    assert walk(here, "1 day later").state(MARKETPLACE) == "closed"


def test_closing_takes_the_merchants_side_along():
    here = walk(order(), *WINDOWS[2][2], "30 days later")
    assert states(here) == {"o1-1": {"marketplace": "closed", "merchant": "closed"}}


# Closing after a refund


def test_a_canceled_line_stays_open_until_its_money_went_back():
    external = policies(payment_provider="external")
    here = walk(order(policies=external), "payments pay", "customer cancel", "15 days later")
    assert here.state(MARKETPLACE) == "canceled"
    [deadline] = here.order.deadlines
    assert deadline.at < here.now, "it stays due"
    answer = clock(here, "close", here.now)
    assert isinstance(answer, Refusal)
    assert answer.rule == "nothing_refundable"
    refunded = walk(here, "marketplace refund", "payments confirm_refund, refund=o1-r1")
    assert refunded.state(MARKETPLACE) == "refunded"
    assert walk(refunded, "13 days later").state(MARKETPLACE) == "refunded"
    assert walk(refunded, "14 days later").state(MARKETPLACE) == "closed"


def test_a_refunded_line_stays_open_while_another_refund_is_on_its_way():
    external = policies(payment_provider="external")
    here = walk(
        order(policies=external),
        "payments pay",
        "customer cancel",
        "marketplace refund, amount=400",
        "payments confirm_refund, refund=o1-r1",
        "marketplace refund, amount=100",
        "15 days later",
    )
    assert here.state(MARKETPLACE) == "refunded"
    settled = walk(here, "payments confirm_refund, refund=o1-r2")
    moved = clock(settled, "close", settled.now)
    assert isinstance(moved, Outcome)


# Policies


def test_an_order_keeps_the_policies_that_it_was_placed_under():
    here = walk(
        order(policies=policies(cancellation_window=timedelta(hours=2))), "payments pay", "1 hour later"
    )
    assert here.state(MARKETPLACE) == "paid"
    assert here.order.policies == policies(cancellation_window=timedelta(hours=2))
    assert walk(here, "1 hour later").state(MARKETPLACE) == "sent_to_merchant"
