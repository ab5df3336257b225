"""What a WebSocket's frames and the way to one may cost is bounded, and no client's mistake is logged."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import product
from typing import cast

import pytest
import uvicorn
from strawberry.http.streaming import SSETransport
from websockets.frames import Close, Frame, Opcode

from graph import http_protocol, socket_protocol, streams
from graph.http_protocol import BoundedHead
from graph.socket_protocol import MOST_CONTROLS, MOST_FRAGMENTS, BoundedSocket
from tests.transport import api, has_ended

UPGRADE = b"host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
KEY = b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\n" + UPGRADE + KEY + b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)
ALIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
SUBSCRIBE = b'GET /graphql/stream?query=subscription{forever(name:"%s")} HTTP/1.1\r\nhost: x\r\n\r\n'

KEPT = 16_384
"""Bytes that the system keeps for each side that does not read."""


class Client:
    """A connection to a server."""

    def __init__(
        self, server: uvicorn.Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """The next answer's status and headers."""
        async with asyncio.timeout(5):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def status(self) -> bytes:
        """The status of the only answer, after which the server closes."""
        async with asyncio.timeout(5):
            return (await self.reader.read()).split()[1]

    async def frame(self) -> tuple[Opcode, bytes]:
        """What the server says next, where that is short."""
        async with asyncio.timeout(5):
            first, length = await self.reader.readexactly(2)
            return Opcode(first & 0x0F), await self.reader.readexactly(length)

    async def close(self) -> int:
        """The code with which the server closes, which it does in fact."""
        opcode, payload = await self.frame()
        while opcode is not Opcode.CLOSE:
            opcode, payload = await self.frame()
        async with asyncio.timeout(5):
            assert await self.reader.read() == b""
        return Close.parse(payload).code

    @property
    def connection(self) -> BoundedSocket:
        """The server's side."""
        (connection,) = cast("set[BoundedSocket]", self.server.server_state.connections)
        return connection

    async def fill(self) -> None:
        """Ask for more than is kept on the way, and read nothing."""
        for _ in range(20):
            self.tell(Opcode.PING, b"x" * 125, times=800)
            await self.writer.drain()

    def tell(self, opcode: Opcode, payload: bytes = b"", *, fin: bool = True, times: int = 1) -> None:
        self.writer.write(Frame(opcode, payload, fin).serialize(mask=True) * times)


@asynccontextmanager
async def connected(sent: bytes = b"") -> AsyncGenerator[Client]:
    """A client of a server on a free port that has sent this."""
    config = uvicorn.Config(
        api(),
        port=0,
        http=BoundedHead,
        ws=BoundedSocket,
        ws_max_size=16_384,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - a flag is all that uvicorn offers
        await asyncio.sleep(0.005)
    sock, listening = socket.socket(), server.servers[0].sockets[0]
    for each, kept in product((sock, listening), (socket.SO_RCVBUF, socket.SO_SNDBUF)):
        each.setsockopt(socket.SOL_SOCKET, kept, KEPT)
    sock.connect(listening.getsockname()[:2])
    reader, writer = await asyncio.open_connection(sock=sock, limit=KEPT)
    writer.write(sent)
    try:
        yield Client(server, reader, writer)
    finally:
        writer.close()
        server.should_exit = True
        await running


@asynccontextmanager
async def opened() -> AsyncGenerator[Client]:
    """A client whose WebSocket is open."""
    async with connected(HANDSHAKE) as client:
        assert b" 101 " in await client.head()
        yield client


async def test_a_message_that_never_ends_is_not_waited_for_though_its_frames_are_empty() -> None:
    async with opened() as client:
        client.tell(Opcode.TEXT, fin=False)
        client.tell(Opcode.CONT, fin=False, times=MOST_FRAGMENTS)
        assert await client.close() == 1008


async def test_every_message_may_come_in_some_frames() -> None:
    async with opened() as client:
        for message in (b'{"type": "connection_init"}', b'{"type": "ping"}', b'{"type": "ping"}'):
            client.tell(Opcode.TEXT, message, fin=False)
            client.tell(Opcode.CONT, fin=False, times=MOST_FRAGMENTS - 2)
            client.tell(Opcode.CONT)
            assert (await client.frame())[0] is Opcode.TEXT


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
async def test_who_sends_nothing_but_pings_or_pongs_is_turned_away(opcode: Opcode) -> None:
    async with opened() as client:
        client.tell(opcode, times=10 * MOST_CONTROLS)
        assert await client.close() == 1008


async def test_a_flood_is_not_read_to_its_end_before_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Counting(BoundedSocket):
        def handle_events(self) -> None:
            read.append(len(self.conn.events))
            super().handle_events()

    monkeypatch.setattr(f"{__name__}.BoundedSocket", Counting)
    async with opened() as client:
        client.tell(Opcode.PONG, times=2_000)  # as much as the server reads at once
        assert await client.close() == 1008
    assert sum(read) < 1000


async def test_a_client_that_pings_and_does_not_read_fills_no_memory_and_hears_the_last_pong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket_protocol, "MOST_CONTROLS", 1_000_000)
    async with opened() as client:
        await client.fill()
        client.tell(Opcode.PING, b"the last")
        await client.writer.drain()
        assert client.connection.transport.get_write_buffer_size() < 500_000
        while (await client.frame())[1] != b"the last":
            pass


