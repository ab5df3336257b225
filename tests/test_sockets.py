"""GraphQL over WebSocket (graphql-transport-ws) against a real server, as clients and attackers meet it."""

import asyncio
import gc
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from graphql.execution.collect_fields import FieldDetails
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from domain.actors import Role
from graph.context import Context
from graph.requests import Operation
from graph.streams import results
from tests.logged import logged
from tests.transport import MERCHANT, SERVICES, TOKENS, api, bearer, has_ended, schema, serving, socket

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncGenerator[str]:
    async with serving() as started:
        yield started


async def tell(ws: ClientConnection, **message: Any) -> None:
    await ws.send(json.dumps(message))


async def hear(ws: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        message = await ws.recv()
    assert isinstance(message, str), "frames are text"
    return json.loads(message)


async def close_of(ws: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(5):
        await ws.wait_closed()
    assert ws.close_code is not None
    return ws.close_code, ws.close_reason or ""


async def subscribe(ws: ClientConnection, query: str, id: str = "1", **more: Any) -> None:
    await tell(ws, id=id, type="subscribe", payload={"query": query, **more})


@asynccontextmanager
async def connected(address: str, payload: Any = None, **options: Any) -> AsyncGenerator[ClientConnection]:
    """A socket past connection_ack."""
    async with socket(address, **options) as ws:
        await tell(ws, type="connection_init", **({"payload": payload} if payload is not None else {}))
        assert await hear(ws) == {"type": "connection_ack"}
        yield ws


async def who(ws: ClientConnection) -> str:
    await subscribe(ws, "{ who }")
    answer = await hear(ws)
    assert await hear(ws) == {"id": "1", "type": "complete"}
    return answer["payload"]["data"]["who"]


async def test_every_kind_of_operation_runs_and_ends_with_complete(address: str) -> None:
    async with connected(address) as ws:
        await subscribe(ws, "subscription ($n: Int!) { count(to: $n) }", variables={"n": 2})
        assert [await hear(ws) for _ in range(3)] == [
            {"id": "1", "type": "next", "payload": {"data": {"count": 0}}},
            {"id": "1", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "1", "type": "complete"},
        ]
        await subscribe(ws, "query A { key } mutation B { note(text: 1) } query C { who }", operationName="C")
        assert (await hear(ws))["type"] == "error"
        await subscribe(ws, 'query A { key } mutation B { note(text: "hi") }', operationName="B")
        assert (await hear(ws))["payload"]["data"] == {"note": "hi"}


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": f"Bearer {MERCHANT}"},
        {"Authorization": f"bearer {MERCHANT}"},
        {"token": MERCHANT},
    ],
    ids=["authorization", "Authorization", "token"],
)
async def test_the_token_in_connection_init_makes_the_principal(
    address: str, payload: dict[str, str]
) -> None:
    async with connected(address, payload) as ws:
        assert await who(ws) == "merchant m1"


async def test_the_handshakes_header_counts_when_connection_init_brings_no_token(address: str) -> None:
    async with connected(address, {}, additional_headers=bearer()) as ws:
        assert await who(ws) == "merchant m1"
    marketplace = TOKENS.mint(Role.MARKETPLACE)
    async with connected(address, {"token": marketplace}, additional_headers=bearer()) as ws:
        assert await who(ws) == "marketplace None"


async def test_without_a_token_the_asker_is_anonymous_and_the_resolvers_decide(address: str) -> None:
    async with connected(address) as ws:
        assert await who(ws) == "anonymous"
        await subscribe(ws, "{ mine }")
        answer = await hear(ws)
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"authorization": "Bearer nonsense"}, "Ask for a new one"),
        ({"authorization": MERCHANT}, "Bearer <token>"),
        ({"authorization": None}, "Bearer <token>"),
        ({"token": ""}, "Bearer <token>"),
        ({"token": {"a": 1}}, "Ask for a new one"),
        ({"token": TOKENS.mint(Role.PAYMENTS, ttl=timedelta(seconds=-1))}, "expired"),
    ],
    ids=["nonsense", "no scheme", "null", "empty", "an object", "expired"],
)
async def test_a_token_that_cannot_be_used_closes_the_socket_with_4403_and_a_reason(
    address: str, payload: dict[str, Any], reason: str
) -> None:
    async with socket(address) as ws:
        await tell(ws, type="connection_init", payload=payload)
        code, said = await close_of(ws)
    assert code == 4403
    assert reason in said


async def test_a_token_that_expires_ends_the_running_subscriptions_and_closes_with_4403(address: str) -> None:
    soon = TOKENS.mint(Role.MARKETPLACE, ttl=timedelta(seconds=2))
    async with connected(address, {"token": soon}) as ws:
        await subscribe(ws, 'subscription { forever(name: "expired socket") }')
        assert (await hear(ws))["payload"] == {"data": {"forever": "started"}}
        code, reason = await close_of(ws)
        await has_ended("expired socket")
    assert (code, reason) == (4403, "The token has expired. Ask for a new one and send that.")


