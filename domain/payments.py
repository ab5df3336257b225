"""Money in: what is still due, and how a payment spreads over the lines it pays for.

Source: design, process marketplace-merchant: "several payments may add up". Amounts are minor units.
"""

from dataclasses import replace

from domain import money
from domain.order import Order, Payment


def due(order: Order) -> int:
    """Return what is still to be paid, over the lines that still expect their payment."""
    return sum(line.due for line in order.lines if line.payable)


def with_payment(order: Order, payment: Payment) -> Order:
    """Return the order with this payment spread over the payable lines in proportion to what each lacks.

    The payment is not larger than what is due, so no line ever gets more than its total.
    """
    payable = [line for line in order.lines if line.payable and line.due > 0]
    shares = dict(
        zip((x.id for x in payable), money.share(payment.amount, [x.due for x in payable]), strict=True)
    )
    lines = tuple(replace(line, captured=line.captured + shares.get(line.id, 0)) for line in order.lines)
    return replace(order, lines=lines, payments=(*order.payments, payment))
