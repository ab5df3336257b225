"""How fast orders are exported, as a ratio to asking for them page by page, on the same server in one run."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from bench.api import PLACE, REGISTER
from bench.server import SECRET, Api, rate, serving
from domain.actors import Role
from graph.keys import Secret
from graph.tokens import Tokens

PAGE = """query ($after: Cursor) { marketplace { orders(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { id reference version placedAt changedAt status { code label counts { code count } }
    externalReference channel process processVersion currency customer { id name email } paymentMethod
    deliverTo { recipient street postalCode city region country }
    totals { items { amount } discount { amount } tax { amount } shipping { amount } total { amount } }
    payment { approved { amount } captured { amount } refunded { amount } reserved { amount } due { amount } }
    lines { states { party state { code } } } } } } }"""
"""What an export of orders shows, by pages."""

ROUNDS = 3
PLACING = 4
"""So often eight clients place orders for some seconds."""


def run() -> None:
    """Print orders a second, both ways. Takes a minute."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        asyncio.run(_measure(server.address))


async def _measure(address: str) -> None:
    tokens = Tokens(Secret(SECRET.encode()), issuer="orderflow", audience="orderflow")
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=60, verify=False) as http:  # noqa: S501
        api = Api(address, http, {Role.MARKETPLACE: tokens.mint(Role.MARKETPLACE)})
        await api.ask(Role.MARKETPLACE, REGISTER)

        async def place() -> int:
            await api.ask(Role.MARKETPLACE, PLACE)
            return 1

        for _ in range(PLACING):
            await rate(place)
        stored = await _paged(api)
        by = {
            "by pages of 100": lambda: _paged(api),
            "exported as CSV": lambda: _exported(api, "csv"),
            "exported as JSON Lines": lambda: _exported(api, "jsonl"),
        }
        best = dict.fromkeys(by, 0.0)
        for _ in range(ROUNDS):
            for how, read in by.items():
                best[how] = max(best[how], await _speed(read, stored))
    pages, table, lines = best.values()
    print(
        f"export: {stored} orders, stand-in database, best of {ROUNDS}: {pages:.0f}/s by pages of 100, "
        f"{table:.0f}/s as CSV ({table / pages:.1f} ×), {lines:.0f}/s as JSON Lines ({lines / pages:.1f} ×)"
    )


async def _speed(read: Callable[[], Awaitable[int]], stored: int) -> float:
    start = time.perf_counter()
    assert await read() == stored
    return stored / (time.perf_counter() - start)


async def _paged(api: Api) -> int:
    found, after = 0, None
    while True:
        variables = {} if after is None else {"after": after}
        page = (await api.ask(Role.MARKETPLACE, PAGE, **variables))["marketplace"]["orders"]
        found += len(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def _exported(api: Api, ending: str) -> int:
    headers = {"authorization": f"Bearer {api.tokens[Role.MARKETPLACE]}"}
    ends = 0
    async with api.http.stream("GET", f"/export/orders.{ending}", headers=headers) as response:
        async for chunk in response.aiter_bytes():
            ends += chunk.count(b"\n")  # no cell of these orders has one
    return ends - (ending == "csv")
