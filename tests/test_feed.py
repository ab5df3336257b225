"""What `storage.feed` promises: pages follow numbers, what is gone is said, a topic never starts again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.client import Database, DuplicateKey, connect
from storage.cursor import CursorExpired, CursorInvalid
from storage.feed import KEPT, Feed, ensure_indexes
from storage.relay import Relay
from tests.databases import both_drivers
from tests.feeding import AT, assert_numbered, everything, stepped, write

MONTH_LATER = KEPT + timedelta(days=1)


@pytest.fixture
async def feed(mock_database: Database) -> Feed:
    """A feed in memory, with its indexes."""
    await ensure_indexes(mock_database)
    return Feed(mock_database)


async def publish(feed: Feed, count: int, topic: str = "marketplace") -> None:
    """Add so many items to a topic."""
    for _ in range(count):
        await write(feed.database, f"order of {topic}", topic)
    await Relay(feed.database).drain()


async def age(feed: Feed, topic: str, upto: int) -> None:
    """Let the items up to this number be older than what is kept."""
    old = {"at": (datetime.now(UTC) - MONTH_LATER).replace(tzinfo=None)}
    await feed.rows.update_many(
        {"topic": topic, "seq": {"$lte": upto}, "at": {"$exists": True}}, {"$set": old}
    )


async def test_a_topics_first_item_that_comes_while_its_start_is_checked_is_not_taken_for_a_gap(
    mock_database: Database, feed: Feed
) -> None:
    looked: list[str] = []

    async def publish_after_the_first_look(collection: str, command: str) -> None:
        looked.append(command)
        if len(looked) == 1:
            await publish(feed, 1)

    await Feed(stepped(mock_database, after=publish_after_the_first_look)).check("marketplace", 0)
    assert len(looked) > 1


async def test_a_page_follows_a_number(feed: Feed) -> None:
    await publish(feed, 5)
    await publish(feed, 2, "customer:c1")

    assert [item.seq for item in await feed.page("marketplace", 0, 2)] == [1, 2]
    assert [item.seq for item in await feed.page("marketplace", 2, 10)] == [3, 4, 5]
    assert await feed.page("marketplace", 5, 10) == []
    assert await feed.page("merchant:m1", 0, 10) == []


async def test_an_item_comes_back_with_aware_times(feed: Feed) -> None:
    await publish(feed, 1)

    (item,) = await feed.page("marketplace", 0, 10)

    assert (item.topic, item.order, item.version) == ("marketplace", "order of marketplace", 1)
    assert item.body["at"] == AT.replace(tzinfo=UTC)


async def test_the_last_number_of_a_topic_is_known(feed: Feed) -> None:
    await publish(feed, 3)

    assert await feed.last("marketplace") == 3
    assert await feed.last("customer:c1") == 0


@both_drivers
async def test_no_number_and_no_entry_can_be_stored_twice(database: Database) -> None:
    await ensure_indexes(database)
    feed = Feed(database)
    await publish(feed, 2)
    row = {"topic": "marketplace", "type": "x", "body": {}, "at": AT}

    with pytest.raises(DuplicateKey):
        await feed.rows.insert_one({**row, "seq": 2, "order": "o9", "version": 1, "i": 0})
    with pytest.raises(DuplicateKey):
        await feed.rows.insert_one({**row, "seq": 3, "order": "order of marketplace", "version": 1, "i": 0})


async def test_every_number_that_is_still_kept_can_be_resumed_from(feed: Feed) -> None:
    await feed.check("marketplace", 0)
    await publish(feed, 3)

    for after in range(4):
        await feed.check("marketplace", after)


async def test_a_number_ahead_of_the_feed_is_refused(feed: Feed) -> None:
    await publish(feed, 3)

    for after in (4, 5, 2**62):
        with pytest.raises(CursorInvalid):
            await feed.check("marketplace", after)


async def test_a_number_whose_items_are_gone_is_refused_with_what_to_do(feed: Feed) -> None:
    await publish(feed, 5)
    await age(feed, "marketplace", 3)
    await feed.prune(datetime.now(UTC))

    for after in (0, 1, 2):
        with pytest.raises(CursorExpired, match="read the orders again"):
            await feed.check("marketplace", after)
    for after in (3, 4, 5):
        await feed.check("marketplace", after)
    assert [item.seq for item in await feed.page("marketplace", 3, 10)] == [4, 5]


async def test_numbers_go_on_after_a_month_in_which_nothing_happened(feed: Feed) -> None:
    await publish(feed, 3)
    await age(feed, "marketplace", 3)
    for _ in range(3):
        await feed.prune(datetime.now(UTC))

    await feed.check("marketplace", 3)
    with pytest.raises(CursorExpired):
        await feed.check("marketplace", 1)
    await publish(feed, 2)

    assert [item.seq for item in await feed.page("marketplace", 3, 10)] == [4, 5]
    await age(feed, "marketplace", 4)
    await feed.prune(datetime.now(UTC))
    assert [row["seq"] async for row in feed.rows.find({"topic": "marketplace"})] == [5]


async def test_pruning_leaves_what_is_young_alone(feed: Feed) -> None:
    await publish(feed, 3)
    await feed.prune(datetime.now(UTC))

    assert_numbered(await everything(feed.database, "marketplace"))
    assert await feed.last("marketplace") == 3


@both_drivers
async def test_a_server_prunes_as_the_memory_does(database: Database) -> None:
    await ensure_indexes(database)
    feed = Feed(database)
    await publish(feed, 4)
    await publish(feed, 2, "customer:c1")
    await age(feed, "marketplace", 3)
    await age(feed, "customer:c1", 2)

    await feed.prune(datetime.now(UTC))

    assert [row["seq"] async for row in feed.rows.find({"topic": "marketplace"})] == [4]
    assert [row["seq"] async for row in feed.rows.find({"topic": "customer:c1"})] == [2]


async def test_topics_with_new_items_are_known(feed: Feed) -> None:
    await publish(feed, 1)
    await publish(feed, 1, "customer:c1")
    await age(feed, "customer:c1", 1)

    assert await feed.touched(datetime.now(UTC) - timedelta(minutes=1)) == {"marketplace"}


async def test_a_database_keeps_one_epoch_and_another_has_its_own(
    database: Database, embedded_uri: str
) -> None:
    other = connect(embedded_uri, f"{database.name}_other")
    try:
        epochs = await asyncio.gather(*(Feed(database).epoch() for _ in range(5)))
        assert len(set(epochs)) == 1
        assert await Feed(database).epoch() == epochs[0]
        assert await Feed(other).epoch() != epochs[0]
    finally:
        await other.drop()
        await other.close()
