"""What lines add up to and what became of the money; each type shows no more than its viewer sees."""

from collections.abc import Iterable
from datetime import datetime

import strawberry

from domain import payments
from domain.actors import Actor, Role
from domain.order import Line, Order
from domain.order import Payment as DomainPayment
from domain.order import Refund as DomainRefund
from graph.types.commands import Command, command_view
from graph.types.enums import RefundStatus
from graph.types.ids import LINE, REFUND, encode
from graph.types.money import Money, money_of


@strawberry.type(description="What a set of lines adds up to.")
class Totals:
    items: Money = strawberry.field(description="Quantities times unit prices.")
    discount: Money = strawberry.field(description="What is taken off.")
    tax: Money = strawberry.field(description="Tax on top.")
    shipping: Money = strawberry.field(description="The lines' shares of shipping.")
    total: Money = strawberry.field(description="Items minus discount plus tax plus shipping.")


@strawberry.type(description="Money that came in.")
class Payment:
    reference: str = strawberry.field(description="The payer's or the provider's own reference.")
    amount: Money = strawberry.field(description="How much.")
    captured: bool = strawberry.field(
        description="The money was in at once, where it is otherwise approved and captured with the invoices."
    )
    at: datetime = strawberry.field(description="When it was recorded.")
    by: str | None = strawberry.field(
        description="Who recorded it; null: somebody else than this payment system."
    )


@strawberry.type(description="Money on its way back for one line, paid back, or refused.")
class Refund:
    id: strawberry.ID = strawberry.field(description="For `confirmRefund` and `refuseRefund`.")
    line: strawberry.ID = strawberry.field(description="The id of the line.")
    amount: Money = strawberry.field(description="How much.")
    status: RefundStatus = strawberry.field(description="Where it stands.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    settled_at: datetime | None = strawberry.field(description="When it was confirmed or refused.")
    reason: str | None = strawberry.field(description="Why it was asked for.")


@strawberry.type(description="What was paid for an order and what went back, as the marketplace books it.")
class OrderPayment:
    approved: Money = strawberry.field(
        description="What the payer has agreed to, where money is captured with the invoices; else nothing."
    )
    captured: Money = strawberry.field(description="What came in.")
    refunded: Money = strawberry.field(description="What was paid back.")
    reserved: Money = strawberry.field(description="What is on its way back.")
    due: Money = strawberry.field(description="What is still to be paid.")
    payments: list[Payment] = strawberry.field(description="What was recorded, oldest first.")
    refunds: list[Refund] = strawberry.field(description="What goes or went back, oldest first.")
    commands: list[Command] = strawberry.field(
        description="What the payment provider was asked to do, oldest first."
    )


@strawberry.type(description="What the customer paid and got back.")
class CustomerPayment:
    approved: Money = strawberry.field(
        description="What was agreed to, where money is taken with the invoices; else nothing."
    )
    captured: Money = strawberry.field(description="What was paid.")
    refunded: Money = strawberry.field(description="What was paid back.")
    due: Money = strawberry.field(description="What is still to be paid.")


def totals_view(lines: Iterable[Line], currency: str) -> Totals:
    """Add lines up."""
    items = discount = tax = shipping = total = 0
    for line in lines:
        items += line.items
        discount += line.discount
        tax += line.tax
        shipping += line.shipping
        total += line.total
    return Totals(
        items=money_of(items, currency),
        discount=money_of(discount, currency),
        tax=money_of(tax, currency),
        shipping=money_of(shipping, currency),
        total=money_of(total, currency),
    )


def order_payment_view(order: Order, reader: Actor) -> OrderPayment:
    """Return an order's money with every payment and refund, as the marketplace or payments read it."""
    return OrderPayment(
        approved=money_of(order.approved, order.currency),
        captured=money_of(order.captured, order.currency),
        refunded=money_of(order.refunded, order.currency),
        reserved=money_of(order.reserved, order.currency),
        due=money_of(payments.due(order), order.currency),
        payments=[payment_view(payment, order.currency, reader) for payment in order.payments],
        refunds=[refund_view(refund, order.currency) for refund in order.refunds],
        commands=[command_view(command, order) for command in order.commands],
    )


def customer_payment_view(order: Order) -> CustomerPayment:
    """Return an order's money as the customer sees it."""
    return CustomerPayment(
        approved=money_of(order.approved, order.currency),
        captured=money_of(order.captured, order.currency),
        refunded=money_of(order.refunded, order.currency),
        due=money_of(payments.due(order), order.currency),
    )


def payment_view(payment: DomainPayment, currency: str, reader: Actor) -> Payment:
    """Return one payment; a payment system is told of itself alone."""
    amount = money_of(payment.amount, currency)
    return Payment(
        reference=payment.reference,
        amount=amount,
        captured=payment.captured,
        at=payment.at,
        by=payment.by if reader.role is Role.MARKETPLACE or reader.id == payment.by else None,
    )


def refund_view(refund: DomainRefund, currency: str) -> Refund:
    """Return one refund."""
    return Refund(
        id=encode(REFUND, refund.id),
        line=encode(LINE, refund.line_id),
        amount=money_of(refund.amount, currency),
        status=refund.status,
        asked_at=refund.asked_at,
        settled_at=refund.settled_at,
        reason=refund.reason,
    )
