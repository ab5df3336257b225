"""What /metrics tells: that each number counts what its name says, with labels that no client invents."""

import asyncio
import json
import os
import socket as sockets
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from domain.actors import Role
from domain.process import Process
from domain.processes import PROCESSES
from graph.app import create_app
from graph.lifespan import services_of
from graph.metrics import _registry, watch_loop
from graph.settings import Settings
from storage import metering
from storage.client import Database
from storage.clock import Clock
from storage.deadlines import DeadlineWorker
from storage.feed import Feed
from storage.hub import Hub, Lagged
from storage.relay import Relay
from storage.waiting import waiting
from tests.acting import ADMIN, cart
from tests.served import Served, served
from tests.serving import ORDERFLOW, Server, environment, eventually, subscribed
from tests.serving import serving as started
from tests.stores import Store
from tests.transport import (
    MERCHANT,
    SECRET,
    SERVICES,
    SETTINGS,
    api,
    bearer,
    client,
    post,
    schema,
    serving,
    socket,
)

PLACE = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  order { id } errors { message } } }"""
FIRE = """mutation ($order: ID!, $event: String!) { fireEvent(input: {order: {id: $order}, event: $event,
  input: {reason: "r"}}) { errors { message } } }"""
CANCEL = (
    """mutation ($order: ID!) { cancel(input: {order: {id: $order}, reason: "r"}) { errors { message } } }"""
)


def number(name: str, **labels: str) -> float:
    """What a number of this process stands at; 0 as long as it was not counted."""
    return REGISTRY.get_sample_value(name, labels) or 0


class Rise:
    """By how much a number rose since this was made."""

    def __init__(self, name: str, **labels: str) -> None:
        self._read: Callable[[], float] = lambda: number(name, **labels)
        self._before = self._read()

    def __call__(self) -> float:
        return self._read() - self._before


def transitions(event: str, outcome: str, code: str = "", process: str = "marketplace-merchant") -> Rise:
    return Rise("orderflow_transitions_total", process=process, event=event, outcome=outcome, code=code)


def operations(transport: str, kind: str, outcome: str) -> Rise:
    return Rise("orderflow_operations_total", transport=transport, kind=kind, outcome=outcome)


async def opened(store: Store) -> Served:
    return await served(services_of(store.database, Settings(jwt_secret=SECRET)))


async def placed(shop: Served) -> str:
    return (await shop.ask(ADMIN, PLACE, input=cart()))["placeOrder"]["order"]["id"]


# Operations


async def test_operations_are_counted_by_transport_kind_and_outcome() -> None:
    ok, bug, invalid = (operations("http", "query", each) for each in ("ok", "error", "refused"))
    unread, told = operations("http", "unknown", "refused"), operations("http", "mutation", "ok")
    timed = Rise("orderflow_operation_seconds_count", transport="http", kind="query")
    for query in ("{ who }", "{ who }", "{ broken }", "{ nothing }", "{ who", 'mutation { note(text: "") }'):
        await post(query)
    async with client() as http:
        await http.post("/graphql", content="{}", headers={"content-type": "text/plain"})
    assert [rise() for rise in (ok, bug, invalid, unread, told, timed)] == [2, 1, 1, 2, 1, 4]


async def test_sockets_and_subscriptions_are_counted_while_they_last() -> None:
    open_, running = Rise("orderflow_sockets"), Rise("orderflow_subscriptions", transport="websocket")
    ended, delivered = (
        operations("websocket", "subscription", "ok"),
        Rise("orderflow_deliveries_total", transport="websocket"),
    )
    async with serving() as address:
        async with socket(address) as ws:
            await ws.send(json.dumps({"type": "connection_init", "payload": {"token": MERCHANT}}))
            await ws.recv()
            query = 'subscription { forever(name: "counted") }'
            await ws.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
            await ws.recv()
            assert [rise() for rise in (open_, running, ended, delivered)] == [1, 1, 0, 1]

        async def closed() -> bool:
            return open_() == 0

        await eventually(closed)
    assert [rise() for rise in (open_, running, ended, delivered)] == [0, 0, 1, 1]


async def test_a_stream_of_events_is_a_transport_of_its_own() -> None:
    ended, delivered = (
        operations("sse", "subscription", "ok"),
        Rise("orderflow_deliveries_total", transport="sse"),
    )
    async with client() as http:
        body = {"query": "subscription { count(to: 3) }"}
        await http.post("/graphql/stream", json=body, headers=bearer())
    assert (ended(), delivered()) == (1, 3)


async def test_how_late_the_event_loop_is_is_measured_again_and_again() -> None:
    measured = Rise("orderflow_event_loop_lag_seconds_count")
    task = asyncio.create_task(watch_loop(0.001))
    async with asyncio.timeout(5):
        while measured() < 2:  # noqa: ASYNC110 - a number is all there is to see
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# Transitions


async def test_what_moves_is_counted_by_process_and_event(mock_store: Store) -> None:
    shop = await opened(mock_store)
    begun, canceled = transitions("placed", "fired"), transitions("cancel", "fired")
    order = await placed(shop)
    await shop.ask(ADMIN, CANCEL, order=order)
    assert begun() == 1
    assert canceled() == 2  # a row of the history for each line


async def test_what_is_refused_is_counted_with_its_code_and_moves_nothing(mock_store: Store) -> None:
    shop = await opened(mock_store)
    order = await placed(shop)
    refused = transitions("send_to_merchant", "refused", "TRANSITION_NOT_ALLOWED")
    fired = transitions("send_to_merchant", "fired")
    await shop.ask(ADMIN, FIRE, order=order, event="send_to_merchant")
    assert (refused(), fired()) == (2, 0)


async def test_what_was_so_already_is_counted_as_that(mock_store: Store) -> None:
    shop = await opened(mock_store)
    order = await placed(shop)
    await shop.ask(ADMIN, CANCEL, order=order)
    already, fired = transitions("cancel", "already"), transitions("cancel", "fired")
    await shop.ask(ADMIN, CANCEL, order=order)
    assert (already(), fired()) == (2, 0)


async def test_an_event_that_a_client_invents_is_counted_as_unknown(mock_store: Store) -> None:
    shop = await opened(mock_store)
    order = await placed(shop)
    unknown = transitions(metering.UNKNOWN, "refused", "TRANSITION_NOT_ALLOWED")
    await shop.ask(ADMIN, FIRE, order=order, event="launder_money")
    assert unknown() == 2
    async with client(shop.app) as http:
        text = (await http.get("/metrics")).text
    assert 'event="placed"' in text
    assert "launder" not in text


@pytest.mark.parametrize("process", PROCESSES.values(), ids=str)
def test_every_event_of_a_process_can_be_counted_by_its_name(process: Process) -> None:
    listed = {
        move.event
        for machine in process.machines
        for state in machine.states.values()
        for move in state.moves
    }
    assert listed
    assert listed <= metering._events(process.name, process.version)


# Storage's workers


async def test_how_late_deadlines_fired_is_measured_and_how_many_are_overdue_is_counted(
    mock_store: Store,
) -> None:
    await mock_store.place(policies={"payment_timeout": timedelta(hours=1)})
    count, total = (Rise(f"orderflow_deadline_lateness_seconds_{each}") for each in ("count", "sum"))
    await mock_store.clock.advance(timedelta(hours=1, seconds=90))
    assert (await waiting(mock_store.database, mock_store.clock))["deadlines"] == 1
    await DeadlineWorker(mock_store.orders, mock_store.clock).run_due()
    assert count() == 2  # one for each line
    assert total() >= 180
    assert (await waiting(mock_store.database, mock_store.clock))["deadlines"] == 0


async def test_events_that_wait_are_counted_and_published_ones_are_timed(mock_store: Store) -> None:
    await mock_store.place()
    assert (await waiting(mock_store.database, mock_store.clock))["events"] == 1
    items, timed = Rise("orderflow_feed_items_total"), Rise("orderflow_feed_lag_seconds_count")
    done = asyncio.Event()
    relay = Relay(mock_store.database, lambda _: done.set())
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(5):
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    rows = await mock_store.database.collection("feed").count_documents({})
    assert rows > 0
    assert (items(), timed()) == (rows, rows)


async def test_a_relay_that_publishes_the_past_is_not_late(mock_store: Store) -> None:
    await mock_store.place()
    timed = Rise("orderflow_feed_lag_seconds_count")
    assert await Relay(mock_store.database).drain() > 0
    assert timed() == 0


async def test_who_falls_behind_is_counted(mock_store: Store) -> None:
    lagged = Rise("orderflow_lagged_total")
    hub = Hub(Feed(mock_store.database), buffer=1)
    relay = Relay(mock_store.database, hub.wake)
    running = asyncio.create_task(hub.run())
    async with aclosing(hub.subscribe("marketplace", None)) as heard:
        await anext(heard)
        for _ in range(3):
            await mock_store.place()
        await relay.drain()
        async with asyncio.timeout(5):
            while not isinstance(await anext(heard), Lagged):
                pass
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert lagged() == 1


async def test_commands_and_stock_that_are_waited_for_are_counted(mock_database: Database) -> None:
    services = services_of(mock_database, Settings(jwt_secret=SECRET))
    orders = mock_database.collection("orders")
    await orders.insert_one({"_id": "1", "keys": ["order|command|pending"]})
    await orders.insert_one({"_id": "2", "keys": ["order|command|done"], "wants": ["m1|A"]})
    await orders.insert_one({"_id": "3", "keys": ["order|command|dead"]})
    found = await waiting(mock_database, services.clock)
    assert found == {"events": 0, "deadlines": 0, "commands": 1, "dead_commands": 1, "stock": 1}


# /metrics


async def test_it_is_prometheus_text_with_what_waits_and_needs_no_token(mock_store: Store) -> None:
    await mock_store.place()
    services = services_of(mock_store.database, Settings(jwt_secret=SECRET))
    app = create_app(schema(), SERVICES, SETTINGS, count=lambda: waiting(mock_store.database, services.clock))
    async with client(app) as http:
        response = await http.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    depths = {sample.labels["queue"]: sample.value for sample in families["orderflow_waiting_orders"].samples}
    assert depths == {"events": 1, "deadlines": 0, "commands": 0, "dead_commands": 0, "stock": 0}
    assert families["orderflow_operations"].type == "counter"


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_a_database_the_other_numbers_are_there(
    hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.metrics.PATIENCE", 0.01)

    async def count() -> dict[str, int]:
        if hangs:
            await asyncio.Event().wait()
        raise ConnectionError

    async with client(create_app(schema(), SERVICES, SETTINGS, count=count)) as http:
        response = await http.get("/metrics")
    assert response.status_code == 200
    assert "orderflow_sockets " in response.text
    assert "orderflow_waiting_orders{" not in response.text


async def test_where_it_is_off_there_is_no_such_path() -> None:
    async with client(api(metrics=False)) as http:
        assert (await http.get("/metrics")).status_code == 404


# Several processes


async def counted(address: str) -> dict[str, float]:
    """What the processes at an address say together about queries, subscriptions and sockets."""
    async with httpx.AsyncClient(verify=False) as http:
        text = (await http.get(f"http://{address}/metrics")).text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.labels.get("kind") == "query" or not sample.labels:
                found[sample.name] = sample.value
            elif family.name == "orderflow_subscriptions":
                found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server of two processes that logs as in production."""
    with started(tmp_path_factory.mktemp("several"), "--workers", "2", ORDERFLOW_LOG="json") as server:
        yield server


