"""What `storage.orders` promises: found by its own people only, changed by one write whatever the race."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

from domain.actors import Party
from domain.order import Order
from storage import idempotency
from storage.client import DatabaseUnavailable, OutcomeUnknown
from storage.errors import (
    IdempotencyConflict,
    OrderNotFound,
    VersionConflict,
)
from storage.orders import CommandKey
from storage.scope import Scope
from tests.feeding import stepped
from tests.stores import ADMIN, SELLER, Store, line, losing

EVERYTHING = Scope.marketplace()
SHIP = CommandKey("seller", "shipLines", "k1", "input-1")
REFUND = CommandKey("admin", "refundLines", "k1", "input-1")


async def seqs(store: Store, order: Order) -> list[int]:
    return [entry.seq for entry in await store.orders.history(order.id, 0, 10_000)]


# Finding
async def test_a_scope_holds_its_own_orders_and_nothing_else(store: Store) -> None:
    waiting = (await store.place()).order
    sent = await store.sent(line("A-1", "m1"), line("B-1", "m2"))

    async def holds(scope: Scope, order: Order) -> bool:
        by_id = await store.orders.find(scope, id=order.id)
        by_reference = await store.orders.find(scope, reference=order.reference)
        assert by_id == by_reference
        return by_id is not None

    assert await holds(EVERYTHING, waiting)
    assert await holds(Scope.customer("c1"), waiting)
    assert not await holds(Scope.customer("c2"), waiting)
    assert not await holds(Scope.merchant("m1"), waiting), "it has no merchant order there yet"
    assert await holds(Scope.merchant("m1"), sent)
    assert await holds(Scope.merchant("m2"), sent)
    assert not await holds(Scope.merchant("m3"), sent)


async def test_a_merchant_finds_its_merchant_order_and_no_other_by_id_and_reference(store: Store) -> None:
    sent = await store.sent(line("A-1", "m1"), line("B-1", "m2"))
    own, other = sent.merchant_orders
    find = store.orders.find

    assert await find(Scope.merchant("m1"), id=own.id) == sent
    assert await find(Scope.merchant("m1"), reference=own.reference.lower()) == sent
    assert await find(Scope.merchant("m1"), id=other.id) is None
    assert await find(Scope.merchant("m1"), reference=other.reference) is None


async def test_an_unknown_name_finds_nothing(store: Store) -> None:
    await store.place()

    assert await store.orders.find(EVERYTHING, id="nothing") is None
    assert await store.orders.find(EVERYTHING, reference="0000-0000") is None
    assert await store.orders.find(EVERYTHING, external_reference="nothing") is None


# Changing


async def test_a_change_is_written_with_the_next_version_and_its_history(store: Store) -> None:
    order = await store.sent()
    before, woken = await seqs(store, order), store.woken

    changed = await store.fire(order, "ship", Party.MERCHANT, SELLER)

    assert changed.order.version == order.version + 1
    assert await store.orders.find(EVERYTHING, id=order.id) == changed.order
    assert changed.decision is not None
    entries = changed.decision.outcome.entries
    assert await seqs(store, order) == before + [entry.seq for entry in entries]
    assert await store.orders.history(order.id, before[-1], 10_000) == list(entries)
    assert store.woken == woken + 1


async def test_what_the_feed_publishes_is_written_with_the_change(store: Store) -> None:
    order = await store.sent()
    await store.fire(order, "ship", Party.MERCHANT, SELLER)

    stored = await store.stored(order)
    assert [item["seq"] for item in stored["out"]] == [row["seq"] for row in stored["history"]]
    assert stored["dirty"] is True


async def test_a_decision_without_entries_writes_nothing(store: Store) -> None:
    order = await store.sent()
    shipped = (await store.fire(order, "ship", Party.MERCHANT, SELLER)).order
    before, woken = await store.stored(order), store.woken

    again = await store.fire(order, "ship", Party.MERCHANT, SELLER)
    refused = await store.fire(order, "cancel", Party.MERCHANT, SELLER, input={"reason": "sold out"})

    assert again.order == refused.order == shipped
    assert await store.stored(order) == before
    assert store.woken == woken


async def test_an_expected_version_that_is_not_the_actual_one_is_a_conflict(store: Store) -> None:
    order = await store.sent()
    await store.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[0].id, expected_version=2)

    with pytest.raises(VersionConflict) as conflict:
        await store.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[1].id, expected_version=2)
    assert (conflict.value.expected, conflict.value.actual) == (2, 3)


async def test_an_order_that_does_not_exist_cannot_be_changed(store: Store) -> None:
    order = (await store.place()).order

    with pytest.raises(OrderNotFound):
        await store.pay(replace(order, id="nothing"))


async def test_eight_identical_changes_at_once_are_one_write(store: Store) -> None:
    order = await store.sent()

    changed = await asyncio.gather(
        *(store.fire(order, "ship", Party.MERCHANT, SELLER) for _ in range(8)),
    )

    assert {each.order.version for each in changed} == {order.version + 1}
    assert sum(bool(each.decision and each.decision.outcome.entries) for each in changed) == 1
    assert await seqs(store, order) == list(range(1, changed[0].order.seq + 1))


async def test_of_eight_different_changes_at_once_none_is_lost(store: Store) -> None:
    order = await store.sent(*(line(f"A-{i}", f"m{i}") for i in range(8)))
    ship = (store.fire(order, "ship", Party.MERCHANT, SELLER, each.id) for each in order.lines)

    changed = await asyncio.gather(*ship)

    assert sorted(each.order.version for each in changed) == list(range(3, 11))
    found = await store.orders.find(EVERYTHING, id=order.id)
    assert found is not None
    assert {each.positions[Party.MERCHANT].state for each in found.lines} == {"shipped"}
    assert await seqs(store, order) == list(range(1, found.seq + 1))


# The same request again


async def test_a_key_that_was_carried_out_is_answered_with_its_stored_reply(store: Store) -> None:
    order = await store.sent()
    await store.fire(order, "ship", Party.MERCHANT, SELLER, key=SHIP, reply=lambda d: {"moved": 2})
    delivered = await store.fire(order, "deliver", Party.MERCHANT, SELLER)

    again = await store.fire(order, "ship", Party.MERCHANT, SELLER, key=SHIP, expected_version=2)

    assert (again.replayed, again.decision) == ({"moved": 2}, None)
    assert again.order == delivered.order


async def test_eight_requests_with_one_key_at_once_are_one_write_and_one_reply(store: Store) -> None:
    order = await store.sent()

    changed = await asyncio.gather(
        *(
            store.fire(order, "ship", Party.MERCHANT, SELLER, key=SHIP, reply=lambda d: {"moved": 2})
            for _ in range(8)
        )
    )

    assert sorted(each.replayed == {"moved": 2} for each in changed) == [False] + [True] * 7
    assert {each.order.version for each in changed} == {order.version + 1}


async def test_the_same_key_with_another_input_is_a_conflict_and_changes_nothing(store: Store) -> None:
    order = await store.sent()
    await store.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[0].id, key=SHIP)
    before = await store.stored(order)

    with pytest.raises(IdempotencyConflict):
        await store.fire(
            order,
            "ship",
            Party.MERCHANT,
            SELLER,
            order.lines[1].id,
            key=replace(SHIP, fingerprint="input-2"),
        )
    assert await store.stored(order) == before


async def test_the_history_names_the_command_of_each_entry(store: Store) -> None:
    order = await store.sent()
    await store.fire(order, "ship", Party.MERCHANT, SELLER, key=SHIP)

    rows = (await store.stored(order))["history"]
    assert {row["command_id"] for row in rows if row["event"] == "ship"} == {SHIP.id}
    assert len({row["command_id"] for row in rows}) == 3, "placing and paying had ids of their own"


async def test_of_many_replies_only_those_older_than_48_hours_are_dropped(store: Store) -> None:
    order = (await store.place()).order
    orders = store.database.collection("orders")
    now = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    ages = [timedelta(hours=hours) for hours in (49, 47)]
    rows = [
        idempotency.answer(replace(SHIP, key=f"{i}-{age}"), now - age, 1, {})
        for age in ages
        for i in range(101)
    ]

    for kept, replies in ((200, rows[:200]), (101, rows)):
        await orders.update_one({"_id": order.id}, {"$set": {"replies": replies}})
        await idempotency.drop_old(orders, order.id, now)
        assert len((await store.stored(order))["replies"]) == kept


# A connection that breaks


@pytest.mark.parametrize("sent", [True, False], ids=["arrived", "never arrived"])
@pytest.mark.parametrize("key", [None, SHIP], ids=["without key", "with key"])
async def test_a_write_whose_answer_is_lost_is_carried_out_once(
    store: Store, sent: bool, key: CommandKey | None
) -> None:
    order = await store.sent()
    lossy = Store(losing(store.database, "update_one", sent), store.clock)

    changed = await lossy.fire(order, "ship", Party.MERCHANT, SELLER, key=key)

    assert changed.decision is not None
    assert changed.order.version == order.version + 1
    assert await store.orders.find(EVERYTHING, id=order.id) == changed.order
    assert lossy.woken == 1


async def test_a_write_that_is_never_confirmed_is_an_unknown_outcome(store: Store) -> None:
    order = await store.sent()
    lossy = Store(losing(store.database, "update_one", sent=False, times=100), store.clock)

    with pytest.raises(OutcomeUnknown):
        await lossy.fire(order, "ship", Party.MERCHANT, SELLER)
    assert await store.orders.find(EVERYTHING, id=order.id) == order


async def test_the_same_key_on_another_order_is_a_conflict_and_changes_nothing(server_store: Store) -> None:
    store = server_store  # in memory, unique indexes over lists are not enforced
    first, other = await store.sent(), await store.sent()
    await store.fire(first, "ship", Party.MERCHANT, SELLER, first.lines[0].id, key=SHIP)
    before = await store.stored(other)

    with pytest.raises(IdempotencyConflict):
        await store.fire(
            other, "ship", Party.MERCHANT, SELLER, other.lines[0].id, key=replace(SHIP, fingerprint="input-2")
        )

    assert await store.stored(other) == before


async def test_a_write_that_is_lost_is_not_taken_for_what_another_did_under_its_key(store: Store) -> None:
    order = await store.sent()
    faster = [replace(SHIP, fingerprint="input-2")]

    async def somebody_is_faster(_: str, command: str) -> None:
        if command == "update_one" and faster:
            await store.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[1].id, key=faster.pop())
            raise AutoReconnect("connection closed")

    lossy = Store(stepped(store.database, before=somebody_is_faster), store.clock)

    with pytest.raises(IdempotencyConflict):
        await lossy.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[0].id, key=SHIP)


async def test_a_write_whose_answer_is_lost_before_the_database_is_gone_is_an_unknown_outcome(
    store: Store,
) -> None:
    order = await store.sent()
    sent = False

    async def lose_it_then_all(_: str, command: str) -> None:
        nonlocal sent
        if sent:
            raise ServerSelectionTimeoutError("no server")
        sent = command == "update_one"
        if sent:
            raise AutoReconnect("connection closed")

    lossy = Store(stepped(store.database, after=lose_it_then_all), store.clock)

    with pytest.raises(OutcomeUnknown):
        await lossy.fire(order, "ship", Party.MERCHANT, SELLER)
    assert (await store.orders.find(EVERYTHING, id=order.id)) != order, "it was done"


async def test_where_nothing_could_be_sent_nothing_was_done(store: Store) -> None:
    order = await store.sent()

    async def nobody(_: str, command: str) -> None:
        if command == "update_one":
            raise ServerSelectionTimeoutError("no server")

    with pytest.raises(DatabaseUnavailable) as refused:
        await Store(stepped(store.database, before=nobody), store.clock).fire(
            order, "ship", Party.MERCHANT, SELLER
        )
    assert not isinstance(refused.value, OutcomeUnknown)
    assert await store.orders.find(EVERYTHING, id=order.id) == order


@pytest.mark.parametrize("key", [None, REFUND], ids=["without key", "with key"])
async def test_a_write_that_the_driver_repeats_where_the_first_was_forgotten_is_carried_out_once(
    store: Store, key: CommandKey | None
) -> None:
    paid = await store.pay((await store.place(line("A-1", "m1"))).order)
    reason = {"reason": "sold out"}
    order = (await store.fire(paid, "cancel", Party.MARKETPLACE, ADMIN, input=reason)).order
    again = Store(stepped(store.database, twice="update_one"), store.clock)

    refund = {"amount": 100}
    changed = await again.fire(
        order, "refund", Party.MARKETPLACE, ADMIN, input=refund, key=key, expected_version=order.version
    )

    assert changed.order.version == order.version + 1
    assert [refund.amount for refund in changed.order.refunds] == [100]
    assert await store.orders.find(EVERYTHING, id=order.id) == changed.order


async def test_a_change_that_was_written_is_not_failed_by_what_comes_after_it(store: Store) -> None:
    order = await store.sent()
    history = [
        {"seq": seq, "at": order.placed_at, "event": "x", "actor": "", "role": "system"} for seq in range(400)
    ]
    await store.database.collection("orders").update_one(
        {"_id": order.id}, {"$set": {"history": history, "seq": 400}}
    )

    async def full(collection: str, _: str) -> None:
        if collection == "order_history":
            raise OperationFailure("the disk is full")

    changed = await Store(stepped(store.database, before=full), store.clock).fire(
        order, "ship", Party.MERCHANT, SELLER
    )
    assert await store.orders.find(EVERYTHING, id=order.id) == changed.order
