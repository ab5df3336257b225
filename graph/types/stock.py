"""What a merchant has in stock, as the API shows it; who may see whose is not decided here."""

from datetime import datetime

import strawberry

from graph.types.paging import PageInfo
from storage.stock import StockRow as StoredRow


@strawberry.type(
    description="A merchant's stock of one product, in pieces. A product without a row is not counted: it "
    "never runs out."
)
class StockRow:
    merchant_id: str = strawberry.field(description="The merchant's id.")
    sku: str = strawberry.field(description="The merchant's code of the product.")
    on_hand: int = strawberry.field(description="On the shelf.")
    held: int = strawberry.field(description="Of those, held for orders whose payment is awaited.")
    confirmed: int = strawberry.field(
        description="Of those, confirmed for orders that are paid, or that their merchant authorized unpaid."
    )
    acknowledged: int = strawberry.field(
        description="Taken off the shelf since the last count, for orders that are handled."
    )
    available: int = strawberry.field(
        description="On hand, neither held nor confirmed; below 0 where fewer were counted than are promised."
    )
    version: int = strawberry.field(description="Rises with every change; for `expectedVersion`.")
    changed_at: datetime = strawberry.field(description="When it last changed.")


@strawberry.type(description="One page of stock, by merchant and product code.")
class StockPage:
    nodes: list[StockRow] = strawberry.field(description="The products of this page that are counted.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")


def stock_row_view(row: StoredRow) -> StockRow:
    """Return a row as the API shows it."""
    return StockRow(
        merchant_id=row.merchant_id,
        sku=row.sku,
        on_hand=row.on_hand,
        held=row.held,
        confirmed=row.confirmed,
        acknowledged=row.acknowledged,
        available=row.available,
        version=row.version,
        changed_at=row.changed_at,
    )
