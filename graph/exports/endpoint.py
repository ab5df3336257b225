"""GET /export/{kind}.{format}: everything of a kind that the viewer may see, as one file.

Design: API, "Integrators".
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from itertools import islice

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.types.execution import PreExecutionError

from domain.actors import Role
from graph.answers import answer
from graph.at_once import AtOnce
from graph.auth import utc_now
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.exports.asked import read_asked
from graph.exports.columns import TABLES, Kind, Table
from graph.exports.formats import FORMATS, Format
from graph.exports.rows import Batch, batches
from graph.exports.transfer import Transfer
from graph.observing import Watch
from graph.rates import MINUTE, Allowance, RateLimited
from graph.requests import GRAPHQL_JSON, JSON, LONGEST_URL, BadRequest
from graph.services import Services
from graph.statuses import retry_after, status_of
from graph.tokens import Tokens
from graph.viewer import viewer_of
from graph.wire import encode
from storage.failures import DatabaseUnavailable

ROWS = 25
"""Rows that are written before others get their turn: a few milliseconds."""

MOST_AT_ONCE = 4
"""Exports of one principal that are under way at the same time; each takes its turns, and megabytes."""

SOON = 5
"""Seconds after which who has so many may ask again."""


class Exports:
    """Answers requests for exports. Raises BadRequest and TokenError; the app turns them into answers."""

    def __init__(
        self, schema: OrderflowSchema, services: Services, tokens: Tokens, stopping: asyncio.Event
    ) -> None:
        self._schema = schema
        self._services = services
        self._tokens = tokens
        self._stopping = stopping
        self._at_once = AtOnce(MOST_AT_ONCE)

    async def get(self, request: Request) -> Response:
        """The export, once its first rows are there: until then, what goes wrong has a status."""
        context = Context(
            services=self._services,
            request_id=request.state.request_id,
            principal=await self._tokens.principal(request.headers.get("authorization")),
            address=request.client.host if request.client else "",
        )
        viewer = viewer_of(context)
        name = request.path_params["name"]
        kind, format_, table = _found(name, viewer.role)
        if request.scope["http_version"] == "1.0":
            raise BadRequest(505, "Ask by HTTP/1.1: by 1.0 nobody could tell an export from a part of it.")
        if len(request.scope["query_string"]) > LONGEST_URL:
            raise BadRequest(414, f"The URL's query is longer than {LONGEST_URL} bytes.")
        watch = Watch(context, kind="export", fields=(name,), rows=0)
        watch.enter()
        try:
            if self._at_once.is_full(viewer.principal):
                message = f"{MOST_AT_ONCE} exports of yours are under way. Ask when one of them has ended."
                raise GraphQLError(message, extensions={"code": "RATE_LIMITED", "retryAfter": SOON})
            allowance = self._schema.rates.allowance(context)
            allowance.spend(1)
            open_ = self._schema.is_open_to(context)
            asked = read_asked(self._schema, viewer.role, kind, request.query_params, open_=open_)
            held = self._at_once.one_more(viewer.principal)
            chunks = _written(batches(viewer, kind, asked), table, format_, allowance, watch, held)
            first = await anext(chunks, b"")
        except (GraphQLError, DatabaseUnavailable) as error:
            return _refused(error, watch)
        except Exception:
            _end(watch, "INTERNAL_SERVER_ERROR")
            raise
        headers = {
            "Content-Type": format_.media,
            "Content-Disposition": f'attachment; filename="{kind}-{utc_now():%Y-%m-%d}.{format_.ending}"',
            "Cache-Control": "no-store",
        }
        return Transfer(first, chunks, watch, self._tokens.standing, self._stopping, headers)


def _found(name: str, role: Role) -> tuple[Kind, Format, Table]:
    """What is asked for by its name. Raises BadRequest (404) for what this role has no export of."""
    kind, _, ending = name.partition(".")
    for (whose, each), table in TABLES.items():
        if whose is role and each == kind and ending in FORMATS:
            return each, FORMATS[ending], table
    kinds = ", ".join(Kind)
    raise BadRequest(404, f"There is no such export: there are {kinds}, each as {' or '.join(FORMATS)}.")


async def _written(
    stream: AsyncGenerator[Batch, None],
    table: Table,
    format_: Format,
    allowance: Allowance,
    watch: Watch,
    held: AbstractContextManager[None],
) -> AsyncGenerator[bytes, None]:
    """The whole export, a few rows at a time; whoever else waits gets its turn in between. It is counted as
    long as it is `held`.
    """
    head = format_.head(table)
    with held:
        async with aclosing(stream):
            async for batch in stream:
                await _paid(allowance, batch.read)
                while some := list(islice(batch.rows, ROWS)):
                    watch.count(len(some))
                    yield head + format_.body(table, some)
                    head = b""
                    await asyncio.sleep(0)
        if head:
            yield head


async def _paid(allowance: Allowance, points: int) -> None:
    """Take a point for each that was read, as soon as there are enough: it goes slower, and is not cut."""
    points = min(points, allowance.limit or points)
    while True:
        try:
            return allowance.spend(points)
        except RateLimited as wait:
            await asyncio.sleep((wait.extensions or {}).get("retryAfter", MINUTE))


def _refused(error: GraphQLError | DatabaseUnavailable, watch: Watch) -> Response:
    """What the API says of it, with a status."""
    if isinstance(error, DatabaseUnavailable):
        error = GraphQLError(str(error), original_error=error)
    response = answer(PreExecutionError(data=None, errors=[error]), watch.context.request_id)
    _end(watch, response["errors"][0]["extensions"]["code"])
    status = status_of(response, GRAPHQL_JSON, "audited")
    headers = {"Cache-Control": "no-store", **retry_after(response)}
    return Response(encode(response), status, headers, media_type=JSON)


def _end(watch: Watch, code: str) -> None:
    watch.refused([code])
    watch.end()
