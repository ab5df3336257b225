"""Whether this process lives, and whether what it needs is there. It must not know what the checks check."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[None]]
"""Returns when what it checks is there, raises when it is not."""

PATIENCE = 2.0
"""Seconds that a check may take."""


LATELY = 15.0
"""Seconds within which a worker goes round that does: each looks once a second, or is busy a batch long."""


class Worker(Protocol):
    """What looks again and again whether there is work."""

    went_round: float
    """When it last did, by the monotonic clock."""


class Stopped(Exception):
    """A worker has not looked for too long."""


def goes_round(worker: Worker) -> Check:
    """Check that the worker has gone round lately."""

    async def check() -> None:
        since = time.monotonic() - worker.went_round
        if since > LATELY:
            raise Stopped(f"it has not gone round for {since:.0f} seconds")

    return check


async def live(_: Request) -> Response:
    """200 as long as the process answers at all: a 'no' means restart it."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Asks the checks, which have names that an operator understands."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def ready(self, _: Request) -> Response:
        """200 when every check passes, else 503 naming what is missing: a 'no' means send no traffic here."""
        passed = await asyncio.gather(*(_passes(name, check) for name, check in self._checks.items()))
        missing = [name for name, ok in zip(self._checks, passed, strict=True) if not ok]
        if missing:
            return JSONResponse({"status": "unavailable", "missing": missing}, status_code=503)
        return JSONResponse({"status": "ok", "checked": list(self._checks)})


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is "not ready"; the log says what
        logger.warning("Not ready: %s: %s", name, str(error) or type(error).__name__)
        return False
    return True
