"""Events as clients read them, and what of an item of the feed a viewer is told.

What an item says to which topic was decided where it was published (storage.publication).
"""

import datetime
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from weakref import WeakKeyDictionary

import strawberry

from domain.actors import Audience, Party, Role
from domain.process import Process
from domain.processes import PROCESSES
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from graph.cursors import TopicCursors
from graph.executor import Answers
from graph.parties import hears, knows, reads_reason
from graph.types.ids import LINE, MERCHANT_ORDER, encode
from graph.types.scalars import Cursor
from graph.viewer import Viewer
from storage.feed import FeedItem
from storage.publication import KNOWN
from storage.scope import ScopeKind


@strawberry.type(description="The order that an event is about, by the names that this viewer knows it by.")
class OrderRef:
    id: strawberry.ID = strawberry.field(description="The id that this viewer reads on the order.")
    reference: str = strawberry.field(description="The reference, such as K7QW-2M9X.")


@strawberry.type(description="What one audience reads once the whole step is done.")
class EventLabel:
    audience: Audience = strawberry.field(description="Who reads it.")
    code: str = strawberry.field(description="The label's stable code.")
    label: str = strawberry.field(description="What people read, with the date filled in when it is known.")
    date: datetime.date | None = strawberry.field(description="The date in the label.")


@strawberry.type(description="One row that was added to the history of an order.")
class OrderStateChanged:
    cursor: Cursor = strawberry.field(description="The place after this event; pass it as `after` to go on.")
    seq: int = strawberry.field(description="The row's number in its order. Not every viewer sees all rows.")
    at: datetime.datetime = strawberry.field(description="When it happened.")
    order: OrderRef = strawberry.field(description="The order that it happened to.")
    unit: strawberry.ID | None = strawberry.field(
        description="The line or merchant order that moved; null: it is about the whole order."
    )
    party: Party | None = strawberry.field(description="Whose machine moved; null: none did.")
    source: str | None = strawberry.field(
        description="The state it left; null: none, or not for this viewer."
    )
    target: str | None = strawberry.field(
        description="The state it reached; null: none, or not for this viewer."
    )
    event: str = strawberry.field(description="The event.")
    actor: str | None = strawberry.field(description="Who fired it; null: not for this viewer.")
    role: Role = strawberry.field(description="In which role it was fired.")
    reason: str | None = strawberry.field(
        description="The reason that was given; null: none, or not for this viewer."
    )
    labels: list[EventLabel] = strawberry.field(
        description="What is read now: the viewer's own label; the marketplace reads every audience's."
    )
    version: int = strawberry.field(description="The order's version that this event is part of.")
    answers: strawberry.Private[Answers]


@strawberry.type(description="Nothing happened for a while; the stream is alive.")
class Heartbeat:
    cursor: Cursor = strawberry.field(description="The place that has been reached; as good as an event's.")
    at: datetime.datetime = strawberry.field(description="The time of orders on this server.")


@strawberry.type(
    description="The reader was too slow. What it has not read yet follows from the stored feed; nothing is "
    "lost."
)
class Lagged:
    missed: int = strawberry.field(description="How many events had piled up.")
    cursor: Cursor = strawberry.field(description="The place before the first of them.")


OrderEvent = Annotated[
    OrderStateChanged | Heartbeat | Lagged,
    strawberry.union(
        "OrderEvent", description="What comes through the stream: events, and word of the stream itself."
    ),
]


def told(viewer: Viewer, item: FeedItem) -> bool:
    """Whether this viewer learns of the item, which is of its topic."""
    return hears(_process(item), viewer.role, item.body["party"])


def _process(item: FeedItem) -> Process:
    named = item.body.get("process")
    # Items written before this was noted are of the process that was there first.
    return PROCESSES[named["name"], named["version"]] if named else MARKETPLACE_MERCHANT


_views: WeakKeyDictionary[FeedItem, dict[tuple[Role, TopicCursors], OrderStateChanged]] = WeakKeyDictionary()


def event_view(viewer: Viewer, item: FeedItem, cursors: TopicCursors) -> OrderStateChanged:
    """Return the item as its viewer reads it: one object for all who read its topic in the same role."""
    views, key = _views.setdefault(item, {}), (viewer.role, cursors)
    if key not in views:
        views[key] = _view(viewer, item, cursors)
    return views[key]


def _view(viewer: Viewer, item: FeedItem, cursors: TopicCursors) -> OrderStateChanged:
    body = item.body
    part = body["merchant_order"]
    of_part = viewer.scope.kind is ScopeKind.MERCHANT
    unit = body["unit"]
    acted = Role(body["role"])
    known = acted in KNOWN[viewer.audience] and knows(viewer.role, acted)
    return OrderStateChanged(
        cursor=cursors.encode(item.seq),
        seq=body["seq"],
        at=body["at"],
        order=OrderRef(
            id=encode(viewer.order_type, part["id"] if of_part else item.order), reference=body["reference"]
        ),
        unit=unit and encode(MERCHANT_ORDER if part and unit == part["id"] else LINE, unit),
        party=body["party"] and Party(body["party"]),
        source=body["source"],
        target=body["target"],
        event=body["event"],
        actor=body["actor"] if known else None,
        role=acted,
        reason=body["reason"] if reads_reason(_process(item), viewer.role, body["event"], acted) else None,
        labels=list(_labels(viewer, body["labels"])),
        version=item.version,
        answers={},
    )


def _labels(viewer: Viewer, labels: Mapping[str, Mapping[str, Any]]) -> Iterator[EventLabel]:
    for audience, label in labels.items():
        if viewer.role is Role.MARKETPLACE or audience == viewer.audience:
            day = label["date"] and datetime.date.fromisoformat(label["date"])
            yield EventLabel(audience=Audience(audience), code=label["code"], label=label["label"], date=day)
