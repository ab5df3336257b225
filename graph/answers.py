"""What leaves the server: a result as the response map of the GraphQL specification, with bugs masked.

It must not know over which transport an answer travels.
"""

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from storage.client import DatabaseUnavailable

NO_OPERATION = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)

WRONG_TRANSPORT = {
    OperationType.MUTATION: "Send mutations by POST: GET never changes anything.",
    OperationType.SUBSCRIPTION: "A subscription needs a stream: a WebSocket, or 'Accept: text/event-stream'.",
}


def answer(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    """`{data?, errors?, extensions?}`; a request that was refused before anything ran has no `data`."""
    response: dict[str, Any] = {} if is_refused(result) else {"data": result.data}
    if result.errors:
        response["errors"] = errors_of(result.errors, request_id)
    if result.extensions:
        response["extensions"] = result.extensions
    return response


def is_refused(result: ExecutionResult) -> bool:
    """Whether nothing ran: the document, the operation's name or a variable was wrong."""
    return result.data is None and all(error.path is None for error in result.errors or ())


def errors_of(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """The errors as clients read them: each with `extensions.code` and the request id, bugs masked."""
    return [_shown(error, request_id) for error in errors]


def error_map(message: str, code: str, request_id: str) -> dict[str, Any]:
    """A response with one error that belongs to no field."""
    return {"errors": [{"message": message, "extensions": {"code": code, "requestId": request_id}}]}


def bug_behind(error: GraphQLError) -> Exception | None:
    """The exception that nobody expected, or None when the error is the client's to read.

    Errors about input carry the exception of a scalar that would not read it; they have a place in the
    document but no path in the answer.
    """
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None or isinstance(cause, NO_OPERATION) or (error.path is None and error.nodes):
        return None
    return cause


def _shown(error: GraphQLError, request_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = {**error.formatted}
    bug = bug_behind(error)
    if isinstance(bug, DatabaseUnavailable):
        shown["message"] = "The database cannot be reached at the moment; try again shortly."
        shown["extensions"] = {"code": "UNAVAILABLE"}
    elif bug:
        shown["message"] = (
            f"Something went wrong on the server. Its log tells more under request {request_id}."
        )
        shown["extensions"] = {"code": "INTERNAL_SERVER_ERROR"}
    if isinstance(error.original_error, InvalidOperationTypeError):
        shown["message"] = WRONG_TRANSPORT[error.original_error.operation_type]
    extensions: dict[str, Any] = {"code": _code(error)} | (shown.get("extensions") or {})
    return shown | {"extensions": extensions | {"requestId": request_id}}


def _code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    if isinstance(error.original_error, NO_OPERATION):
        return "OPERATION_RESOLUTION_FAILED"
    return "BAD_USER_INPUT" if error.path is None else "FIELD_FAILED"
