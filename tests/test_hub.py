"""What `storage.hub` promises: who listens misses nothing and hears nothing twice, slow or cut off."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress

import pytest
from pymongo.errors import AutoReconnect

from storage.client import Database, connect
from storage.cursor import CursorExpired, CursorInvalid
from storage.feed import Feed, FeedItem, ensure_indexes
from storage.hub import Heartbeat, Hub, Lagged
from storage.relay import Relay
from tests.databases import both_drivers
from tests.feeding import assert_numbered, stepped, write

TOPIC = "merchant:m1"


class Server:
    """One process on the database: its relay, its hub."""

    def __init__(self, database: Database, hub: Hub, relay: Relay) -> None:
        self.database, self.hub, self.relay = database, hub, relay

    async def write(self, order: str, *topics: str, entries: int = 1) -> None:
        """Change an order here."""
        await write(self.database, order, *topics, entries=entries)
        self.relay.wake()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task; raises what it failed with before."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def server(database: Database, buffer: int = 1000) -> AsyncGenerator[Server]:
    """A process, running."""
    await ensure_indexes(database)
    hub = Hub(Feed(database), buffer=buffer)
    relay = Relay(database, hub.wake)
    tasks = [asyncio.create_task(work) for work in (hub.run(), relay.run())]
    try:
        yield Server(database, hub, relay)
    finally:
        for task in tasks:
            await ended(task)


@pytest.fixture
async def memory(mock_database: Database) -> AsyncIterator[Server]:
    """A process on a database in memory, without change streams."""
    async with server(mock_database) as running:
        yield running


async def hear(stream: AsyncGenerator[FeedItem | Lagged | Heartbeat], count: int) -> list[FeedItem]:
    """The next so many items of a subscription, whatever else it says."""
    heard: list[FeedItem] = []
    while len(heard) < count:
        event = await anext(stream)
        if isinstance(event, FeedItem):
            heard.append(event)
    return heard


async def test_a_subscription_starts_now_and_says_where_that_is(memory: Server) -> None:
    await memory.write("o1", TOPIC, entries=3)
    await memory.relay.drain()

    async with aclosing(memory.hub.subscribe(TOPIC, None)) as stream:
        assert await anext(stream) == Heartbeat(3)
        await memory.write("o2", TOPIC)
        event = await anext(stream)

    assert isinstance(event, FeedItem)
    assert (event.seq, event.order) == (4, "o2")


async def test_after_replays_what_was_missed_then_goes_on_live(memory: Server) -> None:
    await memory.write("o1", TOPIC, entries=5)
    await memory.relay.drain()

    async with aclosing(memory.hub.subscribe(TOPIC, 2)) as stream:
        heard = await hear(stream, 3)
        await memory.write("o2", TOPIC)
        heard += await hear(stream, 1)

    assert [item.seq for item in heard] == [3, 4, 5, 6]


async def test_a_listener_hears_its_own_topic_only(memory: Server) -> None:
    async with aclosing(memory.hub.subscribe(TOPIC, 0)) as stream:
        await memory.write("o1", "marketplace", "merchant:m2")
        await memory.write("o2", "marketplace", TOPIC)
        (item,) = await hear(stream, 1)

    assert (item.topic, item.seq, item.order) == (TOPIC, 1, "o2")


async def test_silence_is_told_with_where_it_stands(memory: Server) -> None:
    await memory.write("o1", TOPIC, entries=2)
    await memory.relay.drain()

    async with aclosing(memory.hub.subscribe(TOPIC, 1, heartbeat=0.01)) as stream:
        assert isinstance(await anext(stream), FeedItem)
        assert await anext(stream) == Heartbeat(2)
        assert await anext(stream) == Heartbeat(2)


async def test_a_number_that_the_feed_cannot_serve_is_refused_at_once(memory: Server) -> None:
    await memory.write("o1", TOPIC, entries=3)
    await memory.relay.drain()
    await Feed(memory.database).rows.delete_many({"topic": TOPIC, "seq": {"$lte": 2}})

    for after, refusal in ((0, CursorExpired), (9, CursorInvalid)):
        async with aclosing(memory.hub.subscribe(TOPIC, after)) as stream:
            with pytest.raises(refusal):
                await anext(stream)


async def test_a_listener_whose_next_items_are_let_go_of_is_told_instead_of_missing_them(
    mock_database: Database,
) -> None:
    async with server(mock_database) as process:
        await process.write("o1", TOPIC, entries=10)
        await process.relay.drain()
        looks = 0

        async def prune(collection: str, command: str) -> None:
            nonlocal looks
            looks += (collection, command) == ("feed", "find")
            if looks == 1:  # after the cursor was found good, before what follows it is read
                await mock_database.collection("feed").delete_many({"seq": {"$lte": 5}})

        hub = Hub(Feed(stepped(mock_database, before=prune)))
        async with aclosing(hub.subscribe(TOPIC, 0)) as stream:
            with pytest.raises(CursorExpired):
                await anext(stream)


async def test_closing_ends_every_subscription(memory: Server) -> None:
    streams = [memory.hub.subscribe(TOPIC, None) for _ in range(3)]
    for stream in streams:
        await anext(stream)
    waiting = [asyncio.create_task(hear(stream, 1)) for stream in streams]
    await asyncio.sleep(0)

    memory.hub.close()

    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [StopAsyncIteration] * 3
    assert not memory.hub._tails


async def test_nothing_is_kept_of_a_listener_that_left(memory: Server) -> None:
    stream = memory.hub.subscribe(TOPIC, None)
    await anext(stream)
    waiting = asyncio.create_task(hear(stream, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await stream.aclose()

    assert not memory.hub._tails


async def test_a_slow_listener_is_told_and_then_gets_everything(mock_database: Database) -> None:
    async with server(mock_database, buffer=10) as process:
        slow = process.hub.subscribe(TOPIC, 0)
        fast = process.hub.subscribe(TOPIC, 0)
        await process.write("o1", TOPIC)
        heard = await hear(slow, 1)
        await hear(fast, 1)
        for number in range(60):
            await process.write(f"o{number}", TOPIC)
            await hear(fast, 1)

        events = [await anext(slow) for _ in range(61)]
        await slow.aclose()
        await fast.aclose()

    assert events[0] == Lagged(60, 1)
    heard += [event for event in events if isinstance(event, FeedItem)]
    assert_numbered(heard)
    assert len(heard) == 61


async def test_a_listener_may_fall_behind_as_far_as_the_buffer(mock_database: Database) -> None:
    async with server(mock_database, buffer=10) as process:
        slow = process.hub.subscribe(TOPIC, 0)
        fast = process.hub.subscribe(TOPIC, 0)
        await process.write("o1", TOPIC, entries=11)
        await hear(fast, 11)
        heard = await hear(slow, 11)
        await process.write("o2", TOPIC, entries=10)
        await hear(fast, 10)
        events = [await anext(slow) for _ in range(10)]
        await slow.aclose()
        await fast.aclose()

    assert_numbered(heard + [event for event in events if isinstance(event, FeedItem)])
    assert not [event for event in events if isinstance(event, Lagged)]


async def test_a_hundred_listeners_cost_one_query(
    mock_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.hub._POLL_SECONDS", 3600)
    queries: list[str] = []

    async def count(collection: str, command: str) -> None:
        queries.append(command)

    await ensure_indexes(mock_database)
    hub = Hub(Feed(stepped(mock_database, before=count)))
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)  # it looks once when it starts
    streams = [hub.subscribe(TOPIC, None) for _ in range(100)]
    for stream in streams:
        await anext(stream)
    waiting = [asyncio.create_task(hear(stream, 1)) for stream in streams]
    await asyncio.sleep(0)
    queries.clear()

    await write(mock_database, "o1", TOPIC)
    await Relay(mock_database, hub.wake).drain()
    heard = await asyncio.gather(*waiting)

    assert {items[0].order for items in heard} == {"o1"}
    assert queries == ["find"]
    for stream in streams:
        await stream.aclose()
    await ended(running)


async def test_the_poll_alone_hears_what_another_process_publishes(
    mock_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.hub._POLL_SECONDS", 0.01)
    async with server(mock_database) as here, aclosing(here.hub.subscribe(TOPIC, 0)) as stream:
        waiting = asyncio.create_task(hear(stream, 3))
        for number in range(3):
            await write(mock_database, f"o{number}", TOPIC)
            await Relay(mock_database).drain()
        assert_numbered(await waiting)


@both_drivers
async def test_the_change_stream_alone_hears_what_another_process_publishes(
    database: Database, embedded_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.hub._POLL_SECONDS", 3600)
    other = connect(embedded_uri, database.name)
    try:
        async with server(database) as here, aclosing(here.hub.subscribe(TOPIC, 0)) as stream:
            waiting = asyncio.create_task(hear(stream, 3))
            for number in range(3):
                await write(other, f"o{number}", TOPIC)
                await Relay(other).drain()
            assert_numbered(await waiting)
    finally:
        await other.close()


async def test_a_listener_that_drops_and_resumes_anywhere_hears_everything_once(
    database: Database, embedded_uri: str
) -> None:
    chance = random.Random(4)
    other = connect(embedded_uri, database.name)
    total = 150

    async def keep_writing(processes: Iterable[Server]) -> None:
        for number, process in zip(range(total), list(processes) * total, strict=False):
            await process.write(f"o{number % 7}", TOPIC, "marketplace")

    async def listen(processes: list[Server]) -> list[FeedItem]:
        heard: list[FeedItem] = []
        while len(heard) < total:
            after = heard[-1].seq if heard else 0
            part = min(chance.randint(1, 25), total - len(heard))
            async with aclosing(chance.choice(processes).hub.subscribe(TOPIC, after)) as stream:
                heard += await hear(stream, part)
        return heard

    try:
        # A buffer this small also lets them fall behind, and go between live and stored items.
        async with server(database, buffer=3) as one, server(other, buffer=3) as two:
            processes = [one, two]
            listening = [asyncio.create_task(listen(processes)) for _ in range(4)]
            await keep_writing(processes)
            for heard in await asyncio.gather(*listening):
                assert_numbered(heard)
                assert len(heard) == total
    finally:
        await other.close()


async def test_a_subscription_outlives_an_unavailable_database(
    mock_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.hub._POLL_SECONDS", 0.01)
    away = False

    async def answer(collection: str, command: str) -> None:
        if away:
            raise AutoReconnect("connection closed")

    await ensure_indexes(mock_database)
    hub = Hub(Feed(stepped(mock_database, before=answer)))
    running = asyncio.create_task(hub.run())
    async with aclosing(hub.subscribe(TOPIC, None, heartbeat=0.1)) as stream:
        await anext(stream)
        away = True
        await write(mock_database, "o1", TOPIC)
        await Relay(mock_database, hub.wake).drain()
        assert await anext(stream) == Heartbeat(0)
        away = False
        (item,) = await hear(stream, 1)
    assert item.seq == 1
    await ended(running)


async def test_a_subscription_outlives_a_hub_that_fails_and_is_started_again(
    mock_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.hub._POLL_SECONDS", 0.01)

    async def answer(collection: str, command: str) -> None:
        if command == "aggregate":
            raise RuntimeError("a bug in the poll")

    await ensure_indexes(mock_database)
    hub = Hub(Feed(stepped(mock_database, before=answer)))
    async with aclosing(hub.subscribe(TOPIC, None)) as stream:
        await anext(stream)
        with pytest.raises(ExceptionGroup):
            await hub.run()
        await write(mock_database, "o1", TOPIC)
        await Relay(mock_database).drain()
        monkeypatch.setattr("storage.hub._POLL_SECONDS", 1000)
        running = asyncio.create_task(hub.run())
        (item,) = await hear(stream, 1)  # looked at without being told to: nobody looked in between
    assert item.seq == 1
    await ended(running)
