"""What an export is asked for: the arguments of the API's own lists, from the parameters of a URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, get_operation_ast, parse
from graphql.execution.values import get_variable_values
from starlette.datastructures import QueryParams
from strawberry.types.arguments import convert_argument

from domain.actors import Role
from graph.execution import OrderflowSchema
from graph.exports.columns import Kind
from graph.filters import AnyWhere, CustomerOrderWhere, MerchantOrderWhere, OrderWhere, where_of
from graph.given import check_variables, parts
from graph.limits import TOO_COMPLEX
from graph.refusals import BadInput
from graph.wire import NotJson, decode
from storage.lists import OrderBy, Where

_WHERE: Mapping[Role, type[AnyWhere]] = {
    Role.MARKETPLACE: OrderWhere,
    Role.MERCHANT: MerchantOrderWhere,
    Role.CUSTOMER: CustomerOrderWhere,
}
"""What the lists of a role are filtered by. The other roles have no list, and so nothing to look for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which orders, in which order; of the feed, after which cursor."""

    where: Where
    order_by: OrderBy
    after: str | None


def read_asked(
    schema: OrderflowSchema, role: Role, kind: Kind, parameters: QueryParams, *, open_: bool
) -> Asked:
    """What the parameters ask for. Raises GraphQLError as the API says it. `open_`: to somebody who may read
    the schema.
    """
    operation = _operation(role, kind)
    allowed = [each.variable.name.value for each in operation.variable_definitions or ()]
    given: dict[str, Any] = {}
    for name, text in parameters.multi_items():
        if name not in allowed:
            raise BadInput(f"There is no parameter '{name}' here; there is {', '.join(allowed)}.")
        if name in given:
            raise BadInput(f"The parameter '{name}' is given twice.")
        given[name] = _json(text) if name == "where" else text
    for problem in check_variables(operation, given, schema.limits):
        raise problem
    if parts(given.get("where")) > schema.limits.parts:
        message = f"A filter has at most {schema.limits.parts} parts."
        raise GraphQLError(message, extensions={"code": TOO_COMPLEX})
    read = get_variable_values(
        schema.core, operation.variable_definitions or (), given, max_errors=1, hide_suggestions=not open_
    )
    if isinstance(read, list):
        raise BadInput(read[0].message)  # without its place in an operation that nobody has sent
    return _asked(schema, role, read.coerced)


def _asked(schema: OrderflowSchema, role: Role, values: Mapping[str, Any]) -> Asked:
    where = values.get("where")
    if where is not None:
        where = convert_argument(where, _WHERE[role], schema.schema_converter.scalar_registry, schema.config)
        assert isinstance(where, AnyWhere)
    return Asked(
        where_of(where, values.get("search")),
        OrderBy(values.get("orderBy") or OrderBy.PLACED_AT_DESC),
        values.get("after"),
    )


@cache
def _operation(role: Role, kind: Kind) -> OperationDefinitionNode:
    """An operation that takes what may be given, by the types of the API's lists."""
    if kind is Kind.FEED:
        variables = "$after: Cursor"
    elif role in _WHERE:
        variables = f"$where: {_WHERE[role].__name__}, $search: String, $orderBy: {OrderBy.__name__}"
    else:
        variables = f"$orderBy: {OrderBy.__name__}"
    operation = get_operation_ast(parse(f"query ({variables}) {{ __typename }}"))
    assert operation
    return operation


def _json(text: str) -> Any:
    try:
        return decode(text)
    except NotJson as error:
        raise BadInput(f"where: {error}") from None
