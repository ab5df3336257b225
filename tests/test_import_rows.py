"""The promises about one row of an import: what it means, what it does, and what is said when it does not."""

from dataclasses import replace
from typing import Any

import pytest

from domain.order import Order
from domain.process import UnitKind
from domain.processes import PROCESSES
from graph.imports.events import _CALLED, event_in, event_named
from graph.imports.kinds import PAYMENTS, STATUS
from graph.imports.rows import RowOutcome, RowResult
from tests.acting import ADMIN, M1, M2, Answer, Api, line, states
from tests.importing import imported
from tests.store_orders import kept
from tests.stories import handled, placed, ready

APPLIED, ALREADY = RowOutcome.APPLIED, RowOutcome.ALREADY
REFUSED, INVALID = RowOutcome.REFUSED, RowOutcome.INVALID


def outcomes(results: list[RowResult]) -> list[RowOutcome]:
    return [result.outcome for result in results]


def one(results: list[RowResult]) -> RowResult:
    [result] = results
    return result


def ship(order: Answer, **more: str) -> dict[str, str]:
    return {"order_reference": order["reference"], "event": "ship", **more}


async def everything(api: Api, order: Answer) -> tuple[Order, Any]:
    """The order and its history as they are stored."""
    here = await kept(api, order)
    return here, await api.services.orders.history(here.id, 0, 1000)


# What a row does


async def test_a_row_ships_the_merchants_lines_with_what_it_says_of_the_shipment(api: Api):
    order = await api.sent(line("A-1"), line("A-2"), line("B-1", "m2"))
    row = ship(order, carrier="DHL", tracking_number="JD01", expected_delivery="2026-12-24")
    assert one(await imported(api, M1, STATUS, row)) == RowResult(2, APPLIED)
    mine = [each for each in (await api.now(order))["lines"] if each["merchantId"] == "m1"]
    told = {"carrier": "DHL", "trackingNumber": "JD01", "expectedDelivery": "2026-12-24"}
    assert [each["shipment"] for each in mine] == [told, told]
    assert states(await api.now(order))[2] == ["sent_to_merchant", "new"]


async def test_a_row_means_the_line_or_the_sku_that_it_names(api: Api):
    order = await api.sent(line("A-1"), line("A-2"), line("A-3"))
    by_id = ship(order, line_id=order["lines"][0]["id"])
    by_sku = ship(order, sku="A-3")
    assert outcomes(await imported(api, M1, STATUS, by_id, by_sku)) == [APPLIED, APPLIED]
    assert [at[1] for at in states(await api.now(order))] == ["shipped", "new", "shipped"]


async def test_an_order_may_be_called_by_the_merchant_orders_reference_in_any_case(api: Api):
    order = await api.sent()
    theirs = (await api.seen_by(M1, order))["reference"]
    assert theirs == f"{order['reference']}-1"
    row = {"order_reference": theirs.lower(), "event": "Shipped"}
    assert outcomes(await imported(api, M1, STATUS, row)) == [APPLIED]


async def test_rows_of_one_line_apply_in_the_order_of_the_file(api: Api):
    order = await api.sent(line("A-1"))
    deliver = {"order_reference": order["reference"], "event": "delivered", "at": "2026-11-20"}
    forth = await imported(api, M1, STATUS, ship(order), deliver)
    assert outcomes(forth) == [APPLIED, APPLIED]
    assert (await api.now(order))["lines"][0]["deliveredOn"] == "2026-11-20"
    back = await imported(api, M1, STATUS, deliver, ship(await api.sent(line("A-1"))))
    assert outcomes(back) == [ALREADY, APPLIED]
    another = await api.sent(line("A-1"))
    too_early = {**deliver, "order_reference": another["reference"]}
    assert outcomes(await imported(api, M1, STATUS, too_early, ship(another))) == [REFUSED, APPLIED]


