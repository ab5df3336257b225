"""What becomes of the rows of one chunk: all rows of an order in turn, its orders at the same time.

Checking writes nothing. Applying writes the rows of an order together, under a key that stays the same
however often it is repeated, so that who was killed in between finds the answer that was not noted.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import groupby

import orjson

from domain.actors import Role
from domain.order import Entry, Order
from domain.outcome import Outcome
from graph.auth import Principal
from graph.context import Context
from graph.errors import Busy, OrderError
from graph.idempotency import asker
from graph.imports.deciding import Decided, decide, known, not_there
from graph.imports.kinds import KINDS, ImportKind, Kind
from graph.imports.rows import Row, RowOutcome, RowResult
from graph.imports.stored import item_out, result_in, result_out
from graph.lookup import find_order
from graph.mutations.why_not import FAILURES, from_failure
from graph.seen import seen_by
from graph.services import Services
from graph.viewer import Viewer, viewer_of
from storage.client import DatabaseUnavailable, Document
from storage.errors import TooBusy
from storage.imports import Chunk, Import, ImportState
from storage.named import Named, by_references
from storage.orders import Changed, CommandKey

logger = logging.getLogger(__name__)

LOOKED_UP = 16
"""Orders that are looked up together."""

SLICE = 200
"""Rows of one order that are written together."""

OPERATION = "import"
"""The operation of the keys."""

_FEW = 20
"""Rows that are decided without a pause, of a short order; so many times lines in all of a long one."""
_WORK = 2_000
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Read:
    """The order as it is, with what is in stock, and the time; nothing to be written."""

    outcome: Outcome
    now: datetime


class _Moved(Exception):
    """The order is not any more what was decided on."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found out about an order, as long as it is as it was."""

    order: Order
    decided: Decided

    def decide(self, order: Order, _: datetime) -> Decided:
        if order != self.order:
            raise _Moved
        return self.decided


async def results(services: Services, at: Import, chunk: Chunk, turns: asyncio.Semaphore) -> list[Document]:
    """Check or apply the rows of a chunk; returns what became of each, in their order, as it is stored.

    Each order waits for one of the `turns`. Raises DatabaseUnavailable, and may then be repeated.
    """
    work = _Work(services, at, KINDS[ImportKind(at.kind)], viewer_for(services, at))
    items = [item_out(stored) for stored in chunk.rows]
    found = {each.number: each for each in items if isinstance(each, RowResult)}
    rows = [each for each in items if isinstance(each, Row)]

    async def of_order(order: str, rows: Sequence[Row], there: Mapping[str, Named]) -> None:
        async with turns:
            found.update((result.number, result) for result in await work.of_order(order, rows, there))

    orders = [(order, list(theirs)) for order, theirs in groupby(rows, key=lambda row: row.order)]
    for start in range(0, len(orders), LOOKED_UP):
        some = orders[start : start + LOOKED_UP]
        there = await work.named([order for order, _ in some])
        try:
            async with asyncio.TaskGroup() as group:
                for order, theirs in some:
                    group.create_task(of_order(order, theirs, there))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # whatever is not the database's is an answer
    return [result_in(found[each.number]) for each in items]


def viewer_for(services: Services, at: Import) -> Viewer:
    """Whoever started the import, as the token said then."""
    who = at.principal
    principal = Principal(
        sub=who["sub"],
        role=Role(who["role"]),
        merchant_id=who["merchant_id"],
        customer_id=None,
        issued_at=at.started_at,
        expires_at=datetime.max.replace(tzinfo=UTC),
        token_id=None,
    )
    return viewer_of(Context(services=services, request_id=at.id, principal=principal))


