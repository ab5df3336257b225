"""Rows of imports in tests: decided and written on the orders of an `Api` as the import's worker does it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from domain.order import Order
from graph.auth import Principal
from graph.context import Context, new_request_id
from graph.imports.deciding import Decided, decide, known, not_there
from graph.imports.kinds import Kind
from graph.imports.rows import Row, RowProblem, RowResult, invalid_row
from graph.lookup import find_order
from graph.seen import seen_by
from graph.viewer import Viewer, viewer_of
from tests.acting import Api


def viewer(api: Api, who: Principal) -> Viewer:
    """Somebody who looks at orders."""
    return viewer_of(Context(services=api.services, request_id=new_request_id(), principal=who))


async def imported(api: Api, who: Principal, kind: Kind, *rows: Mapping[str, str]) -> list[RowResult]:
    """Import rows, the first of which is row 2; returns what became of each, in their order."""
    read = [_row(kind, number, values) for number, values in enumerate(rows, 2)]
    results = [each for each in read if isinstance(each, RowResult)]
    there = sorted((each for each in read if isinstance(each, Row)), key=lambda row: (row.order, row.number))
    for order, group in groupby(there, key=lambda row: row.order):
        results += await _of_order(viewer(api, who), kind, order, list(group))
    return sorted(results, key=lambda result: result.number)


async def _of_order(looking: Viewer, kind: Kind, order: str, rows: Sequence[Row]) -> Sequence[RowResult]:
    found = await find_order(looking, kind.find(order))
    if found is None:
        return not_there(rows)
    past = await known(looking, found.id)

    def decided(now_there: Order, now: datetime) -> Decided:
        return decide(kind, seen_by(looking, now_there), rows, past, now)

    changed = await looking.services.orders.change(found.id, decided)
    assert changed.decision is not None
    return changed.decision.results


def _row(kind: Kind, number: int, values: Mapping[str, str]) -> Row | RowResult:
    try:
        return Row(number, kind.columns.order_of(values), values)
    except RowProblem as problem:
        return invalid_row(number, str(problem), problem.column)
