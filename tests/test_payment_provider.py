"""The example of a payment system against a real server: it forgets what it likes, and money moves once."""

import asyncio
import sqlite3
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from graphql import parse, validate

from domain.actors import Role
from graph.schema import schema
from tests.serving import Answer, Server, environment, eventually, serving

EXAMPLE = Path(__file__).parent.parent / "examples" / "payment_provider"
HOME = {
    "recipient": "Anna Berg",
    "street": "1 Main Street",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
}
STATES = """query ($id: ID!) { marketplace { order(by: {id: $id}) {
  merchantOrders { id reference states { party state { code } } lines { id quantity } }
  payment { captured { minorUnits } refunded { minorUnits }
    commands { id kind status attempt deliveries leasedUntil idempotencyKey answer } } } } }"""
LEASES = 'mutation { advanceTestClock(input: {by: "PT2H"}) { errors { message } } }'


@dataclass(frozen=True, slots=True)
class Shop:
    """A store whose payments an outside system carries out."""

    server: Server
    folder: Path

    async def do(self, role: Role, mutation: str, **sent: Any) -> Answer:
        """Run one mutation of which nothing must be refused; returns its payload."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        order = "order { id }" if "order" in sent or mutation == "placeOrder" else ""
        selected = f"{order} errors {{ message path }}"
        document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selected} }} }}"
        token = self.server.token(role, "m1" if role is Role.MERCHANT else None)
        payload = (await self.server.ask(token, document, input=sent))[mutation]
        assert payload["errors"] == [], payload["errors"]
        return payload

    async def paid(self, *, captured: bool = False) -> str:
        """Place and pay an order of 20.00 of m1's; returns its id."""
        placed = await self.do(
            Role.MARKETPLACE,
            "placeOrder",
            process="marketplace-seller",
            currency="EUR",
            customer={"id": "c1", "name": "Anna Berg", "email": "anna@example.org"},
            lines=[{"sku": "A", "name": "A", "merchantId": "m1", "quantity": 2, "unitPrice": "10.00"}],
            deliverTo=HOME,
            paymentMethod="card",
        )
        id = placed["order"]["id"]
        amount = {"amount": "20.00", "currency": "EUR"}
        sent = {"order": {"id": id}, "amount": amount, "reference": "bank-1", "captured": captured}
        await self.do(Role.MARKETPLACE, "recordPayment", **sent)
        return id

    async def to_capture(self) -> str:
        """An order that is invoiced, and to be captured."""
        id = await self.paid()
        [theirs] = (await self.now(id))["merchantOrders"]
        by = {"reference": theirs["reference"]}
        await self.do(Role.MERCHANT, "startHandling", order=by)
        lines = [{"line": each["id"], "quantity": 2, "unitPrice": "10.00"} for each in theirs["lines"]]
        value = {"amount": "20.00", "currency": "EUR"}
        issued = "2026-01-31T12:00:00.000Z"
        sent = {"order": by, "number": "F-1", "value": value, "issuedAt": issued, "lines": lines}
        await self.do(Role.MERCHANT, "addInvoice", **sent)
        return id

    async def canceled(self, *, captured: bool = False) -> str:
        """An order that is canceled once its money went back."""
        id = await self.paid(captured=captured)
        [theirs] = (await self.now(id))["merchantOrders"]
        sent = {"order": {"reference": theirs["reference"]}, "reason": "sold out"}
        await self.do(Role.MERCHANT, "cancel", **sent)
        return id

    async def now(self, id: str) -> Answer:
        """The order."""
        answer = await self.server.ask(self.server.token(Role.MARKETPLACE), STATES, id=id)
        return answer["marketplace"]["order"]

    async def command(self, id: str) -> Answer:
        """The order's only command."""
        [command] = (await self.now(id))["payment"]["commands"]
        return command

    async def stands(self, id: str) -> list[str]:
        """Where the machines of the order's only part stand."""
        [theirs] = (await self.now(id))["merchantOrders"]
        return [at["state"]["code"] for at in theirs["states"]]

    async def later(self) -> None:
        """Let every lease and pause run out."""
        await self.server.ask(self.server.token(Role.MARKETPLACE), LEASES)

    async def becomes(self, id: str, status: str) -> None:
        """Wait until the order's command stands there."""

        async def holds() -> bool:
            return (await self.command(id))["status"] == status

        await eventually(holds)

    async def given_back(self, id: str, deliveries: int) -> None:
        """Wait until the order's command was given out so often, and given back without a result."""

        async def holds() -> bool:
            command = await self.command(id)
            return (command["deliveries"], command["leasedUntil"]) == (deliveries, None)

        await eventually(holds)

    @asynccontextmanager
    async def provider(self, *arguments: str) -> AsyncGenerator[Process]:
        """The example, working."""
        command = [sys.executable, str(EXAMPLE / "provider.py"), "--url", f"http://{self.server.address}"]
        token = self.server.token(Role.PAYMENTS)
        with (self.folder / "provider.log").open("a") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                "--bank",
                self.folder / "bank.sqlite",
                *arguments,
                env=environment(ORDERFLOW_TOKEN=token),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def book(self) -> list[tuple[str, str, str, int]]:
        """What the bank has done: key, kind, amount, how often it was asked."""
        bank = sqlite3.connect(self.folder / "bank.sqlite")
        try:
            return bank.execute("SELECT key, kind, amount, asked FROM book ORDER BY rowid").fetchall()
        finally:
            bank.close()


