"""GraphiQL's examples, played on the demo's orders as a newcomer plays them: nothing is typed but what the
comments say is to be copied, from the answer before.
"""

import re
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from graphql import OperationType, print_ast

from tests.serving import Server, serving
from tests.test_graphiql_examples import EXAMPLES, operations

BOUGHT = (
    ("marketplace", "Marketplace Place Pay Send"),
    ("merchant main", "Merchant Order Ship Deliver"),
    ("customer alice", "Customer Order Return"),
    ("merchant main", "ReceiveReturn"),
    ("marketplace", "Refund Story"),
)
IN_STORE = (
    ("marketplace", "PlaceInStore Complete ApprovePayment StoreOrder Preview Later"),
    ("merchant main", "Handle StartHandling Invoice Track Stock Count Imports"),
    ("customer alice", "Customer Parcels"),
    ("marketplace", "StoreOrder Count Stuck"),
)
MONEY = (
    ("payments", "Payments Confirm Payments Refuse"),
    ("payments", "Commands Acknowledge Lease"),
)

Answer = Any


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server as `make run` starts it."""
    with serving(tmp_path_factory.mktemp("played"), "--demo") as server:
        yield server


@pytest.mark.parametrize("acts", [BOUGHT, IN_STORE, MONEY], ids=["bought", "in a store", "money"])
async def test_the_examples_can_be_run_one_after_another(
    demo: Server, acts: tuple[tuple[str, str], ...]
) -> None:
    tokens = dict(re.findall(r"^  (\w+(?: \w+)?)\s{2,}(eyJ\S+)$", demo.said, re.MULTILINE))
    variables: dict[str, Answer] = {who: {} for who, _ in acts}
    for who, names in acts:
        shown = {each.name.value: each for each in operations(EXAMPLES[who.split()[0]]) if each.name}
        for name in names.split():
            answer = await demo.ask(tokens[who], print_ast(shown[name]), **variables[who])
            for part in answer.values():
                assert part.get("errors", []) == [], (who, name, variables[who])
            if shown[name].operation is OperationType.QUERY:
                variables[who] |= copied(answer)


def copied(answer: Answer) -> Answer:
    """What is copied from an answer into Variables: the first of each thing in it."""
    found: Answer = {}
    for name, value in parts(answer):
        if name == "reference":
            found.setdefault("order", {"reference": value})
        elif name in ("refund", "command") and "id" in value:
            found.setdefault(name, value["id"])
        elif name == "lines" and value and "id" in value[0]:
            found.setdefault("line", value[0]["id"])
    return found


def parts(answer: Answer) -> Iterator[tuple[str, Answer]]:
    """Every name in an answer with what stands there, from the top."""
    if isinstance(answer, list):
        for each in answer:
            yield from parts(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            yield name, value
            yield from parts(value)
