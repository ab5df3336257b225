"""How an operation is read and run: Strawberry's schema with our guards, caches, executor and error log.

What is too much is refused here, before it runs, whatever it travelled by. This must not know any type of the
schema.
"""

import logging
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types import ExecutionContext

from graph import observing
from graph.answers import bug_behind
from graph.context import Context
from graph.cost import cost_of
from graph.executor import OrderflowExecutor
from graph.given import check_variables
from graph.introspection import ClosedToAll, ClosedWithoutToken
from graph.limits import STANDARD, TOO_COMPLEX, Limits, exceeded
from graph.rates import Allowance, RateLimited, Rates
from graph.settings import Introspection
from storage.client import DatabaseUnavailable

logger = logging.getLogger(__name__)

DOCUMENTS_KEPT = 256

LONGEST_KEPT = 20_000
"""Characters; a longer text is read anew each time. Anybody may send some, and kept they fill the memory."""

CEILING = 20_000
"""Points that one operation may cost."""

MOST_PROBLEMS = 5
"""Validation errors that are told of one document."""

READING = 1
"""Points for reading a document, paid in advance so that nonsense is paid for as well."""

CHARACTERS = 500
"""So many characters of a document cost a point more."""

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class Reading(NamedTuple):
    """A document and what is wrong with it."""

    document: DocumentNode
    problems: tuple[GraphQLError, ...]


