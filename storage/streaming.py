"""All orders of a list, a few at a time, for whoever wants the whole of it and not a page.

It walks along the list's own time in stretches that hold about as many orders as are read at once. So nothing
is sorted but what is read, no cursor is held open while a reader is slow, and a server that reads on after a
limit reads one stretch and not the whole list.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.order import Entry, Order
from storage import history
from storage.client import ASCENDING, DESCENDING, Database, Document
from storage.clock import Clock
from storage.documents import FIELDS, from_document
from storage.lists import NEWEST_FIRST, OrderBy, Where, both, order_filter, sort_field, sorted_by
from storage.scope import Scope
from storage.values import naive, naive_or_none

SIZE = 100
"""How many orders are in memory at a time."""

_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - naive UTC, as in the database
"""Before this is one stretch."""

_FIRST, _LEAST = timedelta(seconds=1), timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Stored:
    """An order as it was when it was read, and its whole history where that was asked for."""

    order: Order
    history: tuple[Entry, ...] = ()


async def stream(
    database: Database,
    clock: Clock,
    scope: Scope,
    where: Where,
    order_by: OrderBy,
    *,
    with_history: bool = False,
) -> AsyncGenerator[list[Stored], None]:
    """Give all orders of a list in its order, at most `SIZE` at a time.

    Sorted by when they were placed, each order comes once, whatever happens meanwhile. Sorted by when they
    changed, one that changes meanwhile comes again at its new place, or no more if that is passed already.
    """
    field = sort_field(scope, order_by)
    down = order_by in NEWEST_FIRST
    where, low, high = _bounds(where, placed=field == "placed_at")
    walk = _Walk(field, down, low, high, naive(await clock.now()))
    direction = DESCENDING if down else ASCENDING
    more = {"history": 1, "archived": 1} if with_history else {}
    conditions = [order_filter(scope, where), scope.order_filter()]
    while not walk.over:
        found = await (
            database.collection("orders")
            .find(
                both(walk.filter(), *conditions),
                {**FIELDS, "own": 1, **more},
                sort=[(field, direction), ("_id", direction)],
                limit=SIZE + 1,
            )
            .to_list()
        )
        if found:
            yield [await _stored(database, row, with_history=with_history) for row in found[:SIZE]]
        walk.goes_on([(sorted_by(row, field), row["_id"]) for row in found])


async def _stored(database: Database, row: Document, *, with_history: bool) -> Stored:
    entries = await history.of(database, row) if with_history else ()
    return Stored(from_document(row), tuple(entries))


def _bounds(where: Where, *, placed: bool) -> tuple[Where, datetime | None, datetime | None]:
    """What is looked for without the times that the walk keeps to by itself, and these."""
    if placed:
        low, high = where.placed_after, where.placed_before
        where = replace(where, placed_after=None, placed_before=None)
    else:
        low, high = where.changed_after, where.changed_before
        where = replace(where, changed_after=None, changed_before=None)
    return where, naive_or_none(low), naive_or_none(high)


class _Walk:
    """Where the walk is: the stretch that is read next, or what is left of one very moment.

    SecantusDB 0.7 looks into no index for a filter that joins time and id by `$or`, and loses what is just at
    the end of a `$gte` that an index of several fields serves: so there is neither.
    """

    def __init__(
        self, field: str, down: bool, low: datetime | None, high: datetime | None, now: datetime
    ) -> None:
        self.over = False
        self._field, self._down = field, down
        # Where stretches are counted from and to. What lies beyond belongs to the first and to the last.
        lowest, highest = max(low or _LONG_AGO, _LONG_AGO), min(high or now, now)
        self._edge, self._end = (highest, lowest) if down else (lowest, highest)
        self._span = _FIRST
        above, below = {"$lt": high} if high else {}, _since(low) if low else {}
        self._near, self._last = (above, below) if down else (below, above)
        self._moment: tuple[datetime, str] | None = None

    def filter(self) -> Document:
        """The filter for what is read next."""
        if self._moment:
            at, order_id = self._moment
            return {self._field: at, "_id": {"$lt" if self._down else "$gt": order_id}}
        far = self._far
        if far is None:
            bounds = self._near | self._last
        else:
            bounds = self._near | (_since(far) if self._down else {"$lt": far})
        return {self._field: bounds} if bounds else {}

    def goes_on(self, found: list[tuple[datetime, str]]) -> None:
        """Say what was read, one order more than is taken where there was more. After a full stretch the next
        is as long as what was taken; else it begins where that one ended, longer if there was little.
        """
        if len(found) > SIZE:
            (first, _), (at, order_id), (beyond, _) = found[0], found[SIZE - 1], found[SIZE]
            self._moment = (at, order_id) if beyond == at else None
            self._span = max(abs(first - at), _LEAST)
            self._near, self._edge = {"$lt" if self._down else "$gt": at}, at
        elif self._moment:
            self._moment = None
        elif (far := self._far) is None:
            self.over = True
        else:
            self._near, self._edge = {"$lt": far} if self._down else _since(far), far
            if len(found) < SIZE // 2:
                self._span *= 2 if found else 4

    @property
    def _far(self) -> datetime | None:
        """Where the stretch ends; None: it is the last."""
        left = self._edge - self._end if self._down else self._end - self._edge
        if left <= self._span:
            return None
        return self._edge - self._span if self._down else self._edge + self._span


def _since(at: datetime) -> Document:
    """At this time or later; times have milliseconds, and nothing was placed in the year 1."""
    return {"$gt": at - _LEAST} if at.year > 1 else {}
