"""Everything that can be selected: documents that walk the schema, and what of it an answer shows.

Documents are small: one for each composite field of an order or line, each within the limits of a query.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
)

from domain.actors import Role
from graph.schema import schema

SCHEMA = schema._schema

ORDER_TYPES: Mapping[Role, tuple[str, str]] = {
    Role.MARKETPLACE: ("Order", "Line"),
    Role.MERCHANT: ("MerchantOrder", "MerchantLine"),
    Role.CUSTOMER: ("CustomerOrder", "CustomerLine"),
    Role.PAYMENTS: ("PaymentsOrder", "PaymentsLine"),
    Role.LOGISTICS: ("LogisticsOrder", "LogisticsLine"),
}
"""What a role is shown of orders and lines: the one type behind OrderView and LineView."""
ORDERS = {order for order, _ in ORDER_TYPES.values()}
LINES = {line for _, line in ORDER_TYPES.values()}
HISTORY = "HistoryEntryConnection"

ARGUMENTS: Mapping[str, str] = {
    **{f"{name}.history": "(first: 100)" for name in ORDERS},
    **{f"{name}.history": "(first: 20)" for name in LINES},
    "Marketplace.orders": "(first: 2)",
    "Marketplace.imports": "(first: 2)",
    "Marketplace.merchants": "(first: 10)",
    "Marketplace.stock": "(first: 100)",
    "MerchantPortal.imports": "(first: 2)",
    "MerchantPortal.orders": "(first: 2)",
    "MerchantPortal.stock": "(first: 100)",
    "Storefront.orders": "(first: 2)",
    "Import.report": "(first: 100)",
    "State.label": "(audience: BACK_OFFICE)",
    "Process.diagram": "(format: MERMAID)",
    "Line.diagram": "(format: DOT)",
}
"""What fields that need arguments are given; the root fields' stand with the questions."""


def object_type(name: str) -> GraphQLObjectType:
    """The object type of this name."""
    found = SCHEMA.get_type(name)
    assert isinstance(found, GraphQLObjectType), name
    return found


QUERY, MUTATION, SUBSCRIPTION = (object_type(name) for name in ("Query", "Mutation", "Subscription"))


def elements() -> set[str]:
    """Every field of every object type of the schema, as "Type.field"."""
    return {
        f"{name}.{each}"
        for name, found in SCHEMA.type_map.items()
        if is_object_type(found) and not name.startswith("__")
        for each in found.fields
    }


@dataclass(slots=True)
class Document:
    """A document in the making: each type's whole selection is a fragment, written once.

    `role` tells which of an interface's types can come; with None all may.
    """

    role: Role | None = None
    fragments: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(self, operation: str) -> str:
        """The document with the fragments that its operation uses."""
        return "\n".join((operation, *self.fragments.values()))

    def whole(self, name: str) -> str:
        """All of an object type, everything inside included."""
        if name not in self.fragments:
            self.fragments[name] = ""  # its place; what is inside comes after it
            inner = " ".join(self.field(name, each) for each in object_type(name).fields)
            self.fragments[name] = f"fragment {name}_ on {name} {{ {inner} }}"
        return f"{{ __typename ...{name}_ }}"

    def leaves(self, name: str) -> str:
        """The fields of a type that have nothing inside."""
        fields = object_type(name).fields.items()
        return " ".join(self.field(name, each) for each, its in fields if not _inside(its))

    def field(self, name: str, each: str) -> str:
        """One field of an object type with everything inside."""
        its = object_type(name).fields[each]
        arguments = ARGUMENTS.get(f"{name}.{each}", "")
        assert arguments or not any(is_required_argument(a) for a in its.args.values()), f"{name}.{each}"
        inner = _inside(its)
        if inner and inner.name in ORDERS:  # what is inside orders is asked for piece by piece
            return f"{each}{arguments} {{ __typename {self.leaves(inner.name)} }}"
        return f"{each}{arguments} {self.selection(inner)}" if inner else f"{each}{arguments}"

    def selection(self, inner: GraphQLObjectType | GraphQLAbstractType) -> str:
        """All of a type, or of each that an interface or union can be for this role."""
        if isinstance(inner, GraphQLObjectType):
            return self.whole(inner.name)
        spread = " ".join(f"... on {name} {self.whole(name)}" for name in self._kinds(inner))
        return f"{{ __typename {spread} }}"

    def _kinds(self, inner: GraphQLAbstractType) -> list[str]:
        names = [each.name for each in SCHEMA.get_possible_types(inner)]
        if self.role is None or not isinstance(inner, GraphQLInterfaceType) or inner.name == "OrderError":
            return names
        return [name for name in names if name in ORDER_TYPES[self.role]]


def pieces(name: str, role: Role) -> Iterator[tuple[str, Document]]:
    """What to select of an order or line, piece by piece: its lines, parts and history each on its own."""
    document = Document(role)
    light = [each for each in object_type(name).fields if _heavy(name, each) is None]
    yield f"{{ __typename {' '.join(document.field(name, each) for each in light)} }}", document
    for each in object_type(name).fields:
        inner = _heavy(name, each)
        if inner == HISTORY:
            document = Document(role)
            yield f"{{ __typename {document.field(name, each)} }}", document
        elif inner is not None:
            for selection, document in pieces(inner, role):
                yield f"{{ __typename {each} {selection} }}", document


def _heavy(name: str, each: str) -> str | None:
    """The type of a field that is asked for on its own: orders, lines and histories; else None."""
    inner = get_named_type(object_type(name).fields[each].type).name
    return inner if inner == HISTORY or inner in ORDERS | LINES else None


def shown(kind: GraphQLObjectType | GraphQLAbstractType, value: Any) -> Iterator[str]:
    """The fields ("Type.field") of which an answer shows something; an empty list counts, null does not."""
    if isinstance(value, list):
        for each in value:
            yield from shown(kind, each)
    elif value is not None:
        found = object_type(value["__typename"]) if is_abstract_type(kind) else kind
        assert isinstance(found, GraphQLObjectType)
        assert value.get("__typename", found.name) == found.name
        for name, inner in value.items():
            if name == "__typename" or inner is None:
                continue
            yield f"{found.name}.{name}"
            if kind_inside := _inside(found.fields[name]):
                yield from shown(kind_inside, inner)


def nullable(element: str) -> bool:
    """Whether this field can be null."""
    name, _, each = element.partition(".")
    return not is_non_null_type(object_type(name).fields[each].type)


def is_list(element: str) -> bool:
    """Whether this field is a list."""
    name, _, each = element.partition(".")
    found = object_type(name).fields[each].type
    return is_list_type(found.of_type if is_non_null_type(found) else found)


def _inside(its: GraphQLField) -> GraphQLObjectType | GraphQLAbstractType | None:
    inner = get_named_type(its.type)
    return inner if isinstance(inner, GraphQLObjectType) or is_abstract_type(inner) else None
