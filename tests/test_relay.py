"""What `storage.relay` promises: nothing lost, nothing twice, no gap, whatever stops or races it."""

import asyncio
from collections.abc import Iterable
from itertools import count

import pytest

from storage.client import Database, connect
from storage.feed import ensure_indexes
from storage.relay import Relay
from tests.feeding import Step, assert_numbered, everything, stepped, write

TOPICS = ("marketplace", "customer:c1")


class Killed(Exception):
    """The process is gone."""


@pytest.fixture
async def memory(mock_database: Database) -> Database:
    """A database in memory with the feed's indexes."""
    await ensure_indexes(mock_database)
    return mock_database


async def clean(database: Database) -> bool:
    """Nothing waits in any order."""
    orders = database.collection("orders")
    waiting = {"$or": [{"dirty": {"$exists": True}}, {"out.0": {"$exists": True}}]}
    return await orders.find_one(waiting) is None


async def test_what_orders_wrote_is_numbered_per_topic(memory: Database) -> None:
    await write(memory, "o1", "marketplace", "customer:c1", entries=2)
    await write(memory, "o2", "marketplace", "customer:c2")
    await write(memory, "o1", "marketplace")

    assert await Relay(memory).drain() == 7

    told = await everything(memory, "marketplace")
    assert_numbered(told)
    assert len(told) == 4
    assert [item.seq for item in await everything(memory, "customer:c1")] == [1, 2]
    assert [item.seq for item in await everything(memory, "customer:c2")] == [1]
    assert await clean(memory)


async def test_nothing_waiting_publishes_nothing(memory: Database) -> None:
    assert await Relay(memory).drain() == 0


async def test_numbers_go_on_where_another_relay_stopped(memory: Database) -> None:
    first, second = Relay(memory), Relay(memory)
    for number, relay in enumerate((first, second, second, first)):
        await write(memory, f"o{number}", "marketplace")
        await relay.drain()

    assert_numbered(await everything(memory, "marketplace"))


async def test_more_than_one_batch_is_published_in_one_go(memory: Database) -> None:
    for number in range(230):
        await write(memory, f"o{number}", "marketplace")

    assert await Relay(memory).drain() == 230
    assert_numbered(await everything(memory, "marketplace"))


async def test_listeners_in_the_process_are_told_which_topics_moved(memory: Database) -> None:
    told: list[Iterable[str]] = []
    await write(memory, "o1", *TOPICS)

    await Relay(memory, told.append).drain()

    assert [set(topics) for topics in told] == [set(TOPICS)]


def kill_at(number: int) -> Step:
    """A step that ends the process at the command of this number, counted from 0."""
    commands = count()

    async def step(collection: str, command: str) -> None:
        if next(commands) == number:
            raise Killed

    return step


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_relay_killed_at_any_command_loses_and_doubles_nothing(memory: Database, moment: str) -> None:
    kills, finished = 0, False
    while not finished:
        await write(memory, "o1", *TOPICS, entries=2)
        await write(memory, f"o{kills + 2}", *TOPICS)
        try:
            kill = kill_at(kills)
            mortal = stepped(memory, before=kill) if moment == "before" else stepped(memory, after=kill)
            await Relay(mortal).drain()
            finished = True
        except Killed:
            if kills % 2:  # sometimes another relay goes on, sometimes the next is killed as well
                await Relay(memory).drain()
            kills += 1

    assert kills > 6, "looking, numbering, inserting and clearing are all places to be killed at"
    for topic in TOPICS:
        told = await everything(memory, topic)
        assert_numbered(told)
        assert len(told) == 3 * (kills + 1)
    assert await clean(memory)


