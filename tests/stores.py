"""An empty store for each test: in memory and on a real server with both drivers, one suite for all three.

`store` runs a test on each; `server_store` on the server only, for what a client in memory cannot do;
`mock_store` in memory only.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from mongomock_motor import AsyncMongoMockClient
from pymongo.errors import AutoReconnect

from domain.actors import Actor, Party, Role
from domain.drafts import DraftLine, draft
from domain.engine import perform
from domain.order import Customer, Order
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.policies import PolicyValue, stamp
from domain.process import Process
from domain.processes import DEFAULT, latest
from domain.refusal import Refusal
from storage.client import Database, Driver, connect
from storage.clock import Clock
from storage.indexes import ORDERS, ensure
from storage.orders import Changed, CommandKey, Orders, Placed
from tests.feeding import stepped

_found = latest(DEFAULT)
assert _found is not None
PROCESS: Process = _found
CHECKOUT = Actor("checkout", Role.MARKETPLACE)
ADMIN = Actor("admin", Role.MARKETPLACE)
SELLER = Actor("seller", Role.MERCHANT)
ANNA = Customer("c1", "Anna Berg", "anna@example.org")
BEN = Customer("c2", "Ben Ödegård", "ben@example.net")


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with nothing but its outcome."""

    outcome: Outcome


@dataclass(slots=True)
class Store:
    """Orders in an empty database, with a test clock, and how often a write was announced."""

    database: Database
    clock: Clock
    orders: Orders = field(init=False)
    woken: int = 0

    def __post_init__(self) -> None:
        self.orders = Orders(self.database, self.clock, self._wake)

    def _wake(self, _: str) -> None:
        self.woken += 1

    async def place(
        self,
        *lines: DraftLine,
        customer: Customer = ANNA,
        policies: dict[str, PolicyValue] | None = None,
        key: CommandKey | None = None,
        **more: Any,
    ) -> Placed:
        """Place an order of these lines, one of merchant m1 and one of m2 unless told otherwise."""
        order = draft(
            PROCESS,
            stamp(PROCESS.policies.values(), policies or {}, {}),
            order_id="draft",
            reference="draft",
            currency="EUR",
            customer=customer,
            lines=lines or (line("A-1", "m1"), line("B-1", "m2")),
            shipping={},
            now=await self.clock.now(),
            **more,
        )
        assert isinstance(order, Order)
        return await self.orders.place(order, PROCESS, CHECKOUT, key)

    async def sent(self, *lines: DraftLine, **more: Any) -> Order:
        """Place an order, pay it and have it sent to its merchants."""
        order = (await self.place(*lines, policies={"cancellation_window": timedelta(0)}, **more)).order
        return await self.pay(order)

    async def pay(self, order: Order) -> Order:
        """Pay all that is due."""

        def decide(order: Order, now: datetime) -> Decided:
            return taken(record_payment(PROCESS, order, f"pay-{order.id}", order.total, ADMIN, now))

        return (await self.orders.change(order.id, decide)).order

    async def fire(
        self, order: Order, event: str, party: Party, actor: Actor, *units: str, **more: Any
    ) -> Changed[Decided]:
        """Fire one event on some lines, or all; `input` and what `change` takes may come along."""
        given = more.pop("input", {})

        def decide(order: Order, now: datetime) -> Decided:
            chosen = units or tuple(line.id for line in order.lines)
            intents = [Intent(event, unit, party, actor, given) for unit in chosen]
            return Decided(perform(PROCESS, order, intents, now))

        return await self.orders.change(order.id, decide, **more)

    async def stored(self, order: Order) -> dict[str, Any]:
        """The order's document."""
        found = await self.database.collection("orders").find_one({"_id": order.id})
        assert found is not None
        return found


def line(sku: str, merchant: str, quantity: int = 1, price: int = 1_000) -> DraftLine:
    """One line of a checkout."""
    return DraftLine(sku, f"Product {sku}", merchant, quantity, price)


def taken(answer: Outcome | Refusal) -> Decided:
    """The decision that a step was taken, where a refusal would be a mistake of the test."""
    assert isinstance(answer, Outcome), answer
    return Decided(answer)


def losing(database: Database, lost: str, sent: bool, times: int = 1) -> Database:
    """The same database, where the connection breaks at some commands, after they arrived or before."""
    left = times

    async def lose(_: str, command: str) -> None:
        nonlocal left
        if command == lost and left:
            left -= 1
            raise AutoReconnect("connection closed")

    return stepped(database, after=lose) if sent else stepped(database, before=lose)


@pytest.fixture(params=["memory", "motor", "pymongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """An empty store in memory, on the server through Motor, and on the server through PyMongo."""
    if request.param == "memory":
        yield await _in_memory()
    else:
        async for made in _on_server(request.getfixturevalue("embedded_uri"), request.param):
            yield made


@pytest.fixture
async def mock_store() -> Store:
    """An empty store in memory, for what no server has a part in."""
    return await _in_memory()


@pytest.fixture(params=["motor", "pymongo"])
async def server_store(request: pytest.FixtureRequest, embedded_uri: str) -> AsyncIterator[Store]:
    """An empty store on the server, through either driver."""
    async for made in _on_server(embedded_uri, request.param):
        yield made


async def _on_server(uri: str, driver: Driver) -> AsyncIterator[Store]:
    database = connect(uri, f"orderflow_test_{uuid4().hex[:12]}", driver)
    await ensure(database)
    yield Store(database, Clock(database, test=True))
    await database.drop()
    await database.close()


async def _in_memory() -> Store:
    database = Database(AsyncMongoMockClient(), "orderflow_test")
    await ensure(database)
    orders = database.collection("orders").raw
    for index in ORDERS:
        options = dict(index.document)
        if "partialFilterExpression" in options:  # forgotten when several indexes are made together
            await orders.drop_index(options["name"])
            await orders.create_index(list(options.pop("key").items()), **options)
    return Store(database, Clock(database, test=True))
