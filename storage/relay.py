"""The relay moves what orders have written into their `out` to the feed: in order, numbered, once.

Several relays at once are safe, and so is a crash between any two commands: the feed's unique indexes decide,
and an order is cleared only of what is in the feed. It knows nothing of what the entries say.
Design: storage, "Events".
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage import metering
from storage.client import Database, DatabaseUnavailable, Document, DuplicateKey
from storage.feed import Feed
from storage.values import aware, naive

log = logging.getLogger(__name__)

STATE_CHANGED = "order_state_changed"
_BATCH = 100  # orders
_POLL_SECONDS = 1.0
_AGAIN_SECONDS = 0.01
_HOUR = 3600.0
_MOST_TOPICS = 10_000


@dataclass(frozen=True, slots=True)
class _Row:
    topic: str
    order: str
    version: int
    i: int
    body: Document

    @property
    def key(self) -> tuple[str, str, int, int]:
        return self.topic, self.order, self.version, self.i


class Relay:
    """One worker. `published` is told the topics that got items, to wake who listens in this process."""

    def __init__(
        self, database: Database, published: Callable[[Iterable[str]], None] = lambda topics: None
    ) -> None:
        self._orders = database.collection("orders")
        self._feed = Feed(database)
        self._published = published
        self._awake = asyncio.Event()
        self._woken: set[str] = set()
        # A guess that saves reading; the unique index tells when another relay was faster. Forgotten each
        # hour, long before the feed lets go of anything, so that a wrong guess always meets a taken number.
        self._last: dict[str, int] = {}
        self._runs = False
        self.went_round = time.monotonic()  # when it last saw what waits; at first, that it is new

    def wake(self, order_id: str | None = None) -> None:
        """Say that an order was written in this process: this one, if it is known which."""
        if order_id is not None:
            self._woken.add(order_id)
        self._awake.set()

    async def run(self) -> None:
        """Publish until cancelled: at once when woken, and every second what other processes wrote."""
        tidied = looked = -_HOUR
        self._runs = True
        while True:
            try:
                woken, self._woken = self._woken, set()
                if woken and time.monotonic() - looked < _POLL_SECONDS:
                    await self._publish({"_id": {"$in": list(woken)}, "dirty": True})
                else:
                    await self.drain()
                    looked = time.monotonic()
                if time.monotonic() - tidied > _HOUR:
                    tidied = time.monotonic()
                    self._last.clear()
                    await self._feed.prune(datetime.now(UTC))
            except DatabaseUnavailable as error:
                log.warning("Events wait in their orders until the database answers again: %s", error)
            except Exception:  # a relay that ends would stop every subscription
                log.exception("The relay failed and tries again.")
            try:
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._awake.wait()
            except TimeoutError:
                continue
            self._awake.clear()

    async def drain(self) -> int:
        """Publish all that waits now; returns how many items this relay added to the feed."""
        return await self._publish({"dirty": True})

    async def _publish(self, where: Document) -> int:
        added = 0
        while orders := await self._waiting(where):
            rows = [
                _Row(to["topic"], order["_id"], item["version"], item["i"], to["body"])
                for order in orders
                for item in order.get("out", ())
                for to in item["to"]
            ]
            added += await self._add(rows)
            self._published({row.topic for row in rows})
            await self._clear(orders)
        return added

    async def _waiting(self, where: Document) -> list[Document]:
        """Some of these orders, whose events wait."""
        dirty = self._orders.find(where, {"version": 1, "out": 1}, limit=_BATCH)
        orders = await dirty.to_list()
        self.went_round = time.monotonic()
        return orders

    def _count(self, documents: Sequence[Document]) -> None:
        """Measure how long these waited; not those of a demo or a test, which were never late."""
        if self._runs:
            written = (aware(document["body"]["at"]) for document in documents)
            metering.published(written, datetime.now(UTC))

    async def _add(self, rows: Sequence[_Row]) -> int:
        """Put the rows into the feed, in this order, except those that are there already."""
        added = 0
        while rows:
            documents = await self._numbered(rows)
            try:
                await self._feed.rows.insert_many(documents)
            except DuplicateKey as taken:
                # Either a number or an entry is taken: another relay is at work, or one was interrupted.
                added += taken.inserted
                self._count(documents[: taken.inserted])
                for row in rows:
                    self._last.pop(row.topic, None)
                await asyncio.sleep(_AGAIN_SECONDS)
                rows = await self._missing(rows)
            else:
                self._last |= {document["topic"]: document["seq"] for document in documents}
                self._count(documents)
                return added + len(documents)
        return added

    async def _numbered(self, rows: Sequence[_Row]) -> list[Document]:
        if len(self._last) > _MOST_TOPICS:
            self._last.clear()
        unknown = list({row.topic for row in rows} - self._last.keys())
        lasts = await asyncio.gather(*(self._feed.last(topic) for topic in unknown))
        self._last |= dict(zip(unknown, lasts, strict=True))
        numbers = {topic: self._last[topic] for topic in {row.topic for row in rows}}
        documents: list[Document] = []
        now = naive(datetime.now(UTC))
        for row in rows:
            numbers[row.topic] += 1
            documents.append(
                {
                    "topic": row.topic,
                    "seq": numbers[row.topic],
                    "order": row.order,
                    "version": row.version,
                    "i": row.i,
                    "type": STATE_CHANGED,
                    "body": row.body,
                    "at": now,
                }
            )
        return documents

    async def _missing(self, rows: Sequence[_Row]) -> list[_Row]:
        where = {
            "topic": {"$in": list({row.topic for row in rows})},
            "order": {"$in": list({row.order for row in rows})},
            "version": {"$gte": min(row.version for row in rows)},
        }
        found = self._feed.rows.find(where, {"topic": 1, "order": 1, "version": 1, "i": 1})
        there = {(row["topic"], row["order"], row["version"], row["i"]) async for row in found}
        return [row for row in rows if row.key not in there]

    async def _clear(self, orders: Sequence[Document]) -> None:
        """Take out of the orders what was read from them; what was written meanwhile stays, marked dirty."""
        at: defaultdict[int, list[str]] = defaultdict(list)
        for order in orders:
            at[order["version"]].append(order["_id"])
        clean: Document = {"$set": {"out": []}, "$unset": {"dirty": ""}}
        for version, ids in at.items():
            done = await self._orders.update_many({"_id": {"$in": ids}, "version": version}, clean)
            if done.matched_count < len(ids):
                # A write adds the items of its version at once, so these are exactly what was read.
                read = {"$pull": {"out": {"version": {"$lte": version}}}}
                await self._orders.update_many({"_id": {"$in": ids}}, read)
