"""Tokens that are taken back: refused from then on, here and in other processes, and running streams end."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from domain.actors import Role
from graph.app import create_app
from graph.auth import Principal, TokenError, TokenExpired, TokenRevoked, utc_now
from graph.keys import Secret
from graph.lifespan import running, services_of
from graph.services import Services
from graph.settings import Settings
from graph.standing import Standing
from graph.tokens import Tokens
from storage.client import Database
from storage.client import connect as connect_database
from storage.revocations import Kind, Revocations
from tests import serving as processes
from tests.acting import ADMIN, ANNA, CARRIER, M1, PAYMENTS, Api, kinds
from tests.logged import logged
from tests.stores import losing
from tests.transport import (
    PROTOCOL,
    SECRET,
    SETTINGS,
    bearer,
    client,
    ended,
    has_ended,
    post,
    schema,
    serving,
)

REVOKED = "The token was revoked. Ask whether you may have a new one, and send that."
TOLD = [("started", None), ("refused", ["UNAUTHENTICATED"])]
"""What the log says of a subscription that ends so: outcomes and codes."""
FOREVER = "subscription ($name: String!) { forever(name: $name) }"


class Wall:
    """A clock on the wall that a test can put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@pytest.fixture
def services(mock_database: Database) -> Services:
    return services_of(mock_database, SETTINGS)


def app_of(services: Services) -> Any:
    return create_app(schema(), services, SETTINGS)


def mint(role: Role = Role.MERCHANT, *, later: timedelta = timedelta(0), **ids: Any) -> str:
    """A token, issued by a clock that may be some seconds ahead."""
    wall = Wall()
    wall.ahead = later
    ids = ids or ({"merchant_id": "m1"} if role is Role.MERCHANT else {})
    minting = Tokens(Secret(SECRET.encode()), issuer="orderflow", audience="orderflow", clock=wall)
    return minting.mint(role, **ids)


def holder(
    sub: str, *, merchant: str | None = None, customer: str | None = None, token: str = "t1"
) -> Principal:
    issued = datetime(2026, 3, 1, tzinfo=UTC)
    role = Role.MERCHANT if merchant else Role.CUSTOMER
    return Principal(sub, role, merchant, customer, issued, datetime(2100, 1, 1, tzinfo=UTC), token)


async def revoke(services: Services, kind: Kind, name: str, now: datetime | None = None) -> None:
    await services.revocations.revoke(kind, name, now=now or utc_now(), by="admin", reason=None)


# Whose tokens


@pytest.mark.parametrize(
    ("kind", "name", "revoked"),
    [
        ("token", "t1", {"seller", "colleague"}),
        ("subject", "seller", {"seller", "other"}),
        ("merchant", "m1", {"seller", "colleague"}),
        ("customer", "c1", {"anna"}),
        ("subject", "m1", set[str]()),
        ("token", "seller", set[str]()),
    ],
)
async def test_a_revocation_is_about_whom_it_names_and_nobody_else(
    services: Services, kind: Kind, name: str, revoked: set[str]
) -> None:
    people = {
        "seller": holder("seller", merchant="m1"),
        "colleague": holder("colleague", merchant="m1"),
        "other": holder("seller", merchant="m2", token="t2"),
        "anna": holder("anna", customer="c1", token="t3"),
    }
    standing = Standing(services.revocations)
    await revoke(services, kind, name)
    assert {who for who, held in people.items() if standing.objection(held)} == revoked


async def test_somebodys_tokens_are_revoked_up_to_a_moment_and_a_single_one_for_good(
    services: Services,
) -> None:
    seen = services.revocations
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    await revoke(services, "subject", "seller", noon)
    assert seen.covers("subject", "seller", noon)
    assert not seen.covers("subject", "seller", noon + timedelta(seconds=1))
    await revoke(services, "subject", "seller", noon - timedelta(hours=1))
    assert seen.covers("subject", "seller", noon), "an earlier moment takes nothing back"
    await revoke(services, "subject", "seller", noon + timedelta(hours=1))
    assert seen.covers("subject", "seller", noon + timedelta(seconds=1))
    await revoke(services, "token", "t1", noon)
    assert seen.covers("token", "t1", noon + timedelta(days=300))


# Requests


