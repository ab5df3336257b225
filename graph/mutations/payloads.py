"""What mutations of one order answer with. The payload of each is a type of its own with these fields."""

from typing import TypeVar

import strawberry

from graph.errors import OrderError
from graph.mutations.decision import Answer
from graph.seen import seen_by
from graph.types.lines import LineView
from graph.types.orders import OrderView
from graph.viewer import Viewer
from graph.views import line_view_in, view_of


@strawberry.type(description="What became of a change of one order.")
class OrderChanged:
    order: OrderView | None = strawberry.field(
        description="The order as it is now; null when there is none to show."
    )
    errors: list[OrderError] = strawberry.field(
        description="What was not done, and why. Empty when everything was done or was so already."
    )
    replayed: bool = strawberry.field(
        description="Whether this answers a request that was carried out before under the same key."
    )


@strawberry.type(description="What became of a change of lines or merchant orders.")
class LinesChanged(OrderChanged):
    moved: list[LineView] = strawberry.field(
        description="The lines that moved, or whose merchant order did; pieces taken off a line are a line "
        "of their own."
    )
    skipped: list[LineView] = strawberry.field(
        description="The lines that were so already, or whose merchant order was."
    )


Changed = TypeVar("Changed", bound=OrderChanged)
Moved = TypeVar("Moved", bound=LinesChanged)


def order_changed(payload: type[Changed], viewer: Viewer, answer: Answer) -> Changed:
    """Return the payload of a mutation that concerns the order as a whole."""
    view = view_of(viewer, answer.order) if answer.order else None
    return payload(order=view, errors=list(answer.errors), replayed=answer.replayed)


def lines_changed(payload: type[Moved], viewer: Viewer, answer: Answer) -> Moved:
    """Return the payload of a mutation of lines or merchant orders."""
    return payload(
        order=view_of(viewer, answer.order) if answer.order else None,
        errors=list(answer.errors),
        replayed=answer.replayed,
        moved=_lines(viewer, answer, answer.moved),
        skipped=_lines(viewer, answer, answer.skipped),
    )


def _lines(viewer: Viewer, answer: Answer, ids: tuple[str, ...]) -> list[LineView]:
    if answer.order is None or not ids:
        return []
    seen = seen_by(viewer, answer.order)
    # Where merchant orders move, their lines do.
    moved = [line for id in ids for line in seen.lines if id in (line.id, seen.unit_of(line).id)]
    return [line_view_in(seen, line) for line in moved]
