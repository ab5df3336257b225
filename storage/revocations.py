"""Tokens that were taken back before they expire: kept in the database, and known by heart in each process.

It knows names only: of one token, or of whose tokens. Design: api, "Who is asking".
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from storage.client import (
    ASCENDING,
    Collection,
    Database,
    DatabaseUnavailable,
    Document,
    DuplicateKey,
    IndexModel,
)
from storage.values import aware, naive

log = logging.getLogger(__name__)

Kind = Literal["token", "subject", "merchant", "customer"]
"""What a revocation names: one token by its id, or all of somebody's that were issued so far."""

KEPT = timedelta(days=367)
"""How long a revocation is known: longer than any token lives."""

INDEXES = (IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=int(KEPT.total_seconds())),)

_POLL = timedelta(seconds=1)

_OVERLAP = timedelta(minutes=5)
"""How far back each look goes beyond the last one found: a write may be seen late, and after a failover the
database's clock may be behind."""

_ALWAYS = datetime.max.replace(tzinfo=UTC)


class Revocations:
    """The revocations of one database. `run` keeps up with what other processes revoke."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._issued_until: dict[tuple[str, str], datetime] = {}
        self._seen_until: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    def covers(self, kind: Kind, name: str, issued_at: datetime) -> bool:
        """Say whether a token of this name that was issued then is revoked. Asks nobody."""
        until = self._issued_until.get((kind, name))
        return until is not None and issued_at <= until

    def tell(self, listener: Callable[[], None]) -> None:
        """Have this called whenever more is revoked than before."""
        self._listeners.append(listener)

    async def revoke(self, kind: Kind, name: str, *, now: datetime, by: str, reason: str | None) -> None:
        """Revoke the token of this id, or all that were issued to somebody until now, here and everywhere.

        Again is once for a token, and moves the time for somebody. Raises DatabaseUnavailable.
        """
        why: Document = {"by": by, "reason": reason}
        change: Document = {"$currentDate": {"at": True}}  # the database's clock, the same for all processes
        if kind == "token":
            change |= {"$setOnInsert": why}
        else:
            change |= {"$set": why, "$max": {"issued_until": naive(now)}}
        where = {"_id": f"{kind}:{name}"}
        try:
            await self._rows.update_one(where, change, upsert=True)
        except DuplicateKey:  # revoked by two at once: now it is there
            await self._rows.update_one(where, change)
        self._learn({(kind, name): _ALWAYS if kind == "token" else now})

    async def read(self) -> None:
        """Learn what was revoked since the last look; everything at the first. Raises DatabaseUnavailable."""
        new = {} if self._seen_until is None else {"at": {"$gte": naive(self._seen_until - _OVERLAP)}}
        found: dict[tuple[str, str], datetime] = {}
        for row in await self._rows.find(new, {"at": 1, "issued_until": 1}).to_list():
            kind, _, name = row["_id"].partition(":")
            found[kind, name] = aware(row["issued_until"]) if "issued_until" in row else _ALWAYS
            at = aware(row["at"])
            self._seen_until = max(self._seen_until or at, at)
        self._learn(found)

    async def run(self) -> None:
        """Learn each second what was revoked elsewhere, until cancelled."""
        unread = False
        while True:
            try:
                await self.read()
                unread = False
            except DatabaseUnavailable as error:
                if not unread:
                    log.warning("Revocations cannot be read until the database answers again: %s", error)
                unread = True
            await asyncio.sleep(_POLL.total_seconds())

    @property
    def _rows(self) -> Collection:
        """{_id: "kind:name", at, issued_until: absent for a single token, by, reason}."""
        return self._database.collection("revocations")

    def _learn(self, found: dict[tuple[str, str], datetime]) -> None:
        known = self._issued_until
        more = {key: until for key, until in found.items() if key not in known or known[key] < until}
        if more:
            known |= more
            for listener in self._listeners:
                listener()
