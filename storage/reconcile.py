"""Is everything that happened in the feed? Compares the histories of the orders with what was published.

For tests and for whoever doubts; it changes nothing. Design: storage, "Events" (A reconciler).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.actors import Audience
from domain.order import Entry, Order
from domain.process import Process
from domain.processes import process_of
from storage import history
from storage.client import Database
from storage.documents import FIELDS, from_document
from storage.feed import KEPT
from storage.publication import readers
from storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Missing:
    """An entry of an order's history that a topic neither has nor is about to get."""

    order: str
    seq: int
    topic: str


async def missing(database: Database) -> list[Missing]:
    """Return every entry of the last 30 days that is not in a topic it belongs to; empty when all is well.

    What still waits in an order for the relay is not missing. Reads all orders, one at a time.
    """
    found: list[Missing] = []
    async for stored in database.collection("orders").find({}, FIELDS):
        order = from_document(stored)
        wanted = await _wanted(database, order)
        there = await _published(database, order, {topic for _, topic in wanted})
        found += [Missing(order.id, seq, topic) for seq, topic in sorted(wanted - there)]
    return found


async def _wanted(database: Database, order: Order) -> set[tuple[int, str]]:
    process = process_of(order)
    since = datetime.now(UTC) - KEPT
    entries = await history.read(database, order.id, 0, order.seq)
    first = _first_seen(process, order, entries)
    return {
        (entry.seq, scope.topic)
        for entry in entries
        if entry.at > since
        for scope in readers(process, order, entry)
        if entry.seq >= first.get(scope.topic, 0)
    }


def _first_seen(process: Process, order: Order, entries: Iterable[Entry]) -> dict[str, int]:
    """From which entry on each merchant's topic must have what is told there: before it read something, the
    merchant order did not exist for it.
    """
    found: dict[str, int] = {}
    portal = Audience.MERCHANT_PORTAL
    for entry in entries:
        unit = order.unit(entry.unit) if entry.unit else None
        if unit is None or entry.party is None or entry.party not in process.follows(portal):
            continue
        states = [machine.states.get(entry.target or "") for machine in process.variants(entry.party)]
        if any(state.labels.get(portal) for state in states if state):
            found.setdefault(Scope.merchant(unit.merchant_id).topic, entry.seq)
    return found


async def _published(database: Database, order: Order, topics: set[str]) -> set[tuple[int, str]]:
    # What waits before what is published: an entry that the relay moves in between is seen twice, not never.
    stored = await database.collection("orders").find_one({"_id": order.id}, {"out": 1})
    waits = stored.get("out", ()) if stored else ()
    there = {(item["seq"], to["topic"]) for item in waits for to in item["to"]}
    mine = {"topic": {"$in": list(topics)}, "order": order.id}
    rows = database.collection("feed").find(mine, {"topic": 1, "body.seq": 1})
    return there | {(row["body"]["seq"], row["topic"]) async for row in rows}
