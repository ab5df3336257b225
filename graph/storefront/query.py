"""What the storefront can ask for its customer."""

from typing import Annotated

import strawberry

from domain.order import Order as DomainOrder
from graph.filters import CustomerOrderWhere, where_of
from graph.listing import After, Before, First, Last, Search, Sort, order_page
from graph.lookup import find_order
from graph.seen import seen_by
from graph.storefront.order import CustomerOrder, customer_order_view
from graph.types.paging import Connection
from graph.types.selector import OrderSelector
from graph.viewer import Viewer
from storage.lists import OrderBy


@strawberry.type(name="Storefront", description="The storefront's part of the API.")
class StorefrontQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(description="The customer's own orders, a page at a time.")
    async def orders(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        where: Annotated[CustomerOrderWhere | None, strawberry.argument(description="Which.")] = None,
        order_by: Sort = OrderBy.PLACED_AT_DESC,
        search: Search = None,
    ) -> Connection[CustomerOrder]:
        found = where_of(where, search)
        return await order_page(
            self.viewer, self._view, found, order_by, first=first, after=after, last=last, before=before
        )

    @strawberry.field(description="One order; null: this customer has none of that name.")
    async def order(
        self, by: Annotated[OrderSelector, strawberry.argument(description="Which.")]
    ) -> CustomerOrder | None:
        order = await find_order(self.viewer, by)
        return self._view(order) if order else None

    def _view(self, order: DomainOrder) -> CustomerOrder:
        return customer_order_view(seen_by(self.viewer, order))
