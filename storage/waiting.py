"""How much work waits in a database, each counted by an index: for whoever watches, never for a decision."""

from collections.abc import Mapping

from domain.commands import CommandStatus
from storage.client import Database, Document
from storage.clock import Clock
from storage.keys import key
from storage.scope import Scope
from storage.timers import OVERDUE
from storage.values import naive

MOST = 10_000
"""Counting ends here: that there are more says enough, and a look must not cost more the worse it is."""


async def waiting(database: Database, clock: Clock) -> Mapping[str, int]:
    """Return how many orders wait, by what for, at most 10,000 each.

    `events`: to be published; `deadlines`: overdue by more than a minute; `commands`: for an answer of the
    payment provider; `dead_commands`: for a person, as it never came; `stock`: for pieces.
    """
    orders = database.collection("orders")
    pending = key(Scope.marketplace(), "command", CommandStatus.PENDING)
    dead = key(Scope.marketplace(), "command", CommandStatus.DEAD)
    queues: dict[str, Document] = {
        "events": {"dirty": True},
        "deadlines": {"deadlines.at": {"$lt": naive(await clock.now() - OVERDUE)}},
        "commands": {"keys": pending},
        "dead_commands": {"keys": dead},
        "stock": {"wants": {"$exists": True}},
    }
    return {name: await orders.count_documents(where, limit=MOST) for name, where in queues.items()}
