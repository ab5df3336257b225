"""What an operation asks for, in points, before it runs: an object is one, a list as many as it may hold.

It must not know any type of the schema; the numbers are in `graph.costs`. Design: api, "Guard rails".
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    value_from_ast_untyped,
)

from graph.costs import FILTER, LEAVES, LIST, MUTATION, SIZES, WEIGHTS
from graph.given import parts

PAGE = ("first", "last")
"""The arguments that say how much of a list is wanted."""

ENTRIES = ("edges", "nodes")
"""The fields of a page that hold so many."""


class Cost(NamedTuple):
    """Points, how many leaves are selected beside each other, and the parts of the largest filter."""

    points: int = 0
    leaves: int = 0
    parts: int = 0


def cost_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Cost:
    """The cost of a valid operation with the values it was given. Takes time in proportion to its text.

    Counted as if every list were full, every interface and union the dearest of its types and no two
    selections of a field were merged. What a constant or a variable switches off costs nothing.
    """
    root = schema.get_root_type(operation.operation)
    assert root
    return _Walk(schema, document, operation, variables).selected(operation.selection_set, root, None)


class _Walk:
    """One document with one operation's values; each selection is costed once for each type it is made on."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._mutation = schema.mutation_type if operation.operation is OperationType.MUTATION else None
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        defaults = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value
        }
        self._variables: dict[str, Any] = defaults | dict(variables)
        self._costs: dict[tuple[int, str, int | None], Cost] = {}

    def selected(
        self, selection_set: SelectionSetNode, parent: GraphQLCompositeType, page: int | None
    ) -> Cost:
        """What is selected on a type, which holds so many entries if it is a page."""
        key = id(selection_set), parent.name, page
        if key not in self._costs:
            self._costs[key] = self._sum(selection_set, parent, page)
        return self._costs[key]

    def _sum(self, selection_set: SelectionSetNode, parent: GraphQLCompositeType, page: int | None) -> Cost:
        if is_abstract_type(parent):
            types = self._schema.get_possible_types(parent)
            costs = [self.selected(selection_set, each, page) for each in types]
            return Cost(*(max(each, default=0) for each in zip(*costs, strict=True)))
        points = leaves = most = 0
        for each in selection_set.selections:  # no comprehension, whose frame would halve what can be nested
            if not self._switched_off(each.directives or ()):
                cost = self._selection(each, parent, page)
                points, leaves, most = points + cost.points, leaves + cost.leaves, max(most, cost.parts)
        return Cost(points, leaves, most)

    def _selection(self, selection: SelectionNode, parent: GraphQLCompositeType, page: int | None) -> Cost:
        match selection:
            case FieldNode():
                field = self._schema.get_field(parent, selection.name.value)
                assert field, "only valid operations are costed"
                return self._field(selection, field, parent, page)
            case FragmentSpreadNode():
                fragment = self._fragments[selection.name.value]
                condition = fragment.type_condition.name.value
                inner = fragment.selection_set
            case InlineFragmentNode():
                condition = selection.type_condition.name.value if selection.type_condition else parent.name
                inner = selection.selection_set
            case _:
                raise TypeError(f"A selection of an unknown kind: {selection.kind}")
        return self.selected(inner, parent, page) if self._is(parent, condition) else Cost()

    def _is(self, parent: GraphQLCompositeType, condition: str) -> bool:
        wanted = self._schema.get_type(condition)
        return wanted is parent or (is_abstract_type(wanted) and self._schema.is_sub_type(wanted, parent))

    def _field(
        self, node: FieldNode, field: GraphQLField, parent: GraphQLCompositeType, page: int | None
    ) -> Cost:
        name = node.name.value
        asked = self._parts(node, field)
        points = (
            WEIGHTS.get(f"{parent.name}.{name}", 0)
            + FILTER * asked
            + (MUTATION if parent is self._mutation else 0)
        )
        type_ = _named(field)
        if node.selection_set is None or not is_composite_type(type_) or name.startswith("__"):
            return Cost(points, 1, asked)
        size = self._size(node, field)
        times, each = 1, 1
        if str(cast(Any, field).type).startswith("["):
            if page is not None and name in ENTRIES:
                times, each = page, 0  # the page has counted them, as they are fetched even if not selected
            else:
                times = self._assumed(parent, name) if size is None else size
                size = None
        inner = self.selected(node.selection_set, type_, size)
        points += (size or 0) + times * (each + inner.leaves // LEAVES + inner.points)
        return Cost(points, 0, max(asked, inner.parts))

    def _size(self, node: FieldNode, field: GraphQLField) -> int | None:
        """How many entries the field is asked for; None where that cannot be said."""
        if not any(name in field.args for name in PAGE):
            return None
        sizes = [self._argument(node, field, name) for name in PAGE if name in field.args]
        # A client may write 100 as 100.0, which an Int is as well.
        return max(
            (int(size) for size in sizes if isinstance(size, (int, float)) and size >= 0), default=LIST
        )

    def _assumed(self, parent: GraphQLCompositeType, name: str) -> int:
        return SIZES.get(f"{parent.name}.{name}", SIZES.get(name, LIST))

    def _parts(self, node: FieldNode, field: GraphQLField) -> int:
        """The parts of the field's filters, by their `and`, `or` and `not`."""
        filters = [
            argument.name.value for argument in node.arguments or () if _is_filter(field, argument.name.value)
        ]
        return sum(parts(self._argument(node, field, name)) for name in filters)

    def _argument(self, node: FieldNode, field: GraphQLField, name: str) -> Any:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return value_from_ast_untyped(argument.value, self._variables)
        return _default(field.args[name])

    def _switched_off(self, directives: tuple[DirectiveNode, ...]) -> bool:
        return any(
            value_from_ast_untyped(argument.value, self._variables) is (directive.name.value == "skip")
            for directive in directives
            if directive.name.value in ("skip", "include")
            for argument in directive.arguments or ()
        )


def _named(of: Any) -> GraphQLNamedType:
    """The type of a field or argument, without lists and non-nulls."""
    return cast(GraphQLNamedType, get_named_type(of.type))


def _default(argument: GraphQLArgument) -> Any:
    default = argument.default
    if default is None:
        return argument.default_value  # where Strawberry puts it
    return value_from_ast_untyped(default.literal) if default.literal else default.value


def _is_filter(field: GraphQLField, argument: str) -> bool:
    type_ = _named(field.args[argument])
    return isinstance(type_, GraphQLInputObjectType) and "and" in type_.fields
