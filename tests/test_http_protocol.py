"""What comes before and after a request's body is bounded, in bytes and in time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from graph import http_protocol
from graph.http_protocol import LONGEST_HEAD, BoundedHead
from tests.transport import api

BODY = b'{"query": "{ who }"}'
HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
LENGTH = b"content-length: %d\r\n\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"
PIECE = 16_384
"""Bytes that the server reads at once."""


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server on a free port that has said nothing yet."""
    config = uvicorn.Config(api(), port=0, http=BoundedHead, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - a flag is all that uvicorn offers
        await asyncio.sleep(0.005)
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await running


async def status(reader: asyncio.StreamReader) -> bytes:
    """The status of the next answer, which is read to its end."""
    async with asyncio.timeout(5):
        line = await reader.readline()
        length = 0
        while header := (await reader.readline()).strip().lower():
            if header.startswith(b"content-length:"):
                length = int(header.partition(b":")[2])
        await reader.readexactly(length)
    return line.split()[1]


async def drip(writer: asyncio.StreamWriter, sent: bytes) -> None:
    """Write in pieces, each of which the server reads by itself."""
    for at in range(0, len(sent), PIECE):
        writer.write(sent[at : at + PIECE])
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"x-filler: " + b"x" * LONGEST_HEAD,
        HEAD + b"x-a: b\r\n" * (LONGEST_HEAD // 8),
        b"GET /" + b"x" * LONGEST_HEAD,
        CHUNKED + b"0\r\n" + b"x-a: b\r\n" * ((LONGEST_HEAD + PIECE) // 8),
        CHUNKED + b"0\r\nx-filler: " + b"x" * (LONGEST_HEAD + PIECE),
        CHUNKED + b"1;" + b"x" * (LONGEST_HEAD + PIECE),
    ],
    ids=["a header", "headers", "an address", "trailers", "a trailer", "a chunk's extension"],
)
async def test_what_never_ends_is_refused_before_it_fills_the_memory(sent: bytes) -> None:
    async with connected() as (reader, writer):
        await drip(writer, sent)
        assert await status(reader) == b"431"


async def test_headers_that_never_end_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    async with connected() as (reader, writer):
        writer.write(HEAD)
        assert await status(reader) == b"408"


async def test_a_connection_on_which_nothing_is_said_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    async with connected() as (reader, _):
        assert await status(reader) == b"408"


async def test_a_body_may_be_longer_and_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    body = BODY + b" " * 4 * LONGEST_HEAD
    async with connected() as (reader, writer):
        writer.write(HEAD + LENGTH % len(body) + body[:1000])
        await asyncio.sleep(0.2)
        writer.write(body[1000:])
        assert await status(reader) == b"200"


async def test_each_request_of_a_connection_is_counted_by_itself() -> None:
    request = HEAD + b"x-filler: " + b"x" * (LONGEST_HEAD // 2) + b"\r\n" + LENGTH % len(BODY) + BODY
    async with connected() as (reader, writer):
        for _ in range(3):
            await drip(writer, request)
            assert await status(reader) == b"200"


async def test_what_was_read_with_the_end_of_a_request_does_not_count_for_the_next() -> None:
    body = BODY + b" " * 2 * LONGEST_HEAD
    request = HEAD + LENGTH % len(body) + body
    async with connected() as (reader, writer):
        writer.write(request + request[:20])
        assert await status(reader) == b"200"
        writer.write(request[20:])
        assert await status(reader) == b"200"


async def test_a_body_may_come_in_many_small_chunks() -> None:
    body = BODY + b" " * (LONGEST_HEAD // 4)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    async with connected() as (reader, writer):
        await drip(writer, HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert await status(reader) == b"200"
