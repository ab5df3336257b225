"""How lines and merchant orders of an order are named: as the order is, with a number of their own.

So an id is unique everywhere, because the order's is, and tells which order it belongs to.
"""

from datetime import datetime

from domain.order import MerchantOrder, Order


def line_id(order_id: str, number: int) -> str:
    """Return the id of an order's nth line."""
    return f"{order_id}-{number}"


def next_line_id(order: Order) -> str:
    """Return the id for one more line."""
    return line_id(order.id, 1 + max(int(line.id.rsplit("-", 1)[1]) for line in order.lines))


def merchant_order_id(order_id: str, number: int) -> str:
    """Return the id of an order's nth merchant order."""
    return f"{order_id}-m{number}"


def merchant_order_reference(reference: str, number: int) -> str:
    """Return how people call the nth merchant order of the order that they call so."""
    return f"{reference}-{number}"


def next_merchant_order(order: Order, merchant_id: str, now: datetime) -> MerchantOrder:
    """Return one more merchant order, of this merchant; it is not on the order yet."""
    number = len(order.merchant_orders) + 1
    reference = merchant_order_reference(order.reference, number)
    return MerchantOrder(merchant_order_id(order.id, number), reference, merchant_id, now)
