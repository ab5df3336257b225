"""GraphQL over WebSocket (graphql-transport-ws): Strawberry's protocol handler, hardened.

It must not know the schema's types, nor what a token looks like inside.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import Operation as RunningOperation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage, Message
from strawberry.types.execution import PreExecutionError

from graph.answers import answer, errors_of
from graph.auth import Principal, TokenError, TokenExpired, Tokens, utc_now
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.requests import BadRequest, Operation, operation_from
from graph.services import Services
from graph.settings import Settings
from graph.streams import results
from graph.wire import NotJson, decode, encode

FORBIDDEN = 4403

LONGEST_REASON = 123
"""Bytes that a close frame has room for."""


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
            await self.ws.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class Handler(BaseGraphQLTransportWSHandler[Context, None]):
    """One socket: whose it is, until when, and which operations run on it."""

    websocket: Adapter
    schema: OrderflowSchema
    expiry: asyncio.Task[None] | None = None

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
            try:
                principal = cast("Sockets", self.view).tokens.principal(self._authorization(payload))
            except TokenError as error:
                await self.websocket.close(FORBIDDEN, error.message)
                return
            self.context = replace(self.context, principal=principal)
            if principal:
                self.expiry = asyncio.create_task(self._end_when_expired(principal))
        await super().handle_connection_init({"type": "connection_init", "payload": payload})

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
                    payload = answer(result, context.request_id)
                    await operation.send_operation_message(
                        cast(Message, {"id": operation.id, "type": "next", "payload": payload})
                    )
            await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def shutdown(self) -> None:
        if self.expiry:
            self.expiry.cancel()
        await super().shutdown()

    async def _end_when_expired(self, principal: Principal) -> None:
        await asyncio.sleep((principal.expires_at - utc_now()).total_seconds())
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        await self.websocket.close(FORBIDDEN, TokenExpired().message)

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
        )
        self.tokens = tokens
        self._services = services

    async def get_context(self, request: Any, response: Any) -> Context:
        """The socket's context, anonymous until connection_init."""
        return Context(services=self._services, request_id=request.state.request_id)

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
        isinstance(fields.get("id"), str) and fields["id"]
    ):
        raise BadRequest(400, f"'{fields['type']}' needs an 'id', a text that is not empty.")
    if fields["type"] == "subscribe":
        operation_from(fields.get("payload"))
    elif not isinstance(fields.get("payload"), (dict, type(None))):
        raise BadRequest(400, "'payload' must be an object or null.")
