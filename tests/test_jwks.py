"""Tokens that are signed elsewhere: whose keys are good, for how long, and what forgers can make of it."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey
from joserfc.util import int_to_base64

from domain.actors import Role
from graph.auth import TokenMalformed
from graph.fetched_keys import LARGEST, FetchedKeys, KeysMissing
from graph.jwks import NoKeySet, read_keys
from graph.keys import Secret
from graph.settings import Settings, SettingsError
from graph.token_settings import keys_of
from graph.tokens import KeyUnknown, Tokens
from tests import serving
from tests.authority import Authority, Jwk, curve, public, publishing, rsa, shared, signed
from tests.transport import SECRET, TOKENS, api, bearer, client, post

RSA, CURVE = public(rsa(), "r1"), public(curve(), "e1")
GOOD_RSA, GOOD_CURVE = signed(rsa(), "r1"), signed(curve(), "e1", "ES256")


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Checking:
    """A server's view of an authority: its keys, and tokens checked with them."""

    def __init__(self, url: str, **options: Any) -> None:
        self.time = Time()
        self.keys = FetchedKeys(url, clock=self.time, **options)
        self.tokens = Tokens(self.keys, issuer="orderflow", audience="orderflow")

    async def accepts(self, token: str) -> bool:
        try:
            return await self.tokens.principal(f"Bearer {token}") is not None
        except TokenMalformed:
            return False

    async def looks_again(self) -> None:
        """As the server does every few minutes."""
        self.time.now += 1000
        assert await self.keys.refreshed()


@pytest.fixture
async def authority() -> AsyncGenerator[Authority]:
    async with publishing(RSA, CURVE) as started:
        yield started


# Which keys


USABLE: dict[str, Jwk] = {
    "RSA": public(rsa()),
    "RSA that says what it is for": public(rsa(), "r", alg="RS256", use="sig", key_ops=["verify"]),
    "P-256": public(curve()),
    "P-256 that says what it is for": public(curve(), "e", alg="ES256", use="sig", x5c=["…"]),
}


@pytest.mark.parametrize("kind", USABLE)
def test_a_public_key_for_rs256_or_es256_is_used(kind: str) -> None:
    [key] = read_keys(json.dumps({"keys": [USABLE[kind]], "more": 1}).encode())
    assert key.algorithm == ("RS256" if USABLE[kind]["kty"] == "RSA" else "ES256")
    assert key.kid == USABLE[kind].get("kid")


UNUSABLE: dict[str, Any] = {
    "a shared secret": OctKey.generate_key(256).as_dict(private=True),
    "a short RSA key": {"kty": "RSA", "e": "AQAB", "n": int_to_base64(2**1023 + 1)},
    "an RSA key that takes for ever": {"kty": "RSA", "e": "AQAB", "n": int_to_base64(2**8200 + 1)},
    "another curve": public(curve("other", "P-384")),
    "Bitcoin's curve": public(curve("bitcoin", "secp256k1")),
    "for another algorithm": public(rsa(), alg="RS512"),
    "RSA for HMAC": public(rsa(), alg="HS256"),
    "a curve for RSA's algorithm": public(curve(), alg="RS256"),
    "for encryption": public(rsa(), use="enc"),
    "for signing only": public(rsa(), key_ops=["sign"]),
    "of an unknown type": {**public(rsa()), "kty": "PQC"},
    "of no type": {**public(rsa()), "kty": None},
    "without its number": {"kty": "RSA", "e": "AQAB"},
    "with half a number": {**public(rsa()), "n": "!"},
    "with an even exponent": {**public(rsa()), "e": "AQAC"},
    "off its curve": {**public(curve()), "y": public(curve("another"))["y"]},
    "named by a number": {**public(rsa()), "kid": 7},
    "a text": "key",
    "nothing": None,
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_key_that_is_not_for_checking_rs256_or_es256_is_passed_over(kind: str) -> None:
    assert [key.kid for key in read_keys(json.dumps({"keys": [UNUSABLE[kind], RSA]}).encode())] == ["r1"]


def test_private_parts_that_somebody_published_are_not_even_read() -> None:
    [key] = read_keys(json.dumps({"keys": [rsa().as_dict(private=True)]}).encode())
    assert not key.key.is_private


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"keys": {}}', '{"keys": 7}', "<html>", "[" * 60_000])
def test_what_is_no_key_set_is_told_from_an_empty_one(document: str) -> None:
    assert read_keys(b'{"keys": []}') == ()
    with pytest.raises(NoKeySet):
        read_keys(document.encode())


