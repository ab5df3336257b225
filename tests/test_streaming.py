"""What a stream of orders promises: each order of the list once and in its order, few in memory at a time."""

from datetime import UTC, datetime, timedelta

import pytest

from storage import history, streaming
from storage.lists import OrderBy, Where
from storage.scope import Scope
from tests.feeding import stepped
from tests.stores import Store, line

FIVE = (
    timedelta(0),
    timedelta(0),  # two in the same millisecond
    timedelta(milliseconds=1),
    timedelta(days=400),
    timedelta(days=400, seconds=3),
)
SCOPES = (Scope.marketplace(), Scope.merchant("m1"), Scope.customer("c1"))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few orders at a time that some stretches are full."""
    monkeypatch.setattr(streaming, "SIZE", 2)


async def filled(store: Store, *gaps: timedelta) -> None:
    """Orders that were placed, and changed, so long ago."""
    now = await store.clock.now()
    for gap in gaps:
        order = await store.sent(line("A-1", "m1"))
        at = {"placed_at": now - gap, "changed_at": now - gap, "own.m1.changed_at": now - gap}
        await store.database.collection("orders").update_one({"_id": order.id}, {"$set": at})


async def streamed(
    store: Store, scope: Scope, order_by: OrderBy, where: Where | None = None
) -> list[list[str]]:
    stream = store.orders.stream(scope, where or Where(), order_by)
    return [[stored.order.id for stored in some] async for some in stream]


async def test_it_is_the_whole_list_in_its_order(store: Store) -> None:
    await filled(store, *FIVE)
    for scope in SCOPES:
        for order_by in OrderBy:
            page = await store.orders.page(scope, Where(), order_by, first=100)
            found = await streamed(store, scope, order_by)
            assert [order for some in found for order in some] == [order.id for order in page.items]
            assert max(len(some) for some in found) == streaming.SIZE


@pytest.mark.parametrize("order_by", [OrderBy.PLACED_AT_ASC, OrderBy.PLACED_AT_DESC])
async def test_orders_of_another_millennium_and_of_the_future_belong_to_it(
    mock_store: Store, order_by: OrderBy
) -> None:
    now = await mock_store.clock.now()
    await filled(mock_store, now - datetime(1980, 1, 1, tzinfo=UTC), timedelta(0), -timedelta(days=900))
    page = await mock_store.orders.page(Scope.marketplace(), Where(), order_by, first=100)
    found = await streamed(mock_store, Scope.marketplace(), order_by)
    assert [order for some in found for order in some] == [order.id for order in page.items]
    assert len(page.items) == 3


@pytest.mark.parametrize("order_by", OrderBy)
async def test_times_in_the_filter_bound_it(mock_store: Store, order_by: OrderBy) -> None:
    await filled(mock_store, *(timedelta(hours=hours) for hours in range(9)))
    now = await mock_store.clock.now()
    early, late = now - timedelta(hours=6), now - timedelta(hours=2)
    for where in (
        Where(placed_after=early, placed_before=late),
        Where(changed_after=early, changed_before=late),
        Where(placed_after=early, changed_before=late),
        Where(placed_before=now + timedelta(days=10_000)),
        Where(placed_after=datetime(1, 1, 2, tzinfo=UTC)),
    ):
        page = await mock_store.orders.page(Scope.marketplace(), where, order_by, first=100)
        found = await streamed(mock_store, Scope.marketplace(), order_by, where)
        assert [order for some in found for order in some] == [order.id for order in page.items]
        assert page.items


async def test_an_order_that_is_placed_or_moves_meanwhile_changes_nothing_for_the_others(
    mock_store: Store,
) -> None:
    await filled(mock_store, *(timedelta(hours=hours) for hours in range(6)))
    page = await mock_store.orders.page(Scope.marketplace(), Where(), OrderBy.PLACED_AT_DESC, first=100)
    found: list[str] = []
    async for some in mock_store.orders.stream(Scope.marketplace(), Where(), OrderBy.PLACED_AT_DESC):
        found += [stored.order.id for stored in some]
        await mock_store.place()
        orders = mock_store.database.collection("orders")
        await orders.update_many({}, {"$set": {"changed_at": await mock_store.clock.now()}})
    assert found == [order.id for order in page.items]


async def test_no_more_is_read_than_is_taken(mock_store: Store) -> None:
    await filled(mock_store, *(timedelta(hours=hours) for hours in range(9)))
    reads = 0

    async def count(collection: str, command: str) -> None:
        nonlocal reads
        reads += (collection, command) == ("orders", "find")

    counted = Store(stepped(mock_store.database, before=count), mock_store.clock)
    stream = counted.orders.stream(Scope.marketplace(), Where(), OrderBy.PLACED_AT_DESC)
    await anext(stream)
    before = reads
    await stream.aclose()
    assert reads == before
    assert before < 20  # empty stretches: each is twice as long as the one before


async def test_the_history_comes_along_with_what_has_moved_out_of_the_order(
    mock_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await mock_store.sent(line("A-1", "m1"))
    monkeypatch.setattr(history, "EMBEDDED", 2)
    monkeypatch.setattr(history, "KEPT", 1)
    await history.shorten(mock_store.database, order.id)
    assert len((await mock_store.stored(order))["history"]) == 1
    stream = mock_store.orders.stream(Scope.marketplace(), Where(), OrderBy.PLACED_AT_DESC, with_history=True)
    [[stored]] = [some async for some in stream]
    assert list(stored.history) == await mock_store.orders.history(order.id, 0, 100)
    assert [entry.seq for entry in stored.history] == list(range(1, len(stored.history) + 1))
