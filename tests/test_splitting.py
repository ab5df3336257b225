"""Part of a line becomes a line of its own, and nothing is lost to rounding."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actors import Party
from domain.numbering import line_id, next_line_id
from domain.order import Line
from domain.refusal import RefusalCode
from domain.splitting import split_line
from tests.builders import Walk, line, order, policies, refused, states, walk

AMOUNTS = ("quantity", "items", "discount", "tax", "shipping", "total", "captured", "due")


def sums(lines: tuple[Line, ...]) -> dict[str, int]:
    return {name: sum(getattr(line, name) for line in lines) for name in AMOUNTS}


@st.composite
def priced(draw: st.DrawFn) -> Line:
    """A line of at least two pieces, of any amounts, paid in part."""
    found = line(
        quantity=draw(st.integers(2, 50)),
        unit_price=draw(st.integers(0, 10_000)),
        tax=draw(st.integers(0, 999)),
        shipping=draw(st.integers(0, 999)),
    )
    found = replace(found, discount=draw(st.integers(0, found.items)))
    return replace(found, captured=draw(st.integers(0, found.total)))


@settings(max_examples=50, deadline=None)
@given(priced(), st.data())
def test_quantities_and_amounts_add_up_whatever_is_split_off(whole: Line, data: st.DataObject):
    start = order(whole, line(2))
    quantity = data.draw(st.integers(1, whole.quantity - 1))
    after, part = split_line(start, whole, quantity)
    assert sums(after.lines) == sums(start.lines)
    assert part.quantity == quantity
    for one in after.lines:
        assert 0 <= one.discount <= one.items
        assert 0 <= one.captured <= one.total


@settings(max_examples=50, deadline=None)
@given(priced(), st.data())
def test_splitting_again_and_again_still_adds_up(whole: Line, data: st.DataObject):
    here = order(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        splittable = [one for one in here.lines if one.quantity > 1]
        if not splittable:
            break
        one = data.draw(st.sampled_from(splittable))
        here, _ = split_line(here, one, data.draw(st.integers(1, one.quantity - 1)))
    assert sums(here.lines) == sums((whole,))
    assert len({one.id for one in here.lines}) == len(here.lines)


def test_the_part_is_a_new_line_at_the_end_that_remembers_where_it_came_from():
    start = order(line(1, quantity=3, discount=100, tax=10, shipping=5), line(2))
    after, part = split_line(start, start.lines[0], 1)
    assert [one.id for one in after.lines] == ["o1-1", "o1-2", "o1-3"]
    assert (part.id, part.split_from, part.quantity) == ("o1-3", "o1-1", 1)
    assert (part.sku, part.name, part.merchant_id, part.unit_price) == ("sku-1", "Thing 1", "m1", 1000)
    rest = after.lines[0]
    assert (rest.id, rest.split_from, rest.quantity) == ("o1-1", None, 2)
    assert (part.discount, rest.discount) == (33, 67)
    assert (part.tax, rest.tax) == (3, 7)
    assert (part.shipping, rest.shipping) == (2, 3)


def test_line_ids_count_on_from_the_highest():
    assert line_id("o1", 4) == "o1-4"
    assert next_line_id(order(line(1), line(7))) == "o1-8"


# In the process


def sent() -> Walk:
    whole = line(quantity=3, unit_price=333, discount=100, tax=57, shipping=250)
    return walk(order(whole), "payments pay", "30 minutes later")


def test_one_of_three_is_shipped_and_the_rest_stays():
    here = walk(sent(), "merchant ship 1 of line 1, carrier=Post")
    assert states(here) == {
        "o1-1": {"marketplace": "sent_to_merchant", "merchant": "new"},
        "o1-2": {"marketplace": "shipped_by_merchant", "merchant": "shipped"},
    }
    assert (here.line(1).quantity, here.line(2).quantity) == (2, 1)
    assert (here.line(1).shipment, here.line(2).shipment is not None) == (None, True)
    assert here.line(2).merchant_order_id == here.line(1).merchant_order_id == "o1-m1"
    assert sums(here.order.lines) == sums(sent().order.lines)


def test_a_part_is_on_record_with_where_it_came_from_and_how_much_it_is():
    here = walk(sent(), "merchant ship 2 of line 1, carrier=Post")
    entry = here.entries[-2]
    assert (entry.unit, entry.event, entry.source, entry.target) == ("o1-2", "ship", "new", "shipped")
    assert entry.input == {"carrier": "Post", "split_from": "o1-1", "quantity": 2}


def test_parts_go_their_own_ways_to_the_end():
    here = walk(
        sent(),
        "merchant ship 2 of line 1",
        "merchant deliver line 2",
        "customer request_return 1 of line 2",
        "merchant receive_return line 3",
        "marketplace refund line 3",
        "marketplace cancel line 1, reason=sold out",
        "marketplace refund line 1",
        "60 days later",
    )
    assert {unit: stand["marketplace"] for unit, stand in states(here).items()} == dict.fromkeys(
        ("o1-1", "o1-2", "o1-3"), "closed"
    )
    assert sums(here.order.lines) == sums(sent().order.lines)
    assert here.order.refunded == here.line(1).total + here.line(3).total
    assert here.line(3).split_from == "o1-2"


@pytest.mark.parametrize("event", ["customer cancel 1 of line 1", "marketplace cancel 1 of line 1, reason=x"])
def test_part_of_a_paid_line_can_be_canceled_and_is_refunded_alone(event: str):
    here = walk(order(line(quantity=3, unit_price=100)), "payments pay", event, "marketplace refund line 2")
    assert (here.state(Party.MARKETPLACE, 1), here.state(Party.MARKETPLACE, 2)) == ("paid", "refunded")
    assert (here.line(1).refunded, here.line(2).refunded) == (0, 100)


def test_part_of_an_unpaid_line_can_be_canceled_and_less_is_due():
    here = walk(order(line(quantity=3, unit_price=100)), "customer cancel 1 of line 1", "payments pay")
    assert here.order.captured == 200
    assert (here.state(Party.MARKETPLACE, 1), here.state(Party.MARKETPLACE, 2)) == ("paid", "canceled")


def test_part_of_a_canceled_line_can_be_refunded_as_a_quantity():
    here = walk(order(line(quantity=3, unit_price=100)), "payments pay", "customer cancel")
    there = walk(here, "marketplace refund 1 of line 1")
    assert (there.line(1).refunded, there.line(2).refunded) == (0, 100)
    assert (there.state(Party.MARKETPLACE, 1), there.state(Party.MARKETPLACE, 2)) == ("canceled", "refunded")


def test_a_line_that_was_refunded_in_part_is_not_split():
    external = policies(payment_provider="external")
    here = walk(order(line(quantity=3), policies=external), "payments pay", "customer cancel")
    for asked in (
        walk(here, "marketplace refund, amount=100"),
        walk(here, "marketplace refund, amount=100", "payments confirm_refund, refund=o1-r1"),
    ):
        answer = refused(asked, "marketplace refund 1 of line 1, amount=5")
        assert answer.code is RefusalCode.INPUT_INVALID
        assert (
            answer.message == "Part of this line was refunded already; name an amount instead of a quantity."
        )


def test_deadlines_run_on_for_the_part_and_for_the_rest():
    here = walk(
        order(line(quantity=3)),
        "payments pay",
        "10 minutes later",
        "marketplace send_to_merchant 1 of line 1",
    )
    [waiting] = here.order.deadlines
    assert (waiting.unit, waiting.event) == ("o1-1", "send_to_merchant")
    part = walk(
        order(line(quantity=3)), "payments pay", "customer cancel 1 of line 1", "marketplace refund line 2"
    )
    assert {(d.unit, d.event) for d in part.order.deadlines} == {
        ("o1-1", "send_to_merchant"),
        ("o1-2", "close"),
    }
    assert len({d.id for d in part.order.deadlines}) == len(part.order.deadlines)


def test_a_part_that_stays_where_it_is_keeps_the_deadline_of_the_line():
    external = policies(payment_provider="external")
    here = walk(order(line(quantity=3), policies=external), "payments pay", "customer cancel", "1 day later")
    [close] = here.order.deadlines
    there = walk(here, "marketplace refund 1 of line 1")
    assert {(d.unit, d.event, d.at) for d in there.order.deadlines} == {
        ("o1-1", "close", close.at),
        ("o1-2", "close", close.at),
    }
    assert len({d.id for d in there.order.deadlines}) == 2


def test_an_order_that_has_very_many_lines_is_split_no_further(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("domain.step.MOST_PARTS", 2)
    here = walk(order(line(quantity=3)), "payments pay", "marketplace send_to_merchant 1 of line 1")
    no = refused(here, "marketplace send_to_merchant 1 of line 1")
    assert (no.code, no.rule) == (RefusalCode.INPUT_INVALID, "quantity")
    assert "move the whole line" in no.message
    assert walk(here, "marketplace send_to_merchant line 1").state(Party.MARKETPLACE) == "sent_to_merchant"
