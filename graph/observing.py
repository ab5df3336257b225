"""One operation as those who run the server see it: a line in the log, a measurement, a span in a trace.

Every transport passes here. It says what ran, for which role and how it ended, never what was sent or
answered: no variables, tokens, names or addresses.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import DocumentNode, FieldNode, get_operation_ast
from strawberry.types import ExecutionResult
from structlog.contextvars import bind_contextvars, clear_contextvars

from graph import metrics
from graph.answers import errors_of
from graph.context import Context

logger = logging.getLogger(__name__)

Headers = Sequence[tuple[bytes, bytes]]

UNKNOWN = "unknown"
"""The kind of what could not be read as an operation."""

LONGEST_NAME = 80
MOST_FIELDS = 3
MOST = 10
"""Codes and orders of one operation that are remembered."""

OURS = frozenset({"INTERNAL_SERVER_ERROR", "UNAVAILABLE", "BUSY"})
"""The codes of errors that are not the client's doing."""


class Span(Protocol):
    """An operation in a trace; see graph.tracing."""

    def enter(self) -> None:
        """Become the parent of what this task does from here on."""

    def named(self, kind: str, name: str | None) -> None:
        """Say which operation it is."""

    def end(self, outcome: str, codes: Sequence[str], orders: Sequence[str]) -> None:
        """Say how it ended."""


_headers: ContextVar[Headers] = ContextVar("headers", default=())
_current: ContextVar["Watch | None"] = ContextVar("operation", default=None)
_begin: Callable[[str, Headers], Span] | None = None


def trace_with(begin: Callable[[str, Headers], Span] | None) -> None:
    """Let every operation from here on begin a span, of its request id and headers; None: none."""
    global _begin
    _begin = begin


def arrived(request_id: str, headers: Headers) -> None:
    """Say which request this task works for from here on; nothing of an earlier one stays."""
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    _headers.set(headers)


def read(document: DocumentNode, operation_name: str | None) -> None:
    """Say what the running operation's document is."""
    if (watch := _current.get()) is not None:
        watch.read(document, operation_name)


def about(order_id: str) -> None:
    """Say that the running operation reads or writes this order: all records from here on name it."""
    bind_contextvars(order=order_id)
    if (watch := _current.get()) is not None and len(watch.orders) < MOST:
        watch.orders[order_id] = None


def refused(codes: Iterable[str]) -> None:
    """Say that a mutation's payload tells what was not done."""
    if (watch := _current.get()) is not None:
        watch.refused(codes)


def turned_away(code: str, status: int) -> None:
    """Note a request that was answered before there was an operation."""
    outcome = "error" if status >= 500 else "refused"
    metrics.OPERATIONS.labels("http", UNKNOWN, outcome).inc()
    metrics.REFUSALS.labels(code).inc()
    logger.info("request: %s", outcome, extra={"outcome": outcome, "codes": [code], "status": status})


async def observed(
    stream: AsyncGenerator[ExecutionResult, None], context: Context
) -> AsyncGenerator[ExecutionResult, None]:
    """The results of an operation as they come, watched from the first look to the end."""
    watch = Watch(context)
    try:
        async with aclosing(stream):
            while True:
                watch.enter()
                try:
                    result = await anext(stream)
                except StopAsyncIteration:
                    watch.done = True
                    return
                watch.saw(result)
                yield result
    finally:
        watch.end()


@dataclass(slots=True)
class Watch:
    """What is noted of one operation while it runs. `rows` are those of an export."""

    context: Context
    kind: str = UNKNOWN
    name: str | None = None
    fields: tuple[str, ...] = ()
    results: int = 0
    rows: int | None = None
    cost: int | None = None
    codes: dict[str, None] = field(default_factory=dict[str, None])
    orders: dict[str, None] = field(default_factory=dict[str, None])
    done: bool = False
    span: Span | None = None
    began: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        if _begin is not None:
            self.span = _begin(self.context.request_id, _headers.get())

    def enter(self) -> None:
        """Be what this task works for. Of a stream, each result may be fetched by another task."""
        if _current.get() is self:
            return
        _current.set(self)
        self._bind()
        if self.span:
            self.span.enter()

    def read(self, document: DocumentNode, operation_name: str | None) -> None:
        """Take the kind and the name from the document: names there are plain words, whatever was sent."""
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            return
        self.kind = operation.operation.value
        self.name = operation.name.value[:LONGEST_NAME] if operation.name else None
        roots = [
            each.name.value for each in operation.selection_set.selections if isinstance(each, FieldNode)
        ]
        self.fields = tuple(name[:LONGEST_NAME] for name in roots[:MOST_FIELDS])
        self._bind()
        if self.span:
            self.span.named(self.kind, self.name)
        if self.kind == "subscription":
            metrics.SUBSCRIPTIONS.labels(self.context.transport).inc()
            self._log("started")

    def refused(self, codes: Iterable[str]) -> None:
        """Note codes of errors, a few of them."""
        for code in codes:
            if len(self.codes) < MOST:
                self.codes[code] = None

    def count(self, rows: int) -> None:
        """Note rows of an export."""
        self.rows = (self.rows or 0) + rows

    def saw(self, result: ExecutionResult) -> None:
        """Note what a result tells of how it went."""
        self.results += 1
        if result.errors:
            shown = errors_of(result.errors, self.context.request_id)
            self.refused(error["extensions"]["code"] for error in shown)
        if result.extensions and "cost" in result.extensions:
            self.cost = result.extensions["cost"].get("requested")
        if self.kind == "subscription" and result.data is not None:
            metrics.DELIVERIES.labels(self.context.transport).inc()

    def end(self) -> None:
        """Count it and write its line."""
        self.enter()
        self.refused(self.context.ended_by)
        seconds = time.perf_counter() - self.began
        transport, outcome = self.context.transport, self._outcome()
        metrics.OPERATIONS.labels(transport, self.kind, outcome).inc()
        for code in self.codes:
            metrics.REFUSALS.labels(code).inc()
        if self.kind == "subscription":
            metrics.SUBSCRIPTIONS.labels(transport).dec()
            self._log(outcome, ms=round(seconds * 1000, 1), events=self.results)
        else:
            metrics.SECONDS.labels(transport, self.kind).observe(seconds)
            self._log(outcome, ms=round(seconds * 1000, 1))
        if self.span:
            self.span.end(outcome, list(self.codes), list(self.orders))

    def _outcome(self) -> str:
        if not OURS.isdisjoint(self.codes):
            return "error"
        if self.codes:
            return "refused"
        # Whoever listens may stop at any time; a question that nobody waits for any more has no answer.
        return "ok" if self.results or self.done or self.kind == "subscription" else "canceled"

    def _bind(self) -> None:
        bound: dict[str, Any] = {"request_id": self.context.request_id}
        if self.name:
            bound["operation"] = self.name
        if self.orders:
            bound["order"] = ",".join(self.orders)
        bind_contextvars(**bound)

    def _log(self, outcome: str, **more: Any) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        principal = self.context.principal
        said: dict[str, Any] = {
            "kind": self.kind,
            "fields": " ".join(self.fields),
            "transport": self.context.transport,
            "role": principal.role.value if principal else "anonymous",
            "outcome": outcome,
            **more,
        }
        if self.rows is not None:
            said["rows"] = self.rows
        if self.codes:
            said["codes"] = list(self.codes)
        if self.cost is not None:
            said["cost"] = self.cost
        self._bind()  # orders may have been found by tasks of their own
        logger.info("%s: %s", self.kind, outcome, extra=said)
