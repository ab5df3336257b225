"""Whatever is cut off, whenever: who listens misses nothing and hears nothing twice, and answers stay true.

Cuts are random, from a seed. `ORDERFLOW_CUTS=1000` makes so many in each test, which takes minutes: pytest
then wants `-o faulthandler_timeout=0`. `--log-cli-level=INFO --log-disable=httpx` tells what was cut.
"""

import asyncio
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from storage import reconcile
from storage.client import Database, connect
from storage.feed import ensure_indexes
from storage.merchants import Merchants
from tests.cutting import ADMIN, BUYERS, MERCHANTS, SELLERS, Answer, Cutter, Shopper, fleet
from tests.feeding import assert_numbered, everything
from tests.machines import Listener, Machine, Writer, cut
from tests.serving import asked
from tests.subscribers import EVENT, Subscriber

log = logging.getLogger(__name__)

CUTS = os.environ.get("ORDERFLOW_CUTS")
SEED = int(os.environ.get("ORDERFLOW_SEED", "4"))

EVENTS = f"""query ($after: Cursor) {{ events(first: 100, after: $after) {{
  nodes {{ {EVENT} }} cursor hasMore }} }}"""
HISTORY = ("seq", "event", "party", "unit", "source", "target")
HISTORIES = f"""orders(first: 10, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{
  id history(first: 100) {{ nodes {{ {" ".join(HISTORY)} }} }} }} }}"""

ROWS = {
    "placed": Counter(placed=1),
    "pay": Counter(pay=2),
    "send_to_merchant": Counter(send_to_merchant=2, start=2),
    "ship": Counter(ship=2),
    "deliver": Counter(deliver=2),
}
"""What each step of a shopper leaves in the history of its order, one line to ship for each merchant."""


async def test_no_cut_of_processes_or_connections_loses_or_doubles_an_event_or_an_answer(
    database: Database, embedded_uri: str, tmp_path: Path
) -> None:
    chance = Random(SEED)
    for merchant in MERCHANTS:
        await Merchants(database).register(merchant, merchant)
    several = 3 if CUTS else 2
    async with fleet(tmp_path, embedded_uri, database.name, apis=several, workers=several) as processes:
        scopes = [("marketplace", ADMIN)]
        scopes += [("merchant", token) for token in SELLERS.values()]
        scopes += [("storefront", token) for token in BUYERS.values()]
        subscribers = [
            Subscriber(entry, token, processes.addresses, chance, socket=by_socket)
            for entry, token in (*scopes, *scopes[:1])
            for by_socket in (True, False)
        ]
        shoppers = [Shopper(f"shopper-{n}", processes.addresses, chance) for n in range(several)]
        cutter = Cutter(processes, subscribers, shoppers, Random(SEED))
        async with asyncio.TaskGroup() as everybody:
            for subscriber in subscribers:
                everybody.create_task(subscriber.run())
            await soon(lambda: all(subscriber.start for subscriber in subscribers))
            stop = asyncio.Event()
            shopping = [everybody.create_task(shopper.shop(stop)) for shopper in shoppers]
            await cutter.cut(int(CUTS or 40), pause=0.3)
            stop.set()
            await asyncio.wait(shopping)
            await published(database)

            address = chance.choice(processes.addresses())
            feeds = {each.token: await pulled(address, each.token, each.start) for each in subscribers}
            await soon(lambda: all(len(each.told) >= len(feeds[each.token]) for each in subscribers))
            for subscriber in subscribers:
                subscriber.stop()

        log.info("Cuts: %s", dict(cutter.made))
        log.info("Subscribers: %s", dict(sum((each.came for each in subscribers), Counter[str]())))
        log.info("Shoppers: %s", dict(sum((each.times for each in shoppers), Counter[str]())))
        for each in subscribers:
            assert each.told == feeds[each.token]
        found = {token: await histories(address, token, entry) for entry, token in scopes}
        assert {token: by_order(feed) for token, feed in feeds.items()} == found
        assert_answers_are_true(found[ADMIN], shoppers)
    await assert_no_gap(database)
    assert await reconcile.missing(database) == []


