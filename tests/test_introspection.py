"""Who may read the schema, by asking or by guessing at names: everybody, who has a token, or nobody."""

import pytest
from starlette.applications import Starlette

from graph.app import create_app
from graph.context import Context
from graph.schema import build_schema
from graph.settings import Introspection
from tests.transport import SERVICES, SETTINGS, bearer, post, schema

ASKED = "{ __schema { queryType { name } } }"
GUESSED = "{ whom }"
ORDERS = "query ($where: OrderWhere) { marketplace { orders(first: 1, where: $where) { __typename } } }"
GUESSES: list[tuple[str, dict[str, object]]] = [
    ("{ viewr { sub } }", {}),
    ('{ events(first: 1, aftr: "x") { __typename } }', {}),
    ("{ ... on Querry { __typename } }", {}),
    ("{ marketplace { orders(first: 1, where: {statuss: 1}) { __typename } } }", {}),
    ("{ marketplace { orders(first: 1, where: {refund: PENDNG}) { __typename } } }", {}),
    (ORDERS, {"where": {"statuss": 1}}),
    (ORDERS, {"where": {"refund": "CONFIRMD"}}),
]


OPEN, CLOSED = build_schema(introspection="on"), build_schema(introspection="off")


def api(who: Introspection) -> Starlette:
    return create_app(schema(introspection=who), SERVICES, SETTINGS)


@pytest.mark.parametrize(
    ("who", "anonymous", "with_token"),
    [("on", True, True), ("tokens", False, True), ("off", False, False)],
)
async def test_the_schema_and_suggestions_are_for_those_the_setting_names_however_often_it_is_asked(
    who: Introspection, anonymous: bool, with_token: bool
) -> None:
    app = api(who)
    # In turns, since what was read for one is remembered and must not be told to the other.
    for _ in range(2):
        for headers, allowed in (({}, anonymous), (bearer(), with_token)):
            body = (await post(ASKED, app, headers)).json()
            assert (body.get("data") == {"__schema": {"queryType": {"name": "Query"}}}) is allowed
            said = {"off": "does not show its schema", "tokens": "send 'Authorization", "on": "no refusal"}
            assert (said[who] in str(body)) is not allowed
            (error,) = (await post(GUESSED, app, headers)).json()["errors"]
            assert ("Did you mean" in error["message"]) is allowed


@pytest.mark.parametrize(("query", "variables"), GUESSES)
async def test_no_mistake_is_answered_with_a_name_to_who_may_not_read_the_schema(
    query: str, variables: dict[str, object]
) -> None:
    context = Context(services=SERVICES, request_id="r")
    told = [
        await ours.execute(query, variable_values=variables, context_value=context) for ours in (OPEN, CLOSED)
    ]
    assert [[error.message.count("Did you mean") for error in each.errors or ()] for each in told] == [
        [1],
        [0],
    ]


async def test_what_a_type_is_called_may_be_asked_by_all() -> None:
    body = (await post("{ __typename box { __typename } }", api("off"))).json()
    assert body["data"] == {"__typename": "Query", "box": {"__typename": "Box"}}
