"""What runs as long as a server or worker does: the services of one database and their background tasks.

It must not know how requests come in. Design: storage, "Events" and "Timers".
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from graph.cursors import Cursors
from graph.imports.running import ImportWorker
from graph.metrics import watch_loop
from graph.secret import signing_secret
from graph.services import Services
from graph.settings import Settings, SettingsError
from storage import asks, client, indexes
from storage.client import Database
from storage.clock import Clock
from storage.deadlines import DeadlineWorker
from storage.feed import Feed
from storage.hub import Hub
from storage.imports import Imports
from storage.leasing import Leasing
from storage.merchants import Merchants
from storage.orders import Orders
from storage.relay import Relay
from storage.revocations import Revocations
from storage.settings import Settings as MarketplaceSettings
from storage.stock import Stock
from storage.stock_waker import StockWaker

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
"""What runs until it is cancelled."""

PAUSE = 1.0
"""Seconds before a task that failed is started again."""


def connect(settings: Settings) -> Database:
    """The database that the settings name. Raises SettingsError when the URI is none; nothing is sent yet."""
    assert settings.mongodb_uri, "without one the caller starts the embedded server first"
    try:
        return client.connect(settings.mongodb_uri, settings.database, settings.driver)
    except Exception as error:  # noqa: BLE001 - the driver has several for this, and nothing else can go wrong
        raise SettingsError(f"MONGODB_URI cannot be used: {str(error).rstrip('.')}.") from None


def services_of(database: Database, settings: Settings, *, demo: bool = False) -> Services:
    """The services of a database, wired to each other. In development the clock can be advanced."""
    clock = Clock(database, test=settings.development)
    feed = Feed(database)
    hub = Hub(feed)
    relay = Relay(database, hub.wake)
    orders = Orders(database, clock, relay.wake)
    return Services(
        orders=orders,
        merchants=Merchants(database),
        settings=MarketplaceSettings(database),
        clock=clock,
        feed=feed,
        hub=hub,
        cursors=Cursors(feed, signing_secret(settings)),
        relay=relay,
        deadlines=DeadlineWorker(orders, clock),
        stock=Stock(database, clock, orders),
        stock_waker=StockWaker(orders),
        revocations=Revocations(database),
        imports=Imports(database, clock),
        demo=demo,
    )


@asynccontextmanager
async def running(
    database: Database,
    services: Services,
    *,
    listening: bool = True,
    more: Mapping[str, Work] = MappingProxyType({}),
) -> AsyncGenerator[None]:
    """Make the indexes, then let the background tasks run until the block is left; closes the database.

    `listening`: subscribers may come, so the hub follows the feed, and tokens may be revoked.
    `more` runs as well, by its name. Raises DatabaseUnavailable.
    """
    work: dict[str, Work] = {
        "relay": services.relay.run,
        "deadline worker": services.deadlines.run,
        "stock waker": services.stock_waker.run,
        "watch over commands": Leasing(services.orders).run,
        "import worker": ImportWorker(services).run,
    }
    if listening:
        work |= {"hub": services.hub.run, "reader of revocations": services.revocations.run}
        work["loop watch"] = watch_loop
    try:
        await indexes.ensure(database)
        await asks.adopt(database.collection("orders"))
        await services.revocations.read()  # before anybody asks
        tasks = [asyncio.create_task(keep_running(name, run)) for name, run in {**work, **more}.items()]
        try:
            yield
        finally:
            services.hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await database.close()


async def keep_running(name: str, run: Work) -> None:
    """Run a task that is meant to last; whatever ends it, the log tells and it is started again."""
    while True:
        try:
            await run()
            logger.error("The %s ended and is started again.", name)
        except Exception:
            logger.exception("The %s failed and is started again.", name)
        await asyncio.sleep(PAUSE)
