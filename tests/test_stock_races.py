"""What holds when many orders want the same pieces at once, or stock comes just then; on a real server."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from domain.order import Order
from domain.stock import Standing
from tests.feeding import stepped
from tests.stocking import Shop, merchant_state, stands

ROUNDS = 40
STUCK, READY = "authorize-fulfillment", "ready-for-handling"


async def test_of_two_orders_at_once_exactly_one_gets_the_last_piece(server_shop: Shop) -> None:
    for n in range(ROUNDS):
        await server_shop.count(f"A-{n}", 1)

        both = await asyncio.gather(*(server_shop.place(f"A-{n}") for _ in range(2)))

        assert sorted(stands(order) for order in both) == [Standing.HELD, Standing.WANTED]
        assert (await server_shop.assert_true(f"A-{n}", 1)).available == 0


async def test_of_two_that_are_authorized_at_once_exactly_one_gets_what_came_and_the_other_goes_on_later(
    server_shop: Shop,
) -> None:
    for n in range(ROUNDS // 4):
        sku = f"A-{n}"
        await server_shop.count(sku, 0)
        unpaid = [await server_shop.place(sku) for _ in range(2)]
        await server_shop.count(sku, 1)

        await asyncio.gather(*(server_shop.pay(order) for order in unpaid), server_shop.waker.run_due())

        assert await states(server_shop, unpaid) == {READY: 1, STUCK: 1}
        await server_shop.assert_true(sku, 1)
        await server_shop.count(sku, 2)
        await server_shop.waker.run_due()
        assert await states(server_shop, unpaid) == {READY: 2}


async def test_many_orders_at_once_share_what_is_there_and_not_a_piece_more(server_shop: Shop) -> None:
    await server_shop.count("A-1", 5)

    orders = await asyncio.gather(*(server_shop.place("A-1") for _ in range(12)))

    assert Counter(stands(order) for order in orders) == {Standing.HELD: 5, Standing.WANTED: 7}
    await server_shop.assert_true("A-1", 5)


async def test_orders_that_meet_on_two_skus_in_any_order_never_block_each_other(server_shop: Shop) -> None:
    await server_shop.count("A-1", 4)
    await server_shop.count("B-1", 4)

    orders = await asyncio.gather(
        *(server_shop.place("A-1", 1, ("B-1", 1)) for _ in range(4)),
        *(server_shop.place("B-1", 1, ("A-1", 1)) for _ in range(4)),
    )

    taken = [line for order in orders for line in order.lines if line.stock is Standing.HELD]
    assert len(taken) == 8
    assert (await server_shop.assert_true("A-1", 4)).available == 0
    assert (await server_shop.assert_true("B-1", 4)).available == 0


async def test_whatever_happens_at_once_the_row_says_what_follows_from_the_orders(server_shop: Shop) -> None:
    await server_shop.count("A-1", 10)
    unpaid = [await server_shop.place("A-1") for _ in range(8)]
    ready = [await server_shop.pay(order) for order in unpaid[:4]]

    await asyncio.gather(
        server_shop.handle(ready[0]),
        server_shop.handle(ready[1]),
        server_shop.give_up(ready[2]),
        server_shop.cancel(unpaid[4]),
        server_shop.pay(unpaid[5]),
        server_shop.place("A-1", 3),
        server_shop.place("A-1", 2),
        server_shop.waker.run_due(),
    )
    await server_shop.waker.run_due()

    await server_shop.assert_true("A-1", 10)


async def test_counts_among_orders_are_neither_lost_nor_do_they_drop_anything(server_shop: Shop) -> None:
    await server_shop.count("A-1", 100)

    await asyncio.gather(
        *(server_shop.place("A-1") for _ in range(8)), *(server_shop.count("A-1", 100) for _ in range(4))
    )

    assert (await server_shop.assert_true("A-1", 100)).held == 8


@pytest.mark.parametrize("point", [("orders", "update_one"), ("stock", "update_one"), ("", "commit")])
async def test_stock_that_comes_while_an_order_is_written_as_waiting_is_not_missed(
    server_shop: Shop, point: tuple[str, str]
) -> None:
    await server_shop.count("A-1", 0)
    order = await server_shop.place("A-1")

    async with coming(server_shop, point) as shop:
        await shop.pay(order)
    await server_shop.waker.run_due()

    assert merchant_state(await server_shop.now(order)) == READY
    await server_shop.assert_true("A-1", 1)


@pytest.mark.parametrize("point", [("orders", "insert_one"), ("stock", "update_one"), ("", "commit")])
async def test_stock_that_comes_while_an_order_is_placed_as_waiting_is_not_missed(
    server_shop: Shop, point: tuple[str, str]
) -> None:
    await server_shop.count("A-1", 0)

    async with coming(server_shop, point) as shop:
        order = await shop.sell("A-1")
    await server_shop.waker.run_due()

    assert merchant_state(await server_shop.now(order)) == READY
    await server_shop.assert_true("A-1", 1)


async def test_an_order_whose_piece_another_takes_just_before_it_is_written_waits(server_shop: Shop) -> None:
    await server_shop.count("A-1", 1)
    taken: list[Order] = []

    async def take(collection: str, command: str) -> None:
        if command == "insert_one" and not taken:
            taken.append(await server_shop.place("A-1"))

    late = await server_shop.through(stepped(server_shop.orders.database, before=take)).place("A-1")

    assert [stands(order) for order in (*taken, late)] == [Standing.HELD, Standing.WANTED]
    await server_shop.assert_true("A-1", 1)


@asynccontextmanager
async def coming(shop: Shop, point: tuple[str, str]) -> AsyncGenerator[Shop]:
    """The shop where, before that command, one piece comes in and whoever waits for it is tried."""
    counting: list[asyncio.Task[None]] = []

    async def come(collection: str, command: str) -> None:
        if (collection, command) == point and not counting:
            counting.append(asyncio.create_task(count()))
            # Where the row is written already, a server may keep the count waiting until that is over.
            await asyncio.wait(counting, timeout=0.2)

    async def count() -> None:
        await shop.count("A-1", 1)
        await shop.waker.run_due()

    yield shop.through(stepped(shop.orders.database, before=come))
    await asyncio.gather(*counting)


async def states(shop: Shop, orders: list[Order]) -> Counter[str]:
    """How many of them stand where on the merchant's machine, as stored."""
    return Counter([merchant_state(await shop.now(order)) for order in orders])
