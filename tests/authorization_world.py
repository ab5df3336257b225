"""A marketplace in which every string of somebody's is a canary, made by people through the API itself.

Orders of each process, in c1's those of m1 and m2, in c2's those of m1 and m3. What people were answered
while they made it is kept.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

import pytest_asyncio
from bson import json_util
from graphql import get_named_type

from domain.actors import Role
from domain.order import Order
from graph.answers import answer
from graph.auth import Principal
from graph.context import Context
from graph.lifespan import services_of
from graph.schema import schema
from graph.services import Services
from graph.settings import Settings
from storage.client import Database, connect
from storage.indexes import ensure
from tests.authorization_walk import MUTATION, ORDER_TYPES, Document, object_type

Answer = dict[str, Any]

REQUEST = "a-request"
SETTINGS = Settings(jwt_secret="a secret that is long enough for HS256 to be safe", environment="development")
ISSUED = "2026-01-31T12:00:00.000Z"
SEEN = (Role.MARKETPLACE, Role.MERCHANT, Role.CUSTOMER, Role.PAYMENTS, Role.LOGISTICS)


@dataclass(slots=True)
class World:
    """The marketplace: its services, its orders by what they are of, its imports by
    whose they are, and what people were told."""

    database: Database
    services: Services
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    imports: dict[Role, str] = field(default_factory=dict[Role, str])
    told: list[tuple[Principal, str, Answer]] = field(default_factory=list[tuple[Principal, str, Answer]])

    async def ask(self, who: Principal | None, document: str, **variables: Any) -> Answer:
        """The answer as a client reads it: {data, errors}."""
        context = Context(services=self.services, request_id=REQUEST, principal=who)
        result = await schema.execute(document, variable_values=variables, context_value=context)
        return answer(result, REQUEST)

    async def do(self, who: Principal, mutation: str, **sent: Any) -> Answer:
        """Carry out one mutation, of which nothing must be refused; returns its payload."""
        payload = await self.tries(who, mutation, **sent)
        assert payload["errors"] == [], (mutation, payload["errors"])
        return payload

    async def tries(self, who: Principal, mutation: str, **sent: Any) -> Answer:
        """Send one mutation, of which something may be refused; returns its payload."""
        found = await self.ask(who, doing(mutation, who.role), input=sent)
        assert "errors" not in found, (mutation, found["errors"])
        self.told.append((who, mutation, found))
        return found["data"][mutation]

    async def stored(self) -> dict[str, list[Answer]]:
        """All that is stored, by collection, in one order."""
        raw = self.database.client[self.database.name]
        names = sorted(await raw.list_collection_names())
        return {name: await raw[name].find().sort("_id", 1).to_list(None) for name in names}

    async def dump(self) -> str:
        """All that is stored, as text."""
        return json_util.dumps(await self.stored())


@cache
def doing(mutation: str, role: Role | None = None) -> str:
    """The document of a mutation that selects all of its payload: of orders and lines the leaves of what this
    role is shown; without a role only what all are shown.
    """
    document = Document(role)
    payload = get_named_type(MUTATION.fields[mutation].type)
    order, line = ORDER_TYPES[role] if role else (None, None)
    short = {
        "order": _leaves(document, order, "id reference version placedAt changedAt"),
        "moved": _leaves(document, line, "id sku name quantity"),
        "skipped": _leaves(document, line, "id sku name quantity"),
    }
    selected = " ".join(
        f"{each} {short[each]}" if each in short else document.field(payload.name, each)
        for each in object_type(payload.name).fields
    )
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    return document(f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ __typename {selected} }} }}")


def _leaves(document: Document, name: str | None, common: str) -> str:
    return f"{{ __typename {f'... on {name} {{ {document.leaves(name)} }}' if name else common} }}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(embedded_uri: str) -> AsyncIterator[World]:
    """The marketplace of canaries, made once; tests leave it as it is."""
    from tests import authorization_store_stories as stores
    from tests import authorization_stories as stories

    database = connect(embedded_uri, f"orderflow_test_{uuid4().hex[:12]}")
    try:
        await ensure(database)
        made = World(database, services_of(database, SETTINGS, demo=True))
        for tell in (*stories.STORIES, *stores.STORIES):
            await tell(made)
        await made.services.relay.drain()
        yield made
    finally:
        await database.drop()
        await database.close()
