"""What operations cost: on a small schema, on ours, and as clients are told."""

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    OperationDefinitionNode,
    build_schema,
    get_operation_ast,
    is_input_object_type,
    parse,
)
from starlette.applications import Starlette

from graph.app import create_app
from graph.cost import Cost, cost_of
from graph.costs import FILTER, LEAVES, LIST, MUTATION, SEARCH, SIZES, WEIGHTS
from graph.execution import CEILING, OrderflowSchema
from graph.given import check_variables
from graph.limits import Limits
from graph.schema import build_schema as build_ours
from graph.settings import Settings
from tests.transport import SERVICES, SETTINGS, bearer, post, schema

ROOT = Path(__file__).parent.parent

SMALL = build_schema("""
  type Query {
    item: Item
    things: [Thing!]!
    items(first: Int = 7, last: Int, where: Where): Page
    some(first: Int): [Item!]
    names: [String!]!
  }
  type Mutation { change: Item }
  type Page { nodes: [Item!]! edges: [Edge!]! }
  type Edge { node: Item }
  interface Thing { id: ID other: Thing }
  type Item implements Thing {
    id: ID
    other: Thing
    parts: [Item!]
    lines: [Item]
    more(first: Int! = 20): Page
  }
  type Note implements Thing { id: ID other: Thing }
  union Any = Item | Note
  input Where { and: [Where!] or: [Where!] not: Where name: String }
""")


def cost(query: str, **variables: Any) -> Cost:
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation
    return cost_of(SMALL, document, operation, variables)


def points(query: str, **variables: Any) -> int:
    return cost(query, **variables).points


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ __typename names }", 0),
        ("{ item { id } }", 1),
        ("{ item { other { id } } }", 2),
        ("{ item { parts { id } } }", 1 + LIST),
        ("{ item { lines { id } } }", 1 + SIZES["lines"]),
        ("{ item { parts { parts { id } } } }", 1 + LIST + LIST * LIST),
        ("mutation { change { id } }", MUTATION + 1),
    ],
)
def test_an_object_costs_a_point_and_a_list_as_many_as_it_may_hold(query: str, expected: int) -> None:
    assert points(query) == expected


@pytest.mark.parametrize(
    ("arguments", "variables", "size"),
    [
        ("(first: 3)", {}, 3),
        ("(last: 4)", {}, 7),  # the default of `first` is there as well: the dearer of the two counts
        ("(first: null, last: 4)", {}, 4),
        ("", {}, 7),
        ("(first: $n)", {"n": 12}, 12),
        ("(first: $n)", {}, 5),
        ("(first: $n)", {"n": None}, LIST),
        ("(first: $n)", {"n": "many"}, LIST),
        ("(first: -3)", {}, LIST),
    ],
)
def test_a_page_costs_what_it_is_asked_for_even_if_none_of_it_is_selected(
    arguments: str, variables: dict[str, Any], size: int
) -> None:
    head = "query ($n: Int = 5)" if "$n" in arguments else ""
    assert points(f"{head} {{ items{arguments} {{ __typename }} }}", **variables) == 1 + size
    assert points(f"{head} {{ items{arguments} {{ nodes {{ id }} }} }}", **variables) == 1 + size
    assert (
        points(f"{head} {{ items{arguments} {{ nodes {{ other {{ id }} }} }} }}", **variables) == 1 + 2 * size
    )
    assert (
        points(f"{head} {{ items{arguments} {{ edges {{ node {{ id }} }} }} }}", **variables) == 1 + 2 * size
    )


def test_a_page_costs_the_same_however_its_number_is_written() -> None:
    query = "query ($n: Int) { items(first: $n) { nodes { id } } }"
    assert cost(query, n=100.0) == cost(query, n=100) != cost(query, n=10)


def test_pages_within_pages_multiply() -> None:
    assert points("{ items(first: 10) { nodes { more { nodes { parts { id } } } } } }") == (
        1 + 10 + 10 * (1 + 20 + 20 * LIST)
    )


def test_a_plain_list_may_be_asked_for_so_many_too() -> None:
    assert points("{ some(first: 9) { other { id } } }") == 18


def test_what_may_be_of_several_types_costs_as_much_as_the_dearest() -> None:
    assert points("{ things { ... on Item { parts { id } } ... on Note { other { id } } } }") == LIST * (
        1 + LIST
    )
    assert points(
        "{ things { id ... on Thing { other { id } } ...I } } fragment I on Item { parts { id } }"
    ) == (LIST * (1 + 1 + LIST))


