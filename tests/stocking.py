"""A shop on the process marketplace-seller whose merchant m1 counts what it has; on any store of `stores`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from domain.actors import Actor, Party, Role
from domain.drafts import draft
from domain.engine import fire, note
from domain.order import Address, Entry, MerchantOrder, Order, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.policies import PolicyValue, stamp
from domain.processes.marketplace_seller import MARKETPLACE_SELLER as SELLS
from domain.refusal import Refusal
from domain.stock import Standing
from domain.stocking import Claims, claims
from storage.client import Database
from storage.documents import from_document
from storage.orders import Changed, Orders
from storage.stock import Stock, StockRow
from storage.stock_waker import StockWaker
from tests.stores import ADMIN, ANNA, CHECKOUT, SELLER, Decided, Store, line, taken

HOME = Address("Anna Berg", "1 Main Street", "10115", "Berlin", "DE")
BUYER = Actor("c1", Role.CUSTOMER)
M1 = "m1"


@dataclass(frozen=True, slots=True)
class Shop:
    """Orders and the stock that they take from."""

    store: Store
    orders: Orders

    @property
    def stock(self) -> Stock:
        """What the merchant counts."""
        return Stock(self.orders.database, self.store.clock, self.orders)

    @property
    def waker(self) -> StockWaker:
        """The worker that lets those go on who wait for stock."""
        return StockWaker(self.orders)

    def through(self, database: Database) -> "Shop":
        """The same shop through another connection."""
        return replace(self, orders=Orders(database, self.store.clock, self.orders.wake))

    async def count(self, sku: str, on_hand: int) -> StockRow:
        """The merchant counts one SKU."""
        return await self.stock.count(M1, sku, on_hand)

    async def row(self, sku: str) -> StockRow:
        """The stock of one SKU, which must be counted."""
        return (await self.stock.get(M1, [sku]))[sku]

    async def place(
        self, sku: str, quantity: int = 1, *more: tuple[str, int], **policies: PolicyValue
    ) -> Order:
        """Place an order of these pieces."""
        order = draft(
            SELLS,
            stamp(SELLS.policies.values(), {"cancellation_window": timedelta(0), **policies}, {}),
            order_id="draft",
            reference="draft",
            currency="EUR",
            customer=ANNA,
            lines=[line(sku, M1, pieces) for sku, pieces in ((sku, quantity), *more)],
            shipping={},
            now=await self.store.clock.now(),
            deliver_to=HOME,
            payment_method="card",
        )
        assert isinstance(order, Order)
        return (await self.orders.place(order, SELLS, CHECKOUT, None)).order

    async def sell(self, sku: str, quantity: int = 1) -> Order:
        """Place an order and pay it; the merchant may start at once if it has the pieces."""
        return await self.pay(await self.place(sku, quantity))

    async def pay(self, order: Order) -> Order:
        """Pay all that is due."""

        def decide(order: Order, now: datetime) -> Outcome | Refusal:
            return record_payment(SELLS, order, f"pay-{order.id}", order.total, ADMIN, now)

        return await self._done(order, decide)

    async def handle(self, order: Order) -> Order:
        """The merchant starts to handle it: its pieces are off the shelf."""
        return await self.fire(order, "start_handling", Party.MERCHANT, SELLER)

    async def cancel(self, order: Order) -> Order:
        """The customer cancels before the payment."""
        return await self.fire(order, "cancel", Party.MARKETPLACE, BUYER)

    async def give_up(self, order: Order) -> Order:
        """The merchant cancels."""
        return await self.fire(order, "cancel", Party.MERCHANT, SELLER, reason="broken")

    async def restock(self, order: Order) -> Order:
        """The merchant puts back all that was off the shelf when it was canceled."""

        def decide(order: Order, now: datetime) -> Outcome:
            theirs = part(order)
            put_back = tuple(replace(each, done=True) for each in theirs.restocks)
            entry = Entry(0, now, theirs.id, None, None, None, "restock", SELLER)
            return note(SELLS, order.with_unit(replace(theirs, restocks=put_back)), entry, now)

        return await self._done(order, decide)

    async def fire(self, order: Order, event: str, party: Party, actor: Actor, **given: Value) -> Order:
        """Fire one event on the merchant order; it must be taken."""

        def decide(order: Order, now: datetime) -> Outcome | Refusal:
            return fire(SELLS, order, Intent(event, part(order).id, party, actor, given), now)

        return await self._done(order, decide)

    async def _done(self, order: Order, decide: Callable[[Order, datetime], Outcome | Refusal]) -> Order:
        changed: Changed[Decided] = await self.orders.change(
            order.id, lambda order, now: taken(decide(order, now))
        )
        return changed.order

    async def now(self, order: Order) -> Order:
        """The order as it is stored."""
        return from_document(await self.store.stored(order))

    async def claimed(self, sku: str) -> tuple[int, int, int]:
        """How many pieces all orders together have held, confirmed and taken off the shelf."""
        found = self.orders.database.collection("orders").find({})
        mine = [claims(from_document(row)).get((M1, sku), Claims()) async for row in found]
        return sum(x.held for x in mine), sum(x.confirmed for x in mine), sum(x.off_shelf for x in mine)

    async def assert_true(self, sku: str, counted: int) -> StockRow:
        """Assert that the row says what follows from the orders and from the one count before them all."""
        row = await self.row(sku)
        held, confirmed, off_shelf = await self.claimed(sku)
        assert (row.held, row.confirmed, row.acknowledged) == (held, confirmed, off_shelf)
        assert (row.on_hand, row.available) == (counted - off_shelf, counted - held - confirmed - off_shelf)
        assert row.available >= 0
        return row


def part(order: Order) -> MerchantOrder:
    """The one merchant order."""
    (theirs,) = order.merchant_orders
    return theirs


def stands(order: Order) -> Standing:
    """Where the one line stands with the stock."""
    (only,) = order.lines
    return only.stock


def merchant_state(order: Order) -> str:
    """Where the merchant's machine stands."""
    return part(order).positions[Party.MERCHANT].state


@pytest.fixture
def shop(store: Store) -> Shop:
    """A shop on each kind of store."""
    return Shop(store, store.orders)


@pytest.fixture
def server_shop(server_store: Store) -> Shop:
    """A shop on the server, whose orders can take stock."""
    return Shop(server_store, server_store.orders)
