"""What the transport tests share: a small schema that needs no database, tokens, and a server to talk to."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import httpx
import strawberry
import uvicorn
from mongomock_motor import AsyncMongoMockClient
from starlette.applications import Starlette
from strawberry.types import Info
from websockets.asyncio.client import ClientConnection, connect

from domain.actors import Role
from graph.app import create_app
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.explorer import STAFF, Person
from graph.health import Check
from graph.keys import Secret
from graph.services import Services
from graph.settings import Settings
from graph.socket_protocol import BoundedSocket
from graph.tokens import Tokens
from storage.client import Database
from storage.revocations import Revocations

SECRET = "a secret that is long enough for HS256 to be safe"
SETTINGS = Settings(jwt_secret=SECRET)
TOKENS = Tokens(Secret(SECRET.encode()), issuer="orderflow", audience="orderflow")
MERCHANT = TOKENS.mint(Role.MERCHANT, merchant_id="m1")
REVOCATIONS = Revocations(Database(AsyncMongoMockClient(), "none"))
SERVICES = cast("Services", SimpleNamespace(revocations=REVOCATIONS))
"""The transport asks them for nothing but what is revoked, and the schema below for nothing at all."""

PROTOCOL = "graphql-transport-ws"

ended: list[str] = []
"""The subscriptions whose generators were closed, in order."""


@strawberry.type
class Box:
    @strawberry.field
    def inner(self) -> "Box":
        return Box()

    @strawberry.field
    def size(self, at_least: int = 1) -> int:
        return at_least


@strawberry.type
class Query:
    @strawberry.field
    def who(self, info: Info[Context, None]) -> str:
        principal = info.context.principal
        return f"{principal.role} {principal.merchant_id}" if principal else "anonymous"

    @strawberry.field
    def mine(self, info: Info[Context, None]) -> str:
        return info.context.authenticated().sub

    @strawberry.field
    def request_id(self, info: Info[Context, None]) -> str:
        return info.context.request_id

    @strawberry.field
    def key(self, info: Info[Context, None]) -> str | None:
        return info.context.idempotency_key

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("the password is hunter2")

    @strawberry.field
    def box(self) -> Box:
        return Box()

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(60)
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def note(self, text: str) -> str:
        return text


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info[Context, None], to: int = 2) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def boxes(self, to: int) -> AsyncGenerator[Box, None]:
        for _ in range(to):
            yield Box()

    @strawberry.subscription
    async def forever(self, name: str = "it") -> AsyncGenerator[str, None]:
        try:
            yield "started"
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("the password is hunter2")


def schema(**options: Any) -> OrderflowSchema:
    return OrderflowSchema(Query, Mutation, Subscription, **options)


def api(
    *, checks: Mapping[str, Check] | None = None, people: Sequence[Person] = STAFF, **changes: Any
) -> Starlette:
    """The app; `changes` are settings."""
    return create_app(schema(), SERVICES, replace(SETTINGS, **changes), checks=checks, people=people)


def client(app: Starlette | None = None, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app or api(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


def bearer(token: str = MERCHANT) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def post(
    query: str, app: Starlette | None = None, headers: dict[str, str] | None = None, **more: Any
) -> Any:
    async with client(app) as http:
        return await http.post("/graphql", json={"query": query, **more}, headers=headers)


async def has_ended(name: str) -> None:
    """Returns when the subscription of that name was closed on the server; fails after five seconds."""
    async with asyncio.timeout(5):
        while name not in ended:  # noqa: ASYNC110 - the server side runs elsewhere and only leaves a mark
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(app: Starlette | None = None, **options: Any) -> AsyncGenerator[str]:
    """A real server on a free port of this machine; gives `127.0.0.1:port`. `options` are uvicorn's."""
    config = uvicorn.Config(
        app or api(), port=0, ws=BoundedSocket, log_config=None, lifespan="off", **options
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - a flag is all that uvicorn offers
        await asyncio.sleep(0.005)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def socket(address: str, **options: Any) -> AsyncGenerator[ClientConnection]:
    """A WebSocket that has said nothing yet."""
    async with connect(
        f"ws://{address}/graphql", subprotocols=options.pop("subprotocols", [PROTOCOL]), **options
    ) as ws:
        yield ws
