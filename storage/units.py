"""Lines and merchant orders as parts of an order's document, and back."""

from collections.abc import Mapping
from typing import Any

from domain.actors import Audience, Party
from domain.order import Line, MerchantOrder, Position, Positions, Reading, Readings, Shipment
from storage.client import Document
from storage.values import aware, day_in, day_out, naive, present


def line_in(line: Line) -> Document:
    """Return what a line is stored as."""
    return present(
        id=line.id,
        sku=line.sku,
        name=line.name,
        merchant_id=line.merchant_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount=line.discount,
        tax=line.tax,
        shipping=line.shipping,
        captured=line.captured,
        refunded=line.refunded,
        reserved=line.reserved,
        payable=line.payable,
        merchant_order_id=line.merchant_order_id,
        split_from=line.split_from,
        shipment=_shipment_in(line.shipment) if line.shipment else None,
        delivered_on=day_in(line.delivered_on),
        positions=_positions_in(line.positions),
        reads=_reads_in(line.reads),
    )


def line_out(stored: Mapping[str, Any]) -> Line:
    """Return a stored line."""
    shipment = stored.get("shipment")
    return Line(
        id=stored["id"],
        sku=stored["sku"],
        name=stored["name"],
        merchant_id=stored["merchant_id"],
        quantity=stored["quantity"],
        unit_price=stored["unit_price"],
        discount=stored["discount"],
        tax=stored["tax"],
        shipping=stored["shipping"],
        captured=stored["captured"],
        refunded=stored["refunded"],
        reserved=stored["reserved"],
        payable=stored["payable"],
        merchant_order_id=stored.get("merchant_order_id"),
        split_from=stored.get("split_from"),
        shipment=None if shipment is None else _shipment_out(shipment),
        delivered_on=day_out(stored.get("delivered_on")),
        positions=_positions_out(stored["positions"]),
        reads=_reads_out(stored["reads"]),
    )


def _shipment_in(shipment: Shipment) -> Document:
    return present(
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        expected_delivery=day_in(shipment.expected_delivery),
    )


def _shipment_out(stored: Mapping[str, Any]) -> Shipment:
    expected = day_out(stored.get("expected_delivery"))
    return Shipment(stored.get("carrier"), stored.get("tracking_number"), expected)


def merchant_order_in(theirs: MerchantOrder) -> Document:
    """Return what a merchant order is stored as."""
    return {
        "id": theirs.id,
        "reference": theirs.reference,
        "merchant_id": theirs.merchant_id,
        "created_at": naive(theirs.created_at),
        "positions": _positions_in(theirs.positions),
        "reads": _reads_in(theirs.reads),
    }


def merchant_order_out(stored: Mapping[str, Any]) -> MerchantOrder:
    """Return a stored merchant order."""
    return MerchantOrder(
        id=stored["id"],
        reference=stored["reference"],
        merchant_id=stored["merchant_id"],
        created_at=aware(stored["created_at"]),
        positions=_positions_out(stored["positions"]),
        reads=_reads_out(stored["reads"]),
    )


def _positions_in(positions: Positions) -> Document:
    return {
        party.value: present(
            machine=position.machine,
            state=position.state,
            since=naive(position.since),
            event=position.event,
            actor=position.actor,
            before=position.before,
        )
        for party, position in positions.items()
    }


def _positions_out(stored: Mapping[str, Mapping[str, Any]]) -> dict[Party, Position]:
    return {
        Party(party): Position(
            position["machine"],
            position["state"],
            aware(position["since"]),
            position["event"],
            position["actor"],
            position.get("before"),
        )
        for party, position in stored.items()
    }


def _reads_in(reads: Readings) -> Document:
    return {
        audience.value: {"party": reading.party.value, "state": reading.state}
        for audience, reading in reads.items()
    }


def _reads_out(stored: Mapping[str, Mapping[str, str]]) -> dict[Audience, Reading]:
    return {
        Audience(audience): Reading(Party(reading["party"]), reading["state"])
        for audience, reading in stored.items()
    }
