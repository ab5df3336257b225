"""An operation as a stream of results, and that stream as server-sent events (distinct connections mode).

It must not know what the operation asks. WebSockets take their results from here too.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import datetime

from graphql import GraphQLError
from starlette.responses import StreamingResponse
from strawberry.http.streaming import SSETransport, merge_stream_with_heartbeat
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.answers import answer
from graph.auth import TokenExpired, utc_now
from graph.context import Context
from graph.execution import OrderflowSchema
from graph.requests import Operation
from graph.wire import encode

logger = logging.getLogger(__name__)

Allowed = Collection[OperationType]

ANY_OPERATION = frozenset(OperationType)
ONE_ANSWER = frozenset({OperationType.QUERY, OperationType.MUTATION})
SUBSCRIPTIONS = frozenset({OperationType.SUBSCRIPTION})

HEARTBEAT = 15.0
"""Seconds between the comments that keep an idle stream open through proxies."""

transport = SSETransport(HEARTBEAT)


async def results(
    schema: OrderflowSchema,
    operation: Operation,
    context: Context,
    allowed: Allowed = ANY_OPERATION,
) -> AsyncGenerator[ExecutionResult, None]:
    """Every result of the operation: one of a query or mutation, one per event of a subscription.

    Whatever goes wrong is a result too (a PreExecutionError when nothing ran), never an exception: a stream
    that just stopped would leave its reader guessing.
    """
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
    moment: datetime, stream: AsyncGenerator[ExecutionResult, None]
) -> AsyncGenerator[ExecutionResult, None]:
    """The stream until its reader's token expires; the last result then says so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + (moment - utc_now()).total_seconds()
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout_at(end):
                    result = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                yield PreExecutionError(data=None, errors=[TokenExpired()])
                return
            yield result


def event_stream(stream: AsyncGenerator[ExecutionResult, None], request_id: str) -> StreamingResponse:
    """The results as events: `next` for each, then `complete`; comments keep it alive in between."""

    async def events() -> AsyncGenerator[str, None]:
        async with aclosing(stream):
            async for result in stream:
                yield transport.encode_event("next", encode(answer(result, request_id)).decode())
            yield transport.encode_complete()

    beating = merge_stream_with_heartbeat(
        events,
        lambda: transport.encode_comment("still here"),
        interval=transport.heartbeat_interval,
        send_initial_heartbeat=False,
    )
    return StreamingResponse(beating(), headers=transport.headers)
