"""Deadlines in storage: never before the database's clock says so, and what is noted when they fail."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.actors import SYSTEM, Party
from domain.engine import perform
from domain.order import Order
from domain.outcome import Intent
from storage.clock import Clock
from storage.errors import (
    NotDue,
)
from storage.orders import Orders
from storage.scope import Scope
from tests.stores import ADMIN, PROCESS, Decided, Store, line

EVERYTHING = Scope.marketplace()


def expire(order: Order, now: datetime) -> Decided:
    intents = [Intent(d.event, d.unit, d.party, SYSTEM) for d in order.deadlines if d.at <= now]
    return Decided(perform(PROCESS, order, intents, now))


async def test_a_deadline_moves_the_order_when_the_test_clock_says_so(store: Store) -> None:
    order = (await store.place()).order
    early = await store.orders.change(order.id, expire, only_if_due=True)
    assert early.order == order

    await store.clock.advance(timedelta(days=7))
    changed = await store.orders.change(order.id, expire, only_if_due=True)

    assert {each.positions[Party.MARKETPLACE].state for each in changed.order.lines} == {"canceled"}


class Fast(Clock):
    """The clock of a machine that is an hour ahead of the database's."""

    async def now(self) -> datetime:
        return await super().now() + timedelta(hours=1)


# The client in memory has no clock of its own ($$NOW).
async def test_a_deadline_never_moves_an_order_before_it_is_due_for_the_database(server_store: Store) -> None:
    store = server_store
    soon = (await store.place(policies={"payment_timeout": timedelta(minutes=5)})).order
    due = (await store.place(policies={"payment_timeout": timedelta(milliseconds=1)})).order
    ahead = Orders(store.database, Fast(store.database), lambda _: None)

    with pytest.raises(NotDue):
        await ahead.change(soon.id, expire, only_if_due=True)
    expired = await ahead.change(due.id, expire, only_if_due=True)

    assert await store.orders.find(EVERYTHING, id=soon.id) == soon
    assert expired.order.version == 2


async def test_next_deadline_is_the_earliest_and_gone_with_the_last(store: Store) -> None:
    order = (await store.place(line("A-1", "m1"))).order
    assert (await store.stored(order))["next_deadline"].replace(tzinfo=UTC) == order.deadlines[0].at

    await store.clock.advance(timedelta(days=7))
    order = (await store.orders.change(order.id, expire)).order
    await store.clock.advance(timedelta(days=14))
    order = (await store.orders.change(order.id, expire)).order

    assert order.deadlines == ()
    assert "next_deadline" not in await store.stored(order)


async def test_a_deadline_overdue_by_a_minute_is_stuck_with_what_was_noted_about_it(store: Store) -> None:
    order = (await store.place(line("A-1", "m1"))).order
    due = order.deadlines[0]
    await store.clock.advance(timedelta(days=7))
    assert await store.orders.stuck() == []

    await store.clock.advance(timedelta(minutes=2))
    (untried,) = await store.orders.stuck()
    assert (untried.order, untried.deadline, untried.attempts) == (order, due, 0)

    later = due.at + timedelta(minutes=10)
    for message in ("refused", "refused again"):
        await store.orders.note_failure(order.id, due.id, message, later)
    (tried,) = await store.orders.stuck()
    assert (tried.attempts, tried.message, tried.next_try) == (2, "refused again", later)
    assert (await store.stored(order))["next_deadline"].replace(tzinfo=UTC) == later


async def test_what_was_noted_about_a_deadline_goes_with_it(store: Store) -> None:
    order = (await store.place(line("A-1", "m1"), line("A-2", "m1"))).order
    first, second = order.deadlines
    later = second.at + timedelta(days=1)
    await store.orders.note_failure(order.id, first.id, "refused", later)
    await store.orders.note_failure(order.id, second.id, "refused", later)
    await store.orders.note_failure(order.id, "gone", "refused", later)

    cancel = ("cancel", Party.MARKETPLACE, ADMIN)
    await store.fire(order, *cancel, order.lines[0].id, input={"reason": "mistake"})

    stored = await store.stored(order)
    assert [row["id"] for row in stored["failures"]] == [second.id]
