"""Changing an order: read, decide, write if nobody was faster, else decide again.

What a change means is decided by the pure function handed in. Design: storage, "One order, one document, one
write".
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import SystemRandom
from typing import Any, Generic, Protocol, TypeVar

from domain.commands import asks_after
from domain.order import Order
from domain.outcome import Outcome
from domain.process import UnitKind
from domain.processes import process_of
from domain.stocking import Key
from storage import asks, idempotency, metering, stock_rows, timers
from storage.client import (
    DATABASE_NOW,
    Collection,
    Database,
    DatabaseUnavailable,
    Document,
    DuplicateKey,
    OutcomeUnknown,
    Session,
)
from storage.clock import Clock
from storage.diff import changes
from storage.documents import FIELDS, entry_to_document, from_document
from storage.errors import IdempotencyConflict, NotDue, OrderNotFound, ShelfMoved, TooBusy, VersionConflict
from storage.idempotency import CommandKey
from storage.keys import findable
from storage.publication import publications
from storage.stock_rows import Booking
from storage.values import naive

_TRIES = 8
_DERIVED: Mapping[str, int] = dict.fromkeys(
    ("keys", "total", "merchant_ids", "own", "next_deadline", "next_command", "failures", "wants"), 1
)
_NO_ASKS: Document = {"asks": {}}
"""Asks are set and dropped one by one, also the first and the last: meanwhile one may have been given out."""
_random = SystemRandom()


def no_more(_: Order) -> Iterable[Key]:
    """Nothing is asked for but the stock of what is in the order."""
    return ()


class Decision(Protocol):
    """What a change was decided to be: anything with an outcome; one without entries writes nothing."""

    @property
    def outcome(self) -> Outcome: ...


D = TypeVar("D", bound=Decision)


@dataclass(frozen=True, slots=True)
class Changed(Generic[D]):
    """The order as it is now and the decision that made it so; or the reply that this key got before."""

    order: Order
    decision: D | None
    replayed: Document | None = None


@dataclass(slots=True)
class Change(Generic[D]):
    """One command on one order, in up to eight tries; `written` is the document that the write met, and
    `freed` tells whether it made stock available.
    """

    database: Database
    clock: Clock
    order_id: str
    command: str
    decide: Callable[[Order, datetime], D]
    key: CommandKey | None
    expected_version: int | None
    reply: Callable[[D], Document] | None
    only_if_due: bool
    more_stock: Callable[[Order], Iterable[Key]] = no_more
    written: Document | None = None
    freed: bool = False
    _denied: int | None = None
    _lost: Changed[D] | None = None

    async def carry_out(self) -> Changed[D]:
        """Return what became of it; see `Orders.change` for what it raises."""
        unknown: OutcomeUnknown | None = None
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_random.uniform(0, 0.005 * 2**attempt))
            try:
                if (changed := await self._try()) is not None:
                    if changed.decision is not None:
                        events = (entry.event for entry in changed.decision.outcome.entries)
                        metering.fired(changed.order.process, events)
                    return changed
            except OutcomeUnknown as error:
                unknown = error
            except DatabaseUnavailable as error:
                raise (unknown or error) from None  # what was sent before may have arrived
        raise unknown or TooBusy(self.order_id)

    async def _try(self) -> Changed[D] | None:
        stored = await self._read()
        # Asked first: what arrived under the key may be somebody else's, with another input.
        answer = idempotency.answered(self.key, stored) if self.key else None
        if self._lost and stored.get("history"):
            self.written = stored  # the write that seemed lost has arrived
            return self._lost
        order = from_document(stored)
        if answer is not None:
            return Changed(order, None, answer)
        if self.expected_version is not None and self.expected_version != order.version:
            raise VersionConflict(self.expected_version, order.version)
        if self.only_if_due and self._denied == order.version:
            raise NotDue(self.order_id)  # nobody was faster: it was the clock that said no
        now = await self.clock.now()
        counted = process_of(order).unit is UnitKind.MERCHANT_ORDER
        seen = await self._with_shelf(order) if counted else order
        decision = self.decide(seen, now)
        if not decision.outcome.entries:
            return Changed(order, decision)
        after = decision.outcome.order
        asked = asks_after(order.commands, order.asks, after.commands, now)
        after = replace(after, version=order.version + 1, shelf={}, asks=asked)
        changed = Changed(after, decision)
        booked = stock_rows.bookings(seen, after) if counted else ()
        try:
            if await self._write(stored, order, changed, booked, now):
                return changed
        except ShelfMoved:
            return None  # decided again on what is there now
        self._denied = order.version
        return None

    async def _with_shelf(self, order: Order) -> Order:
        """The order with what is available of its SKUs, for processes that count stock."""
        keys = stock_rows.keys_of(order).union(self.more_stock(order))
        return replace(order, shelf=await stock_rows.shelf(self.database.collection("stock"), keys))

    async def _read(self) -> Document:
        """The order with what a change needs: of its logs, only what this command has left there."""
        logs = {
            "replies": {"$elemMatch": {"id": self.command}},
            "history": {"$elemMatch": {"command_id": self.command}},
            "archived": 1,
        }
        stored = await self._orders.find_one({"_id": self.order_id}, {**FIELDS, **_DERIVED, **logs})
        if stored is None:
            raise OrderNotFound(self.order_id)
        return stored

    async def _write(
        self,
        stored: Document,
        order: Order,
        changed: Changed[D],
        booked: Sequence[Booking],
        now: datetime,
    ) -> bool:
        assert changed.decision is not None
        where = {"_id": order.id, "version": order.version}
        if self.only_if_due:
            where |= self._due(order, now)
        update = _update(stored, changed.order, changed.decision.outcome, self.command)
        if self.key:
            reply = self.reply(changed.decision) if self.reply else {}
            row = idempotency.answer(self.key, now, changed.order.version, reply)
            update["$push"]["replies"] = {"$each": [row], "$slice": -idempotency.MOST}
        if not self.key:
            # Before it is sent: a driver that repeats it, on a server that was killed in between and has
            # forgotten the first, hears that nothing matched. With a key the stored answer tells.
            self._lost = changed
        self.freed = any(booking.freed > 0 for booking in booked)
        try:
            matched = await self._send(where, update, booked, now)
        except OutcomeUnknown:
            self._lost = changed
            raise
        except DuplicateKey:
            assert self.key is not None, "only a request's key is unique over all orders"
            raise IdempotencyConflict(self.key.key) from None  # it was used for another order
        if not matched:
            return False
        self.written = stored
        return True

    async def _send(
        self, where: Document, update: Document, booked: Sequence[Booking], now: datetime
    ) -> bool:
        """Write the order, and what it changes in the stock with it or not at all; False: nothing matched."""
        if not booked:
            return bool((await self._orders.update_one(where, update)).matched_count)

        async def both(session: Session) -> bool:
            result = await self._orders.update_one(where, update, session=session)
            if result.matched_count:
                await stock_rows.book(self.database.collection("stock"), booked, now, session)
            return bool(result.matched_count)

        return await self.database.transaction(both)

    @property
    def _orders(self) -> Collection:
        return self.database.collection("orders")

    def _due(self, order: Order, now: datetime) -> Document:
        """The condition that no deadline counts as due here before it is for the database."""
        due = [deadline.at for deadline in order.deadlines if deadline.at <= now]
        if not due:
            raise NotDue(order.id)
        if self.clock.test:
            return {}  # its time comes from the database already
        return {"$expr": {"$lte": [naive(max(due)), DATABASE_NOW]}}


def _update(stored: Mapping[str, Any], after: Order, outcome: Outcome, command: str) -> Document:
    """The one update that makes the stored order the settled one and appends what happened."""
    process = process_of(after)
    document = findable(process, after)
    timers.keep_failures(document, stored)
    part = (FIELDS.keys() | _DERIVED.keys()) - {"version", "next_command"}
    update = changes(
        _NO_ASKS | {name: value for name, value in stored.items() if name in part},
        _NO_ASKS | {name: value for name, value in document.items() if name in part},
    )
    asks.keep_due(update, document, stored)
    update.setdefault("$set", {})["dirty"] = True
    update["$inc"] = {"version": 1}
    update["$push"] = {
        "history": {"$each": [entry_to_document(entry, command) for entry in outcome.entries]},
        "out": {"$each": publications(process, after, outcome.entries)},
    }
    return update
