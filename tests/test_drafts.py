"""From what a checkout sends to an order that can be placed, or everything that is wrong with it at once."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.drafts import MOST_LINES, MOST_PIECES, DraftLine, draft
from domain.money import LARGEST
from domain.order import Address, Customer, Order
from domain.problem import Problem
from domain.process import Process
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from tests.builders import NOW, policies, walk

CUSTOMER = Customer("c1", "Ada Buyer", "ada@example.org")


def item(
    sku: str = "sku",
    *,
    name: str = "Thing",
    merchant_id: str = "m1",
    quantity: int = 1,
    unit_price: int = 1000,
    discount: int = 0,
    tax: int = 0,
) -> DraftLine:
    return DraftLine(sku, name, merchant_id, quantity, unit_price, discount, tax)


def drafted(
    *items: DraftLine,
    shipping: Mapping[str, int] | None = None,
    expected_total: int | None = None,
    process: Process = MARKETPLACE_MERCHANT,
    deliver_to: Address | None = None,
    payment_method: str | None = None,
) -> Order | tuple[Problem, ...]:
    return draft(
        process,
        policies(None, process),
        order_id="o1",
        reference="ORD-1",
        currency="EUR",
        customer=CUSTOMER,
        lines=items,
        shipping=shipping or {},
        now=NOW,
        channel="app",
        external_reference="erp-9",
        expected_total=expected_total,
        deliver_to=deliver_to,
        payment_method=payment_method,
    )


def sound(*items: DraftLine, shipping: Mapping[str, int] | None = None) -> Order:
    found = drafted(*items, shipping=shipping)
    assert isinstance(found, Order), found
    return found


def problems(*items: DraftLine, shipping: Mapping[str, int] | None = None) -> Sequence[Problem]:
    found = drafted(*items, shipping=shipping)
    assert not isinstance(found, Order), "nothing was found wrong"
    return found


def test_a_draft_is_an_order_that_can_be_placed():
    here = sound(
        item("a", quantity=2, discount=100, tax=19), item("b", merchant_id="m2"), shipping={"m1": 490}
    )
    assert [line.id for line in here.lines] == ["o1-1", "o1-2"]
    assert [(line.sku, line.merchant_id, line.total) for line in here.lines] == [
        ("a", "m1", 2000 - 100 + 19 + 490),
        ("b", "m2", 1000),
    ]
    assert (here.seq, here.version, here.merchant_orders, here.payments) == (0, 0, (), ())
    assert (here.channel, here.external_reference, here.reference) == ("app", "erp-9", "ORD-1")
    assert (here.process, here.process_version) == ("marketplace-merchant", 1)
    assert (here.placed_at, here.changed_at) == (NOW, NOW)
    assert len(walk(here).entries) == 1


def test_one_sku_may_stand_on_two_lines():
    here = sound(item("a"), item("a"))
    assert len({line.id for line in here.lines}) == 2


def test_where_merchant_orders_move_each_merchant_has_one_in_the_order_of_the_lines():
    here = drafted(
        item("a", merchant_id="m2"), item("b"), item("c", merchant_id="m2"), process=MARKETPLACE_SELLER
    )
    assert isinstance(here, Order)
    assert [(m.id, m.reference, m.merchant_id, m.created_at) for m in here.merchant_orders] == [
        ("o1-m1", "ORD-1-1", "m2", NOW),
        ("o1-m2", "ORD-1-2", "m1", NOW),
    ]
    assert [line.merchant_order_id for line in here.lines] == ["o1-m1", "o1-m2", "o1-m1"]


def test_an_order_may_lack_where_it_goes_and_how_it_is_paid():
    home = Address("Ada Buyer", "1 Main Street", "10115", "Berlin", "DE")
    whole = drafted(item(), process=MARKETPLACE_SELLER, deliver_to=home, payment_method="card")
    lacking = drafted(item(), process=MARKETPLACE_SELLER)
    assert isinstance(whole, Order)
    assert isinstance(lacking, Order)
    assert (whole.deliver_to, whole.payment_method) == (home, "card")
    assert (lacking.deliver_to, lacking.payment_method) == (None, None)


def test_shipping_is_shared_over_the_lines_of_its_merchant_by_their_worth():
    here = sound(
        item(unit_price=100), item(merchant_id="m2"), item(unit_price=200), shipping={"m1": 100, "m2": 77}
    )
    assert [line.shipping for line in here.lines] == [33, 77, 67]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["m1", "m2", "m3"]), st.integers(0, 999)), min_size=1), st.data())
def test_shipping_adds_up_for_each_merchant(sold: list[tuple[str, int]], data: st.DataObject):
    selling = sorted({merchant for merchant, _ in sold})
    shipping = {merchant: data.draw(st.integers(0, 999)) for merchant in selling}
    here = sound(*(item(merchant_id=m, unit_price=p) for m, p in sold), shipping=shipping)
    shared = {m: sum(line.shipping for line in here.lines if line.merchant_id == m) for m in selling}
    assert shared == shipping
    assert here.total == sum(price for _, price in sold) + sum(shipping.values())


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        (item(quantity=0), "quantity", "Quantity must be between 1 and 1000000."),
        (item(quantity=-1), "quantity", "Quantity must be between 1 and 1000000."),
        (item(quantity=MOST_PIECES + 1, unit_price=0), "quantity", "Quantity must be between 1 and 1000000."),
        (item(unit_price=-1), "unit_price", "An amount cannot be negative."),
        (item(discount=-1), "discount", "An amount cannot be negative."),
        (item(tax=-1), "tax", "An amount cannot be negative."),
        (item(discount=1001), "discount", "A discount cannot be larger than what it is taken off."),
        (item(sku=" "), "sku", "This cannot be empty."),
        (item(name=""), "name", "This cannot be empty."),
    ],
)
def test_what_is_wrong_with_a_line_is_named_where_it_is_and_nothing_else_is(
    wrong: DraftLine, field: str, message: str
):
    assert problems(item(), wrong) == (Problem(("lines", "1", field), message),)


def test_everything_that_is_wrong_is_named_at_once():
    found = problems(item(quantity=0, sku=""), item(tax=-1), shipping={"m9": -5})
    assert [problem.path for problem in found] == [
        ("lines", "0", "quantity"),
        ("lines", "0", "sku"),
        ("lines", "1", "tax"),
        ("shipping", "m9"),
        ("shipping", "m9"),
    ]


def test_an_order_has_at_least_one_line_and_not_too_many():
    assert problems() == (Problem(("lines",), "An order needs at least one line."),)
    assert problems(*[item()] * 10_000) == (
        Problem(("lines",), f"An order has at most {MOST_LINES} lines; this one has 10000."),
    )
    assert len(sound(*[item()] * MOST_LINES).lines) == MOST_LINES


def test_shipping_is_for_merchants_of_the_order_only():
    assert problems(item(), shipping={"m2": 1}) == (
        Problem(("shipping", "m2"), "No line of this order is sold by 'm2'."),
    )
    assert problems(item(), shipping={"m1": -1}) == (
        Problem(("shipping", "m1"), "An amount cannot be negative."),
    )


def test_the_total_that_the_checkout_expects_must_be_right():
    assert isinstance(drafted(item(), shipping={"m1": 490}, expected_total=1490), Order)
    assert drafted(item(), shipping={"m1": 490}, expected_total=1489) == (
        Problem(("total",), "The lines and shipping add up to 14.90 EUR, not 14.89."),
    )


def test_a_total_that_cannot_be_counted_exactly_everywhere_is_refused():
    assert isinstance(drafted(item(unit_price=LARGEST)), Order)
    assert problems(item(unit_price=LARGEST), item(unit_price=1)) == (
        Problem(("lines",), "The order's total is larger than any amount that can be recorded."),
    )


def test_no_sum_of_an_order_is_larger_than_what_can_be_recorded_whatever_is_taken_off():
    half = item(unit_price=LARGEST // 2, discount=LARGEST // 2)
    assert sound(half, half).total == 0
    assert problems(half, half, item(unit_price=2)) == (
        Problem(("lines",), "The order's total is larger than any amount that can be recorded."),
    )
