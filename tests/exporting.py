"""Exports in tests: asked of the whole app in process, read back in both formats, and cut at any point."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

from graph.auth import Principal
from graph.exports.columns import TABLES, Kind, Table
from tests.transport import TOKENS, bearer, client

Row = dict[str, Any]


def token_of(who: Principal) -> str:
    """A token that says who it is."""
    return TOKENS.mint(who.role, sub=who.sub, merchant_id=who.merchant_id, customer_id=who.customer_id)


def table_of(who: Principal, kind: Kind) -> Table:
    """The columns that somebody gets."""
    return TABLES[who.role, kind]


async def ask(app: Starlette, who: Principal | None, name: str, **parameters: str) -> httpx.Response:
    """The answer to a request for an export, such as `orders.csv`."""
    headers = bearer(token_of(who)) if who else {}
    async with client(app, headers) as http:
        return await http.get(f"/export/{name}", params=parameters)


async def exported(app: Starlette, who: Principal, kind: str, **parameters: str) -> list[Row]:
    """The rows of an export that is not refused."""
    response = await ask(app, who, f"{kind}.jsonl", **parameters)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def cells(app: Starlette, who: Principal, kind: str, **parameters: str) -> list[list[str]]:
    """The same as CSV, header and all."""
    response = await ask(app, who, f"{kind}.csv", **parameters)
    assert response.status_code == 200, response.text
    return list(csv.reader(io.StringIO(response.text, newline="")))


@dataclass(slots=True)
class Sent:
    """What an app sent of one answer."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    chunks: int = 0
    whole: bool = False


async def send_to(
    app: Starlette,
    who: Principal,
    name: str,
    taken: Callable[[Sent], Awaitable[None]],
    *,
    from_head: bool = False,
) -> Sent:
    """Ask for an export as a server would, for a reader of whom `taken` is waited for after each chunk, and
    after the head where that is said.
    """
    sent = Sent()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # no body comes, and nobody goes away
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            sent.status = message["status"]
            if from_head:
                await taken(sent)
            return
        sent.body += message.get("body", b"")
        sent.chunks += 1
        sent.whole = not message.get("more_body", False)
        if not sent.whole:
            await taken(sent)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": f"/export/{name}",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token_of(who)}".encode())],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)  # pyright: ignore[reportArgumentType]
    return sent
