"""Lines change until they are invoiced: totals, money and stock follow, and a preview says so before."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import money
from domain.actors import Party, Role
from domain.amending import Amendment, Preview, amended, preview
from domain.commands import CommandKind
from domain.drafts import DraftLine
from domain.engine import place
from domain.order import Line, Order
from domain.outcome import Outcome
from domain.payments import due
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from domain.refusal import Refusal, RefusalCode
from domain.relining import relined
from domain.stock import Shelf, Standing
from domain.stocking import claims, wanting
from tests.builders import NOW, actor, line
from tests.selling import (
    LATER,
    done,
    draft,
    handled,
    merchant_order,
    paid,
    placed,
    state,
    with_invoice,
)

MARKETPLACE, MERCHANT = Party.MARKETPLACE, Party.MERCHANT
WAITING = ("waiting-for-manual-authorization", "authorize-fulfillment")
"""Where a merchant order may wait for pieces that are not there."""


def tried_change(
    here: Order,
    quantities: Mapping[str, int] | None = None,
    *added: DraftLine,
    unit: str = "o1-m1",
    reason: str = "as agreed",
    role: Role = Role.MARKETPLACE,
    now: datetime = LATER,
) -> Outcome | Refusal:
    """Change lines, which may be refused."""
    amendment = Amendment(reason, quantities or {}, added)
    return amended(MARKETPLACE_SELLER, here, unit, amendment, actor(role), now)


def changed(here: Order, quantities: Mapping[str, int] | None = None, *added: DraftLine) -> Order:
    """The order with its lines changed, which must be taken."""
    answer = tried_change(here, quantities, *added)
    assert isinstance(answer, Outcome), answer
    return answer.order


def refused(here: Order, quantities: Mapping[str, int] | None = None, *added: DraftLine) -> tuple[str, str]:
    """The rule and the sentence that refuse a change."""
    answer = tried_change(here, quantities, *added)
    assert isinstance(answer, Refusal), "the change was taken"
    assert answer.event == "change_order"
    return answer.rule, answer.message


def shown(here: Order, quantities: Mapping[str, int] | None = None, *added: DraftLine) -> Preview:
    """What a change would lead to; it must be possible."""
    amendment = Amendment("as agreed", quantities or {}, added)
    answer = preview(MARKETPLACE_SELLER, here, "o1-m1", amendment, actor(Role.MARKETPLACE), LATER)
    assert isinstance(answer, Preview), answer
    return answer


def thing(
    sku: str = "sku-9", quantity: int = 1, unit_price: int = 500, discount: int = 0, tax: int = 0
) -> DraftLine:
    """A line to add, sold by merchant m1."""
    return DraftLine(sku, "Thing", "m1", quantity, unit_price, discount, tax)


def shelf(**available: int) -> Shelf:
    """What m1 has on its shelf: shelf(sku_1=5)."""
    return {("m1", sku.replace("_", "-")): pieces for sku, pieces in available.items()}


def at(here: Order, sku: str = "sku-1") -> int:
    """How many pieces are left on m1's shelf."""
    return here.shelf["m1", sku]


def stock(here: Order) -> list[tuple[int, str]]:
    """The lines' quantities and standings."""
    return [(line.quantity, line.stock.value) for line in here.lines]


# The figures of the design


def shirts() -> Order:
    """One cart, two merchants, a quarter off, shared shipping."""
    return placed(
        line(1, merchant_id="main", unit_price=6999, discount=1750, shipping=209),
        line(2, merchant_id="strbar", unit_price=7999, discount=2000, shipping=209),
        currency="USD",
    )


def test_a_change_of_one_merchants_lines_leaves_the_other_merchants_total():
    here = paid(shirts())
    assert [line.total for line in here.lines] == [5458, 6208]
    assert here.total == here.approved == 11666
    answer = tried_change(here, {"o1-1": 2})
    assert isinstance(answer, Outcome)
    first, second = answer.order.lines
    # The discount stays what was agreed on: the second shirt costs its whole price.
    assert (first.total, second) == (5458 + 6999, here.lines[1])
    assert due(answer.order) == 6999


