"""Canceling an order or lines of it. A merchant cancels on its own machine, others on the marketplace's."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Party, Role
from domain.order import Line
from graph.inputs import WHAT, LinesCommand, OrderCommand
from graph.mutations.decision import Decision
from graph.mutations.given import given, too_long
from graph.mutations.lines import fire_on_lines, intent_on, lists, state_of
from graph.mutations.move import move
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
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
    party = _party(viewer_of(info.context).role)
    return await move(info, input, CancelLinesPayload, EVENT, party)


@strawberry.input(description="Which order to cancel, and why.")
class CancelInput(OrderCommand):
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.type(description="What became of canceling an order.")
class CancelPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Cancels all that the viewer sees of an order. Lines that are too far on stay and say why."
)
async def cancel(info: Info, input: Annotated[CancelInput, WHAT]) -> CancelPayload:
    viewer = viewer_of(info.context)
    party, said = _party(viewer.role), given(input)

    def decide(seen: Seen, now: datetime) -> Decision:
        return fire_on_lines(
            seen,
            None,
            lambda line: lists(seen, line, party, EVENT) or _says_no(seen, line, party),
            lambda meant: intent_on(seen, meant, EVENT, party, said),
            now,
        )

    return lines_changed(
        CancelPayload, viewer, await change_order(info, viewer, input, decide, too_long(input))
    )


def _party(role: Role) -> Party:
    return Party.MERCHANT if role is Role.MERCHANT else Party.MARKETPLACE


def _says_no(seen: Seen, line: Line, party: Party) -> bool:
    """Whether the process has a sentence for why this line cannot be canceled: then it is worth hearing."""
    state = state_of(seen, line, party)
    return any(no.event == EVENT and seen.viewer.role in no.by for no in (state.refusals if state else ()))
