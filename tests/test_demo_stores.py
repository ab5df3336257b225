"""The demo's orders of the store flows: every state there is, and stock that agrees with what they claim."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.actors import Audience, Party
from domain.check import explore
from domain.commands import CommandKind, CommandStatus
from domain.invoiced import left_to_invoice, outputs
from domain.order import MerchantOrder, Order
from domain.outcome import Outcome
from domain.process import Process
from domain.processes import process_of
from domain.processes.store_statuses import (
    AUTHORIZE_FULFILLMENT,
    CANCEL,
    INCOMPLETE,
    INVOICE,
    WAITING_FFMT_AUTHORIZATION,
    WINDOW_TO_CHANGE_SELLER,
)
from domain.status import status_of_unit
from domain.stocking import wanting
from graph.demo import seed
from graph.demo_lives import SHOP
from graph.demo_store_lives import drafted_in_store, lived_in_store, store_orders
from graph.demo_store_stories import IN_STOCK
from storage.client import Database
from storage.clock import Clock
from storage.indexes import ensure
from storage.orders import Orders
from storage.ready_made import shelve, store
from storage.stock import Stock
from storage.stock_waker import StockWaker
from tests.past import document, orders_at
from tests.soundness import assert_money, assert_not_stuck, assert_stock, assert_totals
from tests.store_walks import STORES
from tests.stores import Decided, Store

# A moment whose milliseconds and seconds are not zero, as they never are.
NOW = datetime.now(UTC).replace(microsecond=123_000)


@pytest.fixture(scope="module")
def lives() -> list[list[Outcome]]:
    """The life of each order, in their order."""
    return [lived_in_store(demo, NOW, f"o{demo.number}", f"R-{demo.number}") for demo in store_orders()]


@pytest.fixture(scope="module")
def orders(lives: list[list[Outcome]]) -> list[Order]:
    """The orders as they stand now."""
    return [life[-1].order for life in lives]


@pytest.mark.parametrize("process", STORES.values(), ids=STORES)
def test_every_state_in_which_an_order_can_rest_occurs(process: Process, orders: list[Order]) -> None:
    there = {
        (position.machine, position.state)
        for order in orders
        if order.process == process.name
        for theirs in order.merchant_orders
        for position in theirs.positions.values()
    }
    resting = {
        (machine.name, stands[i])
        for found in explore(process)
        for stands in found.combinations
        for i, machine in enumerate(found.machines)
        if stands[i] is not None
    }
    # The check of a process does not know what guards answer; a request to cancel is passed on to the
    # merchant at once, so that nobody is left waiting in this state for as long as one is undecided.
    assert resting - there <= {("merchant", WAITING_FFMT_AUTHORIZATION)}


def test_the_customer_reads_something_of_every_order_that_is_complete(orders: list[Order]) -> None:
    for order in orders:
        for theirs in order.merchant_orders:
            status = status_of_unit(process_of(order), order, theirs, Audience.STOREFRONT)
            if state(theirs) == INCOMPLETE:
                assert status is None
            else:
                assert status, f"{order.external_reference}: {state(theirs)}"
                assert status.label.strip(" -")


def test_what_is_invoiced_reads_as_in_transit_as_being_delivered_and_as_delivered(
    orders: list[Order],
) -> None:
    read = {
        status.label
        for order in orders
        for theirs in order.merchant_orders
        if state(theirs) == "invoiced"
        and (status := status_of_unit(process_of(order), order, theirs, Audience.STOREFRONT))
    }
    assert read == {"In transit to carrier", "Delivering order", "Order shipped"}


WORTH_SEEING: dict[str, Callable[[Order, MerchantOrder], bool]] = {
    "waits for stock": lambda order, theirs: (
        AUTHORIZE_FULFILLMENT in states(theirs) and bool(wanting(order, theirs))
    ),
    "authorized by its merchant without the payment": lambda _, theirs: (
        theirs.overridden_at is not None and theirs.approved_at is None
    ),
    "asked to be canceled, and not decided": lambda _, theirs: any(
        request.verdict is None for request in theirs.requests
    ),
    "asked to be canceled, and denied": lambda _, theirs: any(
        request.verdict == "denied" for request in theirs.requests
    ),
    "invoiced in part": lambda order, theirs: bool(outputs(theirs)) and left_to_invoice(order, theirs) > 0,
    "its invoice waits for the payment provider": lambda order, theirs: (
        state(theirs) == INVOICE and asked(order, theirs, CommandStatus.PENDING, CommandKind.CAPTURE)
    ),
    "its cancellation waits for the payment provider": lambda order, theirs: (
        state(theirs) == CANCEL and asked(order, theirs, CommandStatus.PENDING, CommandKind.VOID)
    ),
    "the payment provider refused its refund": lambda order, theirs: (
        state(theirs) == CANCEL and asked(order, theirs, CommandStatus.REFUSED, CommandKind.REFUND)
    ),
    "taken over by another merchant": lambda _, theirs: theirs.replaced_by is not None,
    "to be put back on the shelf": lambda _, theirs: any(not row.done for row in theirs.restocks),
    "taken back": lambda _, theirs: len(theirs.invoices) > len(outputs(theirs)),
}


@pytest.mark.parametrize("kind", WORTH_SEEING)
def test_of_what_is_worth_seeing_there_is_some(kind: str, orders: list[Order]) -> None:
    is_one = WORTH_SEEING[kind]
    assert any(is_one(order, theirs) for order in orders for theirs in order.merchant_orders)


def test_each_is_as_sound_as_an_order_that_people_made(orders: list[Order]) -> None:
    for order in orders:
        assert_totals(order)
        for theirs in order.merchant_orders:
            assert_not_stuck(process_of(order), order, theirs, NOW)
            if state(theirs) != WINDOW_TO_CHANGE_SELLER:  # canceled, but its money waits for the next one
                assert_money(order, theirs)


def test_each_lives_forward_in_time_and_leaves_nothing_overdue(lives: list[list[Outcome]]) -> None:
    for life in lives:
        entries = [entry for outcome in life for entry in outcome.entries]
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        assert timedelta(0) <= NOW - entries[-1].at < timedelta(days=60)
        assert [deadline for deadline in life[-1].order.deadlines if deadline.at <= NOW] == []


async def test_the_stock_is_what_follows_from_all_orders(mock_store: Store, orders: list[Order]) -> None:
    stock = Stock(mock_store.database, mock_store.clock, mock_store.orders)
    await seed(mock_store.database, NOW)
    await seed(mock_store.database, NOW)

    rows = (await stock.page(None, 50)).items

    assert {(row.merchant_id, row.sku): row.available for row in rows} == IN_STOCK
    assert min(row.held for row in rows) > 0
    for row in rows:
        assert_stock(row, orders, row.on_hand + row.acknowledged)


async def test_those_that_wait_for_stock_go_on_once_it_is_counted(
    database: Database, lives: list[list[Outcome]]
) -> None:
    await ensure(database)
    waiting = [
        life for life in lives if any(wanting(life[-1].order, m) for m in life[-1].order.merchant_orders)
    ]
    shown = Orders(database, Clock(database, test=True), lambda _: None)
    await shelve(database, IN_STOCK, [life[-1].order for life in waiting], NOW)
    await store(database, waiting)
    [(merchant, sku)] = {(line.merchant_id, line.sku) for life in waiting for line in life[-1].order.lines}
    assert await StockWaker(shown).run_due() == 0

    await Stock(database, shown.clock, shown).count(merchant, sku, len(waiting))

    assert await StockWaker(shown).run_due() == len(waiting) > 1


@pytest.mark.parametrize("number", [12, 48, 56, 77, 84, 96])
async def test_with_its_past_it_is_stored_as_if_each_act_had_been_written_here(
    number: int, database: Database, mock_database: Database
) -> None:
    await ensure(database)
    demo = store_orders()[number - 1]
    placed_at = lived_in_store(demo, NOW, "draft", "draft")[0].order.placed_at
    draft = drafted_in_store(demo, placed_at, "draft", "draft")
    at_first = orders_at(database, placed_at)
    stock = Stock(database, Clock(database), at_first)
    for (merchant, sku), pieces in draft.shelf.items():
        await stock.count(merchant, sku, pieces)

    placed = (await at_first.place(draft, demo.process, SHOP, None)).order
    life = lived_in_store(demo, NOW, placed.id, placed.reference)
    for outcome in life[1:]:
        orders = orders_at(database, outcome.order.changed_at)
        await orders.change(placed.id, lambda *_, outcome=outcome: Decided(outcome))
    rows = (await stock.page(None, 50)).items
    left = {(row.merchant_id, row.sku): row.available for row in rows}
    await shelve(mock_database, left, [life[-1].order], NOW)
    await store(mock_database, [life])

    assert await document(database, placed.id) == await document(mock_database, placed.id)
    for row in rows:
        assert_stock(row, [life[-1].order], row.on_hand + row.acknowledged)


def state(theirs: MerchantOrder) -> str:
    """Where the marketplace's machine stands."""
    return theirs.positions[Party.MARKETPLACE].state


def states(theirs: MerchantOrder) -> set[str]:
    """Where its machines stand."""
    return {position.state for position in theirs.positions.values()}


def asked(order: Order, theirs: MerchantOrder, status: CommandStatus, kind: CommandKind) -> bool:
    """Whether the payment provider was asked for this with this result."""
    return any((c.unit, c.status, c.kind) == (theirs.id, status, kind) for c in order.commands)
