"""Pages of orders for a viewer: the arguments of every list, and the way from storage to a connection."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import strawberry

from domain.order import Order
from graph.refusals import BadInput
from graph.types.enums import describe
from graph.types.paging import Connection, check_page, connection
from graph.types.scalars import Cursor
from graph.viewer import Viewer
from storage.errors import CursorUnreadable
from storage.lists import OrderBy, Where

N = TypeVar("N")

describe(
    OrderBy,
    "How a list of orders is sorted.",
    {
        OrderBy.PLACED_AT_DESC: "The newest first.",
        OrderBy.PLACED_AT_ASC: "The oldest first.",
        OrderBy.CHANGED_AT_DESC: "Those that moved last first.",
        OrderBy.CHANGED_AT_ASC: "Those that have not moved for longest first.",
    },
)

First = Annotated[int | None, strawberry.argument(description="The first so many, 1 to 100.")]
After = Annotated[Cursor | None, strawberry.argument(description="Of what follows this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="The last so many, 1 to 100.")]
Before = Annotated[Cursor | None, strawberry.argument(description="Of what precedes this cursor.")]
Search = Annotated[
    str | None,
    strawberry.argument(
        description="Words that the order has, each by its beginning: references, names, product codes."
    ),
]
Sort = Annotated[OrderBy, strawberry.argument(description="How to sort.")]


async def order_page(
    viewer: Viewer,
    view: Callable[[Order], N],
    where: Where,
    order_by: OrderBy,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[N]:
    """Return one page of the viewer's orders. Raises BadInput for a page or cursor that cannot be."""
    check_page(first, last)
    orders, scope = viewer.services.orders, viewer.scope
    try:
        page = await orders.page(scope, where, order_by, first=first, after=after, last=last, before=before)
    except CursorUnreadable as unreadable:
        raise BadInput(str(unreadable)) from None
    return connection(
        [view(order) for order in page.items],
        page.cursors,
        has_next=page.has_next,
        has_previous=page.has_previous,
        count=lambda: orders.count(scope, where),
    )
