"""GraphQL over WebSocket (graphql-transport-ws): Strawberry's protocol handler, hardened.

It must not know the schema's types, nor what a token looks like inside.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from graphql import GraphQLError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import Operation as RunningOperation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.execution import PreExecutionError

from graph.answers import errors_of
from graph.auth import UNAUTHENTICATED, TokenError
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.metrics import SOCKETS
from graph.requests import BadRequest, Operation, operation_from
from graph.services import Services
from graph.settings import Settings
from graph.streams import one_of, results
from graph.tokens import Tokens
from graph.wire import NotJson, decode, encode

logger = logging.getLogger(__name__)

FORBIDDEN = 4403

LONGEST_REASON = 123
"""Bytes that a close frame has room for."""

LONGEST_ID = 255
"""Characters of an operation's id."""


class Adapter(ASGIWebSocketAdapter):
    """Text frames both ways; sending to a socket that is closed already is quiet."""

    ws: WebSocket

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnected
        try:
            await self.ws.send_text(encode(message).decode())
        except RuntimeError as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is not WebSocketState.DISCONNECTED:
            with suppress(RuntimeError):  # closed meanwhile by the server, for what only it sees in a frame
                await self.ws.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class Handler(BaseGraphQLTransportWSHandler[Context, None]):
    """One socket: whose it is, until when, and which operations run on it."""

    websocket: Adapter
    schema: OrderflowSchema
    unwatch: Callable[[], None] | None = None
    ending: asyncio.Task[None] | None = None

    async def handle_message(self, message: Message) -> None:
        """Closes with 4400 and a reason when the message is none of the protocol's."""
        try:
            check(message)
        except BadRequest as error:
            await self.handle_invalid_message(error.message)
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Makes out who connects, from the payload or else the handshake's header; 4403 when that fails."""
        payload = message.get("payload") or {}
        if not self.connection_init_received:
            tokens = cast("Sockets", self.view).tokens
            try:
                principal = await tokens.principal(self._authorization(payload))
            except TokenError as error:
                await self.websocket.close(FORBIDDEN, error.message)
                return
            self.context = replace(self.context, principal=principal)
            if principal:
                self.unwatch = tokens.standing.watch(principal, self._end)
        await super().handle_connection_init({"type": "connection_init", "payload": payload})

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Starts the operation, or refuses it alone when too many run on this socket already."""
        most = cast("Sockets", self.view).operations_limit
        known = message["id"] in self.operations  # which closes the socket, however many there are
        if self.connection_acknowledged and not known and len(self.operations) >= most:
            refusal = GraphQLError(
                f"{most} operations run on this socket already: complete some, or open another socket.",
                extensions={"code": "TOO_MANY_OPERATIONS"},
            )
            payload = errors_of([refusal], self.context.for_operation().request_id)
            await self.send_message(cast(Message, {"id": message["id"], "type": "error", "payload": payload}))
            return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: RunningOperation[Context, None]) -> None:
        """Sends every result: `next`s and `complete`, or one `error` when nothing could run."""
        context = self.context.for_operation()
        asked = Operation(operation.query, operation.variables, operation.operation_name)
        with suppress(WebSocketDisconnected):
            async with aclosing(results(self.schema, asked, context)) as stream:
                async for result in stream:
                    if isinstance(result, PreExecutionError):
                        errors = errors_of(result.errors or (), context.request_id)
                        await operation.send_operation_message(
                            cast(Message, {"id": operation.id, "type": "error", "payload": errors})
                        )
                        return
                    payload = one_of(result, context.request_id)
                    await operation.send_operation_message(
                        cast(Message, {"id": operation.id, "type": "next", "payload": payload})
                    )
            await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def shutdown(self) -> None:
        if self.unwatch:
            self.unwatch()
        if self.ending:
            self.ending.cancel()
        await super().shutdown()

    def _end(self, why: TokenError) -> None:
        self.context.ended_by.append(UNAUTHENTICATED)
        self.ending = asyncio.create_task(self._close(why))

    async def _close(self, why: TokenError) -> None:
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        await self.websocket.close(FORBIDDEN, why.message)

    def _authorization(self, payload: Mapping[str, object]) -> str | None:
        for name, value in payload.items():
            if name.lower() == "authorization":
                return str(value)
        if "token" in payload:
            return f"Bearer {payload['token']}"
        return self.websocket.ws.headers.get("authorization")


class Sockets(GraphQL[Context, None]):
    """The ASGI app behind WS /graphql. Strawberry checks the origin and picks the protocol."""

    websocket_adapter_class = Adapter
    graphql_transport_ws_handler_class = Handler

    def __init__(
        self, schema: OrderflowSchema, services: Services, tokens: Tokens, settings: Settings
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=settings.init_timeout),
            allowed_origins=settings.allowed_origins,
            max_subscriptions_per_connection=None,  # counted here, to refuse with a code
        )
        self.operations_limit = settings.operations_limit
        self.tokens = tokens
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket, from its handshake to its end."""
        with SOCKETS.track_inprogress():
            await super().__call__(scope, receive, send)

    def is_websocket_origin_allowed(self, request: Any, origin: str) -> bool:
        """Whether a page of another origin may connect; it is said which setting lets it."""
        if super().is_websocket_origin_allowed(request, origin):
            return True
        logger.warning(
            "A page of %r was refused a WebSocket. If it is yours, put that into ORDERFLOW_ALLOWED_ORIGINS.",
            origin,
        )
        return False

    async def get_context(self, request: Any, response: Any) -> Context:
        """The socket's context, anonymous until connection_init."""
        return Context(
            services=self._services,
            request_id=request.state.request_id,
            address=request.client.host if request.client else "",
            transport="websocket",
        )

    def decode_json(self, data: str | bytes) -> object:
        """The message, or the NotJson that says why it is none: `check` refuses that with its reason."""
        try:
            return decode(data)
        except NotJson as error:
            return error


def check(message: object) -> None:
    """Raises BadRequest, with a sentence, for whatever is no message of graphql-transport-ws."""
    if isinstance(message, NotJson):
        raise BadRequest(400, str(message))
    if not isinstance(message, dict):
        raise BadRequest(400, "A message is a JSON object with a 'type'.")
    fields = cast("dict[str, Any]", message)
    if not isinstance(fields.get("type"), str):
        raise BadRequest(400, "A message is a JSON object with a 'type'.")
    if fields["type"] in ("subscribe", "complete") and not (
        isinstance(fields.get("id"), str) and 0 < len(fields["id"]) <= LONGEST_ID
    ):
        raise BadRequest(400, f"'{fields['type']}' needs an 'id', a text of 1 to {LONGEST_ID} characters.")
    if fields["type"] == "subscribe":
        operation_from(fields.get("payload"))
    elif not isinstance(fields.get("payload"), (dict, type(None))):
        raise BadRequest(400, "'payload' must be an object or null.")
