"""Bearer tokens (JSON Web Tokens), signed and checked here and nowhere else. It must not know any query."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from domain.actors import Role
from graph.auth import Principal, TokenMalformed, utc_now
from graph.claims import principal_of, read_claims, read_header
from graph.keys import Keys, KeySet, Secret
from graph.standing import Standing
from storage.merchants import is_merchant_id
from storage.revocations import Revocations

LONGEST = 4096
"""Characters; a longer token is not even decoded."""


class _Signatures(jws.JWSRegistry):
    max_header_length = LONGEST  # some headers carry a certificate, which nobody looks at


class KeyUnknown(TokenMalformed):
    """No key is known by the name that the token gives; there may be one by now where keys come from."""

    def __init__(self) -> None:
        super().__init__("the key that signed it is not known here")


class Tokens:
    """Checks the tokens of one issuer for one audience, and signs them where it has the secret.

    `standing` tells what becomes of a token that was good.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        issuer: str,
        audience: str,
        revocations: Revocations | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.standing = Standing(revocations, clock)
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        # A signature is checked once (35-75 µs) and the answer kept as long as the keys stay the same;
        # expiry and revocation are checked each time.
        self._checked = lru_cache(maxsize=1024)(self._check)

    @property
    def signs(self) -> bool:
        """Whether tokens are made here, rather than where keys are fetched from."""
        return isinstance(self._keys, Secret)

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

        Raises ValueError when nobody could use it, or when an id does not belong to the role.
        """
        assert isinstance(self._keys, Secret), "who fetches keys has none to sign with"
        if misfit := _misfit(role, merchant_id, customer_id):
            raise ValueError(f"No token: {misfit}.")
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
        claims |= {"merchant_id": merchant_id} if merchant_id is not None else {}
        claims |= {"customer_id": customer_id} if customer_id is not None else {}
        payload = json.dumps(claims, separators=(",", ":")).encode()
        try:
            read_claims(payload)
        except TokenMalformed as error:
            raise ValueError(f"No token: {error.reason}.") from None
        header = {"typ": "JWT", "alg": self._keys.algorithm}
        return jws.serialize_compact(header, payload, self._keys.key, algorithms=[self._keys.algorithm])

    def verify(self, token: str) -> Principal:
        """The principal that the token names, by the keys that are known.

        Raises TokenMalformed, KeyUnknown, TokenExpired or TokenRevoked.
        """
        principal = self._checked(token, self._keys.current)
        if objection := self.standing.objection(principal):
            raise objection
        return principal

    async def principal(self, authorization: str | None) -> Principal | None:
        """Who the value of an `Authorization` header says it is; None, the anonymous asker, without one.

        Raises as `verify` does. Only a token that names an unknown key may have to wait, for the keys.
        """
        if authorization is None:
            return None
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise TokenMalformed("it is not sent as it should be", "Send 'Authorization: Bearer <token>'.")
        try:
            return self.verify(token)
        except KeyUnknown:
            if not await self._keys.refreshed():
                raise
            return self.verify(token)

    def _check(self, token: str, keys: KeySet) -> Principal:
        if len(token) > LONGEST:
            raise TokenMalformed(f"it is longer than {LONGEST} characters")
        try:
            signed = jws.extract_compact(token.encode(), registry=_Signatures())
        except (JoseError, ValueError, TypeError, RecursionError):  # TypeError: a header that is a list
            raise TokenMalformed("its form or signature is wrong") from None
        header = read_header(signed.headers())
        if header.alg not in self._keys.algorithms:
            raise TokenMalformed("in its header, 'alg' is not an algorithm that is used here")
        key = keys.find(header.alg, header.kid)
        if key is None:
            raise KeyUnknown
        only = _Signatures(algorithms=[key.algorithm], strict_check_header=False)
        try:
            good = jws.validate_compact(signed, key.key, registry=only)
        except (JoseError, ValueError, TypeError):
            good = False
        if not good:
            raise TokenMalformed("its form or signature is wrong")
        claims = read_claims(signed.payload)
        return principal_of(claims, issuer=self._issuer, audience=self._audience, now=self._clock())


def _misfit(role: Role, merchant_id: str | None, customer_id: str | None) -> str | None:
    """Which id does not belong to this role, or None. What a role lacks is the claims' to say."""
    if merchant_id is not None and role not in (Role.MERCHANT, Role.LOGISTICS):
        return f"role '{role.value}' takes no merchant_id"
    if customer_id is not None and role is not Role.CUSTOMER:
        return f"role '{role.value}' takes no customer_id"
    if merchant_id and not is_merchant_id(merchant_id):
        return "a merchant_id has 1 to 64 letters, digits, - or _"
    return None
