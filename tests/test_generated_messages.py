"""Messages that no client would send, in any order, to a real WebSocket: it says why and closes, or goes on.

`ORDERFLOW_EXAMPLES=20000` sends some fifteen thousand instead of a few hundred.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.generating import EXAMPLES, MUTATIONS, QUERIES, SUBSCRIPTIONS, json_values, operations, tried
from tests.trading import PEOPLE
from tests.transport import socket
from tests.watching import Watched, check_errors, check_response, watching

CONVERSATIONS = max(EXAMPLES // 8, 1)
"""Each on a socket of its own, of about six messages."""

ROUND = 50
"""Conversations with one shop."""

NOT_UTF8, TOO_BIG = 1007, 1009
"""Codes of WebSocket itself."""

_IDS = st.sampled_from(["1", "2", "3", "4", "5", " ", "é", "\0", "i" * 200])
_PAUSE = 0.03  # seconds to hear something, where hearing it in the middle is all that matters


class Frame(NamedTuple):
    """What is sent. `malformed`: it is no message of the protocol; without, nothing is promised of it."""

    data: str | bytes
    malformed: bool = False
    code: int = 0  # with which WebSocket refuses it, before the protocol on it is asked
    type: str = ""
    id: str = ""
    listens: bool = False


class Talk(NamedTuple):
    """A conversation: frames, and pauses (None) in which to listen; `leaves` without a word at its end."""

    who: str
    steps: list[Frame | None]
    leaves: bool


def message(**fields: Any) -> Frame:
    """A message of the protocol, as far as its form goes."""
    listens = "subscription" in str(fields.get("payload"))
    return Frame(json.dumps(fields), type=fields["type"], id=fields.get("id", ""), listens=listens)


PING = message(type="ping")


def wrong(value: Any) -> Frame:
    """JSON that is no message of the protocol."""
    return Frame(json.dumps(value), malformed=True)


def greeting(who: str) -> Frame:
    """What says who connects."""
    return message(type="connection_init", payload={"token": "@token@"} if PEOPLE[who] else {})


_payloads = st.none() | st.dictionaries(st.text(max_size=5), st.booleans() | st.text("ab"), max_size=3)
_not_objects = st.integers() | st.booleans() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
_not_texts = st.none() | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2) | st.just("")
_malformed = st.one_of(
    json_values.filter(lambda value: not isinstance(value, dict)).map(wrong),
    st.fixed_dictionaries({"type": st.none() | json_values.filter(lambda v: not isinstance(v, str))}).map(
        wrong
    ),
    st.builds(
        lambda kind: wrong({"id": "1", "type": kind, "payload": {}}),
        st.sampled_from(
            ["next", "error", "connection_ack", "start", "stop", "connection_terminate", "", "PING"]
        ),
    ),
    st.builds(lambda id: wrong({"id": id, "type": "complete"}), _not_texts),
    st.builds(
        lambda id: wrong({"id": id, "type": "subscribe", "payload": {"query": "{ viewer { sub } }"}}),
        _not_texts,
    ),
    st.builds(
        lambda payload: wrong({"id": "1", "type": "subscribe", "payload": payload}),
        st.none() | _not_objects | st.fixed_dictionaries({"query": _not_texts.filter(lambda v: v != "")}),
    ),
    st.builds(
        lambda name, value: wrong(
            {"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { sub } }", name: value}}
        ),
        st.sampled_from(["variables", "extensions"]),
        _not_objects,
    ),
    st.builds(
        lambda kind, value: wrong({"type": kind, "payload": value}),
        st.sampled_from(["ping", "pong", "connection_init"]),
        _not_objects,
    ),
    st.sampled_from(
        ["", "{", "hello", "[" * 20_000, '{"type": "ping"}}', "\ufeff{}", '{"type": "\\ud800"}']
    ).map(lambda text: Frame(text, malformed=True)),
    st.binary(max_size=20).map(lambda data: Frame(data, malformed=True)),
    st.just(Frame(b"\xff\xfe{", malformed=True, code=NOT_UTF8)),
    st.just(Frame("x" * 65_537, malformed=True, code=TOO_BIG)),
)


_asked = operations(QUERIES + MUTATIONS + SUBSCRIPTIONS * 30).map(
    lambda asked: {"query": asked.query, "variables": asked.variables}
)
_STEPS: dict[str, st.SearchStrategy[Frame | None]] = {
    "subscribe": st.builds(lambda id, asked: message(id=id, type="subscribe", payload=asked), _IDS, _asked),
    "complete": st.builds(lambda id: message(id=id, type="complete"), _IDS),
    "ping": st.builds(lambda payload: message(type="ping", payload=payload), _payloads),
    "pong": st.builds(lambda payload: message(type="pong", payload=payload), _payloads),
    "pause": st.none(),
}
_LIKELY = ["subscribe"] * 6 + ["complete"] * 2 + ["pause"] * 2 + ["ping", "pong"]


@st.composite
def talks(draw: st.DrawFn) -> Talk:
    """A conversation that mostly begins as it should, and is mostly spoilt at one place or none."""
    who = draw(st.sampled_from([*PEOPLE]))
    steps: list[Frame | None] = [greeting(who)] if draw(st.integers(0, 9)) < 9 else []
    kinds = draw(st.lists(st.sampled_from(_LIKELY), min_size=2, max_size=10))
    steps += [draw(_STEPS[kind]) for kind in kinds]
    if draw(st.integers(0, 2)) == 2:
        steps.insert(draw(st.integers(1, len(steps))), draw(_malformed | st.just(greeting(who))))
    return Talk(who, steps, draw(st.integers(0, 5)) == 5)


class Conversation:
    """One socket, everything that was heard on it, and what it was told."""

    def __init__(self, shop: Watched, who: str, ws: ClientConnection) -> None:
        self._shop = shop
        self._who = who
        self._ws = ws
        self._told = ""
        self._pings = 0
        self._listens = False
        self._running: set[str] = set()
        self.got_through = 0

    async def tell(self, frame: Frame) -> None:
        """Send it. Raises ConnectionClosed."""
        if isinstance(frame.data, str):
            self._told += frame.data
            self._pings += frame.type == "ping"
            self._listens |= frame.listens
            if frame.type == "subscribe" and not frame.listens:
                self._running.add(frame.id)
            if frame.type == "complete":
                self._running.discard(frame.id)
            await self._ws.send(self._shop.filled(frame.data, self._who))
        else:
            await self._ws.send(frame.data, text=frame.code == NOT_UTF8)

    async def hear(self) -> Any:
        """One message, checked. Raises ConnectionClosed."""
        heard = await self._ws.recv()
        assert isinstance(heard, str), "frames are text"
        self._shop.check_secrets(self._who, self._told, heard)
        said = json.loads(heard)
        match said["type"]:
            case "next":
                check_response(said["payload"])
                self.got_through += bool(said["payload"].get("data"))
            case "error":
                check_errors(said["payload"])
                self._running.discard(said["id"])
            case "complete":
                self._running.discard(said["id"])
            case "pong":
                self._pings -= 1
            case kind:
                assert kind == "connection_ack", said
        return said

    async def to_the_end(self) -> None:
        """Hear all until every message is read, every query and mutation answered, or the socket closed."""
        await self.tell(PING)
        while self._pings or self._running:
            await self.hear()
        with suppress(TimeoutError):
            while self._listens:
                await asyncio.wait_for(self.hear(), _PAUSE)


async def held(shop: Watched, talk: Talk) -> int:
    """Hold the conversation; returns how many of its operations got data."""
    malformed = False
    async with asyncio.timeout(30), socket(shop.address) as ws:
        conversation = Conversation(shop, talk.who, ws)
        with suppress(ConnectionClosed):
            for step in talk.steps:
                if step is None:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(conversation.hear(), _PAUSE)
                else:
                    malformed |= step.malformed
                    await conversation.tell(step)
            if talk.leaves:
                ws.transport.abort()
                return conversation.got_through
            await conversation.to_the_end()
        code = ws.close_code
    refused = {step.code for step in talk.steps if step}
    assert malformed <= (code is not None), "a malformed message leaves no socket open"
    assert code is None or 4400 <= code < 4500 or code in refused, f"closed with {code}"
    return conversation.got_through


async def still_answers(shop: Watched) -> None:
    """A new socket works."""
    async with asyncio.timeout(30), socket(shop.address) as ws:
        conversation = Conversation(shop, "m1", ws)
        await conversation.tell(greeting("m1"))
        assert (await conversation.hear())["type"] == "connection_ack"
        await conversation.tell(message(id="1", type="subscribe", payload={"query": "{ viewer { sub } }"}))
        assert (await conversation.hear())["payload"]["data"] == {"viewer": {"sub": "seller-1"}}


# graphql-core runs each field as a task: one that is canceled before its first step leaves the resolver that
# it was to await alone, of which Python warns. Nothing of it ran.
@pytest.mark.filterwarnings("ignore:coroutine .*_async_resolver' was never awaited:RuntimeWarning")
@pytest.mark.parametrize("number", range(-(-CONVERSATIONS // ROUND)))
def test_whatever_is_said_on_a_socket_it_answers_or_closes_with_a_reason_and_the_next_one_works(
    number: int, embedded_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    got_through: list[int] = []

    async def attempt(shop: Watched, talk: Talk) -> None:
        got_through.append(await held(shop, talk))
        await still_answers(shop)

    with watching(embedded_uri, caplog, attempt) as attempted:
        tried(talks(), attempted, min(ROUND, CONVERSATIONS), first=number * ROUND)
    assert sum(got_through) > len(got_through) / 8, "most of it was refused at the door"
