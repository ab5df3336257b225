"""How one operation runs: graphql-core's executor as this API needs it. It must not know any type of the schema."""

from typing import Any, cast

from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class OrderflowExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, without its leak on subscriptions."""

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """The copy that runs one event, with a memo of collected fields of its own.

        graphql-core 3.3.2 shares that memo between all events of a subscription and it grows with each.
        """
        shared = super().build_per_event_executor(payload)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        executor = cast("Executor[Any]", shared)
        executor._relevant_sub_fields = {}
        return executor
