"""GraphQL over HTTP: one request, one operation, one answer or one stream of events.

It must not know the schema's types, nor what a token looks like inside.
"""

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from graph.answers import WRONG_TRANSPORT, answer
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.requests import (
    EVENTS,
    BadRequest,
    Operation,
    is_programs,
    preferred,
    read_operation,
    read_parameters,
)
from graph.services import Services
from graph.settings import HttpProfile, Settings
from graph.statuses import malformed, media_of, offered, retry_after, status_of
from graph.streams import ANY_OPERATION, ONE_ANSWER, Allowed, event_stream, results, until
from graph.tokens import Tokens
from graph.uploads import Uploads, is_multipart
from graph.wire import encode

STOPPED = (
    "The server was stopped before this was done, or before it could be told: send it again, a mutation with"
    " the same idempotency key."
)

LONGEST_KEY = 255
"""Characters of an Idempotency-Key."""

QUERIES = frozenset({OperationType.QUERY})
READS = frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION})


class Endpoint:
    """GET and POST of /graphql and of /graphql/stream.

    Its methods raise BadRequest and TokenError; the app turns them into answers.
    """

    def __init__(
        self, schema: OrderflowSchema, services: Services, tokens: Tokens, settings: Settings
    ) -> None:
        self._schema = schema
        self._services = services
        self._tokens = tokens
        self._body_limit = settings.body_limit
        self._uploads = Uploads(settings)
        self._profile: HttpProfile = settings.http_profile
        self.stopping = asyncio.Event()  # set when the process is told to stop: streams end then

    async def post(self, request: Request) -> Response:
        """Answers one operation in the media type that the Accept header likes best; a file, by no stream."""
        types = offered(self._profile)
        media = preferred(request.headers, types if is_multipart(request) else (*types, EVENTS))
        context = await self._context(request)
        if is_multipart(request):
            async with self._uploads.received(request, context.principal) as operation:
                return self._answered(await self._run(operation, context, ONE_ANSWER), context, media)
        operation = await self._read(request)
        if media == EVENTS:
            return self._stream(operation, context, ANY_OPERATION)
        return self._answered(await self._run(operation, context, ONE_ANSWER), context, media)

    async def get(self, request: Request) -> Response:
        """Answers the query in the URL, to programs; a mutation is refused, however it is asked for."""
        if not is_programs(request.headers):
            raise BadRequest(406, "Send operations by POST, or a query with 'Accept: application/json'.")
        types = offered(self._profile)
        # The head of a stream without end would keep its subscription running for nobody.
        media = preferred(request.headers, types if request.method == "HEAD" else (*types, EVENTS))
        context = await self._context(request)
        operation = self._read_url(request)
        if media == EVENTS:
            return self._stream(operation, context, READS)
        result = await self._run(operation, context, QUERIES)
        if _is_mutation(result):
            raise BadRequest(405, WRONG_TRANSPORT[OperationType.MUTATION], {"Allow": "POST"})
        return self._answered(result, context, media)

    async def stream(self, request: Request) -> Response:
        """Answers one operation as events. By GET, which any page may send, nothing that changes anything."""
        preferred(request.headers, (EVENTS,))
        context = await self._context(request)
        if request.method == "POST":
            return self._stream(await self._read(request), context, ANY_OPERATION)
        return self._stream(self._read_url(request), context, READS)

    async def _read(self, request: Request) -> Operation:
        return await read_operation(request, self._body_limit, malformed(self._profile))

    def _read_url(self, request: Request) -> Operation:
        return read_parameters(request, malformed(self._profile))

    async def _run(self, operation: Operation, context: Context, allowed: Allowed) -> ExecutionResult:
        # Run to its end rather than to its first result, so that the schema's extensions end as well.
        try:
            (result,) = [each async for each in results(self._schema, operation, context, allowed)]
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
            raise BadRequest(503, STOPPED, {"Connection": "close", "Retry-After": "1"}) from None
        return result

    def _answered(self, result: ExecutionResult, context: Context, media: str) -> Response:
        response = answer(result, context.request_id)
        status = status_of(response, media, self._profile)
        return Response(
            encode(response),
            status,
            media_type=media_of(status, media, self._profile),
            headers={"Cache-Control": "no-store", **retry_after(response)},
        )

    def _stream(self, operation: Operation, context: Context, allowed: Allowed) -> Response:
        context = replace(context, transport="sse")
        stream = results(self._schema, operation, context, allowed)
        if context.principal:
            stream = until(self._tokens.standing, context, stream)
        return event_stream(stream, context.request_id, self.stopping)

    async def _context(self, request: Request) -> Context:
        key = request.headers.get("idempotency-key", "").strip()
        if len(key) > LONGEST_KEY:
            raise BadRequest(400, f"The Idempotency-Key is longer than {LONGEST_KEY} characters.")
        return Context(
            services=self._services,
            request_id=request.state.request_id,
            principal=await self._tokens.principal(request.headers.get("authorization")),
            idempotency_key=key or None,
            address=request.client.host if request.client else "",
        )


def _is_mutation(result: ExecutionResult) -> bool:
    """Whether nothing ran because it was a mutation."""
    causes = [error.original_error for error in result.errors or ()]
    return any(
        isinstance(cause, InvalidOperationTypeError) and cause.operation_type is OperationType.MUTATION
        for cause in causes
    )