# Which tokens


async def test_tokens_of_the_keys_behind_the_address_are_accepted(authority: Authority) -> None:
    app = api(jwks_url=authority.url)
    for token in (GOOD_RSA, GOOD_CURVE):
        answer = (await post("{ who }", app, bearer(token))).json()
        assert answer["data"] == {"who": "marketplace None"}
    assert authority.asked == 1


async def test_the_secret_signs_nothing_where_keys_are_fetched_and_keys_nothing_where_they_are_not(
    authority: Authority,
) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    assert not await checking.accepts(TOKENS.mint(Role.MARKETPLACE))
    refused = await post("{ who }", api(jwks_url=authority.url), bearer(TOKENS.mint(Role.MARKETPLACE)))
    assert refused.status_code == 401
    for token in (GOOD_RSA, GOOD_CURVE):
        with pytest.raises(TokenMalformed, match="alg"):
            TOKENS.verify(token)


def _forged() -> dict[str, str]:
    pem = rsa().as_pem(private=False)
    jwk = json.dumps(RSA).encode()
    mine = rsa("forger")
    published = public(mine, "r1")
    elsewhere = "http://127.0.0.1:1/keys"
    return {
        "not signed": signed(None, "r1", "none"),
        "the public key taken for a secret": signed(shared(pem), "r1", "HS256"),
        "the public key's own JSON taken for a secret": signed(shared(jwk), "r1", "HS256"),
        "the installation's secret": signed(shared(SECRET.encode()), "r1", "HS256"),
        "another key": signed(mine, "r1"),
        "another key that the token brings along": signed(mine, "r1", header={"jwk": published}),
        "another key that the token says where to fetch": signed(mine, "r1", header={"jku": elsewhere}),
        "a certificate that the token says where to fetch": signed(mine, "r1", header={"x5u": elsewhere}),
        "a certificate that the token brings along": signed(mine, "r1", header={"x5c": ["AAAA"]}),
        "another algorithm of the same key": signed(rsa(), "r1", "RS512"),
        "another padding of the same key": signed(rsa(), "r1", "PS256"),
        "the other key's name": signed(rsa(), "e1"),
        "the other key's name and algorithm": signed(curve(), "r1", "ES256"),
        "no name, with several keys": signed(rsa(), None),
        "something to understand": signed(rsa(), "r1", header={"crit": ["exp"]}),
        "another signature": GOOD_RSA[:-8] + "AAAAAAAA",
        "another issuer": signed(rsa(), "r1", iss="somebody"),
        "another audience": signed(rsa(), "r1", aud="something"),
        "no expiry": signed(rsa(), "r1", exp=None),
        "not yet": signed(rsa(), "r1", nbf=4_000_000_000),
        "far too long": signed(rsa(), "r1", more="x" * 5000),
    }


FORGED = _forged()


@pytest.mark.parametrize("kind", FORGED)
async def test_a_token_that_is_signed_or_says_otherwise_is_refused(authority: Authority, kind: str) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    checking.time.now += 1000
    assert not await checking.accepts(FORGED[kind])


async def test_where_a_good_token_says_its_key_can_be_fetched_is_not_asked(authority: Authority) -> None:
    async with publishing() as elsewhere:
        hints = {"jku": elsewhere.url, "x5u": elsewhere.url, "x5t": "e", "jwk": public(rsa("forger"))}
        assert await Checking(authority.url).accepts(signed(rsa(), "r1", header=hints))
        assert not await Checking(authority.url).accepts(signed(rsa("forger"), "f", header=hints))
    assert elsewhere.asked == 0


