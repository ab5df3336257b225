"""An order as carriers and warehouses see it: what is sent, by whom, how far it is. No money."""

from datetime import date

import strawberry

from domain.order import Line
from graph.integrations.logistics_merchant_order import (
    LogisticsMerchantOrder,
    logistics_merchant_order_view,
)
from graph.seen import Seen
from graph.types.ids import LINE, encode
from graph.types.lines import LineView
from graph.types.orders import OrderView
from graph.types.shipments import Shipment, shipment_view
from graph.types.states import PartyState, portal_state_view
from graph.types.status import status_view


@strawberry.type(description="A line as carriers and warehouses see it.")
class LogisticsLine(LineView):
    merchant_id: str = strawberry.field(description="The merchant that ships it.")
    merchant_order_reference: str = strawberry.field(description="The reference of its merchant order.")
    state: PartyState | None = strawberry.field(
        description="Where the machine stands that the merchant follows: the line's own, or its merchant "
        "order's."
    )
    shipment: Shipment | None = strawberry.field(description="What was said when it shipped; null: not yet.")
    delivered_on: date | None = strawberry.field(description="The day of delivery.")


@strawberry.type(description="An order, or one merchant's part of it, as carriers and warehouses see it.")
class LogisticsOrder(OrderView):
    customer_name: str = strawberry.field(description="To whom it is shipped.")

    @strawberry.field(description="The merchant orders that their merchants see.")
    def merchant_orders(self) -> list[LogisticsMerchantOrder]:
        return [logistics_merchant_order_view(self.seen, each) for each in self.seen.merchant_orders]

    @strawberry.field(description="The lines that were sent to their merchants.")
    def lines(self) -> list[LogisticsLine]:
        return [logistics_line_view(self.seen, line) for line in self.seen.lines]


def logistics_order_view(seen: Seen) -> LogisticsOrder:
    """Return an order as carriers and warehouses see it."""
    order, theirs = seen.order, seen.merchant_order
    return LogisticsOrder(
        seen=seen,
        id=seen.global_id,
        reference=theirs.reference if theirs else order.reference,
        version=order.version,
        placed_at=order.placed_at,
        changed_at=seen.changed_at,
        status=status_view(seen.status()),
        customer_name=order.customer.name,
    )


def logistics_line_view(seen: Seen, line: Line) -> LogisticsLine:
    """Return one of its lines; it has been sent to its merchant."""
    reference = next(m.reference for m in seen.merchant_orders if m.id == line.merchant_order_id)
    return LogisticsLine(
        seen=seen,
        source=line,
        id=encode(LINE, line.id),
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        status=status_view(seen.status_of(line)),
        merchant_id=line.merchant_id,
        merchant_order_reference=reference,
        state=portal_state_view(seen.process, seen.unit_of(line)),
        shipment=shipment_view(line.shipment),
        delivered_on=line.delivered_on,
    )
