"""Demo data: a few hundred orders of the past two months, which lived through the same engine as real ones.

Made once: each order has an external reference of its own. It must not know the API, nor what the orders are.
"""

from datetime import datetime

from domain.actors import Role
from domain.processes import DEFAULT, latest
from graph.demo_lives import CHANNEL, demo_orders, lived, own_policies
from graph.demo_store_lives import lived_in_store, store_orders
from graph.demo_store_stories import IN_STOCK
from graph.demo_stories import CUSTOMERS, MERCHANTS
from graph.explorer import Person
from storage import ids, ready_made
from storage.client import Database
from storage.merchants import Merchants

PEOPLE = (
    *(Person(merchant.name, Role.MERCHANT, merchant_id=merchant.id) for merchant in MERCHANTS),
    Person(CUSTOMERS[0].name, Role.CUSTOMER, customer_id=CUSTOMERS[0].id),
)
"""Whom one can ask as, besides the staff."""

_BATCH = 50


async def seed(database: Database, now: datetime) -> int:
    """Register the demo's merchants and make the orders that are not there yet; returns how many were made.

    `now` is when their stories end.
    """
    merchants = Merchants(database)
    for merchant in MERCHANTS:
        await merchants.register(merchant.id, merchant.name)
        await merchants.set_policies(merchant.id, own_policies(merchant))
    process = latest(DEFAULT)
    assert process is not None, "the default process exists"
    there = await ready_made.stored(database, CHANNEL)
    lives = [
        lived(process, demo, now, ids.order_id(now), ids.reference())
        for demo in demo_orders()
        if demo.external_reference not in there
    ]
    in_stores = [
        lived_in_store(demo, now, ids.order_id(now), ids.reference())
        for demo in store_orders()
        if demo.external_reference not in there
    ]
    if in_stores:  # the stock first: where this is cut short, it is there already and orders are made later
        await ready_made.shelve(database, IN_STOCK, [life[-1].order for life in in_stores], now)
    lives += in_stores
    batches = [lives[start : start + _BATCH] for start in range(0, len(lives), _BATCH)]
    return sum([await ready_made.store(database, batch) for batch in batches])
