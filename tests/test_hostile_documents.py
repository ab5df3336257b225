"""What somebody sends who means harm, one row for each guard: refused by name, and before it costs anything.

Each row is near what a request's body may hold, or what the guards before it let through.
"""

import time
from collections.abc import Mapping
from typing import Any, cast

import pytest
from graphql import get_introspection_query, get_operation_ast

from domain.actors import Role
from graph.answers import errors_of
from graph.context import Context
from graph.cost import cost_of
from graph.given import check_variables
from graph.requests import Operation
from graph.schema import build_schema
from graph.services import Services
from graph.streams import results
from tests.acting import person

ALLOWED = 0.050
"""Seconds of processor time that a refusal may take. No other test looks at a clock: this promise is time."""

schema = build_schema()


def doubling(times: int) -> str:
    """Fragments of which each spreads the next one twice."""
    spreads = "".join(f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(times))
    return f"{{...F0}}{spreads}fragment F{times} on Query{{__typename}}"


def spread(fragments: int, selects: str, root: str = "Query") -> str:
    """Many fragments, all spread in one place, each of which selects the same."""
    names = [f"F{n}" for n in range(fragments)]
    bodies = " ".join(f"fragment {name} on {root} {{ {selects} }}" for name in names)
    return f"{{ {' '.join(f'...{name}' for name in names)} }} {bodies}"


def chained(fragments: int) -> str:
    """Fragments of which each selects one field and spreads all that come after it, up to thirty."""
    after = [" ".join(f"...F{m}" for m in range(n + 1, min(n + 30, fragments))) for n in range(fragments)]
    bodies = [f"fragment F{n} on Query {{ {after[n]} a{n}: __typename }}" for n in range(fragments)]
    return f"{{ ...F0 }} {' '.join(bodies)}"


def orders(arguments: str, selects: str = "nodes { id }") -> str:
    return f"{{ marketplace {{ orders({arguments}) {{ {selects} }} }} }}"


def aliased(times: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(times))


COMPLEX, COSTLY = "QUERY_TOO_COMPLEX", "QUERY_TOO_COSTLY"
INVALID, WRONG = "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"

FILTERED = "query ($where: OrderWhere) " + orders("first: 1, where: $where")
FILTERED_OR = "query ($or: [OrderWhere!]) " + orders("first: 1, where: {or: $or}")
STOCKED = "query ($skus: [String!]) { marketplace { stock(first: 1, skus: $skus) { nodes { sku } } } }"
SET_STOCK = """mutation ($input: SetStockInput!) { setStock(input: $input) { errors { message } } }"""
PLACE = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { errors { message } } }"

Row = tuple[str, Mapping[str, Any], str]

