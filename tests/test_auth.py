"""What a token must hold to be believed."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from domain.actors import Role
from graph.auth import TokenError, TokenExpired, TokenMalformed, TokenMissing, TokenRevoked
from graph.context import Context
from graph.keys import Secret
from graph.tokens import Tokens
from tests.transport import SERVICES

SECRET = b"a secret that is long enough for HS256 to be safe"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def tokens(clock: Clock | None = None, secret: bytes = SECRET) -> Tokens:
    return Tokens(Secret(secret), issuer="orderflow", audience="orderflow", clock=clock or Clock())


GOOD = {
    "sub": "someone",
    "role": "marketplace",
    "iss": "orderflow",
    "aud": "orderflow",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
}


def signed(algorithm: Any = "HS256", **changes: object) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(SECRET), algorithms=[algorithm])


def headed(header: dict[str, Any], claims: object = GOOD) -> str:
    """A token with this header, signed with the secret whatever the header says."""
    told = f"{part(header)}.{part(claims)}"
    mac = hmac.digest(SECRET, told.encode(), hashlib.sha256)
    return f"{told}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("role", "ids"),
    [
        (Role.MARKETPLACE, {}),
        (Role.PAYMENTS, {}),
        (Role.LOGISTICS, {}),
        (Role.MERCHANT, {"merchant_id": "m1"}),
        (Role.CUSTOMER, {"customer_id": "c1"}),
    ],
)
def test_a_minted_token_names_whom_it_was_minted_for(role: Role, ids: dict[str, str]) -> None:
    principal = tokens().verify(tokens().mint(role, ttl=timedelta(hours=1), **ids))
    assert principal.role is role
    assert (principal.merchant_id, principal.customer_id) == (ids.get("merchant_id"), ids.get("customer_id"))
    assert principal.sub == next(iter(ids.values()), role.value)
    assert principal.expires_at == NOW + timedelta(hours=1)


def test_two_tokens_for_the_same_person_have_different_ids() -> None:
    first, second = (tokens().verify(tokens().mint(Role.MARKETPLACE)) for _ in range(2))
    assert first.token_id
    assert first.token_id != second.token_id


@pytest.mark.parametrize("role", [Role.MERCHANT, Role.CUSTOMER, Role.SYSTEM])
def test_no_token_is_minted_for_a_role_without_its_id_nor_for_the_server_itself(role: Role) -> None:
    with pytest.raises(ValueError, match=role.value):
        tokens().mint(role)


@pytest.mark.parametrize(
    ("role", "ids"),
    [
        (Role.MARKETPLACE, {"merchant_id": "m1"}),
        (Role.PAYMENTS, {"customer_id": "c1"}),
        (Role.CUSTOMER, {"customer_id": "c1", "merchant_id": "m1"}),
        (Role.MERCHANT, {"merchant_id": "m1", "customer_id": "c1"}),
        (Role.MERCHANT, {"merchant_id": "m.1"}),
        (Role.LOGISTICS, {"merchant_id": ""}),
        (Role.CUSTOMER, {"customer_id": "c\0"}),
    ],
)
def test_no_token_is_minted_with_an_id_that_does_not_fit_its_role(role: Role, ids: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^No token: "):
        tokens().mint(role, **ids)


@pytest.mark.parametrize("claim", ["sub", "iss", "aud", "iat", "exp", "role"])
def test_a_token_without_a_required_claim_is_refused_by_the_claims_name(claim: str) -> None:
    with pytest.raises(TokenMalformed, match=claim):
        tokens().verify(signed(**{claim: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone else"},
        {"aud": "another service"},
        {"iat": int(NOW.timestamp()) + 3600},
        {"nbf": int(NOW.timestamp()) + 3600},
        {"exp": "tomorrow"},
        {"exp": str(int(NOW.timestamp()) + 60)},
        {"exp": True},
        {"exp": -1},
        {"exp": 10**30},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": [int(NOW.timestamp()) + 60]},
        {"exp": int(NOW.timestamp()) + 367 * 86_400},
        {"iat": float("nan")},
        {"nbf": "now"},
        {"aud": ["another service"]},
        {"aud": {"orderflow": True}},
        {"iss": ["orderflow"]},
        {"sub": ""},
        {"sub": 7},
        {"sub": "one\0two"},
        {"role": "admin"},
        {"role": "MERCHANT", "merchant_id": "m1"},
        {"role": ["merchant"], "merchant_id": "m1"},
        {"role": "system"},
        {"role": "merchant"},
        {"role": "merchant", "merchant_id": ""},
        {"role": "merchant", "merchant_id": {"$ne": ""}},
        {"role": "merchant", "merchant_id": "m\0001"},
        {"role": "customer", "customer_id": "c1\n"},
        {"role": "merchant", "customer_id": "c1"},
        {"role": "customer"},
        {"role": "customer", "customer_id": 7},
        {"jti": 7},
    ],
    ids=str,
)
def test_a_token_with_a_claim_that_cannot_be_right_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TokenMalformed):
        tokens().verify(signed(**changes))


NO_TOKENS = {
    "nothing": "",
    "a word": "x",
    "three words": "a.b.c",
    "dots": "...",
    "no ASCII": "ünïcödé",
    "half a character": "\ud800",
    "unsigned, and says so": f"{part({'alg': 'none'})}.{part(GOOD)}.",
    "signed with nonsense": f"{part({'alg': 'HS256'})}.{part(GOOD)}.{part('a signature')}",
    "a header that is a list": f"{part(['alg'])}.{part(GOOD)}.e",
    "a header whose extensions are no list": f"{part({'alg': 'HS256', 'crit': 1})}.{part(GOOD)}.e",
    "a very deep header": f"{base64.urlsafe_b64encode(b'[' * 2900).decode()}.e.e",
    "cut short": signed()[:-2],
    "with a space": f"{signed()} ",
    "with a fourth part": f"{signed()}.more",
    "far too long": "e" * 5000,
}


@pytest.mark.parametrize("kind", NO_TOKENS)
def test_whatever_is_no_token_of_ours_is_refused_as_malformed(kind: str) -> None:
    with pytest.raises(TokenMalformed):
        tokens().verify(NO_TOKENS[kind])


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": "HS512"},
        {"alg": ["HS256"]},
        {},
        {"alg": "HS256", "crit": ["exp"]},
        {"alg": "HS256", "crit": []},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "b64": False},
        {"alg": "HS256", "kid": 7},
        {"alg": "HS256", "kid": {"$ne": None}},
        {"alg": "HS256", "typ": "logout+jwt"},
        {"alg": "HS256", "typ": None},
    ],
    ids=str,
)
def test_a_good_signature_does_not_help_a_header_that_means_something_else(header: dict[str, Any]) -> None:
    with pytest.raises(TokenMalformed):
        tokens().verify(headed(header))


@pytest.mark.parametrize(
    "more", [{}, {"typ": "JWT"}, {"typ": "application/at+jwt"}, {"x5t": "e"}, {"kid": "k"}]
)
def test_what_a_header_may_say_besides_is_not_held_against_a_token(more: dict[str, str]) -> None:
    assert tokens().verify(headed({"alg": "HS256", **more})).sub == "someone"


@pytest.mark.parametrize("claims", [[], "text", 7, None, [GOOD]], ids=str)
def test_claims_that_are_no_object_are_refused(claims: object) -> None:
    with pytest.raises(TokenMalformed):
        tokens().verify(headed({"alg": "HS256"}, claims))


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_an_issuers_clock_may_be_a_few_seconds_ahead_but_not_minutes(name: str) -> None:
    assert tokens().verify(signed(**{name: int(NOW.timestamp()) + 5})).sub == "someone"
    with pytest.raises(TokenMalformed, match=name):
        tokens().verify(signed(**{name: int(NOW.timestamp()) + 60}))


def test_a_token_may_be_for_several_audiences_and_say_more_than_is_asked() -> None:
    token = signed(aud=["another service", "orderflow"], scope="orders", email=["a@example.org"])
    assert tokens().verify(token).sub == "someone"


def test_a_refusal_repeats_nothing_of_what_was_sent() -> None:
    for changes in ({"iss": "hunter2"}, {"role": "hunter2"}, {"exp": "hunter2"}, {"jti": ["hunter2"]}):
        with pytest.raises(TokenMalformed) as refused:
            tokens().verify(signed(**changes))
        assert "hunter2" not in refused.value.message


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_token_cannot_choose_another_algorithm(algorithm: str) -> None:
    with pytest.raises(TokenMalformed):
        tokens().verify(signed(algorithm))


def test_a_token_signed_with_another_key_is_refused() -> None:
    with pytest.raises(TokenMalformed):
        tokens(secret=b"another secret, just as long as the first one is").verify(signed())
    foreign = jwt.encode({"alg": "RS256"}, dict(GOOD), RSAKey.generate_key(2048), algorithms=["RS256"])
    with pytest.raises(TokenMalformed):
        tokens().verify(foreign)


def test_a_token_is_good_until_the_second_it_expires_even_when_it_was_checked_before() -> None:
    clock = Clock()
    checking = tokens(clock)
    token = checking.mint(Role.MARKETPLACE, ttl=timedelta(seconds=10))
    clock.now += timedelta(seconds=9)
    assert checking.verify(token).role is Role.MARKETPLACE
    clock.now += timedelta(seconds=1)
    with pytest.raises(TokenExpired):
        checking.verify(token)
    with pytest.raises(TokenExpired):
        tokens(clock).verify(token)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", signed(), f"Token {signed()}"]
)
async def test_an_authorization_header_that_is_no_bearer_token_is_refused_rather_than_taken_as_anonymous(
    header: str,
) -> None:
    with pytest.raises(TokenMalformed):
        await tokens().principal(header)


async def test_no_header_is_the_anonymous_asker_and_the_scheme_may_be_written_in_any_case() -> None:
    assert await tokens().principal(None) is None
    for scheme in ("Bearer", "bearer", "BEARER "):
        assert await tokens().principal(f"{scheme} {signed()}") == tokens().verify(signed())


def test_what_needs_a_principal_says_so_to_an_anonymous_asker() -> None:
    anonymous = Context(services=SERVICES, request_id="r1")
    with pytest.raises(TokenMissing, match="Bearer"):
        anonymous.authenticated()


@pytest.mark.parametrize(
    "error", [TokenMissing(), TokenMalformed("it is torn"), TokenExpired(), TokenRevoked()]
)
def test_every_refusal_says_what_to_do_carries_its_code_and_fits_a_close_frame(error: TokenError) -> None:
    assert error.extensions == {"code": "UNAUTHENTICATED"}
    assert "send" in error.message
    assert len(error.message.encode()) <= 123
