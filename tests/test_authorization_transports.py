"""HTTP and WebSocket answer everybody as the schema does; with a bad token they answer nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from graph.app import create_app
from graph.auth import Principal
from graph.keys import Secret
from graph.schema import schema
from graph.tokens import Tokens
from tests.authorization_inputs import ABOUT_ORDERS, sending
from tests.authorization_mutations import MUTATIONS
from tests.authorization_questions import ENTRIES, Question, questions
from tests.authorization_world import SETTINGS, Answer, World, doing
from tests.canaries import M1, OFFICE, PEOPLE
from tests.test_events import following
from tests.transport import bearer, serving, socket

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENT = """__typename ... on OrderStateChanged {
  cursor seq event actor role reason order { reference } labels { audience code } }"""
LISTEN = f"subscription ($after: Cursor) {{ orderEvents(after: $after) {{ {EVENT} }} }}"


each_kind = pytest.mark.parametrize("name", ["office", "m1", "c1", "psp", "carrier", "w1", "nobody"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def address(world: World) -> AsyncIterator[str]:
    """A real server on the marketplace of canaries."""
    async with following(world.services), serving(create_app(schema, world.services, SETTINGS)) as started:
        yield started


def token(who: Principal, ttl: timedelta = timedelta(hours=1)) -> str:
    """A token of this person."""
    assert SETTINGS.jwt_secret
    tokens = Tokens(
        Secret(SETTINGS.jwt_secret.encode()), issuer=SETTINGS.jwt_issuer, audience=SETTINGS.jwt_audience
    )
    return tokens.mint(
        who.role, sub=who.sub, merchant_id=who.merchant_id, customer_id=who.customer_id, ttl=ttl
    )


def told(answer: Answer) -> Answer:
    """What an answer says, whatever request it belongs to and whatever that cost."""
    errors = [
        {**error, "extensions": {**error["extensions"], "requestId": None}}
        for error in answer.get("errors", ())
    ]
    return {"data": answer.get("data"), "errors": errors}


async def posted(http: httpx.AsyncClient, question: Question) -> httpx.Response:
    """One operation over HTTP."""
    return await http.post("/graphql", json={"query": question.document, "variables": question.variables})


async def begun(ws: ClientConnection, payload: Answer) -> Answer:
    """What the server says to connection_init."""
    await ws.send(json.dumps({"type": "connection_init", "payload": payload}))
    return json.loads(await ws.recv())


async def said(ws: ClientConnection, id: str, question: Question, many: int = 1) -> list[Answer]:
    """The first answers to one operation over a socket, which is then done with it."""
    payload = {"query": question.document, "variables": question.variables}
    await ws.send(json.dumps({"id": id, "type": "subscribe", "payload": payload}))
    heard: list[Answer] = []
    while len(heard) < many:
        message = json.loads(await ws.recv())
        if message["id"] != id or message["type"] == "complete":
            continue  # the end of an earlier one
        if message["type"] == "error":
            return [{"errors": message["payload"]}]
        heard.append(message["payload"])
    await ws.send(json.dumps({"id": id, "type": "complete"}))
    return heard


def everything(world: World, who: Principal | None) -> Sequence[Question]:
    """Each question once; for a merchant the mutations too, which are refused for want of an order."""
    asked = {question.document: question for question in questions(world, who and who.role)}
    if who is not OFFICE:  # processes are long, and the same for all
        asked = {text: question for text, question in asked.items() if not text.startswith("{ process")}
    doings = ABOUT_ORDERS if who is M1 else ()
    refused = [Question(doing(each), {"input": sending(each, {"reference": "none"})}) for each in doings]
    return [*asked.values(), *refused]


@each_kind
async def test_both_transports_answer_everybody_as_the_schema_does(world: World, address: str, name: str):
    who = PEOPLE[name]
    async with AsyncExitStack() as stack:
        headers = bearer(token(who)) if who else {}
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://{address}", headers=headers)
        )
        ws = await stack.enter_async_context(socket(address))
        await stack.enter_async_context(asyncio.timeout(60))
        assert (await begun(ws, {"token": token(who)} if who else {}))["type"] == "connection_ack"
        for i, question in enumerate(everything(world, who)):
            expected = told(await world.ask(who, question.document, **question.variables))
            assert told((await posted(http, question)).json()) == expected
            assert told((await said(ws, str(i), question))[0]) == expected


@each_kind
async def test_a_subscription_tells_everybody_what_it_can_pull(world: World, address: str, name: str):
    who = PEOPLE[name]
    async with socket(address) as ws, asyncio.timeout(20):
        await begun(ws, {"token": token(who)} if who else {})
        if who is None:
            [heard] = await said(ws, "1", Question(LISTEN))
            assert [each["extensions"]["code"] for each in heard["errors"]] == ["UNAUTHENTICATED"]
            return
        page = await world.ask(who, f"{{ events(first: 20) {{ nodes {{ {EVENT} }} }} }}")
        first, *others = page["data"]["events"]["nodes"]
        heard = await said(ws, "1", Question(LISTEN, {"after": first["cursor"]}), len(others))
        assert [each["data"]["orderEvents"] for each in heard] == others != []


# Tokens that are no good


@pytest.mark.parametrize("bad", [token(M1, timedelta(seconds=-1)), token(M1)[:-8] + "AAAAAAAA", "nonsense"])
async def test_with_a_bad_token_nothing_is_answered_whatever_is_asked(world: World, address: str, bad: str):
    asked = {
        question.document: question
        for role in (*ENTRIES.values(), None)
        for question in questions(world, role)
    }
    sent = {each: json.loads(json.dumps(sending(each), default=str)) for each in MUTATIONS}  # files as well
    doings = [Question(doing(each), {"input": sent[each]}) for each in MUTATIONS]
    said = set[str]()
    async with httpx.AsyncClient(base_url=f"http://{address}", headers=bearer(bad)) as http:
        for question in (*asked.values(), *doings, Question(LISTEN)):
            answer = await posted(http, question)
            [error] = answer.json()["errors"]
            assert (answer.status_code, error["extensions"].pop("code")) == (401, "UNAUTHENTICATED")
            assert "data" not in answer.json()
            said.add(error["message"])
        stream = await http.post("/graphql/stream", json={"query": LISTEN})
        assert stream.status_code == 401
    assert len(said) == 1


@pytest.mark.parametrize("bad", [token(M1, timedelta(seconds=-1)), token(M1)[:-8] + "AAAAAAAA", "nonsense"])
async def test_with_a_bad_token_no_socket_opens(address: str, bad: str):
    async with socket(address) as ws, asyncio.timeout(20):
        with pytest.raises(ConnectionClosed) as closed:
            await begun(ws, {"token": bad})
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 4403
