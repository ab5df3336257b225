"""What exports promise: all that the API shows a viewer, nothing else, in two formats that say the same."""

import asyncio
import json
import re
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type
from starlette.applications import Starlette

from domain.actors import Role
from graph.app import create_app
from graph.auth import Principal
from graph.exports.columns import TABLES, Kind
from graph.exports.reading import Column
from graph.rates import Rates
from graph.schema import build_schema, schema
from graph.spreadsheets import neutral
from tests.acting import ADMIN, ANNA, BEN, CARRIER, M1, PAYMENTS, person
from tests.asking import CANARY, M1_WAREHOUSE, Shop, open_shop
from tests.exporting import Row, ask, cells, exported, table_of
from tests.logged import logged
from tests.stores import Store, line
from tests.test_queries import ENTRIES
from tests.transport import SETTINGS, TOKENS, bearer, client, serving

everybody = pytest.mark.parametrize(
    "who", [ADMIN, M1, ANNA, PAYMENTS, CARRIER, M1_WAREHOUSE], ids=lambda who: who.sub
)


@pytest.fixture
async def shop(mock_store: Store) -> Shop:
    opened = await open_shop(mock_store)
    await opened.services.relay.drain()
    return opened


@pytest.fixture
def app(shop: Shop) -> Starlette:
    return create_app(schema, shop.services, SETTINGS)


# The same as the API


def camel(path: str) -> list[str]:
    return [re.sub(r"_([a-z])", lambda found: found[1].upper(), name) for name in path.split(".")]


def selection(kind: GraphQLObjectType, columns: tuple[Column, ...]) -> str:
    """What to select of a type to be shown what the columns show, where each is a field of the API."""
    return " ".join(_selected(kind, path) for each in columns if (path := camel(each.path)) != ["seen"])


def _selected(kind: GraphQLObjectType, path: list[str]) -> str:
    name, *rest = path
    inner = get_named_type(kind.fields[name].type)
    if not isinstance(inner, GraphQLObjectType):
        return name
    return f"{name} {{ {_selected(inner, rest) if rest else _LEAVES[inner.name]} }}"


_LEAVES = {
    "Money": "amount",
    "InputValue": "name value",
    "EventLabel": "audience code label",
    "PartyState": "party state { code }",
    "StatusCount": "code count",
}


def read(node: Any, column: Column) -> Any:
    """What the API showed at a column's path; amounts as their amount."""
    for name in camel(column.path):
        node = node and node[name]
    return node["amount"] if isinstance(node, dict) and "amount" in node else node


def compare(row: Row, node: Any, columns: tuple[Column, ...]) -> int:
    """Fail unless the row says what the API said; returns how many values were compared."""
    compared = 0
    for column in columns:
        if column.path == "seen" or isinstance(shown := read(node, column), list):
            continue  # made of several: each such column has a test of its own
        assert row[column.name] == shown, column.name
        compared += 1
    return compared


def of(name: str) -> GraphQLObjectType:
    found = schema.core.get_type(name)
    assert isinstance(found, GraphQLObjectType)
    return found


async def shown(shop: Shop, who: Principal, reference: str, selected: str) -> Any:
    entry = ENTRIES[who.role][0]
    query = f"query ($by: OrderSelector!) {{ {entry} {{ order(by: $by) {{ {selected} }} }} }}"
    return (await shop.data(who, query, by={"reference": reference}))[entry]["order"]


def inner(kind: GraphQLObjectType, field: str) -> GraphQLObjectType:
    found = get_named_type(kind.fields[field].type)
    assert isinstance(found, GraphQLObjectType)
    return found


@everybody
async def test_every_column_of_an_order_shows_what_the_api_shows(
    shop: Shop, app: Starlette, who: Principal
) -> None:
    table, kind = table_of(who, Kind.ORDERS), of(ENTRIES[who.role][1])
    rows = await exported(app, who, "orders")
    assert rows
    for row in rows:
        assert list(row) == table.names
        assert (
            compare(row, await shown(shop, who, row["reference"], selection(kind, table.own)), table.own) > 5
        )


