"""What became of a refund: confirmed when it was paid out, refused when it was not."""

from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from domain.actors import Party, Role
from domain.order import Refund, RefundStatus
from graph.errors import not_found
from graph.inputs import WHAT, OrderCommand
from graph.mutations.decision import Decision, refused
from graph.mutations.given import given, too_long
from graph.mutations.lines import Meant, fire, intent_on
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.seen import Seen
from graph.types.ids import REFUND, decode_as
from graph.viewer import Info, viewer_of

Payload = TypeVar("Payload", bound=LinesChanged)

# Everybody else sees what was refunded, and no refunds.
_SEE_REFUNDS = (Role.MARKETPLACE, Role.PAYMENTS)


@strawberry.input(description="Which refund, of which order.")
class RefundCommand(OrderCommand):
    refund: strawberry.ID = strawberry.field(description="The refund's id.")
    reason: str | None = strawberry.field(default=None, description="Why, as the payment provider says it.")


@strawberry.input(description="Which refund was paid out.")
class ConfirmRefundInput(RefundCommand):
    pass


@strawberry.type(description="What became of confirming a refund.")
class ConfirmRefundPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Says that a refund was paid out: what was reserved for it is booked. "
    "Payments' or the marketplace's move."
)
async def confirm_refund(info: Info, input: Annotated[ConfirmRefundInput, WHAT]) -> ConfirmRefundPayload:
    return await _settle(info, input, ConfirmRefundPayload, "confirm_refund", RefundStatus.CONFIRMED)


@strawberry.input(description="Which refund was not paid out, and why.")
class RefuseRefundInput(RefundCommand):
    pass


@strawberry.type(description="What became of refusing a refund.")
class RefuseRefundPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Says that a refund was not paid out: what was reserved for it can be refunded again. "
    "Payments' or the marketplace's move."
)
async def refuse_refund(info: Info, input: Annotated[RefuseRefundInput, WHAT]) -> RefuseRefundPayload:
    return await _settle(info, input, RefuseRefundPayload, "refuse_refund", RefundStatus.REFUSED)


async def _settle(
    info: Info, sent: RefundCommand, payload: type[Payload], event: str, status: RefundStatus
) -> Payload:
    viewer = viewer_of(info.context)
    said = given(sent)

    def decide(seen: Seen, now: datetime) -> Decision:
        refund = _refund(seen, sent.refund)
        line = refund and seen.order.line(refund.line_id)
        if refund is None or line is None:
            return refused(seen.order, not_found("refund", "refund"))
        return fire(
            seen,
            [Meant(line, None, ("refund",))],
            lambda meant: intent_on(seen, meant, event, Party.MARKETPLACE, {**said, "refund": refund.id}),
            now,
            lambda _: refund.status is status,
        )

    return lines_changed(payload, viewer, await change_order(info, viewer, sent, decide, too_long(sent)))


def _refund(seen: Seen, global_id: str) -> Refund | None:
    local = decode_as(REFUND, global_id) if seen.viewer.role in _SEE_REFUNDS else None
    return next((refund for refund in seen.order.refunds if refund.id == local), None)