def test_a_line_that_is_removed_before_the_payment_leaves_the_rest_of_the_cart_to_pay():
    start = placed(
        line(1, unit_price=6175, discount=309, shipping=1023),
        line(2, unit_price=2990, discount=150, shipping=492),
        currency="BRL",
    )
    assert (start.total, due(start)) == (10221, 10221)
    here = changed(start, {"o1-2": 0})
    assert (here.lines[1].quantity, here.lines[1].discount, here.lines[1].shipping) == (0, 0, 492)
    assert here.total == due(here) == 10221 - (2990 - 150) == 7381
    assert state(paid(here), MARKETPLACE) == "payment-approved"


def test_when_the_only_line_is_removed_while_it_is_handled_its_shipping_stays():
    start = placed(line(1, unit_price=3290, shipping=1160), currency="BRL", shelf=shelf(sku_1=1))
    here = handled(paid(start))
    assert here.total == 4450
    seen = shown(here, {"o1-1": 0})
    assert (seen.before, seen.after, seen.to_refund, seen.to_pay) == (4450, 1160, 3290, 0)
    after = changed(here, {"o1-1": 0})
    assert after == seen.order
    assert (after.total, after.approved, due(after)) == (1160, 1160, 0)
    assert [(c.kind, c.amount) for c in after.commands] == [(CommandKind.VOID, 3290)]
    [restock] = merchant_order(after).restocks
    assert (restock.sku, restock.quantity, at(after)) == ("sku-1", 1, 0)
    invoiced = with_invoice(after, "A-1", 1160, {})
    assert state(invoiced, MARKETPLACE) == "invoiced"


# What a changed line is


def test_fewer_pieces_take_their_part_of_discount_and_tax_along_and_leave_the_shipping():
    here = changed(placed(line(quantity=3, unit_price=1000, discount=100, tax=50, shipping=70)), {"o1-1": 2})
    [one] = here.lines
    assert (one.quantity, one.discount, one.tax, one.shipping) == (2, 67, 33, 70)
    assert here.total == 2000 - 67 + 33 + 70


def test_more_pieces_keep_the_discount_and_let_the_tax_grow():
    here = changed(placed(line(quantity=2, unit_price=1000, discount=100, tax=51, shipping=70)), {"o1-1": 3})
    [one] = here.lines
    assert (one.quantity, one.discount, one.tax, one.shipping) == (3, 100, 77, 70)


def test_an_added_line_is_the_last_one_of_its_merchant_order_without_shipping():
    here = changed(shirts_of_two(), None, thing("sku-9", 2, 500, 100, 30))
    assert here.lines[-1] == Line(
        "o1-3", "sku-9", "Thing", "m1", 2, 500, 100, 30, stock=Standing.UNCOUNTED, merchant_order_id="o1-m1"
    )
    assert due(here) == here.total == 2000 + 930


def shirts_of_two() -> Order:
    return placed(line(1), line(2, merchant_id="m2"))


def test_a_removed_line_can_come_back():
    here = changed(paid(placed(line(1, quantity=2), line(2), shelf=shelf(sku_1=2))), {"o1-1": 0})
    assert (stock(here)[0], at(here)) == ((0, "released"), 2)
    again = changed(here, {"o1-1": 2})
    assert (stock(again)[0], at(again)) == ((2, "confirmed"), 0)


def test_one_line_can_take_the_place_of_another_in_one_change():
    here = paid(placed(line(1, quantity=2), shelf=shelf(sku_1=2)))
    after = changed(here, {"o1-1": 0}, thing("sku-1", 2, 900))
    assert stock(after) == [(0, "released"), (2, "confirmed")]
    assert (at(after), after.total, due(after)) == (0, 1800, 0)


