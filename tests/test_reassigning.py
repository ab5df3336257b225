"""Another merchant takes over what a merchant canceled: the same lines, a merchant order of its own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actors import Audience, Party, Role
from domain.order import Line, Order
from domain.outcome import Outcome
from domain.payments import due
from domain.policies import PolicyValue
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from domain.reassigning import change_merchant
from domain.refusal import Refusal, RefusalCode
from domain.status import status_of_order
from domain.stock import Shelf, Standing
from domain.stocking import claims
from tests.builders import NOW, actor, line
from tests.selling import done, handled, merchant_order, paid, placed, state, with_invoice

MARKETPLACE, MERCHANT = Party.MARKETPLACE, Party.MERCHANT
SHELF: Shelf = {("m1", "sku-1"): 5, ("m2", "sku-1"): 4, ("m2", "sku-2"): 1}


def given_up(*lines: Line, shelf: Shelf = SHELF) -> Order:
    """A paid order whose merchant m1 cannot deliver, where another one can be chosen within a day."""
    here = paid(placed(*lines, shelf=shelf, change_seller_window=timedelta(days=1)))
    here = done(here, "cancel", Role.MERCHANT, MERCHANT, reason="sold out")
    assert state(here, MARKETPLACE) == "window-to-change-seller"
    return here


def tried(
    here: Order,
    merchant: str = "m2",
    own: Mapping[str, PolicyValue] | None = None,
    *,
    unit: str = "o1-m1",
    reason: str | None = "m1 has none",
    role: Role = Role.MARKETPLACE,
) -> Outcome | Refusal:
    """Choose another merchant, which may be refused."""
    return change_merchant(MARKETPLACE_SELLER, here, unit, merchant, own or {}, reason, actor(role), NOW)


def taken_over(here: Order, merchant: str = "m2", own: Mapping[str, PolicyValue] | None = None) -> Order:
    """The order once another merchant has the lines, which must be taken."""
    answer = tried(here, merchant, own)
    assert isinstance(answer, Outcome), answer
    return answer.order


def two_things() -> tuple[Line, Line]:
    return line(1, quantity=2, discount=100, shipping=300), line(2, unit_price=500)


def test_the_lines_go_over_as_they_are_with_their_money():
    before = given_up(*two_things())
    before = before.with_lines(replace(x, payable=False) for x in before.lines)
    here = taken_over(before)
    assert [replace(x, stock=Standing.NONE) for x in here.lines] == [
        replace(x, merchant_id="m2", merchant_order_id="o1-m2", stock=Standing.NONE, payable=True)
        for x in before.lines
    ]
    assert (here.total, here.approved, due(here)) == (2700, 2700, 0)
    assert here.commands == ()


def test_the_new_merchant_order_has_a_reference_of_its_own_and_the_old_one_names_it():
    here = taken_over(given_up(line()))
    old, new = here.merchant_orders
    assert (new.id, new.reference, new.merchant_id, new.created_at) == ("o1-m2", "ORD-1-2", "m2", NOW)
    assert (old.replaced_by, new.replaced_by) == ("o1-m2", None)
    assert here.lines_of(old) == ()
    assert old.cancellation is not None
    assert old.cancellation.reason == "sold out"


def test_the_old_one_is_canceled_and_the_new_one_is_on_its_way_since_it_is_paid():
    here = taken_over(given_up(line()))
    assert (state(here, MARKETPLACE), state(here, MERCHANT)) == ("canceled", "canceled")
    assert (state(here, MARKETPLACE, "o1-m2"), state(here, MERCHANT, "o1-m2")) == (
        "payment-approved",
        "window-to-cancel",
    )
    status = status_of_order(MARKETPLACE_SELLER, here, Audience.BACK_OFFICE)
    assert status is not None
    assert status.label == "Payment approved"


def test_the_new_merchant_can_bring_it_to_its_end():
    here = handled(taken_over(given_up(line())), "o1-m2")
    here = with_invoice(here, "B-1", 1000, {"o1-1": 1}, "o1-m2")
    assert (state(here, MARKETPLACE, "o1-m2"), here.captured) == ("invoiced", 1000)


def test_nothing_is_claimed_of_the_old_merchants_stock_and_what_is_needed_of_the_new_ones():
    here = taken_over(given_up(*two_things()))
    assert [line.stock for line in here.lines] == [Standing.CONFIRMED] * 2
    assert {key: found.confirmed for key, found in claims(here).items()} == {
        ("m2", "sku-1"): 2,
        ("m2", "sku-2"): 1,
    }
    assert here.shelf == {("m1", "sku-1"): 5, ("m2", "sku-1"): 2, ("m2", "sku-2"): 0}


def test_what_the_new_merchant_does_not_have_is_waited_for():
    here = taken_over(given_up(*two_things(), shelf={**SHELF, ("m2", "sku-2"): 0}))
    assert state(here, MERCHANT, "o1-m2") == "authorize-fulfillment"
    assert [line.stock for line in here.lines] == [Standing.HELD, Standing.WANTED]


@pytest.mark.parametrize(
    ("standing", "back", "restocks"),
    [(Standing.HELD, 2, 0), (Standing.CONFIRMED, 2, 0), (Standing.OFF_SHELF, 0, 2), (Standing.WANTED, 0, 0)],
)
def test_whatever_was_still_claimed_of_the_old_merchants_stock_is_released(
    standing: Standing, back: int, restocks: int
):
    before = given_up(line(quantity=2))
    before = before.with_lines(replace(x, stock=standing) for x in before.lines)
    here = taken_over(before)
    assert here.shelf["m1", "sku-1"] == before.shelf["m1", "sku-1"] + back
    assert sum(row.quantity for row in merchant_order(here).restocks) == restocks


def test_the_new_merchants_own_settings_hold_for_it_and_what_is_stamped_stays():
    before = given_up(line())
    own: dict[str, PolicyValue] = {"seller_confirmation": "manual", "payment_timeout": timedelta(1)}
    here = taken_over(before, "m2", own)
    # How long a payment is awaited is the marketplace's to set.
    assert here.policies.merchants == {"m2": {"seller_confirmation": "manual"}}
    assert here.policies.marketplace == before.policies.marketplace
    assert state(here, MERCHANT, "o1-m2") == "order-accepted"
    assert taken_over(before).policies == before.policies


def test_the_history_names_the_merchant_and_the_reason():
    answer = tried(given_up(line()))
    assert isinstance(answer, Outcome)
    entry = answer.entries[0]
    assert (entry.unit, entry.event, entry.reason) == ("o1-m1", "change_seller", None)
    assert entry.input == {"merchant": "m2", "internal_reason": "m1 has none"}
    assert answer.moved == ("o1-m1",)
    assert {e.cause for e in answer.entries[1:]} <= {e.seq for e in answer.entries}


def test_a_merchant_takes_part_in_an_order_only_once():
    before = given_up(line(1), line(2, merchant_id="m2"))
    for merchant in ("m1", "m2"):
        answer = tried(before, merchant)
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "merchant")
        assert merchant in answer.message


def test_choosing_the_same_merchant_again_changes_nothing():
    here = taken_over(given_up(line()))
    assert tried(here) == Outcome(here, already=("o1-m1",))


def test_what_one_merchant_has_taken_over_no_other_one_takes_over_there():
    answer = tried(taken_over(given_up(line())), "m3")
    assert isinstance(answer, Refusal)
    assert (answer.rule, answer.message) == ("merchant", "Merchant m2 has taken its lines over already.")


def test_a_merchant_that_took_over_can_be_replaced_in_turn():
    here = taken_over(given_up(line()))
    here = done(here, "cancel", Role.MERCHANT, MERCHANT, "o1-m2", reason="none left either")
    answer = tried(here, "m3", unit="o1-m2")
    assert isinstance(answer, Outcome)
    assert [x.replaced_by for x in answer.order.merchant_orders] == ["o1-m2", "o1-m3", None]
    assert [line.merchant_id for line in answer.order.lines] == ["m3"]


def test_while_the_merchant_has_not_canceled_no_other_one_is_chosen():
    here = paid(placed(line(), change_seller_window=timedelta(days=1)))
    answer = tried(here)
    assert isinstance(answer, Refusal)
    assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED
    assert "change_seller is not possible in state payment-approved" in answer.message


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.MERCHANT, Role.PAYMENTS])
def test_only_the_marketplace_chooses_another_merchant(role: Role):
    answer = tried(given_up(line()), role=role)
    assert isinstance(answer, Refusal)
    assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED


@pytest.mark.parametrize("unit", ["o1-m7", "o1-1"])
def test_a_merchant_order_that_does_not_exist_has_no_merchant_to_change(unit: str):
    answer = tried(given_up(line()), unit=unit)
    assert isinstance(answer, Refusal)
    assert answer.code is RefusalCode.NOT_FOUND


def test_a_reason_may_be_left_out():
    answer = tried(given_up(line()), reason=None)
    assert isinstance(answer, Outcome)
    assert (answer.entries[0].reason, answer.entries[0].input) == (None, {"merchant": "m2"})
