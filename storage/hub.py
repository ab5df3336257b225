"""One process's ear on the feed: reads each topic once and lets everybody in this process hear it.

Wake-ups (a signal from the relay, a change stream, a poll) make it quick; the numbers make it right.
It must not know who listens or what an item says. Design: storage, "Events" (Wake-up, Subscribe).
"""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo.errors import PyMongoError

from storage import metering
from storage.client import DatabaseUnavailable
from storage.cursor import CursorExpired
from storage.feed import Feed, FeedItem
from storage.tail import Listener, Tail

log = logging.getLogger(__name__)

_PAGE = 500
_POLL_SECONDS = 1.0
_ALL_TOPICS = 15  # every so many polls
_SKEW = timedelta(seconds=10)  # as long as clocks differ by less, a quick poll sees what others published
_AT_ONCE = 16
_WATCH_AGAIN_SECONDS = 10.0  # a server that is no replica set never has a stream
_DATABASE_FAILED = (DatabaseUnavailable, PyMongoError)


@dataclass(frozen=True, slots=True)
class Lagged:
    """The listener was too slow: `missed` items follow number `seq`. They come next, from the stored feed."""

    missed: int
    seq: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing came after number `seq` yet."""

    seq: int


class Hub:
    """One per process. `run` is its background task; `buffer`: how many items a listener may fall behind."""

    def __init__(self, feed: Feed, *, buffer: int = 1000) -> None:
        self._feed = feed
        self._buffer = buffer
        self._tails: dict[str, Tail] = {}
        self._pending: set[str] = set()
        self._work = asyncio.Event()
        self._wanted = asyncio.Event()
        self._closed = False

    def wake(self, topics: Iterable[str] | None = None) -> None:
        """Say that these topics (None: any) may have new items."""
        self._pending.update(self._tails if topics is None else self._tails.keys() & set(topics))
        if self._pending:
            self._work.set()

    def close(self) -> None:
        """End every subscription; none lasts any more."""
        self._closed = True
        for tail in self._tails.values():
            tail.wake()

    async def subscribe(
        self, topic: str, after: int | None, heartbeat: float = 15.0
    ) -> AsyncGenerator[FeedItem | Lagged | Heartbeat]:
        """Yield the items after number `after`, then what comes, without a gap or a repetition.

        Without `after` it starts now, and says with a first heartbeat where that is, so that a connection
        lost before the first item can be resumed. A heartbeat comes after so many seconds without an item.
        Ends with `close`. Raises CursorExpired or CursorInvalid for an `after` that the feed cannot serve.
        """
        async with self._listening(topic) as (tail, told):
            told.seq = (tail.position or 0) if after is None else after
            if after is None:
                yield Heartbeat(told.seq)
            else:
                await self._feed.check(topic, after)
            live = False
            while not self._closed:
                moved = tail.moved  # taken before looking, so that nothing falls between looking and waiting
                items = tail.since(told.seq)
                if items is None and live:
                    metering.LAGGED.inc()
                    yield Lagged(tail.behind(told.seq), told.seq)
                live = items is not None
                for item in await self._stored(topic, told.seq) if items is None else items:
                    yield item
                    told.seq = item.seq
                if live and not items and not await _set_within(heartbeat, moved):
                    yield Heartbeat(told.seq)

    async def ticks(self, topic: str, seconds: float) -> AsyncGenerator[None]:
        """Yield at once, then each time that the topic may have something new, and after so many seconds
        without; for whoever looks for itself what to do. Ends with `close`.
        """
        async with self._listening(topic) as (tail, told):
            told.seq = sys.maxsize  # it reads none, so none is kept for it
            while not self._closed:
                moved = tail.moved  # taken before looking, so that nothing falls between looking and waiting
                yield
                await _set_within(seconds, moved)

    async def run(self) -> None:
        """Follow the feed until cancelled. May be run again: whoever listens goes on listening meanwhile."""
        self._closed = False
        self.wake()  # nobody looked in between
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._poll())
            group.create_task(self._watch())

    @asynccontextmanager
    async def _listening(self, topic: str) -> AsyncGenerator[tuple[Tail, Listener]]:
        tail = self._tails.setdefault(topic, Tail(self._buffer))
        listener = Listener()
        tail.listeners.add(listener)
        self._wanted.set()
        try:
            async with tail.opening:
                if tail.position is None:
                    tail.position = await self._feed.last(topic)
            yield tail, listener
        finally:
            tail.listeners.remove(listener)
            if not tail.listeners:
                del self._tails[topic]

    async def _stored(self, topic: str, position: int) -> Sequence[FeedItem]:
        items = await self._feed.page(topic, position, _PAGE)
        if not items or items[0].seq != position + 1:
            raise CursorExpired  # so slow that the feed has let go of what comes next
        return items

    async def _read(self) -> None:
        """Read what is new in the pending topics: one query for each, however many listen to it."""
        while True:
            await self._work.wait()
            self._work.clear()
            topics = list(self._pending)
            self._pending.clear()
            for at in range(0, len(topics), _AT_ONCE):
                await asyncio.gather(*map(self._advance, topics[at : at + _AT_ONCE]))

    async def _advance(self, topic: str) -> None:
        tail = self._tails.get(topic)
        try:
            while tail is not None and tail.position is not None:
                items = await self._feed.page(topic, tail.position, _PAGE)
                if items:
                    tail.append(items)
                if len(items) < _PAGE:
                    return
        except _DATABASE_FAILED:
            self._pending.add(topic)  # the next poll tries again

    async def _poll(self) -> None:
        """See each second what was published elsewhere, in case that no change stream tells."""
        polls = 0
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            polls += 1
            if polls % _ALL_TOPICS == 0:
                self.wake()
            elif self._tails:
                try:
                    self.wake(await self._feed.touched(datetime.now(UTC) - _SKEW))
                except _DATABASE_FAILED as error:
                    log.warning("Subscriptions wait until the database answers again: %s", error)
                    self.wake()

    async def _watch(self) -> None:
        """Be told by the server where it can; only while somebody listens, since it tells of every item."""
        while True:
            await self._wanted.wait()
            try:
                async with self._feed.changes() as changes:
                    self.wake()  # what was published before the stream was open
                    while self._tails:
                        if change := await changes.try_next():
                            self.wake((change["fullDocument"]["topic"],))
            except Exception:  # whatever it is, the poll is enough
                log.debug("No change stream; subscriptions poll each second.", exc_info=True)
                await asyncio.sleep(_WATCH_AGAIN_SECONDS)
            if not self._tails:
                self._wanted.clear()


async def _set_within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
