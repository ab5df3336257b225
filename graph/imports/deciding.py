"""All rows of one order, decided one after another and put together to one change of it.

Design: API, "Integrators" (rows of one line apply in file order).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.order import Entry
from domain.outcome import Outcome
from graph.imports.kinds import Kind
from graph.imports.past import Past
from graph.imports.rows import Row, RowOutcome, RowResult
from graph.seen import Seen, seen_by
from graph.viewer import Viewer
from storage.history import WHOLE


@dataclass(frozen=True, slots=True)
class Decided:
    """What rows lead to together, and what is reported of each, in their order."""

    outcome: Outcome
    results: tuple[RowResult, ...]


async def known(viewer: Viewer, order_id: str) -> Sequence[Entry]:
    """Return what has happened on the order, by which `decide` knows rows that were applied before."""
    return await viewer.services.orders.history(order_id, 0, WHOLE)


def decide(kind: Kind, seen: Seen, rows: Sequence[Row], known: Sequence[Entry], now: datetime) -> Decided:
    """Decide the rows in turn, each on the order as the ones before have left it."""
    past = Past(known)
    entries: list[Entry] = []
    results: list[RowResult] = []
    for row in rows:
        answer = kind.decide_row(seen, row, past, now)
        results.append(answer.result)
        if answer.result.outcome is RowOutcome.APPLIED:
            entries += answer.outcome.entries
            past.add(answer.outcome.entries)
            seen = seen_by(seen.viewer, answer.outcome.order)
    return Decided(Outcome(seen.order, tuple(entries)), tuple(results))


def not_there(rows: Sequence[Row]) -> tuple[RowResult, ...]:
    """Report rows whose order does not exist for whoever imports."""
    return tuple(_not_there(row) for row in rows)


def _not_there(row: Row) -> RowResult:
    column = "external_reference" if "external_reference" in row.values else "order_reference"
    return RowResult(row.number, RowOutcome.REFUSED, "There is no such order.", "NOT_FOUND", column)
