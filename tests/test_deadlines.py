"""What `storage.deadlines` promises: never early, once however many workers, no failure holds up the rest."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from domain.actors import SYSTEM, Party
from domain.order import Order
from storage.client import Database
from storage.clock import Clock
from storage.deadlines import DeadlineWorker, pause_after
from storage.indexes import ensure
from storage.orders import CommandKey, Orders
from tests.databases import both_drivers
from tests.stores import ADMIN, Store, line

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FastClock(Clock):
    """The clock of a machine that is an hour ahead of the database's."""

    async def now(self) -> datetime:
        return await Clock.now(self) + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LateClock(Clock):
    """The clock as it was a second and a half ago."""

    async def now(self) -> datetime:
        return await Clock.now(self) - 1.5 * SECOND


def worker(store: Store) -> DeadlineWorker:
    return DeadlineWorker(store.orders, store.clock)


async def events(store: Store, order: Order) -> list[str]:
    return [entry.event for entry in await store.orders.history(order.id, 0, 1_000)]


async def unpaid(store: Store, expires_after: timedelta) -> Order:
    return (await store.place(policies={"payment_timeout": expires_after})).order


async def canceled_with_money_left(store: Store) -> Order:
    """An order that cannot close, because the refund waits for an outside provider."""
    placed = await store.place(line("A-1", "m1"), policies={"payment_provider": "external"})
    await store.pay(placed.order)
    changed = await store.fire(placed.order, "cancel", Party.MARKETPLACE, ADMIN, input={"reason": "sold out"})
    return changed.order


async def test_what_is_due_fires_and_what_is_not_waits(store: Store) -> None:
    soon, later = await unpaid(store, timedelta(hours=1)), await unpaid(store, timedelta(hours=3))

    assert await worker(store).run_due() == 0
    await store.clock.advance(timedelta(hours=2))
    assert await worker(store).run_due() == 2  # both lines of the order

    assert await events(store, soon) == ["placed", "expire", "expire"]
    assert await events(store, later) == ["placed"]
    assert await worker(store).run_due() == 0


async def test_all_that_is_due_on_an_order_is_one_step_by_the_system(store: Store) -> None:
    order = await unpaid(store, MINUTE)
    await store.clock.advance(MINUTE)

    await worker(store).run_due()

    fired = await store.orders.history(order.id, 1, 10)
    assert {(entry.actor, entry.at) for entry in fired} == {(SYSTEM, fired[0].at)}
    assert (await store.stored(order))["version"] == order.version + 1


async def test_the_deadlines_name_the_command(store: Store) -> None:
    order = await unpaid(store, MINUTE)
    ids = ",".join(deadline.id for deadline in order.deadlines)
    await store.clock.advance(MINUTE)

    await worker(store).run_due()

    rows = (await store.stored(order))["history"]
    assert {row["command_id"] for row in rows[1:]} == {CommandKey("system", "deadline", ids, "").id}


async def test_a_deadline_armed_by_another_fires_in_its_own_time(store: Store) -> None:
    order = (await store.place(line("A-1", "m1"), policies={"payment_timeout": MINUTE})).order
    await store.clock.advance(MINUTE)
    assert await worker(store).run_due() == 1
    await store.clock.advance(14 * DAY - SECOND)
    assert await worker(store).run_due() == 0
    await store.clock.advance(SECOND)
    assert await worker(store).run_due() == 1

    assert await events(store, order) == ["placed", "expire", "close"]


async def test_more_orders_than_one_batch_fire_in_one_go(store: Store) -> None:
    orders = [await unpaid(store, MINUTE) for _ in range(45)]
    await store.clock.advance(MINUTE)

    assert await worker(store).run_due() == 90
    for order in orders:
        assert await events(store, order) == ["placed", "expire", "expire"]


async def test_a_deadline_that_a_guard_refuses_is_put_off_and_shown(store: Store) -> None:
    order = await canceled_with_money_left(store)
    await store.clock.advance(15 * DAY)

    assert await worker(store).run_due() == 0

    (stuck,) = await store.orders.stuck()
    assert (stuck.order.id, stuck.deadline.event, stuck.attempts) == (order.id, "close", 1)
    assert "can still be refunded" in (stuck.message or "")
    assert stuck.next_try is not None
    assert MINUTE - SECOND < stuck.next_try - await store.clock.now() <= MINUTE
    assert (await events(store, order))[-1] == "cancel"


async def test_a_deadline_put_off_is_tried_again_later_and_later(store: Store) -> None:
    await canceled_with_money_left(store)
    await store.clock.advance(15 * DAY)
    tries: list[int] = []
    for pause in (timedelta(0), MINUTE / 2, MINUTE, MINUTE, MINUTE):
        await store.clock.advance(pause)
        await worker(store).run_due()
        (stuck,) = await store.orders.stuck()
        tries.append(stuck.attempts)

    assert tries == [1, 1, 2, 2, 3]


