"""What one operation knows about itself: who asks, under which request id, with which services."""

from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import uuid4

from graph.auth import Principal, TokenMissing
from graph.services import Services

Transport = Literal["http", "sse", "websocket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Strawberry's context value: one per operation, never shared by the operations of a socket.

    `address` is the client's, as far as the server knows it. `ended_by` gets the code of what ends a
    subscription before its time; the operations of a socket share it.

    State that must not outlive an operation (data loaders) belongs in a field with `init=False` and a
    factory: `for_operation` makes it anew.
    """

    services: Services
    request_id: str
    principal: Principal | None = None
    idempotency_key: str | None = None
    address: str = ""
    transport: Transport = "http"
    ended_by: list[str] = field(default_factory=list[str])

    def authenticated(self) -> Principal:
        """The principal. Raises TokenMissing (code UNAUTHENTICATED) for an anonymous asker."""
        if self.principal is None:
            raise TokenMissing
        return self.principal

    def for_operation(self) -> "Context":
        """A context for the next operation on the same socket, with a request id of its own."""
        return replace(self, request_id=new_request_id())


def new_request_id() -> str:
    """32 hexadecimal digits, unguessable."""
    return uuid4().hex
