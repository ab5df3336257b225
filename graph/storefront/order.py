"""An order as its customer sees it: what was bought and paid, when it arrives. No states, no machines."""

from datetime import date

import strawberry

from domain.order import Line
from graph.seen import Seen
from graph.storefront.merchant_order import CustomerMerchantOrder, customer_merchant_order_views
from graph.types.addresses import Address, address_view
from graph.types.amounts import CustomerPayment, Totals, customer_payment_view, totals_view
from graph.types.ids import LINE, encode
from graph.types.lines import LineView
from graph.types.money import Money, money_of
from graph.types.orders import OrderView
from graph.types.shipments import Shipment, shipment_view
from graph.types.status import status_view


@strawberry.type(description="One of a customer's lines.")
class CustomerLine(LineView):
    unit_price: Money = strawberry.field(description="The price of one piece.")
    discount: Money = strawberry.field(description="What is taken off the whole line.")
    tax: Money = strawberry.field(description="Tax on the whole line.")
    shipping: Money = strawberry.field(description="The line's share of shipping.")
    total: Money = strawberry.field(description="What the line costs in all.")
    refunded: Money = strawberry.field(description="What was paid back for it.")
    shipment: Shipment | None = strawberry.field(description="How it is shipped; null: not yet.")
    expected_delivery: date | None = strawberry.field(description="When it is expected to arrive.")
    delivered_on: date | None = strawberry.field(description="The day of delivery.")
    split_from: strawberry.ID | None = strawberry.field(description="The line that this one is a part of.")

    @strawberry.field(description="The name of the merchant that sells it.")
    async def merchant_name(self) -> str:
        return await self.seen.viewer.merchant_name(self.source.merchant_id)


@strawberry.type(description="An order as its customer sees it.")
class CustomerOrder(OrderView):
    currency: str = strawberry.field(description="The currency of its amounts, ISO 4217.")
    totals: Totals = strawberry.field(description="What its lines add up to.")
    payment: CustomerPayment = strawberry.field(description="What was paid and what was paid back.")
    deliver_to: Address | None = strawberry.field(description="Where it is shipped; null: not known.")
    payment_method: str | None = strawberry.field(description="How it is paid; null: not known.")

    @strawberry.field(description="The parts that its merchants fulfil.")
    def merchant_orders(self) -> list[CustomerMerchantOrder]:
        return customer_merchant_order_views(self.seen)

    @strawberry.field(description="Its lines.")
    def lines(self) -> list[CustomerLine]:
        return [customer_line_view(self.seen, line) for line in self.seen.lines]


def customer_order_view(seen: Seen) -> CustomerOrder:
    """Return an order as its customer sees it."""
    order = seen.order
    return CustomerOrder(
        seen=seen,
        id=seen.global_id,
        reference=order.reference,
        version=order.version,
        placed_at=order.placed_at,
        changed_at=order.changed_at,
        status=status_view(seen.status()),
        currency=order.currency,
        totals=totals_view(order.lines, order.currency),
        payment=customer_payment_view(order),
        deliver_to=address_view(order.deliver_to),
        payment_method=order.payment_method,
    )


def customer_line_view(seen: Seen, line: Line) -> CustomerLine:
    """Return one of its lines."""
    currency = seen.order.currency
    return CustomerLine(
        seen=seen,
        source=line,
        id=encode(LINE, line.id),
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        status=status_view(seen.status_of(line)),
        unit_price=money_of(line.unit_price, currency),
        discount=money_of(line.discount, currency),
        tax=money_of(line.tax, currency),
        shipping=money_of(line.shipping, currency),
        total=money_of(line.total, currency),
        refunded=money_of(line.refunded, currency),
        shipment=shipment_view(line.shipment),
        expected_delivery=line.expected_delivery,
        delivered_on=line.delivered_on,
        split_from=encode(LINE, line.split_from) if line.split_from else None,
    )
