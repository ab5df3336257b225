"""How much is given with an operation: the values of its variables, and the parts of a filter.

It must not know the schema. All of it stops counting once it is too much.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from graphql import GraphQLError, OperationDefinitionNode

from graph.limits import TOO_COMPLEX, Limits

MANY = 1000
"""Parts of a filter past which nobody counts."""


def check_variables(
    operation: OperationDefinitionNode, given: Mapping[str, Any], limits: Limits
) -> list[GraphQLError]:
    """One error when the operation's variables hold more than they may; code QUERY_TOO_COMPLEX.

    Values that the operation declares no variable for are never read, so they are not counted either.
    """
    declared = [each.variable.name.value for each in operation.variable_definitions or ()]
    values = objects = 0
    waiting = [given[name] for name in declared if name in given]
    while waiting:
        value = waiting.pop()
        values += 1
        if isinstance(value, list):
            held = cast("list[Any]", value)
            if len(held) > limits.items:
                return [_refusal(f"a list of {len(held)} values", limits.items)]
            waiting += held
        elif isinstance(value, dict):
            objects += 1
            waiting += cast("dict[str, Any]", value).values()
        if objects > limits.objects:
            return [_refusal(f"more than {limits.objects} objects", limits.objects)]
        if values + len(waiting) > limits.values:
            return [_refusal(f"more than {limits.values} values", limits.values)]
    return []


def parts(given: Any) -> int:
    """The conditions that a filter joins by `and`, `or` and `not`, itself among them; at most about MANY."""
    counted = 0
    waiting = [given]
    while waiting and counted < MANY:
        one = waiting.pop()
        if not isinstance(one, dict):
            continue  # null, or what the type will refuse
        counted += 1
        for name in ("and", "or", "not"):
            inner = cast("dict[str, Any]", one).get(name)
            waiting += _listed(inner)
    return counted


def _listed(value: Any) -> Iterable[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else (value,)


def _refusal(found: str, allowed: int) -> GraphQLError:
    message = f"The variables have {found}; at most {allowed} are allowed. Send less at once."
    return GraphQLError(message, extensions={"code": TOO_COMPLEX})
