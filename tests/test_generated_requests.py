"""Requests that nobody would write, in great number, to a real server: it answers each as it says it does.

`ORDERFLOW_EXAMPLES=20000` sends so many instead of a few hundred.
"""

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import strategies as st

from tests.generating import (
    EXAMPLES,
    MUTATIONS,
    QUERIES,
    SUBSCRIPTIONS,
    WILD_TEXTS,
    Asked,
    json_values,
    operations,
    tried,
)
from tests.trading import PEOPLE
from tests.watching import Watched, check_response, watching

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"
NOT_HTTP = b"Invalid HTTP request received."
"""What uvicorn says, in its own words, before any of ours is asked."""

ROUND = 200
"""Requests to one shop; by then most of its orders have come to their ends, and a new one opens."""

_QUIET = 0.06  # seconds without a word after which a stream is taken to wait for events


class Sent(NamedTuple):
    """A request as its bytes say it; names of things are in its target, headers and body."""

    who: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def over_the_wire(self, shop: Watched) -> bytes:
        """The bytes: framed as HTTP asks for, whatever else is wrong with them."""
        body = shop.filled(self.body.decode("latin-1"), self.who).encode("latin-1")
        framing = (("Host", shop.address), ("Connection", "close"), ("Content-Length", f"{len(body)}"))
        headers = "".join(f"{name}: {value}\r\n" for name, value in (*framing, *self.headers))
        head = f"{self.method} {self.target} HTTP/1.1\r\n{headers}\r\n"
        return shop.filled(head, self.who).encode("latin-1") + body


