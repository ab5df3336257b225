"""Canceling an order, merchant orders or lines of it; on whose machine, the process tells."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Party
from domain.order import Unit
from graph.inputs import WHAT, LinesCommand, UnitsCommand
from graph.mutations.decision import Decision
from graph.mutations.given import given, too_long
from graph.mutations.lines import fire_on_lines, intent_on, lists, malformed, state_of
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.units import answering, fire_on_units, malformed_units
from graph.seen import Seen
from graph.viewer import Info, viewer_of

EVENT = "cancel"
REASON = "Why. The marketplace after payment and merchants must give one."


@strawberry.input(description="Which lines to cancel, and why.")
class CancelLinesInput(LinesCommand):
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.type(description="What became of canceling lines.")
class CancelLinesPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Cancels lines, or pieces of them: customers until the cancellation window closes, merchants "
    "until they ship, the marketplace as long as the merchant has not begun."
)
async def cancel_lines(info: Info, input: Annotated[CancelLinesInput, WHAT]) -> CancelLinesPayload:
    viewer = viewer_of(info.context)
    said = given(input)

    def decide(seen: Seen, now: datetime) -> Decision:
        return fire_on_lines(
            seen,
            input.lines,
            lambda unit: lists(seen, unit, answering(seen, unit, EVENT), EVENT),
            lambda meant: intent_on(seen, meant, EVENT, answering(seen, meant.unit, EVENT), said),
            now,
        )

    problems = (*malformed(input.lines), *too_long(input))
    answer = await change_order(info, viewer, input, decide, problems)
    return lines_changed(CancelLinesPayload, viewer, answer)


@strawberry.input(description="Which order to cancel, or which merchant orders of it, and why.")
class CancelInput(UnitsCommand):
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.type(description="What became of canceling an order.")
class CancelPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Cancels all that the viewer sees of an order, or the merchant orders that it names. "
    "What is too far on stays and says why."
)
async def cancel(info: Info, input: Annotated[CancelInput, WHAT]) -> CancelPayload:
    viewer = viewer_of(info.context)
    said = given(input)

    def decide(seen: Seen, now: datetime) -> Decision:
        def possible(unit: Unit) -> bool:
            party = answering(seen, unit, EVENT)
            return lists(seen, unit, party, EVENT) or _says_no(seen, unit, party)

        return fire_on_units(seen, input.merchant_orders, EVENT, said, now, possible=possible)

    problems = (*malformed_units(input.merchant_orders), *too_long(input))
    answer = await change_order(info, viewer, input, decide, problems)
    return lines_changed(CancelPayload, viewer, answer)


def _says_no(seen: Seen, unit: Unit, party: Party) -> bool:
    """Whether the process has a sentence for why this cannot be canceled: then it is worth hearing."""
    state = state_of(seen, unit, party)
    return state is not None and state.no(EVENT, seen.viewer.role) is not None
