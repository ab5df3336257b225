"""The entries of the schema's Query: one per application, each for its role, and what everybody may ask."""

from typing import Annotated

import strawberry

from domain.processes import PROCESSES, latest
from graph.events import EventsQuery
from graph.integrations.query import LogisticsQuery, PaymentsQuery
from graph.lookup import find_node
from graph.marketplace.query import MarketplaceQuery
from graph.merchant.query import MerchantQuery
from graph.processes import ProcessView, process_view, process_views
from graph.storefront.query import StorefrontQuery
from graph.types.enums import Role
from graph.types.node import Node
from graph.viewer import Info, viewer_in, viewer_of


@strawberry.type(name="Viewer", description="Who is asking, as the token says.")
class ViewerView:
    role: Role = strawberry.field(description="The role.")
    sub: str = strawberry.field(description="The person or system.")
    merchant_id: str | None = strawberry.field(description="The merchant it acts for.")
    customer_id: str | None = strawberry.field(description="The customer it is.")


@strawberry.type(description="What can be asked. Each application has an entry of its own.")
class Query(EventsQuery):
    @strawberry.field(description="Who is asking; null without a token.")
    def viewer(self, info: Info) -> ViewerView | None:
        principal = info.context.principal
        return principal and ViewerView(
            role=principal.role,
            sub=principal.sub,
            merchant_id=principal.merchant_id,
            customer_id=principal.customer_id,
        )

    @strawberry.field(description="The order or line with this id; null: there is none for this viewer.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Node | None:
        return await find_node(viewer_of(info.context), id)

    @strawberry.field(description="The Back Office, for the role MARKETPLACE.")
    def marketplace(self, info: Info) -> MarketplaceQuery | None:
        return MarketplaceQuery(viewer=viewer_in(info.context, Role.MARKETPLACE))

    @strawberry.field(description="The Merchant Portal, for the role MERCHANT.")
    def merchant(self, info: Info) -> MerchantQuery | None:
        return MerchantQuery(viewer=viewer_in(info.context, Role.MERCHANT))

    @strawberry.field(description="The storefront, for the role CUSTOMER.")
    def storefront(self, info: Info) -> StorefrontQuery | None:
        return StorefrontQuery(viewer=viewer_in(info.context, Role.CUSTOMER))

    @strawberry.field(description="For payment systems, the role PAYMENTS.")
    def payments(self, info: Info) -> PaymentsQuery | None:
        return PaymentsQuery(viewer=viewer_in(info.context, Role.PAYMENTS))

    @strawberry.field(description="For carriers and warehouses, the role LOGISTICS.")
    def logistics(self, info: Info) -> LogisticsQuery | None:
        return LogisticsQuery(viewer=viewer_in(info.context, Role.LOGISTICS))

    @strawberry.field(description="Every process that orders follow, in every version.")
    def processes(self, info: Info) -> list[ProcessView]:
        viewer_of(info.context)
        return process_views()

    @strawberry.field(description="One process; null: there is none of that name and version.")
    def process(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="Its name.")],
        version: Annotated[
            int | None, strawberry.argument(description="Its version; the newest without it.")
        ] = None,
    ) -> ProcessView | None:
        viewer_of(info.context)
        found = latest(name) if version is None else PROCESSES.get((name, version))
        return found and process_view(found)
