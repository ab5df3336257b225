"""The demo's orders: every state there is, the carts' exact totals, once, and no different from real ones.

Those of the store flows have a file of their own.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from domain.actors import Party
from domain.order import Order
from domain.outcome import Outcome
from graph.demo import seed
from graph.demo_lives import SHOP, demo_orders, drafted, lived
from graph.demo_store_lives import store_orders
from graph.demo_stories import DEPOT, HERBS, MERCHANTS, SHIRTS, SWEATER
from storage.client import Database
from storage.deadlines import DeadlineWorker
from storage.merchants import Merchants
from storage.orders import Orders, Where
from storage.ready_made import store
from storage.scope import Scope
from tests.past import document, orders_at
from tests.stores import PROCESS, Decided, Store

# A moment whose milliseconds and seconds are not zero, as they never are.
NOW = datetime.now(UTC).replace(microsecond=123_000)
ALL = len(demo_orders()) + len(store_orders())
EVERYTHING = Scope.marketplace()


@pytest.fixture(scope="module")
def lives() -> list[list[Outcome]]:
    """The life of each demo order, in their order."""
    return [lived(PROCESS, demo, NOW, f"o{demo.number}", f"R-{demo.number}") for demo in demo_orders()]


@pytest.fixture(scope="module")
def orders(lives: list[list[Outcome]]) -> list[Order]:
    """The demo orders as they stand now."""
    return [life[-1].order for life in lives]


def test_every_state_of_every_machine_occurs(orders: list[Order]) -> None:
    there = {
        (position.machine, position.state)
        for order in orders
        for line in order.lines
        for position in line.positions.values()
    }
    assert there == {(machine.name, code) for machine in PROCESS.machines for code in machine.states}


def test_totals_are_the_carts_to_the_cent(orders: list[Order]) -> None:
    totals: dict[tuple[str, ...], set[tuple[int, ...]]] = {}
    for order in orders:
        by_merchant = Counter[str]()
        for line in order.lines:
            by_merchant[line.merchant_id] += line.total
        assert sum(by_merchant.values()) == order.total
        skus = tuple(line.sku for line in order.lines)
        totals.setdefault(skus, set()).add((*by_merchant.values(), order.total))
    assert totals == {
        tuple(line.sku for line in SHIRTS.lines): {(5458, 6208, 11666)},
        tuple(line.sku for line in HERBS.lines): {(10221, 10221)},
        tuple(line.sku for line in SWEATER.lines): {(4450, 4450)},
    }


def test_there_are_a_few_hundred_of_each_cart_and_merchant_in_the_past_sixty_days(
    orders: list[Order],
) -> None:
    assert 200 <= len(orders) <= 500
    sold = Counter(line.merchant_id for order in orders for line in order.lines)
    assert sold.keys() == {merchant.id for merchant in MERCHANTS}
    assert min(sold.values()) >= 50
    oldest = min(order.placed_at for order in orders)
    assert timedelta(days=45) < NOW - oldest <= timedelta(days=60)
    assert max(order.changed_at for order in orders) <= NOW


def test_each_order_lives_forward_in_time_and_leaves_nothing_overdue(lives: list[list[Outcome]]) -> None:
    for life in lives:
        entries = [entry for outcome in life for entry in outcome.entries]
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        assert [deadline for deadline in life[-1].order.deadlines if deadline.at <= NOW] == []


def test_the_demo_is_the_same_each_time(lives: list[list[Outcome]]) -> None:
    again = [lived(PROCESS, demo, NOW, f"o{demo.number}", f"R-{demo.number}") for demo in demo_orders()]
    assert again == lives


def test_refunds_wait_for_the_outside_provider_in_some_orders(orders: list[Order]) -> None:
    assert 0 < sum(order.reserved > 0 for order in orders) < 50


async def test_filling_twice_adds_nothing(database: Database) -> None:
    made = await seed(database, NOW)
    before = await database.collection("orders").find({}).to_list()

    assert await seed(database, NOW + timedelta(minutes=5)) == 0

    assert made == len(before) == ALL
    assert await database.collection("orders").find({}).to_list() == before
    assert (await Merchants(database).get_many([DEPOT.id]))[DEPOT.id].policies == {
        "merchant_process": "merchant-distribution"
    }


async def test_what_was_cut_short_is_completed(mock_store: Store) -> None:
    database = mock_store.database
    await seed(database, NOW)
    orders = database.collection("orders")
    await orders.delete_many({"external_reference": {"$in": ["demo-0001", "demo-0200", "demo-store-048"]}})
    assert await seed(database, NOW) == 3
    assert await Orders(database, mock_store.clock, lambda _: None).count(EVERYTHING, Where()) == ALL


@pytest.mark.parametrize("number", [1, 24, 60, 85])
async def test_an_order_with_a_past_is_stored_as_if_each_step_had_been_written_here(
    mock_store: Store, mock_database: Database, number: int
) -> None:
    demo = demo_orders()[number - 1]
    placed_at = lived(PROCESS, demo, NOW, "draft", "draft")[0].order.placed_at
    draft = drafted(PROCESS, demo, placed_at, "draft", "draft")

    written_here = mock_store.database
    placed = (await orders_at(written_here, placed_at).place(draft, PROCESS, SHOP, None)).order
    life = lived(PROCESS, demo, NOW, placed.id, placed.reference)
    for outcome in life[1:]:
        orders = orders_at(written_here, outcome.order.changed_at)
        await orders.change(placed.id, lambda *_, outcome=outcome: Decided(outcome))

    await store(mock_database, [life])

    written = await document(written_here, placed.id)
    ready_made = await document(mock_database, placed.id)
    assert written.keys() == ready_made.keys()
    assert written == ready_made


async def test_the_clock_goes_on_with_demo_orders(mock_store: Store) -> None:
    await seed(mock_store.database, await mock_store.clock.now())
    worker = DeadlineWorker(mock_store.orders, mock_store.clock)
    assert await worker.run_due() == 0
    await mock_store.clock.advance(timedelta(minutes=31))
    assert await worker.run_due() > 0
    where = Where(state=(Party.MARKETPLACE, "paid"))
    assert await mock_store.orders.count(EVERYTHING, where) == 0
