"""How an operation is read and run: Strawberry's schema with our limits, caches, executor and error log.

It must not know any type of the schema, nor how an answer travels.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext

from graph.answers import bug_behind
from graph.executor import OrderflowExecutor
from graph.limits import STANDARD, Limits, exceeded

logger = logging.getLogger(__name__)

DOCUMENTS_KEPT = 256

LONGEST_KEPT = 20_000
"""Characters; a longer text is read anew each time. Anybody may send some, and kept they fill the memory."""


class Reading(NamedTuple):
    """A document and what is wrong with it."""

    document: DocumentNode
    problems: tuple[GraphQLError, ...]


class ReadDocument(SchemaExtension):
    """Hands Strawberry the document as the schema has read it: parsed, measured and validated once."""

    reading: Reading

    def on_parse(self) -> Iterator[None]:
        """Raises GraphQLSyntaxError for a text that is no document."""
        context = self.execution_context
        self.reading = _ours(context).read(context.query or "")
        context.graphql_document = self.reading.document
        yield

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = list(self.reading.problems)
        yield


class OrderflowSchema(strawberry.Schema):
    """A Strawberry schema as this API runs it: measured, remembered, without leaks, bugs logged."""

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        types: Iterable[type] = (),
        config: StrawberryConfig | None = None,
        limits: Limits = STANDARD,
        introspection: bool = True,
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            query,
            mutation,
            subscription,
            types=types,
            config=config,
            extensions=[ReadDocument],
            execution_context_class=OrderflowExecutor,
        )
        self._limits = limits
        self._rules = (*specified_rules, *([] if introspection else [NoSchemaIntrospectionCustomRule]))
        self._kept = lru_cache(maxsize=DOCUMENTS_KEPT)(self._read)

    def read(self, query: str) -> Reading:
        """The document that the text says, remembered if read before. Raises GraphQLError if it is none."""
        return (self._kept if len(query) <= LONGEST_KEPT else self._read)(query)

    def _read(self, query: str) -> Reading:
        try:
            document = parse(query, max_tokens=self._limits.tokens)
            # Measured first: the standard rules take long on what the limits refuse.
            problems = exceeded(document, self._limits) or validate_document(
                self._schema, document, self._rules
            )
        except RecursionError:
            raise GraphQLError(
                "The query is nested too deeply to be read.", extensions={"code": "QUERY_TOO_COMPLEX"}
            ) from None
        for problem in problems:
            problem.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"} | (problem.extensions or {})
        return Reading(document, tuple(problems))

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Logs bugs with their traceback; what a client did wrong is the client's to read."""
        request_id = getattr(execution_context and execution_context.context, "request_id", "unknown")
        for error in errors:
            if bug := bug_behind(error):
                logger.error("Request %s failed at %s", request_id, error.path, exc_info=bug)


def _ours(context: ExecutionContext) -> OrderflowSchema:
    assert isinstance(context.schema, OrderflowSchema)
    return context.schema
