"""A row of the marketplace's file: a payment that came in. Pure.

Source: design, process marketplace-merchant, "Triggers" (payment confirmations by a data importer).
"""

from dataclasses import dataclass
from datetime import datetime

from domain.paying import record_payment
from domain.refusal import Refusal
from graph.errors import GuardFailed
from graph.imports import texts
from graph.imports.answers import RowAnswer, applied, refused, unreadable
from graph.imports.past import Past
from graph.imports.rows import Row, RowProblem
from graph.seen import Seen
from graph.types.selector import OrderSelector

COLUMNS = ("order_reference", "external_reference", "reference", "amount", "currency", "captured")
REQUIRED = ("reference", "amount", "currency")
EITHER = ("order_reference", "external_reference")

_AT = {"due": "amount", "payment_reference": "reference"}
"""Which column each rule is about."""
_LONGEST = 200
_EXTERNAL = "external:"


@dataclass(frozen=True, slots=True)
class _Read:
    reference: str
    amount: int
    currency: str
    captured: bool


def order_of(values: texts.Texts) -> str:
    """Return what names the order that a row is about. Raises RowProblem for what cannot be read."""
    _read(values)
    if external := texts.text(values, "external_reference", _LONGEST):
        return _EXTERNAL + external
    texts.text(values, "order_reference", _LONGEST)
    return texts.needed(values, "order_reference").upper()


def selector(order: str) -> OrderSelector:
    """Return how a row's order is found."""
    if order.startswith(_EXTERNAL):
        return OrderSelector(external_reference=order.removeprefix(_EXTERNAL))
    return OrderSelector(reference=order)


def decide_row(seen: Seen, row: Row, _: Past, now: datetime) -> RowAnswer:
    """Record the payment, unless it is recorded already."""
    try:
        read = _read(row.values)
        if read.currency != seen.order.currency:
            sentence = f"This order is in {seen.order.currency}, not in {read.currency}."
            raise RowProblem(sentence, "currency")
    except RowProblem as problem:
        return unreadable(row, seen.order, problem)
    actor = seen.viewer.actor
    answer = record_payment(
        seen.process, seen.order, read.reference, read.amount, actor, now, captured=read.captured
    )
    return _refused(seen, row, answer) if isinstance(answer, Refusal) else applied(row, answer)


def _read(values: texts.Texts) -> _Read:
    currency = texts.needed(values, "currency").upper()
    return _Read(
        texts.text(values, "reference", _LONGEST) or texts.needed(values, "reference"),
        texts.amount(values, "amount", currency, "currency"),
        currency,
        texts.yes(values, "captured"),
    )


def _refused(seen: Seen, row: Row, refusal: Refusal) -> RowAnswer:
    error = GuardFailed(
        message=refusal.message, path=[], rule=refusal.rule, state=refusal.state, event=refusal.event
    )
    return refused(row, seen.order, error, _AT.get(refusal.rule))
