"""What the inputs of mutations have in common. It must not know what any of them does."""

import datetime
from typing import Any

import strawberry

from graph.types.selector import OrderSelector

WHAT = strawberry.argument(description="What to do, and to which order.")
"""Describes the argument of every mutation of one order."""


def idempotency_key_field() -> Any:
    """Return the field of that name, which every input has that could be sent twice by mistake."""
    return strawberry.field(
        default=None,
        description="Under the same key the same input is carried out once and then answered as before, for "
        "48 hours or longer. The Idempotency-Key header says the same for a whole request.",
    )


@strawberry.input(description="A change of one order.")
class OrderCommand:
    order: OrderSelector = strawberry.field(description="Which order.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the order that the change was decided on. "
        "When somebody was faster, the answer is a VersionConflict and nothing is done.",
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="A line of an order, or some of its pieces.")
class LineInput:
    line: strawberry.ID = strawberry.field(description="The line's id.")
    quantity: int | None = strawberry.field(
        default=None,
        description="How many of its pieces; the rest stays behind as it is. All of them when left out.",
    )


@strawberry.input(description="A change of lines of one order.")
class LinesCommand(OrderCommand):
    lines: list[LineInput] | None = strawberry.field(
        default=None,
        description="Which lines; when left out, every line of the viewer's for which it is possible.",
    )


@strawberry.input(description="Lines of one order, and how they are shipped.")
class ShipmentCommand(LinesCommand):
    carrier: str | None = strawberry.field(default=None, description="Who carries it, such as DHL.")
    tracking_number: str | None = strawberry.field(
        default=None, description="The carrier's number to follow it by."
    )
    expected_delivery: datetime.date | None = strawberry.field(
        default=None, description="The day on which it should arrive; the customer reads it."
    )


@strawberry.input(description="A change of merchant orders of one order.")
class UnitsCommand(OrderCommand):
    merchant_orders: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Which merchant orders; when left out, all of the viewer's for which it is possible.",
    )