# The event


def test_the_history_says_why_what_changed_and_both_totals():
    here = paid(placed(line(1, quantity=3), line(2)))
    answer = tried_change(here, {"o1-1": 1, "o1-2": 1}, thing("sku-9", 2), reason="two are broken")
    assert isinstance(answer, Outcome)
    [entry] = answer.entries
    assert (entry.event, entry.party, entry.actor) == ("change_order", MARKETPLACE, actor(Role.MARKETPLACE))
    assert (entry.source, entry.target, entry.reason) == (
        "payment-approved", "payment-approved", "two are broken",
    )  # fmt: skip
    assert entry.input == {
        "total_before": 4000, "total_after": 3000, "change": "o1-1: 3 -> 1; + sku-9 x 2",
    }  # fmt: skip
    assert (answer.moved, answer.order.seq) == (("o1-m1",), entry.seq)


@pytest.mark.parametrize("role", [Role.MARKETPLACE, Role.MERCHANT])
def test_the_marketplace_and_the_merchant_can_change_it(role: Role):
    assert isinstance(tried_change(placed(line(quantity=2)), {"o1-1": 1}, role=role), Outcome)


def test_nobody_else_can_change_it():
    answer = tried_change(placed(line(quantity=2)), {"o1-1": 1}, role=Role.CUSTOMER)
    assert isinstance(answer, Refusal)
    assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED


def test_a_reason_is_needed():
    answer = tried_change(placed(line(quantity=2)), {"o1-1": 1}, reason="")
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.message) == (RefusalCode.INPUT_MISSING, "change_order needs: reason.")


@pytest.mark.parametrize("quantities", [{}, {"o1-1": 2}, {"o1-1": 2, "o1-2": 1}])
def test_a_change_that_changes_nothing_is_a_success_without_a_trace(quantities: dict[str, int]):
    here = placed(line(1, quantity=2), line(2))
    assert tried_change(here, quantities) == Outcome(here, already=("o1-m1",))
    assert shown(here, quantities) == Preview(here, 3000, 3000, 0, 3000, ())


def test_what_the_process_does_not_allow_is_refused_with_its_sentence():
    erp = paid(placed(line(quantity=2), erp_confirmation="yes"))
    starting = handled(erp)
    assert state(starting, MERCHANT) == "start-handling"
    assert refused(starting, {"o1-1": 1})[1].startswith("Handling is just being started")
    canceled = done(paid(placed(line(quantity=2))), "cancel", Role.CUSTOMER)
    assert "not possible in state canceled" in refused(canceled, {"o1-1": 1})[1]


def test_what_the_process_does_not_allow_is_said_before_what_is_wrong_with_the_change():
    canceled = done(paid(placed(line(quantity=2))), "cancel", Role.CUSTOMER)
    assert refused(canceled, {"o1-7": 1})[0] == "state"
    starting = handled(paid(placed(line(quantity=2), erp_confirmation="yes")))
    assert refused(starting, {"o1-7": 1})[0] == refused(starting, {"o1-1": 1})[0] != "lines"


@pytest.mark.parametrize("unit", ["o1-m7", "o1-1"])
def test_a_merchant_order_that_does_not_exist_cannot_be_changed(unit: str):
    answer = tried_change(placed(line(quantity=2)), {"o1-1": 1}, unit=unit)
    assert isinstance(answer, Refusal)
    assert answer.code is RefusalCode.NOT_FOUND


# What is wrong


@pytest.mark.parametrize("line_id", ["o1-2", "o1-9"])
def test_only_lines_of_the_merchant_order_can_be_changed(line_id: str):
    answer = tried_change(shirts_of_two(), {line_id: 3})
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.rule) == (RefusalCode.NOT_FOUND, "lines")
    assert line_id in answer.message


