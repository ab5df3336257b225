"""The one file that imports the database driver: connections, collections, transactions, change streams.

Motor and PyMongo's AsyncMongoClient answer the same here. It knows nothing about orders.
"""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, NewType, Self, TypeAlias, TypeVar, cast

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel
from pymongo.results import DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from storage.failures import DatabaseUnavailable, DuplicateKey, OutcomeUnknown, TooLarge, our_errors

__all__ = [
    "ASCENDING",
    "DATABASE_NOW",
    "DESCENDING",
    "Changes",
    "Collection",
    "Database",
    "DatabaseUnavailable",
    "Document",
    "Driver",
    "DuplicateKey",
    "Found",
    "IndexModel",
    "OutcomeUnknown",
    "Session",
    "TooLarge",
    "connect",
]

T = TypeVar("T")
Driver: TypeAlias = Literal["motor", "pymongo"]
Document: TypeAlias = dict[str, Any]
Filter: TypeAlias = Mapping[str, Any]
Pipeline: TypeAlias = Sequence[Mapping[str, Any]]
Sort: TypeAlias = Sequence[tuple[str, int]]
# The server's clock, for `$expr`. Plain `$$NOW` says the same on MongoDB, but SecantusDB 0.7 finds every date
# earlier than that: deadlines would fire at once.
DATABASE_NOW: Mapping[str, Any] = {"$toDate": {"$toLong": "$$NOW"}}
Session = NewType("Session", object)  # opaque: made by `transaction`, handed on to the calls inside it


def connect(
    uri: str, database: str, driver: Driver = "motor", *, server_selection_seconds: float = 5.0
) -> "Database":
    """A database on the server at `uri`. It connects with the first call (or `ping`), not here.

    Both drivers bind to the event loop of that first call and cannot be used from another loop.
    """
    settings: dict[str, Any] = {
        # Explicit, whatever the URI or the server's defaults say: a killed server lost hundreds of writes
        # acknowledged with the default concern and none with this one (design: storage).
        "w": "majority",
        "journal": True,
        "wTimeoutMS": 10_000,  # otherwise a write waits for ever for a majority that is gone
        "readConcernLevel": "majority",  # never decide on what a failover may take back
        "retryWrites": True,
        "retryReads": True,
        "tz_aware": False,  # naive UTC decodes twice as fast; the edge attaches the zone once
        "uuidRepresentation": "standard",
        "serverSelectionTimeoutMS": int(server_selection_seconds * 1000),
        "connectTimeoutMS": 5_000,
        "socketTimeoutMS": 30_000,  # a server that accepts and never answers must not hold a request for ever
        "appname": "orderflow",
    }
    client_class = cast("Any", AsyncIOMotorClient if driver == "motor" else AsyncMongoClient)
    return Database(client_class(uri, **settings), database)


