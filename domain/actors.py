"""Who takes part: the parties that run machines, the roles that fire events, the audiences that read.

Design: product, "Words". Names only; what each of them may do stands in the processes.
"""

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """Who runs a machine."""

    MARKETPLACE = "marketplace"
    CHAIN = "chain"
    MERCHANT = "merchant"


class Role(StrEnum):
    """Who fires an event."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"
    MARKETPLACE = "marketplace"
    PAYMENTS = "payments"
    LOGISTICS = "logistics"
    SYSTEM = "system"


PEOPLE = frozenset({Role.CUSTOMER, Role.MERCHANT, Role.MARKETPLACE})
"""Those who decide; the others are systems that report what they did."""


class Audience(StrEnum):
    """Who reads a label, named after the application it reads it in."""

    BACK_OFFICE = "back_office"
    MERCHANT_PORTAL = "merchant_portal"
    STOREFRONT = "storefront"


@dataclass(frozen=True, slots=True)
class Actor:
    """One person or system: `id` as in its token's `sub`, and the role it acts in."""

    id: str
    role: Role


SYSTEM = Actor("system", Role.SYSTEM)