@pytest.mark.parametrize("quantity", [-1, 1_000_001])
def test_a_quantity_that_cannot_be_is_refused(quantity: int):
    rule, sentence = refused(placed(line()), {"o1-1": quantity})
    assert (rule, sentence) == ("quantity", "The quantity of line o1-1 must be between 0 and 1000000.")


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        (replace(thing(), merchant_id="m2"), "It is not sold by m1, whose merchant order this is."),
        (thing(quantity=0), "Quantity must be between 1 and 1000000."),
        (thing(quantity=1_000_001), "Quantity must be between 1 and 1000000."),
        (thing(unit_price=-1), "An amount cannot be negative."),
        (thing(discount=-1), "An amount cannot be negative."),
        (thing(tax=-1), "An amount cannot be negative."),
        (thing(discount=501), "A discount cannot be larger than what it is taken off."),
        (thing(sku=" "), "This cannot be empty."),
        (replace(thing(), name=""), "This cannot be empty."),
    ],
)
def test_an_added_line_is_checked_like_those_of_a_checkout(added: DraftLine, sentence: str):
    assert refused(placed(line()), None, thing(), added) == ("lines", f"Line 2 of those to add: {sentence}")


def test_an_order_has_a_most_of_lines():
    here = placed(*(line(n) for n in range(1, 500)))
    assert len(changed(here, None, thing()).lines) == 500
    rule, sentence = refused(here, None, thing(), thing())
    assert (rule, sentence) == ("lines", "An order has at most 500 lines; this one has 499.")


def test_an_order_of_nothing_is_to_be_canceled_instead():
    rule, sentence = refused(placed(line(1), line(2)), {"o1-1": 0, "o1-2": 0})
    assert (rule, sentence) == ("total", "Nothing would be left to pay for; cancel it instead.")


def test_a_total_that_nobody_can_count_exactly_is_refused():
    here = placed(line())
    assert refused(here, None, thing(unit_price=money.LARGEST))[0] == "total"
    most = thing(unit_price=money.LARGEST - here.total)
    assert changed(here, None, most).total == money.LARGEST
    # Nor may any of the sums that people are shown be larger, such as that of the prices before discounts.
    assert refused(here, None, replace(most, unit_price=most.unit_price + 1, discount=1))[0] == "total"


def test_what_waits_for_the_merchants_decision_is_not_changed():
    here = done(handled(paid(placed(line(quantity=2)))), "request_cancel", Role.CUSTOMER, now=LATER)
    assert refused(here, {"o1-1": 1})[0] == "state"


# What is invoiced


def half_invoiced() -> Order:
    """Three and two pieces that are handled; two of the three are invoiced, with a part of the shipping."""
    here = handled(paid(placed(line(1, quantity=3, shipping=200), line(2, quantity=2))))
    return with_invoice(here, "A-1", 2100, {"o1-1": 2})


def test_what_is_invoiced_cannot_be_taken_off_a_line():
    rule, sentence = refused(half_invoiced(), {"o1-1": 1})
    assert (rule, sentence) == (
        "quantity",
        "2 of sku-1 (line o1-1) are invoiced already; it cannot become fewer than that.",
    )


def test_the_total_cannot_become_less_than_what_is_invoiced():
    here = handled(paid(placed(line(1, quantity=1), line(2, quantity=2))))
    here = with_invoice(here, "A-1", 1500, {"o1-1": 1})
    rule, sentence = refused(here, {"o1-2": 0})
    assert rule == "total"
    assert "15.00 EUR are invoiced already" in sentence
    assert "(10.00 EUR)" in sentence


def test_what_is_not_invoiced_yet_can_still_be_taken_off():
    here = changed(half_invoiced(), {"o1-2": 0})
    assert (here.total, here.approved, here.captured, due(here)) == (3200, 3200, 2100, 0)
    assert state(with_invoice(here, "A-2", 1100, {"o1-1": 1}), MARKETPLACE) == "invoiced"


