"""Imports in the database: files whose rows are stored in chunks, to be worked through and reported on.

Who works on one stands in `storage.import_leases`. Design: API, "Integrators".
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from storage import ids
from storage.client import Collection, Database, DatabaseUnavailable, Document, DuplicateKey, OutcomeUnknown
from storage.clock import Clock
from storage.errors import IdempotencyConflict, ImportRunning
from storage.idempotency import CommandKey
from storage.import_documents import (
    Chunk,
    Import,
    ImportErrorPolicy,
    ImportState,
    NewImport,
    chunk_id,
    from_document,
    to_document,
)
from storage.values import naive

__all__ = ["Chunk", "Import", "ImportErrorPolicy", "ImportState", "Imports", "NewImport"]

KEPT = timedelta(days=30)
"""How long an import and its report are kept."""

_ABANDONED = timedelta(days=1)
"""What is not stored whole by then never will be."""

_AT_ONCE = 50
"""Chunks that are deleted together."""


@dataclass(frozen=True, slots=True)
class Imports:
    """The imports of one database. `awake` is set when one was started in this process."""

    database: Database
    clock: Clock
    awake: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)

    # Starting one

    async def create(self, new: NewImport, chunks: AsyncIterator[Sequence[Document]]) -> Import:
        """Store an import with its rows, and start it with the last write: one that is cut short never runs.

        The same key again returns the import made before. Raises IdempotencyConflict when that had another
        input, ImportRunning when one runs in the scope, and DatabaseUnavailable.
        """
        import_id = ids.order_id(await self.clock.now())
        # The system's clock, as a test clock may jump over all the time that an upload has.
        begun = naive(datetime.now(UTC))
        try:
            n = rows = 0
            async for chunk in chunks:
                if n % _AT_ONCE == 0:  # ahead of them, so that all are found again
                    room = {"$set": {"at": begun, "room": n + _AT_ONCE}}
                    # Upserts, which a driver may send again to a server that has forgotten the first.
                    await self._imports.update_one({"_id": import_id}, room, upsert=True)
                document = {"term": 0, "rows": list(chunk)}
                await self._chunks.update_one(
                    {"_id": chunk_id(import_id, n)}, {"$set": document}, upsert=True
                )
                n, rows = n + 1, rows + len(chunk)
            return await self._start(new, import_id, rows, n)
        except DuplicateKey:
            await self._discard(import_id)
            if (before := await self.made_under(new.key)) is not None:
                return before
            raise ImportRunning(await self.running_in(new.scope)) from None
        except BaseException:
            with suppress(DatabaseUnavailable):  # pruned some day
                await self._discard(import_id)
            raise

    async def made_under(self, key: CommandKey | None) -> Import | None:
        """Return the import that was made under this key, or None.

        Raises IdempotencyConflict when its input was another.
        """
        if key is None or (stored := await self._imports.find_one({"key": key.id})) is None:
            return None
        if stored["fingerprint"] != key.fingerprint:
            raise IdempotencyConflict(key.key)
        return from_document(stored)

    async def running_in(self, scope: str) -> str | None:
        """Return the id of the import that runs in the scope, or None: a look, the last write decides."""
        found = await self._imports.find_one({"running": scope}, {"_id": 1})
        return found["_id"] if found else None

    async def _start(self, new: NewImport, import_id: str, rows: int, chunks: int) -> Import:
        whole = to_document(new, rows=rows, chunks=chunks, started_at=await self.clock.now())
        try:
            await self._imports.update_one({"_id": import_id}, {"$set": whole})
        except OutcomeUnknown:
            if await self.find(new.scope, import_id) is None:
                raise
        started = await self.find(new.scope, import_id)
        assert started is not None, "nobody deletes what was begun today"
        self.awake.set()
        return started

    async def _discard(self, import_id: str) -> None:
        """Take away what was not started; it stays if it was."""
        await self._delete({"_id": import_id, "state": {"$exists": False}})

    # Reading, stopping

    async def find(self, scope: str, import_id: str) -> Import | None:
        """Return one import of the scope, or None."""
        stored = await self._imports.find_one({"_id": import_id, "scope": scope})
        return from_document(stored) if stored else None

    async def newest(self, scope: str, first: int) -> list[Import]:
        """Return the newest imports of the scope, at most so many."""
        found = self._imports.find({"scope": scope}, sort=[("_id", -1)], limit=first)
        return [from_document(stored) for stored in await found.to_list()]

    async def chunk(self, import_id: str, n: int) -> Chunk:
        """Return one chunk. Raises LookupError when the import is gone."""
        stored = await self._chunks.find_one({"_id": chunk_id(import_id, n)})
        if stored is None:
            raise LookupError(f"Chunk {n} of import {import_id} is gone.")
        return Chunk(n, stored["rows"], stored.get("results"))

    async def next_done(self, at: Import, n: int, outcome: str | None) -> Chunk | None:
        """Return the first chunk from `n` on that is done and, if one is named, has rows of this outcome; or
        None.
        """
        found = at.next_done(n, outcome)
        return None if found is None else await self.chunk(at.id, found)

    async def stop(self, scope: str, import_id: str) -> Import | None:
        """Have an import of the scope stopped after the chunk at which it is, if it runs; None: no such."""
        where = {"_id": import_id, "scope": scope, "running": {"$exists": True}}
        await self._imports.update_one(where, {"$set": {"stopping": True}})
        return await self.find(scope, import_id)

    # Forgetting

    async def prune(self, now: datetime) -> int:
        """Delete what ended and is older than 30 days, and what was begun and never started.

        `now` is the system's time, not the test clock's. Returns how many.
        """
        ended = {"at": {"$lt": naive(now - KEPT)}, "running": {"$exists": False}}
        cut = {"at": {"$lt": naive(now - _ABANDONED)}, "state": {"$exists": False}}
        return await self._delete(ended) + await self._delete(cut)

    async def _delete(self, where: Document) -> int:
        """Delete these imports, each after its chunks; returns how many."""
        found = await self._imports.find(where, {"room": 1}).to_list()
        for stored in found:
            for start in range(0, stored["room"], _AT_ONCE):
                ids = [chunk_id(stored["_id"], n) for n in range(start, start + _AT_ONCE)]
                await self._chunks.delete_many({"_id": {"$in": ids}})
            await self._imports.delete_many({"_id": stored["_id"]})
        return len(found)

    @property
    def _imports(self) -> Collection:
        """What `import_documents` writes, and room: higher than any chunk's number. {_id, at, room} alone
        until all chunks are there.
        """
        return self.database.collection("imports")

    @property
    def _chunks(self) -> Collection:
        """{_id: "import:n", term, rows, and once they were done: results}."""
        return self.database.collection("import_chunks")
