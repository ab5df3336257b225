"""How much an operation may hold, measured on its parsed text alone. It must not know the schema.

Each fragment is counted once however often it is spread, so a query whose fragments double at every step
costs no more than its text. What is left after that is small enough to be walked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
)

TOO_COMPLEX = "QUERY_TOO_COMPLEX"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one operation may hold; counts include what its fragments expand to.

    `characters` and the parser's `tokens` are those of the whole text, `depth` is the nesting of fields
    (introspection as GraphiQL does it takes 15), `aliases` are an operation's renamed fields, `repeated` is
    how often it selects again what it has selected already, `together` the directives at one place,
    `mutations` are those that one operation does, one after the other. `selections` are those of all
    operations and fragments together.

    Of its variables: `values` all together, `objects` among them, `items` in one list; an order of 1,000
    lines has 8,000 values. `parts` are what one filter joins by `and`, `or` and `not`, wherever it is
    written. Design: api, "Guard rails".
    """

    characters: int = 50_000
    tokens: int = 2000
    depth: int = 16
    aliases: int = 50
    repeated: int = 100
    directives: int = 50
    together: int = 5
    mutations: int = 20
    operations: int = 20
    fragments: int = 50
    selections: int = 5000
    values: int = 15_000
    objects: int = 2000
    items: int = 1500
    parts: int = 50


STANDARD = Limits()


class Size(NamedTuple):
    """What a selection expands to; `together` is the longest row of directives at one place."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    together: int = 0
    selections: int = 0


NOTHING = Size()

_Counted = tuple[str, int, int]
"""What was counted, how many there are, and how many there may be."""


def exceeded(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """One error for each limit that the document passes; code QUERY_TOO_COMPLEX.

    Of fragments only the first that is too big, when no operation is: validation walks even those that nobody
    spreads.
    """
    definitions = [each for each in document.definitions if isinstance(each, ExecutableDefinitionNode)]
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    named = [each for each in definitions if isinstance(each, FragmentDefinitionNode)]
    fragments = _Fragments(named)
    sizes = {id(definition): fragments.defined(definition) for definition in definitions}
    problems = _refusals(
        "document",
        document,
        ("operations", len(operations), limits.operations),
        ("fragments", len(named), limits.fragments),
        ("selections", sum(size.selections for size in sizes.values()), limits.selections),
    )
    if problems:
        return problems  # what is left could be too much to be walked
    for definition in (*operations, *named):
        if problems and isinstance(definition, FragmentDefinitionNode):
            break
        size = sizes[id(definition)]
        is_mutation = getattr(definition, "operation", None) is OperationType.MUTATION
        roots = fragments.roots(definition.selection_set) if is_mutation else 0
        again = fragments.repeated([(definition.selection_set, frozenset())])
        problems += _refusals(
            "fragment" if isinstance(definition, FragmentDefinitionNode) else "operation",
            definition,
            ("levels of nested fields", size.depth, limits.depth),
            ("aliases", size.aliases, limits.aliases),
            ("directives", size.directives, limits.directives),
            ("directives at one place", size.together, limits.together),
            ("mutations", roots, limits.mutations),
            ("fields that are selected already", again, limits.repeated),
        )
    return problems


def _refusals(
    whose: str, node: DocumentNode | ExecutableDefinitionNode, *counted: _Counted
) -> list[GraphQLError]:
    return [
        GraphQLError(
            f"The {whose} has {found} {what}; at most {allowed} are allowed. Ask for less at once.",
            nodes=None if isinstance(node, DocumentNode) else node,
            extensions={"code": TOO_COMPLEX},
        )
        for what, found, allowed in counted
        if found > allowed
    ]


class _Fragments:
    """The fragments of one document, each measured when it is first met."""

    def __init__(self, definitions: list[FragmentDefinitionNode]) -> None:
        self._sizes: dict[str, Size] = {}
        self._definitions = {each.name.value: each for each in definitions}

    def defined(self, definition: ExecutableDefinitionNode) -> Size:
        """The size of an operation or fragment, with the directives of itself and of its variables."""
        size = self._size(definition.selection_set)
        places = [definition.directives, *(each.directives for each in definition.variable_definitions or ())]
        return _with_directives(size, *places)

    def roots(self, selection_set: SelectionSetNode) -> int:
        """How many fields are selected on the root."""
        return sum(1 for _ in self._flat(selection_set, frozenset(), set()))

    def repeated(self, merged: list[tuple[SelectionSetNode, frozenset[str]]]) -> int:
        """How many of the fields are selected again, once the sets are merged as execution would do it.

        With each set come the fragments around it. It walks what the fragments expand to.
        """
        fields: dict[str, list[tuple[SelectionSetNode, frozenset[str]] | None]] = {}
        spread: set[str] = set()
        for selection_set, around in merged:
            for field, above in self._flat(selection_set, around, spread):
                inner = field.selection_set
                name = (field.alias or field.name).value
                fields.setdefault(name, []).append((inner, above) if inner else None)
        again = 0
        for found in fields.values():
            again += len(found) - 1
            if inside := [each for each in found if each]:
                again += self.repeated(inside)
        return again

    def _flat(
        self, selection_set: SelectionSetNode, around: frozenset[str], spread: set[str]
    ) -> Iterator[tuple[FieldNode, frozenset[str]]]:
        for selection in selection_set.selections:
            match selection:
                case FieldNode():
                    yield selection, around
                case InlineFragmentNode():
                    yield from self._flat(selection.selection_set, around, spread)
                case FragmentSpreadNode():
                    name = selection.name.value
                    # Within itself a fragment is a cycle, which validation refuses.
                    if name in self._definitions and name not in spread and name not in around:
                        spread.add(name)
                        inner = self._definitions[name].selection_set
                        yield from self._flat(inner, around | {name}, spread)
                case _:
                    raise _unknown(selection)

    def _size(self, selection_set: SelectionSetNode | None) -> Size:
        if selection_set is None or not selection_set.selections:
            return NOTHING
        sizes = [self._selected(selection) for selection in selection_set.selections]
        depths, aliases, directives, together, selections = zip(*sizes, strict=True)
        return Size(max(depths), sum(aliases), sum(directives), max(together), sum(selections))

    def _selected(self, selection: SelectionNode) -> Size:
        match selection:
            case FieldNode():
                size = self._size(selection.selection_set)
                size = size._replace(
                    depth=size.depth + 1, aliases=size.aliases + (selection.alias is not None)
                )
            case InlineFragmentNode():
                size = self._size(selection.selection_set)
            case FragmentSpreadNode():
                size = self._fragment(selection.name.value)
            case _:
                raise _unknown(selection)
        return _with_directives(size._replace(selections=size.selections + 1), selection.directives)

    def _fragment(self, name: str) -> Size:
        if name not in self._sizes:
            # While it is being measured it counts as nothing: a cycle ends here, and validation refuses it.
            self._sizes[name] = NOTHING
            if name in self._definitions:
                self._sizes[name] = self._size(self._definitions[name].selection_set)
        return self._sizes[name]


def _with_directives(size: Size, *places: tuple[DirectiveNode, ...] | None) -> Size:
    rows = [len(row) for row in places if row]
    if not rows:
        return size
    return size._replace(directives=size.directives + sum(rows), together=max(size.together, *rows))


def _unknown(selection: SelectionNode) -> TypeError:
    return TypeError(f"A selection of an unknown kind: {selection.kind}")
