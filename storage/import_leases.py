"""Who works on an import: one worker at a time, and another one where that is gone.

A lease is held by renewing it. Who sees it stand still for long takes it over, so that no clock is ever
compared with another's. Whoever lost one and does not know it yet can write nothing any more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.client import Collection, Database, Document
from storage.clock import Clock
from storage.import_documents import Import, ImportState, chunk_id, from_document, progress
from storage.values import naive


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on an import; its term is higher than that of whoever had it before."""

    import_id: str
    term: int


@dataclass(frozen=True, slots=True)
class ImportLeases:
    """The imports of one database, for those who work on them. Everything raises DatabaseUnavailable."""

    database: Database
    clock: Clock

    async def running(self, most: int) -> list[Import]:
        """Return the imports that run, the oldest first."""
        found = self._imports.find({"running": {"$exists": True}}, sort=[("_id", 1)], limit=most)
        return [from_document(stored) for stored in await found.to_list()]

    async def take(self, seen: Import) -> Lease | None:
        """Take over an import from whoever had it when it was seen so; None: somebody was faster."""
        where = {"_id": seen.id, "running": {"$exists": True}, "term": seen.term, "beat": seen.beat}
        change = {"$set": {"held": True, "term": seen.term + 1, "beat": 0}}
        taken = await self._imports.update_one(where, change)
        return Lease(seen.id, seen.term + 1) if taken.matched_count else None

    async def renew(self, lease: Lease) -> bool:
        """Say that work goes on; False: it is somebody else's now."""
        return await self._write(lease, {"$inc": {"beat": 1}})

    async def release(self, lease: Lease) -> None:
        """Let anybody go on at once."""
        await self._write(lease, {"$set": {"held": False}})

    async def held(self, lease: Lease) -> Import | None:
        """Return the import as it stands, or None when it is somebody else's now, or runs no more."""
        stored = await self._imports.find_one(_held(lease))
        return from_document(stored) if stored else None

    async def note(self, lease: Lease, at: Import, results: Sequence[Document]) -> bool:
        """Keep what became of the rows of the chunk at which the import is, and go to the next.

        False when it is somebody else's now. Can be repeated with the same results at any point.
        """
        found = Counter(result["outcome"] for result in results)
        kept = {"term": lease.term, "results": list(results)}
        # Whoever has lost the lease meets a higher term here, if the chunk was done again.
        chunk = {"_id": chunk_id(at.id, at.chunk), "term": {"$lte": lease.term}}
        written = await self.database.collection("import_chunks").update_one(chunk, {"$set": kept})
        if not written.matched_count:
            return False
        where = {**at.where, **{outcome: at.where.get(outcome, 0) | 1 << at.chunk for outcome in found}}
        step = progress(at.chunk + 1, at.done + len(results), found + Counter(at.counts), where)
        return await self._write(lease, {"$set": step})

    async def apply(self, lease: Lease) -> bool:
        """Begin with the first chunk again, to apply what was checked; False: it is somebody else's now."""
        start = {"state": ImportState.APPLYING.value, **progress(0, 0, {}, {})}
        return await self._write(lease, {"$set": start})

    async def finish(self, lease: Lease, at: Import, state: ImportState) -> bool:
        """End the import so; False: it is somebody else's now.

        What was stopped while it was checked, to be applied afterwards, did nothing and has no results.
        """
        end: Document = {"state": state.value, "ended_at": naive(await self.clock.now()), "held": False}
        if state is ImportState.STOPPED and at.state is ImportState.CHECKING and not at.dry_run:
            end |= progress(0, 0, {}, {})
        return await self._write(lease, {"$set": end, "$unset": {"running": "", "stopping": ""}})

    async def _write(self, lease: Lease, change: Mapping[str, Any]) -> bool:
        return bool((await self._imports.update_one(_held(lease), change)).matched_count)

    @property
    def _imports(self) -> Collection:
        return self.database.collection("imports")


def _held(lease: Lease) -> Document:
    return {"_id": lease.import_id, "term": lease.term, "held": True}
