"""What a merchant has to put back on its shelf after a cancellation or a change of the order."""

import strawberry

from domain.stock import Restock as DomainRestock
from graph.types.ids import RESTOCK, encode


@strawberry.type(
    description="Pieces that were off the shelf when they were canceled, or taken off the order by a change."
)
class Restock:
    id: strawberry.ID = strawberry.field(description="For `restock`.")
    sku: str = strawberry.field(description="The merchant's code of the product.")
    quantity: int = strawberry.field(description="How many pieces.")
    done: bool = strawberry.field(description="They are back on the shelf.")


def restock_view(restock: DomainRestock) -> Restock:
    """Return one of them as the API shows it."""
    return Restock(
        id=encode(RESTOCK, restock.id), sku=restock.sku, quantity=restock.quantity, done=restock.done
    )
