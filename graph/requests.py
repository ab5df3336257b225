"""What comes in over HTTP: a request read into one operation, or refused with a status and a sentence.

It must not know the schema, nor who is asking.
"""

from dataclasses import dataclass
from typing import Any, cast

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request

from graph.wire import NotJson, decode

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"


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
    """The body, at most `limit` bytes. Raises BadRequest: 413 as soon as it is known to be longer, 400 (which
    nobody is left to read) when its sender goes away in the middle.
    """
    too_long = BadRequest(413, f"The request body is longer than {limit} bytes.")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise too_long
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_long
    except ClientDisconnect:
        raise BadRequest(400, "The request ended before its body did.") from None
    return bytes(body)


async def read_operation(request: Request, limit: int) -> Operation:
    """The operation that a POST carries. Raises BadRequest: 400, 413 or 415."""
    # Asking for this media type is what keeps a foreign page's form from posting here (CSRF).
    if _media_type(request.headers.get("content-type", "")) != JSON:
        raise BadRequest(415, f"Send the operation as JSON, with the header 'Content-Type: {JSON}'.")
    try:
        fields = decode(await read_body(request, limit))
    except NotJson as error:
        raise BadRequest(400, str(error)) from None
    if isinstance(fields, list):
        raise BadRequest(400, "Send one operation per request: batches are not accepted.")
    return operation_from(fields)


def read_parameters(parameters: QueryParams) -> Operation:
    """The operation in a URL's query, where `variables` is JSON. Raises BadRequest (400)."""
    try:
        variables = decode(parameters["variables"]) if parameters.get("variables") else None
    except NotJson as error:
        raise BadRequest(400, f"variables: {error}") from None
    fields = {"query": parameters.get("query"), "variables": variables}
    return operation_from(fields | {"operationName": parameters.get("operationName")})


def operation_from(fields: Any) -> Operation:
    """The operation that a request or a `subscribe` carries. Raises BadRequest (400) naming what is wrong."""
    if not isinstance(fields, dict):
        raise BadRequest(400, 'Send a JSON object: {"query": …, "variables": …, "operationName": …}.')
    read = cast("dict[str, Any]", fields)
    if not isinstance(read.get("query"), str):
        raise BadRequest(400, "'query' must be a text: the GraphQL document.")
    if not isinstance(read.get("variables"), (dict, type(None))):
        raise BadRequest(400, "'variables' must be an object or null.")
    if not isinstance(read.get("operationName"), (str, type(None))):
        raise BadRequest(400, "'operationName' must be a text or null.")
    if not isinstance(read.get("extensions"), (dict, type(None))):
        raise BadRequest(400, "'extensions' must be an object or null.")
    return Operation(read["query"], read.get("variables"), read.get("operationName"))


def preferred(headers: Headers, offered: tuple[str, ...]) -> str:
    """Which of the offered media types the `Accept` header likes best; the first when it does not care.

    Raises BadRequest (406) when it accepts none of them.
    """
    accepted = [_accepted(part) for part in headers.get("accept", "*/*").split(",")]
    for media, quality in sorted(accepted, key=lambda range_and_quality: -range_and_quality[1]):
        for each in offered:
            if quality > 0 and media in (each, f"{each.partition('/')[0]}/*", "*/*"):
                return each
    raise BadRequest(
        406, f"This is answered as {' or '.join(offered)}, which the Accept header does not allow."
    )


def _accepted(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 0.0


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
