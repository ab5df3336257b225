"""The rule for who may not read the schema. Who that is, `graph.execution` knows."""

from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLNamedType,
    ValidationRule,
    get_named_type,
    is_introspection_type,
)


class _Closed(ValidationRule):
    """Refuses every field that tells of types; what a type is called (`__typename`) may be asked by all."""

    message: str

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        asked = cast("GraphQLNamedType | None", get_named_type(cast("Any", self.context).get_type()))
        if asked and is_introspection_type(asked):
            self.report_error(GraphQLError(self.message, node))


class ClosedToAll(_Closed):
    """Where nobody may read it."""

    message = "This server does not show its schema. It is published as schema.graphql."


class ClosedWithoutToken(_Closed):
    """Where it is for those who have a token."""

    message = "The schema is shown to those who have a token: send 'Authorization: Bearer <token>' with this."
