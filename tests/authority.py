"""Whoever signs tokens elsewhere: keys, tokens signed with them, and a server that publishes the keys."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.transport import serving

Jwk = dict[str, Any]


@cache
def rsa(name: str = "r") -> RSAKey:
    """A key pair for RS256; the same for the same name."""
    return RSAKey.generate_key(2048)


@cache
def curve(name: str = "e", crv: Any = "P-256") -> ECKey:
    """A key pair for ES256; the same for the same name."""
    return ECKey.generate_key(crv)


def shared(secret: bytes) -> OctKey:
    """A key of these bytes, whatever else they are: forgers take public keys for secrets."""
    return OctKey(secret, secret)  # not `import_key`, which knows a public key when it sees one


def public(key: RSAKey | ECKey, kid: str | None = None, **more: object) -> Jwk:
    """What is published of a key; None leaves a member out."""
    jwk = {**key.as_dict(private=False), "kid": kid, **more}
    return {name: value for name, value in jwk.items() if value is not None}


def signed(key: Any, kid: str | None, algorithm: str = "RS256", **more: Any) -> str:
    """A token for the marketplace; `header` and any claim may be changed, None leaves a claim out."""
    now = int(datetime.now(UTC).timestamp())
    header = {"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {}), **more.pop("header", {})}
    claims = {
        "sub": "someone",
        "role": "marketplace",
        "iss": "orderflow",
        "aud": "orderflow",
        "iat": now,
        "exp": now + 600,
        **more,
    }
    told = f"{part(header)}.{part({name: value for name, value in claims.items() if value is not None})}"
    # Not by the library's own signing: it would refuse what forgers do.
    signature = JWSRegistry.algorithms[algorithm].sign(told.encode(), key)
    return f"{told}.{urlsafe_b64encode(signature).decode()}"


def part(value: object) -> str:
    """A header or claims as they stand in a token."""
    return urlsafe_b64encode(json.dumps(value).encode()).decode()


@dataclass(slots=True)
class Authority:
    """A server that publishes `keys`, or answers as it is told; `asked` counts how often it was."""

    keys: list[Any] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    url: str = ""

    async def answer(self, _: Request) -> Response:
        self.asked += 1
        body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
        return Response(body, self.status, {"content-type": "application/json", **self.headers})


@asynccontextmanager
async def publishing(*keys: Any) -> AsyncGenerator[Authority]:
    """A server on this machine that publishes these keys."""
    authority = Authority(list(keys))
    async with serving(Starlette(routes=[Route("/keys", authority.answer)])) as address:
        authority.url = f"http://{address}/keys"
        yield authority
