"""What a write leaves in an order for the feed, and a database whose every command can be interrupted."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from inspect import isawaitable
from itertools import pairwise
from typing import Any

from storage.client import Database
from storage.documents import naive
from storage.feed import Feed, FeedItem

AT = naive(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


async def write(database: Database, order: str, *topics: str, entries: int = 1) -> None:
    """Do to an order what one write of `storage.orders` does for the feed: a version, its `out`, the mark."""
    orders = database.collection("orders")
    stored = await orders.find_one({"_id": order}, {"version": 1}) or {"version": 0}
    version = stored["version"] + 1
    out = [
        {
            "version": version,
            "i": i,
            "seq": version * 100 + i,
            "to": [{"topic": topic, "body": {"seq": version * 100 + i, "at": AT}} for topic in topics],
        }
        for i in range(entries)
    ]
    change = {
        "$push": {"out": {"$each": out}},
        "$set": {"version": version, "dirty": True},
        "$setOnInsert": {"reference": order},  # unique
    }
    await orders.update_one({"_id": order}, change, upsert=True)


async def everything(database: Database, topic: str) -> list[FeedItem]:
    """All that the feed holds of a topic."""
    return await Feed(database).page(topic, 0, 100_000)


def assert_numbered(items: Sequence[FeedItem]) -> None:
    """Numbers 1, 2, 3…, every entry once, the entries of one order as they were written."""
    assert [item.seq for item in items] == list(range(1, len(items) + 1))
    told = [(item.order, item.version, item.body["seq"]) for item in items]
    assert len(set(told)) == len(told)
    for order in {item.order for item in items}:
        own = [item.body["seq"] for item in items if item.order == order]
        assert all(earlier < later for earlier, later in pairwise(own))


Step = Callable[[str, str], Awaitable[None]]
"""Called with the names of a collection and of a command; what it raises, the command's caller meets."""


async def _nothing(collection: str, command: str) -> None: ...


def stepped(
    database: Database, *, before: Step = _nothing, after: Step = _nothing, twice: str | None = None
) -> Database:
    """The same database, where something happens before and after each command.

    The command `twice` arrives twice and its caller hears of the second alone: so it is where a driver
    repeats a write on a server that was killed in between and has forgotten the first. A transaction's end is
    the command `commit`, of no collection.
    """

    def collections(name: str) -> _Names:
        inner = database.client[name]
        return _Names(lambda collection: _Commands(collection, inner[collection], before, after, twice))

    return replace(database, client=_Client(collections, database.client, before, after))


@dataclass(frozen=True)
class _Names:
    named: Callable[[str], Any]

    def __getitem__(self, name: str) -> Any:
        return self.named(name)


@dataclass(frozen=True)
class _Client(_Names):
    inner: Any
    before: Step
    after: Step

    async def start_session(self) -> Any:
        session = self.inner.start_session()
        return _Session(await session if isawaitable(session) else session, self.before, self.after)


@dataclass(frozen=True)
class _Session:
    inner: Any
    before: Step
    after: Step

    async def __aenter__(self) -> Any:
        await self.inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.inner.__aexit__(*error)

    async def with_transaction(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def whole(session: Any) -> Any:
            result = await work(session)
            await self.before("", "commit")
            return result

        result = await self.inner.with_transaction(whole)
        await self.after("", "commit")
        return result


@dataclass(frozen=True)
class _Commands:
    collection: str
    inner: Any
    before: Step
    after: Step
    twice: str | None

    def __getattr__(self, command: str) -> Any:
        method = getattr(self.inner, command)
        if command == "watch":
            return method
        if command in ("find", "aggregate"):  # sent when they are read
            return lambda *args, **options: _Cursor(self, command, method(*args, **options))

        async def run(*args: Any, **options: Any) -> Any:
            await self.before(self.collection, command)
            if command == self.twice:
                await method(*args, **options)
            result = await method(*args, **options)
            await self.after(self.collection, command)
            return result

        return run


@dataclass(frozen=True)
class _Cursor:
    commands: _Commands
    command: str
    inner: Any

    async def to_list(self, length: int | None) -> list[Any]:
        await self.commands.before(self.commands.collection, self.command)
        found = await self.inner.to_list(length)
        await self.commands.after(self.commands.collection, self.command)
        return found

    async def __aiter__(self) -> AsyncIterator[Any]:
        for document in await self.to_list(None):
            yield document

    async def close(self) -> None: ...
