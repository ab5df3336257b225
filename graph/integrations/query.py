"""What payment systems, carriers and warehouses can ask."""

from typing import Annotated

import strawberry

from graph.integrations.logistics_order import LogisticsOrder, logistics_order_view
from graph.integrations.payments_order import PaymentsOrder, payments_order_view
from graph.lookup import find_order
from graph.seen import seen_by
from graph.types.selector import OrderSelector
from graph.viewer import Viewer

By = Annotated[OrderSelector, strawberry.argument(description="Which.")]


@strawberry.type(name="PaymentsIntegration", description="A payment system's part of the API.")
class PaymentsQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(description="One order; null: there is none of that name.")
    async def order(self, by: By) -> PaymentsOrder | None:
        order = await find_order(self.viewer, by)
        return payments_order_view(seen_by(self.viewer, order)) if order else None


@strawberry.type(name="LogisticsIntegration", description="A carrier's or warehouse's part of the API.")
class LogisticsQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(
        description="One order, or with a token for one merchant its merchant order; null: there is none."
    )
    async def order(self, by: By) -> LogisticsOrder | None:
        order = await find_order(self.viewer, by)
        return logistics_order_view(seen_by(self.viewer, order)) if order else None