async def test_a_client_that_is_turned_away_and_does_not_read_it_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket_protocol, "MOST_CONTROLS", 1_000_000)
    async with opened() as client:
        await client.fill()
        client.connection.close_timeout = 0.05
        client.tell(Opcode.TEXT, b"\xff\xfe")
        async with asyncio.timeout(5):
            while client.server.server_state.connections:  # noqa: ASYNC110 - nothing tells of its end
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /graphql HTTP/1.1\r\n" + UPGRADE + KEY + b"x-a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /graphql?" + b"x" * 9000 + b" HTTP/1.1\r\n" + UPGRADE + KEY + b"\r\n", b"414"),
        (b"GET /graphql HTTP/1.1\r\n" + UPGRADE + KEY + b"content-length: 5\r\n\r\n", b"400"),
        (b"POST /graphql HTTP/1.1\r\n" + UPGRADE + b"transfer-encoding: chunked\r\n\r\n", b"400"),
    ],
    ids=["many headers", "a long address", "a body", "a body in chunks"],
)
async def test_a_request_that_opens_no_socket_is_answered_and_its_connection_closed(
    sent: bytes, status: bytes
) -> None:
    async with connected(sent) as client:
        assert await client.status() == status


async def test_an_open_socket_is_not_closed_when_the_time_for_its_head_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    async with opened() as client:
        await asyncio.sleep(0.2)
        client.tell(Opcode.PING, b"still there")
        assert await client.frame() == (Opcode.PONG, b"still there")


async def test_a_text_that_is_none_closes_with_1007_and_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened() as client:
        client.tell(Opcode.TEXT, b"\xff\xfe")
        assert await client.close() == 1007
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_an_answer_ends_when_its_client_is_gone_though_more_was_asked_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "transport", SSETransport(0.02))
    async with connected(SUBSCRIBE % b"before%20a%20request") as client:
        await client.reader.readuntil(b"started")
        client.writer.write(ALIVE)
        await client.reader.readuntil(b"still here")
        client.writer.transport.abort()
        await has_ended("before a request")


async def test_no_socket_is_opened_where_an_answer_is_on_its_way() -> None:
    async with connected(SUBSCRIBE % b"before%20a%20socket") as client:
        await client.reader.readuntil(b"started")
        client.writer.write(HANDSHAKE)
        async with asyncio.timeout(5):
            assert b" 101 " not in await client.reader.read()
        await has_ended("before a socket")
