"""Traces: off without a trace of the library; on, spans of operations with those of their commands inside."""

import subprocess
import sys
from collections.abc import Generator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pymongo.errors import OperationFailure

from graph import observing, serve, tracing
from graph.lifespan import services_of
from graph.settings import Settings, SettingsError
from storage.client import Database
from storage.indexes import ensure
from tests.acting import ADMIN, cart, line
from tests.databases import both_drivers
from tests.served import Served, served
from tests.transport import SECRET, api, bearer, client, post

CANARY = "canary"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PLACE = """mutation Place($input: PlaceOrderInput!) { placeOrder(input: $input) {
  order { id reference } errors { message } } }"""
FIND = """query Find($reference: String!) { marketplace { order(by: {reference: $reference}) { id } } }"""


class Spans(InMemorySpanExporter):
    """What was sent."""

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self.get_finished_spans())

    def of(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.all if span.kind is kind]

    @property
    def operation(self) -> ReadableSpan:
        (span,) = self.of(SpanKind.SERVER)
        return span


@pytest.fixture(scope="module")
def exported() -> Generator[Spans]:
    """Where the spans of this module's tests go: a process starts to trace once."""
    exporter = Spans()
    with tracing.started(SimpleSpanProcessor(exporter)):
        yield exporter


@pytest.fixture
def spans(exported: Spans) -> Spans:
    exported.clear()
    return exported


@pytest.fixture
async def shop(spans: Spans, database: Database) -> Served:
    """The API on a database whose connections are traced."""
    await ensure(database)
    made = await served(services_of(database, Settings(jwt_secret=SECRET)))
    assert spans.all == []  # what belongs to no operation is not traced
    return made


def test_where_traces_are_off_nothing_of_the_library_is_loaded() -> None:
    program = (
        "import sys, graph.app, graph.serve, graph.cli, storage.client\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_where_the_library_is_missing_the_setting_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [each for each in sys.modules if each.startswith("opentelemetry")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "graph.tracing")
    monkeypatch.delattr("graph.tracing")
    with pytest.raises(
        SettingsError, match=r"opentelemetry.* not installed: pip install 'orderflow\[tracing\]'"
    ):
        serve._tracing()


async def test_an_operation_is_a_span_with_its_kind_and_name(spans: Spans) -> None:
    response = await post("query Who { who }", headers=bearer())
    span = spans.operation
    assert span.name == "query Who"
    assert span.attributes == {
        "graphql.operation.type": "query",
        "graphql.operation.name": "Who",
        "orderflow.request_id": response.headers["x-request-id"],
        "orderflow.outcome": "ok",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.parent is None


@pytest.mark.parametrize(
    ("query", "name", "code", "status"),
    [
        ("{ broken }", "query", "INTERNAL_SERVER_ERROR", StatusCode.ERROR),
        ("{ mine }", "query", "UNAUTHENTICATED", StatusCode.UNSET),
        ("{ who", "graphql", "GRAPHQL_PARSE_FAILED", StatusCode.UNSET),
    ],
)
async def test_it_failed_where_the_server_did_and_not_where_the_client_was_wrong(
    spans: Spans, query: str, name: str, code: str, status: StatusCode
) -> None:
    await post(query)
    span = spans.operation
    assert (span.name, (span.attributes or {})["error.type"]) == (name, code)
    assert span.status.status_code is status


async def test_the_trace_that_a_request_belongs_to_goes_on(spans: Spans) -> None:
    await post("{ who }", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    context, parent = spans.operation.context, spans.operation.parent
    assert context
    assert parent
    assert (f"{context.trace_id:032x}", f"{parent.span_id:016x}") == (TRACE, PARENT)


async def test_a_trace_that_its_caller_does_not_record_is_not_recorded_here(spans: Spans) -> None:
    await post("{ who }", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert spans.all == []


async def test_each_operation_has_a_trace_of_its_own(spans: Spans) -> None:
    async with client(api()) as http:
        for _ in range(2):
            await http.post("/graphql", json={"query": "{ who }"})
    first, second = spans.of(SpanKind.SERVER)
    assert first.context
    assert second.context
    assert first.context.trace_id != second.context.trace_id
    assert second.parent is None


async def test_a_subscription_is_one_span_from_its_start_to_its_end(spans: Spans) -> None:
    async with client() as http:
        body = {"query": "subscription Three { count(to: 3) }"}
        await http.post("/graphql/stream", json=body, headers=bearer())
    assert spans.operation.name == "subscription Three"


@both_drivers
async def test_commands_to_the_database_are_spans_within_their_operation(spans: Spans, shop: Served) -> None:
    await shop.ask(ADMIN, PLACE, input=cart())
    operation = spans.operation
    commands = spans.of(SpanKind.CLIENT)
    assert operation.context
    assert {"insert", "find"} <= {span.name.rpartition(".")[2] for span in commands}
    for command in commands:
        assert command.parent
        assert command.parent.span_id == operation.context.span_id
    assert (operation.attributes or {})["orderflow.orders"]


@both_drivers
async def test_commands_of_nobody_are_no_traces(spans: Spans, shop: Served) -> None:
    await shop.services.relay.drain()
    await shop.services.deadlines.run_due()
    assert spans.all == []


@both_drivers
async def test_no_span_says_what_was_sent_or_stored(spans: Spans, shop: Served) -> None:
    order = cart(
        line(CANARY, name=CANARY),
        customer={"id": CANARY, "name": CANARY, "email": f"{CANARY}@example.org"},
        externalReference=CANARY,
        idempotencyKey=CANARY,
    )
    placed = (await shop.ask(ADMIN, PLACE, input=order))["placeOrder"]
    assert placed["errors"] == []
    await shop.ask(ADMIN, PLACE, input={**order, "idempotencyKey": "another"})  # the name is taken
    await shop.ask(ADMIN, FIND, reference=CANARY)
    await shop.post(ADMIN, PLACE, {"cookie": CANARY, "baggage": f"who={CANARY}"}, input=CANARY)
    assert len(spans.of(SpanKind.SERVER)) == 4
    assert len(spans.of(SpanKind.CLIENT)) > 5
    assert CANARY not in "".join(span.to_json() for span in spans.all)


@both_drivers
async def test_a_command_that_fails_says_what_kind_of_failure_it_was_and_no_more(
    spans: Spans, database: Database
) -> None:
    assert observing._begin
    span = observing._begin("a-request", ())
    span.enter()
    with pytest.raises(OperationFailure, match=CANARY):
        await database.collection("orders").aggregate([{f"${CANARY}": 1}]).to_list()
    span.end("error", ["INTERNAL_SERVER_ERROR"], [])
    (command,) = spans.of(SpanKind.CLIENT)
    assert command.status.status_code is StatusCode.ERROR
    assert command.status.description
    assert CANARY not in command.to_json()
