"""GraphQL over HTTP: one request, one operation, one answer or one stream of events.

It must not know the schema's types, nor what a token looks like inside.
"""

from starlette.requests import Request
from starlette.responses import Response

from graph.answers import answer, is_refused
from graph.auth import Tokens
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.requests import (
    EVENTS,
    GRAPHQL_JSON,
    JSON,
    BadRequest,
    Operation,
    preferred,
    read_operation,
    read_parameters,
)
from graph.services import Services
from graph.settings import Settings
from graph.streams import ANY_OPERATION, ONE_ANSWER, SUBSCRIPTIONS, Allowed, event_stream, results, until
from graph.wire import encode

LONGEST_KEY = 255
"""Characters of an Idempotency-Key."""


class Endpoint:
    """POST /graphql, and GET and POST /graphql/stream.

    Its methods raise BadRequest and TokenError; the app turns them into answers.
    """

    def __init__(
        self, schema: OrderflowSchema, services: Services, tokens: Tokens, settings: Settings
    ) -> None:
        self._schema = schema
        self._services = services
        self._tokens = tokens
        self._body_limit = settings.body_limit

    async def post(self, request: Request) -> Response:
        """Answers one operation in the media type that the Accept header likes best."""
        media = preferred(request.headers, (JSON, GRAPHQL_JSON, EVENTS))
        context = self._context(request)
        operation = await read_operation(request, self._body_limit)
        if media == EVENTS:
            return self._stream(operation, context, ANY_OPERATION)
        # Run to its end rather than to its first result, so that the schema's extensions end as well.
        (result,) = [each async for each in results(self._schema, operation, context, ONE_ANSWER)]
        return Response(
            encode(answer(result, context.request_id)),
            # Plain JSON is the older convention: every document that was understood as a request gets 200.
            status_code=400 if media == GRAPHQL_JSON and is_refused(result) else 200,
            media_type=media,
            headers={"Cache-Control": "no-store"},
        )

    async def stream(self, request: Request) -> Response:
        """Answers one operation as events. By GET, which any page may send, subscriptions only."""
        preferred(request.headers, (EVENTS,))
        context = self._context(request)
        if request.method == "POST":
            return self._stream(await read_operation(request, self._body_limit), context, ANY_OPERATION)
        return self._stream(read_parameters(request.query_params), context, SUBSCRIPTIONS)

    def _stream(self, operation: Operation, context: Context, allowed: Allowed) -> Response:
        stream = results(self._schema, operation, context, allowed)
        if context.principal:
            stream = until(context.principal.expires_at, stream)
        return event_stream(stream, context.request_id)

    def _context(self, request: Request) -> Context:
        key = request.headers.get("idempotency-key", "").strip()
        if len(key) > LONGEST_KEY:
            raise BadRequest(400, f"The Idempotency-Key is longer than {LONGEST_KEY} characters.")
        return Context(
            services=self._services,
            request_id=request.state.request_id,
            principal=self._tokens.principal(request.headers.get("authorization")),
            idempotency_key=key or None,
        )