class Reply(NamedTuple):
    """What came back. A stream of events is read until it has nothing to say for a moment."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0]


def token(who: str) -> tuple[tuple[str, str], ...]:
    """The header that says who asks."""
    return (("Authorization", "Bearer @token@"),) if PEOPLE[who] else ()


def posted(asked: Asked, accept: str, path: str = "/graphql") -> Sent:
    """The operation as clients send it."""
    headers = (("Content-Type", JSON), ("Accept", accept), *token(asked.who))
    body = json.dumps({"query": asked.query, "variables": asked.variables}).encode()
    return Sent(asked.who, "POST", path, headers, body)


def in_url(asked: Asked, accept: str, path: str) -> Sent:
    """The operation as parameters of a URL."""
    parameters = {"query": asked.query, "variables": json.dumps(asked.variables)}
    # The names of things are filled in later: they have to be readable in the URL.
    target = f"{path}?{urlencode(parameters, safe='@:')}"
    return Sent(asked.who, "GET", target, (("Accept", accept), *token(asked.who)), b"")


_media = st.sampled_from([JSON, GRAPHQL_JSON, EVENTS, "text/html", "*/*", "", "a/b", f"{JSON};q=0", "q=,;/"])
_paths = st.sampled_from(["/graphql", "/graphql", "/graphql/stream", "/graphql/", "/", "/nothing"])
_printable = st.characters(max_codepoint=255, exclude_categories=["Cc"])
_header_texts = st.text(_printable, max_size=30) | st.sampled_from(["\t", "\x00", "\x7f", "\x1b[31m"])
_anything = operations(QUERIES + MUTATIONS + SUBSCRIPTIONS)
_operation_like = st.fixed_dictionaries(
    {"query": json_values | st.just("{ viewer { sub } }")},
    optional=dict.fromkeys(("variables", "operationName", "extensions", "id", ""), json_values),
)


def _cut(asked: Asked) -> bytes:
    return posted(asked, JSON).body[:-7]


_bodies = st.one_of(
    st.binary(max_size=60),
    json_values.map(json.dumps).map(str.encode),
    _operation_like.map(json.dumps).map(str.encode),
    st.lists(_operation_like, max_size=3).map(json.dumps).map(str.encode),
    st.sampled_from(WILD_TEXTS).map(lambda text: json.dumps({"query": text}, ensure_ascii=False).encode()),
    _anything.map(_cut),
    _anything.map(lambda asked: posted(asked, JSON).body),
    _anything.map(lambda asked: posted(asked, JSON).body.decode().encode("utf-16")),
    st.sampled_from(
        [b"[" * 50_000, b'{"a":' * 50_000, b"\xef\xbb\xbf{}", b"x" * 1_000_001, b"1e999", b"NaN"]
    ),
)
_headers = st.lists(
    st.one_of(
        st.tuples(st.just("Accept"), _media | _header_texts),
        st.tuples(st.just("Idempotency-Key"), st.sampled_from(["key-1", "k" * 256]) | _header_texts),
        st.tuples(st.just("Authorization"), st.sampled_from(["Bearer", "Bearer a.b.c"]) | _header_texts),
        st.tuples(
            st.sampled_from(["Origin", "Cookie", "X-Request-Id", "traceparent", "Content-Encoding", "Range"]),
            _header_texts,
        ),
    ),
    max_size=3,
)


@st.composite
def hostile(draw: st.DrawFn) -> Sent:
    """A request of which anything may be wrong but its framing."""
    who = draw(st.sampled_from([*PEOPLE]))
    method = draw(
        st.sampled_from(["POST"] * 6 + ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"])
    )
    kind = draw(
        st.sampled_from([JSON] * 6 + ["application/x-www-form-urlencoded", "multipart/form-data", ""])
    )
    query = draw(
        st.just("")
        | st.binary(max_size=20).map(quote_from_bytes)
        | _operation_like.map(lambda fields: urlencode(fields, errors="surrogatepass"))
    )
    headers = (("Content-Type", kind), *draw(_headers), *(token(who) if draw(st.booleans()) else ()))
    return Sent(who, method, f"{draw(_paths)}?{query}", headers, draw(_bodies))


_kinds = {
    "query": st.builds(posted, operations(QUERIES), st.sampled_from([JSON, GRAPHQL_JSON])),
    "mutation": st.builds(posted, operations(MUTATIONS), st.sampled_from([JSON, GRAPHQL_JSON])),
    "stream": st.builds(posted, _anything, st.just(EVENTS), st.sampled_from(["/graphql", "/graphql/stream"])),
    "url": st.builds(in_url, _anything, _media, st.sampled_from(["/graphql", "/graphql/stream"])),
    "hostile": hostile(),
}
requests = st.sampled_from([*_kinds, "query", "mutation", "mutation", "mutation"]).flatmap(_kinds.__getitem__)
"""What is sent: operations as they should be, as they should not be, and what is none."""


async def replied(shop: Watched, sent: Sent) -> Reply:
    """Send it over a connection of its own. Fails when nothing, or half an answer, comes back."""
    host, port = shop.address.split(":")
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(sent.over_the_wire(shop))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.splitlines()
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            reply = Reply(int(status.split()[1]), headers, b"")
            if sent.method == "HEAD":
                return reply
            if reply.media == EVENTS:
                return reply._replace(body=await _events(reader))
            if length := headers.get("content-length"):
                return reply._replace(body=await reader.readexactly(int(length)))
            return reply._replace(body=await reader.read())
        finally:
            writer.close()


async def _events(reader: asyncio.StreamReader) -> bytes:
    read = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), _QUIET if read else 5 * _QUIET):
            read += chunk
    except TimeoutError:
        pass
    return read


def check(sent: Sent, reply: Reply) -> list[Any]:
    """The reply is one that the API says it gives; returns the responses in it."""
    assert 200 <= reply.status < 500
    assert reply.status != 429, "no rate is limited here"
    if sent.method == "HEAD":
        return []
    match reply.media:
        case "application/json" | "application/graphql-response+json":
            responses = [json.loads(reply.body)]
            assert reply.status < 400 or "data" not in responses[0]
        case "text/event-stream":
            said = [line[5:] for line in reply.body.decode().splitlines() if line.startswith("data:")]
            responses = [json.loads(each) for each in said if each.strip()]
        case "text/plain":
            assert reply.status == 400
            assert NOT_HTTP in reply.body
            return []
        case "text/html":
            assert sent.method == "GET"
            return []
        case media:
            assert reply.status in (204, 304, 307), media
            assert not reply.body
            return []
    for each in responses:
        check_response(each)
    return responses


@pytest.mark.parametrize("number", range(-(-EXAMPLES // ROUND)))
def test_whatever_is_asked_gets_an_answer_without_a_bug_or_a_secret_in_it(
    number: int, embedded_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[bool] = []
    read: set[str] = set()

    async def attempt(shop: Watched, sent: Sent) -> None:
        reply = await replied(shop, sent)
        responses = check(sent, reply)
        shop.check_secrets(sent.who, sent.body.decode("latin-1") + sent.target, reply.body.decode())
        ran.append(any(response.get("data") for response in responses))
        read.update(shop.read)

    with watching(embedded_uri, caplog, attempt) as attempted:
        tried(requests, attempted, min(ROUND, EXAMPLES), first=number * ROUND)
    assert sum(ran) > len(ran) / 4, "most of it was refused at the door"
    assert read, "nobody read even what is their own"
