"""A row of a merchant's file: an event on its lines or merchant order, with what came along. Pure.

Source: design, API, "Integrators"; process marketplace-merchant, "Triggers".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.actors import Party
from domain.order import Input, Unit, Value
from domain.outcome import Intent
from domain.process import Move, UnitKind
from graph.errors import GuardFailed, InputMissing, OrderError
from graph.imports import texts
from graph.imports.answers import RowAnswer, already, applied, refused, unknown, unreadable
from graph.imports.events import event_in, event_named
from graph.imports.invoice_rows import add_invoice, update_tracking
from graph.imports.past import Past
from graph.imports.rows import Row, RowProblem
from graph.mutations.lines import Meant, fire, intent_on, listed, lists, meant_by
from graph.mutations.units import answering
from graph.seen import Seen
from graph.types.ids import LINE, decode_as
from graph.types.mutation_names import mutation_of
from graph.types.selector import OrderSelector

COLUMNS = (
    "order_reference",
    "line_id",
    "sku",
    "event",
    "at",
    "carrier",
    "tracking_number",
    "expected_delivery",
    "reason",
    "invoice_number",
    "invoice_value",
    "invoice_key",
    "invoice_url",
)
REQUIRED = ("order_reference", "event")

_TEXTS = {"carrier": 200, "tracking_number": 200, "reason": 1000}
_COLUMNS = {"delivered_on": "at"}
"""The columns that are not called as what they say."""
_INVOICES = tuple(column for column in COLUMNS if column.startswith("invoice_"))
_WITH_INVOICES = ("invoice", "update_tracking")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Read:
    """What a row says: `reference` as it names the order, `said` by the domain's names."""

    reference: str
    line_id: str | None
    sku: str | None
    event: str
    at: datetime | None
    said: Input


def order_of(values: texts.Texts) -> str:
    """Return the reference of the order that a row is about. Raises RowProblem for what cannot be read."""
    _read(values)
    return texts.order_reference(values)


def selector(order: str) -> OrderSelector:
    """Return how a row's order is found."""
    return OrderSelector(reference=order)


def decide_row(seen: Seen, row: Row, past: Past, now: datetime) -> RowAnswer:
    """Decide one row on the order as it is after the rows before it; all of the row or nothing of it."""
    try:
        read = _read(row.values)
        references = {seen.order.reference, *(theirs.reference for theirs in seen.merchant_orders)}
        if read.reference not in references:
            return unknown(row, seen.order, "order", "order_reference")
        event = event_in(seen.process, read.event)
        if event not in _WITH_INVOICES:
            _without(row, _INVOICES, event)
        elif seen.process.unit is UnitKind.MERCHANT_ORDER:
            _whole(read)
            if event == "invoice":
                return add_invoice(seen, row, read.at, read.said, now)
            return update_tracking(seen, row, read.at, read.said, now, delivered=read.event == "deliver")
        return _fire(seen, row, read, event, past, now)
    except RowProblem as problem:
        return unreadable(row, seen.order, problem)


def _read(values: texts.Texts) -> _Read:
    said: dict[str, Value] = {}
    for column, most in _TEXTS.items():
        if found := texts.text(values, column, most):
            said[column] = found
    if (expected := texts.day(values, "expected_delivery")) is not None:
        said["expected_delivery"] = expected
    for column in ("event", "line_id", "sku", *_INVOICES):
        texts.text(values, column, _LONGEST if column != "invoice_url" else 2000)
    if "line_id" in values and "sku" in values:
        raise RowProblem("Name a line by its id or by its SKU, not by both.", "sku")
    return _Read(
        texts.needed(values, "order_reference").upper(),
        values.get("line_id"),
        values.get("sku"),
        event_named(texts.needed(values, "event")),
        texts.moment(values, "at"),
        said,
    )


def _whole(read: _Read) -> None:
    """Merchant orders move as a whole: what names a line might mean less than it does."""
    for column, named in (("line_id", read.line_id), ("sku", read.sku)):
        if named is not None:
            raise RowProblem(f"The lines of this order move together; leave {column} empty.", column)


def _without(row: Row, columns: Sequence[str], event: str) -> None:
    for column in columns:
        if column in row.values:
            raise RowProblem(f"{event} takes no {column}.", column)


def _fire(seen: Seen, row: Row, read: _Read, event: str, past: Past, now: datetime) -> RowAnswer:
    if seen.process.unit is UnitKind.MERCHANT_ORDER:
        _whole(read)
    named = _named(seen, read)
    if not named:
        what, column = ("line", "line_id" if read.line_id else "sku")
        return unknown(row, seen.order, what, column)

    def party(unit: Unit) -> Party:
        return answering(seen, unit, event)

    moves = [move for unit in named if (move := listed(seen, unit, party(unit), event))]
    said = _along(seen, event, moves, read)
    new = [unit for unit in named if not past.has(unit.id, event, seen.viewer.role, said)]
    can = [unit for unit in new if lists(seen, unit, party(unit), event)]
    if len(new) < len(named) and not can:
        return already(row, seen.order)

    def intent(meant: Meant) -> Intent:
        return intent_on(seen, meant, event, party(meant.unit), said)

    decision = fire(seen, [meant_by(unit) for unit in can or new], intent, now)
    for unit_id in decision.outcome.already:
        if other := past.otherwise(unit_id, event, seen.viewer.role, said):
            columns = [_COLUMNS.get(name, name) for name in other]
            return refused(row, seen.order, _done_otherwise(event, columns), columns[0])
    if not decision.errors:
        return applied(row, decision.outcome)
    error = decision.errors[0]
    missing = next(_missing(moves, said), None) if isinstance(error, InputMissing) else None
    return refused(row, seen.order, error, missing)


def _named(seen: Seen, read: _Read) -> Sequence[Unit]:
    """The units that the row means: the line or lines that it names, else all of the viewer's."""
    if read.line_id is not None:
        local = decode_as(LINE, read.line_id)
        return [line for line in seen.lines if line.id == local]
    if read.sku is not None:
        return [line for line in seen.lines if line.sku == read.sku]
    return seen.units


def _along(seen: Seen, event: str, moves: Sequence[Move], read: _Read) -> Input:
    """What goes along with the event. Raises RowProblem for what nothing that it could move takes."""
    taken = {name for move in moves for name in (*move.needs, *move.takes)}
    if more := taken - {"reason", "delivered_on", *_TEXTS, "expected_delivery"}:
        instead = mutation_of(seen.process, event)
        sentence = f"{event} takes more than a row can say ({', '.join(sorted(more))}); use {instead}."
        raise RowProblem(sentence, "event")
    said = dict(read.said)
    if moves:
        for name in said:
            if name not in taken:
                raise RowProblem(f"{event} takes no {name}.", name)
    if read.at is not None and (event == "deliver" or "delivered_on" in taken):
        said["delivered_on"] = read.at.date()
    return said


def _done_otherwise(event: str, columns: Sequence[str]) -> OrderError:
    """Two reports of one event that contradict: to take the second for the first would lose what it says."""
    sentence = f"{event} was done already, and not with this {' and '.join(columns)}; nothing was changed."
    return GuardFailed(message=sentence, path=[], rule="done_otherwise", state=None, event=event)


def _missing(moves: Sequence[Move], said: Input) -> Iterator[str]:
    for move in moves:
        yield from (_COLUMNS.get(name, name) for name in move.needs if name not in said)
