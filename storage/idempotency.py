"""A mutation that is sent again: its key and its answer stand in the order, stored with its effect.

Design: storage, "Idempotency". Answers are kept for 48 hours at least, as long as there are not thousands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from storage.client import Collection, Document
from storage.errors import IdempotencyConflict
from storage.values import naive

KEPT = timedelta(hours=48)
ENOUGH = 200
"""Only an order with more answers than this has its old ones dropped."""
MOST = 2_000
"""More answers than this are never kept: a document ends at 16 MB."""


@dataclass(frozen=True, slots=True)
class CommandKey:
    """Who asked for which operation under which key; `fingerprint` tells whether the input is the same."""

    principal: str
    operation: str
    key: str
    fingerprint: str

    @property
    def id(self) -> str:
        """The key's id in an order: the same for every try, and of no use to who reads it."""
        return sha256("\0".join((self.principal, self.operation, self.key)).encode()).hexdigest()[:32]


def answer(key: CommandKey, at: datetime, version: int, reply: Document) -> Document:
    """Return what is stored of a carried-out mutation, so that it can be answered again."""
    return {"id": key.id, "fingerprint": key.fingerprint, "at": naive(at), "version": version, "reply": reply}


def answered(key: CommandKey, stored: Mapping[str, Any]) -> Document | None:
    """Return the reply this key got before, or None; raises IdempotencyConflict when its input was another.

    `stored["replies"]` holds at least the answer of this key, if there is one.
    """
    for row in stored.get("replies", ()):
        if row["id"] == key.id:
            if row["fingerprint"] != key.fingerprint:
                raise IdempotencyConflict(key.key)
            return row["reply"]
    return None


async def drop_old(orders: Collection, order_id: str, now: datetime) -> None:
    """Drop the answers that were kept long enough, from an order that has many."""
    many = {"_id": order_id, f"replies.{ENOUGH}": {"$exists": True}}
    await orders.update_one(many, {"$pull": {"replies": {"at": {"$lt": naive(now - KEPT)}}}})
