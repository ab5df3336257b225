"""What `storage.client` promises, on a real server and with both drivers; then without any server."""

import asyncio
import gc
import re
import socket
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import ConfigurationError

from storage.client import (
    DATABASE_NOW,
    Database,
    DatabaseUnavailable,
    Document,
    Driver,
    DuplicateKey,
    IndexModel,
    OutcomeUnknown,
    Session,
    TooLarge,
    connect,
)
from storage.failures import our_errors
from tests.databases import both_drivers

FEED = [
    IndexModel([("topic", 1), ("seq", 1)], unique=True, name="position"),
    IndexModel([("topic", 1), ("order", 1)], unique=True, name="once"),
]


@both_drivers
async def test_find_sorts_limits_and_projects(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_many({"_id": i, "merchant": "m1", "at": i // 2, "rest": "x"} for i in range(6))

    page = orders.find({"merchant": "m1"}, {"at": 1}, sort=[("at", -1), ("_id", 1)], limit=3)

    assert await page.to_list() == [{"_id": 4, "at": 2}, {"_id": 5, "at": 2}, {"_id": 2, "at": 1}]
    assert [document["_id"] async for document in page] == [4, 5, 2]
    assert await orders.find_one({}, {"_id": 1}, sort=[("_id", -1)]) == {"_id": 5}
    assert await orders.find_one({"_id": 9}) is None


@both_drivers
async def test_find_brings_all_of_a_result_larger_than_a_batch(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_many({"_id": i} for i in range(250))

    assert [document["_id"] async for document in orders.find({}, sort=[("_id", 1)])] == list(range(250))
    assert len(await orders.find({}).to_list()) == 250


@both_drivers
async def test_a_page_continues_after_the_last_row_by_its_keys(database: Database) -> None:
    orders = database.collection("orders")
    await orders.create_indexes([IndexModel([("merchant", 1), ("at", -1), ("_id", -1)], name="newest")])
    await orders.insert_many({"_id": i, "merchant": "m1", "at": i // 3} for i in range(9))

    older = {"merchant": "m1", "$or": [{"at": {"$lt": 1}}, {"at": 1, "_id": {"$lt": 4}}]}
    page = orders.find(older, {"_id": 1}, sort=[("at", -1), ("_id", -1)], limit=3, hint="newest")

    assert [row["_id"] for row in await page.to_list()] == [3, 2, 1]


@both_drivers
async def test_aggregate_is_read_like_find(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_many({"_id": i, "status": "NEW" if i < 3 else "PAID"} for i in range(5))

    counted = orders.aggregate([{"$group": {"_id": "$status", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}])

    expected = [{"_id": "NEW", "n": 3}, {"_id": "PAID", "n": 2}]
    assert await counted.to_list() == expected
    assert [row async for row in counted] == expected


@both_drivers
async def test_a_move_changes_counts_and_appends_in_one_write(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_one(
        {
            "_id": 1,
            "version": 1,
            "lines": [{"states": {"merchant": "NEW"}}],
            "history": [],
            "out": [],
            "due": 5,
        }
    )
    change = {
        "$inc": {"version": 1},
        "$set": {"lines.0.states.merchant": "SHIPPED", "lines.0.states.customer": "ON_ITS_WAY"},
        "$unset": {"due": ""},
        "$push": {"history": {"$each": [{"seq": 1}, {"seq": 2}]}, "out": {"$each": [{"topic": "order:1"}]}},
    }

    first = await orders.update_one({"_id": 1, "version": 1}, change)
    second = await orders.update_one({"_id": 1, "version": 1}, change)

    assert (first.matched_count, second.matched_count) == (1, 0)
    assert await orders.find_one({"_id": 1}) == {
        "_id": 1,
        "version": 2,
        "lines": [{"states": {"merchant": "SHIPPED", "customer": "ON_ITS_WAY"}}],
        "history": [{"seq": 1}, {"seq": 2}],
        "out": [{"topic": "order:1"}],
    }


@both_drivers
async def test_array_filters_and_upserts_reach_the_server(database: Database) -> None:
    orders = database.collection("orders")

    created = await orders.update_one(
        {"_id": 1}, {"$set": {"lines": [{"id": "a"}, {"id": "b"}]}}, upsert=True
    )
    await orders.update_one({"_id": 1}, {"$set": {"lines.$[it].sku": "S"}}, array_filters=[{"it.id": "b"}])

    assert created.upserted_id == 1
    assert await orders.find_one({"_id": 1}) == {"_id": 1, "lines": [{"id": "a"}, {"id": "b", "sku": "S"}]}


@both_drivers
async def test_many_are_changed_counted_and_deleted(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_many({"_id": i} for i in range(6))

    changed = await orders.update_many({"_id": {"$lt": 4}}, {"$set": {"old": True}})

    assert (changed.matched_count, changed.modified_count) == (4, 4)
    assert await orders.count_documents({"old": True}) == 4
    assert await orders.count_documents({}, limit=5) == 5
    assert (await orders.delete_many({"old": True})).deleted_count == 4
    assert await orders.count_documents({}) == 2


@both_drivers
async def test_a_duplicate_says_which_unique_index_it_broke(database: Database) -> None:
    feed = database.collection("feed")
    await feed.create_indexes(FEED)
    await feed.insert_one({"_id": 1, "topic": "t", "seq": 1, "order": "a"})

    with pytest.raises(DuplicateKey) as position:
        await feed.insert_one({"topic": "t", "seq": 1, "order": "b"})
    with pytest.raises(DuplicateKey) as once:
        await feed.insert_one({"topic": "t", "seq": 2, "order": "a"})
    await feed.insert_one({"_id": 2, "topic": "t", "seq": 2, "order": "b"})
    with pytest.raises(DuplicateKey) as updated:
        await feed.update_one({"_id": 2}, {"$set": {"seq": 1}})
    with pytest.raises(DuplicateKey) as same_id:
        await feed.insert_one({"_id": 2, "topic": "u"})

    assert position.value.fields == ("topic", "seq")
    assert once.value.fields == ("topic", "order")
    assert updated.value.fields == ("topic", "seq")
    assert same_id.value.fields == ("_id",)


@both_drivers
async def test_a_document_that_grows_too_large_is_told_by_name_and_stays_as_it_was(
    database: Database,
) -> None:
    orders = database.collection("orders")
    await orders.insert_one({"_id": 1})
    with pytest.raises(TooLarge):
        await orders.update_one({"_id": 1}, {"$set": {"text": "x" * 17_000_000}})
    assert await orders.find_one({"_id": 1}) == {"_id": 1}


@both_drivers
async def test_an_ordered_insert_stops_at_the_first_duplicate_and_counts_those_before(
    database: Database,
) -> None:
    feed = database.collection("feed")
    await feed.create_indexes(FEED)
    await feed.insert_one({"topic": "t", "seq": 3, "order": "a"})

    with pytest.raises(DuplicateKey) as taken:
        await feed.insert_many({"topic": "t", "seq": i, "order": str(i)} for i in range(1, 6))

    assert (taken.value.fields, taken.value.inserted) == (("topic", "seq"), 2)
    assert [row["seq"] async for row in feed.find({}, sort=[("seq", 1)])] == [1, 2, 3]


@both_drivers
async def test_indexes_can_be_asked_for_again(database: Database) -> None:
    feed = database.collection("feed")
    more = [
        IndexModel("at", expireAfterSeconds=30 * 24 * 3600, name="kept_30_days"),
        IndexModel("dirty", partialFilterExpression={"dirty": True}, name="unpublished"),
    ]

    assert await feed.create_indexes(FEED + more) == ["position", "once", "kept_30_days", "unpublished"]
    assert await feed.create_indexes(FEED + more) == ["position", "once", "kept_30_days", "unpublished"]


@both_drivers
async def test_a_partial_unique_index_lets_documents_without_the_field_pass(database: Database) -> None:
    orders = database.collection("orders")
    has_reference = {"external_reference": {"$exists": True}}
    keys = [("channel", 1), ("external_reference", 1)]
    await orders.create_indexes([IndexModel(keys, unique=True, partialFilterExpression=has_reference)])

    await orders.insert_many(
        [{"channel": "web"}, {"channel": "web"}, {"channel": "web", "external_reference": "R"}]
    )
    with pytest.raises(DuplicateKey) as taken:
        await orders.insert_one({"channel": "web", "external_reference": "R"})

    assert taken.value.fields == ("channel", "external_reference")


@both_drivers
async def test_what_is_due_is_decided_by_the_servers_clock(database: Database) -> None:
    orders = database.collection("orders")
    now = datetime.now(UTC)
    await orders.insert_many(
        [
            {"_id": "past", "next_deadline": now - timedelta(seconds=2)},
            {"_id": "future", "next_deadline": now + timedelta(hours=1)},
            {"_id": "none"},
        ]
    )
    # Without the type a missing date counts as due: it sorts before every date, on every server.
    due = {"next_deadline": {"$type": "date"}, "$expr": {"$lte": ["$next_deadline", DATABASE_NOW]}}

    assert [order["_id"] async for order in orders.find(due)] == ["past"]
    for order_id, fired in (("past", 1), ("future", 0), ("none", 0)):
        result = await orders.update_one({"_id": order_id, **due}, {"$set": {"fired": True}})
        assert result.matched_count == fired


@both_drivers
async def test_dates_come_back_without_a_zone_in_utc_and_milliseconds(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_one({"_id": 1, "at": datetime(2026, 1, 31, 23, 59, 59, 123_456, tzinfo=UTC)})

    stored = await orders.find_one({"_id": 1})

    assert stored == {"_id": 1, "at": datetime(2026, 1, 31, 23, 59, 59, 123_000)}  # noqa: DTZ001 as stored


@both_drivers
async def test_a_transaction_writes_everything_or_nothing(database: Database) -> None:
    stock, orders = database.collection("stock"), database.collection("orders")
    await stock.insert_one({"_id": "sku", "left": 5})
    await orders.insert_one({"_id": 1})

    async def place(session: Session, order_id: int) -> int:
        taken = await stock.update_one(
            {"_id": "sku", "left": {"$gte": 2}}, {"$inc": {"left": -2}}, session=session
        )
        await orders.insert_one({"_id": order_id}, session=session)
        return taken.matched_count

    assert await database.transaction(lambda session: place(session, 2)) == 1
    with pytest.raises(DuplicateKey):
        await database.transaction(lambda session: place(session, 1))

    assert await stock.find_one({}) == {"_id": "sku", "left": 3}
    assert await orders.count_documents({}) == 2


@both_drivers
async def test_transactions_that_conflict_are_repeated_until_all_are_in(database: Database) -> None:
    stock, orders = database.collection("stock"), database.collection("orders")
    await stock.insert_one({"_id": "sku", "left": 10})
    await orders.insert_one({"_id": -1})

    async def place(session: Session, order_id: int) -> None:
        (row,) = await stock.find({"_id": "sku"}, session=session).to_list()
        await stock.update_one({"_id": "sku"}, {"$set": {"left": row["left"] - 1}}, session=session)
        await orders.insert_one({"_id": order_id}, session=session)

    await asyncio.gather(*(database.transaction(lambda s, i=i: place(s, i)) for i in range(5)))

    assert await stock.find_one({}) == {"_id": "sku", "left": 5}
    assert await orders.count_documents({"_id": {"$gte": 0}}) == 5


@both_drivers
async def test_a_change_stream_has_what_was_written_after_it_was_entered(database: Database) -> None:
    orders = database.collection("orders")
    await orders.insert_one({"_id": "before"})

    async with orders.watch([{"$match": {"operationType": "insert"}}]) as changes:
        await orders.insert_one({"_id": 1})
        await orders.update_one({"_id": 1}, {"$set": {"x": 1}})
        await orders.insert_one({"_id": 2})
        async with asyncio.timeout(10):
            seen = [(await anext(changes))["documentKey"]["_id"] for _ in range(2)]

    assert seen == [1, 2]


@both_drivers
async def test_a_change_stream_resumes_after_a_change_it_gave(database: Database) -> None:
    orders = database.collection("orders")
    async with orders.watch() as changes:
        await orders.insert_one({"_id": 1})
        async with asyncio.timeout(10):
            await anext(changes)
        token = changes.resume_token
    await orders.insert_one({"_id": 2})

    async with orders.watch(resume_after=token, full_document="updateLookup") as changes:
        async with asyncio.timeout(10):
            change = await anext(changes)
        assert change["fullDocument"] == {"_id": 2}
        assert await changes.try_next() is None


@both_drivers
@pytest.mark.parametrize("turns", [0, 3, 8])
async def test_whoever_waits_for_changes_can_be_cancelled_at_any_moment(
    database: Database, turns: int
) -> None:
    async def wait_for_ever(waiting: asyncio.Event) -> None:
        async with database.collection("orders").watch() as changes:
            waiting.set()
            async for _ in changes:
                pass

    waiting = asyncio.Event()
    watcher = asyncio.create_task(wait_for_ever(waiting))
    await waiting.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    watcher.cancel()

    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await watcher
    await database.ping()


@both_drivers
async def test_writes_are_confirmed_by_a_majority_and_the_journal_whatever_the_address_says(
    embedded_uri: str, driver: Driver
) -> None:
    careless = f"{embedded_uri}{'&' if '?' in embedded_uri else '?'}w=1&journal=false&retryWrites=false"
    database = connect(careless, "orderflow_test", driver)

    assert database.client.write_concern.document == {"w": "majority", "j": True, "wtimeout": 10_000}
    assert database.client.read_concern.document == {"level": "majority"}
    await database.close()


@pytest.fixture
def forgiving_pymongo() -> Generator[None]:
    """PyMongo, closed while it tries to connect, leaves that socket to the garbage collector, which warns."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@both_drivers
@pytest.mark.usefixtures("forgiving_pymongo")
async def test_a_server_that_is_not_there_is_said_so_without_the_password(driver: Driver) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and never listening
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        database = connect(f"mongodb://me:hush@{address}/", "shop", driver, server_selection_seconds=0.1)
        orders = database.collection("orders")

        calls = (
            database.ping(),
            orders.insert_one({}),
            orders.find({}).to_list(),
            orders.aggregate([]).to_list(),
            database.transaction(lambda session: orders.insert_one({}, session=session)),
        )
        errors = await asyncio.gather(*calls, return_exceptions=True)
        await database.close()

    assert [type(error) for error in errors] == [DatabaseUnavailable] * 5  # none of them OutcomeUnknown
    assert address in str(errors[0])
    assert "hush" not in str(errors[0])


@both_drivers
@pytest.mark.usefixtures("forgiving_pymongo")
async def test_a_write_whose_answer_is_lost_has_an_unknown_outcome(
    database: Database, embedded_uri: str, driver: Driver
) -> None:
    async with line_that_breaks_on(b"fatal", embedded_uri) as through_the_line:
        remote = connect(through_the_line, database.name, driver, server_selection_seconds=0.2)
        await remote.collection("orders").insert_one({"_id": "harmless"})
        with pytest.raises(OutcomeUnknown):
            await remote.collection("orders").insert_one({"_id": "fatal"})
        await remote.close()

    assert await database.collection("orders").find_one({"_id": "fatal"})


@asynccontextmanager
async def line_that_breaks_on(word: bytes, uri: str) -> AsyncGenerator[str]:
    """A line to the server that passes on a request with this word in it and then is cut for good."""
    address = re.search(r"//(?:[^@/]*@)?([^:/,]+):(\d+)", uri)
    assert address, f"no host:port in {uri}"
    open_lines: set[asyncio.StreamWriter] = set()

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            if word in data:
                await sink.drain()
                line.close()
                for writer in open_lines:
                    writer.close()
                return

    async def answer(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(address[1], int(address[2]))
        open_lines.update((to_client, to_server))
        await asyncio.gather(carry(client, to_server), carry(server, to_client), return_exceptions=True)
        to_client.close()
        to_server.close()

    line = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = line.sockets[0].getsockname()[1]
    try:
        # Direct, or the driver would learn the server's own address and go around the line.
        yield f"mongodb://127.0.0.1:{port}/?directConnection=true"
    finally:
        line.close()


async def test_a_client_in_memory_can_stand_in_for_what_it_can_do(mock_database: Database) -> None:
    feed = mock_database.collection("feed")
    await mock_database.ping()
    await feed.create_indexes(FEED)
    rows: list[Document] = [{"_id": i, "topic": "t", "seq": i, "order": str(i)} for i in range(3)]
    await feed.insert_many(rows)
    with pytest.raises(DuplicateKey) as taken:
        await feed.insert_one({"topic": "t", "seq": 1, "order": "new"})
    changed = await feed.update_one(
        {"_id": 0, "seq": 0}, {"$set": {"seq": 7}, "$push": {"seen": {"$each": [1]}}}
    )

    newest: list[dict[str, Any]] = await feed.find(
        {}, {"seq": 1}, sort=[("seq", -1)], limit=2, hint="position"
    ).to_list()

    assert taken.value.fields == ("topic", "seq")
    assert changed.matched_count == 1
    assert newest == [{"_id": 0, "seq": 7}, {"_id": 2, "seq": 2}]
    assert [row["n"] async for row in feed.aggregate([{"$count": "n"}])] == [3]
    assert await feed.count_documents({"topic": "t"}) == 3
    await mock_database.drop()
    assert await feed.find_one({}) is None


async def test_an_address_that_is_looked_up_late_and_not_found_is_a_database_that_is_not_there() -> None:
    with pytest.raises(DatabaseUnavailable, match="The DNS query name does not exist"), our_errors():
        raise ConfigurationError("The DNS query name does not exist.")