async def test_the_only_key_needs_no_name_and_two_for_one_thing_of_one_name_are_none() -> None:
    async with publishing(RSA) as authority:
        assert await Checking(authority.url).accepts(signed(rsa(), None))
        assert not await Checking(authority.url).accepts(signed(rsa(), "r2"))
        authority.keys = [public(rsa())]
        assert await Checking(authority.url).accepts(signed(rsa(), "any"))
        authority.keys = [RSA, public(rsa("second"), "r1"), public(curve(), "r1")]
        assert not await Checking(authority.url).accepts(GOOD_RSA)
        assert await Checking(authority.url).accepts(signed(curve(), "r1", "ES256"))
        authority.keys = [public(rsa()), CURVE]
        assert not await Checking(authority.url).accepts(signed(rsa(), None))


# Rotation


async def test_a_new_key_is_good_as_soon_as_a_token_names_it(authority: Authority) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    authority.keys.append(public(rsa("second"), "r2"))
    checking.time.now += 11
    assert await checking.accepts(signed(rsa("second"), "r2"))
    assert await checking.accepts(GOOD_RSA)


async def test_a_withdrawn_key_is_no_longer_good_even_for_a_token_that_was_accepted_before(
    authority: Authority,
) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    authority.keys = [CURVE]
    await checking.looks_again()
    assert not await checking.accepts(GOOD_RSA)
    assert await checking.accepts(GOOD_CURVE)


async def test_a_key_that_is_exchanged_under_its_name_is_another_key(authority: Authority) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    authority.keys = [public(rsa("second"), "r1"), CURVE]
    await checking.looks_again()
    assert not await checking.accepts(GOOD_RSA)
    assert await checking.accepts(signed(rsa("second"), "r1"))


async def test_the_server_looks_by_itself_again_and_again(authority: Authority) -> None:
    checking = Checking(authority.url, every=0.01)
    running = asyncio.create_task(checking.keys.run())
    await serving.eventually(lambda: checking.accepts(GOOD_RSA))
    authority.keys = [CURVE]

    async def withdrawn() -> bool:
        return not await checking.accepts(GOOD_RSA)

    await serving.eventually(withdrawn)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_keys_that_stay_the_same_leave_what_was_checked_as_it_is(authority: Authority) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    known = checking.keys.current
    await checking.looks_again()
    assert authority.asked == 2
    assert checking.keys.current is known


async def test_a_flood_of_forged_names_asks_once_however_many_come_at_once_or_soon(
    authority: Authority,
) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    checking.time.now += 11
    forged = [signed(rsa("forger"), f"f{number}") for number in range(50)]
    assert not any(await asyncio.gather(*map(checking.accepts, forged)))
    assert authority.asked == 2
    for token in forged:
        assert not await checking.accepts(token)
    assert authority.asked == 2
    assert await checking.accepts(GOOD_RSA)


