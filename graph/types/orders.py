"""What every viewer can ask about an order. What else a viewer sees of it is its application's own type."""

from datetime import datetime

import strawberry

from graph.seen import Seen
from graph.types.actions import AvailableAction, Deadline, action_views, deadline_views
from graph.types.history import HistoryEntry, history_page
from graph.types.lines import After, First, LineView
from graph.types.node import Node
from graph.types.paging import Connection
from graph.types.status import Status


@strawberry.interface(description="An order, or the part of it that exists for its viewer.")
class OrderView(Node):
    reference: str = strawberry.field(description="What people read out to each other, such as K7QW-2M9X.")
    version: int = strawberry.field(description="Grows with every change; for `expectedVersion`.")
    placed_at: datetime = strawberry.field(description="When the customer placed the order.")
    changed_at: datetime = strawberry.field(description="When what the viewer sees of it last moved.")
    status: Status | None = strawberry.field(
        description="What the viewer reads about it, rolled up over its lines or merchant orders, whichever "
        "move; null: nothing."
    )
    seen: strawberry.Private[Seen]

    @strawberry.field(
        description="What the viewer may do: possible if it is for any of what moves, else the first reason."
    )
    async def available_actions(self) -> list[AvailableAction]:
        return action_views(self.seen.process, await self.seen.actions(self.seen.units))

    @strawberry.field(description="What the clock will do, earliest first.")
    def deadlines(self) -> list[Deadline]:
        return deadline_views(self.seen.order, self.seen.deadlines())

    @strawberry.field(description="The lines that the viewer sees.")
    def lines(self) -> list[LineView]:
        raise AssertionError("every kind of order has lines of a kind of its own")

    @strawberry.field(description="What happened, oldest first, as far as it is for this viewer.")
    async def history(self, first: First = 50, after: After = None) -> Connection[HistoryEntry]:
        return history_page(self.seen, await self.seen.history(), first, after)
