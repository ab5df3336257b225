"""Requests to cancel: asked for, approved or denied by the merchant; and what payments confirm in the end."""

from typing import Annotated

import strawberry

from graph.inputs import WHAT, UnitsCommand
from graph.mutations.payloads import LinesChanged
from graph.mutations.units import move_units
from graph.viewer import Info


@strawberry.input(description="Which merchant orders to cancel, and why.")
class RequestCancellationInput(UnitsCommand):
    reason: str | None = strawberry.field(default=None, description="Why; the merchant reads it.")


@strawberry.type(description="What became of requesting a cancellation.")
class RequestCancellationPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Asks to cancel merchant orders. Where nobody has to approve they are canceled at once; "
    "else their merchants decide, and silence counts as yes. The customer's or marketplace's move."
)
async def request_cancellation(
    info: Info, input: Annotated[RequestCancellationInput, WHAT]
) -> RequestCancellationPayload:
    return await move_units(info, input, RequestCancellationPayload, "request_cancel")


@strawberry.input(description="Which merchant orders may be canceled.")
class ApproveCancellationInput(UnitsCommand):
    reason: str | None = strawberry.field(default=None, description="What the merchant says about it.")


@strawberry.type(description="What became of approving a cancellation.")
class ApproveCancellationPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Approves the request to cancel merchant orders: they are canceled and the money goes back. "
    "The merchant's move."
)
async def approve_cancellation(
    info: Info, input: Annotated[ApproveCancellationInput, WHAT]
) -> ApproveCancellationPayload:
    return await move_units(info, input, ApproveCancellationPayload, "approve_cancellation")


@strawberry.input(description="Which merchant orders are not canceled, and why.")
class DenyCancellationInput(UnitsCommand):
    reason: str = strawberry.field(description="Why not; the customer reads it.")


@strawberry.type(description="What became of denying a cancellation.")
class DenyCancellationPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Denies the request to cancel merchant orders: they go on where they were. The merchant's "
    "move."
)
async def deny_cancellation(
    info: Info, input: Annotated[DenyCancellationInput, WHAT]
) -> DenyCancellationPayload:
    return await move_units(info, input, DenyCancellationPayload, "deny_cancellation")


@strawberry.input(description="Of which merchant orders the money went back.")
class ConfirmCancellationInput(UnitsCommand):
    pass


@strawberry.type(description="What became of confirming a cancellation.")
class ConfirmCancellationPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Confirms that the money of merchant orders that are being canceled was let go of or paid "
    "back, all of it. The move of PAYMENTS."
)
async def confirm_cancellation(
    info: Info, input: Annotated[ConfirmCancellationInput, WHAT]
) -> ConfirmCancellationPayload:
    return await move_units(info, input, ConfirmCancellationPayload, "confirm_cancellation")
