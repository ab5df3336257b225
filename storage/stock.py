"""What merchants have in stock, by SKU: read, listed, counted.

Orders take from it and give back in their own writes (`stock_rows`). Design: store processes, "Stock".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from domain.order import Order
from domain.stock import Shelf
from storage import ids, stock_rows
from storage.client import Collection, Database, Document
from storage.clock import Clock
from storage.counting import Count
from storage.orders import Orders
from storage.stock_rows import row_id
from storage.values import aware

_LAST = "\U0010ffff"
"""Sorts after whatever a SKU can begin with."""


@dataclass(frozen=True, slots=True)
class StockRow:
    """One merchant's stock of one SKU, in pieces: on the shelf, held while a payment is awaited, confirmed
    for orders, off the shelf since the last count, and available (on hand, neither held nor confirmed).

    `available` is negative when the merchant counted fewer than it has promised.
    """

    merchant_id: str
    sku: str
    on_hand: int
    held: int
    confirmed: int
    acknowledged: int
    available: int
    version: int
    changed_at: datetime

    @property
    def id(self) -> str:
        """Where it stands in the list, for `Stock.page`."""
        return row_id((self.merchant_id, self.sku))

    @classmethod
    def of(cls, stored: Document) -> Self:
        """The row that a document holds."""
        names = ("merchant_id", "sku", "on_hand", "held", "confirmed", "acknowledged", "available", "version")
        return cls(*(stored[name] for name in names), changed_at=aware(stored["changed_at"]))


@dataclass(frozen=True, slots=True)
class StockPage:
    """Rows by merchant and SKU, and whether more follow; a next page starts after the last one's id."""

    items: tuple[StockRow, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of one database. A SKU without a row is not counted: it never runs out."""

    database: Database
    clock: Clock
    orders: Orders

    async def get(self, merchant_id: str, skus: Iterable[str]) -> Mapping[str, StockRow]:
        """Return the rows of these SKUs, by SKU, as far as they are counted."""
        wanted = {"_id": {"$in": [row_id((merchant_id, sku)) for sku in skus]}}
        return {row["sku"]: StockRow.of(row) for row in await self._rows.find(wanted).to_list()}

    async def page(self, merchant_id: str | None, first: int, after: str | None = None) -> StockPage:
        """Return the `first` rows of a merchant, or of all (None), after the one with the id `after`."""
        bounds: Document = {}
        if merchant_id is not None:
            bounds |= {"$gte": row_id((merchant_id, "")), "$lt": row_id((merchant_id, _LAST))}
        if after is not None:
            bounds["$gt"] = after
        where = {"_id": bounds} if bounds else {}
        found = await self._rows.find(where, sort=[("_id", 1)], limit=first + 1).to_list()
        return StockPage(tuple(StockRow.of(row) for row in found[:first]), len(found) > first)

    async def shelf(self, order: Order) -> Shelf:
        """Return what is available of the SKUs in an order: `Order.shelf`, for who only asks."""
        return await stock_rows.shelf(self._rows, stock_rows.keys_of(order))

    async def count(
        self,
        merchant_id: str,
        sku: str,
        on_hand: int,
        expected_version: int | None = None,
        *,
        command: str | None = None,
    ) -> StockRow:
        """Record that this many pieces are on the shelf now; what was taken off it is thereby counted too.

        Held and confirmed pieces stay so. Orders that wait for it are tried soon. The same `command` again
        changes nothing, as long as no other count followed. `expected_version` is 0 for what was never
        counted. Raises ValueError (less than none), VersionConflict, TooBusy, and OutcomeUnknown when reading
        back what became of it fails as well.
        """
        if on_hand < 0:
            raise ValueError("There cannot be less than nothing on the shelf.")
        key = (merchant_id, sku)
        count = Count(self._rows, self.clock, key, on_hand, expected_version, command or ids.command_id())
        row = StockRow.of(await count.carry_out())
        self.orders.freed.set()
        return row

    @property
    def _rows(self) -> Collection:
        return self.database.collection("stock")
