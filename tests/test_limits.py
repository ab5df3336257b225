"""How big a query may be, and that measuring it is cheap."""

import pytest
from graphql import GraphQLError, get_introspection_query, parse

from graph.execution import LONGEST_KEPT
from graph.limits import Limits, exceeded
from tests.transport import post, schema


def refusals(query: str, **limits: int) -> list[str]:
    return [error.message for error in exceeded(parse(query), Limits(**limits))]


def nested(levels: int) -> str:
    return "{ box " + "{ inner " * (levels - 2) + "{ size " + "}" * levels


def doubling(fragments: int, leaf: str = "size") -> str:
    """Fragment n spreads fragment n+1 twice: 2^n fields from a text that grows by one line each."""
    steps = "".join(
        f"fragment F{n} on Box {{ a: inner {{ ...F{n + 1} }} b: inner {{ ...F{n + 1} }} }}\n"
        for n in range(fragments)
    )
    return f"{{ box {{ ...F0 }} }}\n{steps}fragment F{fragments} on Box {{ {leaf} }}"


def test_an_operation_at_the_limit_passes_and_one_past_it_is_told_by_how_much() -> None:
    assert refusals(nested(5), depth=5) == []
    (refusal,) = refusals(nested(6), depth=5)
    assert "6 levels of nested fields; at most 5" in refusal


def test_aliases_are_counted_and_plain_fields_are_not() -> None:
    assert refusals("{ a: who b: who who mine key }", aliases=2) == []
    (refusal,) = refusals("{ a: who b: who c: who }", aliases=2)
    assert "3 aliases; at most 2" in refusal


def test_what_fragments_expand_to_counts_wherever_they_are_spread() -> None:
    query = "{ box { ...A ... on Box { ...A } } } fragment A on Box { x: size inner { y: size } }"
    assert refusals(query, depth=3, aliases=4) == []
    assert len(refusals(query, depth=2, aliases=3)) == 2


def test_each_operation_of_a_document_is_measured_by_itself() -> None:
    query = "query A { a: who } query B { a: who b: who }"
    assert refusals(query, aliases=2) == []
    assert len(refusals(query, aliases=1)) == 1


def test_fragments_that_double_cost_no_more_than_their_text() -> None:
    # Expanded, these are more than 2^100 aliases: whoever walked them would never come back.
    deep, many = refusals(doubling(100))
    assert "102 levels" in deep
    assert f"{2**101 - 2} aliases" in many


@pytest.mark.parametrize(
    "query",
    [
        "{ box { ...A } } fragment A on Box { inner { ...A } }",
        "{ box { ...A } } fragment A on Box { ...B } fragment B on Box { ...A }",
        "{ box { ...Unknown } }",
    ],
)
async def test_a_fragment_that_cycles_or_is_unknown_is_left_to_validation(query: str) -> None:
    assert refusals(query) == []
    (error,) = (await post(query)).json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("descriptions", [True, False])
async def test_introspection_as_graphiql_does_it_is_within_the_limits(descriptions: bool) -> None:
    query = get_introspection_query(
        descriptions=descriptions, specified_by_url=True, directive_is_repeatable=True
    )
    response = (await post(query)).json()
    assert response["data"]["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.parametrize(
    "query",
    [
        nested(17),
        "{ " + " ".join(f"a{n}: who" for n in range(51)) + " }",
        doubling(20),
    ],
    ids=["17 levels", "51 aliases", "doubling fragments"],
)
async def test_a_query_past_a_limit_is_refused_before_anything_runs(query: str) -> None:
    response = (await post(query)).json()
    assert "data" not in response
    assert {error["extensions"]["code"] for error in response["errors"]} == {"QUERY_TOO_COMPLEX"}


async def test_a_query_of_too_many_tokens_is_refused_by_the_parser() -> None:
    (error,) = (await post("{ " + "who " * 2000 + "}")).json()["errors"]
    assert "more than 2000 tokens" in error["message"]
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize("query", [nested(300), "{a" * 900, "{a(b:" + "[" * 1900, "{a(b:" + "{c:" * 600])
async def test_a_query_nested_past_what_the_parser_can_hold_is_refused_all_the_same(query: str) -> None:
    (error,) = (await post(query)).json()["errors"]
    assert "nested too deeply" in error["message"]
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


def test_fragments_chained_past_what_python_can_follow_are_refused_not_a_crash() -> None:
    with pytest.raises(GraphQLError, match="nested too deeply") as refusal:
        schema(limits=Limits(tokens=100_000)).read(doubling(1000))
    assert refusal.value.extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_a_document_is_read_once_however_often_it_is_asked() -> None:
    reading = schema().read
    api = schema()
    assert api.read("{ who }") is api.read("{ who }")
    assert reading("{ who }") is not api.read("{ who }")


def test_documents_that_would_fill_the_memory_are_not_kept() -> None:
    api = schema()
    long = f"#{'x' * LONGEST_KEPT}\n{{ who }}"
    reading = api.read(long)
    assert reading.problems == ()
    assert api.read(long) is not reading


def test_introspection_can_be_switched_off() -> None:
    closed = schema(introspection=False)
    problems = closed.read("{ __schema { queryType { name } } }").problems
    assert problems
    assert all("introspection has been disabled" in problem.message for problem in problems)
    assert closed.read("{ __typename who }").problems == ()
