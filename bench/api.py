"""What the API does on the stand-in database, with orders of the default process; then with those of a store
flow, on the same server.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench import stores
from bench.server import CLIENTS, SECRET, Api, rate, serving
from domain.actors import Role
from graph.keys import Secret
from graph.tokens import Tokens

HEARD = 60

REGISTER = 'mutation { done: registerMerchant(input: {id: "m1", name: "One"}) { errors { message } } }'
PLACE = """mutation { done: placeOrder(input: {
  currency: "EUR", customer: {id: "c1", name: "Anna Berg", email: "anna@example.org"}, lines: [
    {sku: "A-1", name: "A", merchantId: "m1", quantity: 1, unitPrice: "10.00"},
    {sku: "B-1", name: "B", merchantId: "m1", quantity: 2, unitPrice: "5.00"}
  ]}) { order { reference } errors { message } } }"""
PAY = """mutation ($order: String!) { done: recordPayment(input: {order: {reference: $order},
  amount: {amount: "20.00", currency: "EUR"}, reference: "p1"}) { order { version } errors { message } } }"""
MOVE = """mutation ($order: String!) { done: %s(input: {order: {reference: $order}}) {
  order { version } errors { message } } }"""
STORY = (
    (Role.PAYMENTS, PAY, ""),
    (Role.MARKETPLACE, MOVE % "sendToMerchant", ""),
    (Role.MERCHANT, MOVE % "shipLines", "-1"),
    (Role.MERCHANT, MOVE % "deliverLines", "-1"),
)
"""The changes of an order of two lines, each with what the viewer's name for it ends in."""
ROWS = 2 + 4 + 4 + 4
LISTS = """{ marketplace { orders(first: 20) { nodes { id reference version placedAt changedAt
  status { code label } totals { total { amount currency } } %s } } } }"""
LINES = "lines { id sku quantity status { code label } total { amount currency } }"
LISTEN = "subscription { orderEvents { ... on OrderStateChanged { event order { reference } } } }"


def run() -> None:
    """Print what gets done in a second, and how long a change takes to be heard. Takes a minute."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        asyncio.run(_measure(server.address))


async def _measure(address: str) -> None:
    # Nothing here is encrypted; not reading all authorities starts faster.
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30, verify=False) as http:  # noqa: S501
        tokens = Tokens(Secret(SECRET.encode()), issuer="orderflow", audience="orderflow")
        minted = {role: tokens.mint(role) for role in (Role.PAYMENTS, Role.MARKETPLACE)}
        minted[Role.MERCHANT] = tokens.mint(Role.MERCHANT, merchant_id="m1")
        api = Api(address, http, minted)
        await api.ask(Role.MARKETPLACE, REGISTER)
        orders: list[str] = []

        async def place() -> int:
            orders.append((await api.ask(Role.MARKETPLACE, PLACE))["done"]["order"]["reference"])
            return 1

        async def play() -> int:
            order = orders.pop() if len(orders) > HEARD else None
            for role, document, ending in STORY if order else ():
                await api.ask(role, document, order=f"{order}{ending}")
            return len(STORY) if order else 0

        async def read(more: str) -> int:
            await api.ask(Role.MARKETPLACE, LISTS % more)
            return 1

        placed = await rate(place)
        stored = len(orders)
        changed = await rate(play)
        flat, nested = await rate(lambda: read("")), await rate(lambda: read(LINES))
        answered, heard = await _latencies(api, orders[:HEARD])
        rows = changed * ROWS / len(STORY)
        later = heard - answered
        print(f"api: {CLIENTS} clients, stand-in database, one noisy run")
        print(f"api: {placed:.0f} orders placed/s; {changed:.0f} changes/s, {rows:.0f} transitions/s")
        print(f"api: {flat:.0f} lists of 20 of {stored} orders/s, {nested:.0f}/s with their lines")
        print(f"api: a change is answered after {answered:.0f} ms and heard {later:+.0f} ms from then")
        await stores.measure(api, placed, changed / len(STORY))


async def _latencies(api: Api, orders: list[str]) -> tuple[float, float]:
    """Milliseconds from a payment's request to its answer and to its event, one at a time; medians."""
    protocol = Subprotocol("graphql-transport-ws")
    answered: list[float] = []
    heard: list[float] = []
    async with connect(f"ws://{api.address}/graphql", subprotocols=[protocol]) as socket:
        token = {"token": api.tokens[Role.MARKETPLACE]}
        await socket.send(json.dumps({"type": "connection_init", "payload": token}))
        await socket.recv()
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": LISTEN}}))
        await socket.recv()  # where it starts

        async def told(order: str) -> float:
            while f'"event":"pay","order":{{"reference":"{order}"}}' not in str(await socket.recv()):
                pass
            return time.perf_counter()

        for order in orders:
            start = time.perf_counter()
            event = asyncio.create_task(told(order))
            await api.ask(Role.PAYMENTS, PAY, order=order)
            answered.append(1000 * (time.perf_counter() - start))
            heard.append(1000 * (await event - start))
    return median(answered), median(heard)
