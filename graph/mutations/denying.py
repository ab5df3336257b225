"""What became of a payment that did not come: denied by whoever takes it, then changed by whoever pays."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.completing import change_payment as change
from graph.inputs import WHAT, OrderCommand
from graph.mutations.decision import Decision
from graph.mutations.delivery import wrong_method
from graph.mutations.given import given
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.texts import trimmed
from graph.mutations.units import move_units
from graph.mutations.whole_order import answered
from graph.seen import Seen
from graph.viewer import Info, viewer_of


@strawberry.input(description="Of which order the payment was denied, and why.")
class DenyPaymentInput(OrderCommand):
    reason: str | None = strawberry.field(
        default=None, description="Why, as the payment provider says it; for the marketplace."
    )


@strawberry.type(description="What became of denying a payment.")
class DenyPaymentPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Says that the payment of an order was denied. Where the policy change_payment_window gives "
    "time for it, another one can be named; else the order is canceled. The move of PAYMENTS."
)
async def deny_payment(info: Info, input: Annotated[DenyPaymentInput, WHAT]) -> DenyPaymentPayload:
    said = given(input)
    # Merchants and the customer are not told what the provider says of the payer.
    kept = {"internal_reason": said["reason"]} if "reason" in said else {}
    return await move_units(info, input, DenyPaymentPayload, "deny_payment", kept)


@strawberry.input(description="Which order will be paid another way, and how.")
class ChangePaymentInput(OrderCommand):
    payment_method: str | None = strawberry.field(
        default=None, description="How it is paid now, such as card; as before when left out."
    )


@strawberry.type(description="What became of changing a payment.")
class ChangePaymentPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Waits for another payment after one was denied. The customer's or marketplace's move."
)
async def change_payment(info: Info, input: Annotated[ChangePaymentInput, WHAT]) -> ChangePaymentPayload:
    viewer = viewer_of(info.context)

    def decide(seen: Seen, now: datetime) -> Decision:
        method = trimmed(input.payment_method)
        return answered(seen, change(seen.process, seen.order, method, viewer.actor, now))

    answer = await change_order(info, viewer, input, decide, wrong_method(input.payment_method))
    return lines_changed(ChangePaymentPayload, viewer, answer)