async def test_one_who_goes_away_while_keys_are_fetched_does_not_take_them_from_the_others(
    authority: Authority,
) -> None:
    checking = Checking(authority.url)
    first, second = (asyncio.create_task(checking.accepts(GOOD_RSA)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert authority.asked == 1


# When the address does not answer as it should


FORGERS = json.dumps({"keys": [public(rsa("forger"), "f")]}).encode()
BROKEN: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "an error with keys": {"status": 404, "body": FORGERS},
    "sent elsewhere": {"status": 302},
    "a page": {"body": b"<html>Sign in</html>"},
    "no key set": {"body": b"[]"},
    "too much": {"body": FORGERS + b" " * LARGEST},
    # What is small may be large once it is unpacked, so nothing is.
    "compressed": {"body": gzip.compress(FORGERS), "headers": {"content-encoding": "gzip"}},
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_known_keys_go_on_serving_while_the_address_gives_no_others(
    authority: Authority, kind: str
) -> None:
    checking = Checking(authority.url)
    assert await checking.accepts(GOOD_RSA)
    async with publishing(public(rsa("forger"), "f")) as elsewhere:
        authority.headers["location"] = elsewhere.url
        for name, value in BROKEN[kind].items():
            setattr(authority, name, value)
        await checking.looks_again()
        assert await checking.accepts(GOOD_RSA)
        assert not await checking.accepts(signed(rsa("forger"), "f"))
    assert (authority.asked, elsewhere.asked) == (2, 0)
    await checking.keys.check()


async def test_an_address_that_is_gone_or_answers_for_ever_is_given_up_and_known_keys_stay() -> None:
    hung_up = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b" ")
            await asyncio.sleep(0.02)
        writer.transport.abort()
        await asyncio.sleep(0)
        hung_up.set()

    async with publishing(RSA) as authority:
        checking = Checking(authority.url, patience=0.2)
        assert await checking.accepts(GOOD_RSA)
    await checking.looks_again()
    assert await checking.accepts(GOOD_RSA)
    port = httpx.URL(authority.url).port
    dripping = await asyncio.start_server(drip, "127.0.0.1", port)
    async with asyncio.timeout(10):
        await checking.looks_again()
        await hung_up.wait()
    assert await checking.accepts(GOOD_RSA)
    dripping.close()
    await dripping.wait_closed()


async def test_a_process_without_any_key_is_not_ready_and_refuses_every_token() -> None:
    async with publishing() as authority:
        checking = Checking(authority.url)
        assert not await checking.accepts(GOOD_RSA)
        with pytest.raises(KeysMissing, match="ORDERFLOW_JWKS_URL"):
            await checking.keys.check()
        with pytest.raises(KeyUnknown):
            checking.tokens.verify(GOOD_RSA)
        authority.keys = [RSA]
        await checking.looks_again()
        await checking.keys.check()


# Settings


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("https://keys.example/jwks", {"environment": "production"}),
        ("http://127.0.0.1:9000/jwks", {"environment": "production"}),
        ("http://localhost/jwks", {"environment": "production"}),
        ("http://[::1]:9000/jwks", {"environment": "production"}),
        ("http://keys.example/jwks", {"environment": "development"}),
    ],
)
def test_keys_are_fetched_where_nobody_can_exchange_them(url: str, more: dict[str, Any]) -> None:
    assert isinstance(keys_of(Settings(jwks_url=url, **more)), FetchedKeys)


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("http://keys.example/jwks", "production"),
        ("http://localhost.example/jwks", "production"),
        ("http://127.0.0.1.example/jwks", "production"),
        ("file:///etc/keys", "development"),
        ("ftp://keys.example/jwks", "development"),
        ("keys.example/jwks", "development"),
        ("https://", "development"),
        ("https://somebody:secret@keys.example/jwks", "development"),
        ("https://keys.example:port/jwks", "development"),
    ],
)
def test_an_address_whose_keys_nobody_could_trust_is_refused_by_its_variables_name(
    url: str, environment: Any
) -> None:
    with pytest.raises(SettingsError, match="ORDERFLOW_JWKS_URL"):
        keys_of(Settings(jwks_url=url, environment=environment))


def test_without_an_address_the_secret_signs() -> None:
    assert isinstance(keys_of(Settings(jwt_secret=SECRET)), Secret)


async def test_nobody_can_be_asked_as_in_graphiql_where_tokens_are_made_elsewhere() -> None:
    async with client(api(jwks_url="https://keys.example/jwks")) as http:
        assert (await http.get("/graphql/principals")).json() == []
    async with client(api()) as http:
        assert (await http.get("/graphql/principals")).json() != []


async def test_a_server_fetches_its_keys_and_says_when_it_is_ready(
    authority: Authority, tmp_path: Path
) -> None:
    def start() -> Any:
        process = serving.serving(tmp_path, ORDERFLOW_JWKS_URL=authority.url)
        return process, process.__enter__()

    process, server = await asyncio.to_thread(start)
    try:
        async with httpx.AsyncClient(base_url=f"http://{server.address}", verify=False) as http:

            async def ready() -> bool:
                return "keys" in (await http.get("/health/ready")).json().get("checked", ())

            await serving.eventually(ready)
            asked = {"query": "{ marketplace { orders(first: 1) { totalCount } } }"}
            good = await http.post("/graphql", json=asked, headers=bearer(GOOD_RSA))
            assert good.json()["data"] == {"marketplace": {"orders": {"totalCount": 0}}}
            own = await http.post("/graphql", json=asked, headers=bearer(server.token(Role.MARKETPLACE)))
            assert own.status_code == 401
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)