@dataclass(frozen=True, slots=True)
class Database:
    """One database, through any client with Motor's or PyMongo's asynchronous interface.

    Tests hand in an in-memory client; everything else comes from `connect`.
    """

    client: Any
    name: str

    def collection(self, name: str) -> "Collection":
        """The collection of that name; sends nothing."""
        return Collection(self.client[self.name][name])

    async def ping(self) -> None:
        """Return when the server answers, or raise DatabaseUnavailable."""
        with our_errors():
            await self.client[self.name].command("ping")

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run `work` in one transaction and return its result; every call inside must pass the session on.

        The driver runs `work` again after a write conflict, so it must have no effect but its writes.
        """
        with our_errors():
            async with await _settled(self.client.start_session()) as session:
                return await session.with_transaction(work)

    async def drop(self) -> None:
        """Delete the database with everything in it."""
        with our_errors():
            await self.client.drop_database(self.name)

    async def close(self) -> None:
        """Give up all connections. The object cannot be used afterwards."""
        await _settled(self.client.close())


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection: the driver's own arguments and results, with the errors of `storage.failures`."""

    raw: Any

    async def find_one(
        self,
        where: Filter,
        projection: Mapping[str, Any] | None = None,
        *,
        sort: Sort | None = None,
        session: Session | None = None,
    ) -> Document | None:
        """The first document that matches, or None."""
        with our_errors(session):
            return await self.raw.find_one(where, projection, **_given(sort=sort, session=session))

    def find(
        self,
        where: Filter,
        projection: Mapping[str, Any] | None = None,
        *,
        sort: Sort | None = None,
        limit: int = 0,
        hint: str | None = None,
        session: Session | None = None,
    ) -> "Found":
        """What matches, asked for when it is read; `limit` 0 means all; `hint` names an index."""

        def cursor() -> Any:
            found = self.raw.find(where, projection, limit=limit, **_given(sort=sort, session=session))
            # On the cursor, because an in-memory client refuses it as an argument.
            return found.hint(hint) if hint else found

        return Found(cursor, session)

    def aggregate(self, pipeline: Pipeline, *, session: Session | None = None) -> "Found":
        """A pipeline's results, asked for when they are read."""
        return Found(lambda: self.raw.aggregate(list(pipeline), **_given(session=session)), session)

    async def count_documents(
        self, where: Filter, *, limit: int | None = None, session: Session | None = None
    ) -> int:
        """How many match, counting no further than `limit`."""
        with our_errors(session):
            return await self.raw.count_documents(where, **_given(limit=limit, session=session))

    async def insert_one(self, document: Document, *, session: Session | None = None) -> InsertOneResult:
        """Store one document, or raise DuplicateKey."""
        with our_errors(session):
            return await self.raw.insert_one(document, **_given(session=session))

    async def insert_many(
        self, documents: Iterable[Document], *, ordered: bool = True, session: Session | None = None
    ) -> InsertManyResult:
        """Store several in one command; ordered, the first DuplicateKey ends it and counts those before."""
        with our_errors(session):
            return await self.raw.insert_many(list(documents), ordered=ordered, **_given(session=session))

    async def update_one(
        self,
        where: Filter,
        change: Mapping[str, Any] | Pipeline,
        *,
        upsert: bool = False,
        array_filters: Pipeline | None = None,
        session: Session | None = None,
    ) -> UpdateResult:
        """Change one document; `matched_count` 0 tells that none matched."""
        options = _given(array_filters=array_filters, session=session)
        with our_errors(session):
            return await self.raw.update_one(where, change, upsert=upsert, **options)

    async def update_many(
        self, where: Filter, change: Mapping[str, Any] | Pipeline, *, session: Session | None = None
    ) -> UpdateResult:
        """Change all that match: not atomic over documents, and never repeated by the driver."""
        with our_errors(session):
            return await self.raw.update_many(where, change, **_given(session=session))

    async def delete_many(self, where: Filter, *, session: Session | None = None) -> DeleteResult:
        """Delete all that match; never repeated by the driver."""
        with our_errors(session):
            return await self.raw.delete_many(where, **_given(session=session))

    async def create_indexes(self, indexes: Sequence[IndexModel]) -> list[str]:
        """Make the indexes that are not there yet; returns the names of all that were asked for."""
        with our_errors():
            return await self.raw.create_indexes(list(indexes))

    @asynccontextmanager
    async def watch(
        self,
        pipeline: Pipeline = (),
        *,
        resume_after: Mapping[str, Any] | None = None,
        full_document: Literal["updateLookup"] | None = None,
    ) -> AsyncGenerator["Changes"]:
        """An open change stream: whatever is written after the block is entered is in it."""
        options = _given(resume_after=resume_after, full_document=full_document)
        with our_errors():
            async with AsyncExitStack() as opened:
                with our_errors():  # its own, so that a swallowed cancellation is noticed before what follows
                    # Motor's stream opens only when it is entered, not when `watch` returns.
                    stream = await opened.enter_async_context(
                        await _settled(self.raw.watch(list(pipeline), **options))
                    )
                yield Changes(stream)


@dataclass(frozen=True, slots=True)
class Found:
    """Documents not asked for yet. Read it once or again: each reading asks anew."""

    cursor: Callable[[], Any]
    session: Session | None = None

    async def __aiter__(self) -> AsyncIterator[Document]:
        """One after the other, a batch in memory at a time."""
        with our_errors(self.session):
            cursor = await _settled(self.cursor())
            try:
                async for document in cursor:
                    yield document
            finally:
                await cursor.close()

    async def to_list(self) -> list[Document]:
        """All at once; cheaper for a page, because Motor changes threads per batch and not per document."""
        with our_errors(self.session):
            cursor = await _settled(self.cursor())
            return await cursor.to_list(None)


@dataclass(frozen=True, slots=True)
class Changes:
    """An open change stream: wait for the next change by iterating, or look with `try_next`."""

    stream: Any

    @property
    def resume_token(self) -> Mapping[str, Any] | None:
        """Where to go on from with `resume_after`; short-lived, good for this server only."""
        return self.stream.resume_token

    async def try_next(self) -> Document | None:
        """The next change, or None when none came within a second."""
        with our_errors():
            return await self.stream.try_next()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Document:
        # Not the driver's own endless loop, so that every turn of it can be cancelled.
        while self.stream.alive:
            if change := await self.try_next():
                return change
        raise StopAsyncIteration


async def _settled(value: Any) -> Any:
    """Await what needs awaiting: here the two drivers differ.

    `aggregate` and `watch` are plain in Motor and coroutines in PyMongo, `start_session` is the reverse,
    `close` is a coroutine in PyMongo only.
    """
    return await value if inspect.isawaitable(value) else value


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; an in-memory client refuses some of them even as None."""
    return {name: value for name, value in options.items() if value is not None}
