"""Stock that is asked for: the rows of some products, or all a merchant counts (or all do), page by page."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from graph.refusals import BadInput
from graph.types.ids import decode_as, encode
from graph.types.paging import PageInfo, check_page
from graph.types.scalars import Cursor
from graph.types.stock import StockPage, stock_row_view
from graph.viewer import Viewer
from storage.stock import StockRow

MOST = 500
"""Products that are named at once."""

_ROW = "Stock"
"""The type in every row's cursor."""

Skus = Annotated[
    list[str] | None,
    strawberry.argument(description=f"Of these products only, at most {MOST}; then without `first`."),
]


async def stock_page(
    viewer: Viewer,
    merchant_id: str | None,
    skus: Sequence[str] | None,
    first: int | None,
    after: Cursor | None,
) -> StockPage:
    """Return the stock of a merchant, or of all (None). Raises BadInput for what no list has."""
    if skus is not None:
        return await _named(viewer, merchant_id, skus, first, after)
    check_page(first)
    assert first is not None, "checked just now"
    found = await viewer.services.stock.page(merchant_id, first, _after(after))
    return _page(found.items, has_next=found.has_next, has_previous=after is not None)


async def _named(
    viewer: Viewer,
    merchant_id: str | None,
    skus: Sequence[str],
    first: int | None,
    after: Cursor | None,
) -> StockPage:
    if first is not None or after is not None:
        raise BadInput("Name products, or ask for a page: not both.")
    if merchant_id is None:
        raise BadInput("Name the merchant whose products these are.")
    if len(skus) > MOST:
        raise BadInput(f"At most {MOST} products can be named at once; these are {len(skus)}.")
    found = await viewer.services.stock.get(merchant_id, skus)
    rows = [found[sku] for sku in sorted(found)]
    return _page(rows, has_next=False, has_previous=False)


def _page(rows: Sequence[StockRow], *, has_next: bool, has_previous: bool) -> StockPage:
    cursors = [Cursor(encode(_ROW, row.id)) for row in rows]
    return StockPage(
        nodes=[stock_row_view(row) for row in rows],
        page_info=PageInfo(
            has_next_page=has_next,
            has_previous_page=has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )


def _after(cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    row = decode_as(_ROW, cursor)
    if row is None:
        raise BadInput("This cursor is not one of this list's; start without a cursor.")
    return row
