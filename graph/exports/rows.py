"""From what is stored to the rows of an export, through the very objects that the API serves its viewer."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, assert_never

from graph.cursors import CursorRefused
from graph.exports.asked import Asked
from graph.exports.columns import Kind
from graph.seen import Seen, seen_by
from graph.types.events import event_view, told
from graph.types.history import entry_view
from graph.viewer import Viewer
from graph.views import line_view_in, view_in
from storage.cursor import CursorExpired, CursorInvalid
from storage.streaming import SIZE, Stored


@dataclass(frozen=True, slots=True)
class Row:
    """What a row shows, and of which order; of an event, which names its order itself, twice the same."""

    order: Any
    own: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read at once: how much it was, and the rows of it, which are made as they are taken."""

    read: int
    rows: Iterator[Row]


class Gap(Exception):
    """Events that were to come have been dropped in the meantime."""


async def batches(viewer: Viewer, kind: Kind, asked: Asked) -> AsyncGenerator[Batch, None]:
    """Give all rows, in the order asked for. Raises CursorRefused."""
    match kind:
        case Kind.ORDERS:
            stream = _orders(viewer, asked, _order)
        case Kind.LINES:
            stream = _orders(viewer, asked, _lines)
        case Kind.HISTORY:
            stream = _orders(viewer, asked, _history, with_history=True)
        case Kind.FEED:
            stream = _feed(viewer, asked.after)
        case _:
            assert_never(kind)
    async with aclosing(stream):
        async for batch in stream:
            yield batch


async def _orders(
    viewer: Viewer,
    asked: Asked,
    rows_of: Callable[[Seen, Stored], Iterator[Row]],
    *,
    with_history: bool = False,
) -> AsyncGenerator[Batch, None]:
    def rows(some: list[Stored]) -> Iterator[Row]:
        for stored in some:
            seen = seen_by(viewer, stored.order)
            if seen.units:  # a carrier sees no order before some of it is sent, as by its name
                yield from rows_of(seen, stored)

    stream = viewer.services.orders.stream(
        viewer.scope, asked.where, asked.order_by, with_history=with_history
    )
    async with aclosing(stream):
        async for some in stream:
            yield Batch(len(some), rows(some))


def _order(seen: Seen, _: Stored) -> Iterator[Row]:
    view = view_in(seen)
    yield Row(view, view)


def _lines(seen: Seen, _: Stored) -> Iterator[Row]:
    view = view_in(seen)
    for line in seen.lines:
        yield Row(view, line_view_in(seen, line))


def _history(seen: Seen, stored: Stored) -> Iterator[Row]:
    view = view_in(seen)
    for entry in seen.told(stored.history):
        yield Row(view, entry_view(seen, entry))


async def _feed(viewer: Viewer, after: str | None) -> AsyncGenerator[Batch, None]:
    """The events that there are when it begins: those after the cursor, or all that are kept."""
    feed, topic = viewer.services.feed, viewer.scope.topic
    cursors = await viewer.services.cursors.of(topic)
    if after is None:
        at = await feed.first(topic) - 1
    else:
        at = cursors.decode(after)
        try:
            await feed.check(topic, at)
        except (CursorInvalid, CursorExpired) as error:
            raise CursorRefused(error) from None
    last = await feed.last(topic)
    while at < last:
        items = await feed.page(topic, at, min(SIZE, last - at))
        if not items or items[0].seq != at + 1:
            raise Gap(f"Events of {topic} after number {at} are gone.")
        views = (event_view(viewer, item, cursors) for item in items if told(viewer, item))
        yield Batch(len(items), (Row(view, view) for view in views))
        at = items[-1].seq
