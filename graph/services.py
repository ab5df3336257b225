"""What resolvers may use: one object that `graph.lifespan` builds and every operation's context carries.

The transport passes it on and must not look into it.
"""

from dataclasses import dataclass

from graph.cursors import Cursors
from storage.clock import Clock
from storage.deadlines import DeadlineWorker
from storage.feed import Feed
from storage.hub import Hub
from storage.imports import Imports
from storage.merchants import Merchants
from storage.orders import Orders
from storage.relay import Relay
from storage.revocations import Revocations
from storage.settings import Settings
from storage.stock import Stock
from storage.stock_waker import StockWaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything outside the schema that an answer may need; all of one database.

    `settings` are the marketplace's, kept in the database. `clock` is the time of orders: a test clock where
    `clock.test`, after whose advance `deadlines.run_due()` fires what became due. `stock_waker` lets orders
    go on once what they wait for is in stock. `demo`: customers can buy from the demo's catalogue.
    """

    orders: Orders
    merchants: Merchants
    settings: Settings
    clock: Clock
    feed: Feed
    hub: Hub
    cursors: Cursors
    relay: Relay
    deadlines: DeadlineWorker
    stock: Stock
    stock_waker: StockWaker
    revocations: Revocations
    imports: Imports
    demo: bool = False
