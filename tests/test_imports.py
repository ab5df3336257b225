"""What `storage.imports` promises: an import runs whole or not at all, one in a scope, held by one worker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from storage.client import Database, DatabaseUnavailable
from storage.clock import Clock
from storage.errors import IdempotencyConflict, ImportRunning
from storage.idempotency import CommandKey
from storage.import_leases import ImportLeases, Lease
from storage.imports import Import, ImportErrorPolicy, Imports, ImportState, NewImport
from storage.indexes import ensure
from tests.databases import both_drivers
from tests.feeding import stepped

DAY = timedelta(days=1)
NEW = NewImport(
    kind="order_status",
    scope="merchant:m1",
    by="seller-1",
    principal={"sub": "seller-1", "role": "merchant", "merchant_id": "m1"},
    dry_run=False,
    policy=ImportErrorPolicy.SKIP_ROWS,
    file_name="rows.csv",
    columns=("order_reference", "event"),
)
KEY = CommandKey("seller-1", "importOrderStatus", "k1", "content")
Rows = list[dict[str, Any]]


@pytest.fixture
async def imports(database: Database) -> Imports:
    """No imports yet, on a server."""
    await ensure(database)
    return Imports(database, Clock(database))


def leases(imports: Imports) -> ImportLeases:
    return ImportLeases(imports.database, imports.clock)


def rows(*numbers: int) -> Rows:
    return [{"n": n, "order": f"order-{n}", "values": {}} for n in numbers]


def results(**outcomes: str) -> Rows:
    return [{"n": int(name.removeprefix("n")), "outcome": outcome} for name, outcome in outcomes.items()]


async def chunks(*each: Rows) -> AsyncIterator[Rows]:
    for chunk in each:
        yield chunk


async def started(imports: Imports, new: NewImport = NEW, *each: Rows) -> Import:
    return await imports.create(new, chunks(*(each or (rows(2, 3), rows(4)))))


async def taken(imports: Imports) -> Lease:
    (running,) = await leases(imports).running(10)
    lease = await leases(imports).take(running)
    assert lease is not None
    return lease


async def now(imports: Imports, lease: Lease) -> Import:
    found = await leases(imports).held(lease)
    assert found is not None
    return found


async def left(imports: Imports) -> list[int]:
    """How many documents there are of imports, and of chunks."""
    return [
        await imports.database.collection(name).count_documents({}) for name in ("imports", "import_chunks")
    ]


# Starting


@both_drivers
async def test_an_import_starts_with_all_its_rows(imports: Imports):
    made = await started(imports)

    assert (made.state, made.rows, made.chunks, made.done) == (ImportState.APPLYING, 3, 2, 0)
    assert await imports.newest(NEW.scope, 10) == [made]
    assert [(await imports.chunk(made.id, n)).rows for n in range(2)] == [rows(2, 3), rows(4)]
    assert imports.awake.is_set()


async def test_an_import_is_nowhere_until_all_its_rows_are_stored(imports: Imports):
    async def slowly() -> AsyncIterator[Rows]:
        yield rows(2)
        assert await left(imports) == [1, 1]
        assert await imports.newest(NEW.scope, 10) == []
        assert await leases(imports).running(10) == []
        assert await imports.running_in(NEW.scope) is None
        yield rows(3)

    assert (await imports.create(NEW, slowly())).rows == 2


async def test_what_fails_while_it_is_stored_leaves_nothing(imports: Imports):
    async def failing() -> AsyncIterator[Rows]:
        yield rows(2)
        raise OSError("The disk is gone.")

    with pytest.raises(OSError, match="gone"):
        await imports.create(NEW, failing())
    assert await left(imports) == [0, 0]


async def test_what_was_killed_while_it_was_stored_never_runs_and_is_forgotten(imports: Imports):
    waiting = asyncio.Event()

    async def cut() -> AsyncIterator[Rows]:
        yield rows(2)
        waiting.set()
        await asyncio.Event().wait()

    uploading = asyncio.create_task(imports.create(NEW, cut()))
    await waiting.wait()

    assert (await started(imports)).rows == 3  # it holds up nobody
    assert await imports.prune(datetime.now(UTC)) == 0
    assert await imports.prune(datetime.now(UTC) + 2 * DAY) == 1
    assert await left(imports) == [1, 2]
    uploading.cancel()
    await asyncio.gather(uploading, return_exceptions=True)


async def test_an_import_whose_start_was_not_confirmed_runs(imports: Imports):
    updates = 0

    async def lose(collection: str, command: str) -> None:
        nonlocal updates
        updates += (collection, command) == ("imports", "update_one")
        if updates == 2:  # after the first word of it comes the last
            updates += 1
            raise AutoReconnect("connection closed")

    made = await started(replace(imports, database=stepped(imports.database, after=lose)))

    assert updates == 3
    assert await imports.running_in(NEW.scope) == made.id


async def test_one_import_runs_in_a_scope(imports: Imports):
    first = await started(imports)

    with pytest.raises(ImportRunning) as refused:
        await started(imports)
    assert refused.value.import_id == first.id
    assert await left(imports) == [1, 2]
    other = replace(NEW, scope="merchant:m2")
    assert (await started(imports, other)).scope == "merchant:m2"


@both_drivers
async def test_of_two_at_once_one_runs(imports: Imports):
    both = await asyncio.gather(started(imports), started(imports), return_exceptions=True)

    assert sorted(type(each).__name__ for each in both) == ["Import", "ImportRunning"]
    assert await left(imports) == [1, 2]


async def test_the_same_key_is_the_same_import_and_other_content_a_conflict(imports: Imports):
    keyed = replace(NEW, key=KEY)
    first = await started(imports, keyed)

    assert (await started(imports, keyed)).id == first.id
    assert await imports.made_under(KEY) == first
    other = replace(KEY, fingerprint="other content")
    with pytest.raises(IdempotencyConflict):
        await imports.made_under(other)
    with pytest.raises(IdempotencyConflict):
        await started(imports, replace(NEW, key=other))
    assert await left(imports) == [1, 2]


# Working


@both_drivers
async def test_an_import_is_taken_by_one(imports: Imports):
    await started(imports)
    (seen,) = await leases(imports).running(10)

    both = await asyncio.gather(leases(imports).take(seen), leases(imports).take(seen))

    assert sorted(each is None for each in both) == [False, True]


async def test_a_sign_of_life_keeps_others_away(imports: Imports):
    await started(imports)
    lease = await taken(imports)
    (seen,) = await leases(imports).running(10)

    assert await leases(imports).renew(lease)

    assert await leases(imports).take(seen) is None


async def test_rows_are_noted_with_their_chunk_and_counted(imports: Imports):
    made = await started(imports)
    lease = await taken(imports)

    assert await leases(imports).note(lease, await now(imports, lease), results(n2="applied", n3="refused"))
    assert await leases(imports).note(lease, await now(imports, lease), results(n4="applied"))

    at = await now(imports, lease)
    assert (at.done, at.chunk, at.counts) == (3, 2, {"applied": 2, "refused": 1})
    refused = await imports.next_done(at, 0, "refused")
    assert refused
    assert (refused.n, refused.results) == (0, results(n2="applied", n3="refused"))
    assert await imports.next_done(at, 1, "refused") is None
    assert (await imports.chunk(made.id, 1)).results == results(n4="applied")


async def test_a_chunk_that_was_killed_while_it_was_noted_counts_once(imports: Imports):
    await started(imports)
    lease = await taken(imports)
    at = await now(imports, lease)

    async def killed(collection: str, command: str) -> None:
        if (collection, command) == ("imports", "update_one"):
            raise AutoReconnect("connection closed")

    cut = leases(replace(imports, database=stepped(imports.database, before=killed)))
    with pytest.raises(DatabaseUnavailable):
        await cut.note(lease, at, results(n2="applied", n3="applied"))

    at = await now(imports, lease)
    assert (at.done, at.chunk) == (0, 0)
    assert await leases(imports).note(lease, at, results(n2="applied", n3="applied"))
    assert (await now(imports, lease)).counts == {"applied": 2}


async def test_who_has_lost_an_import_can_write_nothing_of_it(imports: Imports):
    made = await started(imports)
    lost = await taken(imports)
    at = await now(imports, lost)
    new = await taken(imports)
    assert await leases(imports).note(new, await now(imports, new), results(n2="applied", n3="applied"))

    late = leases(imports)
    assert not await late.note(lost, at, results(n2="refused", n3="refused"))
    assert not await late.renew(lost)
    assert not await late.apply(lost)
    assert not await late.finish(lost, at, ImportState.DONE)
    await late.release(lost)
    assert await late.held(lost) is None

    assert (await now(imports, new)).counts == {"applied": 2}
    assert (await imports.chunk(made.id, 0)).results == results(n2="applied", n3="applied")


async def test_what_ended_makes_room_for_the_next(imports: Imports):
    made = await started(imports)
    lease = await taken(imports)
    assert await leases(imports).finish(lease, await now(imports, lease), ImportState.DONE)

    ended = await imports.find(NEW.scope, made.id)
    assert ended
    assert (ended.state, ended.runs) == (ImportState.DONE, False)
    assert ended.ended_at
    assert ended.ended_at >= ended.started_at
    assert await leases(imports).running(10) == []
    assert [each.id for each in await imports.newest(NEW.scope, 10)] == [made.id]
    second = await started(imports)
    assert [each.id for each in await imports.newest(NEW.scope, 10)] == [second.id, made.id]


async def test_what_is_stopped_while_it_is_checked_has_done_nothing(imports: Imports):
    made = await started(imports, replace(NEW, policy=ImportErrorPolicy.REJECT_FILE))
    assert made.state is ImportState.CHECKING
    lease = await taken(imports)
    assert await leases(imports).note(lease, await now(imports, lease), results(n2="applied", n3="applied"))

    assert await imports.stop("merchant:m2", made.id) is None
    assert not (await now(imports, lease)).stopping
    stopping = await imports.stop(NEW.scope, made.id)
    assert stopping
    assert stopping.stopping
    assert await leases(imports).finish(lease, await now(imports, lease), ImportState.STOPPED)

    ended = await imports.find(NEW.scope, made.id)
    assert ended
    assert (ended.state, ended.done, ended.counts) == (ImportState.STOPPED, 0, {})
    assert await imports.next_done(ended, 0, None) is None


async def test_imports_are_kept_for_thirty_days_after_they_ended(imports: Imports):
    await started(imports)
    lease = await taken(imports)
    assert await imports.prune(datetime.now(UTC) + 31 * DAY) == 0  # it runs
    assert await leases(imports).finish(lease, await now(imports, lease), ImportState.DONE)

    assert await imports.prune(datetime.now(UTC) + 29 * DAY) == 0
    assert await imports.prune(datetime.now(UTC) + 31 * DAY) == 1
    assert await left(imports) == [0, 0]
