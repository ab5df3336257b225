"""What happened, as a live stream and by pulling: one feed, a topic per viewer, nothing lost or told twice.

What an event looks like stands in `graph.types.events`. Design: API, "Subscriptions".
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, assert_never

import strawberry
from graphql import GraphQLError

from graph.codes import check_events
from graph.cursors import CursorRefused
from graph.integrations.leased import MOST_UNANSWERED, Kinds, Seconds, leased_commands
from graph.integrations.query import OrderCommand
from graph.lookup import find_order
from graph.types.events import Heartbeat, Lagged, OrderEvent, OrderStateChanged, event_view, told
from graph.types.ids import decode
from graph.types.paging import check_page
from graph.types.scalars import Cursor
from graph.types.selector import OrderSelector
from graph.viewer import Info, Viewer, viewer_of
from storage import hub
from storage.cursor import CursorExpired, CursorInvalid
from storage.feed import FeedItem


class NoSuchOrder(GraphQLError):
    """The filter names an order that does not exist for this viewer."""

    def __init__(self) -> None:
        super().__init__("There is no such order.", extensions={"code": "NOT_FOUND"})


@strawberry.input(
    description="Which events to send. All that are given must hold; cursors count on regardless."
)
class OrderEventsWhere:
    order: OrderSelector | None = strawberry.field(default=None, description="Of this order only.")
    units: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Of these lines or merchant orders only."
    )
    events: list[str] | None = strawberry.field(
        default=None, description="Of these events only, such as ship."
    )


@strawberry.type(description="Events that were pulled, oldest first.")
class EventPage:
    nodes: list[OrderStateChanged] = strawberry.field(description="The events.")
    cursor: Cursor = strawberry.field(
        description="The place that this page ends at; pass it as `after` next time."
    )
    has_more: bool = strawberry.field(description="More has happened already after this page.")


After = Annotated[
    Cursor | None,
    strawberry.argument(
        description="The last cursor that was read: what happened after it comes, without a gap."
    ),
]


@strawberry.type
class EventsQuery:
    """The part of the schema's Query that is about events."""

    @strawberry.field(
        description="What happened in the viewer's scope, as `orderEvents` tells it, by pulling. Without "
        "`after` the latest events, and a cursor to go on from. Kept for 30 days."
    )
    async def events(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="How many at most, up to 100.")],
        after: After = None,
    ) -> EventPage:
        viewer = viewer_of(info.context)
        check_page(first)
        feed, topic = viewer.services.feed, viewer.scope.topic
        cursors = await viewer.services.cursors.of(topic)
        last = await feed.last(topic)
        seq = max(0, last - first) if after is None else cursors.decode(after)
        if after is not None:
            try:
                await feed.check(topic, seq)
            except (CursorInvalid, CursorExpired) as error:
                raise CursorRefused(error) from None
        items = await feed.page(topic, seq, first)
        end = items[-1].seq if items else max(seq, last) if after is None else seq
        return EventPage(
            nodes=[event_view(viewer, item, cursors) for item in items if told(viewer, item)],
            cursor=cursors.encode(end),
            has_more=end < last,
        )


@strawberry.type(description="What can be listened to.")
class Subscription:
    @strawberry.subscription(
        description="Every change in the viewer's scope as it happens, one event per row of the history, in "
        "order. With `after` it first sends what was missed, whatever connection or server was lost. Without "
        "it, it starts now, with a Heartbeat that says where that is."
    )
    async def order_events(
        self,
        info: Info,
        after: After = None,
        where: Annotated[
            OrderEventsWhere | None, strawberry.argument(description="Which events to send; all without it.")
        ] = None,
    ) -> AsyncGenerator[OrderEvent, None]:
        viewer = viewer_of(info.context)  # fixed here: this topic and no other, whatever happens later
        topic = viewer.scope.topic
        cursors = await viewer.services.cursors.of(topic)
        wanted = await _wanted(viewer, where)
        position = None if after is None else cursors.decode(after)
        try:
            async for item in viewer.services.hub.subscribe(topic, position):
                match item:
                    case FeedItem():
                        if told(viewer, item) and wanted.has(item):
                            yield event_view(viewer, item, cursors)
                    case hub.Heartbeat():
                        yield Heartbeat(cursor=cursors.encode(item.seq), at=await viewer.services.clock.now())
                    case hub.Lagged():
                        yield Lagged(missed=item.missed, cursor=cursors.encode(item.seq))
                    case _:
                        assert_never(item)
        except (CursorInvalid, CursorExpired) as error:
            raise CursorRefused(error) from None

    @strawberry.subscription(
        description="Commands to the payment provider, each as soon as it is due and leased to this "
        "subscriber as it is sent, as by `leaseCommands`: several subscribers share the work, and what one "
        "that dies was sent is sent again when its lease has run out, with the same key. Of what it has not "
        f"acknowledged a subscriber holds {MOST_UNANSWERED} at most. There is no cursor: whoever comes is "
        "sent what is due. For the role PAYMENTS."
    )
    async def commands(
        self, info: Info, kinds: Kinds = None, seconds: Seconds = 60
    ) -> AsyncGenerator[OrderCommand, None]:
        async with aclosing(leased_commands(info, kinds, seconds)) as leased:
            async for each in leased:
                yield each


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The filter of one subscription, with ids as storage knows them; None: any."""

    order: str | None = None
    units: frozenset[str] | None = None
    events: frozenset[str] | None = None

    def has(self, item: FeedItem) -> bool:
        return (
            self.order in (None, item.order)
            and (self.units is None or item.body["unit"] in self.units)
            and (self.events is None or item.body["event"] in self.events)
        )


async def _wanted(viewer: Viewer, where: OrderEventsWhere | None) -> _Wanted:
    """What the filter asks for. Raises NoSuchOrder for an order that the viewer may not see, BadInput for an
    event that never happens.
    """
    if where is None:
        return _Wanted()
    check_events(where.events or (), viewer.role, viewer.audience)
    order = await find_order(viewer, where.order) if where.order else None
    if where.order and order is None:
        raise NoSuchOrder
    units = None if where.units is None else frozenset(_unit(each) for each in where.units)
    return _Wanted(order and order.id, units, None if where.events is None else frozenset(where.events))


def _unit(global_id: str) -> str:
    """What storage calls the unit; an id that is none of ours is nobody's."""
    found = decode(global_id)
    return found[1] if found else ""
