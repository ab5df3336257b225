"""What the Back Office can ask."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.order import Order as DomainOrder
from graph.filters import OrderWhere, where_of
from graph.imports.types import ImportId, ImportView, Newest, newest_imports, one_import
from graph.listing import After, Before, First, Last, Search, Sort, order_page
from graph.lookup import find_order
from graph.marketplace.order import Order, order_view
from graph.refusals import BadInput
from graph.seen import seen_by
from graph.stock import Skus, stock_page
from graph.types.actions import Deadline, deadline_views
from graph.types.ids import decode_as, encode
from graph.types.merchants import Merchant, merchant_view
from graph.types.paging import Connection, check_page, connection
from graph.types.policies import PolicySetting, policy_settings
from graph.types.selector import OrderSelector
from graph.types.stock import StockPage
from graph.viewer import Viewer
from storage.lists import OrderBy
from storage.timers import Stuck


@strawberry.type(description="A move of the clock that is overdue.")
class StuckOrder:
    order: Order = strawberry.field(description="The order.")
    deadline: Deadline = strawberry.field(description="What should have happened.")
    attempts: int = strawberry.field(description="How often it was tried and failed.")
    message: str | None = strawberry.field(description="Why the last try failed.")
    next_try: datetime | None = strawberry.field(description="When it is tried again; null: at once.")


@strawberry.type(name="Marketplace", description="The Back Office's part of the API.")
class MarketplaceQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(description="Orders, a page at a time.")
    async def orders(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        where: Annotated[OrderWhere | None, strawberry.argument(description="Which.")] = None,
        order_by: Sort = OrderBy.PLACED_AT_DESC,
        search: Search = None,
    ) -> Connection[Order]:
        found = where_of(where, search)
        return await order_page(
            self.viewer, self._view, found, order_by, first=first, after=after, last=last, before=before
        )

    @strawberry.field(description="One order; null: there is none of that name.")
    async def order(
        self, by: Annotated[OrderSelector, strawberry.argument(description="Which.")]
    ) -> Order | None:
        order = await find_order(self.viewer, by)
        return self._view(order) if order else None

    @strawberry.field(description="The merchants that sell on the marketplace, by id, a page at a time.")
    async def merchants(self, first: First = None, after: After = None) -> Connection[Merchant]:
        check_page(first)
        merchants = self.viewer.services.merchants
        found = await merchants.page((first or 0) + 1, _merchant_id(after))
        return connection(
            [merchant_view(each) for each in found[:first]],
            [encode("Merchant", each.id) for each in found[:first]],
            has_next=len(found) > (first or 0),
            has_previous=after is not None,
            count=merchants.count,
        )

    @strawberry.field(description="The marketplace's policies, as they hold for orders placed from now on.")
    async def policies(self) -> list[PolicySetting]:
        return policy_settings(await self.viewer.services.settings.marketplace_policies())

    @strawberry.field(description="What merchants have in stock, by merchant and product code.")
    async def stock(
        self,
        merchant_id: Annotated[
            str | None, strawberry.argument(description="Of this merchant only; of all when left out.")
        ] = None,
        skus: Skus = None,
        first: First = None,
        after: After = None,
    ) -> StockPage:
        return await stock_page(self.viewer, merchant_id, skus, first, after)

    @strawberry.field(description="Moves of the clock that are overdue, longest overdue first.")
    async def stuck_orders(
        self, first: Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")] = 50
    ) -> list[StuckOrder]:
        check_page(first)
        return [self._stuck(stuck) for stuck in await self.viewer.services.orders.stuck(first)]

    @strawberry.field(name="import", description="One import of the marketplace; null: no such.")
    async def import_(self, id: ImportId) -> ImportView | None:
        return await one_import(self.viewer, id)

    @strawberry.field(description="Files that the marketplace uploaded, the newest first; kept for 30 days.")
    async def imports(self, first: Newest = 20) -> list[ImportView]:
        return await newest_imports(self.viewer, first)

    def _view(self, order: DomainOrder) -> Order:
        return order_view(seen_by(self.viewer, order))

    def _stuck(self, stuck: Stuck) -> StuckOrder:
        return StuckOrder(
            order=self._view(stuck.order),
            deadline=deadline_views(stuck.order, [stuck.deadline])[0],
            attempts=stuck.attempts,
            message=stuck.message,
            next_try=stuck.next_try,
        )


def _merchant_id(cursor: str | None) -> str:
    """The merchant after which a page starts."""
    if cursor is None:
        return ""
    merchant_id = decode_as("Merchant", cursor)
    if merchant_id is None:
        raise BadInput("This cursor is not one of this list's; start without a cursor.")
    return merchant_id