async def test_whichever_process_is_asked_tells_what_all_of_them_did(several: Server) -> None:
    token = several.token(Role.MARKETPLACE)
    for _ in range(20):
        await several.ask(token, "query Asked { viewer { role } }")
    listen = "subscription { orderEvents { __typename } }"
    async with (
        subscribed(several.address, token, listen) as one,
        subscribed(several.address, token, listen) as two,
    ):
        await one.recv()
        await two.recv()
        for _ in range(6):
            said = await counted(several.address)
            assert said["orderflow_operations_total"] == 20
            assert (said["orderflow_sockets"], said["orderflow_subscriptions"]) == (2, 2)


async def test_every_line_that_they_log_is_json(several: Server) -> None:
    await several.ask(several.token(Role.MARKETPLACE), "query Logged { viewer { role } }")
    lines = (several.folder / "serve.log").read_text().splitlines()
    assert "Logged" in [json.loads(line).get("operation") for line in lines]


SAYS = """
from prometheus_client import Counter, Gauge
Gauge("now", "so many now", multiprocess_mode="livesum").set(7)
Counter("ever", "so many ever").inc(7)
"""


def test_what_a_process_that_is_gone_said_of_the_moment_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    subprocess.run([sys.executable, "-c", SAYS], check=True)
    [theirs] = tmp_path.glob("gauge_*")
    (tmp_path / f"gauge_livesum_{os.getpid()}.db").write_bytes(theirs.read_bytes())
    text = generate_latest(_registry()).decode()
    assert "\nnow 7.0\n" in text  # of this process alone
    assert "\never_total 7.0\n" in text


async def test_a_worker_serves_its_numbers_where_it_is_told_to(
    database: Database, embedded_uri: str, tmp_path: Path
) -> None:
    with sockets.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    await Store(database, Clock(database, test=True)).place()
    worker = await asyncio.create_subprocess_exec(
        ORDERFLOW, "worker", "--data-dir", tmp_path, "--metrics-port", str(port),
        env=environment(
            MONGODB_URI=embedded_uri,
            ORDERFLOW_DATABASE=database.name,
            ORDERFLOW_ENV="development",
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip

    async def published() -> bool:
        try:
            async with httpx.AsyncClient(verify=False) as http:
                text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
        except httpx.TransportError:
            return False
        families = {family.name: family for family in text_string_to_metric_families(text)}
        return families["orderflow_feed_items"].samples[0].value > 0

    try:
        await eventually(published)
    finally:
        worker.terminate()
    assert await worker.wait() == 0
