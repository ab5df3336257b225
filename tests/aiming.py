"""Generated operations aimed at what exists: most of their inputs name something of one order.

Aimed at the names of `watching`, because what names nothing that exists is refused at the door.
"""

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLInputType,
    ListValueNode,
    NameNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_scalar_type,
    parse,
    parse_type,
    value_from_ast_untyped,
    visit,
)
from schemathesis.graphql import nodes

from domain.processes import POLICIES, PROCESSES
from graph.schema import schema

ORDERS = 12
"""How many orders there are to aim at."""

Input = TypeVar("Input", ArgumentNode, ObjectFieldNode)
Value = str | int | None
Choice = Callable[[Random, int], Value]
"""A value of an input's field, for an operation that is about the order of this number."""

_STATES = [
    state for process in PROCESSES.values() for machine in process.machines for state in machine.states
]
_EVENTS = sorted(
    {
        move.event
        for process in PROCESSES.values()
        for machine in process.machines
        for state in machine.states.values()
        for move in state.moves
    }
)
_CHOICES = [choice for policy in POLICIES.values() for choice in policy.choices or ()]
_LENGTHS = ["P1D", "PT30M", "PT0S", "P30D"]


def _any_one(*values: Value) -> Choice:
    return lambda random, order: random.choice(values)


def _thing(kind: str) -> Choice:
    """A thing of that kind of the order that the example is about, seldom of another."""
    return lambda random, order: (
        f"@{kind}:{order if random.random() < 0.9 else random.randrange(ORDERS)}.{random.randrange(3)}@"
    )


AIMS: dict[str, Choice] = {
    **dict.fromkeys(("line", "units"), _thing("line")),
    **dict.fromkeys(("merchantOrder", "merchantOrders"), _thing("part")),
    **{name: _thing(name) for name in ("refund", "command", "order")},
    "restocks": _thing("restock"),
    "OrderSelector.id": _thing("id"),
    "OrderSelector.reference": _thing("order"),
    "Query.id": _thing("line"),
    "id": _any_one("m1", "m2", "m3", "c1", "c2"),
    **dict.fromkeys(("Query.after", "Subscription.after"), _any_one(None, "@event:0@", "@event:1@")),
    "after": _any_one(None, "@page:0@", "@page:1@"),
    "before": _any_one(None),
    "first": _any_one(1, 2, 5, 100),
    "last": _any_one(None),
    "expectedVersion": _any_one(None),
    "idempotencyKey": _any_one(None, None, None, "key-1", "key-2"),
    "event": _any_one(*_EVENTS),
    "events": _any_one(*_EVENTS),
    "code": _any_one(*_STATES),
    "state": _any_one(*_STATES),
    "process": _any_one(*(name for name, _ in PROCESSES)),
    "version": _any_one(None, 1),
    "PolicyInput.name": _any_one(*POLICIES),
    "PolicyInput.value": _any_one(*_CHOICES, *_LENGTHS),
    "by": _any_one(*_LENGTHS),
    "sku": _any_one("A-1", "B-1", "m1-1"),
    "skus": _any_one("A-1", "B-1", "m1-1"),
    "merchantId": _any_one("m1", "m2", "m3"),
    "customerId": _any_one("c1", "c2"),
    "currency": _any_one("EUR"),
    "country": _any_one("DE"),
    "email": _any_one("somebody@example.org"),
    "channel": _any_one("default"),
    "quantity": _any_one(1, 1, 2, 3),
    "onHand": _any_one(0, 1, 50),
    "amount": _any_one("1.00", "10.00", "20.00", "0.01"),
    "unitPrice": _any_one("10.00"),
    "discount": _any_one("0"),
    "tax": _any_one("0"),
    "total": _any_one(None),
    "number": _any_one("INV-1", "INV-2", "INV-3"),
    "invoice": _any_one("INV-1"),
    "url": _any_one(None, "https://example.org/1"),
    "trackingUrl": _any_one(None, "https://example.org/1"),
    "search": _any_one(None, "anna", "a", "A-1"),
    "attempt": _any_one(None, 1),
    **dict.fromkeys(("at", "issuedAt", "deliveredAt"), _any_one("2026-01-31T12:00:00Z")),
    **dict.fromkeys(("placedAfter", "changedAfter"), _any_one("2026-01-31T12:00:00Z", None)),
    **dict.fromkeys(("placedBefore", "changedBefore"), _any_one("2030-01-31T12:00:00Z", None)),
    **dict.fromkeys(("deliveredOn", "expectedDelivery"), _any_one("2026-02-01")),
}
"""What hits something, by the input's field, with the type before it where the name means several things."""


