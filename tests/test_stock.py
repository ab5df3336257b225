"""What storage promises of stock: it follows the orders in the same write; a count drops nothing promised."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from domain.order import Order
from domain.stock import Standing
from storage.client import OutcomeUnknown
from storage.deadlines import DeadlineWorker
from storage.errors import VersionConflict
from storage.orders import Where
from storage.scope import Scope
from tests.feeding import stepped
from tests.stocking import M1, Shop, merchant_state, stands
from tests.stores import losing

MARKETPLACE = Scope.marketplace()
STUCK, READY = "authorize-fulfillment", "ready-for-handling"


# Counting


async def test_a_first_count_makes_the_row(shop: Shop) -> None:
    row = await shop.count("A-1", 5)

    assert (row.on_hand, row.held, row.confirmed, row.acknowledged, row.available) == (5, 0, 0, 0, 5)
    assert row.version == 1
    assert await shop.row("A-1") == row


async def test_a_count_is_refused_when_the_row_is_not_the_one_that_was_read(shop: Shop) -> None:
    row = await shop.stock.count(M1, "A-1", 5, expected_version=0)
    await shop.stock.count(M1, "A-1", 6, expected_version=row.version)

    with pytest.raises(VersionConflict, match="The stock is at version 2, not 1"):
        await shop.stock.count(M1, "A-1", 7, expected_version=row.version)
    with pytest.raises(VersionConflict):
        await shop.stock.count(M1, "A-1", 7, expected_version=0)
    assert (await shop.row("A-1")).on_hand == 6


async def test_there_is_never_less_than_nothing_on_the_shelf(shop: Shop) -> None:
    with pytest.raises(ValueError, match="less than nothing"):
        await shop.count("A-1", -1)
    assert await shop.stock.get(M1, ["A-1"]) == {}


async def test_the_same_count_again_changes_nothing(shop: Shop) -> None:
    first = await shop.stock.count(M1, "A-1", 5, command="k1")

    assert await shop.stock.count(M1, "A-1", 9, command="k1") == first


@pytest.mark.parametrize("command", ["insert_one", "update_one"])
@pytest.mark.parametrize("sent", [True, False])
async def test_a_count_whose_answer_is_lost_is_made_once(shop: Shop, command: str, sent: bool) -> None:
    if command == "update_one":
        await shop.count("A-1", 1)
    before = await shop.stock.get(M1, ["A-1"])

    row = await shop.through(losing(shop.orders.database, command, sent)).count("A-1", 5)

    assert row.on_hand == 5
    assert row.version == len(before) + 1
    assert await shop.row("A-1") == row


async def test_counts_at_once_are_made_one_after_the_other(shop: Shop) -> None:
    rows = await asyncio.gather(*(shop.count("A-1", n) for n in range(5)))

    assert sorted(row.version for row in rows) == [1, 2, 3, 4, 5]
    last = max(rows, key=lambda row: row.version)
    assert await shop.row("A-1") == last


async def test_stock_is_listed_by_merchant_and_sku_without_gaps(shop: Shop) -> None:
    for merchant, sku in (("m1", "B"), ("m1", "A"), ("m1", "a|b"), ("m10", "A"), ("m2", "A")):
        await shop.stock.count(merchant, sku, 1)

    async def listed(merchant: str | None) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        after = None
        while True:
            page = await shop.stock.page(merchant, 2, after)
            found += [(row.merchant_id, row.sku) for row in page.items]
            if not page.has_next:
                return found
            after = page.items[-1].id

    assert await listed("m1") == [("m1", "A"), ("m1", "B"), ("m1", "a|b")]
    assert await listed("m2") == [("m2", "A")]
    assert sorted(await listed(None)) == [
        ("m1", "A"), ("m1", "B"), ("m1", "a|b"), ("m10", "A"), ("m2", "A"),
    ]  # fmt: skip


# What is not counted


async def test_what_is_not_counted_never_runs_out_and_is_never_written(shop: Shop) -> None:
    order = await shop.sell("A-1", 1_000_000)

    assert (stands(order), merchant_state(order)) == (Standing.UNCOUNTED, READY)
    assert await shop.stock.get(M1, ["A-1"]) == {}
    assert "wants" not in await shop.store.stored(order)


async def test_a_count_does_not_reach_orders_that_were_placed_without_one(server_shop: Shop) -> None:
    order = await server_shop.sell("A-1")
    await server_shop.count("A-1", 5)

    await server_shop.handle(order)

    assert (await server_shop.row("A-1")).on_hand == 5


# An order and its stock


async def test_a_placed_order_holds_and_a_paid_one_has_its_pieces_confirmed(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)

    order = await server_shop.place("A-1", 2)
    held = await server_shop.assert_true("A-1", 5)
    await server_shop.pay(order)
    confirmed = await server_shop.assert_true("A-1", 5)

    assert (held.held, held.confirmed, held.available) == (2, 0, 3)
    assert (confirmed.held, confirmed.confirmed, confirmed.available) == (0, 2, 3)


async def test_an_order_that_is_returned_or_stored_carries_no_shelf(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)

    placed = await server_shop.place("A-1")
    paid = await server_shop.pay(placed)

    assert (placed.shelf, paid.shelf) == ({}, {})
    assert "shelf" not in await server_shop.store.stored(paid)
    assert await server_shop.stock.shelf(paid) == {(M1, "A-1"): 4}


async def test_two_lines_of_one_sku_take_from_one_row(server_shop: Shop) -> None:
    await server_shop.count("A-1", 3)

    order = await server_shop.place("A-1", 2, ("A-1", 2))

    assert [line.stock for line in order.lines] == [Standing.HELD, Standing.WANTED]
    assert (await server_shop.assert_true("A-1", 3)).available == 1
    assert (await server_shop.store.stored(order))["wants"] == ["m1|A-1"]


async def test_what_is_handled_is_off_the_shelf_and_acknowledged_until_the_next_count(
    server_shop: Shop,
) -> None:
    await server_shop.count("A-1", 5)
    await server_shop.handle(await server_shop.sell("A-1", 2))
    taken = await server_shop.assert_true("A-1", 5)

    counted = await server_shop.count("A-1", 3)

    assert (taken.on_hand, taken.acknowledged, taken.available) == (3, 2, 3)
    assert (counted.on_hand, counted.acknowledged, counted.available) == (3, 0, 3)


async def test_a_count_never_drops_what_is_held_or_confirmed(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)
    await server_shop.place("A-1", 2)
    await server_shop.sell("A-1", 3)

    row = await server_shop.count("A-1", 1)

    assert (row.held, row.confirmed) == (2, 3)
    assert (row.on_hand, row.available) == (1, -4)


async def test_a_merchant_that_counted_too_few_can_still_take_what_it_confirmed(server_shop: Shop) -> None:
    await server_shop.count("A-1", 3)
    order = await server_shop.sell("A-1", 3)
    await server_shop.count("A-1", 1)

    await server_shop.handle(order)

    row = await server_shop.row("A-1")
    assert (row.on_hand, row.confirmed, row.acknowledged, row.available) == (0, 0, 3, 0)


async def test_what_is_canceled_before_handling_is_available_again(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)
    held, confirmed = await server_shop.place("A-1", 2), await server_shop.sell("A-1", 3)

    await server_shop.cancel(held)
    assert (await server_shop.assert_true("A-1", 5)).available == 2
    await server_shop.give_up(confirmed)

    assert (await server_shop.assert_true("A-1", 5)).available == 5


async def test_what_is_held_is_available_again_when_the_payment_does_not_come_in_time(
    server_shop: Shop,
) -> None:
    await server_shop.count("A-1", 5)
    await server_shop.place("A-1", 2, payment_timeout=timedelta(days=1))
    worker = DeadlineWorker(server_shop.orders, server_shop.store.clock)

    await worker.run_due()
    assert (await server_shop.assert_true("A-1", 5)).held == 2
    await server_shop.store.clock.advance(timedelta(days=1))

    assert await worker.run_due() == 1
    assert (await server_shop.assert_true("A-1", 5)).available == 5


async def test_what_is_canceled_after_handling_comes_back_only_when_it_is_put_back(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)
    order = await server_shop.give_up(await server_shop.handle(await server_shop.sell("A-1", 2)))
    away = await server_shop.assert_true("A-1", 5)

    await server_shop.restock(order)

    assert (away.on_hand, away.acknowledged) == (3, 2)
    back = await server_shop.assert_true("A-1", 5)
    assert (back.on_hand, back.acknowledged, back.available) == (5, 0, 5)


async def test_what_is_put_back_after_a_count_was_not_in_it(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)
    order = await server_shop.give_up(await server_shop.handle(await server_shop.sell("A-1", 2)))
    await server_shop.count("A-1", 3)

    await server_shop.restock(order)

    row = await server_shop.row("A-1")
    assert (row.on_hand, row.acknowledged, row.available) == (5, 0, 5)


# Waiting for stock


async def test_an_order_that_lacks_pieces_waits_and_can_be_found_by_that(server_shop: Shop) -> None:
    await server_shop.count("A-1", 1)

    order = await server_shop.sell("A-1", 2)

    assert (merchant_state(order), stands(order)) == (STUCK, Standing.WANTED)
    for scope in (MARKETPLACE, Scope.merchant(M1)):
        assert await server_shop.orders.count(scope, Where(problem="stock")) == 1
    await server_shop.give_up(order)
    assert await server_shop.orders.count(MARKETPLACE, Where(problem="stock")) == 0
    assert "wants" not in await server_shop.store.stored(order)


async def test_those_that_wait_go_on_when_stock_comes_oldest_first(server_shop: Shop) -> None:
    await server_shop.count("A-1", 0)
    orders: list[Order] = []
    for _ in range(3):
        orders.append(await server_shop.sell("A-1"))
        await server_shop.store.clock.advance(timedelta(seconds=1))

    await server_shop.count("A-1", 2)
    assert await server_shop.waker.run_due() == 2

    assert [merchant_state(await server_shop.now(each)) for each in orders] == [READY, READY, STUCK]
    await server_shop.assert_true("A-1", 2)
    assert await server_shop.waker.run_due() == 0


async def test_one_that_still_lacks_pieces_does_not_keep_back_those_behind_it(server_shop: Shop) -> None:
    await server_shop.count("A-1", 0)
    large, small = await server_shop.sell("A-1", 5), await server_shop.sell("A-1", 2)

    await server_shop.count("A-1", 3)
    await server_shop.waker.run_due()

    assert merchant_state(await server_shop.now(large)) == STUCK
    assert merchant_state(await server_shop.now(small)) == READY


@pytest.mark.parametrize("frees", ["cancel", "give_up", "restock"])
async def test_whatever_frees_stock_lets_one_go_on_that_waits(server_shop: Shop, frees: str) -> None:
    await server_shop.count("A-1", 1)
    first = await server_shop.place("A-1")
    if frees != "cancel":
        first = await server_shop.pay(first)
    if frees == "restock":
        first = await server_shop.give_up(await server_shop.handle(first))
    waiting = await server_shop.sell("A-1")
    server_shop.orders.freed.clear()

    await getattr(server_shop, frees)(first)

    assert server_shop.orders.freed.is_set(), "the worker is woken at once"
    assert await server_shop.waker.run_due() == 1
    assert merchant_state(await server_shop.now(waiting)) == READY
    await server_shop.assert_true("A-1", 1)


@pytest.mark.parametrize("lost", ["find", "update_one", "commit"])
async def test_stock_that_came_is_not_forgotten_when_the_worker_could_not_act_on_it(
    server_shop: Shop, lost: str
) -> None:
    await server_shop.count("A-1", 0)
    waiting = await server_shop.sell("A-1")
    await server_shop.count("A-1", 1)

    broken = server_shop.through(losing(server_shop.orders.database, lost, sent=False, times=99))
    with suppress(OutcomeUnknown):
        await broken.waker.run_due()
    assert merchant_state(await server_shop.now(waiting)) == STUCK

    assert await server_shop.waker.run_due() == 1
    assert merchant_state(await server_shop.now(waiting)) == READY


async def test_the_running_worker_wakes_whoever_waits(server_shop: Shop) -> None:
    await server_shop.count("A-1", 0)
    waiting = await server_shop.sell("A-1")
    moved = asyncio.Event()
    shop = Shop(server_shop.store, replace(server_shop.orders, wake=lambda _: moved.set()))
    worker = asyncio.create_task(shop.waker.run())
    try:
        await shop.count("A-1", 1)
        async with asyncio.timeout(30):
            await moved.wait()
    finally:
        worker.cancel()

    assert merchant_state(await shop.now(waiting)) == READY
    await shop.assert_true("A-1", 1)


# Both or neither


@pytest.mark.parametrize("lost", ["update_one", "commit"])
@pytest.mark.parametrize("sent", [True, False])
async def test_an_order_and_its_stock_are_written_together_wherever_the_connection_breaks(
    server_shop: Shop, lost: str, sent: bool
) -> None:
    await server_shop.count("A-1", 3)
    order = await server_shop.place("A-1", 2)
    broken = server_shop.through(losing(server_shop.orders.database, lost, sent))

    paid = await broken.pay(order)

    assert (await server_shop.now(paid)).version == paid.version == order.version + 1
    assert (await server_shop.assert_true("A-1", 3)).confirmed == 2


@pytest.mark.parametrize("lost", ["insert_one", "update_one", "commit"])
@pytest.mark.parametrize("sent", [True, False])
async def test_an_order_is_placed_once_with_its_stock_wherever_the_connection_breaks(
    server_shop: Shop, lost: str, sent: bool
) -> None:
    await server_shop.count("A-1", 3)

    order = await server_shop.through(losing(server_shop.orders.database, lost, sent)).place("A-1", 2)

    assert await server_shop.orders.count(MARKETPLACE, Where()) == 1
    assert await server_shop.now(order) == order
    assert (await server_shop.assert_true("A-1", 3)).held == 2


async def test_an_order_stays_as_it_was_when_its_stock_cannot_be_written(server_shop: Shop) -> None:
    await server_shop.count("A-1", 3)
    order = await server_shop.place("A-1", 2)
    before = await server_shop.store.stored(order)

    async def lose(collection: str, command: str) -> None:
        if (collection, command) == ("stock", "update_one"):  # after the order's own
            raise AutoReconnect("connection closed")

    broken = server_shop.through(stepped(server_shop.orders.database, before=lose))
    with pytest.raises(OutcomeUnknown):
        await broken.pay(order)

    assert await server_shop.store.stored(order) == before
    assert (await server_shop.assert_true("A-1", 3)).held == 2
