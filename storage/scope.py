"""Whose orders a caller may see. What is outside its scope does not exist for it: None, never "forbidden".

Knows what tells the owners of an order and of its document; must not know roles or tokens.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.actors import Audience, Party
from domain.order import MerchantOrder, Order
from storage.client import Document


class ScopeKind(StrEnum):
    """Who looks: the marketplace at everything, a merchant or a customer at its own."""

    MARKETPLACE = "marketplace"
    MERCHANT = "merchant"
    CUSTOMER = "customer"


_AUDIENCES = {
    ScopeKind.MARKETPLACE: Audience.BACK_OFFICE,
    ScopeKind.MERCHANT: Audience.MERCHANT_PORTAL,
    ScopeKind.CUSTOMER: Audience.STOREFRONT,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """One viewer's part of all orders. `id` is the merchant's or the customer's."""

    kind: ScopeKind
    id: str = ""

    @classmethod
    def marketplace(cls) -> Self:
        """Every order."""
        return cls(ScopeKind.MARKETPLACE)

    @classmethod
    def merchant(cls, merchant_id: str) -> Self:
        """The orders in which this merchant has a merchant order that it sees."""
        return cls(ScopeKind.MERCHANT, merchant_id)

    @classmethod
    def customer(cls, customer_id: str) -> Self:
        """The orders that this customer placed."""
        return cls(ScopeKind.CUSTOMER, customer_id)

    @property
    def topic(self) -> str:
        """The feed's topic: "marketplace", "merchant:<id>" or "customer:<id>"."""
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)

    @property
    def audience(self) -> Audience:
        """Whose labels are read in this scope."""
        return _AUDIENCES[self.kind]

    def order_filter(self) -> Document:
        """The filter on the order collection that keeps a query inside this scope."""
        match self.kind:
            case ScopeKind.MARKETPLACE:
                return {}
            case ScopeKind.MERCHANT:
                return {"merchant_ids": self.id}
            case ScopeKind.CUSTOMER:
                return {"customer.id": self.id}


def visible(order: Order, theirs: MerchantOrder) -> bool:
    """Say whether a merchant order exists for its merchant: once it was sent there and reads as something.

    Where lines move, a merchant order is made only when they are sent.
    """
    portal = Audience.MERCHANT_PORTAL
    if theirs.positions:
        return theirs.sent_at is not None and portal in theirs.reads
    return any(portal in line.reads for line in order.lines if line.merchant_order_id == theirs.id)


def part_changed_at(order: Order, theirs: MerchantOrder, parties: Collection[Party]) -> datetime:
    """Return when a merchant order last moved on these parties' machines; what happens elsewhere is not for
    those who follow no others.
    """
    since = (
        position.since
        for unit in (*order.lines_of(theirs), theirs)
        for party, position in unit.positions.items()
        if party in parties
    )
    return max(since, default=theirs.sent_at or theirs.created_at)
