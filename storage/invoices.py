"""Invoices and their tracking as parts of a merchant order's document, and back."""

from collections.abc import Mapping
from typing import Any

from domain.invoices import Invoice, InvoiceLine, InvoiceType, Tracking, TrackingEvent
from storage.client import Document
from storage.values import aware, naive, naive_or_none, present, when


def invoice_in(invoice: Invoice) -> Document:
    """Return what an invoice is stored as."""
    return present(
        number=invoice.number,
        type=invoice.type.value,
        value=invoice.value,
        issued_at=naive(invoice.issued_at),
        recorded_at=naive(invoice.recorded_at),
        lines=[
            {"line_id": line.line_id, "quantity": line.quantity, "unit_price": line.unit_price}
            for line in invoice.lines
        ],
        key=invoice.key,
        url=invoice.url,
        courier=invoice.courier,
        tracking_number=invoice.tracking_number,
        tracking_url=invoice.tracking_url,
        tracking=_tracking_in(invoice.tracking) if invoice.tracking else None,
    )


def invoice_out(stored: Mapping[str, Any]) -> Invoice:
    """Return a stored invoice."""
    tracking = stored.get("tracking")
    return Invoice(
        number=stored["number"],
        type=InvoiceType(stored["type"]),
        value=stored["value"],
        issued_at=aware(stored["issued_at"]),
        recorded_at=aware(stored["recorded_at"]),
        lines=tuple(InvoiceLine(**line) for line in stored["lines"]),
        key=stored.get("key"),
        url=stored.get("url"),
        courier=stored.get("courier"),
        tracking_number=stored.get("tracking_number"),
        tracking_url=stored.get("tracking_url"),
        tracking=None if tracking is None else _tracking_out(tracking),
    )


def _tracking_in(tracking: Tracking) -> Document:
    return present(
        courier=tracking.courier,
        number=tracking.number,
        url=tracking.url,
        events=[
            present(at=naive(event.at), description=event.description, city=event.city, state=event.state)
            for event in tracking.events
        ]
        or None,
        delivered=tracking.delivered or None,
        delivered_at=naive_or_none(tracking.delivered_at),
    )


def _tracking_out(stored: Mapping[str, Any]) -> Tracking:
    return Tracking(
        courier=stored.get("courier"),
        number=stored.get("number"),
        url=stored.get("url"),
        events=tuple(
            TrackingEvent(aware(row["at"]), row["description"], row.get("city"), row.get("state"))
            for row in stored.get("events", ())
        ),
        delivered=stored.get("delivered", False),
        delivered_at=when(stored, "delivered_at"),
    )
