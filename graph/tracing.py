"""Traces by OpenTelemetry: a span for each operation, and in it one for each command to the database.

Only loaded where ORDERFLOW_TRACING is on. Where spans go, and how many, the standard OTEL_* variables say.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context, attach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    TraceState,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.span import Span as TracedSpan
from opentelemetry.util.types import Attributes

from graph.observing import Headers, trace_with


@contextmanager
def started(processor: SpanProcessor | None = None) -> Generator[TracerProvider]:
    """Trace as long as this lasts; see `start`."""
    provider = start(processor)
    try:
        yield provider
    finally:
        stop(provider)


def start(processor: SpanProcessor | None = None) -> TracerProvider:
    """Trace from here on what this process does: operations, and commands of connections made afterwards.

    `processor` takes the spans; without one they are sent by OTLP over HTTP. The provider sends what is left
    when the process ends.
    """
    name = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: "orderflow"}
    provider = TracerProvider(resource=Resource.create(name))
    provider.sampler = WithinOperations(provider.sampler)  # the one that OTEL_TRACES_SAMPLER names
    provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
    # Names of commands and collections only: statements would carry values.
    PymongoInstrumentor().instrument(tracer_provider=provider, capture_statement=False, failed_hook=_failed)
    tracer = provider.get_tracer("orderflow")
    trace_with(lambda request_id, headers: OperationSpan(tracer, request_id, headers))
    return provider


def stop(provider: TracerProvider) -> None:
    """Trace nothing any more, and send what is left."""
    trace_with(None)
    PymongoInstrumentor().uninstrument()
    provider.shutdown()


class WithinOperations(Sampler):
    """Drops commands that belong to no operation: the workers ask each second whether there is work."""

    def __init__(self, others: Sampler) -> None:
        self._others = others

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Ask the configured sampler about everything else."""
        if kind is SpanKind.CLIENT and not get_current_span(parent_context).get_span_context().is_valid:
            return SamplingResult(Decision.DROP)
        return self._others.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        """What it is called."""
        return f"WithinOperations({self._others.get_description()})"


class OperationSpan:
    """The span of one operation, child of what a `traceparent` among the request's headers names.

    Attributes are those of the semantic conventions for GraphQL, and our own under `orderflow.`.
    """

    def __init__(self, tracer: Tracer, request_id: str, headers: Headers) -> None:
        carrier = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        parent = extract(carrier, Context())
        self._span = tracer.start_span(
            "graphql",
            context=parent,
            kind=SpanKind.SERVER,
            attributes={"orderflow.request_id": request_id},
        )
        self._context = set_span_in_context(self._span, parent)

    def enter(self) -> None:
        """Become the parent of this task's spans. Never left: the task works for this operation only."""
        attach(self._context)

    def named(self, kind: str, name: str | None) -> None:
        """Say which operation it is."""
        self._span.update_name(f"{kind} {name}" if name else kind)
        self._span.set_attribute("graphql.operation.type", kind)
        if name:
            self._span.set_attribute("graphql.operation.name", name)

    def end(self, outcome: str, codes: Sequence[str], orders: Sequence[str]) -> None:
        """Say how it ended: an error where it was the server's doing."""
        self._span.set_attribute("orderflow.outcome", outcome)
        if codes:
            self._span.set_attribute("error.type", codes[0])
        if orders:
            self._span.set_attribute("orderflow.orders", orders)
        if outcome == "error":
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def _failed(span: TracedSpan, event: object) -> None:
    """Say what kind of failure it was: the server's sentence may quote what was stored."""
    failure = getattr(event, "failure", {})
    kind = failure.get("codeName") or failure.get("errtype") or "failed"
    span.set_status(Status(StatusCode.ERROR, str(kind)))
