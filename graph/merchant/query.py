"""What the Merchant Portal can ask."""

from typing import Annotated

import strawberry

from domain.order import Order as DomainOrder
from graph.filters import MerchantOrderWhere, where_of
from graph.imports.types import ImportId, ImportView, Newest, newest_imports, one_import
from graph.listing import After, Before, First, Last, Search, Sort, order_page
from graph.lookup import find_order
from graph.merchant.order import MerchantOrder, merchant_order_view
from graph.seen import seen_by
from graph.stock import Skus, stock_page
from graph.types.merchants import Merchant, merchant_view
from graph.types.paging import Connection
from graph.types.policies import PolicySetting, policy_settings
from graph.types.selector import OrderSelector
from graph.types.stock import StockPage
from graph.viewer import Viewer
from storage.lists import OrderBy
from storage.merchants import Merchant as StoredMerchant


@strawberry.type(name="MerchantPortal", description="The Merchant Portal's part of the API.")
class MerchantQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(description="The merchant's own merchant orders, a page at a time.")
    async def orders(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        where: Annotated[MerchantOrderWhere | None, strawberry.argument(description="Which.")] = None,
        order_by: Sort = OrderBy.PLACED_AT_DESC,
        search: Search = None,
    ) -> Connection[MerchantOrder]:
        found = where_of(where, search)
        return await order_page(
            self.viewer, self._view, found, order_by, first=first, after=after, last=last, before=before
        )

    @strawberry.field(description="One merchant order; null: this merchant has none of that name.")
    async def order(
        self, by: Annotated[OrderSelector, strawberry.argument(description="Which.")]
    ) -> MerchantOrder | None:
        order = await find_order(self.viewer, by)
        return self._view(order) if order else None

    @strawberry.field(description="The merchant itself; null: the marketplace has not registered it.")
    async def profile(self) -> Merchant | None:
        merchant = await self._merchant()
        return merchant and merchant_view(merchant)

    @strawberry.field(
        description="The policies that the merchant may set, as they hold for orders placed from now on."
    )
    async def policies(self) -> list[PolicySetting]:
        merchant = await self._merchant()
        everybody = await self.viewer.services.settings.marketplace_policies()
        return policy_settings(everybody, merchant.policies if merchant else {})

    @strawberry.field(description="What the merchant has in stock, by product code.")
    async def stock(self, skus: Skus = None, first: First = None, after: After = None) -> StockPage:
        return await stock_page(self.viewer, self.viewer.scope.id, skus, first, after)

    @strawberry.field(name="import", description="One import of the merchant; null: no such.")
    async def import_(self, id: ImportId) -> ImportView | None:
        return await one_import(self.viewer, id)

    @strawberry.field(description="Files that the merchant uploaded, the newest first; kept for 30 days.")
    async def imports(self, first: Newest = 20) -> list[ImportView]:
        return await newest_imports(self.viewer, first)

    async def _merchant(self) -> StoredMerchant | None:
        own = self.viewer.scope.id
        return (await self.viewer.services.merchants.get_many([own])).get(own)

    def _view(self, order: DomainOrder) -> MerchantOrder:
        return merchant_order_view(seen_by(self.viewer, order))