def _selected(text: str) -> tuple[SelectionNode, ...]:
    [operation] = parse(f"{{ {text} }}", no_location=True).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation.selection_set.selections


_schema = schema._schema
_PARCEL = "lines { name shipment { carrier } }"
_TELLING = {
    "Order": _selected(f"customer {{ name email }} deliverTo {{ street }} {_PARCEL}"),
    "MerchantOrder": _selected(f"customerName deliverTo {{ street }} {_PARCEL}"),
    "CustomerOrder": _selected(f"deliverTo {{ street }} {_PARCEL}"),
    "PaymentsOrder": _selected("lines { name }"),
    "LogisticsOrder": _selected(f"customerName merchantOrders {{ deliverTo {{ street }} }} {_PARCEL}"),
    **{
        name: _selected("errors { __typename code message path }")
        for name in _schema.type_map
        if name.endswith("Payload")
    },
}
"""What is read along wherever a selection comes by: what people send and are called, and refusals."""


def aimed(document: DocumentNode, random: Random) -> tuple[DocumentNode, dict[str, Any]]:
    """The document with most of its inputs aimed at one order, half of its arguments made variables."""
    info = TypeInfo(_schema)
    aiming = _Aiming(info, random)
    return visit(document, TypeInfoVisitor(info, aiming)), aiming.variables


class _Aiming(Visitor):
    def __init__(self, info: TypeInfo, random: Random) -> None:
        super().__init__()
        self.variables: dict[str, Any] = {}
        self._types: dict[str, GraphQLInputType] = {}
        self._info = info
        self._random = random
        self._order = random.randrange(ORDERS)
        self._wild = random.choice([0, 0, 0, 0.1, 0.5])

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        parent = self._info.get_parent_type()
        told = _TELLING.get(parent.name, ()) if parent and self._random.random() < 0.7 else ()
        return SelectionSetNode(selections=(*node.selections, *told)) if told else None

    def enter_object_value(self, node: ObjectValueNode, *_: Any) -> ObjectValueNode | None:
        """One field where only one is allowed."""
        kind = self._info.get_input_type()
        if kind is None or get_named_type(kind).name != "OrderSelector":
            return None
        name = self._random.choice([*["reference"] * 6, "id", "externalReference"])
        value = nodes.String("cart-1")
        return ObjectValueNode(fields=(ObjectFieldNode(name=NameNode(value=name), value=value),))

    def enter_list_value(self, node: ListValueNode, *_: Any) -> ListValueNode | None:
        """Few, since of many one is always wrong."""
        return ListValueNode(values=node.values[: self._random.randrange(1, 3)]) if self._wild < 0.5 else None

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        parent = self._info.get_parent_input_type()
        return self._aimed(node, get_named_type(parent).name if parent else "")

    def enter_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        parent = self._info.get_parent_type()
        return self._aimed(node, parent.name if parent else "")

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        kind = self._info.get_input_type()
        if kind is None or self._random.random() < 0.5:
            return None
        name = f"v{len(self.variables)}"
        self.variables[name] = value_from_ast_untyped(node.value)
        self._types[name] = kind
        return ArgumentNode(name=node.name, value=VariableNode(name=NameNode(value=name)))

    def leave_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> OperationDefinitionNode:
        declared = [
            VariableDefinitionNode(
                variable=VariableNode(name=NameNode(value=name)), type=parse_type(str(kind)), directives=()
            )
            for name, kind in self._types.items()
        ]
        return OperationDefinitionNode(
            operation=node.operation,
            name=NameNode(value="Generated"),
            variable_definitions=tuple(declared),
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def _aimed(self, node: Input, parent: str) -> Input | None:
        kind = self._info.get_input_type()
        if node.name.value == "lines" and not is_non_null_type(kind) and self._random.random() < 0.5:
            return type(node)(name=node.name, value=nodes.Null)  # all of them
        choice = AIMS.get(f"{parent}.{node.name.value}") or AIMS.get(node.name.value)
        if choice is None or not is_scalar_type(get_named_type(kind)) or self._random.random() < self._wild:
            return None
        many = self._random.randrange(1, 3) if is_list_type(get_nullable_type(kind)) else None
        values = [_node(choice(self._random, self._order)) for _ in range(many or 1)]
        return type(node)(name=node.name, value=nodes.List(values) if many else values[0])


def _node(value: Value) -> ValueNode:
    match value:
        case None:
            return nodes.Null
        case int():
            return nodes.Int(value)
        case str():
            return nodes.String(value)