@everybody
async def test_every_column_of_a_line_shows_what_the_api_shows(
    shop: Shop, app: Starlette, who: Principal
) -> None:
    table, kind = table_of(who, Kind.LINES), of(ENTRIES[who.role][1])
    selected = f"{selection(kind, table.order)} lines {{ {selection(inner(kind, 'lines'), table.own)} }}"
    rows = {row["id"]: row for row in await exported(app, who, "lines")}
    found = 0
    for reference in {row["order_reference"] for row in rows.values()}:
        order = await shown(shop, who, reference, selected)
        for each in order["lines"]:
            assert compare(rows[each["id"]], order, table.order) == 2
            assert compare(rows[each["id"]], each, table.own) > 5
            found += 1
    assert found == len(rows) > 0


@everybody
async def test_history_has_the_rows_that_the_api_shows(shop: Shop, app: Starlette, who: Principal) -> None:
    table, kind = table_of(who, Kind.HISTORY), of("HistoryEntry")
    rows = await exported(app, who, "history")
    orders = await exported(app, who, "orders")
    selected = f"id reference history(first: 100) {{ nodes {{ {selection(kind, table.own)} }} }}"
    expected = [
        (order, node)
        for row in orders
        if (order := await shown(shop, who, row["reference"], selected))
        for node in order["history"]["nodes"]
    ]
    assert len(rows) == len(expected)
    for row, (order, node) in zip(rows, expected, strict=True):
        assert (row["order_id"], row["order_reference"]) == (order["id"], order["reference"])
        assert compare(row, node, table.own) == len(table.own) - 1
        assert row["input"] == {each["name"]: each["value"] for each in node["input"]}


@everybody
async def test_the_feed_has_the_events_that_the_api_tells(shop: Shop, app: Starlette, who: Principal) -> None:
    table, kind = table_of(who, Kind.FEED), of("OrderStateChanged")
    rows = await exported(app, who, "feed")
    query = f"{{ events(first: 100) {{ nodes {{ {selection(kind, table.own)} }} }} }}"
    nodes = (await shop.data(who, query))["events"]["nodes"]
    assert len(rows) == len(nodes) > 0
    for row, node in zip(rows, nodes, strict=True):
        compare(row, node, table.own)
        for label in node["labels"]:
            prefix = f"{label['audience'].lower()}_" if who.role is Role.MARKETPLACE else ""
            assert row[f"{prefix}status"] == label["code"]
            assert row[f"{prefix}status_label"] == label["label"]
    half = len(rows) // 2
    assert await exported(app, who, "feed", after=rows[half]["cursor"]) == rows[half + 1 :]


async def test_an_order_tells_in_which_states_its_units_stand(shop: Shop, app: Starlette) -> None:
    [row] = await exported(app, ADMIN, "orders", where='{"customerId": "c1"}')
    assert row["states"] == (
        "MARKETPLACE:sent_to_merchant MARKETPLACE:shipped_by_merchant MERCHANT:new MERCHANT:shipped"
    )
    assert row["status_counts"] == "shipped_by_merchant:1 sent_to_merchant:1"
    [row] = await exported(app, M1, "orders")
    assert row["states"] == "MERCHANT:shipped"
    lines = await exported(app, ADMIN, "lines", where='{"customerId": "c1"}')
    assert {(each["marketplace_state"], each["chain_state"], each["merchant_state"]) for each in lines} == {
        ("shipped_by_merchant", None, "shipped"),
        ("sent_to_merchant", None, "new"),
    }


async def test_nobody_reads_a_merchant_that_is_not_its_own(shop: Shop, app: Starlette) -> None:
    for who in (M1, M1_WAREHOUSE, BEN):
        for kind in Kind:
            for ending in ("csv", "jsonl"):
                response = await ask(app, who, f"{kind}.{ending}")
                assert response.status_code == 200
                assert CANARY not in response.text


async def test_a_carrier_reads_no_order_of_which_nothing_was_sent(shop: Shop, app: Starlette) -> None:
    assert {row["reference"] for row in await exported(app, ADMIN, "orders")} == {
        shop.annas.reference,
        shop.bens.reference,
    }
    assert [row["reference"] for row in await exported(app, CARRIER, "orders")] == [shop.annas.reference]


# Formats


@everybody
@pytest.mark.parametrize("kind", Kind)
async def test_both_formats_say_the_same(app: Starlette, who: Principal, kind: Kind) -> None:
    header, *found = await cells(app, who, kind)
    rows = await exported(app, who, kind)
    assert header == table_of(who, kind).names
    assert [[text(value) for value in row.values()] for row in rows] == found


