"""GraphQL over HTTP, as clients and attackers meet it."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.actors import Role
from graph.app import create_app
from graph.auth import TokenMissing
from graph.endpoint import LONGEST_KEY
from graph.rates import Rates
from graph.requests import LONGEST_URL
from graph.settings import HttpProfile
from tests.transport import (
    MERCHANT,
    SERVICES,
    SETTINGS,
    TOKENS,
    api,
    bearer,
    client,
    ended,
    has_ended,
    post,
    schema,
    serving,
)

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    assert error["message"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return error["extensions"]["code"]


async def send(body: bytes | str, content_type: str = JSON, **headers: str) -> httpx.Response:
    async with client() as http:
        return await http.post("/graphql", content=body, headers={"content-type": content_type, **headers})


async def test_a_query_and_a_mutation_are_answered_with_their_data_alone() -> None:
    answer = (await post("{ who }")).json()
    assert answer["data"] == {"who": "anonymous"}
    assert answer.keys() == {"data", "extensions"}
    note = await post("mutation ($text: String!) { note(text: $text) }", variables={"text": "ünï"})
    assert note.json()["data"] == {"note": "ünï"}
    named = await post("query A { who } query B { key }", operationName="B")
    assert named.json()["data"] == {"key": None}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html, */*;q=0.1", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON};q=0.9, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};charset=utf-8;q=0.2, {JSON};q=x", GRAPHQL_JSON),
        (f"*/*, {JSON};q=0", GRAPHQL_JSON),
        (f"*/*;q=0.1, application/*;q=0, {EVENTS};q=0.2, {GRAPHQL_JSON}", GRAPHQL_JSON),
        ("text/event-stream;q=0.5, application/json", JSON),
        ("text/event-stream", "text/event-stream"),
    ],
)
async def test_the_answer_comes_in_the_media_type_that_the_client_likes_best(
    accept: str | None, media: str
) -> None:
    response = await post("{ who }", headers={"accept": accept} if accept else {})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON};q=0", ""])
async def test_a_client_that_accepts_nothing_that_is_offered_gets_406(accept: str) -> None:
    response = await post("{ who }", headers={"accept": accept})
    assert (response.status_code, code(response)) == (406, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({"query": "{ who "}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nobody }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($n: Int!) { box { size(atLeast: $n) } }"}, "BAD_USER_INPUT"),
        (
            {"query": "query ($n: Int!) { box { size(atLeast: $n) } }", "variables": {"n": "x"}},
            "BAD_USER_INPUT",
        ),
        ({"query": "query A { who }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILED"),
        ({"query": "query A { who } query B { who }"}, "OPERATION_RESOLUTION_FAILED"),
        ({"query": "fragment A on Box { size }"}, "OPERATION_RESOLUTION_FAILED"),
        ({"query": ""}, "OPERATION_RESOLUTION_FAILED"),
        ({"query": "subscription { count }"}, "OPERATION_RESOLUTION_FAILED"),
    ],
)
async def test_an_operation_that_cannot_run_gets_errors_without_data(
    request_body: dict[str, Any], expected: str
) -> None:
    for media, status in ((GRAPHQL_JSON, 400), (JSON, 200)):
        response = await send(json.dumps(request_body), accept=media)
        assert (response.status_code, code(response)) == (status, expected)
        assert "data" not in response.json()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'"query"',
        b"7",
        b"[]",
        b'[{"query": "{ who }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 7}',
        b'{"query": ["{ who }"]}',
        b'{"query": "{ who }", "variables": []}',
        b'{"query": "{ who }", "variables": "{}"}',
        b'{"query": "{ who }", "operationName": {"a": 1}}',
        b'{"query": "{ who }", "operationName": "\\ud800"}',
        b'{"query": "{ who }", "extensions": 7}',
        b'{"query": "{ who }", "variables": {"a": NaN}}',
        b'{"query": "{ who }", "variables": {"a": ' + b"[" * 40 + b"]" * 40 + b"}}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"query": "\xff"}',
        "{}".encode("utf-16"),
    ],
    ids=lambda body: repr(body[:60]),
)
async def test_a_body_that_is_no_operation_is_refused_with_a_sentence(body: bytes) -> None:
    response = await send(body)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_what_a_foreign_pages_form_could_send_is_refused(content_type: str) -> None:
    response = await send('{"query": "mutation { note(text: \\"x\\") }"}', content_type)
    assert (response.status_code, code(response)) == (415, "BAD_REQUEST")


async def test_the_content_type_may_carry_a_charset() -> None:
    assert (await send('{"query": "{ who }"}', "application/json; charset=UTF-8")).status_code == 200


async def test_a_body_past_the_limit_is_refused_whether_it_is_announced_or_not() -> None:
    body = json.dumps({"query": "{ who }", "variables": {"filler": "x" * 2000}}).encode()

    async def piecewise() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    for content in (body, piecewise()):
        async with client(api(body_limit=1000)) as http:
            response = await http.post("/graphql", content=content, headers={"content-type": JSON})
        assert (response.status_code, code(response)) == (413, "BAD_REQUEST")
        assert "1000 bytes" in response.text
    async with client(api(body_limit=len(body))) as http:
        assert (await http.post("/graphql", content=body, headers={"content-type": JSON})).status_code == 200


async def get(headers: dict[str, str] | None = None, **parameters: str) -> httpx.Response:
    async with client(headers={"accept": JSON, **(headers or {})}) as http:
        return await http.get("/graphql", params=parameters)


@pytest.mark.parametrize(
    ("headers", "media"),
    [
        ({"accept": JSON}, JSON),
        ({"accept": GRAPHQL_JSON}, GRAPHQL_JSON),
        ({"accept": f"{GRAPHQL_JSON}, {JSON};q=0.9"}, GRAPHQL_JSON),
        ({"accept": "*/*", "sec-fetch-mode": "cors"}, JSON),
        ({"accept": "*/*", "sec-fetch-mode": "same-origin"}, JSON),
    ],
)
async def test_a_program_asks_a_query_by_get(headers: dict[str, str], media: str) -> None:
    response = await get(headers, query="{ who }")
    assert (response.status_code, response.json()["data"]) == (200, {"who": "anonymous"})
    assert response.headers["content-type"] == media
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "*/*"},
        {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate"},
        {"accept": "image/avif,image/webp,*/*;q=0.8", "sec-fetch-mode": "no-cors"},
        {"accept": f"{JSON};q=0, */*"},
        {"accept": ""},
    ],
)
async def test_a_link_a_form_an_image_and_a_probe_that_takes_anything_run_no_query(
    headers: dict[str, str],
) -> None:
    async with client(api(graphiql=False), headers) as http:
        response = await http.get("/graphql", params={"query": "{ who }"})
    assert (response.status_code, code(response)) == (406, "BAD_REQUEST")
    assert "anonymous" not in response.text


async def test_a_query_in_a_url_has_variables_a_name_and_extensions_where_empty_is_absent() -> None:
    query = "query A($n: Int!) { box { size(atLeast: $n) } } query B { who }"
    sized = await get(query=query, variables='{"n": 3}', operationName="A", extensions='{"some": "value"}')
    assert sized.json()["data"] == {"box": {"size": 3}}
    empty = await get(query="{ who }", variables="", operationName="", extensions="")
    assert empty.json()["data"] == {"who": "anonymous"}
    for wrong in (
        {},
        {"query": ""},
        {"query": "{ who }", "variables": "{"},
        {"query": "{ who }", "variables": "[]"},
        {"query": "{ who }", "extensions": "7"},
    ):
        response = await get(None, **wrong)
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_a_url_too_long_to_be_read_is_414() -> None:
    response = await get(query="{ who }", variables=json.dumps({"filler": "x" * LONGEST_URL}))
    assert (response.status_code, code(response)) == (414, "BAD_REQUEST")


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_a_mutation_is_never_run_by_get(accept: str) -> None:
    queries = {"query": 'query A { who } mutation B { note(text: "x") }'}
    for parameters in ({"query": 'mutation { note(text: "x") }'}, {**queries, "operationName": "B"}):
        response = await get({"accept": accept}, **parameters)
        assert (response.status_code, code(response)) == (405, "BAD_REQUEST")
        assert response.headers["allow"] == "POST"
    assert (await get({"accept": accept}, **queries, operationName="A")).status_code == 200


async def test_a_subscription_by_get_needs_a_stream() -> None:
    query = "subscription { count(to: 1) }"
    response = await get({"accept": GRAPHQL_JSON}, query=query)
    assert (response.status_code, code(response)) == (400, "OPERATION_RESOLUTION_FAILED")
    response = await get({"accept": EVENTS}, query=query)
    assert events(response.text) == [("next", {"data": {"count": 0}}), ("complete", None)]


@pytest.mark.parametrize("profile", ["audited", "draft"])
async def test_who_asks_too_much_is_told_when_to_come_again_in_every_media_type(profile: HttpProfile) -> None:
    settings = replace(SETTINGS, http_profile=profile)
    app = create_app(schema(rates=Rates(addresses=1)), SERVICES, settings)
    assert (await post("{ who }", app)).status_code == 200
    async with client(app) as http:
        for accept in (JSON, GRAPHQL_JSON):
            for response in (
                await http.post("/graphql", json={"query": "{ who }"}, headers={"accept": accept}),
                await http.get("/graphql", params={"query": "{ who"}, headers={"accept": accept}),
            ):
                assert (response.status_code, code(response)) == (429, "RATE_LIMITED")
                (error,) = response.json()["errors"]
                assert response.headers["retry-after"] == str(error["extensions"]["retryAfter"])
                assert "data" not in response.json()


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/graphql", {"GET", "HEAD", "POST"}),
        ("/graphql/stream", {"GET", "POST"}),
        ("/graphql/principals", {"GET", "HEAD"}),
        ("/health/live", {"GET", "HEAD"}),
        ("/health/ready", {"GET", "HEAD"}),
        ("/", {"GET", "HEAD"}),
    ],
)
async def test_other_methods_are_refused_and_told_which_there_are(path: str, allowed: set[str]) -> None:
    async with client() as http:
        for method in METHODS:
            response = await http.request(method, path)
            assert (response.status_code == 405) is (method not in allowed), method
            if method not in allowed:
                assert set(response.headers["allow"].split(", ")) == allowed


async def test_the_head_of_an_answer_is_without_streams() -> None:
    """Such a stream would run for nobody, as long as the server does."""
    query = {"query": 'subscription { forever(name: "headless") }'}
    async with client() as http:
        head = await http.head("/graphql", params={"query": "{ who }"}, headers={"accept": JSON})
        stream = await http.head("/graphql", params=query, headers={"accept": EVENTS})
    assert (head.status_code, stream.status_code) == (200, 406)


async def test_a_token_makes_the_principal_and_none_makes_it_anonymous() -> None:
    assert (await post("{ who }", headers=bearer())).json()["data"]["who"] == "merchant m1"
    assert (await post("{ who }")).json()["data"]["who"] == "anonymous"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer nonsense", f"Basic {MERCHANT}", f"Bearer {MERCHANT}x"],
    ids=["empty", "no token", "no JWT", "another scheme", "a broken signature"],
)
async def test_a_token_that_cannot_be_used_is_401_never_anonymous(authorization: str) -> None:
    response = await post("{ who }", headers={"authorization": authorization})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")
    message = response.json()["errors"][0]["message"]
    assert "Ask for a new one" in message or "Send 'Authorization: Bearer <token>'" in message


async def test_an_expired_token_is_401_and_says_so() -> None:
    expired = TOKENS.mint(Role.MARKETPLACE, ttl=timedelta(seconds=-1))
    for path in ("/graphql", "/graphql/stream"):
        async with client() as http:
            response = await http.post(path, json={"query": "{ who }"}, headers=bearer(expired))
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
        assert "expired" in response.text


async def test_a_resolver_that_needs_a_principal_answers_an_anonymous_asker_with_unauthenticated() -> None:
    response = await post("{ mine }")
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["message"] == TokenMissing().message
    assert code(response) == "UNAUTHENTICATED"


async def test_a_bug_is_masked_for_the_client_and_told_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    response = await post("{ who broken }")
    assert response.status_code == 200
    assert response.json()["data"] == {"who": "anonymous", "broken": None}
    assert code(response) == "INTERNAL_SERVER_ERROR"
    assert "hunter2" not in response.text
    (record,) = (record for record in caplog.records if record.name == "graph.execution")
    assert response.headers["x-request-id"] in record.getMessage()
    assert "hunter2" in caplog.text


async def test_what_a_client_does_wrong_is_not_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    for query in ("{ who ", "{ nobody }", "{ mine }"):
        await post(query)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_sender_that_goes_away_in_the_middle_of_its_body_is_no_bug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    received = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", JSON.encode()), (b"content-length", b"500")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await api()(scope, receive, send)
    assert sent[0]["status"] == 400
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.requests.BODY_SECONDS", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(10)

    async with client() as http:
        response = await http.post("/graphql", content=never(), headers={"content-type": JSON})
    assert (response.status_code, code(response)) == (408, "BAD_REQUEST")


async def test_the_idempotency_key_reaches_the_resolvers_without_its_blanks() -> None:
    assert (await post("{ key }", headers={"idempotency-key": " k-1 "})).json()["data"]["key"] == "k-1"
    assert (await post("{ key }", headers={"idempotency-key": " "})).json()["data"]["key"] is None
    response = await post("{ key }", headers={"idempotency-key": "k" * (LONGEST_KEY + 1)})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_answers_are_never_kept_by_caches() -> None:
    assert (await post("{ who }")).headers["cache-control"] == "no-store"


def events(text: str) -> list[tuple[str, Any]]:
    """The name and the data of each event; comments are left out."""
    found = re.findall(r"^event: (\w+)\r\ndata: (.*)\r\n\r\n", text, re.MULTILINE)
    return [(name, json.loads(data) if data else None) for name, data in found]


@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("subscription { count }", [{"count": 0}, {"count": 1}]),
        ("{ who }", [{"who": "merchant m1"}]),
        ('mutation { note(text: "a\\nb") }', [{"note": "a\nb"}]),
    ],
)
async def test_any_operation_can_be_streamed_as_events_that_end_with_complete(
    path: str, query: str, expected: list[Any]
) -> None:
    async with client(headers={"accept": EVENTS, **bearer()}) as http:
        response = await http.post(path, json={"query": query})
    assert response.headers["content-type"].startswith("text/event-stream")
    *told, end = events(response.text)
    assert [(name, result["data"]) for name, result in told] == [("next", data) for data in expected]
    assert end == ("complete", None)


@pytest.mark.parametrize("query", ["{ who ", "{ nobody }", "", "subscription ($n: Int!) { count(to: $n) }"])
async def test_an_operation_that_cannot_run_is_an_event_too_never_a_stream_cut_short(query: str) -> None:
    async with client(headers={"accept": EVENTS}) as http:
        response = await http.post("/graphql/stream", json={"query": query})
    (refusal, end) = events(response.text)
    assert (refusal[0], end) == ("next", ("complete", None))
    assert "data" not in refusal[1]
    assert refusal[1]["errors"][0]["extensions"]["requestId"] == response.headers["x-request-id"]


async def test_a_subscription_that_breaks_ends_with_a_masked_error() -> None:
    async with client(headers={"accept": EVENTS}) as http:
        response = await http.post("/graphql/stream", json={"query": "subscription { breaks }"})
    first, broken, end = events(response.text)
    assert first == ("next", {"data": {"breaks": 1}})
    assert broken[1]["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert end == ("complete", None)
    assert "hunter2" not in response.text


async def test_an_event_source_reads_by_get_but_changes_nothing_that_way() -> None:
    async with client(headers={"accept": EVENTS}) as http:
        subscription = {
            "query": "subscription A($n: Int) { count(to: $n) }",
            "variables": '{"n": 1}',
            "operationName": "A",
        }
        response = await http.get("/graphql/stream", params=subscription)
        assert events(response.text) == [("next", {"data": {"count": 0}}), ("complete", None)]
        response = await http.get("/graphql/stream", params={"query": "{ who }"})
        assert events(response.text)[0][1]["data"] == {"who": "anonymous"}
        for path in ("/graphql", "/graphql/stream"):
            response = await http.get(path, params={"query": 'mutation { note(text: "x") }'})
            (refusal, _) = events(response.text)
            assert "by POST" in refusal[1]["errors"][0]["message"]
            assert "data" not in refusal[1]
        for params in ({}, {"query": "{ who }", "variables": "{"}, {"query": "{ who }", "variables": "[]"}):
            response = await http.get("/graphql/stream", params=params)
            assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_the_stream_is_for_clients_that_accept_events() -> None:
    async with client(headers={"accept": JSON}) as http:
        response = await http.post("/graphql/stream", json={"query": "{ who }"})
    assert (response.status_code, code(response)) == (406, "BAD_REQUEST")


async def test_a_reader_that_leaves_ends_its_subscription_on_the_server() -> None:
    query = {"query": 'subscription { forever(name: "left") }'}
    async with serving() as address, httpx.AsyncClient(base_url=f"http://{address}") as http:
        async with http.stream("POST", "/graphql/stream", json=query) as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "event: next"
            assert "left" not in ended
        await has_ended("left")


async def test_a_token_that_expires_ends_its_stream_with_unauthenticated() -> None:
    soon = TOKENS.mint(Role.MARKETPLACE, ttl=timedelta(seconds=2))
    query = {"query": 'subscription { forever(name: "expired stream") }'}
    async with serving() as address, httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as http:
        response = await http.post("/graphql/stream", json=query, headers=bearer(soon))
    started, over, end = events(response.text)
    assert started == ("next", {"data": {"forever": "started"}})
    assert over[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert end == ("complete", None)
    assert "expired stream" in ended


async def test_what_a_stopping_server_cannot_finish_is_told_to_be_sent_again() -> None:
    app = api()
    sent: list[Any] = []
    body = json.dumps({"query": "{ slow }"}).encode()

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", JSON.encode())],
    }
    request = asyncio.create_task(app(scope, receive, send))
    await asyncio.sleep(0.05)
    app.state.stopping.set()
    request.cancel()
    await request
    assert sent[0]["status"] == 503
    (error,) = json.loads(sent[1]["body"])["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "send it again" in error["message"]
