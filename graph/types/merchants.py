"""Merchants as the marketplace registers them."""

import strawberry

from storage.merchants import Merchant as StoredMerchant


@strawberry.type(description="A merchant that sells on the marketplace.")
class Merchant:
    id: str = strawberry.field(description="The id that its tokens and lines carry.")
    name: str = strawberry.field(description="The name that customers read.")


def merchant_view(merchant: StoredMerchant) -> Merchant:
    """Return a merchant as the API shows it."""
    return Merchant(id=merchant.id, name=merchant.name)