async def test_a_request_with_a_revoked_token_is_401_with_a_sentence_of_its_own(services: Services) -> None:
    app, token = app_of(services), mint()
    assert (await post("{ who }", app, bearer(token))).json()["data"] == {"who": "merchant m1"}
    await revoke(services, "merchant", "m1")
    async with client(app) as http:
        for path in ("/graphql", "/graphql/stream"):
            headers = {**bearer(token), "accept": "text/event-stream" if "stream" in path else "*/*"}
            response = await http.post(path, json={"query": "{ who }"}, headers=headers)
            assert response.status_code == 401
            [error] = response.json()["errors"]
            assert error["message"] == REVOKED
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
    later = mint(later=timedelta(seconds=5))
    assert (await post("{ who }", app, bearer(later))).json()["data"] == {"who": "merchant m1"}
    assert (await post("{ who }", app)).json()["data"] == {"who": "anonymous"}


# Running subscriptions


async def hear(ws: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await ws.recv())


async def listening(address: str, name: str, token: str | None) -> ClientConnection:
    """A socket on which a subscription runs."""
    ws = await connect(f"ws://{address}/graphql", subprotocols=[Subprotocol(PROTOCOL)])
    await ws.send(json.dumps({"type": "connection_init", "payload": {"token": token} if token else {}}))
    assert (await hear(ws))["type"] == "connection_ack"
    payload = {"query": FOREVER, "variables": {"name": name}}
    await ws.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
    assert (await hear(ws))["payload"] == {"data": {"forever": "started"}}
    return ws


async def test_sockets_with_a_revoked_token_are_closed_with_4403_and_all_others_stay_open(
    services: Services,
) -> None:
    async with serving(app_of(services)) as address:
        with logged() as log:
            gone = await listening(address, "logged", mint(merchant_id="m3"))
            await revoke(services, "merchant", "m3")
            await gone.wait_closed()
            await has_ended("logged")
        assert [(each["outcome"], each.get("codes")) for each in log.about("subscription: ")] == TOLD
        revoked = [await listening(address, f"revoked {number}", mint()) for number in range(2)]
        other = await listening(address, "another merchant", mint(merchant_id="m2"))
        anonymous = await listening(address, "anonymous", None)
        await revoke(services, "merchant", "m1")
        for ws in revoked:
            async with asyncio.timeout(5):
                await ws.wait_closed()
            assert (ws.close_code, ws.close_reason) == (4403, REVOKED)
        assert {"revoked 0", "revoked 1"} <= set(ended)
        assert not {"another merchant", "anonymous"} & set(ended)
        for ws in (other, anonymous):
            await ws.send('{"type": "ping"}')
            assert (await hear(ws))["type"] == "pong"
            await ws.close()


async def test_a_stream_with_a_revoked_token_ends_with_a_last_error_and_complete(services: Services) -> None:
    app = app_of(services)
    asked = {"query": FOREVER, "variables": {"name": "revoked stream"}}
    text = ""
    with logged() as log:
        async with (
            serving(app) as address,
            httpx.AsyncClient(base_url=f"http://{address}", timeout=5, verify=False) as http,
            http.stream("POST", "/graphql/stream", json=asked, headers=bearer(mint())) as response,
        ):
            async for part in response.aiter_text():
                if not text:
                    await revoke(services, "subject", "m1")
                text += part
    assert [(each["outcome"], each.get("codes")) for each in log.about("subscription: ")] == TOLD
    first, last, complete = text.strip().split("\r\n\r\n")
    assert "started" in first
    assert last.startswith("event: next")
    [error] = json.loads(last.split("data: ")[1])["errors"]
    assert (error["message"], error["extensions"]["code"]) == (REVOKED, "UNAUTHENTICATED")
    assert complete.startswith("event: complete")
    assert "revoked stream" in ended


async def test_watching_costs_no_task_and_ends_once_or_not_at_all(services: Services) -> None:
    standing, told = Standing(services.revocations), list[TokenError]()
    tasks = len(asyncio.all_tasks())
    watched = [standing.watch(holder(f"s{number}"), told.append) for number in range(500)]
    assert len(asyncio.all_tasks()) == tasks
    watched[1]()
    for name in ("s1", "s2", "s2"):
        await revoke(services, "subject", name)
    assert [type(why) for why in told] == [TokenRevoked]
    for stop in watched:
        stop()
    await revoke(services, "subject", "s3")
    assert len(told) == 1


