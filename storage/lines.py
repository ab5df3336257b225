"""Lines as parts of an order's document, and back."""

from collections.abc import Mapping
from typing import Any

from domain.order import Line, Shipment
from domain.stock import Standing
from storage.client import Document
from storage.positions import positions_in, positions_out, reads_in, reads_out
from storage.values import day_in, day_out, present


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
        approved=line.approved or None,
        captured=line.captured,
        refunded=line.refunded,
        reserved=line.reserved,
        payable=line.payable,
        stock=None if line.stock is Standing.NONE else line.stock.value,
        merchant_order_id=line.merchant_order_id,
        split_from=line.split_from,
        shipment=_shipment_in(line.shipment) if line.shipment else None,
        delivered_on=day_in(line.delivered_on),
        positions=positions_in(line.positions),
        reads=reads_in(line.reads),
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
        approved=stored.get("approved", 0),
        captured=stored["captured"],
        refunded=stored["refunded"],
        reserved=stored["reserved"],
        payable=stored["payable"],
        stock=Standing(stored.get("stock", Standing.NONE)),
        merchant_order_id=stored.get("merchant_order_id"),
        split_from=stored.get("split_from"),
        shipment=None if shipment is None else _shipment_out(shipment),
        delivered_on=day_out(stored.get("delivered_on")),
        positions=positions_out(stored["positions"]),
        reads=reads_out(stored["reads"]),
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
