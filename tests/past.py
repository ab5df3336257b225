"""Orders written step by step in the past, to compare with those that are stored whole."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storage.client import Database
from storage.clock import Clock
from storage.orders import Orders


@dataclass(frozen=True, slots=True)
class Past(Clock):
    """A clock that stands still."""

    at: datetime = field(kw_only=True)

    async def now(self) -> datetime:
        return self.at


def orders_at(database: Database, moment: datetime) -> Orders:
    """The orders of a database at a moment of the past."""
    return Orders(database, Past(database, at=moment), lambda _: None)


async def document(database: Database, order_id: str) -> dict[str, Any]:
    """What is stored of an order, without what is random: the names of its commands."""
    found = await database.collection("orders").find_one({"_id": order_id})
    assert found is not None
    for row in found["history"]:
        del row["command_id"]
    return found
