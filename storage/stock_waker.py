"""The worker that lets orders go on once what they wait for is in stock: oldest first, by the usual write.

A row that got more says so itself (`awake`), in the write that gave it more; so nothing is lost however this
ends, and any number of workers may run. Design: store processes, "Stock".
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from domain.engine import settle
from domain.order import Order
from domain.outcome import Outcome
from domain.processes import process_of
from storage.client import Collection, DatabaseUnavailable, Document
from storage.errors import OrderNotFound, TooBusy
from storage.orders import Orders

log = logging.getLogger(__name__)

_BATCH = 100  # rows of stock
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Settled:
    outcome: Outcome


class StockWaker:
    """One worker. It is woken at once by what `orders` writes in this process (`Orders.freed`)."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def run(self) -> None:
        """Wake until cancelled: at once when stock was freed here, every second what was freed elsewhere."""
        while True:
            self._orders.freed.clear()  # before looking: what is freed meanwhile is looked at again
            try:
                await self.run_due()
            except DatabaseUnavailable as error:
                log.warning("Orders wait for their stock until the database answers again: %s", error)
            except Exception:  # a worker that ends would leave every order waiting
                log.exception("The stock worker failed and tries again.")
            try:
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._orders.freed.wait()
            except TimeoutError:
                continue

    async def run_due(self) -> int:
        """Try all orders that wait for stock that came; returns how many of them moved."""
        moved, last = 0, ""
        while True:
            awake: Document = {"awake": {"$gt": 0}, "_id": {"$gt": last}}
            rows = await self._stock.find(awake, {"awake": 1}, sort=[("_id", 1)], limit=_BATCH).to_list()
            for row in rows:
                moved += await self._wake(row)
            if len(rows) < _BATCH:
                return moved
            last = rows[-1]["_id"]

    async def _wake(self, row: Document) -> int:
        """Settle those that wait for a row, and let it sleep unless still more became available meanwhile."""
        moved = 0
        for order_id in await self._waiting(row["_id"]):
            if not await self._available(row["_id"]):
                break
            try:
                moved += await self._settle(order_id)
            except (TooBusy, DatabaseUnavailable) as error:
                log.warning("Order %s is tried again when its stock is: %s", order_id, error)
                return moved
            except Exception:  # whoever waits behind it is not to wait for ever
                log.exception("Order %s could not go on with its stock.", order_id)
        asleep = {"$unset": {"awake": ""}}
        await self._stock.update_one({"_id": row["_id"], "awake": row["awake"]}, asleep)
        return moved

    async def _settle(self, order_id: str) -> bool:
        try:
            changed = await self._orders.change(order_id, _decide)
        except OrderNotFound:
            return False
        return changed.decision is not None and bool(changed.decision.outcome.entries)

    async def _waiting(self, row_id: str) -> list[str]:
        oldest = [("placed_at", 1), ("_id", 1)]
        orders = self._orders.database.collection("orders")
        return [row["_id"] for row in await orders.find({"wants": row_id}, {"_id": 1}, sort=oldest).to_list()]

    async def _available(self, row_id: str) -> bool:
        row = await self._stock.find_one({"_id": row_id}, {"available": 1})
        return row is not None and row["available"] > 0

    @property
    def _stock(self) -> Collection:
        return self._orders.database.collection("stock")


def _decide(order: Order, now: datetime) -> _Settled:
    return _Settled(settle(process_of(order), order, now))
