"""The programs of examples/: what they ask for is in the schema, and they do what their pages say.

Each runs as a process of its own against a real server.
"""

import asyncio
import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import Source, build_schema, parse, validate

from domain.actors import Role
from tests.javascript import CLIENTS, needs_npm
from tests.serving import Server, asked, environment, eventually, serving
from tests.touring import ROOT, Reader, Step, reader, steps

EXAMPLES = ROOT / "examples"
TYPESCRIPT = EXAMPLES / "typescript_client"
PYTHON_CLIENT = (sys.executable, EXAMPLES / "python_client" / "client.py")
SCHEMA = build_schema((ROOT / "schema.graphql").read_text())

REGISTER = 'mutation { registerMerchant(input: {id: "main", name: "Main"}) { errors { message } } }'
PLACE = """mutation ($name: String!) { placeOrder(input: {
  currency: "USD", externalReference: $name
  customer: {id: "alice", name: "Alice Moreau", email: "alice@example.com"}
  lines: [{sku: "mug-1", name: "mug", merchantId: "main", quantity: 1, unitPrice: "12.50"}]
}) { order { reference } errors { message } } }"""
PAY = """mutation ($order: OrderSelector!) { recordPayment(input: {
  order: $order, reference: "p1", amount: {amount: "12.50", currency: "USD"}
}) { errors { message } } }"""
SEND = (
    """mutation ($order: OrderSelector!) { sendToMerchant(input: {order: $order}) { errors { message } } }"""
)
CANCEL = """mutation ($order: OrderSelector!) {
  cancelLines(input: {order: $order, reason: "changed its mind"}) { errors { message } } }"""
PLACED = "{ marketplace { orders(first: 100) { nodes { reference externalReference } } } }"
HAPPENED = "{ events(first: 100) { nodes { seq event order { reference } } hasMore } }"


@pytest.mark.parametrize(
    "file", sorted(EXAMPLES.rglob("*.graphql")), ids=lambda file: str(file.relative_to(EXAMPLES))
)
def test_the_schema_has_what_an_example_asks_for(file: Path) -> None:
    document = parse(Source(file.read_text(), str(file.relative_to(ROOT))))
    assert [str(problem) for problem in validate(SCHEMA, document)] == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    """A server with one merchant, main."""
    with serving(tmp_path_factory.mktemp("examples")) as server:
        await server.ask(server.token(Role.MARKETPLACE), REGISTER)
        yield server


async def test_the_python_client_does_what_its_page_shows(server: Server, tmp_path: Path) -> None:
    assert await reader(server, tmp_path).follow(EXAMPLES / "python_client" / "README.md") == 2


def test_the_python_client_says_why_it_may_not_and_nothing_is_placed(server: Server) -> None:
    token = server.token(Role.MERCHANT, merchant_id="main")
    done = ran(server, token, *PYTHON_CLIENT, "place", "not-mine")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "This is for the role MARKETPLACE; send a token of that role.\n"
    placed = asyncio.run(server.ask(server.token(Role.MARKETPLACE), PLACED))["marketplace"]["orders"]["nodes"]
    assert "not-mine" not in {order["externalReference"] for order in placed}


