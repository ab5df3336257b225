"""How lines come back: request a return, receive or reject it, ship a rejected one back."""

from typing import Annotated

import strawberry

from domain.actors import Party
from graph.inputs import WHAT, LinesCommand, ShipmentCommand
from graph.mutations.move import move
from graph.mutations.payloads import LinesChanged
from graph.viewer import Info


@strawberry.input(description="Which lines to return, and why.")
class RequestReturnInput(LinesCommand):
    reason: str | None = strawberry.field(
        default=None, description="Why they go back; the merchant reads it."
    )


@strawberry.type(description="What became of requesting a return.")
class RequestReturnPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Asks to return delivered lines, or pieces of them, while the return window is open. "
    "The customer's or marketplace's move."
)
async def request_return(info: Info, input: Annotated[RequestReturnInput, WHAT]) -> RequestReturnPayload:
    return await move(info, input, RequestReturnPayload, "request_return", Party.MARKETPLACE)


@strawberry.input(description="Which returned lines have arrived.")
class ReceiveReturnInput(LinesCommand):
    pass


@strawberry.type(description="What became of receiving a return.")
class ReceiveReturnPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Says that returned lines have arrived and are accepted. The merchant's move."
)
async def receive_return(info: Info, input: Annotated[ReceiveReturnInput, WHAT]) -> ReceiveReturnPayload:
    return await move(info, input, ReceiveReturnPayload, "receive_return", Party.MERCHANT)


@strawberry.input(description="Which returned lines are not accepted, and why.")
class RejectReturnInput(LinesCommand):
    reason: str = strawberry.field(description="Why they are not accepted; the customer reads it.")


@strawberry.type(description="What became of rejecting a return.")
class RejectReturnPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Does not accept a return; the lines are to be shipped back. The merchant's move."
)
async def reject_return(info: Info, input: Annotated[RejectReturnInput, WHAT]) -> RejectReturnPayload:
    return await move(info, input, RejectReturnPayload, "reject_return", Party.MERCHANT)


@strawberry.input(description="Which lines are shipped back to the customer, and how.")
class ShipBackInput(ShipmentCommand):
    pass


@strawberry.type(description="What became of shipping lines back.")
class ShipBackPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Ships lines of a rejected return to the customer again. The merchant's move."
)
async def ship_back(info: Info, input: Annotated[ShipBackInput, WHAT]) -> ShipBackPayload:
    return await move(info, input, ShipBackPayload, "ship_back", Party.MERCHANT)