def apart(uri: str) -> dict[str, str]:
    """The variables of a server with a database of its own, whose clock can be advanced."""
    database = f"orderflow_test_{uuid4().hex[:12]}"
    return {"MONGODB_URI": uri, "ORDERFLOW_DATABASE": database, "ORDERFLOW_ENV": "development"}


@pytest.fixture(scope="module")
def server(embedded_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server for all tests that leave nothing to be done behind."""
    with serving(tmp_path_factory.mktemp("server"), **apart(embedded_uri)) as server:
        yield server


@pytest.fixture
async def shop(server: Server, tmp_path: Path) -> Shop:
    """With a bank of its own."""
    return await opened(server, tmp_path)


async def opened(server: Server, folder: Path) -> Shop:
    """A store on this server."""
    made = Shop(server, folder)
    await made.do(Role.MARKETPLACE, "registerMerchant", id="m1", name="One")
    chosen = {"payment_provider": "external", "cancellation_window": "PT0S"}
    policies = [{"name": name, "value": value} for name, value in chosen.items()]
    await made.do(Role.MARKETPLACE, "updatePolicies", policies=policies)
    return made


@pytest.mark.parametrize("source", [[], ["--poll", "0.1"]], ids=["subscribed", "polling"])
async def test_it_captures_lets_go_and_pays_back(shop: Shop, source: list[str]):
    captured = await shop.to_capture()
    async with shop.provider(*source):
        let_go = await shop.canceled()
        returned = await shop.canceled(captured=True)
        for id in (captured, let_go, returned):
            await shop.becomes(id, "DONE")
    assert await shop.stands(captured) == ["invoiced", "invoiced"]
    assert await shop.stands(let_go) == await shop.stands(returned) == ["canceled", "canceled"]
    assert sorted(row[1:] for row in shop.book()) == [
        ("CAPTURE", "20.00", 1),
        ("REFUND", "20.00", 1),
        ("VOID", "20.00", 1),
    ]


async def test_one_that_crashes_before_it_acknowledges_is_asked_again_with_the_same_key_and_pays_once(
    shop: Shop,
):
    id = await shop.canceled(captured=True)
    async with shop.provider("--crash-before-acknowledging", "1") as provider:
        async with asyncio.timeout(20):
            assert await provider.wait() == 1
    command = await shop.command(id)
    assert (command["status"], command["deliveries"]) == ("PENDING", 1)
    assert shop.book() == [(command["idempotencyKey"], "REFUND", "20.00", 1)]
    async with shop.provider():
        await shop.later()
        await shop.becomes(id, "DONE")
    assert shop.book() == [(command["idempotencyKey"], "REFUND", "20.00", 2)]
    assert (await shop.now(id))["payment"]["refunded"]["minorUnits"] == 2000


async def test_what_the_bank_never_answers_is_given_up_and_asked_for_again_by_a_person(shop: Shop):
    id = await shop.to_capture()
    async with shop.provider("--unknown"):
        for deliveries in range(1, 9):
            await shop.given_back(id, deliveries)
            await shop.later()
        await shop.becomes(id, "DEAD")
    command = await shop.command(id)
    assert command["answer"] == "The bank did not answer in time."
    again = {"order": {"id": id}, "command": command["id"]}
    await shop.do(Role.MARKETPLACE, "retryCommand", **again)
    async with shop.provider():
        await shop.becomes(id, "DONE")
    assert shop.book() == [(command["idempotencyKey"], "CAPTURE", "20.00", 9)]
    assert await shop.stands(id) == ["invoiced", "invoiced"]


async def test_what_the_bank_refuses_is_a_new_attempt_when_a_person_asks_again(shop: Shop):
    id = await shop.to_capture()
    async with shop.provider("--refuse"):
        await shop.becomes(id, "REFUSED")
    command = await shop.command(id)
    assert (command["answer"], shop.book()) == ("The bank says no.", [])
    await shop.do(Role.MARKETPLACE, "retryCommand", order={"id": id}, command=command["id"])
    async with shop.provider():
        await shop.becomes(id, "DONE")
    [(key, *_)] = shop.book()
    assert key != command["idempotencyKey"]


async def test_it_outlives_the_server_and_goes_on_when_that_is_back(embedded_uri: str, tmp_path: Path):
    environ = apart(embedded_uri)
    with serving(tmp_path, **environ) as server:
        shop = await opened(server, tmp_path)
        async with shop.provider() as provider:
            await shop.becomes(await shop.to_capture(), "DONE")
            assert await asyncio.to_thread(server.stop) == 0
            port = server.address.partition(":")[2]
            with serving(tmp_path, "--port", port, **environ) as again:
                back = Shop(again, tmp_path)
                await back.becomes(await back.to_capture(), "DONE")
            assert provider.returncode is None
            said = [line for line in (tmp_path / "provider.log").read_text().splitlines() if "server" in line]
            assert [line.split(",")[0] for line in said[:2]] == [
                "The server is not there",
                "The server is back.",
            ]


def test_a_token_that_is_no_good_is_said_in_one_line(shop: Shop):
    command = [sys.executable, EXAMPLE / "provider.py", "--url", f"http://{shop.server.address}"]
    for token in ("nonsense", shop.server.token(Role.MARKETPLACE)):
        done = subprocess.run(
            [*command, "--bank", shop.folder / "bank.sqlite"],
            env=environment(ORDERFLOW_TOKEN=token),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert done.stderr.startswith("The server refuses: ")


@pytest.mark.parametrize("source", [[], ["--poll", "0.1"]], ids=["subscribed", "polling"])
def test_what_it_asks_wrongly_is_said_in_one_line_and_not_asked_again(shop: Shop, source: list[str]):
    done = subprocess.run(
        [
            sys.executable,
            EXAMPLE / "provider.py",
            "--lease",
            "9999",
            "--bank",
            shop.folder / "bank.sqlite",
            *source,
        ],
        env=environment(
            ORDERFLOW_TOKEN=shop.server.token(Role.PAYMENTS), ORDERFLOW_URL=f"http://{shop.server.address}"
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("The server refuses: ")
    assert "seconds" in done.stderr.lower()


@pytest.mark.parametrize("file", sorted(EXAMPLE.glob("*.graphql")), ids=lambda file: file.name)
def test_its_operations_are_those_of_the_schema(file: Path):
    assert validate(schema.core, parse(file.read_text())) == []
