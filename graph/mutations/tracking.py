"""What is told of a shipment after its invoice: where it is, and that it arrived."""

import datetime
from collections.abc import Iterator
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.invoiced import outputs
from domain.invoices import Tracking, TrackingEvent
from domain.order import MerchantOrder
from domain.outcome import Outcome
from domain.refusal import Refusal
from domain.tracking import update_tracking as update
from graph.errors import OrderError, invalid
from graph.inputs import WHAT
from graph.mutations.one_merchant_order import MerchantOrderCommand, on_merchant_order, why
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.texts import LONGEST, trimmed, wrong_texts, wrong_url
from graph.seen import Seen
from graph.viewer import Info, viewer_in

_AT = {
    "invoice": ("invoice",),
    "events": ("events",),
    "delivered": ("isDelivered",),
    "delivered_at": ("deliveredAt",),
}
"""Which part of the input each rule is about."""
_TEXTS = {"invoice": LONGEST, "courier": LONGEST, "number": LONGEST}
_EVENT_TEXTS = {"description": 1000, "city": LONGEST, "state": LONGEST}
_MOST_EVENTS = 100


@strawberry.input(description="One thing that the courier reported.")
class TrackingEventInput:
    at: datetime.datetime = strawberry.field(description="When it happened.")
    description: str = strawberry.field(description="What happened.")
    city: str | None = strawberry.field(default=None, description="In which city.")
    state: str | None = strawberry.field(default=None, description="In which state or region.")


@strawberry.input(description="What is known of the shipment of one invoice.")
class UpdateTrackingInput(MerchantOrderCommand):
    invoice: str = strawberry.field(description="The number of the Output invoice whose goods these are.")
    courier: str | None = strawberry.field(default=None, description="Who carries them, such as DHL.")
    number: str | None = strawberry.field(default=None, description="The courier's number to follow them by.")
    url: str | None = strawberry.field(default=None, description="Where they can be followed.")
    events: list[TrackingEventInput] = strawberry.field(
        default_factory=list[TrackingEventInput],
        description="What the courier reported; those known already may be sent again.",
    )
    is_delivered: bool | None = strawberry.field(
        default=None, description="Whether they arrived; as it was when left out."
    )
    delivered_at: datetime.datetime | None = strawberry.field(
        default=None, description="When they arrived; now when left out."
    )


@strawberry.type(description="What became of an update of a shipment.")
class UpdateTrackingPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Tells where the goods of an invoice are. What is left out stays as it was. The customer "
    "reads it; no state changes. For the roles MERCHANT and LOGISTICS."
)
async def update_tracking(info: Info, input: Annotated[UpdateTrackingInput, WHAT]) -> UpdateTrackingPayload:
    viewer = viewer_in(info.context, Role.MERCHANT, Role.LOGISTICS)

    def operation(seen: Seen, theirs: MerchantOrder, now: datetime.datetime) -> Outcome | list[OrderError]:
        told = _tracking(input, theirs)
        answer = update(seen.process, seen.order, theirs.id, input.invoice, told, viewer.actor, now)
        return [why(seen, theirs, answer, _AT)] if isinstance(answer, Refusal) else answer

    decide = on_merchant_order(input, operation)
    answer = await change_order(info, viewer, input, decide, _wrong(input))
    return lines_changed(UpdateTrackingPayload, viewer, answer)


def _tracking(sent: UpdateTrackingInput, theirs: MerchantOrder) -> Tracking:
    return Tracking(
        courier=trimmed(sent.courier),
        number=trimmed(sent.number),
        url=trimmed(sent.url),
        events=tuple(
            TrackingEvent(event.at, event.description.strip(), trimmed(event.city), trimmed(event.state))
            for event in sent.events
        ),
        delivered=_was_delivered(theirs, sent.invoice) if sent.is_delivered is None else sent.is_delivered,
        delivered_at=sent.delivered_at,
    )


def _was_delivered(theirs: MerchantOrder, number: str) -> bool:
    known = next((invoice.tracking for invoice in outputs(theirs) if invoice.number == number), None)
    return known is not None and known.delivered


def _wrong(sent: UpdateTrackingInput) -> Iterator[OrderError]:
    """Yield what is wrong with the input, whatever the order."""
    yield from wrong_texts(sent, _TEXTS)
    yield from wrong_url(sent.url, "url")
    if len(sent.events) > _MOST_EVENTS:
        found = f"At most {_MOST_EVENTS} events can be sent at once; these are {len(sent.events)}."
        yield invalid(found, "events")
        return
    for i, event in enumerate(sent.events):
        yield from wrong_texts(event, _EVENT_TEXTS, "events", str(i))
        if not event.description.strip():
            yield invalid("Say what happened.", "events", str(i), "description")
