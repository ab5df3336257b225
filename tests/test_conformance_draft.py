"""GraphQL over HTTP as its draft of August 2026 has it: ORDERFLOW_HTTP_PROFILE=draft."""

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.transport import api, client

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
CAREFUL = f"{GRAPHQL_JSON}, {JSON};q=0.9"
"""What the draft tells clients to accept."""


def draft() -> Starlette:
    return api(http_profile="draft")


async def send(request: Any, accept: str | None = CAREFUL) -> httpx.Response:
    body = request if isinstance(request, bytes) else json.dumps(request)
    async with client(draft(), {"content-type": JSON}) as http:
        if accept is None:
            http.headers.pop("accept")
        return await http.post("/graphql", content=body, headers={"accept": accept} if accept else {})


def media(response: httpx.Response) -> str:
    return response.headers["content-type"].partition(";")[0]


@pytest.mark.parametrize(
    ("request_body", "status"),
    [
        (b'{"query": "{ who }', 400),
        (b'{"query": "\xff"}', 400),
        ({"qeury": "{ who }"}, 422),
        ({"query": "{ who }", "variables": [7]}, 422),
        ([{"query": "{ who }"}], 422),
        (7, 422),
        ({"query": "{ who "}, 400),
        ({"query": "{ nobody }"}, 422),
        ({"query": "query A { who } query B { who }"}, 422),
        ({"query": "query ($n: Int!) { box { size(atLeast: $n) } }", "variables": {"n": "x"}}, 422),
        ({"query": "subscription { count }"}, 422),
    ],
)
async def test_what_does_not_parse_is_400_and_what_parses_but_cannot_run_422(
    request_body: Any, status: int
) -> None:
    response = await send(request_body)
    assert response.status_code == status
    assert response.json()["errors"]
    assert "data" not in response.json()


async def test_an_answer_without_errors_is_200_and_one_with_errors_and_data_294() -> None:
    assert (await send({"query": "{ who }"})).status_code == 200
    partial = await send({"query": "{ who broken }"})
    assert (partial.status_code, partial.json()["data"]) == (294, {"who": "anonymous", "broken": None})
    nothing = await send({"query": "{ mine }"})
    assert (nothing.status_code, nothing.json()["data"]) == (294, None)


@pytest.mark.parametrize("accept", [None, "*/*", "application/*", GRAPHQL_JSON, CAREFUL])
async def test_who_does_not_insist_on_plain_json_gets_the_media_type_of_graphql(accept: str | None) -> None:
    response = await send({"query": "{ who }"}, accept)
    assert (response.status_code, media(response)) == (200, GRAPHQL_JSON)


async def test_a_client_of_plain_json_gets_it_for_successes_alone_and_the_same_statuses() -> None:
    for query, status, expected in (
        ("{ who }", 200, JSON),
        ("{ who broken }", 294, JSON),
        ("{ nobody }", 422, GRAPHQL_JSON),
        ("{ who ", 400, GRAPHQL_JSON),
    ):
        response = await send({"query": query}, JSON)
        assert (response.status_code, media(response)) == (status, expected)


async def test_who_accepts_nothing_of_this_gets_406() -> None:
    assert (await send({"query": "{ who }"}, "image/*")).status_code == 406


async def test_get_follows_the_draft_too_and_runs_no_mutation() -> None:
    async with client(draft(), {"accept": GRAPHQL_JSON}) as http:
        for parameters, status in (
            ({"query": "{ who }", "operationName": "", "variables": "", "extensions": ""}, 200),
            ({"query": "{ nobody }"}, 422),
            ({"query": "{ who }", "variables": "{"}, 400),
            ({"query": "{ who }", "variables": "[]"}, 422),
            ({"qeury": "{ who }"}, 422),
        ):
            assert (await http.get("/graphql", params=parameters)).status_code == status
        response = await http.get("/graphql", params={"query": "mutation { note(text: 1) }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
