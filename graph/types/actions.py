"""What the viewer can do, with the reason where it cannot, and what the clock will do by itself."""

from collections.abc import Iterable
from datetime import datetime

import strawberry

from domain.order import Deadline as DomainDeadline
from domain.order import Order
from domain.outcome import Offer
from domain.process import Process
from domain.refusal import RefusalCode
from graph.types.enums import OrderErrorCode, Party
from graph.types.ids import unit_id
from graph.types.mutation_names import input_of, mutation_of

ERROR_CODES = {
    RefusalCode.TRANSITION_NOT_ALLOWED: OrderErrorCode.TRANSITION_NOT_ALLOWED,
    RefusalCode.GUARD_FAILED: OrderErrorCode.GUARD_FAILED,
    RefusalCode.INPUT_MISSING: OrderErrorCode.INPUT_MISSING,
    RefusalCode.OUT_OF_STEP: OrderErrorCode.OUT_OF_STEP,
    RefusalCode.INPUT_INVALID: OrderErrorCode.INVALID_INPUT,
    RefusalCode.NOT_DUE: OrderErrorCode.GUARD_FAILED,
    RefusalCode.NOT_FOUND: OrderErrorCode.NOT_FOUND,
}
"""Which error a refusal of the domain is in the API."""


@strawberry.type(description="Why an action is not possible now.")
class ActionReason:
    code: OrderErrorCode = strawberry.field(description="The code of the error that firing it would give.")
    message: str = strawberry.field(description="A sentence for the person who looks at the button.")


@strawberry.type(description="Something the viewer's role may do, possible now or not: one button.")
class AvailableAction:
    event: str = strawberry.field(description="The event that it fires, such as ship.")
    mutation: str = strawberry.field(
        description="The mutation that fires it, such as shipLines; `fireEvent` for an event that has none "
        "of its own."
    )
    label: str = strawberry.field(description="What a button may say, such as Send to merchant.")
    party: Party = strawberry.field(description="Whose machine it moves.")
    enabled: bool = strawberry.field(description="It is possible now.")
    reason: ActionReason | None = strawberry.field(description="Why it is not; null where it is.")
    input: list[str] = strawberry.field(
        description="What may come along with the event, as the mutation's input calls it, such as "
        "trackingNumber."
    )
    required: list[str] = strawberry.field(description="What of that it is refused without.")


@strawberry.type(description="A move that the clock will make if nothing happens before.")
class Deadline:
    event: str = strawberry.field(description="The event that the clock fires.")
    at: datetime = strawberry.field(description="When; never earlier.")
    party: Party = strawberry.field(description="Whose machine it moves.")
    unit: strawberry.ID = strawberry.field(description="The id of the line or merchant order that moves.")


def action_views(process: Process, offers: Iterable[Offer]) -> list[AvailableAction]:
    """Return what a viewer may fire in an order of this process as the API shows it."""
    return [_action_view(mutation_of(process, offer.event), offer) for offer in offers]


def _action_view(mutation: str, offer: Offer) -> AvailableAction:
    def called(names: Iterable[str]) -> list[str]:
        return [found for name in names if (found := input_of(mutation, name))]

    return AvailableAction(
        event=offer.event,
        mutation=mutation,
        label=offer.event.replace("_", " ").capitalize(),
        party=offer.party,
        enabled=offer.refusal is None,
        reason=offer.refusal
        and ActionReason(code=ERROR_CODES[offer.refusal.code], message=offer.refusal.message),
        input=called((*offer.needs, *offer.takes)),
        required=called(offer.needs),
    )


def deadline_views(order: Order, deadlines: Iterable[DomainDeadline]) -> list[Deadline]:
    """Return an order's deadlines as the API shows them."""
    return [
        Deadline(event=each.event, at=each.at, party=each.party, unit=unit_id(order, each.unit))
        for each in deadlines
    ]
