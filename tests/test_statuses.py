"""Which HTTP status an answer gets, row by row: what is the request's fault, and what is not."""

from typing import Any

import pytest

from graph.requests import GRAPHQL_JSON, JSON
from graph.settings import HttpProfile
from graph.statuses import media_of, retry_after, status_of


def refusal(*codes: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": "No.", "extensions": {"code": code, **more}} for code in codes]}


# What is answered, and the status in the audited profile as plain JSON and as GraphQL's, and in the draft.
ROWS = [
    ({"data": {"a": 1}}, 200, 200, 200),
    ({"data": {"a": None}, **refusal("FIELD_FAILED")}, 200, 200, 294),
    ({"data": None, **refusal("INTERNAL_SERVER_ERROR")}, 200, 200, 294),
    ({"data": None, **refusal("RATE_LIMITED")}, 200, 200, 294),
    (refusal("GRAPHQL_PARSE_FAILED"), 200, 400, 400),
    (refusal("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"), 200, 400, 422),
    (refusal("OPERATION_RESOLUTION_FAILED"), 200, 400, 422),
    (refusal("BAD_USER_INPUT"), 200, 400, 422),
    (refusal("QUERY_TOO_COMPLEX"), 200, 400, 422),
    (refusal("QUERY_TOO_COSTLY"), 200, 400, 422),
    (refusal("RATE_LIMITED"), 429, 429, 429),
    (refusal("UNAVAILABLE"), 503, 503, 503),
    (refusal("INTERNAL_SERVER_ERROR"), 500, 500, 500),
]


@pytest.mark.parametrize(("response", "plain", "named", "draft"), ROWS)
def test_each_answer_has_its_status_in_each_profile(
    response: dict[str, Any], plain: int, named: int, draft: int
) -> None:
    assert status_of(response, JSON, "audited") == plain
    assert status_of(response, GRAPHQL_JSON, "audited") == named
    assert {status_of(response, media, "draft") for media in (JSON, GRAPHQL_JSON)} == {draft}


@pytest.mark.parametrize(
    ("profile", "status", "media"),
    [("audited", 429, JSON), ("draft", 200, JSON), ("draft", 294, JSON), ("draft", 422, GRAPHQL_JSON)],
)
def test_in_the_draft_plain_json_is_for_success_only(profile: HttpProfile, status: int, media: str) -> None:
    assert media_of(status, JSON, profile) == media
    assert media_of(status, GRAPHQL_JSON, profile) == GRAPHQL_JSON


def test_the_longest_wait_that_an_error_asks_for_is_told_in_the_header() -> None:
    assert retry_after({"data": {}}) == {}
    assert retry_after(refusal("QUERY_TOO_COSTLY")) == {}
    assert retry_after(refusal("RATE_LIMITED", "RATE_LIMITED", retryAfter=7)) == {"Retry-After": "7"}
