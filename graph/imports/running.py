"""The worker of imports: it goes through those that run, chunk by chunk, each held by one worker at a time.

What was killed half-way goes on where it was. What becomes of rows stands in `graph.imports.applying`.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from graph.imports.applying import results
from graph.imports.rows import RowOutcome
from graph.services import Services
from storage.client import DatabaseUnavailable
from storage.import_leases import ImportLeases, Lease
from storage.imports import Import, ImportErrorPolicy, ImportState

logger = logging.getLogger(__name__)

POLL = 1.0
"""Seconds after which it looks for what was started in other processes; also between two signs of life."""

PATIENCE = 5.0
"""Seconds without a sign of life after which another's import is taken over."""

ORDERS_AT_ONCE = 8
MOST = 50
"""Imports that one worker goes through at the same time, a chunk of each in memory."""

_HOUR = 3600.0


class ImportWorker:
    """One worker; any number of them, in any processes, may run at once."""

    def __init__(self, services: Services, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._services = services
        self._imports = services.imports
        self._leases = ImportLeases(services.imports.database, services.imports.clock)
        self._turns = asyncio.Semaphore(ORDERS_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}

    async def run(self) -> None:
        """Work until cancelled: at once on what was started in this process, within a second on the rest."""
        tidied = -_HOUR
        try:
            while True:
                try:
                    await self._look()
                    if time.monotonic() - tidied > _HOUR:
                        tidied = time.monotonic()
                        await self._imports.prune(datetime.now(UTC))
                except DatabaseUnavailable as error:
                    logger.warning("Imports wait until the database answers again: %s", error)
                except Exception:  # a worker that ends would leave every import waiting
                    logger.exception("The import worker failed and tries again.")
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._imports.awake.wait()
                    self._imports.awake.clear()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self) -> None:
        """Begin to work on every import that runs and that nobody works on."""
        running = await self._leases.running(MOST)
        self._seen = {each.id: self._seen[each.id] for each in running if each.id in self._seen}
        for each in running:
            if each.id in self._tasks or (each.held and not self._stands_still(each)):
                continue
            if lease := await self._leases.take(each):
                self._tasks[each.id] = asyncio.create_task(self._work(lease))

    def _stands_still(self, other: Import) -> bool:
        """Whether whoever holds this import has given no sign of life for long."""
        mark, now = (other.term, other.beat), time.monotonic()
        seen, since = self._seen.setdefault(other.id, (mark, now))
        if seen != mark:
            self._seen[other.id] = (mark, now)
            return False
        return now - since > self._patience

    async def _work(self, lease: Lease) -> None:
        """Go through one import as long as it is this worker's; what fails is tried again."""
        try:
            async with self._kept(lease):
                while (at := await self._leases.held(lease)) and await self._step(lease, at):
                    pass
        except DatabaseUnavailable as error:
            logger.warning("Import %s waits until the database answers again: %s", lease.import_id, error)
        except Exception:
            logger.exception("Import %s failed and is tried again.", lease.import_id)
            await asyncio.sleep(POLL)
        finally:
            del self._tasks[lease.import_id]

    @asynccontextmanager
    async def _kept(self, lease: Lease) -> AsyncGenerator[None]:
        """Give signs of life meanwhile, and let go of it afterwards."""
        renewing = asyncio.create_task(self._renew(lease))
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(DatabaseUnavailable):
                await self._leases.release(lease)

    async def _renew(self, lease: Lease) -> None:
        """Keep the import, or stop the work on it as soon as that fails."""
        while True:
            await asyncio.sleep(POLL)
            with suppress(DatabaseUnavailable):
                if not await self._leases.renew(lease):
                    # Rows that it has in hand were decided by others meanwhile: it must not apply them later.
                    self._tasks[lease.import_id].cancel()
                    return

    async def _step(self, lease: Lease, at: Import) -> bool:
        """Do one chunk, or what follows the last; False: it is over, or somebody else's now."""
        if at.stopping:
            return await self._finish(lease, at, ImportState.STOPPED)
        if at.chunk < at.chunks:
            chunk = await self._imports.chunk(at.id, at.chunk)
            found = await results(self._services, at, chunk, self._turns)
            return await self._leases.note(lease, at, found)
        if at.state is ImportState.APPLYING:
            return await self._finish(lease, at, ImportState.DONE)
        if at.policy is ImportErrorPolicy.REJECT_FILE and _has_bad_rows(at):
            return await self._finish(lease, at, ImportState.REJECTED)
        if at.dry_run:
            return await self._finish(lease, at, ImportState.DONE)
        return await self._leases.apply(lease)

    async def _finish(self, lease: Lease, at: Import, state: ImportState) -> bool:
        if await self._leases.finish(lease, at, state):
            logger.info("Import %s of %d rows ended: %s.", at.id, at.rows, state)
        return False


def _has_bad_rows(at: Import) -> bool:
    return bool(at.counts.get(RowOutcome.REFUSED) or at.counts.get(RowOutcome.INVALID))