async def test_a_token_that_is_no_longer_good_when_watching_begins_is_told_at_once(
    services: Services,
) -> None:
    await revoke(services, "subject", "gone")
    told = asyncio.Queue[TokenError]()
    standing = Standing(services.revocations)
    standing.watch(holder("gone"), told.put_nowait)
    old = Principal("old", Role.PAYMENTS, None, None, utc_now(), utc_now() - timedelta(days=1), None)
    standing.watch(old, told.put_nowait)
    async with asyncio.timeout(5):
        assert [type(await told.get()) for _ in range(2)] == [TokenRevoked, TokenExpired]


# Other processes


async def test_what_one_process_revokes_ends_a_subscription_in_another_within_five_seconds(
    embedded_uri: str, database: Database
) -> None:
    other = connect_database(embedded_uri, database.name, "pymongo")
    here, there = services_of(database, SETTINGS), services_of(other, SETTINGS)
    async with running(other, there), serving(app_of(there)) as address:
        token = mint()
        ws = await listening(address, "in another process", token)
        await revoke(here, "merchant", "m1")
        async with asyncio.timeout(5):
            await ws.wait_closed()
        assert (ws.close_code, ws.close_reason) == (4403, REVOKED)
        assert (await post("{ who }", app_of(there), bearer(token))).status_code == 401


async def test_a_process_that_starts_knows_what_was_revoked_before_it_answers(
    embedded_uri: str, database: Database
) -> None:
    await revoke(services_of(database, SETTINGS), "token", "t1")
    own = connect_database(embedded_uri, database.name)
    started = services_of(own, SETTINGS)
    async with running(own, started):
        assert started.revocations.covers("token", "t1", utc_now())


async def test_a_revocation_that_is_seen_late_or_comes_from_a_clock_that_is_behind_is_not_missed(
    database: Database,
) -> None:
    here, there = Revocations(database), Revocations(database)
    await here.revoke("subject", "first", now=utc_now(), by="admin", reason=None)
    await there.read()
    await here.revoke("subject", "second", now=utc_now(), by="admin", reason=None)
    behind = datetime.now(UTC) - timedelta(minutes=4)
    rows = database.collection("revocations")
    await rows.update_one({"_id": "subject:second"}, {"$set": {"at": behind}})
    await there.read()
    assert there.covers("subject", "second", utc_now() - timedelta(days=1))


async def test_two_processes_that_revoke_the_same_at_once_both_succeed(database: Database) -> None:
    both = Revocations(database), Revocations(database)
    now = utc_now()
    revoking = (each.revoke(kind, "x", now=now, by="a", reason=None) for each in both for kind in _KINDS)
    await asyncio.gather(*revoking)
    assert await database.collection("revocations").count_documents({}) == len(_KINDS)


_KINDS: tuple[Kind, ...] = ("token", "subject", "merchant", "customer")


