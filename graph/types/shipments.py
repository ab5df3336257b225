"""What a merchant said when it shipped, and the day of delivery."""

import datetime

import strawberry

from domain.order import Shipment as DomainShipment


@strawberry.type(description="What the merchant said when it shipped. Every part may be missing.")
class Shipment:
    carrier: str | None = strawberry.field(description="Who carries it.")
    tracking_number: str | None = strawberry.field(description="The carrier's number to follow it by.")
    expected_delivery: datetime.date | None = strawberry.field(description="When it is expected to arrive.")


def shipment_view(shipment: DomainShipment | None) -> Shipment | None:
    """Return a shipment as the API shows it."""
    return shipment and Shipment(
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        expected_delivery=shipment.expected_delivery,
    )
