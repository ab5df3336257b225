"""A served shop in which what is somebody's says so, and the watch over everything that it answers.

Names like `@line:3.0@` in what is sent stand for the shop's own ids: an example reads alike in each run.
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from domain.actors import Role
from graph.app import create_app
from graph.auth import Principal
from graph.http_protocol import BoundedHead
from graph.lifespan import running, services_of
from graph.schema import build_schema
from graph.settings import Settings
from storage.client import connect
from tests.acting import ADMIN, M1, M2, Answer, Api, by, line, person
from tests.store_orders import (
    HOME,
    being_canceled,
    denied,
    handling,
    incomplete,
    named,
    ready,
    requested,
    set_policies,
    unpassed,
)
from tests.transport import SECRET, TOKENS, serving

T = TypeVar("T")
M3 = person(Role.MERCHANT, "seller-3", merchant="m3")
PEOPLE: dict[str, Principal | None] = {
    "anonymous": None,
    "marketplace": ADMIN,
    "m1": M1,
    "m2": M2,
    "m3": M3,
    "c1": person(Role.CUSTOMER, "anna", customer="c1"),
    "c2": person(Role.CUSTOMER, "ben", customer="c2"),
    "payments": person(Role.PAYMENTS, "psp"),
    "logistics": person(Role.LOGISTICS, "carrier"),
    "warehouse": person(Role.LOGISTICS, "warehouse", merchant="m1"),
}
"""Who asks, by the name that an example gives. m3 has no part in Anna's orders, nor she in Ben's."""

ANNA = {"id": "c1", "name": "canary-anna-name", "email": "canary-anna-mail@example.org"}
BUYER = {"id": "c1", "name": "canary-buyer-name", "email": "canary-buyer-mail@example.org"}
BEN = {"id": "c2", "name": "canary-ben-name", "email": "canary-ben-mail@example.org"}
CANARIES = {
    "canary-anna-mail": {"marketplace", "c1"},
    "canary-anna-name": {"marketplace", "c1", "m1", "m2", "logistics", "warehouse"},
    "canary-anna-street": {"marketplace", "c1", "m1", "m2", "logistics", "warehouse"},
    "canary-buyer-mail": {"marketplace", "c1"},
    "canary-buyer-name": {"marketplace", "c1", "m1", "m2", "m3", "logistics", "warehouse"},
    "canary-ben-mail": {"marketplace", "c2"},
    "canary-ben-name": {"marketplace", "c2", "m3", "logistics"},
    "canary-goods-of-m1": {"marketplace", "c1", "m1", "payments", "logistics", "warehouse"},
    "canary-goods-of-m2": {"marketplace", "c1", "m2", "payments", "logistics"},
    "canary-goods-of-m3": {"marketplace", "c2", "m3", "payments", "logistics"},
    "canary-parcel-of-m1": {"marketplace", "c1", "m1", "logistics", "warehouse"},
    "canary-shelf-of-m3": {"marketplace", "m3"},
}
"""Who may read each, at the most. They stand in orders whose lines no process hands to somebody else."""

TOKENS_OF = {
    name: TOKENS.mint(
        who.role, sub=who.sub, merchant_id=who.merchant_id, customer_id=who.customer_id, ttl=timedelta(days=1)
    )
    for name, who in PEOPLE.items()
    if who
}
_PLACE = re.compile(r"@(\w+)(?::(\d+)(?:\.(\d+))?)?@")
_THINGS = """query Things($reference: String!) { marketplace { order(by: {reference: $reference}) {
    id lines { id } payment { refunds { id } commands { id } }
    merchantOrders { id reference merchantId restocks { id } } } } }"""
_CURSORS = """{ events(first: 2) { cursor nodes { cursor } }
    marketplace { orders(first: 2) { pageInfo { endCursor } } }
    merchant { orders(first: 1) { pageInfo { endCursor } } }
    storefront { orders(first: 1) { pageInfo { endCursor } } } }"""

NOT_UTF8 = "Invalid UTF-8 sequence received from client."
"""What uvicorn logs, with a traceback, of a client's text frame that is no text; it closes with 1007."""

