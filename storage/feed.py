"""The feed: every published entry, numbered without a gap per topic and kept for 30 days.

It knows neither who publishes (relay) nor who listens (hub).
Design: storage, "Events".
"""

import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage.client import ASCENDING, Changes, Collection, Database, Document, DuplicateKey, IndexModel
from storage.cursor import CursorExpired, CursorInvalid
from storage.values import aware, naive

KEPT = timedelta(days=30)
_EPOCH = "feed_epoch"


INDEXES = (
    # These two are what keeps several relays from numbering anything twice, or two things alike.
    IndexModel([("topic", ASCENDING), ("seq", ASCENDING)], name="topic", unique=True),
    IndexModel(
        [("topic", ASCENDING), ("order", ASCENDING), ("version", ASCENDING), ("i", ASCENDING)],
        name="entry",
        unique=True,
    ),
    IndexModel([("at", ASCENDING), ("topic", ASCENDING), ("seq", ASCENDING)], name="age"),
)


async def ensure_indexes(database: Database) -> None:
    """Make the feed's indexes that are not there yet."""
    await database.collection("feed").create_indexes(INDEXES)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class FeedItem:
    """One entry as one topic may read it. `seq` counts the topic 1, 2, 3…; `body` is publication's.

    Whoever listens to a topic in one process is given the same object, and may keep notes by it.
    """

    topic: str
    seq: int
    order: str
    version: int
    type: str
    body: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash((self.topic, self.seq))


@dataclass(frozen=True, slots=True)
class Feed:
    """The stored feed of one database."""

    database: Database

    @property
    def rows(self) -> Collection:
        """The collection: {topic, seq, order, version, i, type, body, at}."""
        return self.database.collection("feed")

    async def page(self, topic: str, after: int, limit: int) -> list[FeedItem]:
        """Return the items that follow number `after`, at most `limit`; none when there is nothing yet.

        Numbers have no gap, so the range is known at both ends; `check` a number that came from outside.
        """
        where = {"topic": topic, "seq": {"$gt": after, "$lte": after + limit}}
        return [_item(row) for row in await self.rows.find(where, sort=[("seq", ASCENDING)]).to_list()]

    async def last(self, topic: str) -> int:
        """Return the number of the topic's last item, 0 when it never had one."""
        row = await self.rows.find_one({"topic": topic}, {"seq": 1}, sort=[("seq", -1)])
        return row["seq"] if row else 0

    async def first(self, topic: str) -> int:
        """Return the number of the topic's oldest item that is kept, 1 when it never had one."""
        row = await self.rows.find_one({"topic": topic}, {"seq": 1}, sort=[("seq", ASCENDING)])
        return row["seq"] if row else 1

    async def check(self, topic: str, after: int) -> None:
        """Raise CursorExpired when items after this number are gone, CursorInvalid when it is ahead."""
        near = {"topic": topic, "seq": {"$in": [after, after + 1]}}
        if await self.rows.find_one(near, {"seq": 1}):
            return  # the next one is there, or this is the last one
        last = await self.last(topic)
        if after > last:
            raise CursorInvalid
        # Looked for again: the topic's very first item may have come between the two looks above.
        if after < last and not await self.rows.find_one(near, {"seq": 1}):
            raise CursorExpired

    async def touched(self, since: datetime) -> set[str]:
        """Return the topics that got items since then, by the clocks of those who published them."""
        young = [{"$match": {"at": {"$gte": naive(since)}}}, {"$group": {"_id": "$topic"}}]
        return {row["_id"] async for row in self.rows.aggregate(young)}

    def changes(self) -> AbstractAsyncContextManager[Changes]:
        """Open a change stream of what is published; each change tells `fullDocument.topic`."""
        return self.rows.watch(
            [{"$match": {"operationType": "insert"}}, {"$project": {"fullDocument.topic": 1}}]
        )

    async def prune(self, now: datetime) -> None:
        """Delete what is older than 30 days, but never a topic's last item.

        Not a TTL index: that would empty a topic in which nothing happened for a month; then its numbers
        would start again, and a reader could no longer be told whether it missed something.
        """
        before = naive(now - KEPT)
        old = [{"$match": {"at": {"$lt": before}}}, {"$group": {"_id": "$topic", "seq": {"$max": "$seq"}}}]
        async for topic in self.rows.aggregate(old):
            name, upto = topic["_id"], topic["seq"]
            last = await self.last(name)
            await self.rows.delete_many({"topic": name, "seq": {"$lte": min(upto, last - 1)}})
            if upto == last:
                # Out of the index by age, so that quiet topics are not looked at again every time.
                await self.rows.update_one({"topic": name, "seq": last}, {"$unset": {"at": ""}})

    async def epoch(self) -> str:
        """Return the random id of this database's feed, made when it is first asked for."""
        settings = self.database.collection("settings")
        fresh = {"$setOnInsert": {"value": secrets.token_hex(8)}}
        with suppress(DuplicateKey):  # another process made it at the same time
            await settings.update_one({"_id": _EPOCH}, fresh, upsert=True)
        stored = await settings.find_one({"_id": _EPOCH})
        assert stored is not None
        return stored["value"]


def _item(row: Document) -> FeedItem:
    body = row["body"]
    body["at"] = aware(body["at"])
    return FeedItem(row["topic"], row["seq"], row["order"], row["version"], row["type"], body)