async def test_no_cut_of_relays_hubs_or_listeners_loses_or_doubles_an_item(
    database: Database, embedded_uri: str
) -> None:
    chance = Random(SEED)
    topics = ("marketplace", "merchant:m1", "customer:c1")
    await ensure_indexes(database)
    machines = [Machine(connect(embedded_uri, database.name)) for _ in range(3)]
    try:
        listeners = [Listener(topic, machines, chance) for topic in topics for _ in range(4)]
        writers = [Writer(f"writer-{number}", topics, machines, chance) for number in range(3)]
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as everybody:
            listening = [everybody.create_task(listener.run()) for listener in listeners]
            writing = [everybody.create_task(writer.run(stop)) for writer in writers]
            made = await cut(machines, listeners, Random(SEED), int(CUTS or 150))
            stop.set()
            await asyncio.wait(writing)
            await published(database)
            feed = {topic: await everything(database, topic) for topic in topics}
            await soon(lambda: all(len(each.heard) >= len(feed[each.topic]) for each in listeners))
            for task in listening:
                task.cancel()
    finally:
        for machine in machines:
            await machine.end()
            await machine.database.close()

    log.info(
        "Cuts: %s; %s lags; items: %s",
        dict(made),
        sum(each.lagged for each in listeners),
        Counter(topic for topic in topics for _ in feed[topic]),
    )
    for each in listeners:
        assert each.heard == feed[each.topic]
    for topic in topics:
        assert_numbered(feed[topic])
    told = [(item.topic, item.order, item.body["seq"]) for topic in topics for item in feed[topic]]
    assert sorted(told) == sorted(entry for writer in writers for entry in writer.written)


async def soon(holds: Callable[[], bool]) -> None:
    """Return when it holds; a minute is enough for everybody to catch up."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - other processes leave no event to wait for
            await asyncio.sleep(0.05)


async def published(database: Database) -> None:
    """Return when no order has anything left for the feed."""
    async with asyncio.timeout(60):
        while await database.collection("orders").find_one({"dirty": True}):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def pulled(address: str, token: str, after: str | None) -> list[Answer]:
    """All events that this token may read."""
    events: list[Answer] = []
    more = True
    while more:
        page = (await asked(address, token, EVENTS, after=after))["events"]
        events += page["nodes"]
        after, more = page["cursor"], page["hasMore"]
    return events


async def histories(address: str, token: str, entry: str) -> dict[str, list[Answer]]:
    """The history of every order that this token may read, by the order's id."""
    found: dict[str, list[Answer]] = {}
    query = f"query ($after: Cursor) {{ {entry} {{ {HISTORIES} }} }}"
    page: Answer = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        orders = (await asked(address, token, query, after=page["endCursor"]))[entry]["orders"]
        found |= {order["id"]: order["history"]["nodes"] for order in orders["nodes"]}
        page = orders["pageInfo"]
    return found


def by_order(told: Sequence[Answer]) -> Mapping[str, list[Answer]]:
    """What was told of each order, as its history says it."""
    found: defaultdict[str, list[Answer]] = defaultdict(list)
    for event in told:
        found[event["order"]["id"]].append({name: event[name] for name in HISTORY})
    return found


def assert_answers_are_true(found: Mapping[str, Sequence[Answer]], shoppers: Sequence[Shopper]) -> None:
    """What was answered has happened once, and nothing else has."""
    answered = {order: steps for shopper in shoppers for order, steps in shopper.answered.items()}
    assert answered
    happened = {order: Counter(row["event"] for row in rows) for order, rows in found.items()}
    assert happened == {
        order: sum((ROWS[step] for step in steps), Counter[str]()) for order, steps in answered.items()
    }


async def assert_no_gap(database: Database) -> None:
    """Each topic's numbers, each order's rows, and each order's versions count on from 1."""
    for topic in await database.collection("feed").raw.distinct("topic"):
        assert_numbered(await everything(database, topic))
    items: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for item in await everything(database, "marketplace"):
        items[item.order].append((item.body["seq"], item.version))
    async for order in database.collection("orders").find({}, {"seq": 1, "version": 1}):
        rows, versions = zip(*items[order["_id"]], strict=True)
        assert list(rows) == list(range(1, order["seq"] + 1))
        assert sorted(set(versions)) == list(range(1, order["version"] + 1))