BUGS = ("INTERNAL_SERVER_ERROR", "UNAVAILABLE")
"""What an error's code must not be: the database is there, and nobody expects the other."""


@dataclass(slots=True)
class Watched:
    """A shop that a real server serves. Its checks raise AssertionError with what must not be."""

    address: str
    log: pytest.LogCaptureFixture
    orders: list[Answer] = field(default_factory=list[Answer])
    cursors: dict[str, Answer] = field(default_factory=dict[str, Answer])
    read: set[str] = field(default_factory=set[str])
    """The canaries that were read, each by somebody who may."""

    def filled(self, text: str, who: str) -> str:
        """The text with the names of things replaced by what the shop calls them, as `who` knows them."""
        return _PLACE.sub(lambda found: self._thing(who, *found.groups()), text)

    def check_log(self) -> None:
        """Nothing was logged that is a bug's, no error and no traceback, and nothing that is somebody's."""
        texts, records = self.log.text, [*self.log.records]
        self.log.clear()
        for record in records:
            failed = record.levelno >= logging.ERROR or record.exc_info
            assert not failed or record.getMessage() == NOT_UTF8, texts
        assert "canary-" not in texts

    def check_secrets(self, who: str, sent: str, answer: str) -> None:
        """Nobody reads what is somebody else's, unless it is what they sent themselves."""
        for canary, readers in CANARIES.items():
            if canary in answer and canary not in sent:
                assert who in readers, f"{who} reads {canary} in {answer}"
                self.read.add(canary)

    def _thing(self, who: str, kind: str, order: str | None, nth: str | None) -> str:
        if kind == "token":
            return TOKENS_OF.get(who, "")
        if kind in ("event", "page"):
            cursors = self.cursors[who][kind] or ["?"]
            return cursors[int(order or 0) % len(cursors)]
        things = self.orders[int(order or 0) % len(self.orders)]
        if kind == "order":  # a merchant knows an order by the reference of its own part of it
            return things["references"].get(who, things["reference"])
        found = things.get(kind) or things["id"]
        return found[int(nth or 0) % len(found)]


@asynccontextmanager
async def watched(uri: str, log: pytest.LogCaptureFixture) -> AsyncGenerator[Watched]:
    """A shop on an empty database of its own, served with its background tasks, as Anna, Ben and three
    merchants left it.
    """
    settings = Settings(jwt_secret=SECRET)
    name = f"orderflow_test_{uuid4().hex[:12]}"
    database = connect(uri, name)
    services = services_of(database, settings, demo=True)
    try:
        async with running(database, services):
            api = Api(services)
            made = await _trade(api)
            app = create_app(build_schema(), services, settings)
            limits: dict[str, Any] = {"http": BoundedHead, "ws_max_size": settings.message_limit}
            async with serving(app, **limits) as address:
                shop = Watched(address, log)
                shop.orders = [await _things(api, order) for order in made]
                shop.cursors = {name: await _cursors(api, who) for name, who in PEOPLE.items()}
                log.clear()
                yield shop
    finally:
        again = connect(uri, name)
        await again.drop()
        await again.close()


@contextmanager
def watching(
    uri: str, log: pytest.LogCaptureFixture, attempt: Callable[[Watched, T], Awaitable[None]]
) -> Generator[Callable[[T], None]]:
    """Open a shop to attempt something with a value, again and again, from outside of any event loop."""
    with asyncio.Runner() as runner:
        opened = watched(uri, log)
        shop = runner.run(opened.__aenter__())

        async def watch(value: T) -> None:
            await attempt(shop, value)
            shop.check_log()

        try:
            yield lambda value: runner.run(watch(value))
        finally:
            runner.run(opened.__aexit__(None, None, None))


