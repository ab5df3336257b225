"""The authorization matrix: every element of the schema, all who look, and every string that is somebody's.

People ask for all that can be selected, of all orders that there are. Tables say who may read what.
"""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from domain.actors import Role
from tests.authorization_questions import ENTRIES, Shown
from tests.authorization_rows import ERRORS, ROWS, UNSEEN
from tests.authorization_secrets import READERS
from tests.authorization_walk import elements
from tests.authorization_world import World
from tests.canaries import PEOPLE, canaries_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

Looked = dict[str, Shown]

SYSTEMS = (
    # ids, references, and what stands for them
    *("id", "_id", "order", "reference", "unit", "merchant_order_id", "line_id", "split_from", "replaced_by"),
    *(
        "settings value",
        "refund",
        "command",
        "command_id",
        "change",
        "moved",
        "fingerprint",
        "counted_by",
        "topic",
        "keys",
    ),
    # words of processes, and what is read of them
    *(
        "process name",
        "party",
        "machine",
        "state",
        "source",
        "target",
        "event",
        "role",
        "before state",
        "stock",
    ),
    *("code", "key", "label", "restores", "verdict", "status", "kind", "type"),
    # what is imported, and what became of it
    *("scope", "policy", "columns", "outcome", "message", "column", "values order_reference", "amount"),
    # dates and currencies
    *("date", "day", "delivered_on", "expected_delivery", "currency", "country"),
)
"""Where texts stand that are nobody's, by the last names of their paths."""

everybody = pytest.mark.parametrize("name", PEOPLE)


def kind(element: str) -> str:
    """The type of an element "Type.field"."""
    return element.partition(".")[0]


def strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The strings inside a stored value, each with the names that lead to it."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            yield from strings(inner, f"{path} {name}")
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from strings(inner, path)
    elif isinstance(value, str):
        yield path, value


def is_systems(path: str, text: str) -> bool:
    """Whether the system made this text up: an id, a state, a time, the name of something of its own."""
    ours = " policies " in path or f" {path}".endswith(tuple(f" {name}" for name in SYSTEMS))
    return ours or text == "system"


def varies(element: str) -> bool:
    """Whether it depends on what somebody tries that it reads this element."""
    return kind(element) in ERRORS | {"Mutation"} or kind(element).endswith("Payload")


async def test_every_element_of_the_schema_has_a_row_and_every_row_an_element():
    assert sorted(elements() - ROWS.keys()) == []
    assert sorted(ROWS.keys() - elements()) == []


async def test_every_element_was_shown_to_somebody(looked: Looked):
    seen = set[str]().union(*(each.elements for each in looked.values()))
    assert {kind(element) for element in elements() - seen} == UNSEEN


@everybody
async def test_everybody_is_shown_only_elements_whose_row_names_its_role(looked: Looked, name: str):
    who = PEOPLE[name]
    assert [each for each in sorted(looked[name].elements) if who is None or who.role not in ROWS[each]] == []


@pytest.mark.parametrize("role", ENTRIES.values())
async def test_every_role_is_shown_all_elements_whose_rows_name_it(looked: Looked, role: Role):
    names = [name for name, who in PEOPLE.items() if who and who.role is role]
    seen = set[str]().union(*(looked[name].elements for name in names))
    named = {each for each, roles in ROWS.items() if role in roles}
    assert [each for each in sorted(named - seen) if not varies(each) and kind(each) not in UNSEEN] == []


@everybody
async def test_everybody_reads_the_strings_of_others_that_are_for_it_and_no_others(looked: Looked, name: str):
    for_it = {each for each, readers in READERS.items() if name in readers}
    assert sorted(looked[name].canaries - for_it) == []
    assert sorted(for_it - looked[name].canaries) == []


async def test_every_canary_has_a_row_and_is_stored_or_said_by_its_owner(world: World):
    stored = canaries_in(await world.dump())
    assert sorted(stored - READERS.keys()) == []
    assert sorted(READERS.keys() - stored) == ["canary-m1-key", "canary-m3-warehouse"]


async def test_every_stored_string_is_somebodys_canary_or_the_systems_own(world: World):
    demo = world.orders["demo"].id  # sold from a catalogue that is public
    owned = {
        f"{path}: {text}"
        for collection, documents in (await world.stored()).items()
        for document in documents
        for path, text in strings(document, collection)
        if not canaries_in(text) and demo not in (document["_id"], document.get("order"))
    }
    assert [each for each in sorted(owned) if not is_systems(*each.split(": ", 1))] == []


@everybody
async def test_the_entries_of_other_roles_are_closed(looked: Looked, name: str):
    who = PEOPLE[name]
    for entry, role in ENTRIES.items():
        expected = set[str]() if who and who.role is role else {"FORBIDDEN"} if who else {"UNAUTHENTICATED"}
        assert looked[name].codes.get(entry, set()) == expected, entry


async def test_whoever_has_no_token_is_shown_nothing(looked: Looked):
    asked = {*ENTRIES, "events", "node", "process", "processes", "request"}  # a subscription's has no path
    assert looked["nobody"].codes == {each: {"UNAUTHENTICATED"} for each in asked}
    assert looked["nobody"].elements == set()