async def test_a_client_that_says_nothing_is_closed_with_4408() -> None:
    async with serving(api(init_timeout=0.05)) as address, socket(address) as ws:
        assert (await close_of(ws))[0] == 4408


async def test_an_operation_before_connection_init_closes_with_4401_and_a_second_init_with_4429(
    address: str,
) -> None:
    async with socket(address) as ws:
        await subscribe(ws, "{ who }")
        assert (await close_of(ws))[0] == 4401
    async with socket(address) as ws:
        for _ in range(2):
            await tell(ws, type="connection_init")
        assert (await close_of(ws))[0] == 4429


async def test_two_operations_of_one_id_at_once_close_with_4409_and_an_id_is_free_again_after_complete(
    address: str,
) -> None:
    async with connected(address) as ws:
        for _ in range(2):
            assert await who(ws) == "anonymous"
        await subscribe(ws, 'subscription { forever(name: "twice") }')
        assert (await hear(ws))["type"] == "next"
        await subscribe(ws, "{ who }")
        assert (await close_of(ws))[0] == 4409
        await has_ended("twice")


@pytest.mark.parametrize("subprotocols", [None, ["graphql-ws"], ["something"]])
async def test_a_client_of_another_protocol_is_closed_with_4406(
    address: str, subprotocols: list[Any] | None
) -> None:
    async with socket(address, subprotocols=subprotocols) as ws:
        assert (await close_of(ws))[0] == 4406