@pytest.mark.parametrize("role", [Role.MARKETPLACE, Role.MERCHANT])
def test_once_the_total_is_what_is_invoiced_invoicing_is_finished_in_the_same_step(role: Role):
    here = handled(paid(placed(line(1, quantity=2), line(2), shelf=shelf(sku_2=1))))
    here = with_invoice(here, "A-1", 2000, {"o1-1": 2})
    answer = tried_change(here, {"o1-2": 0}, role=role)
    assert isinstance(answer, Outcome)
    assert (state(answer.order, MARKETPLACE), state(answer.order, MERCHANT)) == ("invoiced", "invoiced")
    assert [e.event for e in answer.entries[:2]] == ["change_order", "finish_invoicing"]
    assert (answer.moved, answer.refused) == (("o1-m1",), ())
    assert (answer.order.captured, answer.order.approved, due(answer.order)) == (2000, 2000, 0)
    again = tried_change(answer.order, {"o1-2": 0}, role=role)
    assert again == Outcome(answer.order, already=("o1-m1",))


def test_an_invoiced_order_is_not_changed():
    here = with_invoice(handled(paid(placed(line(quantity=2)))), "A-1", 2000, {"o1-1": 2})
    assert refused(here, {"o1-1": 3})[0] == "state"


# Money


@pytest.mark.parametrize(("captured", "kind"), [(False, CommandKind.VOID), (True, CommandKind.REFUND)])
def test_a_lower_total_gives_back_what_is_too_much(captured: bool, kind: CommandKind):
    here = paid(placed(line(quantity=3)), captured=captured)
    seen = shown(here, {"o1-1": 1})
    assert (seen.before, seen.after, seen.to_refund, seen.to_pay) == (3000, 1000, 2000, 0)
    after = changed(here, {"o1-1": 1})
    assert [(c.kind, c.amount, c.unit) for c in after.commands] == [(kind, 2000, "o1-m1")]
    assert due(after) == 0


def test_a_preview_counts_what_this_change_gives_back_and_not_what_an_earlier_one_did():
    here = changed(paid(placed(line(quantity=3))), {"o1-1": 2})
    assert shown(here, {"o1-1": 1}).to_refund == 1000


def test_a_higher_total_leads_to_a_further_payment():
    here = paid(placed(line(quantity=1)))
    seen = shown(here, {"o1-1": 3})
    assert (seen.before, seen.after, seen.to_refund, seen.to_pay) == (1000, 3000, 0, 2000)
    after = changed(here, {"o1-1": 3})
    assert due(after) == 2000
    assert due(paid(after)) == 0


def test_what_was_paid_in_part_may_be_all_that_is_still_to_be_paid():
    here = paid(placed(line(quantity=3)), 1000)
    assert state(here, MARKETPLACE) == "payment-pending"
    after = changed(here, {"o1-1": 1})
    assert (state(after, MARKETPLACE), state(after, MERCHANT)) == ("payment-approved", "window-to-cancel")


def test_a_preview_of_what_is_refused_is_its_refusal():
    here = placed(line())
    amendment = Amendment("as agreed", {"o1-1": 0})
    by = actor(Role.MARKETPLACE)
    assert preview(MARKETPLACE_SELLER, here, "o1-m1", amendment, by, LATER) == tried_change(here, {"o1-1": 0})


# Stock


@pytest.mark.parametrize(
    ("is_paid", "standing"), [(False, "held"), (True, "confirmed")], ids=["held", "confirmed"]
)
def test_pieces_that_are_not_wanted_any_more_are_free_again(is_paid: bool, standing: str):
    here = placed(line(quantity=3), shelf=shelf(sku_1=3))
    here = changed(paid(here) if is_paid else here, {"o1-1": 1})
    assert (stock(here), at(here)) == ([(1, standing)], 2)
    assert merchant_order(here).restocks == ()


