"""Operations that nobody would write: generated from the schema by Schemathesis, and then aimed."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import schemathesis.graphql
from graphql import introspection_from_schema, parse, print_ast
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from graph.schema import schema
from tests.aiming import aimed
from tests.trading import PEOPLE

T = TypeVar("T")

WILD_TEXTS = [
    "",
    " ",
    "\x00",
    "\x7f",
    "\u202e",
    "e\u0301",
    "'\";--",
    "$ne",
    "a.b",
    "%",
    "\\",
    "𝔘",
    "x" * 300,
]
"""Texts on which programs have stumbled."""
_WILD_NUMBERS = [0, 1, -1, 2**31 - 1, -(2**31)]
_TEXTS = st.sampled_from(WILD_TEXTS) | st.text(max_size=20)
_DAYS = st.sampled_from(
    ["2026-01-31", "2026-02-28", "2026-02-30", "0001-01-01", "9999-12-31"]
) | st.dates().map(str)
_TIMES = st.builds(
    "{}T{}".format,
    _DAYS,
    st.sampled_from(["00:00:00Z", "12:00:00.5+02:00", "23:59:60Z", "23:59:59.999999999-14:00"]),
)
_AMOUNTS = st.sampled_from(["10.00", "0", "-1.00", "0.001", "9" * 30, "1e3", "NaN", "-0", "٣"])

_FITTING = {
    "Query.marketplace": ["marketplace"],
    "Query.merchant": ["m1", "m2", "m3"],
    "Query.storefront": ["c1", "c2"],
    "Query.payments": ["payments"],
    "Query.logistics": ["logistics", "warehouse"],
}
"""Who gets something from these."""
_BUSY = ["marketplace"] * 3 + ["m1"] * 3 + ["c1"] * 2 + [*PEOPLE]

EXAMPLES = int(os.environ.get("ORDERFLOW_EXAMPLES", "400"))
"""How many requests are generated; messages are in proportion. 20,000 take half an hour or more."""

SHORT = 12
"""Values in one run of Hypothesis, before it turns to variations of what it had."""
_PLAIN = settings(
    max_examples=SHORT,
    database=None,  # the seed is given: what is found once is found in each run
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    # Many of these are deep and of many parts, as they have to be.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


class Asked(NamedTuple):
    """An operation and who sends it; its text and variables have names of things in them."""

    who: str
    query: str
    variables: dict[str, Any]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**40, -(2**63) - 1, 2**64, 1e308])
    | st.text(st.characters(), max_size=10)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
"""Whatever JSON can say, and a little more: NaN, half characters, numbers of any length."""

_schema = schema._schema
for _name, _strategy in {
    "ID": _TEXTS.map(nodes.String) | st.integers().map(nodes.Int),
    "String": _TEXTS.map(nodes.String),
    "Int": (st.sampled_from(_WILD_NUMBERS) | st.integers(-10, 1000)).map(nodes.Int),
    "BigInt": (st.sampled_from([2**53, 2**53 + 1, 2**64, -1]) | st.integers()).map(nodes.Int),
    "Decimal": _AMOUNTS.map(nodes.String),
    "Cursor": _TEXTS.map(nodes.String),
    "Date": _DAYS.map(nodes.String),
    "DateTime": _TIMES.map(nodes.String),
    "Upload": _TEXTS.map(nodes.String),  # no file comes so
}.items():
    schemathesis.graphql.scalar(_name, _strategy)


def _cases(introspection: Any) -> dict[str, st.SearchStrategy[Any]]:
    """Schemathesis's cases by operation: nearly all of them valid, a few with one violation."""
    found: dict[str, st.SearchStrategy[Any]] = {}
    for result in schemathesis.graphql.from_dict(introspection).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        valid = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        found[operation.label] = st.integers(1, 12).flatmap(lambda n, kinds=(valid, wrong): kinds[n == 12])
    return found


_said = introspection_from_schema(_schema)["__schema"]
# Schemathesis knows no subscriptions: it is told that they are queries.
_listening = {**_said, "queryType": {"name": "Subscription"}, "mutationType": None}
_CASES = _cases({"__schema": _said}) | _cases({"__schema": _listening})
QUERIES = [label for label in _CASES if label.startswith("Query")] + 3 * [*_FITTING]
MUTATIONS = [label for label in _CASES if label.startswith("Mutation")]
SUBSCRIPTIONS = [label for label in _CASES if label.startswith("Subscription")]


@st.composite
def operations(draw: st.DrawFn, labels: list[str]) -> Asked:
    """One of these operations, by anybody, mostly by somebody whom it may be of use to."""
    label = draw(st.sampled_from(labels))
    text = draw(_CASES[label]).body
    if label in SUBSCRIPTIONS:
        text = f"subscription {text.removeprefix('query')}"
    random = draw(st.randoms(use_true_random=True))
    people = [*PEOPLE] if random.random() < 0.2 else _FITTING.get(label, _BUSY)
    document, variables = aimed(parse(text), random)
    if variables and random.random() < 0.1:
        variables[random.choice([*variables])] = draw(json_values)
    return Asked(random.choice(people), print_ast(document), variables)


def tried(
    strategy: st.SearchStrategy[T], attempt: Callable[[T], None], times: int, *, first: int = 0
) -> None:
    """Attempt it with so many values: the same in each run, others for another `first`.

    In many short runs of Hypothesis, so that they differ.
    """

    @_PLAIN
    @given(strategy)
    def once(value: T) -> None:
        note(f"{value!r}")  # Hypothesis alone shows nothing of what others than itself put together
        attempt(value)

    for number in range(first, first + times, SHORT):
        seed(number)(once)()