async def test_what_is_written_while_it_publishes_is_published_too(memory: Database) -> None:
    meanwhile = ["o1", "o1", "o2"]

    async def somebody_writes(collection: str, command: str) -> None:
        if meanwhile:
            await write(memory, meanwhile.pop(), *TOPICS)

    await write(memory, "o1", *TOPICS)
    await Relay(stepped(memory, before=somebody_writes, after=somebody_writes)).drain()

    for topic in TOPICS:
        told = await everything(memory, topic)
        assert_numbered(told)
        assert [item.version for item in told if item.order == "o1"] == [1, 2, 3]
    assert await clean(memory)


async def test_what_is_published_is_not_tried_again_because_of_a_later_write(memory: Database) -> None:
    commands: list[str] = []

    async def write_before_clearing(collection: str, command: str) -> None:
        if command == "update_many" and command not in commands:
            await write(memory, "o1", "marketplace")
        commands.append(command)

    await write(memory, "o1", "marketplace")
    await write(memory, "o2", "marketplace")

    assert await Relay(stepped(memory, before=write_before_clearing)).drain() == 3
    assert commands.count("insert_many") == 2


async def test_a_relay_that_was_overtaken_uses_no_number(memory: Database) -> None:
    overtaken = asyncio.Event()

    async def another_is_faster(collection: str, command: str) -> None:
        if command == "insert_many" and not overtaken.is_set():
            overtaken.set()
            await write(memory, "o2", "marketplace")
            await Relay(memory).drain()

    await write(memory, "o1", "marketplace", entries=3)
    slow = Relay(stepped(memory, before=another_is_faster))

    assert await slow.drain() == 0
    assert_numbered(await everything(memory, "marketplace"))
    await write(memory, "o3", "marketplace")
    assert await slow.drain() == 1
    told = await everything(memory, "marketplace")
    assert_numbered(told)
    assert len(told) == 5


async def test_two_relays_at_once_number_two_hundred_orders_without_a_gap(
    database: Database, embedded_uri: str
) -> None:
    other = connect(embedded_uri, database.name)
    try:
        await ensure_indexes(database)
        for number in range(200):
            await write(database, f"o{number}", "marketplace", f"merchant:m{number % 3}")

        async def keep_writing() -> None:
            for number in range(0, 200, 4):
                await write(database, f"o{number}", "marketplace", f"merchant:m{number % 3}")

        added = await asyncio.gather(Relay(database).drain(), Relay(other).drain(), keep_writing())
        rest = await Relay(other).drain()

        told = await everything(database, "marketplace")
        assert_numbered(told)
        assert len(told) == 250
        merchants = [await everything(database, f"merchant:m{number}") for number in range(3)]
        for items in merchants:
            assert_numbered(items)
        assert sum(map(len, merchants)) == 250
        assert (added[0] or 0) + (added[1] or 0) + rest == 500
        assert await clean(database)
    finally:
        await other.close()


async def test_running_it_publishes_when_woken_and_ends_when_cancelled(memory: Database) -> None:
    published = asyncio.Event()
    relay = Relay(memory, lambda topics: published.set())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(relay.run())
        await write(memory, "o1", "marketplace")
        relay.wake()
        await published.wait()
        running.cancel()
    assert len(await everything(memory, "marketplace")) == 1


async def test_woken_for_an_order_it_publishes_that_one_and_each_second_all_others(
    memory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.relay._POLL_SECONDS", 1000)
    moved: asyncio.Queue[set[str]] = asyncio.Queue()
    relay = Relay(memory, lambda topics: moved.put_nowait(set(topics)))
    await write(memory, "o1", "merchant:m1")
    async with asyncio.TaskGroup() as group, asyncio.timeout(10):
        running = group.create_task(relay.run())
        assert await moved.get() == {"merchant:m1"}
        await write(memory, "o2", "merchant:m2")  # by another process, which does not tell
        await write(memory, "o3", "merchant:m3")
        relay.wake("o3")
        assert await moved.get() == {"merchant:m3"}
        monkeypatch.setattr("storage.relay._POLL_SECONDS", 0)
        relay.wake("o3")
        assert await moved.get() == {"merchant:m2"}
        running.cancel()
