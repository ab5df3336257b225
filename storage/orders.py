"""Orders in the database: place, find, change, list. One order is one document, one change is one write.

How each is done stands in files of their own; what a change means stands in the domain.
Design: storage, "One order, one document, one write".
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from structlog.contextvars import bound_contextvars

from domain.actors import Actor
from domain.order import Entry, Order
from domain.process import Process
from domain.stocking import Key
from storage import history, idempotency, ids, lists, placing, streaming, timers
from storage.changing import Change, Changed, D, Decision, no_more
from storage.client import Collection, Database, Document
from storage.clock import Clock
from storage.documents import FIELDS, from_document
from storage.idempotency import CommandKey
from storage.keys import key as find_key
from storage.lists import OrderBy, Page, Where
from storage.placing import Placed
from storage.scope import Scope, ScopeKind
from storage.streaming import Stored
from storage.timers import Stuck

__all__ = ["Changed", "CommandKey", "Decision", "OrderBy", "Orders", "Page", "Placed", "Stuck", "Where"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of one database. `wake` is called after every write, with the order's id, so that its events
    go out at once; `freed` is set after those that made stock available.
    """

    database: Database
    clock: Clock
    wake: Callable[[str], None]
    freed: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)

    async def place(self, order: Order, process: Process, actor: Actor, key: CommandKey | None) -> Placed:
        """Store a new order and start its machines. Ids, reference, version and times of it are made here.

        The same key again returns the order placed before. Raises IdempotencyConflict and
        ExternalReferenceTaken.
        """
        placed = await placing.place(self.database, self.clock, order, process, actor, key)
        if not placed.replayed:
            self.wake(placed.order.id)
        return placed

    async def find(
        self,
        scope: Scope,
        *,
        id: str | None = None,
        reference: str | None = None,
        external_reference: str | None = None,
        channel: str | None = None,
    ) -> Order | None:
        """Return the one order so named, or None when this scope holds none.

        A merchant may name it by its merchant order's id or reference as well. An external reference is
        unique in its channel only; without a channel the newest answers.
        """
        if id is not None:
            order = await self._one(scope, {"_id": id})
            if order is not None or scope.kind is not ScopeKind.MERCHANT:
                return order
            # Two plain look-ups: each is one step in an index, which `$or` is not on every server.
            return await self._one(scope, {"keys": find_key(scope, "id", id)})
        if reference is not None:
            return await self._one(scope, lists.order_filter(scope, Where(reference=reference)))
        if external_reference is not None:
            named: Document = {"keys": find_key(Scope.marketplace(), "external", external_reference)}
            return await self._one(scope, named | ({} if channel is None else {"channel": channel}))
        raise ValueError("Name the order by its id, its reference or its external reference.")

    async def change(
        self,
        order_id: str,
        decide: Callable[[Order, datetime], D],
        *,
        key: CommandKey | None = None,
        expected_version: int | None = None,
        reply: Callable[[D], Document] | None = None,
        only_if_due: bool = False,
        more_stock: Callable[[Order], Iterable[Key]] = no_more,
    ) -> Changed[D]:
        """Read, decide, write if nobody was faster, else decide again: `decide` is pure and may run often.

        A key that was carried out before is answered with its stored reply. `only_if_due` writes only once
        the database's own clock has reached the deadlines that `now` makes due. `more_stock` names, by
        (merchant id, SKU), what the change may bring into the order: of that, as of the order's own SKUs,
        `decide` finds in `shelf` what is available. Raises OrderNotFound, VersionConflict,
        IdempotencyConflict, NotDue, TooBusy, and OutcomeUnknown when reading back what became of a write
        fails as well.
        """
        command = key.id if key else ids.command_id()
        change = Change(
            self.database,
            self.clock,
            order_id,
            command,
            decide,
            key,
            expected_version,
            reply,
            only_if_due,
            more_stock,
        )
        with bound_contextvars(order=order_id):  # whatever is logged on the way names it
            return await self._carry_out(change)

    async def _carry_out(self, change: Change[D]) -> Changed[D]:
        changed = await change.carry_out()
        if change.written is not None:
            self.wake(changed.order.id)
            if change.freed:
                self.freed.set()
            await self._tidy(change.written, changed.order)
        return changed

    async def page(
        self,
        scope: Scope,
        where: Where,
        order_by: OrderBy = OrderBy.PLACED_AT_DESC,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Page:
        """Return one page of a list; see `lists.page`."""
        return await lists.page(
            self.database, scope, where, order_by, first=first, after=after, last=last, before=before
        )

    def stream(
        self, scope: Scope, where: Where, order_by: OrderBy, *, with_history: bool = False
    ) -> AsyncGenerator[list[Stored], None]:
        """Give all orders of a list, a few at a time; see `streaming.stream`."""
        return streaming.stream(self.database, self.clock, scope, where, order_by, with_history=with_history)

    async def count(self, scope: Scope, where: Where) -> int:
        """Return how many orders a list has in all."""
        return await lists.count(self.database, scope, where)

    async def history(self, order_id: str, after_seq: int, first: int) -> list[Entry]:
        """Return up to `first` entries of the history that follow `after_seq`, oldest first."""
        return await history.read(self.database, order_id, after_seq, first)

    async def stuck(self, first: int = 100) -> list[Stuck]:
        """Return the deadlines that are overdue by more than a minute, longest overdue first."""
        return await timers.stuck(self._orders, await self.clock.now(), first)

    async def note_failure(self, order_id: str, deadline_id: str, message: str, next_try: datetime) -> None:
        """Record that a deadline's move failed, and let `next_deadline` wait until `next_try` for it."""
        await timers.note_failure(self._orders, order_id, deadline_id, message, next_try)

    async def _one(self, scope: Scope, where: Document) -> Order | None:
        newest = [("placed_at", -1), ("_id", -1)]
        stored = await self._orders.find_one(lists.both(where, scope.order_filter()), FIELDS, sort=newest)
        return None if stored is None else from_document(stored)

    @property
    def _orders(self) -> Collection:
        return self.database.collection("orders")

    async def _tidy(self, stored: Document, after: Order) -> None:
        """Keep the document small. What fails here is done after a later change."""
        try:
            if history.embedded(stored, after.seq) > history.EMBEDDED:
                await history.shorten(self.database, after.id)
            if after.version % 50 == 0:
                await idempotency.drop_old(self._orders, after.id, after.changed_at)
        except Exception:  # the change itself is written, and must not look as if it were not
            log.warning("Order %s keeps its old history until its next change.", after.id, exc_info=True)