async def test_a_process_that_loses_the_database_goes_on_reading_when_it_is_back(
    mock_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    cut_off = Revocations(losing(mock_database, "find", sent=False, times=1))
    await Revocations(mock_database).revoke("token", "t1", now=utc_now(), by="admin", reason=None)
    reading = asyncio.create_task(cut_off.run())

    async def known() -> bool:
        return cut_off.covers("token", "t1", utc_now())

    await processes.eventually(known)
    reading.cancel()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_a_revocation_made_at_one_worker_of_a_server_ends_sockets_at_all_of_them(
    tmp_path: Path,
) -> None:
    secret, query = "x" * 48, "subscription { orderEvents { __typename } }"
    with processes.serving(tmp_path, "--workers", "2", ORDERFLOW_JWT_SECRET=secret) as server:
        tokens = Tokens(Secret(secret.encode()), issuer="orderflow", audience="orderflow")
        admin, seller = tokens.mint(Role.MARKETPLACE), tokens.mint(Role.MERCHANT, merchant_id="main")
        async with AsyncExitStack() as stack:

            async def statuses() -> set[int]:
                asked, limits = {"query": "{ __typename }"}, httpx.Limits(max_keepalive_connections=0)
                async with httpx.AsyncClient(verify=False, limits=limits, timeout=20) as http:
                    url = f"http://{server.address}/graphql"
                    answers = [await http.post(url, json=asked, headers=bearer(seller)) for _ in range(8)]
                return {answer.status_code for answer in answers}

            async def refused() -> bool:
                return await statuses() == {401}

            assert await statuses() == {200}
            sockets = [
                await stack.enter_async_context(processes.subscribed(server.address, seller, query))
                for _ in range(8)
            ]
            revoking = 'revokeTokens(input: {tokens: {merchantId: "main"}}) { errors { message } }'
            answer = await server.ask(admin, f"mutation {{ {revoking} }}")
            assert answer == {"revokeTokens": {"errors": []}}
            async with asyncio.timeout(5):
                await asyncio.gather(*(ws.wait_closed() for ws in sockets))
            await processes.eventually(refused)
        assert {(ws.close_code, ws.close_reason) for ws in sockets} == {(4403, REVOKED)}


# The mutation


@pytest.mark.parametrize(
    ("tokens", "kind", "name"),
    [
        ({"tokenId": "t1"}, "token", "t1"),
        ({"subject": "seller:1"}, "subject", "seller:1"),
        ({"merchantId": "m1"}, "merchant", "m1"),
        ({"customerId": "c1"}, "customer", "c1"),
    ],
)
async def test_the_marketplace_revokes_tokens_and_may_say_why(
    api: Api, tokens: dict[str, str], kind: Kind, name: str
) -> None:
    payload = await api.done(ADMIN, "revokeTokens", tokens=tokens, reason="lost")
    assert (payload["issuedUntil"] is None) == (kind == "token")
    long_ago = utc_now() - timedelta(days=1)
    assert api.services.revocations.covers(kind, name, long_ago)
    [kept] = await api.services.orders.database.collection("revocations").find({}).to_list()
    assert (kept["by"], kept["reason"]) == ("admin", "lost")
    elsewhere = Revocations(api.services.orders.database)
    await elsewhere.read()
    assert elsewhere.covers(kind, name, long_ago)


async def test_revoking_a_token_again_is_no_error_and_changes_nothing(api: Api) -> None:
    for reason in ("lost", "lost again"):
        assert (await api.done(ADMIN, "revokeTokens", tokens={"tokenId": "t1"}, reason=reason))[
            "errors"
        ] == []
    [kept] = await api.services.orders.database.collection("revocations").find({}).to_list()
    assert kept["reason"] == "lost"


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"tokens": {"tokenId": ""}}, ["tokens", "tokenId"]),
        ({"tokens": {"subject": "x" * 256}}, ["tokens", "subject"]),
        ({"tokens": {"merchantId": "m\0001"}}, ["tokens", "merchantId"]),
        ({"tokens": {"customerId": "c1\n"}}, ["tokens", "customerId"]),
        ({"tokens": {"tokenId": "t1"}, "reason": "x" * 1001}, ["reason"]),
    ],
)
async def test_a_name_that_no_token_can_have_is_refused(api: Api, sent: Any, path: list[str]) -> None:
    payload = await api.do(ADMIN, "revokeTokens", **sent)
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert await api.services.orders.database.collection("revocations").count_documents({}) == 0


@pytest.mark.parametrize("who", [M1, ANNA, PAYMENTS, CARRIER, None], ids=str)
async def test_nobody_but_the_marketplace_revokes_tokens(api: Api, who: Principal | None) -> None:
    document = 'mutation { revokeTokens(input: {tokens: {subject: "admin"}}) { issuedUntil } }'
    [error] = (await api.ask(who, document))["errors"]
    assert error.extensions["code"] == ("FORBIDDEN" if who else "UNAUTHENTICATED")
    assert not api.services.revocations.covers("subject", "admin", utc_now() - timedelta(days=1))


@pytest.mark.parametrize("sent", [False, True])
async def test_when_the_database_does_not_answer_the_payload_says_to_send_it_again(
    api: Api, sent: bool
) -> None:
    cut_off = services_of(
        losing(api.services.orders.database, "update_one", sent), Settings(jwt_secret=SECRET)
    )
    payload = await Api(cut_off).do(ADMIN, "revokeTokens", tokens={"tokenId": "t1"})
    assert kinds(payload) == ["Busy"]
    assert "Send it again" in payload["errors"][0]["message"]
