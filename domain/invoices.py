"""Invoices of a merchant order and the tracking of what each of them ships. Values only.

Source: seed on the store flows, "Verifying invoice" and "Invoiced"; design, store processes, "Invoices".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class InvoiceType(StrEnum):
    """An Output invoice sells goods to the customer; an Input invoice takes them back."""

    OUTPUT = "output"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Pieces of one line on an invoice; the unit price in minor units."""

    line_id: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One thing the courier reported."""

    at: datetime
    description: str
    city: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where the goods of one invoice are. It moves no machine; only what My account reads follows it."""

    courier: str | None = None
    number: str | None = None
    url: str | None = None
    events: tuple[TrackingEvent, ...] = ()
    delivered: bool = False
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice. `number` is unique in its merchant order; `value` in minor units, more than nothing.

    `recorded_at` is when it came in, `issued_at` what stands on it. `tracking` is None until something is
    known of the shipment; what an invoice brings along itself is its `courier`, `tracking_number` and
    `tracking_url`.
    """

    number: str
    type: InvoiceType
    value: int
    issued_at: datetime
    recorded_at: datetime
    lines: tuple[InvoiceLine, ...]
    key: str | None = None
    url: str | None = None
    courier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    tracking: Tracking | None = None
