"""Orders that come with a past: stored whole, one write each, as if every step of it had been written here.

Whoever calls has let the engine live them. What they are is not known here. Design: storage, "One order".
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from domain.order import Order
from domain.outcome import Outcome
from domain.processes import process_of
from domain.stocking import Key, claims
from storage import ids
from storage.client import Database, Document, DuplicateKey
from storage.documents import entry_to_document
from storage.feed import KEPT
from storage.keys import findable
from storage.publication import publications
from storage.stock_rows import row_id
from storage.values import naive


async def stored(database: Database, channel: str) -> set[str]:
    """Return the external references that this channel has orders for."""
    found = database.collection("orders").find({"channel": channel}, {"external_reference": 1})
    return {row["external_reference"] for row in await found.to_list() if "external_reference" in row}


async def store(database: Database, lives: Sequence[Sequence[Outcome]]) -> int:
    """Store one order per life, the outcomes of its steps from its placing on; returns how many were new.

    An order whose external reference the channel has already is left as it is there. What is older than the
    feed keeps anything is not published.
    """
    if not lives:
        return 0
    kept = datetime.now(UTC) - KEPT
    documents = [_document(outcomes, kept) for outcomes in lives]
    try:
        await database.collection("orders").insert_many(documents, ordered=False)
    except DuplicateKey as some:
        return some.inserted
    return len(documents)


async def shelve(
    database: Database, available: Mapping[Key, int], orders: Iterable[Order], now: datetime
) -> None:
    """Count the stock that these orders have taken from, with so many pieces available besides.

    What is counted already is left as it is.
    """
    held, confirmed, off_shelf = Counter[Key](), Counter[Key](), Counter[Key]()
    for order in orders:
        for key, claim in claims(order).items():
            held[key] += claim.held
            confirmed[key] += claim.confirmed
            off_shelf[key] += claim.off_shelf
    rows: list[Document] = [
        {
            "_id": row_id(key),
            "merchant_id": key[0],
            "sku": key[1],
            "on_hand": left + held[key] + confirmed[key],
            "held": held[key],
            "confirmed": confirmed[key],
            "acknowledged": off_shelf[key],
            "available": left,
            "version": 1,
            "changed_at": naive(now),
            "counted_by": ids.command_id(),
        }
        for key, left in available.items()
    ]
    with suppress(DuplicateKey):
        await database.collection("stock").insert_many(rows, ordered=False)


def _document(outcomes: Sequence[Outcome], kept: datetime) -> Document:
    """The document that as many writes would have made of the order."""
    process = process_of(outcomes[0].order)
    history: list[Document] = []
    out: list[Document] = []
    document: Document | None = None
    for version, outcome in enumerate(outcomes, 1):
        after = replace(outcome.order, version=version)
        document = findable(process, after)
        command = ids.command_id()
        history += [entry_to_document(entry, command) for entry in outcome.entries]
        if after.changed_at > kept:
            out += publications(process, after, outcome.entries)
    assert document is not None, "an order begins with its placing"
    return document | {"history": history, "out": out, "dirty": True}