MALFORMED: dict[str, str | bytes] = {
    "no JSON": "hello",
    "nothing": "",
    "an array": "[]",
    "a text": '"x"',
    "a number": "7",
    "null": "null",
    "no type": "{}",
    "a type that is no text": '{"type": 7}',
    "an unknown type": '{"type": "start"}',
    "bytes": b"\x00\x01",
    "nested 30,000 deep": "[" * 30_000,
    "nested 40 deep": '{"type": "ping", "payload": {"a": ' + "[" * 40 + "]" * 40 + "}}",
    "a lone surrogate": '{"type": "subscribe", "id": "1", "payload": {"query": "{ \\ud800 }"}}',
    "an init payload that is a text": '{"type": "connection_init", "payload": "x"}',
    "an init payload that is a list": '{"type": "connection_init", "payload": []}',
    "a ping payload that is a number": '{"type": "ping", "payload": 7}',
    "subscribe without an id": '{"type": "subscribe", "payload": {"query": "{ who }"}}',
    "subscribe with an object as id": '{"type": "subscribe", "id": {}, "payload": {"query": "{ who }"}}',
    "subscribe with an empty id": '{"type": "subscribe", "id": "", "payload": {"query": "{ who }"}}',
    "subscribe without payload": '{"type": "subscribe", "id": "1"}',
    "subscribe with null as payload": '{"type": "subscribe", "id": "1", "payload": null}',
    "subscribe with a text as payload": '{"type": "subscribe", "id": "1", "payload": "{ who }"}',
    "subscribe without query": '{"type": "subscribe", "id": "1", "payload": {}}',
    "variables in a list": '{"type": "subscribe", "id": "1", "payload": {"query": "", "variables": []}}',
    "a number as name": '{"type": "subscribe", "id": "1", "payload": {"query": "", "operationName": 1}}',
    "complete without an id": '{"type": "complete"}',
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_malformed_message_closes_with_4400_and_a_reason_never_with_a_traceback(
    address: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(address) as ws:
        await ws.send(MALFORMED[kind])
        code, reason = await close_of(ws)
    assert code == 4400
    assert reason
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_pings_are_answered_and_pongs_and_unknown_completes_are_taken_in_silence(address: str) -> None:
    async with connected(address) as ws:
        await tell(ws, type="pong", payload={"any": "thing"})
        await tell(ws, type="complete", id="never begun")
        await tell(ws, type="ping", payload=None)
        assert await hear(ws) == {"type": "pong"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ who "}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "OPERATION_RESOLUTION_FAILED"),
        ({"query": "{ nobody }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription ($n: Int!) { count(to: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "query A { who }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILED"),
    ],
)
async def test_an_operation_that_cannot_run_is_told_as_error_and_leaves_the_socket_open(
    address: str, payload: dict[str, Any], code: str
) -> None:
    async with connected(address) as ws:
        for id in ("1", "2"):  # the second time the document may come from memory
            await tell(ws, id=id, type="subscribe", payload=payload)
            refusal = await hear(ws)
            assert (refusal["id"], refusal["type"]) == (id, "error")
            assert [error["extensions"]["code"] for error in refusal["payload"]] == [code]
        assert await who(ws) == "anonymous"


async def test_a_bug_is_masked_and_a_broken_subscription_completes(address: str) -> None:
    async with connected(address) as ws:
        await subscribe(ws, "subscription { breaks }")
        first, broken, end = [await hear(ws) for _ in range(3)]
    assert first["payload"] == {"data": {"breaks": 1}}
    assert broken["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "hunter2" not in json.dumps(broken)
    assert end == {"id": "1", "type": "complete"}


async def test_complete_from_the_client_ends_the_subscription_on_the_server(address: str) -> None:
    async with connected(address) as ws:
        await subscribe(ws, 'subscription { forever(name: "completed") }')
        await hear(ws)
        await tell(ws, type="complete", id="1")
        await has_ended("completed")
        assert await who(ws) == "anonymous"


async def test_a_client_that_vanishes_ends_its_subscriptions_on_the_server(address: str) -> None:
    async with socket(address) as ws:
        await tell(ws, type="connection_init")
        await hear(ws)
        await subscribe(ws, 'subscription { forever(name: "vanished") }')
        await hear(ws)
        ws.transport.abort()
    await has_ended("vanished")


async def test_operations_of_one_socket_have_request_ids_of_their_own(address: str) -> None:
    async with connected(address) as ws:
        ids: set[str] = set()
        for _ in range(2):
            await subscribe(ws, "{ requestId }")
            ids.add((await hear(ws))["payload"]["data"]["requestId"])
            await hear(ws)
    assert len(ids) == 2


async def test_a_page_of_another_origin_is_turned_away_before_the_socket_opens(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await socket(address, origin="https://evil.example").__aenter__()
    assert refused.value.response.status_code == 403
    async with socket(address, origin=f"http://{address}") as ws:
        await tell(ws, type="connection_init")
        assert await hear(ws) == {"type": "connection_ack"}
    shop = "https://shop.example"
    async with serving(api(allowed_origins=(shop,))) as other, socket(other, origin=shop) as ws:
        await tell(ws, type="connection_init")
        assert await hear(ws) == {"type": "connection_ack"}


async def test_the_log_says_which_setting_lets_a_page_of_another_origin_connect(address: str) -> None:
    with logged("text") as log, pytest.raises(InvalidStatus):
        await socket(address, origin="http://localhost:5173").__aenter__()
    [line] = log.lines
    assert "'http://localhost:5173'" in line
    assert "ORDERFLOW_ALLOWED_ORIGINS" in line


async def test_a_long_subscription_keeps_nothing_of_the_events_it_has_delivered() -> None:
    def remembered() -> int:
        gc.collect()
        return sum(isinstance(each, FieldDetails) for each in gc.get_objects())

    context = Context(services=SERVICES, request_id="r1")
    asked = Operation("subscription { boxes(to: 400) { inner { inner { size } } } }", None, None)
    delivered = results(schema(), asked, context)
    for _ in range(20):
        await anext(delivered)
    early = remembered()
    for _ in range(300):
        await anext(delivered)
    late = remembered()
    await delivered.aclose()
    # With graphql-core's shared memo every event would leave at least three behind: more than 900.
    assert late - early < 100


async def test_an_operation_too_many_is_refused_alone_and_the_others_go_on() -> None:
    async with serving(api(operations_limit=2)) as small, connected(small) as ws:
        for id in ("a", "b"):
            await subscribe(ws, f'subscription {{ forever(name: "limit {id}") }}', id)
            assert (await hear(ws))["type"] == "next"
        await subscribe(ws, "{ who }", "c")
        refusal = await hear(ws)
        (error,) = refusal["payload"]
        assert (refusal["id"], refusal["type"]) == ("c", "error")
        assert error["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        assert error["extensions"]["requestId"]
        assert "2 operations" in error["message"]
        await tell(ws, id="a", type="complete")
        await has_ended("limit a")
        await subscribe(ws, "{ who }", "c")
        assert (await hear(ws))["payload"]["data"] == {"who": "anonymous"}


async def test_an_id_in_use_closes_the_socket_even_where_no_more_operations_fit() -> None:
    async with serving(api(operations_limit=1)) as small, connected(small) as ws:
        await subscribe(ws, "subscription { forever }", "a")
        await hear(ws)
        await subscribe(ws, "subscription { forever }", "a")
        code, _ = await close_of(ws)
        assert code == 4409


async def test_an_operations_id_may_not_be_longer_than_anybody_needs(address: str) -> None:
    async with connected(address) as ws:
        await subscribe(ws, "{ who }", "x" * 256)
        code, reason = await close_of(ws)
    assert code == 4400
    assert "1 to 255 characters" in reason


async def test_a_socket_that_sends_no_text_after_all_is_closed_without_a_traceback(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with socket(address) as ws:
        # Both frames at once: the first is answered with a close when the second has closed it already.
        ws.protocol.send_text(
            json.dumps({"id": "1", "type": "subscribe", "payload": {"query": "{ who }"}}).encode()
        )
        ws.protocol.send_text(b"\xff")
        ws.send_data()
        code, _ = await close_of(ws)
    assert code in (1007, 4401)
    assert "Exception in ASGI application" not in caplog.text
