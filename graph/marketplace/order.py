"""An order as the Back Office sees it: whole, with every party's machine and every audience's label."""

from datetime import date

import strawberry

from domain.order import Line as DomainLine
from graph.merchant.order import MerchantOrder, merchant_order_view
from graph.seen import Seen
from graph.types.addresses import Address, address_view
from graph.types.amounts import OrderPayment, Totals, order_payment_view, totals_view
from graph.types.customers import Customer
from graph.types.diagrams import Format, draw
from graph.types.enums import Audience
from graph.types.ids import LINE, MERCHANT_ORDER, encode
from graph.types.lines import LineView
from graph.types.money import Money, money_of
from graph.types.orders import OrderView
from graph.types.policies import StampedPolicy, stamped_policy_views
from graph.types.shipments import Shipment, shipment_view
from graph.types.states import PartyState, party_state_view
from graph.types.status import AudienceStatus, status_view


@strawberry.type(description="A line as the marketplace sees it.")
class Line(LineView):
    merchant_id: str = strawberry.field(description="The merchant that sells it.")
    merchant_order_id: strawberry.ID | None = strawberry.field(
        description="The merchant order that it belongs to; null: not sent to the merchant."
    )
    unit_price: Money = strawberry.field(description="The price of one piece.")
    discount: Money = strawberry.field(description="What is taken off the whole line.")
    tax: Money = strawberry.field(description="Tax on the whole line.")
    shipping: Money = strawberry.field(description="The line's share of shipping.")
    total: Money = strawberry.field(description="What the customer pays for the line.")
    approved: Money = strawberry.field(
        description="What was agreed to for it, where money is captured with the invoices; else nothing."
    )
    captured: Money = strawberry.field(description="What was paid for it.")
    refunded: Money = strawberry.field(description="What was paid back for it.")
    reserved: Money = strawberry.field(description="What is on its way back for it.")
    refundable: Money = strawberry.field(description="What can still be refunded.")
    due: Money = strawberry.field(description="What is still to be paid for it.")
    states: list[PartyState] = strawberry.field(
        description="Where each party's machine stands: the line's own, or its merchant order's."
    )
    shipment: Shipment | None = strawberry.field(description="What the merchant said when it shipped.")
    delivered_on: date | None = strawberry.field(description="The day of delivery.")
    split_from: strawberry.ID | None = strawberry.field(description="The line that this one is a part of.")

    @strawberry.field(description="What every audience reads about it.")
    def statuses(self) -> list[AudienceStatus]:
        return [
            AudienceStatus(
                audience=audience,
                status=status_view(self.seen.status_of_line(self.source, audience)),
            )
            for audience in Audience
        ]

    @strawberry.field(description="A picture of its process as text, with the states marked where it stands.")
    def diagram(self, format: Format) -> str:
        current = {at.machine: at.state for at in self.seen.unit_of(self.source).positions.values()}
        return draw(format, self.seen.process, current=current)


@strawberry.type(description="An order as the marketplace sees it.")
class Order(OrderView):
    external_reference: str | None = strawberry.field(description="What whoever placed it calls it.")
    channel: str = strawberry.field(description="Where it was placed; external references are unique in it.")
    process: str = strawberry.field(description="The process that it follows.")
    process_version: int = strawberry.field(description="The version of it that holds for this order.")
    currency: str = strawberry.field(description="The currency of its amounts, ISO 4217.")
    customer: Customer = strawberry.field(description="Who bought.")
    deliver_to: Address | None = strawberry.field(description="Where it is shipped; null: not known.")
    payment_method: str | None = strawberry.field(description="How it is paid; null: not known.")
    totals: Totals = strawberry.field(description="What its lines add up to.")

    @strawberry.field(description="What was paid and what went back.")
    def payment(self) -> OrderPayment:
        return order_payment_view(self.seen.order, self.seen.viewer.actor)

    @strawberry.field(description="The policies that hold for it, as they were when it was placed.")
    def policies(self) -> list[StampedPolicy]:
        return stamped_policy_views(self.seen.order.policies)

    @strawberry.field(description="What every audience reads about it.")
    def statuses(self) -> list[AudienceStatus]:
        return [
            AudienceStatus(audience=audience, status=status_view(self.seen.status_for(audience)))
            for audience in Audience
        ]

    @strawberry.field(
        description="The parts that its merchants fulfil: where lines move, once they were sent to them."
    )
    def merchant_orders(self) -> list[MerchantOrder]:
        return [merchant_order_view(self.seen.part(theirs)) for theirs in self.seen.merchant_orders]

    @strawberry.field(description="Its lines.")
    def lines(self) -> list[Line]:
        return [line_view(self.seen, line) for line in self.seen.lines]


def order_view(seen: Seen) -> Order:
    """Return an order as the Back Office sees it."""
    order = seen.order
    customer = order.customer
    return Order(
        seen=seen,
        id=seen.global_id,
        reference=order.reference,
        version=order.version,
        placed_at=order.placed_at,
        changed_at=order.changed_at,
        status=status_view(seen.status()),
        external_reference=order.external_reference,
        channel=order.channel,
        process=order.process,
        process_version=order.process_version,
        currency=order.currency,
        customer=Customer(id=customer.id, name=customer.name, email=customer.email),
        deliver_to=address_view(order.deliver_to),
        payment_method=order.payment_method,
        totals=totals_view(order.lines, order.currency),
    )


def line_view(seen: Seen, line: DomainLine) -> Line:
    """Return one of its lines."""
    currency = seen.order.currency
    return Line(
        seen=seen,
        source=line,
        id=encode(LINE, line.id),
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        status=status_view(seen.status_of(line)),
        merchant_id=line.merchant_id,
        merchant_order_id=encode(MERCHANT_ORDER, line.merchant_order_id) if line.merchant_order_id else None,
        unit_price=money_of(line.unit_price, currency),
        discount=money_of(line.discount, currency),
        tax=money_of(line.tax, currency),
        shipping=money_of(line.shipping, currency),
        total=money_of(line.total, currency),
        approved=money_of(line.approved, currency),
        captured=money_of(line.captured, currency),
        refunded=money_of(line.refunded, currency),
        reserved=money_of(line.reserved, currency),
        refundable=money_of(line.refundable, currency),
        due=money_of(seen.due(line), currency),
        states=[
            party_state_view(seen.process, party, at) for party, at in seen.unit_of(line).positions.items()
        ],
        shipment=shipment_view(line.shipment),
        delivered_on=line.delivered_on,
        split_from=encode(LINE, line.split_from) if line.split_from else None,
    )
