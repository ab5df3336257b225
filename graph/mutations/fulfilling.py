"""How a merchant order gets from accepted to packed: confirmed, authorized, handled."""

from typing import Annotated

import strawberry

from graph.inputs import WHAT, UnitsCommand
from graph.mutations.payloads import LinesChanged
from graph.mutations.units import move_units
from graph.viewer import Info


@strawberry.input(description="Which merchant orders to confirm.")
class AcceptOrderInput(UnitsCommand):
    pass


@strawberry.type(description="What became of confirming merchant orders.")
class AcceptOrderPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Confirms merchant orders, where the merchant does that itself (policy seller_confirmation). "
    "The merchant's move."
)
async def accept_order(info: Info, input: Annotated[AcceptOrderInput, WHAT]) -> AcceptOrderPayload:
    return await move_units(info, input, AcceptOrderPayload, "accept")


@strawberry.input(description="Which merchant orders to authorize.")
class AuthorizeFulfillmentInput(UnitsCommand):
    pass


@strawberry.type(description="What became of authorizing merchant orders.")
class AuthorizeFulfillmentPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Authorizes merchant orders before their payment is approved. The merchant takes the risk "
    "of not being paid, which the marketplace sees. The merchant's move."
)
async def authorize_fulfillment(
    info: Info, input: Annotated[AuthorizeFulfillmentInput, WHAT]
) -> AuthorizeFulfillmentPayload:
    return await move_units(info, input, AuthorizeFulfillmentPayload, "authorize_fulfillment")


@strawberry.input(description="Which merchant orders to pass the authorization on for.")
class PassAuthorizationInput(UnitsCommand):
    pass


@strawberry.type(description="What became of passing the authorization on.")
class PassAuthorizationPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Passes the authorization of paid merchant orders on to the chain, where that does not "
    "happen by itself (policy chain_authorization). The marketplace's move."
)
async def pass_authorization(
    info: Info, input: Annotated[PassAuthorizationInput, WHAT]
) -> PassAuthorizationPayload:
    return await move_units(info, input, PassAuthorizationPayload, "pass_authorization")


@strawberry.input(description="Which merchant orders to try again.")
class RetryStockInput(UnitsCommand):
    pass


@strawberry.type(description="What became of trying to confirm the stock again.")
class RetryStockPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Tries again to confirm the stock of merchant orders that wait for it, without waiting for "
    "more to arrive. The merchant's or marketplace's move."
)
async def retry_stock(info: Info, input: Annotated[RetryStockInput, WHAT]) -> RetryStockPayload:
    return await move_units(info, input, RetryStockPayload, "retry_stock")


@strawberry.input(description="Which merchant orders are being handled.")
class StartHandlingInput(UnitsCommand):
    pass


@strawberry.type(description="What became of starting to handle merchant orders.")
class StartHandlingPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Starts to handle merchant orders: their pieces are taken off the shelf. The merchant's "
    "move, or its ERP's; where one store is both, the marketplace's as well."
)
async def start_handling(info: Info, input: Annotated[StartHandlingInput, WHAT]) -> StartHandlingPayload:
    return await move_units(info, input, StartHandlingPayload, "start_handling")


@strawberry.input(description="Which merchant orders the ERP has started to handle.")
class ConfirmHandlingInput(UnitsCommand):
    pass


@strawberry.type(description="What became of confirming that handling has started.")
class ConfirmHandlingPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Confirms that handling has started, where the merchant's ERP has to (policy "
    "erp_confirmation). The move of LOGISTICS."
)
async def confirm_handling(
    info: Info, input: Annotated[ConfirmHandlingInput, WHAT]
) -> ConfirmHandlingPayload:
    return await move_units(info, input, ConfirmHandlingPayload, "confirm_handling")


@strawberry.input(description="Which merchant orders are packed.")
class PackInput(UnitsCommand):
    pass


@strawberry.type(description="What became of packing merchant orders.")
class PackPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Says that merchant orders are packed and ready for their invoices, where the merchant "
    "packs first (policy picking_and_packing). The merchant's move, or its warehouse's."
)
async def pack(info: Info, input: Annotated[PackInput, WHAT]) -> PackPayload:
    return await move_units(info, input, PackPayload, "pack")
