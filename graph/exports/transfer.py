"""An export on its way to its reader. What is cut short lacks the end of its body, so it never looks whole.

It must not know what is exported.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import ExitStack, aclosing

from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from graph.auth import UNAUTHENTICATED
from graph.observing import Watch
from graph.standing import Standing
from storage.failures import DatabaseUnavailable

logger = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds for which a reader may take nothing."""


class Transfer(StreamingResponse):
    """Sends the first chunk and the rest as fast as they are taken, and tells in the log how it went.

    It is cut short when a chunk fails, when the reader's token is no longer good, when the server stops, and
    when nothing is taken for too long. To HTTP/1.1 and later a body without its end is an error. However it
    ends, the chunks are closed.
    """

    def __init__(
        self,
        first: bytes,
        chunks: AsyncGenerator[bytes, None],
        watch: Watch,
        standing: Standing,
        stopping: asyncio.Event,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(_joined(first, chunks), headers=headers)
        self._chunks = chunks
        self._watch = watch
        self._standing = standing
        self._stopping = stopping

    async def stream_response(self, send: Send) -> None:
        """Send it, or as much of it as is possible."""
        self._watch.enter()
        try:
            async with aclosing(self._chunks), asyncio.timeout(None) as ending:
                with ExitStack() as stack:
                    on_time = self._ended_early(ending, stack)

                    async def send_on_time(message: Message) -> None:
                        await send(message)
                        on_time()

                    await super().stream_response(send_on_time)
            self._watch.done = True
        except TimeoutError:
            pass  # the watch was told why
        except DatabaseUnavailable as error:
            logger.warning("An export was cut short: %s", error)
            self._watch.refused(["UNAVAILABLE"])
        except Exception:
            logger.exception("An export was cut short")
            self._watch.refused(["INTERNAL_SERVER_ERROR"])
        finally:
            self._watch.end()

    def _ended_early(self, ending: asyncio.Timeout, stack: ExitStack) -> Callable[[], None]:
        """Let whatever is to cut it short do so until the stack is left; returns what to call when something
        was taken.
        """
        loop = asyncio.get_running_loop()
        over = False

        def cut(*codes: str) -> None:
            nonlocal over
            if not over:
                over = True
                self._watch.refused(codes)
                ending.reschedule(0)  # at once

        def stalled() -> asyncio.TimerHandle:
            return loop.call_later(PATIENCE, cut)

        def on_time() -> None:
            nonlocal timer
            timer.cancel()
            timer = stalled()

        timer = stalled()
        stack.callback(lambda: timer.cancel())
        stopped = loop.create_task(self._stopping.wait())
        stopped.add_done_callback(lambda task: None if task.cancelled() else cut("UNAVAILABLE"))
        stack.callback(stopped.cancel)
        principal = self._watch.context.authenticated()
        stack.callback(self._standing.watch(principal, lambda _: cut(UNAUTHENTICATED)))
        return on_time


async def _joined(first: bytes, rest: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in rest:
        yield chunk
