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


@pytest.mark.parametrize(
    ("query", "again"),
    [
        ("{ who mine key }", 0),
        ("{ who who who }", 2),
        ("{ a: who a: mine }", 1),
        ("{ a: who who }", 0),
        ("{ box { size } box { inner { size } } }", 1),
        ("{ box { size } box { size } }", 2),
        ("{ box { size size } box { size } }", 3),
        ("{ who ... { who ... @include(if: true) { who } } }", 2),
        ("{ who ...A } fragment A on Query { who mine }", 1),
        ("{ ...A ...A } fragment A on Query { who }", 0),
        ("{ ...A ...B } fragment A on Query { who } fragment B on Query { who ...A }", 1),
        ("{ box { ...A inner { ...A } } } fragment A on Box { size size }", 2),
        ("{ box { ...A } box { ...A size } } fragment A on Box { size }", 2),
    ],
)
def test_what_is_selected_again_is_counted_once_fragments_and_fields_are_merged(
    query: str, again: int
) -> None:
    assert refusals(query, repeated=again) == []
    if again:
        (refusal, *_) = refusals(query, repeated=again - 1)
        assert f"{again} fields that are selected already; at most {again - 1}" in refusal


def test_directives_are_counted_wherever_they_stand_all_together_and_at_one_place() -> None:
    query = "query ($a: Int @x) @x @x { who @x ... @x { mine } ...A @x } fragment A on Query { key @x @x @x }"
    assert refusals(query, directives=9, together=3) == []
    (refusal,) = refusals(query, directives=8)
    assert "The operation has 9 directives; at most 8" in refusal
    (refusal,) = refusals(query, together=2)
    assert "The operation has 3 directives at one place; at most 2" in refusal


def test_a_document_holds_so_many_operations_and_fragments_and_no_more() -> None:
    query = "query A { ...X } query B { ...Y } fragment X on Query { who } fragment Y on Query { who }"
    assert refusals(query, operations=2, fragments=2) == []
    assert len(refusals(query, operations=1, fragments=1)) == 2


def test_mutations_are_counted_and_queries_beside_them_are_not() -> None:
    query = (
        'mutation { a: note(text: "") ...N } fragment N on Mutation { b: note(text: "") } query { who mine }'
    )
    assert refusals(query, mutations=2) == []
    (refusal,) = refusals(query, mutations=1)
    assert "2 mutations; at most 1" in refusal


def test_selections_are_counted_over_the_whole_document_as_fragments_expand() -> None:
    query = "{ ...A ...A } fragment A on Query { who mine }"
    assert refusals(query, selections=8) == []
    (refusal,) = refusals(query, selections=7)
    assert "The document has 8 selections; at most 7" in refusal


def test_a_fragment_that_nobody_spreads_is_measured_too() -> None:
    (refusal,) = refusals("{ who } fragment A on Query { who who who }", repeated=1)
    assert "The fragment has 2 fields that are selected already" in refusal


def test_what_fragments_expand_to_counts_wherever_they_are_spread() -> None:
    query = "{ box { ...A ... on Box { ...A } } } fragment A on Box { x: size inner { y: size } }"
    assert refusals(query, depth=3, aliases=4) == []
    assert len(refusals(query, depth=2, aliases=3)) == 2


def test_each_operation_of_a_document_is_measured_by_itself() -> None:
    query = "query A { a: who } query B { a: who b: who }"
    assert refusals(query, aliases=2) == []
    assert len(refusals(query, aliases=1)) == 1


def test_fragments_that_double_cost_no_more_than_their_text() -> None:
    # Expanded, these are more than 2^49 selections: whoever walked them would never come back.
    (refusal,) = refusals(doubling(49))
    assert "selections; at most 5000" in refusal
    assert int(refusal.split()[3]) > 2**49


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
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize("query", [nested(300), "{a" * 900, "{a(b:" + "[" * 1900, "{a(b:" + "{c:" * 600])
async def test_a_query_nested_past_what_the_parser_can_hold_is_refused_all_the_same(query: str) -> None:
    (error,) = (await post(query)).json()["errors"]
    assert "nested too deeply" in error["message"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"


def test_fragments_chained_past_what_python_can_follow_are_refused_not_a_crash() -> None:
    with pytest.raises(GraphQLError, match="nested too deeply") as refusal:
        schema(limits=Limits(tokens=100_000, characters=100_000)).read(doubling(1000))
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


def test_a_text_past_its_length_is_not_even_parsed() -> None:
    with pytest.raises(GraphQLError, match="longer than 9 characters") as refusal:
        schema(limits=Limits(characters=9)).read("{ {{ (((  ")
    assert refusal.value.extensions == {"code": "QUERY_TOO_COMPLEX"}