def test_values_are_free_until_they_are_many() -> None:
    def item(leaves: int) -> str:
        return f"{{ item {{ {' '.join(f'a{n}: id' for n in range(leaves))} }} }}"

    assert points(item(LEAVES - 1)) == 1
    assert points(item(LEAVES)) == 2
    assert points(item(5 * LEAVES)) == 6


@pytest.mark.parametrize(
    ("directive", "counts"),
    [
        ("@skip(if: true)", False),
        ("@include(if: false)", False),
        ("@skip(if: false)", True),
        ("@include(if: true)", True),
        ("@skip(if: $yes)", False),
        ("@include(if: $no)", False),
        ("@include(if: $yes)", True),
    ],
)
def test_what_is_switched_off_costs_nothing(directive: str, counts: bool) -> None:
    head = "query ($yes: Boolean = true, $no: Boolean!)"
    assert points(f"{head} {{ item {directive} {{ id }} }}", no=False) == counts
    assert points(f"{head} {{ ... {directive} {{ item {{ id }} }} }}", no=False) == counts


def test_fragments_that_double_are_costed_once_each() -> None:
    # Walked, these are 2^60 fields. The points are right all the same.
    steps = "".join(
        f"fragment F{n} on Item {{ a: other {{ ...F{n + 1} }} b: other {{ ...F{n + 1} }} }} "
        for n in range(60)
    )
    assert points(f"{{ item {{ ...F0 }} }} {steps} fragment F60 on Item {{ id }}") == 2**61 - 1


@pytest.mark.parametrize(
    ("where", "variables", "parts"),
    [
        ("{}", {}, 1),
        ('{name: "x"}', {}, 1),
        ("{not: {}}", {}, 2),
        ("{and: [{}, {or: [{}, {}]}], or: [{}]}", {}, 6),
        ("{or: {}}", {}, 2),  # a single value stands for a list of it
        ("$w", {"w": {"or": [{}, {"not": {}}]}}, 4),
        ("{or: [$w, $w]}", {"w": {"or": [{}]}}, 5),
        ("null", {}, 0),
    ],
)
def test_each_part_of_a_filter_costs_wherever_it_is_written(
    where: str, variables: dict[str, Any], parts: int
) -> None:
    found = cost(f"query ($w: Where) {{ items(first: 1, where: {where}) {{ __typename }} }}", **variables)
    assert found.parts == parts
    assert found.points == 2 + parts * FILTER


def test_the_largest_filter_is_told_and_all_of_them_are_paid_for() -> None:
    found = cost(
        "{ a: items(first: 0, where: {not: {}}) { __typename } item { more { nodes { id } } }"
        " b: items(first: 0, where: {}) { __typename } }"
    )
    assert found.parts == 2
    assert found.points == 1 + 1 + 1 + 20 + 1 + 3 * FILTER


# The values of variables


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([1] * 5, None),
        ([1] * 6, "a list of 6 values; at most 5"),
        ([[1] * 5, [1] * 5], None),
        ([[1] * 5, [1] * 5, [1] * 5], "more than 13 values"),
        ([{}, {}, {}], None),
        ([{}, {"a": {}}, {}], "more than 3 objects"),
        ({"a": {"b": {"c": [1, 2, 3, 4, 5, 6]}}}, "a list of 6 values"),
    ],
)
def test_variables_hold_so_many_values_objects_and_items_and_no_more(value: Any, told: str | None) -> None:
    operation = get_operation_ast(parse("query ($v: Any) { a(v: $v) }"))
    assert operation
    limits = Limits(values=13, objects=3, items=5)
    refused = [error.message for error in check_variables(operation, {"v": value}, limits)]
    assert [told in message for message in refused if told] == ([True] if told else [])
    assert bool(refused) is bool(told)


def test_values_that_no_variable_is_declared_for_are_not_counted() -> None:
    operation = get_operation_ast(parse("{ a }"))
    assert operation
    assert check_variables(operation, {"v": [1] * 10_000}, Limits()) == []


# Our schema

OURS = build_ours()


def test_everything_that_the_table_names_is_in_the_schema() -> None:
    types = OURS.core.type_map
    fields = {name: {*getattr(type_, "fields", ()), "__schema", "__type"} for name, type_ in types.items()}
    anywhere = set[str]().union(*fields.values())
    for key in (*WEIGHTS, *SIZES):
        owner, _, field = key.rpartition(".")
        assert field in (fields[owner] if owner else anywhere), key


