"""What `storage.reconcile` promises: it finds whatever the feed lacks, and nothing when all is well."""

from domain.actors import Party
from storage.reconcile import Missing, missing
from storage.relay import Relay
from tests.stores import SELLER, Store


async def test_nothing_is_missing_after_an_order_went_through_everybody(store: Store) -> None:
    order = await store.sent()
    await store.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[0].id)
    assert await missing(store.database) == [], "what still waits for the relay is not missing"

    await Relay(store.database).drain()

    assert await missing(store.database) == []
    assert await store.database.collection("feed").count_documents({"topic": "merchant:m1"}) == 2


async def test_an_entry_that_a_topic_lacks_is_found(store: Store) -> None:
    order = await store.sent()
    await Relay(store.database).drain()
    await store.database.collection("feed").delete_many({"topic": "merchant:m2"})
    await store.database.collection("feed").delete_many({"topic": "marketplace", "body.seq": 1})

    found = await missing(store.database)

    assert [(each.topic, each.order) for each in found] == [
        ("marketplace", order.id),
        ("merchant:m2", order.id),
    ]
    assert found[0] == Missing(order.id, 1, "marketplace")


async def test_what_an_order_lost_before_it_was_published_is_found(store: Store) -> None:
    order = await store.sent()
    await store.database.collection("orders").update_one({"_id": order.id}, {"$set": {"out": []}})

    found = await missing(store.database)

    assert {each.seq for each in found} == set(range(1, order.seq + 1))
