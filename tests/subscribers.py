"""Subscribers over WebSocket and SSE that keep their last cursor, and what can be done to their connections.

They connect to any address they are given and go on wherever they were cut off; they must not know why.
"""

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from tests.transport import PROTOCOL

EVENT = """cursor seq at event party unit source target role reason version order { id reference }
  labels { audience code label date }"""
LISTEN = f"""subscription ($after: Cursor) {{ orderEvents(after: $after) {{ __typename
  ... on OrderStateChanged {{ {EVENT} }} ... on Heartbeat {{ cursor }}
  ... on Lagged {{ cursor }} }} }}"""

CUT_OFF = (OSError, httpx.HTTPError, ConnectionClosed, InvalidHandshake)
"""What a client meets when the server or the connection is gone."""
AGAIN_SECONDS = 0.2
SMALL_WINDOW = 4096
"""Bytes that a connection takes in before its reader reads: what more comes piles up at the server."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing throws away what was not sent and tells the other side by a reset."""

Answer = dict[str, Any]


class Subscriber:
    """One scope's events, read to wherever `stop` is called; `told` are the events, oldest first.

    `entry`: where the API lists the orders of this scope.
    """

    def __init__(
        self, entry: str, token: str, addresses: Callable[[], list[str]], chance: Random, *, socket: bool
    ) -> None:
        self.entry = entry
        self.token = token
        self.told: list[Answer] = []
        self.start: str | None = None
        self.came: Counter[str] = Counter()
        self._addresses = addresses
        self._chance = chance
        self._listen = self._by_socket if socket else self._by_events
        self._cursor: str | None = None
        self._awake = asyncio.Event()
        self._awake.set()
        self._connection: asyncio.Task[None] | None = None
        self._reset: Callable[[], None] | None = None
        self._stopped = False

    async def run(self) -> None:
        """Stay subscribed, at a random address each time, until stopped."""
        while not self._stopped:
            address = self._chance.choice(self._addresses())
            self._connection = asyncio.create_task(self._listen(address))
            try:
                await asyncio.wait({self._connection})
            finally:
                self._connection.cancel()
            error = None if self._connection.cancelled() else self._connection.exception()
            if error and not isinstance(error, CUT_OFF):
                raise error
            self._reset = None
            self.came["connections"] += 1
            await asyncio.sleep(AGAIN_SECONDS)

    def stop(self) -> None:
        """End for good."""
        self._stopped = True
        self.close()

    def close(self) -> None:
        """Take leave of the server as its protocol wants."""
        if self._connection:
            self._connection.cancel()

    def abort(self) -> None:
        """Drop the connection as a network does; a connection that is still being made is just left."""
        if self._reset:
            with suppress(OSError):  # it is gone already
                self._reset()
        else:
            self.close()

    def stall(self, seconds: float) -> None:
        """Read nothing for so long, while the connection stays."""
        self._awake.clear()
        asyncio.get_running_loop().call_later(seconds, self._awake.set)

    async def _by_socket(self, address: str) -> None:
        host, _, port = address.partition(":")
        raw = socket.socket()
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        try:
            await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        except BaseException:
            raw.close()
            raise
        connecting = connect(
            f"ws://{address}/graphql",
            sock=raw,
            subprotocols=[Subprotocol(PROTOCOL)],
            compression=None,
            ping_interval=None,  # who does not read does not see the answer
            close_timeout=1,
            max_queue=1,
            proxy=None,
        )
        async with connecting as connection:

            def reset() -> None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.transport.abort()

            self._reset = reset
            await connection.send(json.dumps({"type": "connection_init", "payload": {"token": self.token}}))
            payload = {"query": LISTEN, "variables": {"after": self._cursor}}
            await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            async for text in connection:
                message = json.loads(text)
                match message["type"]:
                    case "connection_ack":
                        pass
                    case "ping":
                        await connection.send('{"type": "pong"}')
                    case "next":
                        self._take(message["payload"])
                    case "complete":
                        return
                    case _:
                        raise AssertionError(message)
                await self._awake.wait()

    async def _by_events(self, address: str) -> None:
        window = (socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        async with (
            httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(socket_options=[window], verify=False),
                timeout=httpx.Timeout(10, read=None),
            ) as http,
            http.stream(
                "POST",
                f"http://{address}/graphql",
                json={"query": LISTEN, "variables": {"after": self._cursor}},
                headers={"authorization": f"Bearer {self.token}", "accept": "text/event-stream"},
            ) as response,
        ):
            assert response.status_code == 200, await response.aread()
            raw = response.extensions["network_stream"].get_extra_info("socket")

            def reset() -> None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.close()

            self._reset = reset
            event = ""
            async for line in response.aiter_lines():
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:") and event == "next":
                    self._take(json.loads(line.removeprefix("data:")))
                elif not line and event == "complete":
                    return
                await self._awake.wait()

    def _take(self, payload: Answer) -> None:
        assert "errors" not in payload, f"{self.entry}: {payload['errors']}"
        event = payload["data"]["orderEvents"]
        self._cursor = event["cursor"]
        kind = event.pop("__typename")
        self.came[kind] += 1
        if kind == "OrderStateChanged":
            self.told.append(event)
        elif self.start is None:
            assert kind == "Heartbeat", event
            self.start = event["cursor"]