def test_every_list_of_orders_and_every_count_of_one_is_paid_for_as_a_search() -> None:
    searched = {
        f"{name}.{field}"
        for name, type_ in OURS.core.type_map.items()
        for field, found in getattr(type_, "fields", {}).items()
        if re.fullmatch(r"\w*OrderConnection!", str(found.type))
        or (field == "totalCount" and name.endswith("OrderConnection"))
    }
    assert len(searched) == 6
    assert searched <= {name for name, weight in WEIGHTS.items() if weight >= SEARCH}


def test_whatever_a_filter_can_hold_of_its_own_kind_is_counted_as_its_parts() -> None:
    inputs = [type_ for type_ in OURS.core.type_map.values() if is_input_object_type(type_)]

    def holds(type_: GraphQLInputObjectType) -> dict[str, set[str]]:
        """The fields of a type, by the name of what they take."""
        taken = [(re.sub(r"\W", "", str(field.type)), name) for name, field in type_.fields.items()]
        return {kind: {name for other, name in taken if other == kind} for kind, _ in taken}

    recursive = {type_.name: holds(type_)[type_.name] for type_ in inputs if type_.name in holds(type_)}
    assert set(recursive) == {"OrderWhere", "MerchantOrderWhere", "CustomerOrderWhere"}
    assert all(names == {"and", "or", "not"} for names in recursive.values())
    # They stand in arguments and in themselves only, where they are looked for.
    assert not [
        type_.name for type_ in inputs if type_.name not in recursive and set(holds(type_)) & set(recursive)
    ]


def test_a_page_of_ours_that_is_not_said_how_long_costs_its_default() -> None:
    document = parse('{ node(id: "x") { ... on Order { history { nodes { at } } } } }')
    operation = get_operation_ast(document)
    assert operation
    assert cost_of(OURS.core, document, operation, {}).points == 1 + 1 + 50


def operations_that_are_shown() -> list[tuple[str, str]]:
    """The operations of the tours and of the page."""
    tours = [ROOT / "README.md", ROOT / "docs" / "store-flows.md"]
    blocks = [
        (tour.name, block)
        for tour in tours
        for block in re.findall(r"```graphql\n(.*?)```", tour.read_text(), re.DOTALL)
    ]
    examples = (ROOT / "graph" / "graphiql" / "src" / "examples").glob("*.graphql")
    return blocks + [(example.name, example.read_text()) for example in examples]


def test_what_the_documents_and_the_page_show_costs_a_fifth_of_the_ceiling_at_most() -> None:
    shown = operations_that_are_shown()
    assert len(shown) > 20
    for name, text in shown:
        document = parse(text)
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                assert 5 * cost_of(OURS.core, document, operation, {}).points <= CEILING, name


# What clients are told


def api(**options: Any) -> Starlette:
    return create_app(schema(**options), SERVICES, SETTINGS)


async def test_every_answer_tells_what_it_cost_and_what_is_allowed() -> None:
    body = (await post("{ who box { inner { size } } }", api(ceiling=7))).json()
    assert body["extensions"]["cost"] == {"requested": 2, "ceiling": 7, "available": None}
    body = (await post('mutation { note(text: "x") }', api(ceiling=11))).json()
    assert body["extensions"]["cost"] == {"requested": MUTATION, "ceiling": 11, "available": None}


async def test_what_costs_too_much_is_refused_before_it_runs_and_told_by_how_much() -> None:
    response = await post('mutation { a: note(text: "x") b: note(text: "y") }', api(ceiling=19))
    body = response.json()
    assert "data" not in body
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert "costs 20 points; at most 19" in error["message"]
    assert body["extensions"]["cost"] == {"requested": 20, "ceiling": 19, "available": None}


async def test_a_document_that_is_wrong_costs_its_reading() -> None:
    body = (await post("{ nothing }", api())).json()
    assert body["extensions"]["cost"]["requested"] == 1


async def test_a_subscription_is_measured_as_well_but_its_events_tell_no_cost() -> None:
    asked = "subscription { boxes(to: 2) { inner { inner { size } } } }"
    headers = bearer() | {"accept": "text/event-stream"}
    refused = await post(asked, api(ceiling=2), headers)
    assert "QUERY_TOO_COSTLY" in refused.text
    events = (await post(asked, api(ceiling=3), headers)).text
    assert events.count('"size"') == 2
    assert "extensions" not in events


def test_the_ceiling_that_the_server_sets_is_the_schemas_own() -> None:
    assert Settings().cost_ceiling == CEILING
    assert isinstance(OURS, OrderflowSchema)
    assert OURS.ceiling == CEILING
