"""A part of an export never looks whole: whatever cuts it short, its body lacks the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from pymongo.errors import AutoReconnect
from starlette.applications import Starlette

from domain.actors import Role
from graph.app import create_app
from graph.auth import utc_now
from graph.exports import endpoint, transfer
from graph.lifespan import services_of
from graph.schema import schema
from storage import streaming
from tests.acting import ADMIN, ANNA
from tests.exporting import Sent, ask, send_to
from tests.feeding import stepped
from tests.logged import logged
from tests.stores import Store
from tests.transport import SETTINGS, TOKENS, bearer, serving

ORDERS = 6


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few orders at a time that an export takes several reads."""
    monkeypatch.setattr(streaming, "SIZE", 2)


@pytest.fixture
async def many(mock_store: Store) -> Store:
    for _ in range(ORDERS):
        await mock_store.place()
    return mock_store


def app_on(store: Store) -> Starlette:
    return create_app(schema, services_of(store.database, SETTINGS), SETTINGS)


async def taken_at_once(_: Sent) -> None:
    """A reader that never lets anybody wait."""


async def test_what_nothing_cuts_short_is_whole(many: Store) -> None:
    sent = await send_to(app_on(many), ADMIN, "orders.jsonl", taken_at_once)
    assert (sent.status, sent.whole, sent.body.count(b"\n")) == (200, True, ORDERS)


@pytest.mark.parametrize(
    ("error", "code"),
    [(AutoReconnect("gone"), "UNAVAILABLE"), (RuntimeError("a bug"), "INTERNAL_SERVER_ERROR")],
    ids=["database", "bug"],
)
async def test_a_failure_in_the_middle_leaves_it_without_an_end(
    many: Store, error: Exception, code: str
) -> None:
    broken = False

    async def look(collection: str, command: str) -> None:
        if broken and (collection, command) == ("orders", "find"):
            raise error

    async def breaks(_: Sent) -> None:
        nonlocal broken
        broken = True

    app = app_on(Store(stepped(many.database, before=look), many.clock))
    with logged() as log:
        sent = await send_to(app, ADMIN, "orders.jsonl", breaks)
    assert (sent.status, sent.whole) == (200, False)
    assert 0 < sent.body.count(b"\n") < ORDERS
    [line] = log.about("export:")
    assert (line["outcome"], line["codes"], line["rows"]) == ("error", [code], sent.body.count(b"\n"))


async def test_a_database_that_is_away_from_the_start_is_told_with_a_status(many: Store) -> None:
    async def away(collection: str, command: str) -> None:
        if (collection, command) == ("orders", "find"):
            raise AutoReconnect("gone")

    response = await ask(app_on(Store(stepped(many.database, before=away), many.clock)), ADMIN, "orders.csv")
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_a_server_that_stops_leaves_it_without_an_end(many: Store) -> None:
    app = app_on(many)

    async def stops(_: Sent) -> None:
        app.state.stopping.set()
        await asyncio.Event().wait()

    sent = await send_to(app, ADMIN, "orders.jsonl", stops)
    assert (sent.status, sent.whole, sent.chunks) == (200, False, 1)


async def test_a_token_that_is_revoked_leaves_it_without_an_end(many: Store) -> None:
    services = services_of(many.database, SETTINGS)
    app = create_app(schema, services, SETTINGS)

    async def revokes(_: Sent) -> None:
        await services.revocations.revoke("subject", ADMIN.sub, now=utc_now(), by="admin", reason=None)
        await services.revocations.read()
        await asyncio.Event().wait()

    with logged() as log:
        sent = await send_to(app, ADMIN, "orders.jsonl", revokes)
    assert (sent.status, sent.whole, sent.chunks) == (200, False, 1)
    [line] = log.about("export:")
    assert (line["outcome"], line["codes"]) == ("refused", ["UNAUTHENTICATED"])


