"""Pages of orders: what to look for, in which order, and where the last page ended. Never skips rows.

A merchant's list looks at its own part of each order only (`keys`, `own`). Design: API, "Shape".
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from domain.actors import Party
from domain.commands import CommandKind, CommandStatus
from domain.order import Order, RefundStatus
from storage.client import ASCENDING, DESCENDING, Database, Document
from storage.documents import FIELDS, from_document
from storage.errors import CursorUnreadable
from storage.keys import key, words
from storage.scope import Scope, ScopeKind
from storage.values import aware, naive

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Document = {"_id": {"$in": []}}
_LAST = "\U0010ffff"
"""Sorts after whatever can follow the beginning of a word."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which orders; every field given must hold. Amounts are minor units, both ends included; of the times
    the earlier end is included and the later is not. `status` is a code in the viewer's own audience.
    `command` is one to the payment provider, of any kind where that is None; `problem` is "stock", "override"
    or "command".
    """

    status: str | None = None
    state: tuple[Party, str] | None = None
    merchant_id: str | None = None
    customer_id: str | None = None
    placed_after: datetime | None = None
    placed_before: datetime | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    total_min: int | None = None
    total_max: int | None = None
    sku: str | None = None
    tracking_number: str | None = None
    reference: str | None = None
    refund: RefundStatus | None = None
    invoice_number: str | None = None
    command: tuple[CommandKind | None, CommandStatus] | None = None
    problem: str | None = None
    search: str | None = None
    and_: tuple["Where", ...] = ()
    or_: tuple["Where", ...] = ()
    not_: "Where | None" = None


class OrderBy(StrEnum):
    """How a list is sorted; orders of the same instant by their ids."""

    PLACED_AT_DESC = "placed_at_desc"
    PLACED_AT_ASC = "placed_at_asc"
    CHANGED_AT_DESC = "changed_at_desc"
    CHANGED_AT_ASC = "changed_at_asc"


NEWEST_FIRST = frozenset({OrderBy.PLACED_AT_DESC, OrderBy.CHANGED_AT_DESC})


@dataclass(frozen=True, slots=True)
class Page:
    """Orders in the order asked for, each with the cursor that a next page may start at."""

    items: tuple[Order, ...]
    cursors: tuple[str, ...]
    has_next: bool
    has_previous: bool


async def page(
    database: Database,
    scope: Scope,
    where: Where,
    order_by: OrderBy,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page:
    """Return the `first` orders after a cursor or the `last` before one; exactly one of these is given.

    Raises CursorUnreadable for a cursor that is not of this sort order.
    """
    if (first is None) is (last is None):
        raise ValueError("A page is the first so many or the last so many.")
    backwards = first is None
    count = last if first is None else first
    assert count is not None
    field = sort_field(scope, order_by)
    down = order_by in NEWEST_FIRST
    conditions = [order_filter(scope, where), scope.order_filter()]
    if after is not None:
        conditions += _beyond(field, "lt" if down else "gt", _read_cursor(after, order_by))
    if before is not None:
        conditions += _beyond(field, "gt" if down else "lt", _read_cursor(before, order_by))
    direction = DESCENDING if down is not backwards else ASCENDING
    found = await (
        database.collection("orders")
        .find(
            both(*conditions),
            {**FIELDS, "own": 1},
            sort=[(field, direction), ("_id", direction)],
            limit=count + 1,
        )
        .to_list()
    )
    more = len(found) > count
    rows = found[:count][::-1] if backwards else found[:count]
    return Page(
        items=tuple(from_document(row) for row in rows),
        cursors=tuple(_cursor(order_by, sorted_by(row, field), row["_id"]) for row in rows),
        has_next=before is not None if backwards else more,
        has_previous=more if backwards else after is not None,
    )


async def count(database: Database, scope: Scope, where: Where) -> int:
    """Return how many orders a list has in all."""
    conditions = [order_filter(scope, where), scope.order_filter()]
    return await database.collection("orders").count_documents(both(*conditions))


def order_filter(scope: Scope, where: Where) -> Document:
    """Return the filter on the order collection for what is looked for, as this viewer sees orders."""
    found: list[Document] = [{"keys": word} for word in _words(scope, where)]
    if where.merchant_id is not None:
        found.append(_of_merchant(scope, where.merchant_id))
    if where.customer_id is not None:
        found.append({"customer.id": where.customer_id})
    if where.search is not None:
        for word in words(where.search):
            beginning = key(scope, "text", word)
            found.append({"keys": {"$elemMatch": {"$gte": beginning, "$lt": beginning + _LAST}}})
    changed, total = "changed_at", "total"
    if scope.kind is ScopeKind.MERCHANT:
        changed, total = f"own.{scope.id}.changed_at", f"own.{scope.id}.total"
    found += _between("placed_at", "$lt", _time(where.placed_after), _time(where.placed_before))
    found += _between(changed, "$lt", _time(where.changed_after), _time(where.changed_before))
    found += _between(total, "$lte", where.total_min, where.total_max)
    found += [order_filter(scope, each) for each in where.and_]
    if where.or_:
        found.append({"$or": [order_filter(scope, each) for each in where.or_]})
    if where.not_ is not None:
        found.append({"$nor": [order_filter(scope, where.not_)]})
    return both(*found)


def _words(scope: Scope, where: Where) -> list[str]:
    """The keys that an order must have, all of them."""
    given = {
        "status": where.status,
        "state": f"{where.state[0]}:{where.state[1]}" if where.state else None,
        "sku": where.sku,
        "tracking": where.tracking_number,
        "refund": where.refund,
        "invoice": where.invoice_number,
        "command": ":".join(part for part in where.command if part) if where.command else None,
        "problem": where.problem,
        "reference": where.reference and where.reference.strip().upper(),
    }
    return [key(scope, kind, value) for kind, value in given.items() if value is not None]


def _of_merchant(scope: Scope, merchant_id: str) -> Document:
    """A merchant is not told who else sells in its orders, so it finds its own or nothing."""
    if scope.kind is not ScopeKind.MERCHANT:
        return {"keys": key(scope, "merchant", merchant_id)}
    return {} if merchant_id == scope.id else _NOTHING


def _between(field: str, below: str, low: Any, high: Any) -> list[Document]:
    bounds = {operator: value for operator, value in (("$gte", low), (below, high)) if value is not None}
    return [{field: bounds}] if bounds else []


def _time(at: datetime | None) -> datetime | None:
    return at and naive(at)


def both(*conditions: Document) -> Document:
    """Return the filter for documents that meet all of these; plain fields where that says the same.

    An `$and` hides the fields in it from the planners of some servers.
    """
    given = [condition for condition in conditions if condition]
    fields = [field for condition in given for field in condition]
    if len(set(fields)) < len(fields):
        return {"$and": given}
    return {field: wanted for condition in given for field, wanted in condition.items()}


def sort_field(scope: Scope, order_by: OrderBy) -> str:
    """Return the field that a list of this scope is sorted by; it holds a time."""
    if order_by in (OrderBy.PLACED_AT_DESC, OrderBy.PLACED_AT_ASC):
        return "placed_at"
    return f"own.{scope.id}.changed_at" if scope.kind is ScopeKind.MERCHANT else "changed_at"


def _beyond(field: str, side: str, position: tuple[datetime, str]) -> list[Document]:
    value, order_id = position
    return [
        {field: {f"${side}e": value}},  # says nothing new, but bounds the index scan, which the next does not
        {"$or": [{field: {f"${side}": value}}, {"_id": {f"${side}": order_id}}]},
    ]


def sorted_by(row: Document, field: str) -> datetime:
    """Return the time in the field that a row is sorted by; read with `own`."""
    value: Any = row
    for name in field.split("."):
        value = value[name]
    return value


def _cursor(order_by: OrderBy, value: datetime, order_id: str) -> str:
    milliseconds = (aware(value) - _EPOCH) // timedelta(milliseconds=1)
    return urlsafe_b64encode(orjson.dumps([order_by, milliseconds, order_id])).decode().rstrip("=")


def _read_cursor(cursor: str, order_by: OrderBy) -> tuple[datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        match orjson.loads(urlsafe_b64decode(padded)):
            case [str(made_for), int(milliseconds), str(order_id)] if made_for == order_by:
                return naive(_EPOCH + timedelta(milliseconds=milliseconds)), order_id
            case _:
                raise CursorUnreadable
    except (ValueError, OverflowError):  # no base64, no JSON, no date
        raise CursorUnreadable from None
