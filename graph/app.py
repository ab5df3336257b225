"""The web application: which path leads where, and how whatever goes wrong is answered.

It must not know the schema's types.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from graph.answers import error_map
from graph.auth import TokenError
from graph.endpoint import Endpoint
from graph.execution import OrderflowSchema
from graph.explorer import BUILT, STAFF, Explorer, Person
from graph.exports.endpoint import Exports
from graph.headers import MarkedExchange, mark
from graph.health import Check, Readiness, live
from graph.imports.report import PATH as REPORT
from graph.imports.report import Reports
from graph.keys import Keys
from graph.metrics import Count, Metrics, nothing_counted
from graph.observing import turned_away
from graph.requests import GRAPHQL_JSON, JSON, BadRequest
from graph.services import Services
from graph.settings import Settings
from graph.sockets import Sockets
from graph.token_settings import tokens_of
from graph.wire import encode

logger = logging.getLogger(__name__)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def create_app(
    schema: OrderflowSchema,
    services: Services,
    settings: Settings,
    lifespan: Lifespan | None = None,
    *,
    keys: Keys | None = None,
    checks: Mapping[str, Check] | None = None,
    count: Count = nothing_counted,
    people: Sequence[Person] = STAFF,
    graphiql: Path = BUILT,
) -> Starlette:
    """The API as an ASGI app. Raises SettingsError without a secret for tokens. Design: api, "Names".

    `keys` check tokens (those that the settings name unless given), `checks` are what /health/ready asks,
    `count` tells /metrics how many orders wait, `people` are those whom GraphiQL can ask as in development,
    and `graphiql` is the folder of its built page.
    """
    tokens = tokens_of(settings, keys=keys, revocations=services.revocations)
    endpoint = Endpoint(schema, services, tokens, settings)
    explorer = Explorer(
        tokens,
        people,
        development=settings.development and tokens.signs,
        shown=settings.shows_graphiql,
        built=graphiql,
    )

    async def graphql(request: Request) -> Response:
        if request.method == "POST":
            return await endpoint.post(request)
        return explorer.page() if explorer.is_wanted(request) else await endpoint.get(request)

    stream = Route("/graphql/stream", endpoint.stream, methods=["GET", "POST"])
    stream.methods = {"GET", "POST"}  # no HEAD: it would start a subscription that nobody reads

    export = Route("/export/{name}", Exports(schema, services, tokens, endpoint.stopping).get)
    export.methods = {"GET"}  # no HEAD: the whole export would be made, and thrown away

    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=["GET", "POST"]),
            stream,
            WebSocketRoute("/graphql", Sockets(schema, services, tokens, settings)),
            *explorer.routes,
            export,
            Route(REPORT, Reports(services, tokens, endpoint.stopping).get),
            Route("/health/live", live),
            Route("/health/ready", Readiness(checks or {}).ready),
            *([Route("/metrics", Metrics(count).show)] if settings.metrics else []),
        ],
        middleware=[Middleware(MarkedExchange), *_cross_origin(settings)],
        exception_handlers={
            BadRequest: _bad_request,
            TokenError: _unauthenticated,
            HTTPException: _not_served,
            Exception: _bug,
        },
        lifespan=lifespan,
    )
    app.state.stopping = endpoint.stopping
    return app


def _cross_origin(settings: Settings) -> list[Middleware]:
    """Which other origins' pages may read answers: none unless configured. WebSockets ask it too."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )
    ]


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequest)
    code = "UNAVAILABLE" if error.status == 503 else "BAD_REQUEST"
    return _refusal(request, error.status, error.message, code, error.headers)


async def _unauthenticated(request: Request, error: Exception) -> Response:
    assert isinstance(error, TokenError)
    asking = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return _refusal(request, 401, error.message, "UNAUTHENTICATED", asking)


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"{error.detail}. The API answers POST /graphql."
    return _refusal(request, error.status_code, message, "BAD_REQUEST", error.headers)


async def _bug(request: Request, error: Exception) -> Response:
    request_id = request.state.request_id
    logger.error("Request %s failed: %r", request_id, error)  # the server logs the traceback
    message = f"Something went wrong on the server. Its log tells more under request {request_id}."
    response = _refusal(request, 500, message, "INTERNAL_SERVER_ERROR", None)
    mark(response.headers, request_id)  # this answer is made outside of the middleware that would
    return response


def _refusal(
    request: Request, status: int, message: str, code: str, headers: Mapping[str, str] | None
) -> Response:
    turned_away(code, status)
    media = GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON
    body = encode(error_map(message, code, request.state.request_id))
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=media)
