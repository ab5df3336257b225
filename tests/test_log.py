"""What the log says of operations, and what it never says."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)

from domain.order import Order
from graph.lifespan import services_of
from graph.observing import LONGEST_NAME, MOST
from graph.schema import schema
from graph.settings import Settings
from storage import history
from storage.client import connect
from storage.deadlines import DeadlineWorker
from tests.acting import ADMIN, ANNA, M1, cart, line
from tests.logged import logged
from tests.served import Served, served
from tests.stores import Store
from tests.transport import MERCHANT, SECRET, TOKENS, api, bearer, client, post, serving, socket

PLACE = """mutation Place($input: PlaceOrderInput!) { placeOrder(input: $input) {
  order { id reference } errors { message } } }"""
CANCEL = """mutation Cancel($order: ID!) { cancel(input: {order: {id: $order}, reason: "r"}) {
  errors { message } } }"""
CANARY = "canary"


async def opened(store: Store) -> Served:
    return await served(services_of(store.database, Settings(jwt_secret=SECRET)))


async def events_of(query: str) -> str:
    """The whole answer as server-sent events."""
    async with client() as http:
        response = await http.post("/graphql/stream", json={"query": query}, headers=bearer())
    return response.text


async def by_socket(query: str) -> list[Any]:
    """What a socket of a merchant is sent about this operation."""
    async with serving() as address, socket(address) as ws:
        await ws.send(json.dumps({"type": "connection_init", "payload": {"token": MERCHANT}}))
        await ws.recv()
        await ws.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        heard = [json.loads(await ws.recv())]
        while heard[-1]["type"] == "next":
            heard.append(json.loads(await ws.recv()))
        return heard


async def test_an_operation_leaves_one_line_that_says_what_ran_for_whom_and_how_it_ended() -> None:
    with logged() as log:
        response = await post("query Who { who }", headers=bearer())
    (record,) = log.records
    assert record.pop("ms") >= 0
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "info",
        "logger": "graph.observing",
        "message": "query: ok",
        "kind": "query",
        "fields": "who",
        "operation": "Who",
        "transport": "http",
        "role": "merchant",
        "outcome": "ok",
        "cost": response.json()["extensions"]["cost"]["requested"],
        "request_id": response.headers["x-request-id"],
    }


async def test_it_does_so_on_every_transport() -> None:
    with logged() as log:
        await post('mutation { note(text: "x") }')
        await events_of("{ who }")
        await by_socket("{ who }")
    said = [(each["kind"], each["transport"], each["role"], each["outcome"]) for each in log.about("")]
    assert [each for each in said if each[0] != "socket"] == [
        ("mutation", "http", "anonymous", "ok"),
        ("query", "sse", "merchant", "ok"),
        ("query", "websocket", "merchant", "ok"),
    ]


@pytest.mark.parametrize("by", [events_of, by_socket], ids=["sse", "websocket"])
async def test_a_subscription_leaves_a_line_when_it_starts_and_one_with_its_events_when_it_ends(
    by: Any,
) -> None:
    with logged() as log:
        await by("subscription Three { count(to: 3) }")
    start, end = log.about("subscription")
    assert (start["outcome"], end["outcome"], end["events"]) == ("started", "ok", 3)
    assert start["operation"] == end["operation"] == "Three"
    assert start["request_id"] == end["request_id"]


@pytest.mark.parametrize(
    ("query", "outcome", "codes"),
    [
        ("{ mine }", "refused", ["UNAUTHENTICATED"]),
        ("{ nothing }", "refused", ["GRAPHQL_VALIDATION_FAILED"]),
        ("{ who ", "refused", ["GRAPHQL_PARSE_FAILED"]),
        ("query A { who } query B { who }", "refused", ["OPERATION_RESOLUTION_FAILED"]),
        ("{ broken }", "error", ["INTERNAL_SERVER_ERROR"]),
    ],
)
async def test_how_it_ended_comes_with_codes(query: str, outcome: str, codes: list[str]) -> None:
    with logged() as log:
        await post(query)
    record = log.records[-1]
    assert (record["outcome"], record["codes"]) == (outcome, codes)


async def test_a_request_that_is_turned_away_leaves_a_line_as_well() -> None:
    with logged() as log:
        async with client() as http:
            response = await http.post("/graphql", content="no", headers={"content-type": "text/plain"})
    (record,) = log.records
    assert (record["message"], record["status"], record["codes"]) == (
        "request: refused",
        415,
        ["BAD_REQUEST"],
    )
    assert record["request_id"] == response.headers["x-request-id"]


async def test_what_a_mutation_refuses_is_in_its_line_whether_or_not_the_client_asks(
    mock_store: Store,
) -> None:
    shop = await opened(mock_store)
    cancel = "mutation { cancel(input: {order: {id: $none}}) { replayed } }".replace("$none", '"none"')
    stock = 'mutation { setStock(input: {items: [{sku: "", onHand: 1}]}) { stock { sku } } }'
    with logged() as log:
        await shop.post(ADMIN, cancel)
        await shop.post(M1, stock)
    assert [(each["outcome"], each["codes"]) for each in log.records] == [
        ("refused", ["NOT_FOUND"]),
        ("refused", ["INVALID_INPUT"]),
    ]


async def test_whatever_is_logged_on_the_way_says_by_which_request_operation_and_order(
    mock_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(history, "EMBEDDED", 0)
    monkeypatch.setattr(history, "shorten", fail)
    shop = await opened(mock_store)
    placed = (await shop.ask(ADMIN, PLACE, input=cart()))["placeOrder"]["order"]
    (stored,) = await mock_store.database.collection("orders").find({}).to_list()
    with logged() as log:
        response = await shop.post(ADMIN, CANCEL, order=placed["id"])
    warning, end = log.records
    assert warning["level"] == "warning"
    assert warning["logger"] == "storage.orders"
    for record in (warning, end):
        assert record["request_id"] == response.headers["x-request-id"]
        assert (record["operation"], record["order"]) == ("Cancel", stored["_id"])


async def test_storage_names_the_order_whoever_changes_it(
    mock_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    placed = (await mock_store.place()).order
    monkeypatch.setattr(history, "EMBEDDED", 0)
    monkeypatch.setattr(history, "shorten", fail)
    with logged() as log:
        await mock_store.pay(placed)
    (record,) = log.records
    assert record["order"] == placed.id


@pytest.mark.parametrize("by", [events_of, by_socket], ids=["sse", "websocket"])
async def test_what_goes_wrong_in_a_later_event_still_says_in_which_operation(by: Any) -> None:
    with logged() as log:
        await by("subscription Breaking { breaks }")
    start, bug, end = log.records
    assert bug["level"] == "error"
    assert (end["outcome"], end["events"]) == ("error", 2)
    for record in (bug, end):
        assert (record["operation"], record["request_id"]) == ("Breaking", start["request_id"])


async def test_without_its_database_an_operation_ends_as_an_error_and_no_traceback_fills_the_log(
    mock_store: Store,
) -> None:
    shop = await opened(mock_store)
    order = (await shop.ask(ADMIN, PLACE, input=cart()))["placeOrder"]["order"]["id"]
    gone = connect("mongodb://127.0.0.1:1", "orderflow_test", server_selection_seconds=0.1)
    shop = await served(replace(shop.services, orders=replace(shop.services.orders, database=gone)))
    with logged() as log:
        await shop.ask(ADMIN, CANCEL, order=order)
        await shop.post(ADMIN, "query Read($order: ID!) { node(id: $order) { id } }", order=order)
    mutation, reason, query = log.records
    assert (mutation["outcome"], mutation["codes"]) == ("error", ["BUSY"])
    assert (reason["level"], "exception" in reason) == ("warning", False)
    assert (query["outcome"], query["codes"]) == ("error", ["UNAVAILABLE"])
    await gone.close()


async def test_an_operation_names_the_orders_that_it_read_and_no_later_one_does(mock_store: Store) -> None:
    shop = await opened(mock_store)
    first, second = [(await shop.ask(ADMIN, PLACE, input=cart()))["placeOrder"]["order"] for _ in range(2)]
    ids = {each["_id"] async for each in mock_store.database.collection("orders").find({})}
    both = "query Both($a: ID!, $b: ID!) { a: node(id: $a) { id } b: node(id: $b) { id } }"
    with logged() as log:
        await shop.ask(ADMIN, both, a=first["id"], b=second["id"])
        await shop.ask(ADMIN, "{ viewer { role } }")
    read, other = log.records
    assert set(read["order"].split(",")) == ids
    assert "order" not in other
    assert "operation" not in other


async def test_what_goes_wrong_with_a_deadline_names_its_order(
    mock_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(ids: object, order: Order, now: object) -> None:
        raise RuntimeError(f"cannot decide on {order.currency}")

    placed = (await mock_store.place()).order
    await mock_store.clock.advance(timedelta(days=30))
    monkeypatch.setattr("storage.deadlines._decide", broken)
    with logged() as log:
        await DeadlineWorker(mock_store.orders, mock_store.clock).run_due()
    (record,) = log.records
    assert record["order"] == placed.id
    assert "cannot decide on EUR" in record["exception"]


async def test_a_name_that_a_client_chose_is_a_short_plain_word_or_not_there() -> None:
    with logged() as log:
        await post("query " + "N" * 5000 + " { who }")
        async with client() as http:
            body = {"query": "query A { who }", "operationName": "A\n2030-01-01 forged"}
            await http.post("/graphql", json=body)
            many = " ".join(f"a{n}: mine" for n in range(MOST + 5))
            await http.post("/graphql", json={"query": f"{{ {many} }}"})
    long, forged, failing = log.records
    assert long["operation"] == "N" * LONGEST_NAME
    assert "operation" not in forged
    assert "forged" not in log.text
    assert len(failing["codes"]) <= MOST


def test_in_text_nobody_starts_a_line_of_their_own() -> None:
    with logged("text") as log:
        logging.getLogger("some.library").warning("got %s", "a\n12:00:00 [error] forged \x1b[31m")
    (line,) = log.lines
    assert r"a\n12:00:00" in line
    assert "\x1b" not in line


def test_a_traceback_shows_no_values_of_variables() -> None:
    def fail(secret: str) -> None:
        raise RuntimeError("it failed")

    for style in ("text", "json"):
        with logged(style) as log:
            try:
                fail("hunter" + "2")
            except RuntimeError:
                logging.getLogger("x").exception("Oh.")
        assert "it failed" in log.text
        assert "hunter2" not in log.text


# What is never said


def canary_for(kind: GraphQLInputType, depth: int = 4) -> Any:
    """A value of this input type with a canary wherever a text may stand."""
    if isinstance(kind, GraphQLNonNull):
        return canary_for(kind.of_type, depth)
    if isinstance(kind, GraphQLList):
        return [canary_for(kind.of_type, depth)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        fields = kind.fields.items()
        wanted = [(n, f.type) for n, f in fields if depth or isinstance(f.type, GraphQLNonNull)]
        return {name: canary_for(of, depth - 1) for name, of in wanted}
    plain: dict[str, Any] = {"Int": 1, "Boolean": True, "Float": 1.5}
    return plain.get(get_named_type(kind).name, f"{CANARY}-1")


async def test_no_input_of_any_mutation_is_in_the_log(mock_store: Store) -> None:
    shop = await opened(mock_store)
    mutation = schema._schema.mutation_type
    assert mutation is not None
    with logged() as log:
        for name, field in mutation.fields.items():
            for who in (ADMIN, M1, ANNA):
                kind = field.args["input"].type
                document = f"mutation M($input: {kind}!) {{ {name}(input: $input) {{ __typename }} }}"
                await shop.post(who, document.replace("!!", "!"), input=canary_for(kind))
    assert len(log.about("mutation: ")) == 3 * len(mutation.fields)
    assert CANARY not in log.text


async def test_nothing_that_an_order_says_is_in_the_log_when_it_is_placed_read_and_canceled(
    mock_store: Store,
) -> None:
    shop = await opened(mock_store)
    address = {
        "recipient": CANARY,
        "street": CANARY,
        "postalCode": CANARY,
        "city": CANARY,
        "country": "DE",
        "phone": CANARY,
    }
    sent = cart(
        line(f"{CANARY}-sku", name=CANARY),
        customer={"id": CANARY, "name": CANARY, "email": f"{CANARY}@example.org"},
        externalReference=CANARY,
        channel=CANARY,
        idempotencyKey=f"{CANARY}-key",
        deliverTo={k: v for k, v in address.items() if k in _address_fields()},
        paymentMethod=CANARY,
    )
    with logged() as log:
        order = (await shop.ask(ADMIN, PLACE, input=sent))["placeOrder"]["order"]
        find = "query Find($s: String!) { marketplace { orders(first: 5, search: $s) { totalCount } } }"
        assert await shop.ask(ADMIN, find, s=CANARY) == {"marketplace": {"orders": {"totalCount": 1}}}
        await shop.ask(ADMIN, CANCEL, order=order["id"])
        wrong = {
            "query": PLACE,
            "variables": {"input": {"currency": {CANARY: CANARY}}},
            "operationName": CANARY,
        }
        await shop.send(ADMIN, wrong, {"idempotency-key": CANARY, "cookie": CANARY, "user-agent": CANARY})
        await shop.send(None, {"query": CANARY}, {"authorization": f"Bearer {CANARY}"})
        await shop.send(None, {"query": f'{{ node(id: "{CANARY}") {{ {CANARY} }} }}'})
        await shop.send(None, {"query": f'{{ node(id: "{CANARY}'})
    assert len(log.records) == 7
    assert CANARY not in log.text


def _address_fields() -> set[str]:
    kind = schema._schema.get_type("AddressInput")
    assert isinstance(kind, GraphQLInputObjectType)
    return set(kind.fields)


async def test_neither_the_token_nor_whose_it_is_is_in_the_log() -> None:
    token = TOKENS.mint(ADMIN.role, sub=CANARY)
    with logged() as log:
        async with client(api()) as http:
            for query in ("{ who }", "{ broken }"):
                await http.post("/graphql", json={"query": query}, headers=bearer(token))
    assert len(log.records) == 3  # the bug has its own
    assert CANARY not in log.text
    assert token.rpartition(".")[2] not in log.text


def test_development_reads_text_and_production_json_unless_told_otherwise() -> None:
    styles = [
        Settings(environment=environment, log=log).log_style
        for environment in ("development", "production")
        for log in (None, "text", "json")
    ]
    assert styles == ["text", "text", "json", "json", "text", "json"]
