"""Rows of a file against the same changes one by one, on the stand-in database: ratios of one run."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx

from bench.api import MOVE, PLACE, REGISTER, STORY
from bench.server import CLIENTS, SECRET, Api, serving
from domain.actors import Role
from graph.keys import Secret
from graph.tokens import Tokens

ORDERS = 200
"""Of each kind of going about it."""

UPLOAD = """mutation ($input: ImportOrderStatusInput!) { done: importOrderStatus(input: $input) {
  import { id endedAt applied } errors { message } } }"""
LOOK = "query ($id: ID!) { merchant { import(id: $id) { id endedAt applied } } }"
SHIP = (MOVE % "shipLines").replace("{reference: $order}", "{reference: $order}, idempotencyKey: $order")
"""With a key, as whoever must not lose one sends it; an import has one for each order as well."""

T = TypeVar("T")


def run() -> None:
    """Print how many orders are shipped in a second, each way. Takes a minute."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        asyncio.run(_measure(server.address))


async def _measure(address: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=60, verify=False) as http:  # noqa: S501
        tokens = Tokens(Secret(SECRET.encode()), issuer="orderflow", audience="orderflow")
        minted = {role: tokens.mint(role) for role in (Role.PAYMENTS, Role.MARKETPLACE)}
        minted[Role.MERCHANT] = tokens.mint(Role.MERCHANT, merchant_id="m1")
        api = Api(address, http, minted)
        await api.ask(Role.MARKETPLACE, REGISTER)
        orders = await _together([partial(_sent, api)] * (4 * ORDERS), CLIENTS)

        half = ORDERS // 2
        before = await _by_mutations(api, orders[:half], CLIENTS)
        skipping = await _imported(api, orders[ORDERS : 2 * ORDERS], "SKIP_ROWS")
        rejecting = await _imported(api, orders[2 * ORDERS : 3 * ORDERS], "REJECT_FILE")
        alone = await _by_mutations(api, orders[3 * ORDERS :], 1)
        after = await _by_mutations(api, orders[half:ORDERS], CLIENTS)  # the machine has other work at times
        many = 2 / (1 / before + 1 / after)
        print(f"imports: {ORDERS} orders of two lines each way, stand-in database, one noisy run")
        print(f"imports: {alone:.0f} mutations/s by one client over HTTP, {many:.0f} by {CLIENTS} at once")
        for rate, policy in ((skipping, "SKIP_ROWS"), (rejecting, "REJECT_FILE")):
            ratios = f"{rate / alone:.2f} × one client, {rate / many:.2f} × {CLIENTS}"
            print(f"imports: {rate:.0f} rows/s with {policy} ({ratios})")


async def _sent(api: Api) -> str:
    """The reference of an order that its merchant can ship."""
    order = (await api.ask(Role.MARKETPLACE, PLACE))["done"]["order"]["reference"]
    for role, document, ending in STORY[:2]:
        await api.ask(role, document, order=f"{order}{ending}")
    return order


async def _by_mutations(api: Api, orders: Sequence[str], clients: int) -> float:
    """Mutations a second."""
    start = time.perf_counter()
    ship = partial(api.ask, Role.MERCHANT, SHIP)
    await _together([partial(ship, order=f"{order}-1") for order in orders], clients)
    return len(orders) / (time.perf_counter() - start)


async def _together(works: Sequence[Callable[[], Awaitable[T]]], clients: int) -> list[T]:
    """Do all of it, so much at once as there are clients; returns what came of each."""
    turns = asyncio.Semaphore(clients)

    async def each(work: Callable[[], Awaitable[T]]) -> T:
        async with turns:
            return await work()

    return await asyncio.gather(*(each(work) for work in works))


async def _imported(api: Api, orders: Sequence[str], policy: str) -> float:
    """Rows a second, from sending the file until its import has ended."""
    text = "order_reference,event\n" + "".join(f"{order},ship\n" for order in orders)
    sent = {"file": None, "errorPolicy": policy}
    operations = json.dumps({"query": UPLOAD, "variables": {"input": sent}})
    start = time.perf_counter()
    answer = await api.http.post(
        "/graphql",
        headers={"authorization": f"Bearer {api.tokens[Role.MERCHANT]}"},
        data={"operations": operations, "map": '{"0": ["variables.input.file"]}'},
        files={"0": ("rows.csv", text.encode(), "text/csv")},
    )
    made = answer.json()["data"]["done"]["import"]
    while made["endedAt"] is None:
        await asyncio.sleep(0.05)
        made = (await api.ask(Role.MERCHANT, LOOK, id=made["id"]))["merchant"]["import"]
    assert made["applied"] == len(orders), made
    return len(orders) / (time.perf_counter() - start)
