"""Commands given to whoever carries them out: each to one caller alone, until its lease runs out.

What is not answered is due again after a pause, with the same idempotency key; in the end it is given up. A
lease changes nothing of an order but when its commands are due. Design: storage, "Commands to outside
systems".
"""

import asyncio
import logging
from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self

from domain.acknowledging import give_up_command
from domain.commands import (
    MOST_DELIVERIES,
    Ask,
    Command,
    CommandKind,
    CommandStatus,
    due_at,
    given_out,
    pause_after,
)
from domain.order import Order
from domain.outcome import Outcome
from domain.processes import process_of
from storage.client import Collection, DatabaseUnavailable, Document
from storage.documents import FIELDS, from_document
from storage.errors import OrderNotFound, TooBusy, VersionConflict
from storage.keys import key
from storage.money_rows import ask_in
from storage.orders import Orders
from storage.scope import Scope
from storage.values import naive, when

log = logging.getLogger(__name__)

_LOOK_SECONDS = 10.0
_ROUNDS = 20
_AT_LEAST = 20
"""Orders that are read at once, though fewer commands are wanted: others may be faster with some."""
_TRIES = 8
_FIELDS = {**FIELDS, "leases": 1, "next_command": 1}


@dataclass(frozen=True, slots=True)
class Leased:
    """A command that is its caller's now, with its order."""

    order: Order
    command: Command

    @property
    def ask(self) -> Ask:
        return self.order.asks[self.command.id]

    @property
    def until(self) -> datetime:
        """When the lease runs out."""
        assert self.ask.leased_until, "it was leased"
        return self.ask.leased_until


@dataclass(frozen=True, slots=True)
class _Seen:
    """An order as it was read, by which a lease finds out whether somebody was faster."""

    order: Order
    leases: int | None
    next_command: datetime | None

    @classmethod
    def of(cls, stored: Document) -> Self:
        return cls(from_document(stored), stored.get("leases"), when(stored, "next_command"))

    @property
    def pending(self) -> list[Command]:
        return [each for each in self.order.commands if each.status is CommandStatus.PENDING]

    def due(self, now: datetime, kinds: Some[CommandKind] | None) -> list[Command]:
        return [
            each
            for each in self.pending
            if due_at(each, self.order.asks) <= now and (kinds is None or each.kind in kinds)
        ]


