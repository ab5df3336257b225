"""Completing an order that was placed without all that it needs: where it is delivered, how it is paid."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.completing import complete_order as complete
from graph.inputs import WHAT, OrderCommand
from graph.mutations.decision import Decision
from graph.mutations.delivery import AddressInput, address_of, wrong_address, wrong_method
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.texts import trimmed
from graph.mutations.whole_order import answered
from graph.seen import Seen
from graph.viewer import Info, viewer_of


@strawberry.input(description="Which order to complete, with what it lacks.")
class CompleteOrderInput(OrderCommand):
    deliver_to: AddressInput | None = strawberry.field(
        default=None, description="Where it is delivered; may be left out where that is known."
    )
    payment_method: str | None = strawberry.field(
        default=None, description="How it is paid, such as card; may be left out where that is known."
    )


@strawberry.type(description="What became of completing an order.")
class CompleteOrderPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Completes an order that was placed without its address or payment method: only then is "
    "stock held and do merchants see it. While something is still missing nothing is kept. The customer's "
    "or marketplace's move."
)
async def complete_order(info: Info, input: Annotated[CompleteOrderInput, WHAT]) -> CompleteOrderPayload:
    viewer = viewer_of(info.context)

    def decide(seen: Seen, now: datetime) -> Decision:
        address, method = address_of(input.deliver_to), trimmed(input.payment_method)
        return answered(seen, complete(seen.process, seen.order, address, method, viewer.actor, now))

    problems = (*wrong_address(input.deliver_to, "deliverTo"), *wrong_method(input.payment_method))
    answer = await change_order(info, viewer, input, decide, problems)
    return lines_changed(CompleteOrderPayload, viewer, answer)
