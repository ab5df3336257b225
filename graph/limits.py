"""How big a query may be, measured on the parsed document alone. It must not know the schema.

Each fragment is measured once, so a query whose fragments double at every step costs no more than its text.
"""

from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)
from graphql.language.ast import FragmentSpreadNode


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may hold; counts include what its fragments expand to.

    `tokens` is the parser's count for the whole text, `depth` the nesting of fields (introspection as
    GraphiQL does it takes 15), `aliases` the renamed fields of an operation. Design: api, "Guard rails".
    """

    tokens: int = 2000
    depth: int = 16
    aliases: int = 50


STANDARD = Limits()


class Size(NamedTuple):
    """What a selection expands to."""

    depth: int
    aliases: int


NOTHING = Size(0, 0)


def exceeded(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """One error for each limit that an operation of the document passes; code QUERY_TOO_COMPLEX."""
    measured = _Fragments(document)
    return [
        GraphQLError(
            f"The operation has {found} {what}; at most {allowed} are allowed. Ask for less at once.",
            nodes=operation,
            extensions={"code": "QUERY_TOO_COMPLEX"},
        )
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        for what, found, allowed in _compared(measured.size(operation.selection_set), limits)
        if found > allowed
    ]


def _compared(size: Size, limits: Limits) -> list[tuple[str, int, int]]:
    return [
        ("levels of nested fields", size.depth, limits.depth),
        ("aliases", size.aliases, limits.aliases),
    ]


class _Fragments:
    """The fragments of one document, each measured when it is first met."""

    def __init__(self, document: DocumentNode) -> None:
        self._sizes: dict[str, Size] = {}
        self._definitions = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }

    def size(self, selection_set: SelectionSetNode | None) -> Size:
        if selection_set is None:
            return NOTHING
        sizes = [self._selected(selection) for selection in selection_set.selections]
        return Size(max(size.depth for size in sizes), sum(size.aliases for size in sizes))

    def _selected(self, selection: SelectionNode) -> Size:
        match selection:
            case FieldNode():
                inner = self.size(selection.selection_set)
                return Size(inner.depth + 1, inner.aliases + (selection.alias is not None))
            case InlineFragmentNode():
                return self.size(selection.selection_set)
            case FragmentSpreadNode():
                return self._fragment(selection.name.value)
            case _:
                raise TypeError(f"A selection of an unknown kind: {selection.kind}")

    def _fragment(self, name: str) -> Size:
        if name not in self._sizes:
            # While it is being measured it counts as nothing: a cycle ends here, and validation refuses it.
            self._sizes[name] = NOTHING
            if name in self._definitions:
                self._sizes[name] = self.size(self._definitions[name].selection_set)
        return self._sizes[name]
