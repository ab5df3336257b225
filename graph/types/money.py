"""Amounts as the API shows and takes them. Exact: text and whole minor units, never a Float or an Int."""

from functools import lru_cache

import strawberry

from domain import money
from graph.types.scalars import BigInt, DecimalText


@strawberry.type(description="An exact amount in one currency.")
class Money:
    amount: DecimalText = strawberry.field(
        description="The amount with the currency's decimals, such as 12.50 (EUR) or 1250 (JPY)."
    )
    currency: str = strawberry.field(description="The currency's ISO 4217 code, such as EUR.")
    minor_units: BigInt = strawberry.field(
        description="The amount in the currency's smallest unit, such as 1250 for 12.50 EUR."
    )


@strawberry.input(description="An exact amount in one currency.")
class MoneyInput:
    amount: DecimalText = strawberry.field(
        description="The amount as text, with at most the decimals that the currency has, such as 12.50."
    )
    currency: str = strawberry.field(description="The currency's ISO 4217 code, such as EUR.")


@lru_cache(maxsize=4096)  # lists repeat amounts: nothing refunded, the same prices
def money_of(minor: int, currency: str) -> Money:
    """Return minor units as the API shows them. The value is shared: do not change it."""
    return Money(
        amount=DecimalText(money.text(minor, currency)), currency=currency, minor_units=BigInt(minor)
    )
