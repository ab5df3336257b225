"""What is noted about deadlines whose move failed: how often, why, and when to try again.

`next_deadline` is when the clock has to look at an order next. What a deadline does is the worker's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.order import Deadline, Order
from storage.client import Collection, Document
from storage.documents import FIELDS, from_document
from storage.values import aware, naive

OVERDUE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A deadline that should have fired. `attempts` is 0 while no try has failed."""

    order: Order
    deadline: Deadline
    attempts: int = 0
    message: str | None = None
    next_try: datetime | None = None


async def stuck(orders: Collection, now: datetime, first: int) -> list[Stuck]:
    """Return up to `first` deadlines that are overdue by more than a minute, longest overdue first."""
    limit = now - OVERDUE
    late = {"deadlines.at": {"$lt": naive(limit)}}
    wanted = {**FIELDS, "failures": 1}
    rows = await orders.find(late, wanted, sort=[("deadlines.at", 1)], limit=first).to_list()
    found = [
        _stuck(from_document(row), deadline["id"], row.get("failures", []))
        for row in rows
        for deadline in row["deadlines"]
        if deadline["at"] < naive(limit)
    ]
    return sorted(found, key=lambda each: each.deadline.at)[:first]


async def note_failure(
    orders: Collection, order_id: str, deadline_id: str, message: str, next_try: datetime
) -> None:
    """Count a failed try of a deadline; nothing is noted when the order has moved on without it."""
    stored = await orders.find_one({"_id": order_id}, {"version": 1, "deadlines": 1, "failures": 1})
    if stored is None:
        return
    others = [row for row in stored.get("failures", []) if row["id"] != deadline_id]
    attempts = next((r["attempts"] for r in stored.get("failures", []) if r["id"] == deadline_id), 0)
    row = {"id": deadline_id, "attempts": attempts + 1, "message": message, "next_try": naive(next_try)}
    document: Document = {"deadlines": stored["deadlines"]}
    keep_failures(document, {"failures": [*others, row]})
    if "failures" in document:
        noted = {"failures": document["failures"], "next_deadline": document["next_deadline"]}
        await orders.update_one({"_id": order_id, "version": stored["version"]}, {"$set": noted})


def keep_failures(document: Document, stored: Mapping[str, Any]) -> None:
    """Take over from `stored` the failures of deadlines that the document has, and what they put off."""
    waiting = {deadline["id"]: deadline["at"] for deadline in document["deadlines"]}
    failures = [row for row in stored.get("failures", []) if row["id"] in waiting]
    if failures:
        put_off = {row["id"]: max(waiting[row["id"]], row["next_try"]) for row in failures}
        document["failures"] = failures
        document["next_deadline"] = min((waiting | put_off).values())


def _stuck(order: Order, deadline_id: str, failures: list[Document]) -> Stuck:
    deadline = next(d for d in order.deadlines if d.id == deadline_id)
    failure = next((row for row in failures if row["id"] == deadline_id), None)
    if failure is None:
        return Stuck(order, deadline)
    return Stuck(order, deadline, failure["attempts"], failure["message"], aware(failure["next_try"]))
