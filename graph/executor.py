"""How one operation runs: graphql-core's executor without its leak, and each event executed once for all who
are told the same. It must not know any type of the schema.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple, cast

import orjson
from graphql import ExecutionResult, FieldNode, Node, OperationDefinitionNode, VariableNode, Visitor, visit
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.wire import encode


class Shared(dict[str, Any]):
    """The data of an event as all are told it who selected the same. Nobody may change it."""

    @cached_property
    def answer(self) -> orjson.Fragment:
        """`{"data": …}`, encoded when the first of them is told."""
        return orjson.Fragment(encode({"data": self}))


class Selection(NamedTuple):
    """What a subscription wants to read of each event: its operation, and the variables that shape that."""

    operation: OperationDefinitionNode
    variables: str

    @property
    def key(self) -> tuple[int, str]:
        """The same for the same text, since documents that are read often are kept."""
        return id(self.operation), self.variables


class Told(NamedTuple):
    """The answer to a selection, which is kept so that no other operation gets its id."""

    selection: Selection
    result: ExecutionResult


Answers = dict[tuple[int, str], Told]
"""What was answered about one event so far, by selection. An event that all its readers may be told of alike
has an attribute `answers` of this type, and is one object for all of them.
"""


class OrderflowExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor as this API needs it."""

    _selection: Selection | None = None

    @classmethod
    def build(
        cls, schema: Any, document: Any, root_value: Any, context_value: Any, *rest: Any, **more: Any
    ) -> Any:
        """As graphql-core does, but errors suggest names only to whoever may read the schema."""
        more["hide_suggestions"] = not schema._strawberry_schema.is_open_to(context_value)
        return super().build(schema, document, root_value, context_value, *rest, **more)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """The copy that runs one event, with a memo of collected fields of its own.

        graphql-core 3.3.2 shares that memo between all events of a subscription and it grows with each.
        """
        if self._selection is None:
            self._selection = Selection(self.operation, repr(self._shaping_variables()))
        shared = super().build_per_event_executor(payload)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        executor = cast("Executor[Any]", shared)
        executor._relevant_sub_fields = {}
        return executor

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The answer; of an event that others are told alike, the one that the first of them was given."""
        answers: Answers | None = getattr(self.root_value, "answers", None) if self._selection else None
        if self._selection is None or answers is None:
            return super().execute_operation(serially)
        if told := answers.get(self._selection.key):
            return told.result
        result = super().execute_operation(serially)
        if isinstance(result, ExecutionResult) and result.data is not None and not result.errors:
            result.data = Shared(result.data)
            answers[self._selection.key] = Told(self._selection, result)
        return result

    def _shaping_variables(self) -> dict[str, Any]:
        """The variables that decide what an event looks like, rather than which events there are."""
        used = _Variables()
        for node in self._shaping_nodes():
            visit(node, used)
        values = self.variable_values.coerced
        return {name: values[name] for name in sorted(used.names & values.keys())}

    def _shaping_nodes(self) -> Iterable[Node]:
        """All that is selected but the arguments of the root field."""
        for root in self.operation.selection_set.selections:
            if isinstance(root, FieldNode):
                yield from root.directives or ()
                if root.selection_set:
                    yield root.selection_set
            else:
                yield root
        yield from self.fragment_definitions.values()


class _Variables(Visitor):
    """Collects the names of the variables in what it visits."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)
