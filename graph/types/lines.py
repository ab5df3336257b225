"""What every viewer can ask about a line. What else a viewer sees of it is its application's own type."""

from typing import Annotated

import strawberry

from domain.order import Line
from graph.seen import Seen
from graph.types.actions import AvailableAction, Deadline, action_views, deadline_views
from graph.types.history import HistoryEntry, history_page
from graph.types.node import Node
from graph.types.paging import Connection
from graph.types.scalars import Cursor
from graph.types.status import Status

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[Cursor | None, strawberry.argument(description="Only what follows this cursor.")]


@strawberry.interface(description="One product in an order, sold by one merchant, as its viewer sees it.")
class LineView(Node):
    sku: str = strawberry.field(description="The merchant's code of the product.")
    name: str = strawberry.field(description="The product's name when the order was placed.")
    quantity: int = strawberry.field(description="How many pieces.")
    status: Status | None = strawberry.field(description="What the viewer reads about it; null: nothing.")
    seen: strawberry.Private[Seen]
    source: strawberry.Private[Line]

    @strawberry.field(
        description="What the viewer may do with this line, or why it cannot now; where merchant orders "
        "move, with its merchant order."
    )
    async def available_actions(self) -> list[AvailableAction]:
        return action_views(self.seen.process, await self.seen.actions([self.seen.unit_of(self.source)]))

    @strawberry.field(
        description="What the clock will do with this line, or with its merchant order, earliest first."
    )
    def deadlines(self) -> list[Deadline]:
        return deadline_views(self.seen.order, self.seen.deadlines(self.seen.unit_of(self.source)))

    @strawberry.field(description="What happened to this line, or to its merchant order, oldest first.")
    async def history(self, first: First = 50, after: After = None) -> Connection[HistoryEntry]:
        entries = await self.seen.history(self.seen.unit_of(self.source))
        return history_page(self.seen, entries, first, after)
