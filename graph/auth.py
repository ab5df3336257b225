"""Who is asking, and why nobody could be made out. What a token looks like is `graph.tokens`' affair."""

from dataclasses import dataclass
from datetime import UTC, datetime

from graphql import GraphQLError

from domain.actors import Role

UNAUTHENTICATED = "UNAUTHENTICATED"


class TokenError(GraphQLError):
    """Who asks could not be made out; the message says what to do. HTTP: 401; WebSocket: closes with 4403."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": UNAUTHENTICATED})


class TokenMissing(TokenError):
    """Something that needs to know who is asking was asked without a token."""

    def __init__(self) -> None:
        super().__init__(
            "This needs a token: send 'Authorization: Bearer <token>', or the same in connection_init."
        )


class TokenMalformed(TokenError):
    """The token is not one of ours, or lacks something."""

    def __init__(self, reason: str, then: str = "Ask for a new one and send that.") -> None:
        self.reason = reason
        super().__init__(f"The token cannot be used: {reason}. {then}")


class TokenExpired(TokenError):
    """The token was good and is no longer."""

    def __init__(self) -> None:
        super().__init__("The token has expired. Ask for a new one and send that.")


class TokenRevoked(TokenError):
    """The token would be good, and was taken back."""

    def __init__(self) -> None:
        super().__init__("The token was revoked. Ask whether you may have a new one, and send that.")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as its token says. A merchant has a `merchant_id`, a customer a `customer_id`."""

    sub: str
    role: Role
    merchant_id: str | None
    customer_id: str | None
    issued_at: datetime
    expires_at: datetime
    token_id: str | None


def utc_now() -> datetime:
    """The wall clock. Tokens expire by it even where a test clock moves the orders' deadlines."""
    return datetime.now(UTC)
