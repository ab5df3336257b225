"""The rows of an order's history as one viewer reads them, in pages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import strawberry

from domain import actors, money
from domain.order import Entry, Order, Value
from graph.refusals import BadInput
from graph.seen import Seen
from graph.types.enums import Party, Role
from graph.types.ids import COMMAND, LINE, REFUND, decode_as, encode, unit_id
from graph.types.mutation_names import camel_case
from graph.types.paging import Connection, check_page, connection

_IDS = {"split_from": LINE, "refund": REFUND, "command": COMMAND}
"""Inputs that are ids, and of what."""

_CALLED = {"delivered": "isDelivered"}
"""Inputs that the API calls by another name."""

_AMOUNTS = frozenset({"amount", "value", "total_before", "total_after"})
"""Inputs that are money, in minor units of the order's currency."""

_PAYMENT = frozenset({"amount", "payment", "captured", "command"})
"""What comes along with a payment: it may be for what other merchants sell as well."""

_HIDDEN: Mapping[actors.Role, Collection[str]] = {
    actors.Role.MERCHANT: _PAYMENT,
    actors.Role.LOGISTICS: _PAYMENT | _AMOUNTS,
    actors.Role.PAYMENTS: {"merchant", "internal_reason"},
}
"""Inputs that a role is not told even of the rows that it reads."""


@strawberry.type(description="Something that came along with an event.")
class InputValue:
    name: str = strawberry.field(description="What it is, such as trackingNumber.")
    value: str = strawberry.field(description="Its value as text; an amount in the order's currency.")


@strawberry.type(description="One row of the history. Rows are only ever added.")
class HistoryEntry:
    seq: int = strawberry.field(description="The row's number in its order. Not every viewer sees all rows.")
    at: datetime = strawberry.field(description="When it happened.")
    unit: strawberry.ID | None = strawberry.field(
        description="The line or merchant order that moved; null: it is about the whole order."
    )
    party: Party | None = strawberry.field(description="Whose machine moved; null: none did.")
    source: str | None = strawberry.field(
        description="The state it left; null: none, or not for this viewer."
    )
    target: str | None = strawberry.field(
        description="The state it reached; null: none, or not for this viewer."
    )
    event: str = strawberry.field(description="The event.")
    role: Role = strawberry.field(description="In which role it was fired.")
    actor: str | None = strawberry.field(description="Who fired it; null: not for this viewer.")
    cause: int | None = strawberry.field(
        description="The row that pulled this one along; null: none, or not for this viewer."
    )
    reason: str | None = strawberry.field(
        description="The reason that was given; null: none, or not for this viewer."
    )
    input: list[InputValue] = strawberry.field(description="What else came along and is for this viewer.")


def history_page(
    seen: Seen, entries: Sequence[Entry], first: int, after: str | None
) -> Connection[HistoryEntry]:
    """Return `first` of these rows after a cursor, as the viewer of the order reads them. Raises BadInput for
    a page or cursor that cannot be.
    """
    check_page(first)
    seq = 0 if after is None else _seq(after)
    follow = [entry for entry in entries if entry.seq > seq]
    shown = follow[:first]

    async def count() -> int:
        return len(entries)

    return connection(
        [entry_view(seen, entry) for entry in shown],
        [encode("seq", str(entry.seq)) for entry in shown],
        has_next=len(follow) > first,
        has_previous=len(follow) < len(entries),
        count=count,
    )


def _seq(cursor: str) -> int:
    number = decode_as("seq", cursor) or ""
    if not (number.isascii() and number.isdigit()):
        raise BadInput("This cursor is not one of this history's; start without a cursor.")
    return int(number)


def entry_view(seen: Seen, entry: Entry) -> HistoryEntry:
    """Return one of the rows that the viewer may read."""
    order, hidden = seen.order, _HIDDEN.get(seen.viewer.role, ())
    return HistoryEntry(
        seq=entry.seq,
        at=entry.at,
        unit=unit_id(order, entry.unit) if entry.unit else None,
        party=entry.party,
        source=entry.source,
        target=entry.target,
        event=entry.event,
        role=entry.actor.role,
        actor=entry.actor.id or None,
        cause=entry.cause,
        reason=entry.reason,
        input=[
            InputValue(name=_CALLED.get(name) or camel_case(name), value=_text(order, name, value))
            for name, value in entry.input.items()
            if name not in hidden
        ],
    )


def _text(order: Order, name: str, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if name in _AMOUNTS and isinstance(value, int):
        return f"{money.text(value, order.currency)} {order.currency}"
    if name in _IDS:
        return encode(_IDS[name], str(value))
    if name == "change":
        return _change(order, str(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _change(order: Order, text: str) -> str:
    """A change of lines as people read it: each line by its product code instead of its id."""
    parts = (part.partition(": ") for part in text.split("; "))
    named = ((line.sku if (line := order.line(head)) else head, *rest) for head, *rest in parts)
    return "; ".join("".join(part) for part in named)