@dataclass(frozen=True, slots=True)
class _Work:
    services: Services
    at: Import
    kind: Kind
    viewer: Viewer

    async def named(self, orders: Sequence[str]) -> Mapping[str, Named]:
        """Those of the orders that are there, of those that are named by their references."""
        references = [order for order in orders if self.kind.find(order).reference == order]
        return await by_references(self.services.orders.database, self.viewer.scope, references)

    async def of_order(
        self, order: str, rows: Sequence[Row], there: Mapping[str, Named]
    ) -> Sequence[RowResult]:
        """What becomes of all rows of one order. Raises nothing but DatabaseUnavailable: one order that fails
        holds up no other.
        """
        try:
            found, past = await self._find(order, there)
            if found is None:
                return not_there(rows)
            if self.at.state is ImportState.CHECKING:
                return await self._check(found.id, rows, past)
            return await self._apply(found.id, rows, past)
        except DatabaseUnavailable:
            raise
        except FAILURES as failure:
            return _all_refused(rows, from_failure(failure))
        except Exception:
            logger.exception("Import %s: rows from %d on failed.", self.at.id, rows[0].number)
            message = "Something went wrong on the server. Its log tells more under this import's id."
            return _all_refused(rows, Busy(message=message, path=[]))

    async def _find(self, order: str, there: Mapping[str, Named]) -> tuple[Order | None, list[Entry]]:
        """The order if the viewer sees anything in it, and what has happened to it."""
        if self.kind.find(order).reference != order:
            found = await find_order(self.viewer, self.kind.find(order))
            return found, list(await known(self.viewer, found.id)) if found else []
        if order not in there or not seen_by(self.viewer, there[order].order()).units:
            return None, []
        return there[order].order(), await there[order].history()

    async def _check(self, order_id: str, rows: Sequence[Row], past: list[Entry]) -> Sequence[RowResult]:
        looked = await self._look(order_id)
        return (await self._in_turns(looked, rows, past)).results

    async def _apply(self, order_id: str, rows: Sequence[Row], past: list[Entry]) -> list[RowResult]:
        applied: list[RowResult] = []
        for start in range(0, len(rows), SLICE):
            some = rows[start : start + SLICE]
            changed = await self._change(order_id, some, past)
            if changed.decision is None:
                assert changed.replayed is not None, "either it was decided, or it was before"
                applied += map(result_out, changed.replayed["results"])
            else:
                past += changed.decision.outcome.entries
                applied += changed.decision.results
        return applied

    async def _change(self, order_id: str, some: Sequence[Row], past: Sequence[Entry]) -> Changed[Decided]:
        """Write what these rows lead to, unless it was written before."""
        orders, key = self.services.orders, self._key(some)
        if len(some) <= _FEW:
            decided = partial(self._decided, some, past)
            return await orders.change(order_id, decided, key=key, reply=_reply)
        for _ in range(_TRIES):
            looked = await self._look(order_id)
            found = _Found(looked.outcome.order, await self._in_turns(looked, some, past))
            try:
                return await orders.change(order_id, found.decide, key=key, reply=_reply)
            except _Moved:
                continue
        raise TooBusy(order_id)

    async def _look(self, order_id: str) -> _Read:
        # By the way of changes, because only those read what is in stock together with the order.
        changed = await self.services.orders.change(order_id, lambda order, now: _Read(Outcome(order), now))
        assert changed.decision is not None, "without a key nothing is answered again"
        return changed.decision

    async def _in_turns(self, looked: _Read, rows: Sequence[Row], past: Sequence[Entry]) -> Decided:
        """What `decide` says to all the rows, found out a few at a time: a row of an order with hundreds of
        lines takes milliseconds, and others are to be answered meanwhile.
        """
        order, entries, found = looked.outcome.order, list[Entry](), list[RowResult]()
        step = max(1, min(_FEW, _WORK // len(order.lines)))
        for start in range(0, len(rows), step):
            decided = self._decided(rows[start : start + step], [*past, *entries], order, looked.now)
            order = decided.outcome.order
            entries += decided.outcome.entries
            found += decided.results
            await asyncio.sleep(0)
        return Decided(Outcome(order, tuple(entries)), tuple(found))

    def _decided(self, some: Sequence[Row], past: Sequence[Entry], order: Order, now: datetime) -> Decided:
        return decide(self.kind, seen_by(self.viewer, order), some, past, now)

    def _key(self, some: Sequence[Row]) -> CommandKey:
        content = orjson.dumps([[row.number, row.values] for row in some], option=orjson.OPT_SORT_KEYS)
        key = f"{self.at.id}:{some[0].number}"
        return CommandKey(asker(self.viewer.principal), OPERATION, key, sha256(content).hexdigest())


def _reply(decided: Decided) -> Document:
    return {"results": [result_in(result) for result in decided.results]}


def _all_refused(rows: Sequence[Row], error: OrderError) -> list[RowResult]:
    return [RowResult(row.number, RowOutcome.REFUSED, error.message, error.code.name) for row in rows]