def test_pieces_off_the_shelf_are_to_be_put_back_by_the_merchant():
    here = handled(paid(placed(line(1, quantity=3), line(2, quantity=2), shelf=shelf(sku_1=3, sku_2=9))))
    here = changed(here, {"o1-1": 1, "o1-2": 0})
    assert stock(here) == [(1, "off_shelf"), (0, "released")]
    assert [(r.id, r.sku, r.quantity, r.done) for r in merchant_order(here).restocks] == [
        ("o1-m1-s1", "sku-1", 2, False),
        ("o1-m1-s2", "sku-2", 2, False),
    ]
    assert (at(here), at(here, "sku-2")) == (0, 7)


@pytest.mark.parametrize("standing", ["confirmed", "off_shelf"])
def test_further_pieces_of_confirmed_stock_must_be_there(standing: str):
    here = paid(placed(line(quantity=2), shelf=shelf(sku_1=4)))
    here = handled(here) if standing == "off_shelf" else here
    assert refused(here, {"o1-1": 5}) == (
        "stock",
        "3 more of sku-1 would be needed, and 2 are left in stock.",
    )
    here = changed(here, {"o1-1": 4})
    assert (stock(here), at(here)) == ([(4, standing)], 0)


@pytest.mark.parametrize("standing", ["confirmed", "off_shelf"])
def test_an_added_line_comes_to_stand_where_the_others_got_to(standing: str):
    here = paid(placed(line(1), shelf=shelf(sku_9=2)))
    here = handled(here) if standing == "off_shelf" else here
    assert refused(here, None, thing(quantity=3))[0] == "stock"
    here = changed(here, None, thing(quantity=2), thing("sku-8"))
    assert stock(here) == [(1, "uncounted"), (2, standing), (1, "uncounted")]
    assert at(here, "sku-9") == 0


def test_before_the_stock_is_confirmed_a_shortage_is_noted_and_shown():
    here = placed(line(quantity=2), shelf=shelf(sku_1=4, sku_9=0))
    seen = shown(here, {"o1-1": 5}, thing())
    assert seen.short == ("sku-1", "sku-9")
    after = changed(here, {"o1-1": 5}, thing())
    # The two that were held are free for others until all five are there.
    assert (stock(after), at(after)) == ([(5, "wanted"), (1, "wanted")], 4)
    enough = changed(after, {"o1-1": 4, "o1-2": 0})
    assert (stock(enough), at(enough)) == ([(4, "held"), (0, "released")], 0)


def test_a_change_can_free_an_order_that_waits_for_stock():
    here = paid(placed(line(quantity=3), shelf=shelf(sku_1=2)))
    assert (state(here, MERCHANT), stock(here)) == ("authorize-fulfillment", [(3, "wanted")])
    after = changed(here, {"o1-1": 2})
    # Its cancellation window is over by now.
    assert (state(after, MERCHANT), stock(after), at(after)) == ("ready-for-handling", [(2, "confirmed")], 0)


def test_a_line_that_is_wanted_can_be_replaced_by_one_that_is_there():
    here = paid(placed(line(quantity=3), shelf=shelf(sku_1=-2, sku_9=5)))
    after = changed(here, {"o1-1": 0}, thing(quantity=3))
    assert state(after, MERCHANT) == "ready-for-handling"
    assert stock(after) == [(0, "released"), (3, "confirmed")]
    assert (at(after), at(after, "sku-9")) == (-2, 2)


def test_a_line_added_while_another_one_is_waited_for_may_be_waited_for_too():
    here = paid(placed(line(quantity=3), shelf=shelf(sku_1=2, sku_9=0)))
    after = changed(here, None, thing())
    assert (state(after, MERCHANT), stock(after)) == (
        "authorize-fulfillment", [(3, "wanted"), (1, "wanted")],
    )  # fmt: skip


