"""The history of an order: its newest rows stand in the order, the oldest of a long one in a collection.

Rows are copied there first and dropped from the order afterwards, so whoever reads finds each at least once.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from domain.order import Entry
from storage.client import Database, Document, DuplicateKey
from storage.documents import entry_from_document

EMBEDDED = 300
"""How many rows an order holds before its oldest move out."""
KEPT = 100
"""How many rows stay in the order then."""
WHOLE = 1_000_000
"""More rows than any history has."""


async def read(database: Database, order_id: str, after_seq: int, first: int) -> list[Entry]:
    """Return up to `first` entries that follow `after_seq`, oldest first; none of an unknown order."""
    # The order before the collection: what moves in between is then read twice, never missed.
    stored = await database.collection("orders").find_one({"_id": order_id}, {"history": 1, "archived": 1})
    if stored is None:
        return []
    rows: dict[int, Document] = {}
    if after_seq < stored.get("archived", 0):
        older = {"order": order_id, "seq": {"$gt": after_seq}}
        found = database.collection("order_history").find(older, sort=[("seq", 1)], limit=first)
        rows = {row["seq"]: row async for row in found}
    rows |= {row["seq"]: row for row in stored["history"] if row["seq"] > after_seq}
    return [entry_from_document(rows[seq]) for seq in sorted(rows)[:first]]


async def of(database: Database, stored: Mapping[str, Any]) -> list[Entry]:
    """Return an order's whole history, oldest first, as it was when `history` and `archived` were read."""
    rows: list[Document] = []
    if archived := stored.get("archived", 0):
        older = {"order": stored["_id"], "seq": {"$lte": archived}}
        rows = await database.collection("order_history").find(older, sort=[("seq", 1)]).to_list()
    rows += [row for row in stored["history"] if row["seq"] > archived]
    return [entry_from_document(row) for row in rows]


async def shorten(database: Database, order_id: str) -> None:
    """Move all but the newest rows out of an order with a long history. Can be repeated at any point."""
    orders = database.collection("orders")
    stored = await orders.find_one({"_id": order_id}, {"history": 1})
    if stored is None or len(stored["history"]) <= EMBEDDED:
        return
    oldest = stored["history"][:-KEPT]
    moved = database.collection("order_history")
    rows = [{"_id": f"{order_id}:{row['seq']}", "order": order_id, **row} for row in oldest]
    with suppress(DuplicateKey):  # an earlier try was cut short; the count says whether all are there now
        await moved.insert_many(rows, ordered=False)
    last = oldest[-1]["seq"]
    if await moved.count_documents({"order": order_id, "seq": {"$lte": last}}) == last:
        gone = {"$pull": {"history": {"seq": {"$lte": last}}}, "$max": {"archived": last}}
        await orders.update_one({"_id": order_id}, gone)


def embedded(stored: Mapping[str, Any], seq: int) -> int:
    """Return how many rows stand in the order once its last is `seq`; needs `archived`."""
    return seq - stored.get("archived", 0)