async def test_a_reader_that_takes_nothing_is_given_up(many: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PATIENCE", 0.05)

    async def stalls(_: Sent) -> None:
        await asyncio.Event().wait()

    sent = await send_to(app_on(many), ADMIN, "orders.jsonl", stalls)
    assert (sent.whole, sent.chunks) == (False, 1)


async def test_nobody_has_many_exports_under_way_at_once(
    many: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MOST_AT_ONCE", 1)
    app = app_on(many)
    asked: list[tuple[int, str]] = []

    async def ask_meanwhile(sent: Sent) -> None:
        if sent.chunks == 1:
            with logged() as log:
                refused = await ask(app, ANNA, "lines.csv")
            assert "under way" in refused.json()["errors"][0]["message"]
            assert int(refused.headers["retry-after"]) > 0
            assert [line["codes"] for line in log.about("export:")] == [["RATE_LIMITED"]]
            asked.append((refused.status_code, ANNA.sub))
            for other in (ADMIN, replace(ANNA, customer_id="c9")):
                asked.append(((await ask(app, other, "lines.csv")).status_code, other.sub))

    sent = await send_to(app, ANNA, "orders.jsonl", ask_meanwhile)
    assert (sent.whole, asked) == (True, [(429, ANNA.sub), (200, ADMIN.sub), (200, ANNA.sub)])
    assert (await ask(app, ANNA, "orders.csv", where="{")).status_code == 400
    assert (await ask(app, ANNA, "feed.csv", after="x")).status_code == 400
    assert (await ask(app, ANNA, "orders.csv")).status_code == 200


@pytest.mark.parametrize("chunks", [0, 1], ids=["before anything", "in the middle"])
async def test_a_reader_that_goes_away_leaves_its_place_to_others(
    many: Store, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    monkeypatch.setattr(endpoint, "MOST_AT_ONCE", 1)
    app = app_on(many)
    waiting = asyncio.Event()

    async def waits(_: Sent) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(send_to(app, ANNA, "orders.jsonl", waits, from_head=chunks == 0))
        await waiting.wait()
        assert (await ask(app, ANNA, "orders.csv")).status_code == 429
        reading.cancel()
        await asyncio.wait([reading])
        assert (await ask(app, ANNA, "orders.csv")).status_code == 200


async def test_nothing_is_read_ahead_of_a_reader(many: Store) -> None:
    reads = 0

    async def count(collection: str, command: str) -> None:
        nonlocal reads
        reads += (collection, command) == ("orders", "find")

    counted: list[int] = []

    async def slow(_: Sent) -> None:
        before = reads
        for _turn in range(100):
            await asyncio.sleep(0)  # whatever would go on meanwhile does so
        counted.append(reads - before)

    sent = await send_to(
        app_on(Store(stepped(many.database, before=count), many.clock)), ADMIN, "orders.jsonl", slow
    )
    assert sent.whole
    assert len(counted) >= ORDERS // 2
    assert set(counted) == {0}


async def test_a_client_sees_that_it_is_cut(many: Store) -> None:
    """Over a socket: the transfer breaks, and does not end."""
    broken = False

    async def look(collection: str, command: str) -> None:
        await asyncio.sleep(0.01)  # there are many looks for older orders in which the client can come first
        if broken and (collection, command) == ("orders", "find"):
            raise AutoReconnect("gone")

    app = app_on(Store(stepped(many.database, before=look), many.clock))
    async with serving(app) as address, httpx.AsyncClient(verify=False) as http:
        token = bearer(TOKENS.mint(Role.MARKETPLACE))
        whole = await http.get(f"http://{address}/export/orders.jsonl", headers=token)
        assert whole.text.count("\n") == ORDERS
        async with http.stream("GET", f"http://{address}/export/orders.jsonl", headers=token) as response:
            chunks: AsyncIterator[bytes] = response.aiter_bytes()
            await anext(chunks)
            broken = True
            with pytest.raises(httpx.RemoteProtocolError):
                async for _ in chunks:
                    pass
