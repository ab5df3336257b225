"""What subscribers of a real server cost and how soon they hear, on the stand-in database."""

import asyncio
import json
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.api import PLACE, REGISTER, ROWS, STORY
from bench.hub import LISTEN, resident
from bench.server import SECRET, Api, Served, serving
from domain.actors import Role
from graph.keys import Secret
from graph.tokens import Tokens

MERCHANTS, SCREENS = 500, 10
READERS = 5
DEAF = 100
"""Sockets that subscribe and never read."""
TRANSITIONS = 100
"""A second."""
ORDERS = 60
MUCH = "subscription {{ orderEvents {{ ... on OrderStateChanged {{ {} }} }} }}".format(
    " ".join(f"a{number}: labels {{ audience label code date }}" for number in range(45))
)
"""Some 10 KB an event, so that what nobody reads has to go somewhere."""


def run() -> None:
    """Print what was found. Takes three minutes."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        asyncio.run(_measure(server))


async def _measure(server: Served) -> None:
    tokens = Tokens(Secret(SECRET.encode()), issuer="orderflow", audience="orderflow")
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=30, verify=False) as http:  # noqa: S501
        minted = {role: tokens.mint(role) for role in (Role.PAYMENTS, Role.MARKETPLACE)}
        minted[Role.MERCHANT] = tokens.mint(Role.MERCHANT, merchant_id="m1")
        api = Api(server.address, http, minted)
        await api.ask(Role.MARKETPLACE, REGISTER)
        marketplace = api.tokens[Role.MARKETPLACE]
        await _at_a_rate(api, marketplace, await _placed(api), "nobody else listens")
        before = resident(server.pid)
        async with AsyncExitStack() as stack:
            for _ in range(DEAF):
                deaf = await stack.enter_async_context(
                    _subscribed(server.address, marketplace, MUCH, deaf=True)
                )
                deaf.transport.pause_reading()
            await _at_a_rate(api, marketplace, await _placed(api), f"{DEAF} sockets fill up")
            await _at_a_rate(api, marketplace, await _placed(api), f"{DEAF} sockets never read")
            print(f"feed: {DEAF} sockets that never read cost {resident(server.pid) - before} KB")
        await _at_a_rate(api, marketplace, await _placed(api), "nobody else listens again")
        await _count_memory(server, tokens)


async def _count_memory(server: Served, tokens: Tokens) -> None:
    minted = [tokens.mint(Role.MERCHANT, merchant_id=f"m{number}") for number in range(MERCHANTS)]
    before, start = resident(server.pid), time.perf_counter()
    async with AsyncExitStack() as stack:
        for _ in range(SCREENS):
            for at in range(0, MERCHANTS, 50):
                await asyncio.gather(
                    *(
                        stack.enter_async_context(_subscribed(server.address, token, LISTEN))
                        for token in minted[at : at + 50]
                    )
                )
        each = (resident(server.pid) - before) / (MERCHANTS * SCREENS)
        seconds = time.perf_counter() - start
        print(
            f"feed: {MERCHANTS * SCREENS} subscribers of one process, {each:.1f} KB each, in {seconds:.0f} s"
        )


async def _placed(api: Api) -> list[str]:
    return [(await api.ask(Role.MARKETPLACE, PLACE))["done"]["order"]["reference"] for _ in range(ORDERS)]


async def _at_a_rate(api: Api, token: str, orders: Sequence[str], while_: str) -> None:
    """Play each order's story, so many transitions a second whatever the answers take."""
    committed: dict[tuple[str, int], float] = {}
    heard: list[tuple[tuple[str, int], float]] = []

    turns = {order: asyncio.Lock() for order in orders}

    async def change(order: str, role: Role, document: str, ending: str) -> None:
        async with turns[order]:
            answer = await api.ask(role, document, order=f"{order}{ending}")
        committed[order, answer["done"]["order"]["version"]] = time.perf_counter()

    async def read(reader: ClientConnection) -> None:
        async for message in reader:
            event = json.loads(message).get("payload", {}).get("data", {}).get("orderEvents", {})
            if event.get("order"):
                heard.append(((event["order"]["reference"], event["version"]), time.perf_counter()))

    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(_subscribed(api.address, token, LISTEN)) for _ in range(READERS)
        ]
        reading = [asyncio.create_task(read(reader)) for reader in readers]
        pause, start = ROWS / len(STORY) / TRANSITIONS, time.perf_counter()
        changes: list[asyncio.Task[None]] = []
        # Ten orders at a time, so that seldom a change waits for the one before it.
        steps = [
            (order, step)
            for wave in range(0, len(orders), 10)
            for step in STORY
            for order in orders[wave : wave + 10]
        ]
        for number, (order, step) in enumerate(steps):
            await asyncio.sleep(max(0.0, start + number * pause - time.perf_counter()))
            changes.append(asyncio.create_task(change(order, *step)))
        await asyncio.gather(*changes)
        seconds = time.perf_counter() - start
        await asyncio.sleep(1)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    late = sorted(max(0.0, at - committed[key]) for key, at in heard if key in committed)
    middle, most = (1000 * late[len(late) * part // 100] for part in (50, 99))
    rate = ROWS * len(orders) / seconds
    print(
        f"feed: {rate:.0f} transitions/s, {READERS} readers, {while_}: "
        f"commit to received p50 {middle:.0f} ms, p99 {most:.0f} ms ({len(late)} events)"
    )


@asynccontextmanager
async def _subscribed(
    address: str, token: str, query: str, *, deaf: bool = False
) -> AsyncGenerator[ClientConnection]:
    """A socket on which the subscription runs."""
    host, _, port = address.partition(":")
    raw = socket.create_connection((host, int(port)))
    if deaf:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    async with connect(
        f"ws://{address}/graphql",
        sock=raw,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        compression=None,
        ping_interval=None,
        close_timeout=0.1,
        open_timeout=60,
    ) as opened:
        await opened.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
        await opened.recv()
        await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        if not deaf:
            await opened.recv()
        yield opened
