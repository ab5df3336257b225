"""A JSON Web Key Set (RFC 7517), read strictly into the keys that can check tokens. It fetches nothing."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from graph.keys import VerifyingKey

ALGORITHMS = ("RS256", "ES256")

_RSA_BITS = range(2048, 8193)


class _PublicKey(BaseModel):
    """What kinds of keys have in common. Private parts, should somebody publish them, are not read."""

    model_config = ConfigDict(strict=True, frozen=True)

    kid: Annotated[str, Field(min_length=1)] | None = None
    use: Literal["sig"] | None = None
    key_ops: list[str] = ["verify"]


class _Rsa(_PublicKey):
    kty: Literal["RSA"]
    alg: Literal["RS256"] = "RS256"
    n: str
    e: str


class _EllipticCurve(_PublicKey):
    kty: Literal["EC"]
    alg: Literal["ES256"] = "ES256"
    crv: Literal["P-256"]
    x: str
    y: str


class _Document(BaseModel):
    keys: list[Any]


_Key = TypeAdapter[_Rsa | _EllipticCurve](Annotated[_Rsa | _EllipticCurve, Field(discriminator="kty")])


class NoKeySet(Exception):
    """What was read is no JSON Web Key Set."""


def read_keys(document: bytes) -> tuple[VerifyingKey, ...]:
    """The keys for RS256 (2048 to 8192 bits) and ES256; others are passed over. Raises NoKeySet.

    What a key says it is for (`alg`, `use`, `key_ops`) is respected; a shared secret is never a key here.
    """
    try:
        listed = _Document.model_validate_json(document).keys
    except ValidationError:
        raise NoKeySet("it is no JSON Web Key Set") from None
    return tuple(_usable(listed))


def _usable(listed: list[Any]) -> Iterator[VerifyingKey]:
    for each in listed:
        try:
            yield _verifying(_Key.validate_python(each))
        except (ValidationError, JoseError, ValueError, TypeError):
            continue


def _verifying(key: _Rsa | _EllipticCurve) -> VerifyingKey:
    if "verify" not in key.key_ops:
        raise ValueError("it is not for checking signatures")
    if isinstance(key, _EllipticCurve):
        point = ECKey.import_key({"kty": key.kty, "crv": key.crv, "x": key.x, "y": key.y})
        return VerifyingKey(key.alg, key.kid, point)
    if base64_to_int(key.n).bit_length() not in _RSA_BITS:
        raise ValueError("it is too short, or longer than anybody needs")
    return VerifyingKey(key.alg, key.kid, RSAKey.import_key({"kty": key.kty, "n": key.n, "e": key.e}))
