"""What comes in over HTTP: a request read into one operation, or refused with a status and a sentence.

It must not know the schema, nor who is asking.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from graph.wire import NotJson, decode

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"

BODY_SECONDS = 60.0
"""Seconds that a body may take to come in."""

LONGEST_URL = 16_384
"""Bytes of a URL's query."""


class BadRequest(Exception):
    """A request that is refused before any operation is looked at; `message` says why, to its sender."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Operation:
    """One GraphQL operation as its sender put it, types checked, nothing parsed."""

    query: str
    variables: dict[str, Any] | None
    name: str | None


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes. Raises BadRequest: 413 as soon as it is known to be longer, 408 when
    it does not come, 400 (which nobody is left to read) when its sender goes away in the middle.
    """
    refuse_announced(request.headers, limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                refuse_longer(len(body), limit)
    except ClientDisconnect:
        raise BadRequest(400, "The request ended before its body did.") from None
    except TimeoutError:
        message = f"The request body did not come within {BODY_SECONDS:.0f} seconds."
        raise BadRequest(408, message, {"Connection": "close"}) from None
    return bytes(body)


def refuse_announced(headers: Headers, limit: int) -> None:
    """Raises BadRequest (413) when the body is announced to be longer than `limit` bytes."""
    announced = headers.get("content-length", "")
    if announced.isdigit():
        refuse_longer(int(announced), limit)


def refuse_longer(size: int, limit: int) -> None:
    """Raises BadRequest (413) for a body of more than `limit` bytes."""
    if size > limit:
        raise BadRequest(413, f"The request body is longer than {limit} bytes.")


async def read_operation(request: Request, limit: int, malformed: int = 400) -> Operation:
    """The operation that a POST carries. Raises BadRequest: 400, 413, 415, or `malformed` for JSON that is
    none.
    """
    # Asking for this media type is what keeps a foreign page's form from posting here (CSRF).
    if media_type(request.headers.get("content-type", "")) != JSON:
        raise BadRequest(415, f"Send the operation as JSON, with the header 'Content-Type: {JSON}'.")
    try:
        fields = decode(await read_body(request, limit))
    except NotJson as error:
        raise BadRequest(400, str(error)) from None
    if isinstance(fields, list):
        raise BadRequest(malformed, "Send one operation per request: batches are not accepted.")
    return operation_from(fields, malformed)


def read_parameters(request: Request, malformed: int = 400) -> Operation:
    """The operation in a URL's query, where `variables` and `extensions` are JSON and what is empty counts as
    absent. Raises BadRequest: 400, 414, or `malformed` for parameters that are no operation.
    """
    if len(request.scope["query_string"]) > LONGEST_URL:
        raise BadRequest(414, f"The URL's query is longer than {LONGEST_URL} bytes: send it by POST.")
    fields: dict[str, Any] = {
        name: request.query_params[name] or None
        for name in ("query", "operationName", "variables", "extensions")
        if name in request.query_params
    }
    for name in ("variables", "extensions"):
        try:
            fields[name] = decode(fields[name]) if fields.get(name) else None
        except NotJson as error:
            raise BadRequest(400, f"{name}: {error}") from None
    return operation_from(fields, malformed)


def operation_from(fields: Any, malformed: int = 400) -> Operation:
    """The operation that a request or a `subscribe` carries. Raises BadRequest naming what is wrong."""
    if not isinstance(fields, dict):
        raise BadRequest(malformed, 'Send a JSON object: {"query": …, "variables": …, "operationName": …}.')
    read = cast("dict[str, Any]", fields)
    if not isinstance(read.get("query"), str):
        raise BadRequest(malformed, "'query' must be a text: the GraphQL document.")
    if not isinstance(read.get("variables"), (dict, type(None))):
        raise BadRequest(malformed, "'variables' must be an object or null.")
    if not isinstance(read.get("operationName"), (str, type(None))):
        raise BadRequest(malformed, "'operationName' must be a text or null.")
    if not isinstance(read.get("extensions"), (dict, type(None))):
        raise BadRequest(malformed, "'extensions' must be an object or null.")
    return Operation(read["query"], read.get("variables"), read.get("operationName"))


def preferred(headers: Headers, offered: tuple[str, ...]) -> str:
    """Which of the offered media types the `Accept` header likes best; of equals the one that it names first,
    or else the first that is offered. Raises BadRequest (406) when it accepts none of them.
    """
    ranges = _ranges(headers)
    best = max(offered, key=lambda media: _liking(media, ranges))
    if _liking(best, ranges)[0] == 0:
        raise BadRequest(
            406, f"This is answered as {' or '.join(offered)}, which the Accept header does not allow."
        )
    return best


def names(headers: Headers, *media: str) -> bool:
    """Whether the `Accept` header wants one of these by its very name; `*/*` does not count."""
    return any(named in media and quality > 0 for named, quality in _ranges(headers))


def is_programs(headers: Headers) -> bool:
    """Whether a GET was sent by a program: it names a media type of GraphQL, or it is a script's `fetch`.

    A link, a form, an image and a probe that takes anything are neither. What a script of another origin
    fetches, its browser keeps from it.
    """
    return names(headers, JSON, GRAPHQL_JSON, EVENTS) or headers.get("sec-fetch-mode") in (
        "cors",
        "same-origin",
    )


def _liking(media: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """How much a media type is liked: its quality, and how early the range that says so stands."""
    for wanted in (media, f"{media.partition('/')[0]}/*", "*/*"):  # the most specific range decides
        for place, (named, quality) in enumerate(ranges):
            if named == wanted:
                return quality, -place
    return 0, 0


def _ranges(headers: Headers) -> list[tuple[str, float]]:
    """The media ranges that the client accepts, with their qualities."""
    return [_range(part) for part in ",".join(headers.getlist("accept") or ["*/*"]).split(",")]


def _range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 0.0


def media_type(content_type: str) -> str:
    """What a Content-Type header names, without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()
