"""Which HTTP status an answer gets, in the two readings of GraphQL over HTTP that there are.

`audited` is what the clients and audits of today expect, `draft` is the specification's draft of August 2026.
It must not know how an answer comes about.
"""

from collections.abc import Mapping
from typing import Any

from graph.requests import GRAPHQL_JSON, JSON
from graph.settings import HttpProfile

PARTIAL = 294
"""Partial success: some fields failed. The draft's own status."""

NOT_THE_REQUESTS_FAULT = {"RATE_LIMITED": 429, "UNAVAILABLE": 503, "INTERNAL_SERVER_ERROR": 500}
"""Codes of errors that the same request need not get again."""


def malformed(profile: HttpProfile) -> int:
    """The status of JSON that is no GraphQL request."""
    return 422 if profile == "draft" else 400


def status_of(response: Mapping[str, Any], media: str, profile: HttpProfile) -> int:
    """The status of a response map that is sent as this media type."""
    if "data" in response:
        return PARTIAL if profile == "draft" and "errors" in response else 200
    codes = {error["extensions"]["code"] for error in response["errors"]}
    for code, status in NOT_THE_REQUESTS_FAULT.items():
        if code in codes:
            return status
    if profile == "draft":
        return 400 if codes == {"GRAPHQL_PARSE_FAILED"} else 422
    # Plain JSON is the older convention: every document that was understood as a request gets 200.
    return 400 if media == GRAPHQL_JSON else 200


def offered(profile: HttpProfile) -> tuple[str, str]:
    """The media types of one answer; the first is for those who do not care."""
    return (GRAPHQL_JSON, JSON) if profile == "draft" else (JSON, GRAPHQL_JSON)


def media_of(status: int, media: str, profile: HttpProfile) -> str:
    """What the answer is called: in the draft plain JSON is for success only."""
    return GRAPHQL_JSON if profile == "draft" and status >= 300 else media


def retry_after(response: Mapping[str, Any]) -> dict[str, str]:
    """The header that tells, in seconds, when to come again; nothing where no error says it."""
    seconds = [error["extensions"].get("retryAfter") for error in response.get("errors", ())]
    found = [each for each in seconds if each is not None]
    return {"Retry-After": str(max(found))} if found else {}
