"""An operation that comes with a file: a GraphQL multipart request, read with the file kept on disk.

It must not know what the file holds. Specification: github.com/jaydenseric/graphql-multipart-request-spec.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from graph.at_once import AtOnce
from graph.auth import Principal
from graph.requests import (
    JSON,
    BadRequest,
    Operation,
    media_type,
    operation_from,
    refuse_announced,
    refuse_longer,
)
from graph.settings import Settings
from graph.statuses import malformed
from graph.wire import NotJson, decode

MULTIPART = "multipart/form-data"

STALLED_SECONDS = 60.0
"""Seconds that may pass without a byte of the body."""

LONGEST_SECONDS = 1_800.0
"""Seconds that the whole body may take."""

MOST_AT_ONCE = 4
"""Files of one principal that are on disk at the same time."""

HOW = (
    "Send three parts: 'operations', the JSON of one operation with null where the file belongs; 'map', JSON"
    ' such as {"0": ["variables.input.file"]}; and the file, under the name that the map gives it.'
)

_PARTS = 3


class Uploads:
    """Reads the multipart requests of one server."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.upload_limit
        self._part_limit = settings.body_limit
        self._malformed = malformed(settings.http_profile)
        self._at_once = AtOnce(MOST_AT_ONCE)

    @asynccontextmanager
    async def received(self, request: Request, principal: Principal | None) -> AsyncGenerator[Operation]:
        """The operation, with an UploadFile in its variables that is closed when the context ends.

        Raises BadRequest, nothing of the body read: 415 without a principal, 429 when the principal has
        others under way, 413 for what is announced to be too long, 400 for another charset. And while it is
        read: 413, 408 when no more comes, 400 for what is malformed.
        """
        # A foreign page's form can send this media type, but no Authorization header (CSRF).
        if principal is None:
            message = f"Send the operation as JSON, with the header 'Content-Type: {JSON}'."
            raise BadRequest(415, f"{message} A file needs a token in the Authorization header.")
        if self._at_once.is_full(principal):
            message = f"{MOST_AT_ONCE} files of yours are being read. Send this one when they are answered."
            raise BadRequest(429, message, {"Retry-After": "5"})
        refuse_announced(request.headers, self._limit)
        _check_charset(request)
        with self._at_once.one_more(principal):
            items = await self._items(request)
            try:
                yield _operation(items, self._malformed)
            finally:
                for _, each in items:
                    if isinstance(each, UploadFile):
                        each.file.close()  # its own close may be cancelled

    async def _items(self, request: Request) -> list[tuple[str, UploadFile | str]]:
        """The parts: two texts and a file, in any order. When this raises, the file is closed."""
        now = asyncio.get_running_loop().time
        last = now() + LONGEST_SECONDS

        async def chunks() -> AsyncGenerator[bytes]:
            taken = 0
            async for chunk in request.stream():
                taken += len(chunk)
                refuse_longer(taken, self._limit)
                due.reschedule(min(now() + STALLED_SECONDS, last))
                yield chunk
            # Said in here since the parser closes its file, whole or not, only when its stream fails.
            if len(parser.items) < _PARTS:
                raise BadRequest(400, f"The request ends before all of its parts do. {HOW}")

        try:
            async with asyncio.timeout(STALLED_SECONDS) as due, aclosing(chunks()) as stream:
                parser = MultiPartParser(
                    request.headers,
                    stream,
                    max_files=1,
                    max_fields=_PARTS - 1,
                    max_part_size=self._part_limit,
                )
                await parser.parse()
                return parser.items
        except MultiPartException as error:
            raise BadRequest(400, f"{error.message} {HOW}") from None
        except ClientDisconnect:
            raise BadRequest(400, "The request ended before its body did.") from None
        except TimeoutError:
            message = f"Nothing came for {STALLED_SECONDS:.0f} seconds, or the whole took too long."
            raise BadRequest(408, message, {"Connection": "close"}) from None


def is_multipart(request: Request) -> bool:
    """Whether the request says that it is made of parts."""
    return media_type(request.headers.get("content-type", "")) == MULTIPART


def _check_charset(request: Request) -> None:
    """Raises BadRequest for all but UTF-8: some of Python's codecs take minutes for a megabyte."""
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise BadRequest(400, "Send the parts in UTF-8, and no other charset in the Content-Type.")


def _operation(items: list[tuple[str, UploadFile | str]], status: int) -> Operation:
    """The operation with the file in its variables. Raises BadRequest: 400, or `status` for no operation."""
    texts = {name: each for name, each in items if isinstance(each, str)}
    name, file = next((name, each) for name, each in items if isinstance(each, UploadFile))
    if texts.keys() != {"operations", "map"}:
        raise BadRequest(400, f"One of the parts is missing. {HOW}")
    operations = _json(texts, "operations")
    if isinstance(operations, list):
        raise BadRequest(status, "Send one operation per request: batches are not accepted.")
    operation = operation_from(operations, status)
    _place(operation, _path(_json(texts, "map"), name), file)
    return operation


def _json(texts: dict[str, str], name: str) -> Any:
    try:
        return decode(texts[name])
    except NotJson as error:
        raise BadRequest(400, f"{name}: {error}") from None


def _path(placed: Any, name: str) -> list[str]:
    """Where the file called `name` belongs. Raises BadRequest unless the map says one place, for it alone."""
    match placed:
        case {**files} if list(files) == [name]:
            match files[name]:
                case [str(path)]:
                    return path.split(".")
                case _:
                    raise BadRequest(400, f"The map must name one place for the file. {HOW}")
        case _:
            raise BadRequest(400, f"The map must name the file, and nothing else. {HOW}")


def _place(operation: Operation, path: list[str], file: UploadFile) -> None:
    """Puts the file where the path leads. Raises BadRequest unless null stands there."""
    within: dict[str, Any] | None = {"variables": operation.variables}
    *way, last = path
    for name in way:
        inner = (within or {}).get(name)
        within = cast("dict[str, Any]", inner) if isinstance(inner, dict) else None
    if not way or within is None or within.get(last, "nothing") is not None:
        raise BadRequest(400, f"The map must name a variable, or a field of one, that is null. {HOW}")
    within[last] = file
