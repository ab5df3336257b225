"""What becomes of the rows of one chunk: all rows of an order in turn, its orders at the same time.

Checking writes nothing. Applying writes the rows of an order together, under a key that stays the same
however often it is repeated, so that who was killed in between finds the answer that was not noted.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
"""Rows of one order that are written together; more until there is something to write."""

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
    """The order is not any more as it was looked at."""


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
    told = [found[each.number] for each in items]
    return [result_in(_checked(each) if at.state is ImportState.CHECKING else each) for each in told]


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
        done: list[RowResult] = []
        try:
            found, past = await self._find(order, there)
            if found is None:
                return not_there(rows)
            while left := rows[len(done) :]:
                done += await self._first(found.id, left, past)
        except DatabaseUnavailable:
            raise
        except FAILURES as failure:
            done += _all_refused(rows[len(done) :], from_failure(failure))
        except Exception:
            logger.exception("Import %s: rows from %d on failed.", self.at.id, rows[len(done)].number)
            message = "Something went wrong on the server. Its log tells more under this import's id."
            done += _all_refused(rows[len(done) :], Busy(message=message, path=[]))
        return done

    async def _find(self, order: str, there: Mapping[str, Named]) -> tuple[Order | None, list[Entry]]:
        """The order if the viewer sees anything in it, and what has happened to it."""
        if self.kind.find(order).reference != order:
            found = await find_order(self.viewer, self.kind.find(order))
            return found, list(await known(self.viewer, found.id)) if found else []
        if order not in there or not seen_by(self.viewer, there[order].order()).units:
            return None, []
        return there[order].order(), await there[order].history()

    async def _first(self, order_id: str, left: Sequence[Row], past: list[Entry]) -> Sequence[RowResult]:
        """What becomes of the first of these rows, or of all; what that adds to the past is added to it."""
        for _ in range(_TRIES):
            try:
                if self.at.state is ImportState.CHECKING:
                    return (await self._in_turns(order_id, left, past, len(left)))[1].results
                changed = await self._change(order_id, left, past)
            except _Moved:  # whoever moved it may have done what the rows say
                past[:] = await known(self.viewer, order_id)
                continue
            if changed.decision is None:
                assert changed.replayed is not None, "either it was decided, or it was before"
                return [result_out(stored) for stored in changed.replayed["results"]]
            past += changed.decision.outcome.entries
            return changed.decision.results
        raise TooBusy(order_id)

    async def _change(self, order_id: str, left: Sequence[Row], past: Sequence[Entry]) -> Changed[Decided]:
        """Write what the first of these rows lead to, unless it was written before. Raises _Moved."""
        orders, key = self.services.orders, self._key(left)
        if len(left) <= _FEW:
            return await orders.change(order_id, partial(self._decided, left, past), key=key, reply=_reply)
        looked, decided = await self._in_turns(order_id, left, past, SLICE)
        return await orders.change(order_id, _Found(looked, decided).decide, key=key, reply=_reply)

    async def _look(self, order_id: str) -> _Read:
        # By the way of changes, because only those read what is in stock together with the order.
        changed = await self.services.orders.change(order_id, lambda order, now: _Read(Outcome(order), now))
        assert changed.decision is not None, "without a key nothing is answered again"
        return changed.decision

    async def _in_turns(
        self, order_id: str, rows: Sequence[Row], past: Sequence[Entry], enough: int
    ) -> tuple[Order, Decided]:
        """The order as it is, and what `decide` says to the rows, found out a few at a time: a row of an
        order with hundreds of lines takes milliseconds, and others are to be answered meanwhile.

        After `enough` rows it ends where something is to be written. What writes nothing is remembered
        nowhere but with what follows it: decided again after that, it might end otherwise. Raises _Moved.
        """
        looked = await self._look(order_id)
        order, entries, found = looked.outcome.order, list[Entry](), list[RowResult]()
        step = max(1, min(_FEW, _WORK // len(order.lines)))
        for start in range(0, len(rows), step):
            if start >= enough and entries:
                break
            decided = self._decided(rows[start : start + step], [*past, *entries], order, looked.now)
            order = decided.outcome.order
            entries += decided.outcome.entries
            found += decided.results
            await asyncio.sleep(0)
        return looked.outcome.order, Decided(Outcome(order, tuple(entries)), tuple(found))

    def _decided(self, some: Sequence[Row], past: Sequence[Entry], order: Order, now: datetime) -> Decided:
        if past[-1].seq < order.seq:
            raise _Moved
        return decide(self.kind, seen_by(self.viewer, order), some, past, now)

    def _key(self, left: Sequence[Row]) -> CommandKey:
        content = orjson.dumps([[row.number, row.values] for row in left], option=orjson.OPT_SORT_KEYS)
        key = f"{self.at.id}:{left[0].number}"
        return CommandKey(asker(self.viewer.principal), OPERATION, key, sha256(content).hexdigest())


def _checked(result: RowResult) -> RowResult:
    """What is said of a row that was decided and not applied."""
    applied = result.outcome is RowOutcome.APPLIED
    return replace(result, outcome=RowOutcome.APPLICABLE) if applied else result


def _reply(decided: Decided) -> Document:
    return {"results": [result_in(result) for result in decided.results]}


def _all_refused(rows: Sequence[Row], error: OrderError) -> list[RowResult]:
    return [RowResult(row.number, RowOutcome.REFUSED, error.message, error.code.name) for row in rows]
