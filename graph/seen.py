"""One order as one viewer sees it: which lines, which label, which actions, deadlines and history rows.

Everything that keeps viewers apart inside an order stands here; the types only show what this hands out.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from strawberry import ID

from domain.actors import Actor, Audience, Party, Role
from domain.engine import offers
from domain.order import Deadline, Entry, Line, MerchantOrder, Order, Unit
from domain.outcome import Offer
from domain.payments import dues
from domain.process import Process, UnitKind
from domain.processes import process_of
from domain.status import Status, status_of_merchant_order, status_of_order, status_of_unit
from graph.parties import hears, knows, reads_reason
from graph.types.ids import MERCHANT_ORDER, encode
from graph.viewer import Viewer
from storage.history import WHOLE
from storage.publication import masked, readers
from storage.scope import ScopeKind, part_changed_at, visible


@dataclass(slots=True)
class _Known:
    """What is found out once about an order, however many of its lines and parts ask: the history (by what
    its rows are about: a unit's id, or None), what can be done with a unit (by its id), what is due for a
    line (by its id).
    """

    history: asyncio.Future[Mapping[str | None, Sequence[Entry]]] | None = None
    offers: dict[str, tuple[Offer, ...]] = field(default_factory=dict[str, tuple[Offer, ...]])
    dues: Mapping[str, int] | None = None


@dataclass(slots=True)
class Seen:
    """An order through a viewer's eyes. With a `merchant_order` only that part of it is looked at."""

    viewer: Viewer
    order: Order
    process: Process
    merchant_order: MerchantOrder | None
    _known: _Known = field(default_factory=_Known, repr=False)

    @property
    def global_id(self) -> ID:
        """The id that the viewer reads on what it sees of the order."""
        if self.merchant_order is None:
            return encode(self.viewer.order_type, self.order.id)
        of_marketplace = self.viewer.role is Role.MARKETPLACE
        return encode(MERCHANT_ORDER if of_marketplace else self.viewer.order_type, self.merchant_order.id)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that exist for this viewer."""
        if self.merchant_order is not None:
            return self.order.lines_of(self.merchant_order)
        if self.viewer.role is Role.LOGISTICS:
            shown = {theirs.id for theirs in self.merchant_orders}
            return tuple(line for line in self.order.lines if line.merchant_order_id in shown)
        return self.order.lines

    @property
    def merchant_orders(self) -> tuple[MerchantOrder, ...]:
        """The merchant orders that exist for this viewer."""
        if self.merchant_order is not None:
            return (self.merchant_order,)
        if self.viewer.role is Role.LOGISTICS:
            return tuple(theirs for theirs in self.order.merchant_orders if visible(self.order, theirs))
        return self.order.merchant_orders

    @property
    def units(self) -> tuple[Unit, ...]:
        """What moves in this order and exists for this viewer."""
        return self.lines if self.process.unit is UnitKind.LINE else self.merchant_orders

    @property
    def parties(self) -> tuple[Party, ...]:
        """Whose machines the viewer follows."""
        if self.viewer.role is Role.MARKETPLACE:
            return tuple(Party)
        return self.process.follows(self.viewer.audience)

    @property
    def changed_at(self) -> datetime:
        """When what is seen last moved: for one merchant's part, what happens elsewhere does not count."""
        if self.merchant_order is None:
            return self.order.changed_at
        return part_changed_at(self.order, self.merchant_order, self.parties)

    def part(self, merchant_order: MerchantOrder) -> "Seen":
        """The same viewer looking at one merchant order only."""
        return replace(self, merchant_order=merchant_order)

    # What is read

    def status(self) -> Status | None:
        """What the viewer reads about the whole that it sees."""
        return self.status_for(self.viewer.audience)

    def status_for(self, audience: Audience) -> Status | None:
        """What an audience reads about the whole that this viewer sees."""
        parts = self.order.merchant_orders if self.merchant_order is None else (self.merchant_order,)
        if audience is Audience.MERCHANT_PORTAL and not any(visible(self.order, part) for part in parts):
            return None
        if self.merchant_order is not None:
            return status_of_merchant_order(self.process, self.order, self.merchant_order, audience)
        return status_of_order(self.process, self.order, audience)

    def status_of(self, line: Line) -> Status | None:
        """What the viewer reads about one line: where merchant orders move, what it reads about its own."""
        return self.status_of_line(line, self.viewer.audience)

    def status_of_line(self, line: Line, audience: Audience) -> Status | None:
        """What an audience reads about one line."""
        unit = self.unit_of(line)
        hidden = isinstance(unit, MerchantOrder) and not visible(self.order, unit)
        if audience is Audience.MERCHANT_PORTAL and hidden:
            return None
        return status_of_unit(self.process, self.order, unit, audience)

    def due(self, line: Line) -> int:
        """What is still to be paid for a line, in minor units; all of them come to what the order's is."""
        if self._known.dues is None:
            self._known.dues = dues(self.order, self.process.captures_later)
        return self._known.dues.get(line.id, 0)

    def unit_of(self, line: Line) -> Unit:
        """What moves with this line: the line itself, or its merchant order."""
        if self.process.unit is UnitKind.LINE:
            return line
        theirs = line.merchant_order_id and self.order.merchant_order(line.merchant_order_id)
        return theirs or line

    # What may happen

    async def actions(self, units: Iterable[Unit]) -> list[Offer]:
        """What the viewer could do here: possible if it is on any of these units, else the first reason."""
        now = await self.viewer.now()
        found: dict[tuple[str, Party], Offer] = {}
        for unit in units:
            for offer in self._offers(unit, now):
                known = found.get((offer.event, offer.party))
                if known is None or (known.refusal is not None and offer.refusal is None):
                    found[offer.event, offer.party] = offer
        return list(found.values())

    def _offers(self, unit: Unit, now: datetime) -> tuple[Offer, ...]:
        """What the viewer could do with one unit; finding out tries every event, so once is enough."""
        found = self._known.offers.get(unit.id)
        if found is None:
            found = offers(self.process, self.order, unit, self.viewer.actor, now)
            self._known.offers[unit.id] = found
        return found

    def deadlines(self, unit: Unit | None = None) -> list[Deadline]:
        """What the clock will do on the machines that the viewer follows, earliest first."""
        units = {each.id for each in ([unit] if unit else self.units)}
        found = [
            deadline
            for deadline in self.order.deadlines
            if deadline.unit in units and deadline.party in self.parties
        ]
        return sorted(found, key=lambda deadline: deadline.at)

    # What happened

    async def history(self, unit: Unit | None = None) -> Sequence[Entry]:
        """The rows that the viewer may read, oldest first; of one unit or of all it sees."""
        if self._known.history is None:
            self._known.history = asyncio.ensure_future(self._rows())
        rows = await asyncio.shield(self._known.history)  # other fields wait for it too
        return self._of_all(rows) if unit is None else rows.get(unit.id, ())

    def told(self, history: Iterable[Entry]) -> Sequence[Entry]:
        """The rows that the viewer may read, oldest first, where the order's whole history is at hand."""
        return self._of_all(self._readable(history))

    def _of_all(self, rows: Mapping[str | None, Sequence[Entry]]) -> Sequence[Entry]:
        units: set[str | None] = {each.id for each in (*self.lines, *self.merchant_orders)}
        if self.merchant_order is None:
            units.add(None)  # rows about the whole order
        return sorted((row for id in units for row in rows.get(id, ())), key=lambda row: row.seq)

    async def _rows(self) -> Mapping[str | None, Sequence[Entry]]:
        return self._readable(await self.viewer.services.orders.history(self.order.id, 0, WHOLE))

    def _readable(self, history: Iterable[Entry]) -> Mapping[str | None, Sequence[Entry]]:
        """All rows of the order that the viewer may read, by what they are about."""
        rows: dict[str | None, list[Entry]] = {}
        for entry in history:
            if self._told(entry):
                rows.setdefault(entry.unit, []).append(self._masked(entry))
        return rows

    def _told(self, entry: Entry) -> bool:
        """Whether this viewer learns of the entry: as its feed tells; integrations only of their machine."""
        heard = self.viewer.scope in readers(self.process, self.order, entry)
        return heard and hears(self.process, self.viewer.role, entry.party)

    def _masked(self, entry: Entry) -> Entry:
        """The entry without what is not for this viewer."""
        role, acted = self.viewer.role, entry.actor.role
        shown = masked(self.process, entry, self.viewer.audience)
        if not knows(role, acted):
            shown = replace(shown, actor=Actor("", acted))
        return shown if reads_reason(self.process, role, entry.event, acted) else replace(shown, reason=None)


def seen_by(viewer: Viewer, order: Order) -> Seen:
    """Look at an order; it must be in the viewer's scope, else this raises LookupError."""
    theirs = None
    if viewer.scope.kind is ScopeKind.MERCHANT:
        theirs = next(
            (m for m in order.merchant_orders if m.merchant_id == viewer.scope.id and visible(order, m)), None
        )
        if theirs is None:
            raise LookupError(f"Order {order.id} has no part of merchant {viewer.scope.id}")
    if viewer.scope.kind is ScopeKind.CUSTOMER and order.customer.id != viewer.scope.id:
        raise LookupError(f"Order {order.id} is not of customer {viewer.scope.id}")
    return Seen(viewer, order, process_of(order), theirs)