@dataclass(frozen=True, slots=True)
class _GivenUp:
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Leasing:
    """The commands of one database, for those who carry them out; any number of them, in any processes."""

    orders: Orders

    async def lease(
        self, kinds: Some[CommandKind] | None, first: int, lasting: timedelta, by: str
    ) -> list[Leased]:
        """Give out up to `first` commands of these kinds (None: all) that are due, the oldest due first.

        Until `lasting` is over nobody else is given them. What was given out too often is given up instead.
        """
        now = await self.orders.clock.now()
        found: list[Leased] = []
        passed: list[str] = []  # orders of which others, or only other kinds, are due
        for _ in range(_ROUNDS):
            if len(found) >= first or not (rows := await self._rows(now, kinds, first - len(found), passed)):
                break
            for row, commands in _oldest(rows, now, kinds, first - len(found)):
                if not commands:
                    await self._put_right(row)
                    passed.append(row.order.id)
                elif tired := _tired(row.order, commands):
                    if not await self._give_up(row.order, tired):
                        passed.append(row.order.id)
                elif (order := await self._take(row, commands, now, lasting, by)) is not None:
                    found += [Leased(order, command) for command in commands]
        return found

    async def run(self) -> None:
        """Give up until cancelled what is tired, also where no program asks for commands any more."""
        while True:
            try:
                await self.give_up()
            except DatabaseUnavailable as error:
                log.warning("Commands wait until the database answers again: %s", error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def give_up(self) -> None:
        """Give up what was given out too often and is due again."""
        now = await self.orders.clock.now()
        # No command was given out more often than all of its order together.
        often: Document = {"next_command": {"$lte": naive(now)}, "leases": {"$gte": MOST_DELIVERIES}}
        async for row in self._collection.find(often, _FIELDS):
            seen = _Seen.of(row)
            await self._give_up(seen.order, _tired(seen.order, seen.due(now, None)))

    async def unanswered(self, leased: Sequence[Leased]) -> list[Leased]:
        """Return those of these that nobody has answered and whose lease has not run out."""
        if not leased:
            return []
        now = await self.orders.clock.now()
        named = {"_id": {"$in": list({each.order.id for each in leased})}}
        orders = map(from_document, await self._collection.find(named, FIELDS).to_list())
        asks = {id: ask for order in orders for id, ask in order.asks.items()}
        return [each for each in leased if asks.get(each.command.id) == each.ask and now < each.until]

    async def put_off(
        self, order_id: str, command_id: str, attempt: int | None, by: str, answer: str | None
    ) -> Order:
        """End the lease that the caller has: nobody knows yet what became of the command, so it is due again
        after its pause. Without such a lease, of this attempt, nothing changes. Returns the order as it is.
        """
        for _ in range(_TRIES):
            seen = await self._read(order_id)
            command = next((each for each in seen.pending if each.id == command_id), None)
            ask = seen.order.asks.get(command_id)
            known = command is not None and attempt in (None, command.attempt)
            if not known or ask is None or ask.leased_by != by:
                return seen.order
            due = await self.orders.clock.now() + pause_after(ask.deliveries)
            order = _asked(seen.order, {command_id: Ask(ask.deliveries, due, answer=answer or ask.answer)})
            if await self._write(seen, order, [command_id]):
                return order
        raise TooBusy(order_id)

    async def _take(
        self, seen: _Seen, commands: Sequence[Command], now: datetime, lasting: timedelta, by: str
    ) -> Order | None:
        """The order once these commands of it are the caller's; None when somebody was faster."""
        asks = {each.id: given_out(seen.order.asks.get(each.id), now, lasting, by) for each in commands}
        order = _asked(seen.order, asks)
        return order if await self._write(seen, order, list(asks)) else None

    async def _put_right(self, seen: _Seen) -> None:
        """An order that was looked at too early says from now on when it is due."""
        if seen.next_command != _next(seen, seen.order):
            await self._write(seen, seen.order, [])

    async def _write(self, seen: _Seen, order: Order, changed: Sequence[str]) -> bool:
        """Write these asks and when the order is due next, unless the order or its asks changed meanwhile."""
        unchanged = {"$exists": False} if seen.leases is None else seen.leases
        where: Document = {"_id": order.id, "version": order.version, "leases": unchanged}
        put: Document = {f"asks.{id}": ask_in(order.asks[id]) for id in changed}
        update: Document = {"$inc": {"leases": 1}}
        if (due := _next(seen, order)) is None:
            update["$unset"] = {"next_command": ""}
        else:
            update["$set"] = put | {"next_command": naive(due)}
        return bool((await self._collection.update_one(where, update)).matched_count)

    async def _give_up(self, order: Order, commands: Sequence[Command]) -> bool:
        """Returns False when it failed: that must not keep the commands of other orders waiting."""
        for version, command in enumerate(commands, order.version):
            decide = partial(_decide, command.id)
            try:
                # On this version only: a person may have asked for it again meanwhile.
                await self.orders.change(order.id, decide, expected_version=version)
            except (VersionConflict, OrderNotFound, TooBusy) as moved_on:
                log.debug("Left for the next look: %s", moved_on)
                return True
            except DatabaseUnavailable:
                raise
            except Exception:
                log.exception("Command %s could not be given up.", command.id)
                return False
            log.warning("Command %s was given up after %d deliveries.", command.id, MOST_DELIVERIES)
        return True

    async def _rows(
        self, now: datetime, kinds: Some[CommandKind] | None, first: int, passed: Sequence[str]
    ) -> list[_Seen]:
        where: Document = {"next_command": {"$lte": naive(now)}}
        if kinds is not None:
            whole = Scope.marketplace()
            pending = CommandStatus.PENDING
            where["keys"] = {"$in": [key(whole, "command", f"{kind}:{pending}") for kind in kinds]}
        if passed:
            where["_id"] = {"$nin": list(passed)}
        oldest = [("next_command", 1)]
        rows = await self._collection.find(where, _FIELDS, sort=oldest, limit=max(first, _AT_LEAST)).to_list()
        return [_Seen.of(row) for row in rows]

    async def _read(self, order_id: str) -> _Seen:
        row = await self._collection.find_one({"_id": order_id}, _FIELDS)
        if row is None:
            raise OrderNotFound(order_id)
        return _Seen.of(row)

    @property
    def _collection(self) -> Collection:
        return self.orders.database.collection("orders")


def _oldest(
    rows: Sequence[_Seen], now: datetime, kinds: Some[CommandKind] | None, first: int
) -> list[tuple[_Seen, list[Command]]]:
    """Each order with those of its commands that are among the `first` oldest due of all; those of which
    nothing is due come with none.
    """
    due = {row.order.id: row.due(now, kinds) for row in rows}
    asks = {command.id: row.order.asks for row in rows for command in due[row.order.id]}
    every = [command for commands in due.values() for command in commands]
    chosen = {each.id for each in sorted(every, key=lambda each: due_at(each, asks[each.id]))[:first]}
    found = [(row, [each for each in due[row.order.id] if each.id in chosen]) for row in rows]
    return [(row, commands) for row, commands in found if commands or not due[row.order.id]]


def _tired(order: Order, commands: Sequence[Command]) -> list[Command]:
    """Those that were given out as often as a command is."""
    return [
        each
        for each in commands
        if each.id in order.asks and order.asks[each.id].deliveries >= MOST_DELIVERIES
    ]


def _next(seen: _Seen, order: Order) -> datetime | None:
    """When the order has to be looked at next."""
    return min((due_at(each, order.asks) for each in seen.pending), default=None)


def _asked(order: Order, asks: dict[str, Ask]) -> Order:
    return replace(order, asks={**order.asks, **asks})


def _decide(command_id: str, order: Order, now: datetime) -> _GivenUp:
    return _GivenUp(give_up_command(process_of(order), order, command_id, now))
