"""Placing an order: exactly once, whatever is retried, under ids and a reference of its own.

The unique indexes decide (see `indexes`); what is looked up here only explains what they refused.
"""

from dataclasses import dataclass, replace

from domain import engine
from domain.actors import Actor
from domain.order import Order
from domain.process import Process
from domain.splitting import line_id
from storage import ids
from storage.client import Collection, Database, DatabaseUnavailable, Document, DuplicateKey, OutcomeUnknown
from storage.clock import Clock
from storage.documents import FIELDS, entry_to_document, from_document
from storage.errors import ExternalReferenceTaken, IdempotencyConflict, TooBusy
from storage.idempotency import CommandKey
from storage.keys import findable
from storage.publication import publications

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
        document, order = await _new(clock, draft, process, actor, key)
        if await _insert(orders, document):
            return Placed(order)
        taken = await _taken(orders, order)
        # Asked after that: an order of this very request that could be seen there is seen here.
        if key and (earlier := await _placed_by(orders, key)):
            return earlier
        if taken is not None:
            raise ExternalReferenceTaken(taken)
        # What is left is a reference that exists already: the next try draws another.
    raise TooBusy(draft.id)


async def _new(
    clock: Clock, draft: Order, process: Process, actor: Actor, key: CommandKey | None
) -> tuple[Document, Order]:
    """The document and the order of one try, under ids and a reference that nobody has."""
    now = await clock.now()
    order_id = ids.order_id(now)
    order = replace(
        draft,
        id=order_id,
        reference=ids.reference(),
        version=1,
        seq=0,
        process=process.name,
        process_version=process.version,
        placed_at=now,
        changed_at=now,
        lines=tuple(replace(line, id=line_id(order_id, n)) for n, line in enumerate(draft.lines, 1)),
    )
    outcome = engine.place(process, order, actor, now)
    order = outcome.order
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
    return document, order


async def _insert(orders: Collection, document: Document) -> bool:
    """Store the document; returns False when a unique index said no to it."""
    try:
        return await _insert_once(orders, document)
    except OutcomeUnknown as unknown:
        try:
            # Sent again with the same id it is stored once, whatever became of the first.
            return await _insert_once(orders, document)
        except DatabaseUnavailable:
            raise unknown from None


async def _insert_once(orders: Collection, document: Document) -> bool:
    try:
        await orders.insert_one(document)
    except DuplicateKey:
        # What is in the way is this document itself when it was sent before, by us or by the driver.
        return await orders.find_one({"_id": document["_id"]}, {"_id": 1}) is not None
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
