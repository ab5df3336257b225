"""Merchants: registering those that sell on the marketplace."""

from typing import Annotated

import strawberry

from domain.actors import Role
from graph.errors import OrderError, invalid
from graph.mutations.why_not import FAILURES, from_failure
from graph.types.merchants import Merchant, merchant_view
from graph.viewer import Info, viewer_in
from storage.errors import MerchantIdInvalid

_LONGEST = 200


@strawberry.input(description="Which merchant to register.")
class RegisterMerchantInput:
    id: str = strawberry.field(
        description="The merchant's id: 1 to 64 letters, digits, hyphens or underscores."
    )
    name: str = strawberry.field(description="The name that customers read.")


@strawberry.type(description="What became of registering a merchant.")
class RegisterMerchantPayload:
    merchant: Merchant | None = strawberry.field(description="The merchant; null when nothing was done.")
    errors: list[OrderError] = strawberry.field(description="Why nothing was done.")


@strawberry.mutation(
    description="Registers a merchant, or gives a registered one a new name. For the role MARKETPLACE."
)
async def register_merchant(
    info: Info,
    input: Annotated[RegisterMerchantInput, strawberry.argument(description="Which merchant.")],
) -> RegisterMerchantPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE)
    name = input.name.strip()
    if not 0 < len(name) <= _LONGEST:
        return _refused(invalid(f"A name has 1 to {_LONGEST} characters.", "name"))
    try:
        merchant = await viewer.services.merchants.register(input.id, name)
    except MerchantIdInvalid as problem:
        return _refused(invalid(str(problem), "id"))
    except FAILURES as failure:
        return _refused(from_failure(failure))
    return RegisterMerchantPayload(merchant=merchant_view(merchant), errors=[])


def _refused(error: OrderError) -> RegisterMerchantPayload:
    return RegisterMerchantPayload(merchant=None, errors=[error])
