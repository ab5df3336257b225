"""Money back: reserved when asked for, booked or released when settled, never more than came in."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actors import Party, Role
from domain.engine import offers
from domain.order import RefundStatus
from domain.outcome import Outcome
from domain.refusal import RefusalCode
from tests.builders import NOW, Walk, actor, attempt, line, lines, order, policies, refused, walk

EXTERNAL = policies(payment_provider="external")


def canceled(*, external: bool = True, unit_price: int = 1000) -> Walk:
    """A canceled line that 10.00 were paid for."""
    start = order(line(unit_price=unit_price), policies=EXTERNAL if external else None)
    return walk(start, "payments pay", "customer cancel")


def money(here: Walk) -> tuple[int, int, int]:
    """What is refunded, on its way back, and still refundable on line 1."""
    found = here.line()
    return found.refunded, found.reserved, found.refundable


def test_a_refund_is_reserved_until_the_provider_confirms_it():
    asked = walk(canceled(), "marketplace refund, amount=400, reason=promised")
    assert money(asked) == (0, 400, 600)
    assert asked.state(Party.MARKETPLACE) == "canceled"
    [refund] = asked.order.refunds
    assert (refund.id, refund.line_id, refund.amount, refund.reason) == ("o1-r1", "o1-1", 400, "promised")
    assert (refund.status, refund.asked_at, refund.settled_at) == (RefundStatus.PENDING, NOW, None)
    paid = walk(asked, "1 hour later", "payments confirm_refund, refund=o1-r1")
    assert money(paid) == (400, 0, 600)
    assert paid.state(Party.MARKETPLACE) == "refunded"
    [refund] = paid.order.refunds
    assert (refund.status, refund.settled_at) == (RefundStatus.CONFIRMED, NOW + timedelta(hours=1))


def test_a_refused_refund_is_refundable_again_and_moves_nothing():
    here = walk(
        canceled(),
        "marketplace refund, amount=400",
        "payments refuse_refund, refund=o1-r1, reason=no account",
    )
    assert money(here) == (0, 0, 1000)
    assert here.state(Party.MARKETPLACE) == "canceled"
    [refund] = here.order.refunds
    assert refund.status is RefundStatus.REFUSED
    assert walk(here, "marketplace refund").line().reserved == 1000


def test_what_is_refused_late_can_be_asked_for_again_before_the_line_closes():
    here = walk(
        canceled(),
        "marketplace refund, amount=400",
        "payments confirm_refund, refund=o1-r1",
        "marketplace refund, amount=600",
        "15 days later",
        "payments refuse_refund, refund=o1-r2",
    )
    assert here.state(Party.MARKETPLACE) == "refunded"
    [close] = here.order.deadlines
    assert close.at == here.now + timedelta(days=14)
    assert money(walk(here, "marketplace refund, amount=600")) == (400, 600, 0)


def test_the_built_in_provider_pays_out_at_once():
    here = walk(canceled(external=False), "marketplace refund, amount=400")
    assert money(here) == (400, 0, 600)
    assert here.state(Party.MARKETPLACE) == "refunded"
    assert [(e.event, e.actor.role) for e in here.entries[-2:]] == [
        ("refund", Role.MARKETPLACE),
        ("confirm_refund", Role.SYSTEM),
    ]
    [refund] = here.order.refunds
    assert refund.status is RefundStatus.CONFIRMED


@pytest.mark.parametrize("external", [True, False])
def test_without_an_amount_all_that_is_left_is_refunded(external: bool):
    here = walk(canceled(external=external), "marketplace refund, amount=1")
    if external:
        here = walk(here, "marketplace refund")
        assert money(here) == (0, 1000, 0)
    else:
        here = walk(here, "marketplace refund, amount=999")
        assert money(here) == (1000, 0, 0)


def test_asking_for_all_of_it_twice_is_asking_once():
    here = walk(canceled(external=False), "marketplace refund")
    again = attempt(here, "marketplace refund")
    assert isinstance(again, Outcome)
    assert (again.order, again.entries, again.already) == (here.order, (), ("o1-1",))


@pytest.mark.parametrize("amount", [0, -1, 1001])
def test_a_refund_is_more_than_nothing_and_at_most_what_is_left(amount: int):
    answer = refused(canceled(), f"marketplace refund, amount={amount}")
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "refundable")
    assert answer.message == "At most 10.00 EUR can be refunded on this line."


def test_what_is_on_its_way_back_cannot_be_asked_for_again():
    here = walk(canceled(), "marketplace refund, amount=700")
    assert (
        refused(here, "marketplace refund, amount=301").message
        == "At most 3.00 EUR can be refunded on this line."
    )
    assert money(walk(here, "marketplace refund, amount=300")) == (0, 1000, 0)


def test_ten_who_ask_for_a_third_each_get_exactly_the_whole():
    here, taken = canceled(), 0
    for _ in range(10):
        answer = attempt(here, "marketplace refund, amount=333")
        if isinstance(answer, Outcome):
            here, taken = here.then(answer), taken + 1
    assert (taken, money(here)) == (3, (0, 999, 1))
    assert money(walk(here, "marketplace refund, amount=1")) == (0, 1000, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 700), max_size=8), st.booleans())
def test_partial_refunds_add_up_and_never_pass_what_was_captured(amounts: list[int], external: bool):
    here = canceled(external=external)
    booked = 0
    for amount in amounts:
        answer = attempt(here, f"marketplace refund, amount={amount}")
        assert isinstance(answer, Outcome) == (booked + amount <= 1000)
        if isinstance(answer, Outcome):
            here, booked = here.then(answer), booked + amount
        assert sum(money(here)) == 1000
        assert sum(money(here)[:2]) == booked == sum(refund.amount for refund in here.order.refunds)


def test_each_of_several_refunds_is_settled_by_its_own_name():
    here = walk(
        canceled(),
        "marketplace refund, amount=100",
        "marketplace refund, amount=200",
        "marketplace refund, amount=300",
        "payments confirm_refund, refund=o1-r2",
    )
    assert money(here) == (200, 400, 400)
    here = walk(here, "payments refuse_refund, refund=o1-r1")
    assert money(here) == (200, 300, 500)
    here = walk(here, "payments confirm_refund, refund=o1-r3")
    assert money(here) == (500, 0, 500)
    assert [refund.status.value for refund in here.order.refunds] == ["refused", "confirmed", "confirmed"]


@pytest.mark.parametrize("event", ["confirm_refund", "refuse_refund"])
def test_only_a_refund_that_is_on_its_way_for_this_line_is_settled(event: str):
    start = order(*lines(2), policies=EXTERNAL)
    here = walk(start, "payments pay", "customer cancel every line", "marketplace refund line 1")
    for named, number in (("o1-r9", 1), ("o1-r1", 2)):
        answer = refused(here, f"payments {event} line {number}, refund={named}")
        assert answer.message == "This line has no such refund on its way."
    settled = walk(here, f"payments {event} line 1, refund=o1-r1")
    other = "refuse_refund" if event == "confirm_refund" else "confirm_refund"
    assert refused(settled, f"payments {other} line 1, refund=o1-r1").rule == "refund_pending"


@pytest.mark.parametrize("role", [Role.PAYMENTS, Role.MARKETPLACE])
def test_settling_is_offered_while_a_refund_is_on_its_way(role: Role):
    def offered(here: Walk) -> dict[str, bool]:
        found = offers(here.process, here.order, here.line(), actor(role), here.now)
        return {o.event: o.refusal is None for o in found if o.event.endswith("_refund")}

    possible = {"confirm_refund": True, "refuse_refund": True}
    assert offered(walk(canceled(), "marketplace refund")) == possible
    assert offered(canceled()) == dict.fromkeys(possible, False)


def test_a_line_is_not_closed_while_money_may_still_go_back():
    for here in (canceled(), walk(canceled(), "marketplace refund")):
        assert refused(here, "marketplace close").message == (
            "10.00 EUR of this line can still be refunded or are on their way back; close it after that."
        )
    part = walk(canceled(), "marketplace refund, amount=400", "payments confirm_refund, refund=o1-r1")
    waiting = walk(part, "marketplace refund, amount=100")
    assert refused(waiting, "marketplace close").message == (
        "A refund of this line is still on its way; close it once that is confirmed or refused."
    )
    assert walk(part, "marketplace close").state(Party.MARKETPLACE) == "closed"


def test_what_a_canceled_line_was_paid_in_part_can_be_refunded():
    here = walk(order(policies=EXTERNAL), "payments pay, amount=300", "customer cancel")
    assert money(here) == (0, 0, 300)
    assert (
        refused(here, "marketplace refund, amount=301").message
        == "At most 3.00 EUR can be refunded on this line."
    )


def test_nothing_is_refundable_on_a_line_that_was_never_paid():
    assert refused(walk(order(), "customer cancel"), "marketplace refund").message == (
        "At most 0.00 EUR can be refunded on this line."
    )


def test_each_line_is_refunded_on_its_own():
    start = order(line(1, unit_price=100), line(2, unit_price=900))
    here = walk(start, "payments pay", "customer cancel every line")
    assert refused(here, "marketplace refund line 1, amount=101").rule == "refundable"
    there = walk(here, "marketplace refund line 2")
    assert [found.refunded for found in there.order.lines] == [0, 900]