def check_response(response: Any) -> None:
    """It is a response of the GraphQL specification, with nothing else in it, and every error is whole."""
    assert isinstance(response, dict), response
    assert {"data", "errors"} & response.keys(), response
    assert response.keys() <= {"data", "errors", "extensions"}, response
    if "errors" in response:
        check_errors(response["errors"])


def check_errors(errors: Any) -> None:
    """Each error has a message, a code that is no bug's, and the id of its request."""
    assert isinstance(errors, list), errors
    assert errors, "an empty list says nothing"
    for error in errors:
        said = error["extensions"]
        assert isinstance(error["message"], str), error
        assert error["message"], error
        assert isinstance(said["code"], str), error
        assert said["code"] not in BUGS, error
        assert isinstance(said["requestId"], str), error


async def _trade(api: Api) -> list[Answer]:
    """Play what happened in the shop so far; returns its orders, those with canaries first."""
    for merchant in ("m1", "m2", "m3"):
        await api.services.merchants.register(merchant, f"Merchant {merchant}")
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 50}])
    await api.done(M3, "setStock", items=[{"sku": "canary-shelf-of-m3", "onHand": 7}])
    home = HOME | {"street": "canary-anna-street"}
    goods = [line(f"{m}-1", m, name=f"canary-goods-of-{m}", quantity=3) for m in ("m1", "m2")]
    annas = await api.sent(*goods, customer=ANNA, deliverTo=home, externalReference="cart-1")
    theirs = await api.seen_by(M1, annas)
    await api.done(M1, "shipLines", order=by(theirs), carrier="canary-parcel-of-m1", trackingNumber="T-1")
    bens = await api.paid(line("m3-1", "m3", name="canary-goods-of-m3"), customer=BEN)
    bought = {"customer": BUYER}
    orders = [annas, bens, await api.delivered(**bought), await api.canceled(**bought)]
    await set_policies(api, payment_timeout="P30D")
    orders += [await make(api, **bought) for make in (incomplete, ready, handling, _invoiced)]
    orders += [await make(api) for make in (requested, denied, unpassed, being_canceled)]
    await set_policies(api, payment_provider="built_in")
    return orders


async def _invoiced(api: Api, **more: Any) -> Answer:
    """An order of which one piece of two is on an invoice."""
    order = await ready(api, line("A-1", quantity=2), **more)
    await api.done(M1, "startHandling", order=named(order))
    lines = [{"line": each["id"], "quantity": 1, "unitPrice": "10.00"} for each in order["lines"]]
    value = {"amount": "10.00", "currency": "EUR"}
    issued = "2026-01-31T12:00:00Z"
    await api.done(
        M1, "addInvoice", order=named(order), number="INV-1", value=value, issuedAt=issued, lines=lines
    )
    return order


async def _things(api: Api, order: Answer) -> Answer:
    """What an order has ids of, by kind; `references` by who knows it by another."""
    answer = await api.ask(ADMIN, _THINGS, reference=order["reference"])
    found = answer["data"]["marketplace"]["order"]
    parts = found["merchantOrders"]
    return {
        "reference": order["reference"],
        "references": {part["merchantId"]: part["reference"] for part in parts},
        "id": [found["id"]],
        "line": [each["id"] for each in found["lines"]],
        "part": [part["id"] for part in parts],
        "refund": [each["id"] for each in found["payment"]["refunds"]],
        "command": [each["id"] for each in found["payment"]["commands"]],
        "restock": [each["id"] for part in parts for each in part["restocks"]],
    }


async def _cursors(api: Api, who: Principal | None) -> Answer:
    """Places in the feed and in the lists that this person was shown, by kind."""
    found = json.dumps((await api.ask(who, _CURSORS))["data"])
    names = {"event": "cursor", "page": "endCursor"}
    return {kind: re.findall(f'"{name}": "([^"]+)"', found) for kind, name in names.items()}
