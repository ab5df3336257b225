"""Commands as a payment system is sent them: looked for whenever something happens, leased as they are sent.

Who is given what is decided where it is stored (storage.leasing). Design: storage, "Commands to outside
systems".
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated

import strawberry

from domain.actors import Role
from graph.integrations.query import OrderCommand, order_command_view
from graph.refusals import BadInput
from graph.types.enums import CommandKind
from graph.viewer import Info, viewer_in, viewer_of
from storage.client import DatabaseUnavailable
from storage.leasing import Leased, Leasing

log = logging.getLogger(__name__)

LONGEST = 3600
"""Seconds of the longest lease."""

NO_KIND = "Name at least one kind, or leave kinds out to mean all."
NO_LEASE = f"A lease lasts 1 to {LONGEST} seconds."

MOST_UNANSWERED = 10
"""So many a subscriber holds at once: one that is slow or hangs must not take what others could do."""

_LOOK_SECONDS = 1.0
"""After so long it looks though nothing happened: leases run out without a word."""
_REST_SECONDS = 0.2
"""Between two looks, however much happens."""

Kinds = Annotated[
    list[CommandKind] | None, strawberry.argument(description="What is to be done; else all of it.")
]
Seconds = Annotated[int, strawberry.argument(description=f"How long each lease lasts, 1 to {LONGEST}.")]


async def leased_commands(
    info: Info, kinds: Sequence[CommandKind] | None, seconds: int
) -> AsyncGenerator[OrderCommand, None]:
    """Yield commands as they are due, while the subscriber holds few that it has not answered.

    Raises Forbidden, and BadInput for a lease that cannot be.
    """
    viewer = viewer_in(info.context, Role.PAYMENTS)
    if kinds is not None and not kinds:
        raise BadInput(NO_KIND)
    if not 0 < seconds <= LONGEST:
        raise BadInput(NO_LEASE)
    leasing, lasting = Leasing(viewer.services.orders), timedelta(seconds=seconds)
    held: list[Leased] = []
    async with aclosing(viewer.services.hub.ticks(viewer.scope.topic, _LOOK_SECONDS)) as ticks:
        async for _ in ticks:
            given: list[Leased] = []
            try:
                held = await leasing.unanswered(held)
                given = await leasing.lease(kinds, MOST_UNANSWERED - len(held), lasting, viewer.actor.id)
            except DatabaseUnavailable as error:
                log.warning("Commands wait until the database answers again: %s", error)
            held += given
            now = viewer_of(info.context)  # each time another, since one reads the time once
            for each in given:
                yield order_command_view(now, each.order, each.command)
            await asyncio.sleep(_REST_SECONDS)