HOSTILE: dict[str, Row] = {
    # the text
    "a text of a megabyte": ('{ node(id: "' + "\\n" * 500_000 + '") { id } }', {}, COMPLEX),
    "a comment of a megabyte": (f"#{'x' * 1_000_000}\n{{ viewer {{ sub }} }}", {}, COMPLEX),
    "24,000 tokens": ("{ " + "a " * 24_000 + "}", {}, COMPLEX),
    "900 levels": ("{a" * 900, {}, COMPLEX),
    "1,900 lists in each other": ("{a(b:" + "[" * 1900, {}, COMPLEX),
    # the document
    "150 levels of fields": ("{ a " * 150 + "}" * 150, {}, COMPLEX),
    "300 aliases": (f"{{ {aliased(300, 'viewer { sub }')} }}", {}, COMPLEX),
    "a field 400 times": ("{" + "viewer{sub}" * 390 + "}", {}, COMPLEX),
    "fields that are repeated inside of repeated ones": (
        "{" + "viewer{sub sub sub}" * 300 + "}",
        {},
        COMPLEX,
    ),
    "a field repeated by fragments": (spread(50, "viewer { sub role merchantId customerId }"), {}, COMPLEX),
    "600 directives": ("{ " + " ".join(f"a{n} @a @a @a @a" for n in range(150)) + " }", {}, COMPLEX),
    "40 directives at one place": ("{ viewer { sub " + "@a " * 40 + "} }", {}, COMPLEX),
    "900 directives of an operation": ("query " + "@a " * 900 + "{ viewer { sub } }", {}, COMPLEX),
    "fragments that double": (doubling(18), {}, COMPLEX),
    "fragments that double 49 times": (doubling(49), {}, COMPLEX),
    "250 fragments that nobody spreads": (
        "{ viewer { sub } }" + "".join(f"fragment F{n} on Query{{a}}" for n in range(250)),
        {},
        COMPLEX,
    ),
    "fragments that spread all that follow": (chained(40), {}, COMPLEX),
    "240 operations": (" ".join(f"query Q{n} {{ viewer {{ sub }} }}" for n in range(240)), {}, COMPLEX),
    "50 mutations": ("mutation { " + aliased(50, "restock { errors { message } }") + " }", {}, COMPLEX),
    # what validation would take long to tell
    "1,900 unknown fields": ("{ " + " ".join(f"vewer{n}" for n in range(1900)) + " }", {}, INVALID),
    "600 unknown arguments": (
        f"{{ viewer({' '.join(f'a{n}: 1' for n in range(600))}) {{ sub }} }}",
        {},
        INVALID,
    ),
    "600 unknown parts of a filter": (
        orders(f"first: 1, where: {{ {' '.join(f'a{n}: 1' for n in range(600))} }}"),
        {},
        INVALID,
    ),
    "490 unused variables": (
        f"query ({' '.join(f'$v{n}: Int' for n in range(490))}) {{ viewer {{ sub }} }}",
        {},
        INVALID,
    ),
    "the schema through itself": (
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        {},
        INVALID,
    ),
    # the variables
    "a filter of 30,000 parts": (FILTERED, {"where": {"or": [{}] * 30_000}}, COMPLEX),
    "a filter of 900 parts": (FILTERED, {"where": {"or": [{}] * 900}}, COMPLEX),
    "a filter of 900 parts in a list": (FILTERED_OR, {"or": [{}] * 900}, COMPLEX),
    "a filter of 900 parts, written out": (orders(f"first: 1, where: {{or: [{'{}' * 900}]}}"), {}, COMPLEX),
    "parts that are repeated by their variable": (
        "query ($one: OrderWhere!) " + orders(f"first: 1, where: {{or: [{'$one ' * 900}]}}"),
        {"one": {"or": [{}] * 50}},
        COMPLEX,
    ),
    "a list of 500,000 numbers": (STOCKED, {"skus": [1] * 500_000}, COMPLEX),
    "a list of 1,000 wrong values": (STOCKED, {"skus": [1] * 1000}, WRONG),
    "a million values in small lists": (STOCKED, {"skus": [[1] * 1000] * 1000}, COMPLEX),
    "3,000 objects in small lists": (FILTERED, {"where": {"and": [{"or": [{}] * 999}] * 3}}, COMPLEX),
    "1,000 wrong objects": (SET_STOCK, {"input": {"items": [{}] * 1000}}, WRONG),
    # the cost
    "50 long lists": (
        f"{{ marketplace {{ {aliased(50, 'orders(first: 100) { nodes { id } }')} }} }}",
        {},
        COSTLY,
    ),
    "50 long lists of which nothing is selected": (
        f"{{ marketplace {{ {aliased(50, 'orders(first: 100) { __typename }')} }} }}",
        {},
        COSTLY,
    ),
    "a list without end": (orders("first: 2147483647"), {}, COSTLY),
    "a list without end, by its variable": (
        "query ($n: Int = 1) " + orders("first: $n"),
        {"n": 2_147_483_647},
        COSTLY,
    ),
    "lists in lists": (
        orders("first: 100", "nodes { lines { history(first: 100) { nodes { at } } } }"),
        {},
        COSTLY,
    ),
    "lists through doubling fragments": (
        "{ marketplace { orders(first: 100) { nodes { lines { ...F0 } } } } }"
        + "".join(f"fragment F{n} on Line {{ ...F{n + 1} ...F{n + 1} }} " for n in range(7))
        + "fragment F7 on Line { history(first: 100) { nodes { at } } }",
        {},
        COSTLY,
    ),
    "50 counts": (f"{{ marketplace {{ {aliased(50, 'orders(first: 1) { totalCount }')} }} }}", {}, COSTLY),
    "50 filtered lists": (
        "query ($where: OrderWhere) { marketplace { "
        + aliased(50, "orders(first: 1, where: $where) { __typename }")
        + " } }",
        {"where": {"or": [{}] * 49}},
        COSTLY,
    ),
    "the whole schema 50 times": (f"{{ {aliased(50, '__schema { types { name } }')} }}", {}, COSTLY),
}


async def codes(document: str, variables: Mapping[str, Any], who: Role = Role.MARKETPLACE) -> set[str]:
    """The codes with which it is refused; nothing may run, as there is no database."""
    context = Context(services=cast("Services", None), request_id="r", principal=person(who, "hostile"))
    found = [each async for each in results(schema, Operation(document, dict(variables), None), context)]
    assert [each.data for each in found] == [None]
    return {error["extensions"]["code"] for each in found for error in errors_of(each.errors or (), "r")}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_operation_is_refused_by_name_and_before_it_costs_anything(name: str) -> None:
    document, variables, code = HOSTILE[name]
    fastest = ALLOWED
    for attempt in range(3):
        unheard = f"{document}#{attempt}"  # a document that was read before is not read again
        start = time.process_time()
        refused = await codes(unheard, variables)
        fastest = min(fastest, time.process_time() - start)
        assert refused == {code}
    assert fastest < ALLOWED


async def test_a_refusal_tells_a_handful_of_mistakes_and_no_more() -> None:
    problems = schema.read("{ " + " ".join(f"vewer{n}" for n in range(100)) + " }").problems
    assert len(problems) == 6
    assert "error limit reached" in problems[-1].message


def test_the_doubling_fragments_that_bring_down_others_are_as_small_as_told() -> None:
    assert len(doubling(18)) < 700


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (PLACE, {"input": {"lines": [dict.fromkeys("abcdefg", "x")] * 1000}}),
        (FILTERED, {"where": {"or": [{"sku": "x"}] * 49}}),
        (STOCKED, {"skus": ["x"] * 1000}),
    ],
    ids=["an order of 1,000 lines", "a filter of 50 parts", "1,000 product codes"],
)
def test_what_people_need_is_within_what_variables_may_hold(
    document: str, variables: Mapping[str, Any]
) -> None:
    reading = schema.read(document)
    assert reading.problems == ()
    operation = get_operation_ast(reading.document)
    assert operation
    assert check_variables(operation, variables, schema.limits) == []
    cost = cost_of(schema.core, reading.document, operation, variables)
    assert cost.parts <= schema.limits.parts
    assert cost.points < schema.ceiling


def test_the_schema_can_still_be_read_whole() -> None:
    assert schema.read(get_introspection_query()).problems == ()
