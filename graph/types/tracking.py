"""Where the goods of an invoice are, as their courier reports it."""

from datetime import datetime

import strawberry

from domain.invoices import Invoice
from domain.invoices import Tracking as DomainTracking


@strawberry.type(description="One thing that the courier reported.")
class TrackingEvent:
    at: datetime = strawberry.field(description="When it happened.")
    description: str = strawberry.field(description="What happened.")
    city: str | None = strawberry.field(description="In which city.")
    state: str | None = strawberry.field(description="In which state or region.")


@strawberry.type(
    description="Where the goods of one invoice are. It moves no machine; only what the customer "
    "reads follows it."
)
class Tracking:
    courier: str | None = strawberry.field(description="Who carries them.")
    number: str | None = strawberry.field(description="The courier's number to follow them by.")
    url: str | None = strawberry.field(description="Where to follow them.")
    events: list[TrackingEvent] = strawberry.field(description="What the courier reported, oldest first.")
    is_delivered: bool = strawberry.field(description="They have arrived.")
    delivered_at: datetime | None = strawberry.field(description="When they arrived.")


def tracking_view(tracking: DomainTracking | None) -> Tracking | None:
    """Return what was told of a shipment after its invoice; None: nothing."""
    return tracking and Tracking(
        courier=tracking.courier,
        number=tracking.number,
        url=tracking.url,
        events=[
            TrackingEvent(at=each.at, description=each.description, city=each.city, state=each.state)
            for each in tracking.events
        ],
        is_delivered=tracking.delivered,
        delivered_at=tracking.delivered_at,
    )


def whole_tracking_view(invoice: Invoice) -> Tracking | None:
    """Return all that is known of an invoice's shipment: what was told last, else what the invoice said."""
    known = invoice.tracking or DomainTracking()
    whole = DomainTracking(
        known.courier or invoice.courier,
        known.number or invoice.tracking_number,
        known.url or invoice.tracking_url,
        known.events,
        known.delivered,
        known.delivered_at,
    )
    return tracking_view(whole) if whole != DomainTracking() else None
