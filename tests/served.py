"""The whole API in process: requests that go all the way from their headers to storage, without a socket."""

from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from graph.app import create_app
from graph.auth import Principal
from graph.schema import build_schema
from graph.services import Services
from graph.settings import Settings
from tests.transport import SECRET, TOKENS, bearer, client

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """An app on services, and requests to it."""

    app: Starlette
    services: Services

    async def post(
        self, who: Principal | None, query: str, headers: dict[str, str] | None = None, **variables: Any
    ) -> httpx.Response:
        """The response to one operation."""
        return await self.send(who, {"query": query, "variables": variables}, headers)

    async def send(
        self, who: Principal | None, body: Answer, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """The response to a body of any shape."""
        token = who and TOKENS.mint(
            who.role, sub=who.sub, merchant_id=who.merchant_id, customer_id=who.customer_id
        )
        async with client(self.app) as http:
            sent = {**(bearer(token) if token else {}), **(headers or {})}
            return await http.post("/graphql", json=body, headers=sent)

    async def ask(self, who: Principal | None, query: str, **variables: Any) -> Answer:
        """The data of an answer in which nothing is wrong."""
        answer = (await self.post(who, query, **variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]


async def served(services: Services) -> Served:
    """The API on these services; merchants m1 and m2 are registered."""
    for merchant in ("m1", "m2"):
        await services.merchants.register(merchant, f"Merchant {merchant}")
    return Served(create_app(build_schema(), services, Settings(jwt_secret=SECRET)), services)
