"""Placing an order: exactly once, whatever is retried, under ids and a reference of its own.

The unique indexes decide (see `indexes`); what is looked up here only explains what they refused.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from domain import engine
from domain.actors import Actor
from domain.numbering import line_id, merchant_order_id, merchant_order_reference
from domain.order import Order
from domain.process import Process, UnitKind
from storage import ids, metering, stock_rows
from storage.client import (
    Collection,
    Database,
    DatabaseUnavailable,
    Document,
    DuplicateKey,
    OutcomeUnknown,
    Session,
)
from storage.clock import Clock
from storage.documents import FIELDS, entry_to_document, from_document
from storage.errors import ExternalReferenceTaken, IdempotencyConflict, ShelfMoved, TooBusy
from storage.idempotency import CommandKey
from storage.keys import findable
from storage.publication import publications
from storage.stock_rows import Booking

_TRIES = 8


@dataclass(frozen=True, slots=True)
class Placed:
    """The order as placed, and whether it was there already from the same request before."""

    order: Order
    replayed: bool = False


async def place(
    database: Database, clock: Clock, draft: Order, process: Process, actor: Actor, key: CommandKey | None
) -> Placed:
    """Store a new order; see `Orders.place`."""
    orders = database.collection("orders")
    for _ in range(_TRIES):
        new = await _new(database, clock, draft, process, actor, key)
        order = new.order
        try:
            if await _insert(database, new):
                metering.fired(order.process, (row["event"] for row in new.document["history"]))
                return Placed(order)
        except ShelfMoved:
            continue  # decided again on what is there now
        taken = await _taken(orders, order)
        # Asked after that: an order of this very request that could be seen there is seen here.
        if key and (earlier := await _placed_by(orders, key)):
            return earlier
        if taken is not None:
            raise ExternalReferenceTaken(taken)
        # What is left is a reference that exists already: the next try draws another.
    raise TooBusy(draft.id)


@dataclass(frozen=True, slots=True)
class _New:
    """The order of one try, its document, and what it takes from the stock."""

    order: Order
    document: Document
    booked: tuple[Booking, ...]


async def _new(
    database: Database, clock: Clock, draft: Order, process: Process, actor: Actor, key: CommandKey | None
) -> _New:
    """The order under ids and a reference that nobody has."""
    now = await clock.now()
    order = replace(
        _named(draft, ids.order_id(now), ids.reference(), now),
        version=1,
        seq=0,
        process=process.name,
        process_version=process.version,
        placed_at=now,
        changed_at=now,
    )
    counted = process.unit is UnitKind.MERCHANT_ORDER
    if counted:
        stock = database.collection("stock")
        order = replace(order, shelf=await stock_rows.shelf(stock, stock_rows.keys_of(order)))
    outcome = engine.place(process, order, actor, now)
    booked = stock_rows.bookings(order, outcome.order) if counted else ()
    order = replace(outcome.order, shelf={})
    document = findable(process, order)
    command = key.id if key else ids.command_id()
    document["history"] = [entry_to_document(entry, command) for entry in outcome.entries]
    document["out"] = publications(process, order, outcome.entries)
    document["dirty"] = True
    if key:
        document["placed_by"] = {
            "principal": key.principal,
            "operation": key.operation,
            "key": key.key,
            "fingerprint": key.fingerprint,
        }
    return _New(order, document, booked)


def _named(draft: Order, order_id: str, reference: str, now: datetime) -> Order:
    """The draft under its own id and reference, and its lines and merchant orders under theirs."""
    theirs = {each.id: merchant_order_id(order_id, n) for n, each in enumerate(draft.merchant_orders, 1)}
    return replace(
        draft,
        id=order_id,
        reference=reference,
        lines=tuple(
            replace(
                line,
                id=line_id(order_id, n),
                merchant_order_id=theirs[line.merchant_order_id] if line.merchant_order_id else None,
            )
            for n, line in enumerate(draft.lines, 1)
        ),
        merchant_orders=tuple(
            replace(
                each,
                id=theirs[each.id],
                reference=merchant_order_reference(reference, n),
                created_at=now,
            )
            for n, each in enumerate(draft.merchant_orders, 1)
        ),
    )


async def _insert(database: Database, new: _New) -> bool:
    """Store the order; returns False when a unique index said no to it. Raises ShelfMoved."""
    try:
        return await _insert_once(database, new)
    except OutcomeUnknown as unknown:
        try:
            # Sent again with the same id it is stored once, whatever became of the first.
            return await _insert_once(database, new)
        except DatabaseUnavailable:
            raise unknown from None


async def _insert_once(database: Database, new: _New) -> bool:
    orders = database.collection("orders")

    async def both(session: Session) -> None:
        # The order first: one that is there already has taken its stock.
        await orders.insert_one(new.document, session=session)
        await stock_rows.book(database.collection("stock"), new.booked, new.order.placed_at, session)

    try:
        if new.booked:
            await database.transaction(both)
        else:
            await orders.insert_one(new.document)
    except DuplicateKey:
        # What is in the way is this document itself when it was sent before, by us or by the driver.
        return await orders.find_one({"_id": new.order.id}, {"_id": 1}) is not None
    return True


async def _taken(orders: Collection, order: Order) -> str | None:
    """The order's external reference if its channel has an order with it."""
    where = {"external_reference": order.external_reference, "channel": order.channel}
    there = order.external_reference is not None and await orders.find_one(where, {"_id": 1})
    return order.external_reference if there else None


async def _placed_by(orders: Collection, key: CommandKey) -> Placed | None:
    where = {
        "placed_by.principal": key.principal,
        "placed_by.operation": key.operation,
        "placed_by.key": key.key,
    }
    stored = await orders.find_one(where, {**FIELDS, "placed_by": 1})
    if stored is None:
        return None
    if stored["placed_by"]["fingerprint"] != key.fingerprint:
        raise IdempotencyConflict(key.key)
    return Placed(from_document(stored), replayed=True)