def test_pauses_double_from_a_minute_to_a_day() -> None:
    assert [pause_after(failures) for failures in range(3)] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert pause_after(11) == pause_after(10_000) == DAY


async def test_a_deadline_put_off_fires_once_its_guard_says_yes(store: Store) -> None:
    order = await canceled_with_money_left(store)
    await store.clock.advance(15 * DAY)
    await worker(store).run_due()
    await store.fire(order, "refund", Party.MARKETPLACE, ADMIN)
    refund = {"refund": f"{order.id}-r1"}
    await store.fire(order, "confirm_refund", Party.MARKETPLACE, ADMIN, input=refund)
    await store.clock.advance(15 * DAY)

    assert await worker(store).run_due() == 1
    assert (await events(store, order))[-1] == "close"
    assert await store.orders.stuck() == []


async def test_a_deadline_that_failed_beside_one_that_fired_is_tried_again(store: Store) -> None:
    """The second becomes due between the worker's looking and its deciding."""
    lines = line("A-1", "m1"), line("B-1", "m1")
    order = await store.pay((await store.place(*lines, policies={"payment_provider": "external"})).order)
    first, second = (each.id for each in order.lines)

    async def fire(event: str, unit: str, **given: str | int) -> None:
        await store.fire(order, event, Party.MARKETPLACE, ADMIN, unit, input=given)

    for unit, refund in ((first, f"{order.id}-r1"), (second, f"{order.id}-r2")):
        await fire("cancel", unit, reason="sold out")
        await fire("refund", unit, amount=100)
        await fire("confirm_refund", unit, refund=refund)
        await store.clock.advance(SECOND)
    await fire("refund", first, amount=100)  # which keeps the first line from closing
    await store.clock.advance(14 * DAY)

    await DeadlineWorker(store.orders, LateClock(store.database, test=True)).run_due()
    await worker(store).run_due()
    assert (await events(store, order)).count("close") == 1

    await fire("confirm_refund", first, refund=f"{order.id}-r3")
    await store.clock.advance(DAY)
    await worker(store).run_due()
    assert (await events(store, order)).count("close") == 2


async def test_one_failing_deadline_holds_up_no_other(store: Store) -> None:
    broken, sound = await unpaid(store, MINUTE), await unpaid(store, 2 * MINUTE)
    wrong = {"$set": {"process": {"name": "gone", "version": 1}}}
    await store.database.collection("orders").update_one({"_id": broken.id}, wrong)
    await store.clock.advance(5 * MINUTE)

    assert await worker(store).run_due() == 2

    assert (await events(store, sound))[-1] == "expire"
    shown = await store.orders.stuck()
    assert {(stuck.order.id, stuck.attempts) for stuck in shown} == {(broken.id, 1)}
    assert all("KeyError" in (stuck.message or "") for stuck in shown)
    assert await worker(store).run_due() == 0


async def test_two_workers_fire_each_deadline_once(server_store: Store) -> None:
    orders = [await unpaid(server_store, MINUTE) for _ in range(12)]
    await server_store.clock.advance(MINUTE)

    fired = await asyncio.gather(*(worker(server_store).run_due() for _ in range(2)))

    assert sum(fired) == 24
    for order in orders:
        assert await events(server_store, order) == ["placed", "expire", "expire"]


# By the database's own clock


@pytest.fixture
async def real(database: Database) -> Store:
    """A store without a test clock."""
    await ensure(database)
    return Store(database, Clock(database))


def fast_worker(store: Store) -> DeadlineWorker:
    clock = FastClock(store.database)
    return DeadlineWorker(Orders(store.database, clock, lambda _: None), clock)


@both_drivers
async def test_a_worker_whose_clock_runs_ahead_fires_nothing_early(real: Store) -> None:
    order = await unpaid(real, timedelta(minutes=30))

    assert await fast_worker(real).run_due() == 0

    assert await events(real, order) == ["placed"]
    assert (await real.stored(order))["version"] == order.version


@both_drivers
async def test_a_worker_whose_clock_runs_ahead_fires_what_is_due_once(real: Store) -> None:
    order = await unpaid(real, timedelta(milliseconds=100))
    ahead, fired = fast_worker(real), 0
    while not fired:
        fired = await ahead.run_due()

    assert fired == 2
    assert await ahead.run_due() == 0
    assert await events(real, order) == ["placed", "expire", "expire"]


async def test_running_it_fires_what_becomes_due_and_wakes_when_time_jumps(store: Store) -> None:
    order = await unpaid(store, timedelta(hours=1))
    fired = asyncio.Event()
    running = DeadlineWorker(Orders(store.database, store.clock, lambda _: fired.set()), store.clock)
    task = asyncio.create_task(running.run())
    await store.clock.advance(timedelta(hours=1))
    running.wake()
    await fired.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (await events(store, order))[-1] == "expire"
