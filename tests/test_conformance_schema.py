"""The schema as tools of others read it: Relay compiles against it, and no change breaks what was promised.

tests/clients/promised.graphql is what clients rely on; `make promise` writes it anew, on purpose.
"""

import shutil
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, find_breaking_changes

from tests.javascript import CLIENTS, needs_npm, program

SCHEMA = (Path(__file__).parent.parent / "schema.graphql").read_text()
PROMISED = (CLIENTS / "promised.graphql").read_text()

SMALL = """
type Query { it(of: Int): String! old: String @deprecated(reason: "Ask for it.") kind: Kind }
enum Kind { ONE TWO @deprecated(reason: "There is one.") }
"""
BREAKING = {
    "a field goes": ("it(of: Int): String! ", ""),
    "a field may be null": ("String!", "String"),
    "a field is of another type": ("String!", "Int!"),
    "an argument goes": ("(of: Int)", ""),
    "an argument is needed": ("of: Int", "of: Int!"),
    "a value of an enum goes": ("ONE ", ""),
}
HARMLESS = {
    "nothing": ("", ""),
    "a field is added": ("old:", "new: String old:"),
    "an argument is added": ("of: Int", "of: Int, at: Int"),
    "a deprecated field goes": ('old: String @deprecated(reason: "Ask for it.")', ""),
    "a deprecated value goes": (' TWO @deprecated(reason: "There is one.")', ""),
}


def test_no_change_breaks_what_clients_were_promised() -> None:
    assert breaking(PROMISED, SCHEMA) == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [*((each, True) for each in BREAKING.values()), *((each, False) for each in HARMLESS.values())],
    ids=[*BREAKING, *HARMLESS],
)
def test_a_change_breaks_clients_unless_it_adds_or_takes_away_what_was_deprecated(
    change: tuple[str, str], broken: bool
) -> None:
    assert bool(breaking(SMALL, SMALL.replace(*change))) is broken


def breaking(old: str, new: str) -> list[str]:
    """What breaks clients of the old schema, but for the end of what was deprecated in it."""
    before = build_schema(old)
    changes = [change.description for change in find_breaking_changes(before, build_schema(new))]
    return [change for change in changes if change not in _announced(before)]


def _announced(schema: GraphQLSchema) -> set[str]:
    """The removals that the schema's deprecations announce, in the words of graphql-core."""
    found: set[str] = set()
    for name, kind in schema.type_map.items():
        for field, definition in getattr(kind, "fields", {}).items():
            if definition.deprecation_reason is not None:
                found.add(f"Field {name}.{field} was removed.")
        for value, definition in getattr(kind, "values", {}).items():
            if definition.deprecation_reason is not None:
                found.add(f"Enum value {name}.{value} was removed.")
    return found


@needs_npm
def test_graphql_inspector_finds_no_breaking_change_either(tmp_path: Path) -> None:
    done = inspected(tmp_path, PROMISED, SCHEMA)
    assert done[0] == 0, done[1]


@needs_npm
def test_graphql_inspector_sees_a_breaking_change_and_lets_an_addition_pass(tmp_path: Path) -> None:
    for change, code, told in (
        (BREAKING["a field goes"], 1, "Field it was removed from object type Query"),
        (HARMLESS["a field is added"], 0, "Field new was added to object type Query"),
        (HARMLESS["a deprecated field goes"], 0, "Field old (deprecated) was removed from object type Query"),
    ):
        done = inspected(tmp_path, SMALL, SMALL.replace(*change))
        assert (done[0], told in done[1]) == (code, True), done[1]


def inspected(folder: Path, old: str, new: str) -> tuple[int, str]:
    """The exit code of `graphql-inspector diff`, 1 for a breaking change, and what it says."""
    (folder / "old.graphql").write_text(old)
    (folder / "new.graphql").write_text(new)
    done = program(
        "graphql-inspector",
        "diff", folder / "old.graphql", folder / "new.graphql",
        "--rule", "suppressRemovalOfDeprecatedField",
        folder=CLIENTS,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).replace("'", "").replace("`", "")


@needs_npm
def test_relay_compiles_fragments_connections_and_refetches_against_the_schema(tmp_path: Path) -> None:
    compiled = relay(tmp_path, SCHEMA)
    assert compiled[0] == 0, compiled[1]
    made = {path.name.partition(".")[0] for path in tmp_path.rglob("*.graphql.js")}
    assert {"ordersQuery", "ordersOrderQuery", "ordersLineQuery", "orders_list"} <= made


@needs_npm
def test_relay_refuses_a_schema_whose_pages_have_no_cursors(tmp_path: Path) -> None:
    code, told = relay(tmp_path, SCHEMA.replace("  endCursor: Cursor\n", "  last: Cursor\n"))
    assert code != 0
    assert "endCursor" in told


def relay(folder: Path, schema: str) -> tuple[int, str]:
    """The exit code of `relay-compiler` on tests/clients/relay with this schema, and what it says."""
    shutil.copytree(CLIENTS / "relay", folder, dirs_exist_ok=True)
    (folder / "schema.graphql").write_text(schema)
    done = program("relay-compiler", "relay.config.json", folder=folder)
    return done.returncode, done.stdout + done.stderr