async def test_the_python_client_hears_everything_once_whatever_is_stopped(tmp_path: Path) -> None:
    await hears_everything_once([*PYTHON_CLIENT, "listen", "--cursor", tmp_path / "cursor.txt"], tmp_path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript client's main.js, made by typing what its page says, but for `npm ci`.

    Its packages are those of tests/clients, which the last test sees to.
    """
    there = reader(server, tmp_path_factory.mktemp("typescript"))
    (there.folder / "examples").unlink()
    (there.folder / ".orderflow").symlink_to(server.folder)
    client = there.folder / "examples" / "typescript_client"
    shutil.copytree(TYPESCRIPT, client, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (client / "node_modules").symlink_to(CLIENTS / "node_modules")
    order = await sent(server, "to look at")
    [typed] = re.findall(r"```sh\n(.*?)```", (TYPESCRIPT / "README.md").read_text(), re.DOTALL)
    assert f"\n{order}-1 v3  New  [Ship] [Cancel]" in there.run(typed.replace("npm ci\n", ""))
    return client / "dist" / "main.js"


@needs_npm
async def test_the_typescript_client_ships_and_says_why_not(built: Path, server: Server) -> None:
    order = await sent(server, "to ship")
    token = server.token(Role.MERCHANT, merchant_id="main")
    assert ran(server, token, "node", built, "ship", f"{order}-1").stdout == "1 × mug-1  Shipped\n"
    again = ran(server, token, "node", built, "ship", f"{order}-1")
    assert (again.returncode, again.stdout) == (0, "mug-1 was so before: Shipped\n")
    strange = ran(server, token, "node", built, "ship", "0000-0000-1")
    assert (strange.returncode, strange.stderr) == (1, "There is no such order.\n")


@needs_npm
def test_the_typescript_client_says_in_one_line_that_nobody_serves(built: Path) -> None:
    done = subprocess.run(
        ["node", built, "orders"],
        env=environment(ORDERFLOW_URL="http://127.0.0.1:1", ORDERFLOW_TOKEN="t"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "http://127.0.0.1:1/graphql cannot be reached.\n"


@needs_npm
async def test_the_typescript_client_hears_everything_once_whatever_is_stopped(
    built: Path, tmp_path: Path
) -> None:
    await hears_everything_once(["node", built, "listen", tmp_path / "cursor.txt"], tmp_path)


def test_the_typescript_client_needs_no_packages_but_those_of_the_tests() -> None:
    mine, theirs = (
        json.loads((folder / "package-lock.json").read_text())["packages"] for folder in (TYPESCRIPT, CLIENTS)
    )
    for name, package in mine.items():
        if name:
            assert (package["version"], package["integrity"]) == (
                theirs[name]["version"],
                theirs[name]["integrity"],
            )
            assert "resolved" not in package


async def test_the_erp_ships_what_it_learns_of_and_keeps_the_rest_aside(tmp_path: Path) -> None:
    with serving(tmp_path / "server") as server:
        marketplace = server.token(Role.MARKETPLACE)
        await server.ask(marketplace, REGISTER)
        first, second = [await sent(server, name) for name in ("one", "two")]
        there, heard = reader(server, tmp_path), tmp_path / "heard.txt"
        follow, ship = (step for step in steps(EXAMPLES / "merchant_erp" / "README.md") if step.kind == "sh")
        with following(there, follow, heard):
            await eventually(lambda: to_ship(tmp_path, first, second))
            third = await sent(server, "three")
            await eventually(lambda: to_ship(tmp_path, first, second, third))
        canceled = await server.ask(marketplace, CANCEL, order={"reference": third})
        assert canceled["cancelLines"]["errors"] == []
        await there.do(ship)
        with (tmp_path / "aside.csv").open() as file:
            [[order, _, message, _]] = csv.reader(file)
        assert (order, message) == (
            f"{third}-1",
            "The marketplace has canceled this line; do not ship it.",
        )
        with following(there, follow, heard):
            await eventually(lambda: has_lines(heard, 4))
    told = sorted(line.split()[:3:2] for line in heard.read_text().splitlines())
    expected = [(first, "ship"), (second, "ship"), (third, "start"), (third, "cancel_by_marketplace")]
    assert told == sorted([f"{order}-1", event] for order, event in expected)


def ran(server: Server, token: str, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A program's end, run as this token's holder."""
    environ = environment(ORDERFLOW_URL=f"http://{server.address}", ORDERFLOW_TOKEN=token)
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


async def sent(server: Server, name: str) -> str:
    """An order that merchant main can ship: its reference."""
    marketplace, by = server.token(Role.MARKETPLACE), {"externalReference": name}
    placed = await server.ask(marketplace, PLACE, name=name)
    paid = await server.ask(server.token(Role.PAYMENTS), PAY, order=by)
    on_its_way = await server.ask(marketplace, SEND, order=by)
    assert [paid["recordPayment"]["errors"], on_its_way["sendToMerchant"]["errors"]] == [[], []]
    return placed["placeOrder"]["order"]["reference"]


async def hears_everything_once(command: Sequence[str | Path], folder: Path) -> None:
    """A program that listens as the marketplace: the server is killed, then the program itself is stopped."""
    heard = folder / "heard.txt"
    with serving(folder / "server") as server, ExitStack() as second:
        address, token = server.address, server.token(Role.MARKETPLACE)
        await server.ask(token, REGISTER)
        with listening(command, server, token, heard):
            await eventually(lambda: exists(folder / "cursor.txt"))
            await place(address, token, "one")
            await eventually(lambda: has_lines(heard, 1))
            server.kill()
            second.enter_context(serving(folder / "server", "--port", address.rpartition(":")[2]))
            await place(address, token, "two")
            await eventually(lambda: has_lines(heard, 2))
        await place(address, token, "three")
        with listening(command, server, token, heard):
            await eventually(lambda: has_lines(heard, 3))
            await place(address, token, "four")
            await eventually(lambda: has_lines(heard, 4))
        happened = (await asked(address, token, HAPPENED))["events"]["nodes"]
    told = [tuple(line.split()[:3]) for line in heard.read_text().splitlines()]
    assert told == [(row["order"]["reference"], str(row["seq"]), row["event"]) for row in happened]
    assert len(set(told)) == 4


@contextmanager
def listening(command: Sequence[str | Path], server: Server, token: str, heard: Path) -> Generator[None]:
    """The program while it runs; what it prints goes to the end of the file."""
    environ = environment(ORDERFLOW_URL=f"http://{server.address}", ORDERFLOW_TOKEN=token)
    with heard.open("a") as output:
        program = subprocess.Popen(command, env=environ, stdout=output, cwd=heard.parent)
    try:
        yield
        assert program.poll() is None, "it ended by itself"
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(20)


async def place(address: str, token: str, name: str) -> None:
    """One order, and so one event."""
    answer: dict[str, Any] = await asked(address, token, PLACE, name=name)
    assert answer["placeOrder"]["errors"] == []


async def exists(file: Path) -> bool:
    return file.exists()  # noqa: ASYNC240 - a local file


async def has_lines(file: Path, count: int) -> bool:
    return len(file.read_text().splitlines()) >= count  # noqa: ASYNC240 - a local file


@contextmanager
def following(there: Reader, step: Step, heard: Path) -> Generator[None]:
    """What the page says to start, until it is killed."""
    with heard.open("a") as output:
        program = there.start(step.typed, output)
    try:
        yield
        assert program.poll() is None, "it ended by itself"
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait(20)


async def to_ship(folder: Path, *references: str) -> bool:
    """Whether the ERP has just these orders on its list."""
    if not (folder / "erp.sqlite").exists():
        return False
    with closing(sqlite3.connect(folder / "erp.sqlite")) as kept:
        try:
            found = kept.execute("SELECT reference FROM to_ship ORDER BY rowid").fetchall()
        except sqlite3.OperationalError:
            return False  # it has not made its tables yet
    return [reference for (reference,) in found] == [f"{reference}-1" for reference in references]