def test_lines_that_asked_for_no_stock_yet_still_ask_for_none():
    start = draft(line(1, quantity=2), line(2), shelf=shelf(sku_1=9, sku_2=9, sku_9=9))
    here = relined(start, merchant_order(start), {"o1-1": 5, "o1-2": 0}, (thing(),))
    assert isinstance(here, Order)
    assert stock(here) == [(5, "none"), (0, "none"), (1, "none")]
    assert here.shelf == start.shelf


def test_what_is_not_counted_is_always_there():
    here = handled(paid(placed(line())))
    here = changed(here, {"o1-1": 1000}, thing(quantity=1000))
    assert stock(here) == [(1000, "uncounted"), (1000, "uncounted")]
    assert here.shelf == {}


def test_an_incomplete_order_is_not_changed():
    start = replace(draft(line(quantity=2)), deliver_to=None)
    here = place(MARKETPLACE_SELLER, start, actor(Role.CUSTOMER), NOW).order
    assert state(here, MARKETPLACE) == "incomplete"
    assert refused(here, {"o1-1": 1})[0] == "state"


# Any changes, one after the other


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, int], list[DraftLine]]:
    """New quantities of some of the lines that there may be, and perhaps a line to add."""
    quantities = draw(st.dictionaries(st.sampled_from(["o1-1", "o1-2", "o1-4"]), st.integers(0, 6)))
    added = st.builds(
        thing,
        st.sampled_from(["sku-1", "sku-2", "sku-3"]),
        st.integers(1, 4),
        st.integers(50, 999),
        st.integers(0, 50),
        st.integers(0, 99),
    )
    return quantities, draw(st.lists(added, max_size=1))


def stocked(here: Order) -> dict[tuple[str, str], int]:
    """What is on the shelf and what the order claims of it, by merchant and SKU."""
    found = claims(here)
    return {
        key: left + sum((found[key].held, found[key].confirmed, found[key].off_shelf) if key in found else ())
        for key, left in here.shelf.items()
    }


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 8),
    st.integers(0, 8),
    st.sampled_from(["unpaid", "paid", "captured", "handled"]),
    st.lists(changes(), max_size=6),
)
def test_any_changes_keep_within_the_shelf_and_the_sums_exact(
    first: int, second: int, stage: str, wanted: list[tuple[dict[str, int], list[DraftLine]]]
):
    on_hand = shelf(sku_1=first, sku_2=second)
    here = placed(
        line(1, quantity=2, unit_price=333, discount=100, tax=57, shipping=30),
        line(2, quantity=1, unit_price=999, discount=1, tax=3),
        line(3, merchant_id="m2"),
        shelf=on_hand,
    )
    other = here.lines[2]
    if stage != "unpaid":
        here = paid(here, captured=stage == "captured")
    if stage == "handled" and state(here, MERCHANT) == "window-to-cancel":
        here = handled(here)
    for quantities, added in wanted:
        answer = tried_change(here, quantities, *added)
        if isinstance(answer, Refusal):
            assert answer.rule in ("lines", "total", "stock")
            continue
        before, here = here, answer.order
        assert stocked(here) == on_hand
        assert all(left >= 0 for left in here.shelf.values())
        for one in here.lines:
            assert 0 <= one.discount <= one.items
            assert one.total >= 0
            assert 0 <= one.refunded + one.reserved <= one.captured
        assert here.line("o1-3") is not None
        assert here.line("o1-3").total == other.total  # pyright: ignore[reportOptionalMemberAccess]
        theirs = merchant_order(here)
        assert bool(wanting(here, theirs)) <= (state(here, MERCHANT) in WAITING)
        total = sum(one.total for one in here.lines_of(theirs))
        net = sum(max(x.approved, x.captured) - x.refunded - x.reserved for x in here.lines_of(theirs))
        assert net <= total or stage == "unpaid"
        assert due(here) == max(0, total - net) + (other.total if stage == "unpaid" else 0)
        if answer.entries:
            given = answer.entries[0].input
            assert given["total_after"] == total
            assert given["total_before"] == sum(x.total for x in before.lines_of(merchant_order(before)))