class Guard(SchemaExtension):
    """Hands Strawberry the document as the schema has read it, and refuses what asks for too much.

    What an operation costs is told in `extensions.cost` of its answer; of a subscription, whose events many
    share, nothing is told.
    """

    _reading: Reading | None = None
    _allowance: Allowance
    _paid: int = READING
    _requested: int = READING

    def on_parse(self) -> Iterator[None]:
        """Raises RateLimited, and GraphQLError for a text that is no document."""
        context = self.execution_context
        schema = _ours(context)
        self._allowance = schema.rates.allowance(context.context)
        price = READING + len(context.query or "") // CHARACTERS
        self._requested = self._paid = min(price, self._allowance.limit or price)
        self._allowance.spend(self._paid)
        self._reading = schema.read(context.query or "", open_=schema.is_open_to(context.context))
        context.graphql_document = self._reading.document
        observing.read(self._reading.document, context.operation_name)
        yield

    def on_validate(self) -> Iterator[None]:
        """Leaves all that is wrong for Strawberry to answer, and takes what a good operation costs."""
        assert self._reading
        self.execution_context.pre_execution_errors = (
            [*self._reading.problems] or self._ambiguous() or self._too_much()
        )
        yield

    def get_results(self) -> dict[str, Any]:
        """`{cost: {requested, ceiling, available}}`, in points; available: this minute, null if unlimited."""
        operation = self._reading and self._operation()
        if not operation or operation.operation is OperationType.SUBSCRIPTION:
            return {}
        available = self._allowance.available
        return {"cost": {"requested": self._requested, "ceiling": self._ceiling, "available": available}}

    def _ambiguous(self) -> list[GraphQLError]:
        """One error when several operations are sent and none is named: Strawberry would run the first."""
        context = self.execution_context
        assert context.graphql_document
        named = context._provided_operation_name is not None  # pyright: ignore[reportPrivateUsage]
        if named or get_operation_ast(context.graphql_document):
            return []
        message = "The document holds several operations: say in 'operationName' which one to run."
        return [GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILED"})]

    def _too_much(self) -> list[GraphQLError]:
        context = self.execution_context
        schema, operation = _ours(context), self._operation()
        assert operation
        assert context.graphql_document
        given = context.variables or {}
        if refused := check_variables(operation, given, schema.limits):
            return refused
        cost = cost_of(schema.core, context.graphql_document, operation, given)
        self._requested = max(self._paid, cost.points)
        if cost.parts > schema.limits.parts:
            return [_too_complex(f"A filter has at most {schema.limits.parts} parts.")]
        if cost.points > self._ceiling:
            message = (
                f"The operation costs {cost.points} points; at most {self._ceiling} are allowed."
                " Ask for fewer entries, for less of each, or for fewer lists and counts at once."
            )
            return [GraphQLError(message, operation, extensions={"code": "QUERY_TOO_COSTLY"})]
        if operation.operation is not OperationType.SUBSCRIPTION:
            try:
                self._allowance.spend(self._requested - self._paid)
            except RateLimited as refusal:
                return [refusal]
        return []

    @property
    def _ceiling(self) -> int:
        """What this asker may ask for at once: never more than it may in a whole minute."""
        return min(_ours(self.execution_context).ceiling, self._allowance.limit or sys.maxsize)

    def _operation(self) -> OperationDefinitionNode | None:
        context = self.execution_context
        assert context.graphql_document
        return get_operation_ast(context.graphql_document, context.operation_name)


class OrderflowSchema(strawberry.Schema):
    """A Strawberry schema as this API runs it: guarded, remembered, without leaks, bugs logged.

    `ceiling` is what one operation may cost, in points. Where the schema may not be read, errors suggest no
    names either.
    """

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        types: Iterable[type] = (),
        config: StrawberryConfig | None = None,
        limits: Limits = STANDARD,
        introspection: Introspection = "on",
        ceiling: int = CEILING,
        rates: Rates | None = None,
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            query,
            mutation,
            subscription,
            types=types,
            config=config,
            extensions=[Guard],
            execution_context_class=OrderflowExecutor,
        )
        self.limits = limits
        self.ceiling = ceiling
        self.rates = rates or Rates()
        self._introspection = introspection
        self._closed = ClosedWithoutToken if introspection == "tokens" else ClosedToAll
        self._kept = lru_cache(maxsize=DOCUMENTS_KEPT)(self._read)

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core sees it."""
        return self._schema

    def is_open_to(self, context: Context | None) -> bool:
        """Whether this asker may read the schema; None is this process itself."""
        if self._introspection == "tokens":
            return context is None or context.principal is not None
        return self._introspection == "on"

    def read(self, query: str, *, open_: bool = True) -> Reading:
        """The document that the text says, remembered if read before. Raises GraphQLError if it is none.

        `open_`: to somebody who may read the schema; what others are told is remembered apart.
        """
        return (self._kept if len(query) <= LONGEST_KEPT else self._read)(query, open_)

    def _read(self, query: str, open_: bool) -> Reading:
        if len(query) > self.limits.characters:
            raise _too_complex(f"The document is longer than {self.limits.characters} characters.")
        try:
            document = parse(query, max_tokens=self.limits.tokens)
            # Measured first: the standard rules take long on what the limits refuse.
            problems = exceeded(document, self.limits) or validate(
                self._schema,
                document,
                RULES if open_ else (*RULES, self._closed),
                max_errors=MOST_PROBLEMS,
                hide_suggestions=not open_,
            )
        except RecursionError:
            raise _too_complex("The query is nested too deeply to be read.") from None
        except GraphQLSyntaxError as error:
            if error.message.endswith("Parsing aborted."):  # it would go on, but for its limits
                raise _too_complex(error.message) from None
            raise
        for problem in problems:
            problem.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"} | (problem.extensions or {})
        return Reading(document, tuple(problems))

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Logs bugs with their traceback, and a database that is away; what clients do wrong they read."""
        request_id = getattr(execution_context and execution_context.context, "request_id", "unknown")
        for error in errors:
            bug = bug_behind(error)
            if isinstance(bug, DatabaseUnavailable):
                logger.warning("Request %s failed at %s: %s", request_id, error.path, bug)
            elif bug:
                logger.error("Request %s failed at %s", request_id, error.path, exc_info=bug)


def _too_complex(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": TOO_COMPLEX})


def _ours(context: ExecutionContext) -> OrderflowSchema:
    assert isinstance(context.schema, OrderflowSchema)
    return context.schema
