"""Real servers: what they say and refuse, and what survives when sockets drop and processes are killed."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from datetime import timedelta
from itertools import count, cycle
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from domain.actors import Role
from graph.serve import GRACE
from storage.client import Database
from storage.clock import Clock
from storage.embedded import EmbeddedServer
from tests.serving import (
    ORDERFLOW,
    Answer,
    Server,
    asked,
    environment,
    eventually,
    orderflow,
    serving,
    subscribed,
)
from tests.stores import Store

REGISTER = 'mutation { registerMerchant(input: {id: "m1", name: "One"}) { errors { message } } }'
PLACE = """mutation ($reference: String!) { placeOrder(input: {
  currency: "EUR", externalReference: $reference, idempotencyKey: $reference,
  customer: {id: "c1", name: "Anna Berg", email: "anna@example.org"},
  lines: [{sku: "A-1", name: "A", merchantId: "m1", quantity: 1, unitPrice: "10.00"}]
}) { order { id version } errors { message } } }"""
PAY = """mutation ($order: ID!) { recordPayment(input: {
  order: {id: $order}, amount: {amount: "10.00", currency: "EUR"}, reference: "p1"
}) { order { id version } errors { message } } }"""
SEND = """mutation ($order: ID!) { sendToMerchant(input: {order: {id: $order}}) {
  order { id version } errors { message } } }"""
HISTORY = """query ($order: ID!) { marketplace { order(by: {id: $order}) {
  version history(first: 100) { nodes { seq event } } } } }"""
HISTORIES = """query ($after: Cursor) { marketplace { orders(first: 100, after: $after) {
  nodes { id history(first: 100) { nodes { seq } } } pageInfo { hasNextPage endCursor } } } }"""
EVENTS = """query ($after: Cursor) { events(first: 100, after: $after) {
  nodes { cursor seq event order { id } } cursor hasMore } }"""
LISTEN = """subscription ($after: Cursor) { orderEvents(after: $after) { __typename
  ... on OrderStateChanged { cursor seq event order { id } } ... on Heartbeat { cursor } } }"""


SERVICE_RESTART = 1012


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server with the demo on the embedded database."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as server:
        yield server


async def test_it_says_where_it_is_and_gives_a_token_for_each_role(demo: Server) -> None:
    tokens = dict(re.findall(r"^  (\w+(?: \w+)?) +(ey\S+)$", demo.said, re.MULTILINE))
    assert tokens.keys() == {
        "marketplace", "payments", "logistics", "customer alice",
        "merchant main", "merchant strbar", "merchant depot",
    }  # fmt: skip
    for name, token in tokens.items():
        role, _, whose = name.partition(" ")
        viewer = (await demo.ask(token, "{ viewer { role merchantId customerId } }"))["viewer"]
        assert viewer["role"] == role.upper()
        assert whose in (viewer["merchantId"] or "", viewer["customerId"] or "")
    async with httpx.AsyncClient() as http:
        ready = await http.get(f"http://{demo.address}/health/ready")
    assert ready.json() == {"status": "ok", "checked": ["database", "feed", "deadlines"]}


async def test_the_line_to_try_works_as_printed(demo: Server) -> None:
    typed = demo.said[demo.said.index("  curl ") :].split("\n\n")[0]
    _, url, *options = shlex.split(typed.replace("\\\n", ""))
    given = dict(zip(options[-2::-2], options[::-2], strict=True))
    headers = dict(
        each.split(": ", 1) for flag, each in zip(options[::2], options[1::2], strict=True) if flag == "-H"
    )
    async with httpx.AsyncClient() as http:
        answer = (await http.post(url, content=given["-d"], headers=headers)).json()
    assert len(answer["data"]["marketplace"]["orders"]["nodes"]) == 3


async def test_a_token_made_on_the_command_line_is_good_at_the_server_of_that_folder(demo: Server) -> None:
    made = orderflow("token", "--role", "merchant", "--merchant", "main", "--data-dir", demo.folder)
    answer = await demo.ask(made.stdout.strip(), "{ merchant { orders(first: 1) { totalCount } } }")
    assert answer["merchant"]["orders"]["totalCount"] > 50


async def test_a_second_server_on_the_folder_is_refused_in_one_line_and_disturbs_nobody(demo: Server) -> None:
    second = orderflow("serve", "--port", "0", "--data-dir", demo.folder)
    assert second.returncode == 1
    assert re.fullmatch(
        rf"Error: The data folder {re.escape(str(demo.folder))} is in use by process \d+: .+\n", second.stderr
    )
    assert second.stdout == ""
    assert await demo.ask(demo.token(Role.MARKETPLACE), "{ viewer { role } }")


def test_a_port_that_is_taken_is_named_in_one_line(demo: Server, tmp_path: Path) -> None:
    host, _, port = demo.address.partition(":")
    second = orderflow("serve", "--host", host, "--port", port, "--data-dir", tmp_path)
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1].startswith(f"Error: Port {port} at {host} is taken: ")
    assert "Traceback" not in second.stderr


async def test_it_stops_when_told_to_and_has_everything_again_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        admin = server.token(Role.MARKETPLACE)
        await server.ask(admin, REGISTER)
        placed = (await server.ask(admin, PLACE, reference="r1"))["placeOrder"]["order"]
        assert server.stop() == 0
    with serving(tmp_path) as server:
        found = await server.ask(admin, HISTORY, order=placed["id"])
        assert found["marketplace"]["order"]["version"] == placed["version"]


async def test_a_server_that_stops_tells_subscribers_to_come_again_and_not_that_all_is_said(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        admin = server.token(Role.MARKETPLACE)
        url, asking = f"http://{server.address}/graphql/stream", {"authorization": f"Bearer {admin}"}
        async with (
            httpx.AsyncClient(timeout=20, verify=False) as http,
            http.stream("POST", url, json={"query": LISTEN}, headers=asking) as response,
            subscribed(server.address, admin, LISTEN) as socket,
        ):
            lines = response.aiter_lines()
            assert await anext(lines) == "event: next"
            assert json.loads(await socket.recv())["type"] == "next"
            begin = asyncio.get_running_loop().time()
            assert await asyncio.to_thread(server.stop) == 0
            assert asyncio.get_running_loop().time() - begin < GRACE, "nobody was waited for"
            assert "event: complete" not in [line async for line in lines]
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == SERVICE_RESTART
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


class Cluster:
    """Server processes of one database."""

    def __init__(self, folder: Path, uri: str) -> None:
        self._folder = folder
        self._environ = {
            "MONGODB_URI": uri,
            "ORDERFLOW_DATABASE": f"orderflow_test_{uuid4().hex[:12]}",
            "ORDERFLOW_ENV": "development",
        }
        self._stack = ExitStack()

    def start(self) -> Server:
        return self._stack.enter_context(serving(self._folder, **self._environ))

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


async def place_until(stop: asyncio.Event, addresses: list[str], token: str) -> None:
    """Place one order after the other, at each server in turn, whether or not it answers."""
    for number, address in zip(count(), cycle(addresses), strict=False):
        if stop.is_set():
            return
        with suppress(httpx.HTTPError):
            await asked(address, token, PLACE, reference=f"order-{number}")


class Reader:
    """A subscriber that remembers the last cursor and every event it was told."""

    def __init__(self, token: str, cursor: str) -> None:
        self.token = token
        self.cursor = cursor
        self.told: list[tuple[str, int]] = []

    async def read(self, address: str, events: int) -> None:
        """Subscribe after the last cursor, read so many events, and drop the socket without a word."""
        upto = len(self.told) + events
        async with asyncio.timeout(20), subscribed(address, self.token, LISTEN, after=self.cursor) as socket:
            while len(self.told) < upto:
                self.take(json.loads(await socket.recv()))
            socket.transport.abort()

    def take(self, message: Answer) -> None:
        if message["type"] == "ping":
            return
        event = message["payload"]["data"]["orderEvents"]
        self.cursor = event["cursor"]
        if event["__typename"] == "OrderStateChanged":
            self.told.append((event["order"]["id"], event["seq"]))


async def test_a_subscriber_misses_nothing_and_hears_nothing_twice_wherever_it_connects(
    embedded_uri: str, tmp_path: Path
) -> None:
    with Cluster(tmp_path, embedded_uri) as cluster:
        one, other = cluster.start(), cluster.start()
        admin = one.token(Role.MARKETPLACE)
        await one.ask(admin, REGISTER)
        reader = Reader(admin, (await one.ask(admin, EVENTS))["events"]["cursor"])
        stop = asyncio.Event()
        writing = asyncio.create_task(place_until(stop, [one.address, other.address], admin))

        await reader.read(one.address, 10)
        await reader.read(one.address, 10)  # after a dropped socket
        await reader.read(other.address, 10)  # at another process
        one.kill()
        again = await asyncio.to_thread(cluster.start)
        await reader.read(again.address, 10)  # at the process that took the place of one that is gone
        stop.set()
        await writing

        happened = await histories(other, admin)
        await reader.read(again.address, len(happened) - len(reader.told))

        assert len(reader.told) >= 40
        assert sorted(reader.told) == sorted(happened)
        assert (await other.ask(admin, EVENTS, after=reader.cursor))["events"]["nodes"] == []


async def histories(server: Server, token: str) -> list[tuple[str, int]]:
    """Every row of every order's history: order and number."""
    rows: list[tuple[str, int]] = []
    after: str | None = None
    while True:
        page = (await server.ask(token, HISTORIES, after=after))["marketplace"]["orders"]
        for order in page["nodes"]:
            rows += [(order["id"], row["seq"]) for row in order["history"]["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


class Shopper:
    """Places, pays and sends orders one after the other, and remembers what was acknowledged."""

    def __init__(self, name: str, address: str, token: str) -> None:
        self.name = name
        self.address = address
        self.token = token
        self.acknowledged: dict[str, list[str]] = {}

    async def shop(self) -> None:
        for number in count():
            answer = await asked(self.address, self.token, PLACE, reference=f"{self.name}-{number}")
            order = answer["placeOrder"]["order"]["id"]
            self.acknowledged[order] = ["placed"]
            for event, mutation in (("pay", PAY), ("send_to_merchant", SEND)):
                answer = await asked(self.address, self.token, mutation, order=order)
                [payload] = answer.values()
                assert payload["errors"] == []
                self.acknowledged[order].append(event)


async def shopping_until(cut: Callable[[], None], address: str, token: str) -> list[Shopper]:
    """Let shoppers write at once, cut them off in the midst of it, and return what they know."""
    shoppers = [Shopper(f"shopper-{n}", address, token) for n in range(4)]
    tasks = [asyncio.create_task(shopper.shop()) for shopper in shoppers]

    async def busy() -> bool:
        assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
        return sum(len(shopper.acknowledged) for shopper in shoppers) >= 20

    await eventually(busy)
    cut()
    _, unhurt = await asyncio.wait(tasks, timeout=1)
    for task in unhurt:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(ended, (httpx.HTTPError, asyncio.CancelledError, AssertionError)), ended
    return shoppers


async def assert_nothing_lost(server: Server, token: str, shoppers: list[Shopper]) -> None:
    acknowledged = [each for shopper in shoppers for each in shopper.acknowledged.items()]
    assert len(acknowledged) >= 20
    for order, events in acknowledged:
        found = (await server.ask(token, HISTORY, order=order))["marketplace"]["order"]
        rows = found["history"]["nodes"]
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        assert set(events) <= {row["event"] for row in rows}
        assert found["version"] >= len(events)


async def test_nothing_that_was_acknowledged_is_lost_when_the_api_and_its_database_are_killed(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        admin = server.token(Role.MARKETPLACE)
        await server.ask(admin, REGISTER)
        shoppers = await shopping_until(server.kill, server.address, admin)
    with serving(tmp_path) as server:  # the database went down with the server that owned it
        await assert_nothing_lost(server, admin, shoppers)


async def test_nothing_that_was_acknowledged_is_lost_when_the_database_is_killed(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "database") as database, Cluster(tmp_path, database.uri) as cluster:
        server = cluster.start()
        admin = server.token(Role.MARKETPLACE)
        await server.ask(admin, REGISTER)

        def kill() -> None:
            assert database.pid
            os.kill(database.pid, signal.SIGKILL)

        shoppers = await shopping_until(kill, server.address, admin)
        await assert_nothing_lost(server, admin, shoppers)  # the same server, on the restarted database


async def test_several_processes_answer_on_one_port_and_go_with_the_one_that_started_them(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "--workers", "2") as server:
        admin = server.token(Role.MARKETPLACE)
        answers = [await server.ask(admin, "{ viewer { role } }") for _ in range(10)]
        assert all(answer["viewer"]["role"] == "MARKETPLACE" for answer in answers)
        server.kill()
        await eventually(lambda: refuses(server.address))


async def refuses(address: str) -> bool:
    """Whether nobody listens there."""
    host, _, port = address.partition(":")
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return True
    writer.close()
    return False


async def test_a_worker_does_what_waits_in_a_database_that_it_does_not_serve(
    database: Database, embedded_uri: str, tmp_path: Path
) -> None:
    store = Store(database, Clock(database, test=True))
    placed = (await store.place()).order
    await store.clock.advance(timedelta(days=8))

    async def expired() -> bool:
        return [row.event for row in await store.orders.history(placed.id, 1, 10)] == ["expire", "expire"]

    async def published() -> bool:
        return await database.collection("orders").count_documents({"dirty": True}) == 0

    worker = await asyncio.create_subprocess_exec(
        ORDERFLOW,
        "worker",
        "--data-dir",
        tmp_path,
        env=environment(
            MONGODB_URI=embedded_uri, ORDERFLOW_DATABASE=database.name, ORDERFLOW_ENV="development"
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await eventually(expired)
        await eventually(published)
    finally:
        worker.terminate()
    assert await worker.wait() == 0
