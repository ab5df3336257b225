"""A merchant order as its merchant sees it: its own lines and sums, where its own machine stands, no more."""

from datetime import date, datetime

import strawberry

from domain.invoiced import quantities_left
from domain.order import Line
from graph.merchant.handling import Handled
from graph.seen import Seen
from graph.types.addresses import Address, address_view
from graph.types.amounts import Totals, totals_view
from graph.types.ids import LINE, encode
from graph.types.lines import LineView
from graph.types.money import Money, money_of
from graph.types.orders import OrderView
from graph.types.shipments import Shipment, shipment_view
from graph.types.states import PartyState, portal_state_view
from graph.types.status import status_view


@strawberry.type(description="One of a merchant's lines.")
class MerchantLine(LineView):
    unit_price: Money = strawberry.field(description="The price of one piece.")
    discount: Money = strawberry.field(description="What is taken off the whole line.")
    tax: Money = strawberry.field(description="Tax on the whole line.")
    shipping: Money = strawberry.field(description="The line's share of shipping.")
    total: Money = strawberry.field(description="What the customer pays for the line.")
    state: PartyState | None = strawberry.field(
        description="Where the machine stands that the merchant follows: the line's own, or its merchant "
        "order's."
    )
    left_to_invoice: int | None = strawberry.field(
        description="How many pieces are on no Output invoice yet; null: its process knows no invoices."
    )
    shipment: Shipment | None = strawberry.field(description="What was said when it shipped; null: not yet.")
    delivered_on: date | None = strawberry.field(description="The day of delivery.")
    split_from: strawberry.ID | None = strawberry.field(description="The line that this one is a part of.")


@strawberry.type(description="The part of an order that one merchant fulfils.")
class MerchantOrder(Handled, OrderView):
    merchant_id: str = strawberry.field(description="The merchant's id.")
    created_at: datetime = strawberry.field(
        description="When it was sent to the merchant; before that, when the order was placed."
    )
    customer_name: str = strawberry.field(description="To whom it is shipped.")
    deliver_to: Address | None = strawberry.field(description="Where it is shipped, where that is known.")
    currency: str = strawberry.field(description="The currency of its amounts, ISO 4217.")
    totals: Totals = strawberry.field(description="What its lines add up to.")
    state: PartyState | None = strawberry.field(
        description="Where the machine stands that the merchant follows, where merchant orders are what "
        "moves; else null."
    )

    @strawberry.field(description="Its lines.")
    def lines(self) -> list[MerchantLine]:
        return [merchant_line_view(self.seen, line) for line in self.seen.lines]


def merchant_order_view(seen: Seen) -> MerchantOrder:
    """Return the merchant order that is looked at."""
    theirs, order = seen.merchant_order, seen.order
    assert theirs is not None, "a merchant looks at a merchant order"
    return MerchantOrder(
        seen=seen,
        id=seen.global_id,
        reference=theirs.reference,
        version=order.version,
        placed_at=order.placed_at,
        changed_at=seen.changed_at,
        status=status_view(seen.status()),
        merchant_id=theirs.merchant_id,
        created_at=theirs.sent_at or theirs.created_at,
        customer_name=order.customer.name,
        deliver_to=address_view(order.deliver_to),
        currency=order.currency,
        totals=totals_view(seen.lines, order.currency),
        state=portal_state_view(seen.process, theirs),
    )


def merchant_line_view(seen: Seen, line: Line) -> MerchantLine:
    """Return one of its lines."""
    currency = seen.order.currency
    return MerchantLine(
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
        state=portal_state_view(seen.process, seen.unit_of(line)),
        left_to_invoice=_left_to_invoice(seen, line),
        shipment=shipment_view(line.shipment),
        delivered_on=line.delivered_on,
        split_from=encode(LINE, line.split_from) if line.split_from else None,
    )


def _left_to_invoice(seen: Seen, line: Line) -> int | None:
    theirs = seen.merchant_order
    if theirs is None or not seen.process.captures_later:
        return None
    return quantities_left(seen.order, theirs)[line.id]