def text(value: Any) -> str:
    """A JSON value as a cell says it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)


FORMULAS = ["=1+1", "+49 30 1", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "﹫A1", " =1", "\ufeff=1", '"=1"']


async def test_no_cell_is_a_formula_and_numbers_stay_numbers(mock_store: Store) -> None:
    opened = await open_shop(mock_store)
    placed = [(await mock_store.place(line(sku, "m1"))).order for sku in FORMULAS]
    app = create_app(schema, opened.services, SETTINGS)
    header, *found = await cells(app, ADMIN, "lines")
    sku, total = header.index("sku"), header.index("total")
    texts = {row[sku] for row in found}
    assert {f"'{formula}" for formula in FORMULAS} <= texts
    assert not any(text.startswith(tuple(FORMULAS)) for text in texts)
    assert {row[total] for row in found} == {"10.00", "30.00", "7777.77"}
    assert {row["sku"] for row in await exported(app, ADMIN, "lines")} >= set(FORMULAS)
    assert len(placed) == len(FORMULAS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a; -1", "a;' -1"),
        ("a\t@A1", "a\t'@A1"),
        ("a\n\n+1", "a\n\n'+1"),
        ("a,=1", "a,=1"),
        ("1-3 = a; b", "1-3 = a; b"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_to_who_reads_files_with_another_separator(
    text: str, shown: str
) -> None:
    assert neutral(text) == shown


async def test_what_was_given_with_an_event_is_no_formula_either(mock_store: Store) -> None:
    opened = await open_shop(mock_store)
    order = await mock_store.sent(line("A-7", "m1"))
    await mock_store.database.collection("orders").update_one(
        {"_id": order.id}, {"$set": {"history.0.input": {"note": "a;=1+1;b"}}}
    )
    app = create_app(schema, opened.services, SETTINGS)
    header, *found = await cells(app, ADMIN, "history")
    assert '{"note":"a;\'=1+1;b"}' in [row[header.index("input")] for row in found]


async def test_an_empty_export_still_has_its_header(app: Starlette) -> None:
    stranger = person(Role.CUSTOMER, "stranger", customer="c9")
    for kind in Kind:
        assert await cells(app, stranger, kind) == [table_of(stranger, kind).names]
        assert (await ask(app, stranger, f"{kind}.jsonl")).text == ""


async def test_rows_end_as_rfc_4180_says_and_the_file_has_a_name_with_the_day(app: Starlette) -> None:
    response = await ask(app, ADMIN, "orders.csv")
    assert response.content.count(b"\r\n") == response.content.count(b"\n") == 3
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert re.fullmatch(
        r'attachment; filename="orders-\d{4}-\d\d-\d\d\.csv"', response.headers["content-disposition"]
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    response = await ask(app, ADMIN, "orders.jsonl")
    assert response.headers["content-type"] == "application/jsonl"


# Filters


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"where": '{"sku": "A-2"}'}, ["bens"]),
        ({"where": '{"not": {"sku": "A-2"}}'}, ["annas"]),
        ({"search": "anna"}, ["annas"]),
        ({"search": "berg", "where": '{"sku": "A-2"}'}, []),
        ({"orderBy": "PLACED_AT_ASC"}, ["annas", "bens"]),
        ({"orderBy": "PLACED_AT_DESC"}, ["bens", "annas"]),
        ({}, ["bens", "annas"]),
    ],
)
async def test_filters_find_what_the_api_finds(
    shop: Shop, app: Starlette, parameters: dict[str, str], expected: list[str]
) -> None:
    rows = await exported(app, ADMIN, "orders", **parameters)
    assert [row["reference"] for row in rows] == [getattr(shop, name).reference for name in expected]


@pytest.mark.parametrize(
    ("who", "name", "parameters", "says"),
    [
        (ADMIN, "orders.csv", {"wheer": "{}"}, "There is no parameter 'wheer' here"),
        (ADMIN, "orders.csv", {"after": "x"}, "There is no parameter 'after' here"),
        (ADMIN, "feed.csv", {"where": "{}"}, "There is no parameter 'where' here; there is after."),
        (PAYMENTS, "orders.csv", {"where": "{}"}, "There is no parameter 'where' here"),
        (CARRIER, "lines.csv", {"search": "anna"}, "There is no parameter 'search' here"),
        (ADMIN, "orders.csv", {"where": "{"}, "where: This is not JSON"),
        (ADMIN, "orders.csv", {"where": '{"sku": 1}'}, "String cannot represent a non string value"),
        (M1, "orders.csv", {"where": '{"customerId": "c1"}'}, "unknown field 'customerId'"),
        (ANNA, "history.csv", {"where": '{"state": "new"}'}, "unknown field 'state'"),
        (ADMIN, "orders.csv", {"orderBy": "SIZE"}, "does not exist in 'OrderBy' enum"),
        (ADMIN, "orders.csv", {"search": "a" * 201}, "A search has at most 200 characters."),
        (ADMIN, "orders.csv", {"where": '{"and": [' + "{}," * 60 + "{}]}"}, "A filter has at most 50 parts."),
        (ADMIN, "feed.csv", {"after": "x"}, "This is not a cursor of these events"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_a_sentence(
    app: Starlette, who: Principal, name: str, parameters: dict[str, str], says: str
) -> None:
    response = await ask(app, who, name, **parameters)
    [error] = response.json()["errors"]
    assert (response.status_code, says in error["message"]) == (400, True), error["message"]
    assert "locations" not in error


async def test_names_are_suggested_only_to_those_who_may_read_the_schema(shop: Shop, app: Starlette) -> None:
    closed = create_app(build_schema(introspection="off"), shop.services, SETTINGS)
    for asked, suggests in ((app, True), (closed, False)):
        said = (await ask(asked, M1, "orders.csv", where='{"skus": "A-1"}')).json()["errors"][0]["message"]
        assert "unknown field 'skus'" in said
        assert ("Did you mean" in said) is suggests


async def test_a_parameter_is_given_once(app: Starlette) -> None:
    async with client(app, bearer(TOKENS.mint(Role.MARKETPLACE))) as http:
        response = await http.get("/export/orders.csv?search=a&search=b")
    assert response.status_code == 400


# Who may ask at all


async def test_without_a_token_there_is_nothing(app: Starlette) -> None:
    for name in ("orders.csv", "feed.jsonl", "nothing.csv"):
        response = await ask(app, None, name)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", ["orders", "orders.xlsx", "merchants.csv", "orders.csv.gz", ".csv"])
async def test_an_export_that_there_is_not_is_not_found(app: Starlette, name: str) -> None:
    response = await ask(app, ADMIN, name)
    assert response.status_code == 404
    assert "There is no such export" in response.json()["errors"][0]["message"]


async def test_every_role_but_the_systems_own_has_every_export() -> None:
    roles = [role for role in Role if role is not Role.SYSTEM]
    assert set(TABLES) == {(role, kind) for role in roles for kind in Kind}
    assert all(len(set(table.names)) == len(table.names) for table in TABLES.values())


async def test_only_get_is_answered(app: Starlette) -> None:
    async with client(app, bearer(TOKENS.mint(Role.MARKETPLACE))) as http:
        assert (await http.head("/export/orders.csv")).status_code == 405
        assert (await http.post("/export/orders.csv")).status_code == 405


async def test_who_could_not_tell_a_part_from_the_whole_is_sent_away(app: Starlette) -> None:
    async with serving(app) as address:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        token = TOKENS.mint(Role.MARKETPLACE)
        writer.write(f"GET /export/orders.csv HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        assert b" 505 " in await reader.readline()
        writer.close()


async def test_rows_are_paid_for_as_what_is_asked_is(shop: Shop) -> None:
    guarded = build_schema(rates=Rates(principals=2))
    app = create_app(guarded, shop.services, SETTINGS)
    async with client(app, bearer(TOKENS.mint(Role.CUSTOMER, customer_id="c1"))) as http:
        assert (
            await http.get("/export/orders.csv")
        ).status_code == 200  # a point for asking, one for the order
        response = await http.get("/export/orders.csv")
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0


async def test_the_log_tells_of_an_export_in_one_line(app: Starlette) -> None:
    with logged() as log:
        await ask(app, M1, "lines.csv")
        await ask(app, M1, "lines.csv", where="{")
    good, bad = log.about("export")
    assert (good["fields"], good["role"], good["outcome"], good["rows"]) == ("lines.csv", "merchant", "ok", 1)
    assert (bad["outcome"], bad["codes"]) == ("refused", ["BAD_USER_INPUT"])
