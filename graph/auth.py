"""Who is asking: bearer tokens are signed and checked here, and nowhere else. It must not know any query."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, assert_never

from graphql import GraphQLError
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from domain.actors import Role

ALGORITHMS = ("HS256",)
"""Pinned: a token cannot choose its own algorithm."""

LONGEST = 4096
"""Characters; a longer token is not even decoded."""


class TokenError(GraphQLError):
    """Who asks could not be made out; the message says what to do. HTTP: 401; WebSocket: closes with 4403."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "UNAUTHENTICATED"})


class TokenMissing(TokenError):
    """Something that needs to know who is asking was asked without a token."""

    def __init__(self) -> None:
        super().__init__(
            "This needs a token: send 'Authorization: Bearer <token>', or the same in connection_init."
        )


class TokenMalformed(TokenError):
    """The token is not one of ours, or lacks something."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token cannot be used: {reason}. Ask for a new one and send that.")


class TokenExpired(TokenError):
    """The token was good and is no longer."""

    def __init__(self) -> None:
        super().__init__("The token has expired. Ask for a new one and send that.")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as its token says. A merchant has a `merchant_id`, a customer a `customer_id`."""

    sub: str
    role: Role
    merchant_id: str | None
    customer_id: str | None
    expires_at: datetime
    token_id: str | None


def utc_now() -> datetime:
    """The wall clock. Tokens expire by it even where a test clock moves the orders' deadlines."""
    return datetime.now(UTC)


class Tokens:
    """Signs and checks tokens (JWT, HS256) with one secret, for one issuer and audience."""

    def __init__(
        self, secret: bytes, *, issuer: str, audience: str, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._key = OctKey.import_key(secret)
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._claims = JWTClaimsRegistry(
            now=lambda: int(clock().timestamp()),
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
        )
        # A token's signature is checked once (35-75 µs) and the answer kept; its expiry is checked each time.
        self._checked = lru_cache(maxsize=1024)(self._check)

    def mint(
        self,
        role: Role,
        *,
        sub: str | None = None,
        merchant_id: str | None = None,
        customer_id: str | None = None,
        ttl: timedelta = timedelta(hours=8),
    ) -> str:
        """A token for `role`. `sub` is by default the merchant's or customer's id, else the role's name.

        Raises ValueError when the role lacks the id it needs, or is the server's own.
        """
        now = self._clock()
        claims: dict[str, Any] = {
            "sub": sub or merchant_id or customer_id or role.value,
            "role": role.value,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": int(now.timestamp()),
            "exp": int((now + ttl).timestamp()),
            "jti": secrets.token_urlsafe(12),
        }
        claims |= {"merchant_id": merchant_id} if merchant_id else {}
        claims |= {"customer_id": customer_id} if customer_id else {}
        if problem := _problem(role, merchant_id, customer_id):
            raise ValueError(f"No token: {problem}.")
        return jwt.encode({"alg": ALGORITHMS[0]}, claims, self._key, algorithms=ALGORITHMS)

    def verify(self, token: str) -> Principal:
        """The principal that the token names. Raises TokenMalformed or TokenExpired."""
        principal = self._checked(token)
        if principal.expires_at <= self._clock():
            raise TokenExpired
        return principal

    def principal(self, authorization: str | None) -> Principal | None:
        """Who the value of an `Authorization` header says it is; None, the anonymous asker, without one."""
        if authorization is None:
            return None
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenMalformed("the Authorization header is not 'Bearer <token>'")
        return self.verify(token.strip())

    def _check(self, token: str) -> Principal:
        if len(token) > LONGEST:
            raise TokenMalformed(f"it is longer than {LONGEST} characters")
        try:
            claims = jwt.decode(token, self._key, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, RecursionError):  # TypeError: a header that is a list
            raise TokenMalformed("its form or signature is wrong") from None
        try:
            self._claims.validate(claims)
        except ExpiredTokenError:
            raise TokenExpired from None
        except JoseError as error:
            raise TokenMalformed(f"claim {error.description or error}") from None
        return _principal(claims)


def _principal(claims: Mapping[str, Any]) -> Principal:
    sub, merchant_id, customer_id, token_id = (
        _text(claims, name) for name in ("sub", "merchant_id", "customer_id", "jti")
    )
    assert sub, "the registry asks for it"
    try:
        role = Role(claims.get("role"))
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenMalformed("claim 'role' or 'exp' has no usable value") from None
    if problem := _problem(role, merchant_id, customer_id):
        raise TokenMalformed(problem)
    return Principal(sub, role, merchant_id, customer_id, expires_at, token_id)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    # Printable: half a character cannot be stored, and a NUL could make two people's keys one.
    if value is not None and not (isinstance(value, str) and value and value.isprintable()):
        raise TokenMalformed(f"claim '{name}' is not a text")
    return value


def _problem(role: Role, merchant_id: str | None, customer_id: str | None) -> str | None:
    """What this role lacks to be a principal, or None."""
    match role:
        case Role.MERCHANT:
            return None if merchant_id else "role 'merchant' needs a merchant_id"
        case Role.CUSTOMER:
            return None if customer_id else "role 'customer' needs a customer_id"
        case Role.MARKETPLACE | Role.PAYMENTS | Role.LOGISTICS:
            return None
        case Role.SYSTEM:
            return "role 'system' is the server's own"
        case _:
            assert_never(role)