async def test_rows_of_one_order_are_one_change_of_it(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    rows = [ship(order, sku="A-1"), ship(order, sku="A-2"), {**ship(order, sku="A-1"), "event": "deliver"}]
    assert outcomes(await imported(api, M1, STATUS, *rows)) == [APPLIED] * 3
    assert (await api.now(order))["version"] == order["version"] + 1


async def test_the_day_of_delivery_is_the_day_that_the_row_writes_whatever_its_zone(api: Api):
    order = await api.sent(line("A-1"))
    row = {"order_reference": order["reference"], "event": "deliver", "at": "2026-11-20T23:30:00-05:00"}
    await imported(api, M1, STATUS, ship(order), row)
    assert (await api.now(order))["lines"][0]["deliveredOn"] == "2026-11-20"


# The same again


async def test_the_same_rows_twice_change_nothing_even_where_later_rows_moved_on(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    rows = [
        ship(order, sku="A-1", carrier="DHL", tracking_number="JD01", expected_delivery="2026-12-24"),
        {**ship(order, sku="A-1"), "event": "deliver", "at": "2026-11-20T10:00:00Z"},
        {**ship(order, sku="A-2"), "event": "cancel", "reason": "sold out"},
    ]
    assert outcomes(await imported(api, M1, STATUS, *rows)) == [APPLIED] * 3
    before = await everything(api, order)
    assert outcomes(await imported(api, M1, STATUS, *rows)) == [ALREADY] * 3
    assert await everything(api, order) == before


async def test_the_same_rows_by_a_colleague_change_nothing_either(api: Api):
    order = await api.sent(line("A-1"))
    rows = [ship(order), {**ship(order), "event": "deliver"}]
    await imported(api, M1, STATUS, *rows)
    assert outcomes(await imported(api, replace(M1, sub="colleague"), STATUS, *rows)) == [ALREADY] * 2


async def test_another_day_of_delivery_is_refused_naming_the_column_that_says_it(api: Api):
    order = await api.sent(line("A-1"))
    rows = [{**ship(order), "event": "deliver", "at": day} for day in ("2026-01-02", "2026-01-03")]
    results = await imported(api, M1, STATUS, ship(order), *rows)
    assert outcomes(results) == [APPLIED, APPLIED, REFUSED]
    assert results[2].column == "at"
    assert results[2].message == "deliver was done already, and not with this at; nothing was changed."


async def test_another_shipment_of_what_is_shipped_is_refused_not_taken_for_the_same(api: Api):
    order = await api.sent(line("A-1"))
    another = ship(order, tracking_number="JD02")
    await imported(api, M1, STATUS, ship(order, tracking_number="JD01", carrier="DHL"))
    result = one(await imported(api, M1, STATUS, another))
    assert (result.outcome, result.column) == (REFUSED, "tracking_number")
    assert result.message == "ship was done already, and not with this tracking_number; nothing was changed."
    await imported(api, M1, STATUS, {**ship(order), "event": "deliver"})
    assert one(await imported(api, M1, STATUS, another)).code == "TRANSITION_NOT_ALLOWED"


async def test_a_row_that_says_less_than_what_was_done_is_so_already(api: Api):
    order = await api.sent(line("A-1"))
    await imported(api, M1, STATUS, ship(order, tracking_number="JD01", carrier="DHL"))
    assert outcomes(await imported(api, M1, STATUS, ship(order, carrier="DHL"), ship(order))) == [ALREADY] * 2


async def test_a_row_that_comes_twice_in_a_file_is_applied_once(api: Api):
    order = await api.sent(line("A-1"))
    rows = [ship(order), {**ship(order), "event": "deliver"}]
    assert outcomes(await imported(api, M1, STATUS, *rows, *rows)) == [APPLIED, APPLIED, ALREADY, ALREADY]


def test_rows_of_one_order_stand_together_however_they_spell_it():
    spelled = ("ABCD-2345", "abcd-2345", "ABCD-2345-1", "abcd-2345-12")
    assert {STATUS.columns.order_of(ship({"reference": each})) for each in spelled} == {"ABCD-2345"}


async def test_what_was_done_by_a_button_is_so_already_for_a_row_that_says_the_same(api: Api):
    order = await api.delivered(line("A-1"))
    assert outcomes(await imported(api, M1, STATUS, ship(order), {**ship(order), "event": "deliver"})) == [
        ALREADY,
        ALREADY,
    ]


# What is refused, and what is invalid


async def test_a_refused_row_says_why_and_what_is_possible_instead(api: Api):
    order = await api.sent(line("A-1"))
    result = one(await imported(api, M1, STATUS, {**ship(order), "event": "deliver"}))
    assert (result.outcome, result.code) == (REFUSED, "TRANSITION_NOT_ALLOWED")
    assert result.possible == ("ship", "cancel")
    assert result.message == "deliver is not possible now; you could: ship, cancel."


async def test_rows_about_what_is_somebody_elses_read_as_rows_about_nothing(api: Api):
    order = await api.sent(line("A-1"), line("B-1", "m2"))
    alone = await api.sent(line("B-2", "m2"))
    before = [await everything(api, each) for each in (order, alone)]
    foreign = order["lines"][1]["id"]
    theirs = f"{order['reference']}-2"
    rows = [
        ({"order_reference": alone["reference"]}, {"order_reference": "ZZZZ-ZZZZ"}),
        ({"order_reference": theirs}, {"order_reference": f"{order['reference']}-9"}),
        (
            {"order_reference": order["reference"], "line_id": foreign},
            {"order_reference": order["reference"], "line_id": "TGluZTpub25l"},
        ),
        (
            {"order_reference": order["reference"], "sku": "B-1"},
            {"order_reference": order["reference"], "sku": "NONE"},
        ),
    ]
    for somebody_elses, nothing in rows:
        for event in ("ship", "cancel", "invoice", "pack"):
            found = one(await imported(api, M1, STATUS, {**somebody_elses, "event": event, "reason": "r"}))
            missing = one(await imported(api, M1, STATUS, {**nothing, "event": event, "reason": "r"}))
            assert found == missing
            assert found.outcome is REFUSED
            assert found.code == "NOT_FOUND"
    assert [await everything(api, each) for each in (order, alone)] == before


@pytest.mark.parametrize(
    ("said", "column", "sentence"),
    [
        ({"event": "cancel"}, "reason", "reason"),
        ({"event": "ship", "reason": "why"}, "reason", "ship takes no reason."),
        ({"event": "deliver", "carrier": "DHL"}, "carrier", "deliver takes no carrier."),
        ({"event": "ship", "expected_delivery": "24.12.2026"}, "expected_delivery", "2026-12-31"),
        ({"event": "ship", "at": "yesterday"}, "at", "2026-12-31T14:30:00Z"),
        ({"event": "ship", "at": "0001-01-01"}, "at", "2026-12-31"),
        ({"event": "ship", "carrier": "x" * 201}, "carrier", "200 characters"),
        ({"event": "ship", "line_id": "a", "sku": "b"}, "sku", "not by both"),
        ({"event": "ship", "invoice_number": "F-1"}, "invoice_number", "ship takes no invoice_number."),
        ({"event": "", "at": "2026-11-20"}, "event", "Every row needs a value in event."),
    ],
)
async def test_an_invalid_row_names_its_column_and_says_what_would_do(
    api: Api, said: dict[str, str], column: str, sentence: str
):
    order = await api.sent(line("A-1"))
    if said["event"] == "deliver":
        await imported(api, M1, STATUS, ship(order))
    before = await everything(api, order)
    row = {name: value for name, value in {**ship(order), **said}.items() if value}
    result = one(await imported(api, M1, STATUS, row))
    assert (result.outcome, result.column) == (INVALID, column)
    assert sentence in (result.message or "")
    assert await everything(api, order) == before


async def test_a_row_of_several_lines_is_applied_to_all_that_can_or_to_none(api: Api):
    order = await api.sent(line("A-1"), line("A-1"), line("A-2"))
    await imported(api, M1, STATUS, ship(order, line_id=order["lines"][0]["id"]))
    assert outcomes(await imported(api, M1, STATUS, ship(order, tracking_number="JD02"))) == [APPLIED]
    assert [at[1] for at in states(await api.now(order))] == ["shipped"] * 3


async def test_a_row_of_the_whole_order_moves_the_lines_that_can_move(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    cancel = {**ship(order, sku="A-1"), "event": "cancel", "reason": "sold out"}
    assert outcomes(await imported(api, M1, STATUS, cancel, ship(order))) == [APPLIED, APPLIED]
    assert [at[1] for at in states(await api.now(order))] == ["canceled_by_merchant", "shipped"]


async def test_an_event_of_another_process_is_refused_with_what_is_possible(api: Api):
    result = one(await imported(api, M1, STATUS, {**ship(await api.sent(line("A-1"))), "event": "packed"}))
    assert (result.outcome, result.possible) == (REFUSED, ("ship", "cancel"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Shiped", "There is no event 'Shiped'. Is shipped meant?"),
        ("teleport", "There is no event 'teleport'."),
    ],
)
async def test_an_event_that_nobody_knows_is_invalid_and_what_is_near_is_named(
    api: Api, text: str, sentence: str
):
    result = one(await imported(api, M1, STATUS, {**ship(await api.sent(line("A-1"))), "event": text}))
    assert (result.outcome, result.column, result.message) == (INVALID, "event", sentence)


async def test_a_row_refused_or_invalid_leaves_the_others_of_its_order_alone(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    rows = [ship(order, sku="A-1"), ship(order, sku="NONE"), ship(order, at="?"), ship(order, sku="A-2")]
    assert outcomes(await imported(api, M1, STATUS, *rows)) == [APPLIED, REFUSED, INVALID, APPLIED]


# Words


def test_every_word_for_a_state_leads_to_an_event_of_some_process():
    events = {
        move.event
        for process in PROCESSES.values()
        for machine in process.machines
        for state in machine.states.values()
        for move in state.moves
    }
    assert set(_CALLED.values()) <= events
    assert not events & _CALLED.keys()
    kinds = {process.unit for process in PROCESSES.values()}
    assert kinds == {UnitKind.LINE, UnitKind.MERCHANT_ORDER}


@pytest.mark.parametrize("text", ["Shipped", "SHIP", " ship ", "shipped"])
def test_an_event_is_called_by_its_name_or_by_the_state_that_it_leads_to(text: str):
    assert event_named(text) == "ship"
    assert event_named("Return-Rejected") == event_named("return rejected") == "reject_return"


def test_where_merchant_orders_move_shipped_and_delivered_are_said_of_an_invoice():
    for process in PROCESSES.values():
        lines = process.unit is UnitKind.LINE
        assert event_in(process, "deliver") == ("deliver" if lines else "update_tracking")


# Store orders


async def test_a_merchants_file_handles_packs_invoices_and_delivers_a_store_order_once(api: Api):
    here = await ready(api)
    reference = here.order["reference"]
    rows = [
        {"order_reference": reference, "event": "Handled"},
        {
            "order_reference": reference,
            "event": "Invoiced",
            "invoice_number": "F-1",
            "at": "2026-11-20",
            "carrier": "DHL",
        },
        {"order_reference": reference, "event": "Shipped", "tracking_number": "JD01"},
        {"order_reference": reference, "event": "Delivered"},
    ]
    results = await imported(api, M1, STATUS, *rows)
    assert outcomes(results) == [APPLIED] * 4, results
    await here.look()
    assert here.order["merchantOrders"][0]["leftToInvoice"]["minorUnits"] == 0
    [invoice] = (await kept(api, here.order)).merchant_orders[0].invoices
    assert (invoice.number, invoice.courier) == ("F-1", "DHL")
    assert invoice.tracking is not None
    assert (invoice.tracking.number, invoice.tracking.delivered) == ("JD01", True)
    before = await everything(api, here.order)
    again = await imported(api, M1, STATUS, *rows)
    assert outcomes(again) == [ALREADY] * 4, again
    assert await everything(api, here.order) == before


async def test_a_row_may_not_name_a_line_where_lines_move_together(api: Api):
    here = await ready(api)
    result = one(
        await imported(
            api, M1, STATUS, {"order_reference": here.order["reference"], "event": "handled", "sku": "A-1"}
        )
    )
    assert (result.outcome, result.column) == (INVALID, "sku")


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ({}, "invoice_number"),
        ({"invoice_number": "§"}, "invoice_number"),
        ({"invoice_number": "F-1", "invoice_value": "12,50"}, "invoice_value"),
        ({"invoice_number": "F-1", "invoice_value": "99.00"}, "invoice_value"),
        ({"invoice_number": "F-1", "invoice_url": "javascript:alert(1)"}, "invoice_url"),
        ({"invoice_number": "F-1", "reason": "why"}, "reason"),
    ],
)
async def test_a_wrong_invoice_names_its_column(api: Api, said: dict[str, str], column: str):
    here = await handled(api)
    before = await everything(api, here.order)
    row = {"order_reference": here.order["reference"], "event": "invoiced", **said}
    result = one(await imported(api, M1, STATUS, row))
    assert result.column == column
    assert result.outcome in (INVALID, REFUSED)
    assert await everything(api, here.order) == before


async def test_a_row_invoices_what_other_invoices_have_left(api: Api):
    here = await handled(api, line("A-1", quantity=3), line("A-2"))
    await here.invoices("F-1", 1, 1, value="20.00")
    row = {"order_reference": here.order["reference"], "event": "invoiced", "invoice_number": "F-2"}
    assert one(await imported(api, M1, STATUS, row)).outcome is APPLIED
    rest = (await kept(api, here.order)).merchant_orders[0].invoices[1]
    assert (rest.value, [each.quantity for each in rest.lines]) == (2000, [2])


async def test_a_row_that_another_role_would_have_to_send_is_refused(api: Api):
    here = await placed(api)
    await here.pays()
    row = {"order_reference": here.order["reference"], "event": "confirm_handling"}
    assert one(await imported(api, M1, STATUS, row)).outcome is REFUSED


async def test_another_merchants_store_order_is_not_there(api: Api):
    here = await ready(api)
    row = {"order_reference": here.order["reference"], "event": "handled"}
    assert one(await imported(api, M2, STATUS, row)).code == "NOT_FOUND"


# Payments


def payment(order: Answer, amount: str, **more: str) -> dict[str, str]:
    said = {"reference": "pay-1", "amount": amount, "currency": "EUR"}
    return {"order_reference": order["reference"], **said, **more}


async def test_a_payment_is_recorded_once_however_often_its_row_comes(api: Api):
    order = await api.placed(line("A-1"))
    row = payment(order, "10.00")
    assert outcomes(await imported(api, ADMIN, PAYMENTS, row, row)) == [APPLIED, ALREADY]
    assert outcomes(await imported(api, ADMIN, PAYMENTS, row)) == [ALREADY]
    assert (await api.now(order))["payment"]["captured"]["minorUnits"] == 1000


async def test_payments_of_one_order_add_up_and_the_order_may_be_called_as_its_shop_calls_it(api: Api):
    order = await api.placed(line("A-1"), externalReference="shop-7")
    row = {"external_reference": "shop-7", "amount": "4.00", "currency": "eur", "reference": "p1"}
    rest = {**row, "amount": "6.00", "reference": "p2"}
    assert outcomes(await imported(api, ADMIN, PAYMENTS, row, rest)) == [APPLIED, APPLIED]
    assert (await api.now(order))["payment"]["due"]["minorUnits"] == 0


@pytest.mark.parametrize(
    ("said", "outcome", "column"),
    [
        ({"amount": "10.01"}, REFUSED, "amount"),
        ({"amount": "0"}, INVALID, "amount"),
        ({"amount": "10,00"}, INVALID, "amount"),
        ({"amount": "-1"}, INVALID, "amount"),
        ({"currency": "USD"}, INVALID, "currency"),
        ({"currency": "GOLD"}, INVALID, "currency"),
        ({"captured": "maybe"}, INVALID, "captured"),
        ({"reference": "x" * 201}, INVALID, "reference"),
        ({"order_reference": "ZZZZ-ZZZZ"}, REFUSED, "order_reference"),
    ],
)
async def test_a_payment_that_cannot_be_booked_names_its_column_and_books_nothing(
    api: Api, said: dict[str, str], outcome: RowOutcome, column: str
):
    order = await api.placed(line("A-1"), externalReference="shop-7")
    before = await everything(api, order)
    result = one(await imported(api, ADMIN, PAYMENTS, {**payment(order, "10.00"), **said}))
    assert (result.outcome, result.column) == (outcome, column)
    assert await everything(api, order) == before


async def test_the_same_reference_with_another_amount_is_refused(api: Api):
    order = await api.placed(line("A-1"))
    rows = [payment(order, "4.00"), payment(order, "5.00")]
    results = await imported(api, ADMIN, PAYMENTS, *rows)
    assert outcomes(results) == [APPLIED, REFUSED]
    assert results[1].column == "reference"
