"""Amounts in inputs, read into minor units. Pure."""

from domain import money
from domain.order import Order
from graph.errors import InvalidInput, invalid
from graph.types.money import MoneyInput


def read_amount(sent: MoneyInput, *path: str) -> int | InvalidInput:
    """Return an amount of more than nothing in minor units of its own currency, or what is wrong with it."""
    try:
        money.exponent(sent.currency)
    except money.AmountInvalid as problem:
        return invalid(str(problem), *path, "currency")
    return read_positive(sent.amount, sent.currency, *path, "amount")


def read_positive(text: str, currency: str, *path: str) -> int | InvalidInput:
    """Return an amount of more than nothing in minor units, or what is wrong with it."""
    try:
        amount = money.parse(text, currency)
    except money.AmountInvalid as problem:
        return invalid(str(problem), *path)
    return amount if amount > 0 else invalid("An amount must be more than nothing.", *path)


def read_price(text: str, currency: str, *path: str) -> int | InvalidInput:
    """Return an amount of nothing or more in minor units, or what is wrong with it."""
    try:
        amount = money.parse(text, currency)
    except money.AmountInvalid as problem:
        return invalid(str(problem), *path)
    return amount if amount >= 0 else invalid("An amount cannot be less than nothing.", *path)


def other_currency(order: Order, sent: MoneyInput, *path: str) -> InvalidInput | None:
    """Say that the amount is not in the order's currency, if so."""
    if sent.currency == order.currency:
        return None
    return invalid(f"This order is in {order.currency}, not in {sent.currency}.", *path, "currency")
