"""What a token says, read strictly: its header and its claims (RFC 7519). It must not know keys."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, assert_never

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from domain.actors import Role
from graph.auth import Principal, TokenMalformed
from storage.revocations import KEPT

LEEWAY = timedelta(seconds=10)
"""By how much the issuer's clock may be ahead of ours: for `iat` and `nbf`, never for `exp`."""

LONGEST_LIFE = KEPT - timedelta(days=1)
"""A token that is good for longer is refused: its revocation would be forgotten before it expires."""

_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def _printable(text: str) -> str:
    # Half a character cannot be stored, and a NUL could make two people's keys one.
    if not text.isprintable():
        raise ValueError("it is not printable")
    return text


_Text = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
_Moment = Annotated[float, Field(ge=0, le=_LATEST, allow_inf_nan=False)]


class Header(BaseModel):
    """What a token says about its signature. Where to fetch a key (`jku`, `jwk`, `x5u`) is not listened to.

    Extensions that must be understood (`crit`) are refused: none is. So is a token of another type, such as
    one that tells that somebody signed out.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    alg: str
    kid: str | None = None
    typ: str = "JWT"
    crit: None = None


class Claims(BaseModel):
    """The claims that count here; others may be there."""

    model_config = ConfigDict(strict=True, frozen=True)

    iss: str
    aud: str | list[str]
    sub: _Text
    iat: _Moment
    exp: _Moment
    nbf: _Moment = 0
    jti: _Text | None = None
    role: Role
    merchant_id: _Text | None = None
    customer_id: _Text | None = None


def read_header(header: Mapping[str, Any]) -> Header:
    """The header of a JSON Web Token. Raises TokenMalformed."""
    try:
        read = Header.model_validate(header)
    except ValidationError as error:
        raise TokenMalformed(f"in its header, {_first(error)}") from None
    if read.typ.lower().removeprefix("application/") not in ("jwt", "at+jwt"):
        raise TokenMalformed("in its header, 'typ' has no usable value")
    return read


def read_claims(payload: bytes) -> Claims:
    """The claims of a token that somebody may use: whoever signed it, and whenever. Raises TokenMalformed."""
    try:
        claims = Claims.model_validate_json(payload)
    except ValidationError as error:
        raise TokenMalformed(f"claim {_first(error)}") from None
    if claims.exp - claims.iat > LONGEST_LIFE.total_seconds():
        raise TokenMalformed(f"claim 'exp' is more than {LONGEST_LIFE.days} days after 'iat'")
    if lacking := _lacking(claims):
        raise TokenMalformed(lacking)
    return claims


def principal_of(claims: Claims, *, issuer: str, audience: str, now: datetime) -> Principal:
    """The principal of claims by this issuer for this audience, expired or not. Raises TokenMalformed."""
    if claims.iss != issuer:
        raise TokenMalformed("claim 'iss' names another issuer")
    if audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
        raise TokenMalformed("claim 'aud' names another audience")
    for name, moment in (("iat", claims.iat), ("nbf", claims.nbf)):
        if moment > (now + LEEWAY).timestamp():
            raise TokenMalformed(f"claim '{name}' is a time to come")
    return Principal(
        claims.sub,
        claims.role,
        claims.merchant_id,
        claims.customer_id,
        issued_at=datetime.fromtimestamp(claims.iat, UTC),
        expires_at=datetime.fromtimestamp(claims.exp, UTC),
        token_id=claims.jti,
    )


def _first(error: ValidationError) -> str:
    """The first thing that is wrong. What was sent is not repeated."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if not first["loc"]:
        return "after claim, it is no JSON object"
    return f"'{first['loc'][0]}' {'is missing' if first['type'] == 'missing' else 'has no usable value'}"


def _lacking(claims: Claims) -> str | None:
    """What this role lacks to be a principal, or None."""
    match claims.role:
        case Role.MERCHANT:
            return None if claims.merchant_id else "role 'merchant' needs a merchant_id"
        case Role.CUSTOMER:
            return None if claims.customer_id else "role 'customer' needs a customer_id"
        case Role.MARKETPLACE | Role.PAYMENTS | Role.LOGISTICS:
            return None
        case Role.SYSTEM:
            return "role 'system' is the server's own"
        case _:
            assert_never(claims.role)
