"""The operations that GraphiQL shows to a first visitor: each one can be sent as it stands.

Reads the page's sources as text and knows nothing of how they are built.
"""

import re
from pathlib import Path

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from domain.actors import Role
from graph.schema import build_schema

SOURCES = Path(__file__).parent.parent / "graph" / "graphiql" / "src"
EXAMPLES = {file.stem: file.read_text() for file in sorted((SOURCES / "examples").glob("*.graphql"))}
PAGE = (SOURCES / "examples.js").read_text()
DEVELOPMENT, PRODUCTION = build_schema(), build_schema(development=False)


def operations(text: str) -> list[OperationDefinitionNode]:
    return [each for each in parse(text).definitions if isinstance(each, OperationDefinitionNode)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_server_accepts_every_example_of_the_page(name: str) -> None:
    assert [problem.message for problem in DEVELOPMENT.read(EXAMPLES[name]).problems] == []


def test_what_the_page_starts_with_where_nobody_can_be_asked_as_is_accepted_in_production() -> None:
    assert PRODUCTION.read(EXAMPLES["start"]).problems == ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_has_a_name_so_that_it_can_be_chosen(name: str) -> None:
    assert all(operation.name for operation in operations(EXAMPLES[name]))


def test_every_role_that_people_have_has_examples_and_the_page_shows_them() -> None:
    assert set(EXAMPLES) == {role.value for role in Role if role is not Role.SYSTEM} | {"start"}
    assert set(
        re.findall(r'^import \w+ from "\./examples/(\w+)\.graphql\?raw";$', PAGE, re.MULTILINE)
    ) == set(EXAMPLES)
    assert set(re.findall(r'role: "(\w+)"', PAGE)) | {"start"} == set(EXAMPLES)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("marketplace", "placeOrder recordPayment sendToMerchant cancel refundLines orderEvents"),
        ("merchant", "shipLines deliverLines startHandling addInvoice orderEvents"),
        ("customer", "demoCheckout cancel requestReturn"),
        ("payments", "recordPayment confirmRefund commands leaseCommands acknowledgeCommand"),
        ("logistics", "deliverLines startHandling updateTracking"),
        ("start", "viewer orderEvents"),
    ],
)
def test_what_a_role_does_every_day_is_among_its_examples(name: str, fields: str) -> None:
    shown = {
        selection.name.value
        for operation in operations(EXAMPLES[name])
        for selection in operation.selection_set.selections
        if isinstance(selection, FieldNode)
    }
    assert set(fields.split()) <= shown


def test_a_subscription_can_go_on_at_a_cursor() -> None:
    assert "orderEvents(after: $after)" in EXAMPLES["merchant"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_gives_every_variable_that_an_example_asks_for(name: str) -> None:
    asked = {
        variable.variable.name.value
        for operation in operations(EXAMPLES[name])
        for variable in operation.variable_definitions or ()
    }
    shown = re.search(rf'role: "{name}".*variables: (.*) }},$', PAGE, re.MULTILINE)
    assert asked == (set(re.findall(r"\b(?!null)\w+(?=[:, ])", shown[1])) if shown else set())
