"""What is stored of a merchant's stock of one SKU, and what an order's claims change in it.

A row is {_id: "merchant|sku", merchant_id, sku, on_hand, held, confirmed, acknowledged, available, version,
changed_at, counted_by, awake}. `available` is always on_hand - held - confirmed; `awake` is the version at
which more became available, until the orders that wait for it were tried. Design: store processes, "Stock".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.order import Line, MerchantOrder, Order
from domain.stock import Shelf, Standing
from domain.stocking import Claims, Key, claims
from storage.client import Collection, Document, Session
from storage.errors import ShelfMoved
from storage.values import naive


@dataclass(frozen=True, slots=True)
class Booking:
    """What one order's write changes in one row: how many pieces more it has held, confirmed, off the shelf.

    `seen`: the order goes on wanting pieces, having seen that this many were available; it must not be
    written when there are more by now, or nobody would tell it.
    """

    key: Key
    held: int
    confirmed: int
    off_shelf: int
    seen: int | None = None

    @property
    def freed(self) -> int:
        """How many pieces become available; negative when some are taken."""
        return -self.held - self.confirmed - self.off_shelf


def row_id(key: Key) -> str:
    """Return the id of a row. Merchant ids have no `|`, so no two keys share one."""
    merchant_id, sku = key
    return f"{merchant_id}|{sku}"


def keys_of(order: Order) -> set[Key]:
    """Return merchant and SKU of every line."""
    return {(line.merchant_id, line.sku) for line in order.lines}


def wanted(lines: Iterable[Line], parts: Iterable[MerchantOrder]) -> set[Key]:
    """Return the stock that these lines wait for, of merchant orders among `parts` that are not canceled."""
    live = {theirs.id for theirs in parts if theirs.cancellation is None}
    return {
        (line.merchant_id, line.sku)
        for line in lines
        if line.stock is Standing.WANTED and line.quantity and line.merchant_order_id in live
    }


def bookings(before: Order, after: Order) -> tuple[Booking, ...]:
    """Return what a step of an order changes in the stock that `before.shelf` was read from."""
    old, new, wants = claims(before), claims(after), wanted(after.lines, after.merchant_orders)
    found: list[Booking] = []
    # Always in the same order, so that two orders with the same SKUs meet at the first of them.
    for key in sorted({*old, *new, *wants}):
        was, is_ = old.get(key, Claims()), new.get(key, Claims())
        seen = before.shelf.get(key) if key in wants else None
        if was != is_ or seen is not None:
            held, confirmed = is_.held - was.held, is_.confirmed - was.confirmed
            found.append(Booking(key, held, confirmed, is_.off_shelf - was.off_shelf, seen))
    return tuple(found)


async def shelf(rows: Collection, keys: Iterable[Key]) -> Shelf:
    """Return how many pieces are available now of what is counted among these."""
    there = {"_id": {"$in": [row_id(key) for key in keys]}}
    found = await rows.find(there, {"merchant_id": 1, "sku": 1, "available": 1}).to_list()
    return {(row["merchant_id"], row["sku"]): row["available"] for row in found}


async def book(rows: Collection, booked: Sequence[Booking], now: datetime, session: Session) -> None:
    """Change the rows as one part of a transaction. Raises ShelfMoved when a row is not as it was seen."""
    for booking in booked:
        row = row_id(booking.key)
        done = await rows.update_one(
            {"_id": row, **_as_seen(booking)}, _change(booking, now), session=session
        )
        if not done.matched_count:
            raise ShelfMoved(row)


def _as_seen(booking: Booking) -> Document:
    """The condition that what is taken is there, and no more of it than an order saw that goes on wanting."""
    bounds: Document = {}
    if booking.freed < 0:
        bounds["$gte"] = -booking.freed
    if booking.seen is not None:
        bounds["$lte"] = booking.seen
    return {"available": bounds} if bounds else {}


def _change(booking: Booking, now: datetime) -> list[Document]:
    """The update of a row. It writes even where no number changes: two writers of a row never pass unseen."""

    def plus(field: str, pieces: int) -> Document:
        return {"$add": [f"${field}", pieces]}

    put: Document = {
        # A merchant may have counted fewer pieces than it then takes; there are never less than none.
        "on_hand": {"$max": [0, plus("on_hand", -booking.off_shelf)]},
        "held": plus("held", booking.held),
        "confirmed": plus("confirmed", booking.confirmed),
        # Not what was put back after the merchant counted without it.
        "acknowledged": {"$max": [0, plus("acknowledged", booking.off_shelf)]},
        "version": plus("version", 1),
        "changed_at": naive(now),
    }
    if booking.freed > 0:
        put["awake"] = plus("version", 1)
    left = {"$subtract": ["$on_hand", {"$add": ["$held", "$confirmed"]}]}
    return [{"$set": put}, {"$set": {"available": left}}]
