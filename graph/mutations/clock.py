"""The test clock: lets development play what otherwise takes days."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from domain.actors import Role
from graph.errors import OrderError, invalid
from graph.mutations.durations import LONGEST, read_duration
from graph.mutations.why_not import FAILURES, from_failure
from graph.viewer import Info, Viewer, viewer_in
from storage.clock import ClockAtItsEnd


@strawberry.input(description="How far to advance the test clock.")
class AdvanceTestClockInput:
    by: str = strawberry.field(description="An ISO 8601 duration such as PT30M or P7D.")


@strawberry.type(description="What became of advancing the test clock.")
class AdvanceTestClockPayload:
    now: datetime | None = strawberry.field(description="What time it is now; null when nothing was done.")
    errors: list[OrderError] = strawberry.field(description="Why nothing was done.")


@strawberry.mutation(
    description="Advances the test clock for all orders; what becomes due is done before this answers. "
    "For the role MARKETPLACE, in development only."
)
async def advance_test_clock(
    info: Info, input: Annotated[AdvanceTestClockInput, strawberry.argument(description="How far.")]
) -> AdvanceTestClockPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE)
    by = read_duration(input.by)
    if not viewer.services.clock.test:
        return _refused(invalid("This server's clock is real: it cannot be advanced."))
    if by is None:
        return _refused(invalid(f"Write a duration such as PT30M or P7D, at most {LONGEST.days} days.", "by"))
    try:
        return AdvanceTestClockPayload(now=await _advance(viewer, by), errors=[])
    except ClockAtItsEnd as problem:
        return _refused(invalid(str(problem), "by"))
    except FAILURES as failure:
        return _refused(from_failure(failure))


async def _advance(viewer: Viewer, by: timedelta) -> datetime:
    now = await viewer.services.clock.advance(by)
    await viewer.services.deadlines.run_due()
    return now


def _refused(error: OrderError) -> AdvanceTestClockPayload:
    return AdvanceTestClockPayload(now=None, errors=[error])
