"""An order as a payment system sees it: what is due, what came in, what goes back. No goods, no merchants."""

import strawberry

from domain.order import Line
from graph.seen import Seen
from graph.types.amounts import OrderPayment, order_payment_view
from graph.types.ids import LINE, encode
from graph.types.lines import LineView
from graph.types.money import Money, money_of
from graph.types.orders import OrderView
from graph.types.status import status_view


@strawberry.type(description="A line as a payment system sees it.")
class PaymentsLine(LineView):
    total: Money = strawberry.field(description="What the customer pays for the line.")
    approved: Money = strawberry.field(
        description="What was agreed to for it, where money is captured with the invoices; else nothing."
    )
    captured: Money = strawberry.field(description="What was paid for it.")
    refunded: Money = strawberry.field(description="What was paid back for it.")
    reserved: Money = strawberry.field(description="What is on its way back for it.")
    due: Money = strawberry.field(description="What is still to be paid for it.")


@strawberry.type(description="An order as a payment system sees it.")
class PaymentsOrder(OrderView):
    external_reference: str | None = strawberry.field(description="What whoever placed it calls it.")
    currency: str = strawberry.field(description="The currency of its amounts, ISO 4217.")
    total: Money = strawberry.field(description="What the customer pays in all.")
    payment: OrderPayment = strawberry.field(description="What was paid and what goes back.")

    @strawberry.field(description="Its lines.")
    def lines(self) -> list[PaymentsLine]:
        return [payments_line_view(self.seen, line) for line in self.seen.lines]


def payments_order_view(seen: Seen) -> PaymentsOrder:
    """Return an order as a payment system sees it."""
    order = seen.order
    return PaymentsOrder(
        seen=seen,
        id=seen.global_id,
        reference=order.reference,
        version=order.version,
        placed_at=order.placed_at,
        changed_at=order.changed_at,
        status=status_view(seen.status()),
        external_reference=order.external_reference,
        currency=order.currency,
        total=money_of(order.total, order.currency),
        payment=order_payment_view(order, seen.viewer.actor),
    )


def payments_line_view(seen: Seen, line: Line) -> PaymentsLine:
    """Return one of its lines."""
    currency = seen.order.currency
    return PaymentsLine(
        seen=seen,
        source=line,
        id=encode(LINE, line.id),
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        status=status_view(seen.status_of(line)),
        total=money_of(line.total, currency),
        approved=money_of(line.approved, currency),
        captured=money_of(line.captured, currency),
        refunded=money_of(line.refunded, currency),
        reserved=money_of(line.reserved, currency),
        due=money_of(seen.due(line), currency),
    )
