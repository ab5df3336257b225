"""What telling many subscribers costs inside one process: no sockets, and a feed in memory."""

import asyncio
import gc
import subprocess
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import getpid
from typing import Any, cast

from domain.actors import Role
from graph.auth import Principal
from graph.context import Context, new_request_id
from graph.cursors import Cursors
from graph.requests import Operation
from graph.schema import schema
from graph.services import Services
from graph.streams import one_of, results
from graph.wire import encode
from storage.feed import Feed, FeedItem
from storage.hub import Hub

MERCHANTS = 500
SCREENS = 10
"""Subscribers of each merchant."""
RATE = 2_000
"""Deliveries a second."""
DELIVERIES = 200_000

LISTEN = """subscription { orderEvents { ... on OrderStateChanged {
  cursor seq at order { id reference } unit event role reason labels { audience code label } version
} ... on Heartbeat { cursor } } }"""


@dataclass(frozen=True, slots=True)
class Topics(Feed):
    """A feed that remembers the last items of each topic."""

    items: dict[str, deque[FeedItem]] = field(default_factory=dict[str, deque[FeedItem]])

    async def page(self, topic: str, after: int, limit: int) -> list[FeedItem]:
        return [item for item in self.items.get(topic, ()) if item.seq > after][:limit]

    async def last(self, topic: str) -> int:
        return max((item.seq for item in self.items.get(topic, ())), default=0)

    async def epoch(self) -> str:
        return "bench"


def run() -> None:
    """Print the time from publishing to being told, and what memory does meanwhile. Takes two minutes."""
    asyncio.run(_measure())


async def _measure() -> None:
    feed = Topics(cast("Any", None))
    hub = Hub(feed)
    reading = asyncio.create_task(hub._read())  # pyright: ignore[reportPrivateUsage]
    services = cast("Services", _Services(hub, feed, Cursors(feed, b"bench")))
    late: list[float] = []
    before = resident()
    listeners = [
        asyncio.create_task(_listen(services, f"m{number % MERCHANTS}", late))
        for number in range(MERCHANTS * SCREENS)
    ]
    while len(hub._tails) < MERCHANTS:  # pyright: ignore[reportPrivateUsage] # noqa: ASYNC110
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    each = (resident() - before) / len(listeners)
    print(f"hub: {len(listeners)} subscriptions of {MERCHANTS} topics, {each:.1f} KB each without a socket")
    await _publish(hub, feed, 50_000)  # what is kept of each topic fills first
    gc.collect()
    late.clear()
    settled, cpu = resident(), time.process_time()
    start = time.perf_counter()
    await _publish(hub, feed, DELIVERIES)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    gc.collect()
    late.sort()
    middle, most = (1000 * late[len(late) * part // 100] for part in (50, 99))
    print(f"hub: {len(late) / seconds:.0f} deliveries/s, CPU {1e6 * cpu / len(late):.0f} µs each")
    print(f"hub: publish to receive p50 {middle:.1f} ms, p99 {most:.1f} ms")
    grown = resident() - settled
    print(f"hub: {len(late)} deliveries later it has {grown:+d} KB of {settled} ({grown / settled:+.1%})")
    for task in (reading, *listeners):
        task.cancel()
    await asyncio.gather(reading, *listeners, return_exceptions=True)


def resident(pid: int | None = None) -> int:
    """KB that the process has in memory."""
    command = ["ps", "-o", "rss=", "-p", str(pid or getpid())]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


@dataclass(slots=True)
class _Clock:
    async def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class _Services:
    """The services that a subscription asks."""

    hub: Hub
    feed: Feed
    cursors: Cursors
    clock: _Clock = field(default_factory=_Clock)


async def _listen(services: Services, merchant: str, late: list[float]) -> None:
    now, later = datetime.now(UTC), datetime(2100, 1, 1, tzinfo=UTC)
    principal = Principal(merchant, Role.MERCHANT, merchant, None, now, later, None)
    context = Context(services=services, request_id=new_request_id(), principal=principal)
    stream: AsyncGenerator[Any, None] = results(schema, Operation(LISTEN, None, None), context)
    async with aclosing(stream):
        async for result in stream:
            encode({"id": "1", "type": "next", "payload": one_of(result, context.request_id)})
            if reason := result.data["orderEvents"].get("reason"):
                late.append(time.perf_counter() - float(reason))


async def _publish(hub: Hub, feed: Topics, deliveries: int) -> None:
    pause, start = SCREENS / RATE, time.perf_counter()
    for number in range(deliveries // SCREENS):
        topic = f"merchant:m{number % MERCHANTS}"
        items = feed.items.setdefault(topic, deque(maxlen=4))
        items.append(_item(topic, items[-1].seq + 1 if items else 1))
        hub.wake((topic,))
        await asyncio.sleep(max(0.0, start + (number + 1) * pause - time.perf_counter()))
    await asyncio.sleep(0.5)


def _item(topic: str, seq: int) -> FeedItem:
    body = {
        "seq": seq,
        "at": datetime.now(UTC),
        "order": "o1",
        "reference": "K7QW-2M9X-1",
        "merchant_order": {"id": "mo1", "reference": "K7QW-2M9X-1"},
        "unit": "l1",
        "party": "merchant",
        "process": {"name": "marketplace-merchant", "version": 1},
        "source": "new",
        "target": "shipped",
        "event": "ship",
        "actor": "seller",
        "role": "merchant",
        "cause": None,
        "reason": repr(time.perf_counter()),
        "labels": {
            "merchant_portal": {"code": "shipped", "label": "Shipped", "key": "shipped", "date": None}
        },
        "version": seq,
    }
    return FeedItem(topic, seq, "o1", seq, "order_state_changed", body)
