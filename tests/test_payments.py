"""Money in: several payments add up, none is counted twice, and all that waits moves once nothing is due."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actors import Party, Role
from domain.engine import place
from domain.order import Payment
from domain.outcome import Outcome
from domain.paying import record_payment
from domain.payments import due, with_payment
from domain.refusal import Refusal, RefusalCode
from domain.words import on
from tests import toys
from tests.builders import NOW, actor, attempt, line, lines, order, placed, refused, states, walk


def test_a_payment_of_all_that_is_due_moves_every_line():
    here = walk(order(*lines(2)), "payments pay")
    assert states(here) == {"o1-1": {"marketplace": "paid"}, "o1-2": {"marketplace": "paid"}}
    assert here.order.payments == (Payment("p1", 2000, NOW, "the-payments"),)
    assert [(e.unit, e.event, e.input) for e in here.entries[1:]] == [
        ("o1-1", "pay", {"amount": 2000, "payment": "p1"}),
        ("o1-2", "pay", {"amount": 2000, "payment": "p1"}),
    ]


def test_a_part_payment_moves_nothing_and_is_on_record():
    here = walk(order(*lines(2)), "marketplace pay, amount=500, reference=upload-7")
    assert states(here) == {"o1-1": {"marketplace": "new"}, "o1-2": {"marketplace": "new"}}
    entry = here.entries[-1]
    assert (entry.seq, entry.unit, entry.party, entry.event) == (2, None, None, "part_payment")
    assert (entry.source, entry.target, entry.actor) == (None, None, actor(Role.MARKETPLACE))
    assert entry.input == {"amount": 500, "payment": "upload-7"}
    assert here.order.seq == 2
    assert due(here.order) == 1500


def test_a_payment_that_nothing_waits_for_yet_is_on_record_and_not_forgotten():
    shop = toys.mkt(
        "asked",
        asked=toys.st(on("confirm", by=(Role.MARKETPLACE,), to="unpaid")),
        unpaid=toys.st(on("pay", by=(Role.PAYMENTS,), to="paid")),
        paid=toys.st(),
    )
    process = toys.toy(shop)
    here = place(process, order(process=process), actor(Role.MARKETPLACE), NOW).order
    outcome = record_payment(process, here, "p1", 1000, actor(Role.PAYMENTS), NOW)
    assert isinstance(outcome, Outcome)
    assert [(e.unit, e.event, e.input["amount"]) for e in outcome.entries] == [(None, "payment", 1000)]
    assert (outcome.order.captured, outcome.order.seq) == (1000, here.seq + 1)


def test_several_payments_add_up():
    here = walk(order(*lines(3)), "payments pay, amount=1000", "payments pay, amount=1", "payments pay")
    assert [payment.amount for payment in here.order.payments] == [1000, 1, 1999]
    assert here.order.captured == here.order.total == 3000
    assert here.state(Party.MARKETPLACE, 3) == "paid"


def test_a_payment_spreads_over_the_lines_by_what_each_lacks():
    start = order(line(1, unit_price=100), line(2, unit_price=300), line(3, unit_price=0))
    paid = with_payment(start, Payment("p", 200, NOW, "x"))
    assert [line.captured for line in paid.lines] == [50, 150, 0]


def test_what_is_too_much_for_one_merchant_order_does_not_pay_for_another():
    too_much = replace(line(1, unit_price=100), approved=300, merchant_order_id="o1-m1")
    here = order(too_much, replace(line(2, unit_price=100), merchant_order_id="o1-m2"))
    assert due(here) == 100
    there = with_payment(here, Payment("p", 100, NOW, "x"), captures_later=True)
    assert [line.approved for line in there.lines] == [300, 100]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=6), st.data())
def test_no_line_ever_gets_more_than_its_total(prices: list[int], data: st.DataObject):
    here = order(*(line(n, unit_price=price) for n, price in enumerate(prices, 1)))
    paid = 0
    for last in (False, False, False, True):
        lacking = due(here)
        if lacking == 0:
            break
        amount = lacking if last else data.draw(st.integers(1, lacking))
        here = with_payment(here, Payment(f"p{paid}", amount, NOW, "x"))
        paid += amount
        assert here.captured == paid
        assert all(0 <= line.captured <= line.total for line in here.lines)
    assert due(here) == 0


@pytest.mark.parametrize("amount", [0, -1, 2001])
def test_a_payment_is_more_than_nothing_and_at_most_what_is_due(amount: int):
    answer = refused(walk(order(*lines(2))), f"payments pay, amount={amount}")
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "due")
    assert answer.message == (
        "20.00 EUR are due on this order. A payment must be more than nothing and not more than that."
    )


def test_nothing_more_is_taken_once_nothing_is_due():
    answer = refused(walk(order(), "payments pay"), "payments pay, amount=1")
    assert answer.message.startswith("Nothing is due on this order.")


def test_the_same_payment_again_changes_nothing():
    for first in ("payments pay, reference=a", "payments pay, amount=400, reference=a"):
        here = walk(order(*lines(2)), first)
        amount = here.order.payments[0].amount
        again = attempt(here, f"payments pay, amount={amount}, reference=a")
        assert isinstance(again, Outcome)
        assert (again.order, again.entries, again.moved) == (here.order, (), ())
        assert again.already == ("o1-1", "o1-2")


def test_the_same_reference_with_another_amount_is_a_conflict():
    here = walk(order(*lines(2)), "payments pay, amount=400, reference=a")
    answer = refused(here, "payments pay, amount=401, reference=a")
    assert answer.rule == "payment_reference"
    assert answer.message == "Payment a was already recorded with 4.00 EUR."


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PAYMENTS, Role.MARKETPLACE}))
@pytest.mark.parametrize("amount", [500, 1000])
def test_only_the_marketplace_and_the_payment_provider_report_payments(role: Role, amount: int):
    here = placed(order())
    answer = record_payment(here.process, here.order, "p1", amount, actor(role), here.now)
    assert isinstance(answer, Refusal), "nothing may be recorded, neither all of it nor a part"
    assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED
    assert answer.message == f"Payments are recorded by marketplace or payments, not by a {role}."


def test_a_canceled_line_is_not_paid_for_any_more():
    here = walk(order(*lines(2)), "customer cancel line 1")
    assert due(here.order) == 1000
    there = walk(here, "payments pay")
    assert [line.captured for line in there.order.lines] == [0, 1000]
    assert states(there) == {"o1-1": {"marketplace": "canceled"}, "o1-2": {"marketplace": "paid"}}


def test_canceling_what_was_still_unpaid_moves_the_rest():
    """What is left may be paid in full already: then it waits for nothing."""
    here = walk(order(line(1, unit_price=0), line(2)), "payments pay, amount=400", "customer cancel line 2")
    assert states(here) == {"o1-1": {"marketplace": "paid"}, "o1-2": {"marketplace": "canceled"}}
    assert here.line(2).refundable == 400


def test_a_free_order_is_paid_when_it_is_placed():
    assert walk(order(line(unit_price=0))).state(Party.MARKETPLACE) == "paid"


def test_pay_without_a_payment_is_refused_with_what_is_still_due():
    answer = refused(walk(order()), "payments pay line 1")
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "fully_paid")
    assert answer.message == "10.00 EUR are still to be paid; record that payment first."


def test_amounts_are_named_in_the_orders_own_currency():
    answer = refused(walk(replace(order(), currency="JPY")), "payments pay, amount=0")
    assert answer.message.startswith("1000 JPY are due")
