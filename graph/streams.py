"""An operation as a stream of results, and that stream as server-sent events (distinct connections mode).

It must not know what the operation asks. WebSockets take their results from here too.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.responses import StreamingResponse
from strawberry.http.streaming import SSETransport, merge_stream_with_heartbeat
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph import observing
from graph.answers import answer
from graph.auth import UNAUTHENTICATED, TokenError
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.executor import Shared
from graph.requests import Operation
from graph.standing import Standing
from graph.wire import encode

logger = logging.getLogger(__name__)

Allowed = Collection[OperationType]

ANY_OPERATION = frozenset(OperationType)
ONE_ANSWER = frozenset({OperationType.QUERY, OperationType.MUTATION})

HEARTBEAT = 15.0
"""Seconds between the comments that keep an idle stream open through proxies."""

transport = SSETransport(HEARTBEAT)


def results(
    schema: OrderflowSchema,
    operation: Operation,
    context: Context,
    allowed: Allowed = ANY_OPERATION,
) -> AsyncGenerator[ExecutionResult, None]:
    """Every result of the operation: one of a query or mutation, one per event of a subscription.

    Whatever goes wrong is a result too (a PreExecutionError when nothing ran), never an exception: a stream
    that just stopped would leave its reader guessing.
    """
    return observing.observed(_results(schema, operation, context, allowed), context)


async def _results(
    schema: OrderflowSchema, operation: Operation, context: Context, allowed: Allowed
) -> AsyncGenerator[ExecutionResult, None]:
    try:
        stream = await schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.name,
            allowed_operation_types=allowed,
        )
        async with aclosing(stream):
            async for result in stream:
                assert isinstance(result, ExecutionResult)  # the other kinds belong to @defer, which is off
                yield result
    except GraphQLError as error:
        yield PreExecutionError(data=None, errors=[error])
    except Exception as error:
        logger.exception("Request %s failed", context.request_id)
        yield PreExecutionError(data=None, errors=[GraphQLError(str(error), original_error=error)])


async def until(
    standing: Standing, context: Context, stream: AsyncGenerator[ExecutionResult, None]
) -> AsyncGenerator[ExecutionResult, None]:
    """The stream until its reader's token expires or is revoked; the last result then says so."""
    principal = context.principal
    assert principal, "who has no token has none that could end"
    why: list[TokenError] = []

    def watch(end: Callable[[], None]) -> Callable[[], None]:
        def ended(reason: TokenError) -> None:
            why.append(reason)
            context.ended_by.append(UNAUTHENTICATED)
            end()

        return standing.watch(principal, ended)

    async with aclosing(_cut(stream, watch)) as results:
        async for result in results:
            yield result
    if why:
        yield PreExecutionError(data=None, errors=[*why])


async def before(
    stop: asyncio.Event, stream: AsyncGenerator[ExecutionResult, None]
) -> AsyncGenerator[ExecutionResult, None]:
    """The stream until it ends, or until the event is set."""

    def watch(end: Callable[[], None]) -> Callable[[], object]:
        stopped = asyncio.create_task(stop.wait())
        stopped.add_done_callback(lambda _: end())
        return stopped.cancel

    async with aclosing(_cut(stream, watch)) as results:
        async for result in results:
            yield result


async def _cut(
    stream: AsyncGenerator[ExecutionResult, None],
    watch: Callable[[Callable[[], None]], Callable[[], object]],
) -> AsyncGenerator[ExecutionResult, None]:
    """The stream until it ends, or until what `watch` is given is called; `watch` returns what stops it."""
    ended = False
    waiting: asyncio.Timeout | None = None

    def end() -> None:
        nonlocal ended
        ended = True
        if waiting:
            waiting.reschedule(0)  # at once

    unwatch = watch(end)
    try:
        async with aclosing(stream):
            while not ended:
                try:
                    async with asyncio.timeout(None) as waiting:
                        result = await anext(stream)
                except (StopAsyncIteration, TimeoutError):
                    return
                finally:
                    waiting = None
                yield result
    finally:
        unwatch()


def one_of(result: ExecutionResult, request_id: str) -> dict[str, Any] | orjson.Fragment:
    """One of a stream's results as its reader gets it; what many get alike is encoded once."""
    if isinstance(result.data, Shared) and not result.errors and not result.extensions:
        return result.data.answer
    return answer(result, request_id)


def event_stream(
    stream: AsyncGenerator[ExecutionResult, None], request_id: str, stopping: asyncio.Event
) -> StreamingResponse:
    """The results as events: `next` for each, then `complete`; comments keep it alive in between.

    A server that is stopping ends it without `complete`, so that its reader comes again, elsewhere.
    """

    async def events() -> AsyncGenerator[str, None]:
        async with aclosing(before(stopping, stream)) as results:
            async for result in results:
                yield transport.encode_event("next", encode(one_of(result, request_id)).decode())
        if not stopping.is_set():
            yield transport.encode_complete()

    beating = merge_stream_with_heartbeat(
        events,
        lambda: transport.encode_comment("still here"),
        interval=transport.heartbeat_interval,
        send_initial_heartbeat=False,
    )
    return StreamingResponse(beating(), headers=transport.headers)
