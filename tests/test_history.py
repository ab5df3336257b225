"""A long history moves out of its order, and nobody who reads it notices."""

from domain.actors import Party
from domain.order import Order
from storage import history
from storage.values import naive
from tests.stores import SELLER, Store, line


async def seqs(store: Store, order: Order) -> list[int]:
    return [entry.seq for entry in await store.orders.history(order.id, 0, 10_000)]


async def test_a_long_history_moves_out_of_the_order_and_reads_without_a_seam(store: Store) -> None:
    order = await store.sent(*(line(f"A-{i}", "m1") for i in range(80)))
    order = (await store.fire(order, "ship", Party.MERCHANT, SELLER)).order
    assert order.seq > history.EMBEDDED

    stored = await store.stored(order)
    assert len(stored["history"]) <= history.EMBEDDED
    assert await seqs(store, order) == list(range(1, order.seq + 1))
    seam = stored["archived"]
    assert [e.seq for e in await store.orders.history(order.id, seam - 2, 4)] == [
        seam + i for i in (-1, 0, 1, 2)
    ]


async def test_moving_a_history_out_may_be_interrupted_anywhere(store: Store) -> None:
    order = (await store.place()).order
    rows = [
        {"seq": seq, "at": naive(order.placed_at), "event": "e", "actor": "a", "role": "system"}
        for seq in range(1, 402)
    ]
    orders, moved = store.database.collection("orders"), store.database.collection("order_history")
    await orders.update_one({"_id": order.id}, {"$set": {"history": rows}})
    halfway = [{"_id": f"{order.id}:{row['seq']}", "order": order.id, **row} for row in rows[:50]]
    await moved.insert_many(halfway)
    assert await seqs(store, order) == list(range(1, 402))

    await history.shorten(store.database, order.id)
    await history.shorten(store.database, order.id)

    assert await seqs(store, order) == list(range(1, 402))
    assert len((await store.stored(order))["history"]) == history.KEPT


async def test_an_order_that_does_not_exist_has_no_history(store: Store) -> None:
    assert await store.orders.history("nothing", 0, 10) == []
