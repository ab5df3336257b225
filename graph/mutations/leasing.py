"""Taking commands to carry them out: each is its caller's alone until the lease runs out."""

from datetime import timedelta
from typing import Annotated

import strawberry

from domain.actors import Role
from graph.errors import OrderError, invalid
from graph.integrations.leased import LONGEST, NO_KIND, NO_LEASE
from graph.integrations.query import OrderCommand, order_command_view
from graph.mutations.why_not import FAILURES, from_failure
from graph.types.enums import CommandKind
from graph.types.paging import MOST
from graph.viewer import Info, viewer_in
from storage.leasing import Leasing


@strawberry.input(description="Which commands to take, and for how long.")
class LeaseCommandsInput:
    kinds: list[CommandKind] | None = strawberry.field(
        default=None, description="What is to be done; else all of it."
    )
    first: int = strawberry.field(default=10, description=f"How many at most, 1 to {MOST}.")
    seconds: int = strawberry.field(
        default=60, description=f"How long the lease lasts, 1 to {LONGEST} seconds: longer than it takes."
    )


@strawberry.type(description="What was taken.")
class LeaseCommandsPayload:
    commands: list[OrderCommand] = strawberry.field(
        description="Commands that are yours until `leasedUntil`, the oldest due first. Send each to the "
        "provider under its `idempotencyKey`, then acknowledge it with its `attempt`."
    )
    errors: list[OrderError] = strawberry.field(description="Why nothing was taken.")


@strawberry.mutation(
    description="Takes pending commands that are due. Nobody else is given them until the lease runs out. "
    "One that was not acknowledged by then is due again after a pause, which doubles from 5 seconds to an "
    "hour, with the same key; after 8 times it is given up instead: it is DEAD, until somebody asks for it "
    "again or an answer comes after all. For the role PAYMENTS."
)
async def lease_commands(
    info: Info,
    input: Annotated[
        LeaseCommandsInput, strawberry.argument(description="Which commands to take, and for how long.")
    ],
) -> LeaseCommandsPayload:
    viewer = viewer_in(info.context, Role.PAYMENTS)
    problems: list[OrderError] = []
    if input.kinds is not None and not input.kinds:
        problems.append(invalid(NO_KIND, "kinds"))
    if not 0 < input.first <= MOST:
        problems.append(invalid(f"Take 1 to {MOST} at once.", "first"))
    if not 0 < input.seconds <= LONGEST:
        problems.append(invalid(NO_LEASE, "seconds"))
    if problems:
        return LeaseCommandsPayload(commands=[], errors=problems)
    try:
        leased = await Leasing(viewer.services.orders).lease(
            input.kinds, input.first, timedelta(seconds=input.seconds), viewer.actor.id
        )
    except FAILURES as failure:
        return LeaseCommandsPayload(commands=[], errors=[from_failure(failure)])
    commands = [order_command_view(viewer, each.order, each.command) for each in leased]
    return LeaseCommandsPayload(commands=commands, errors=[])
