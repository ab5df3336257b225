"""How lines get from the marketplace to the customer: send to merchant, ship, deliver, close."""

import datetime
from typing import Annotated

import strawberry

from domain.actors import Party
from graph.inputs import WHAT, LinesCommand, ShipmentCommand
from graph.mutations.move import move
from graph.mutations.payloads import LinesChanged
from graph.viewer import Info


@strawberry.input(description="Which lines to send to their merchants.")
class SendToMerchantInput(LinesCommand):
    pass


@strawberry.type(description="What became of sending lines to their merchants.")
class SendToMerchantPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Sends paid lines to their merchants before the cancellation window closes. "
    "Each merchant gets one merchant order. The marketplace's move."
)
async def send_to_merchant(info: Info, input: Annotated[SendToMerchantInput, WHAT]) -> SendToMerchantPayload:
    return await move(info, input, SendToMerchantPayload, "send_to_merchant", Party.MARKETPLACE)


@strawberry.input(description="Which lines were shipped, and how.")
class ShipLinesInput(ShipmentCommand):
    pass


@strawberry.type(description="What became of shipping lines.")
class ShipLinesPayload(LinesChanged):
    pass


@strawberry.mutation(description="Says that lines, or pieces of them, were shipped. The merchant's move.")
async def ship_lines(info: Info, input: Annotated[ShipLinesInput, WHAT]) -> ShipLinesPayload:
    return await move(info, input, ShipLinesPayload, "ship", Party.MERCHANT)


@strawberry.input(description="Which lines were delivered, and when.")
class DeliverLinesInput(LinesCommand):
    delivered_on: datetime.date | None = strawberry.field(
        default=None, description="The day of delivery; today (UTC) when left out."
    )


@strawberry.type(description="What became of delivering lines.")
class DeliverLinesPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Says that lines have reached the customer. The merchant's or carrier's move."
)
async def deliver_lines(info: Info, input: Annotated[DeliverLinesInput, WHAT]) -> DeliverLinesPayload:
    return await move(info, input, DeliverLinesPayload, "deliver", Party.MERCHANT)


@strawberry.input(description="Which lines to close.")
class CloseLinesInput(LinesCommand):
    pass


@strawberry.type(description="What became of closing lines.")
class CloseLinesPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Closes lines before the clock does; what people read stays. The marketplace's move."
)
async def close_lines(info: Info, input: Annotated[CloseLinesInput, WHAT]) -> CloseLinesPayload:
    return await move(info, input, CloseLinesPayload, "close", Party.MARKETPLACE)
