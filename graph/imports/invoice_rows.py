"""Rows about invoices, where merchant orders move: one more invoice of all that is left, and its tracking.

Source: design, store processes, "Invoices".
"""

from datetime import datetime

from domain import money
from domain.invoiced import left_to_invoice, outputs, quantities_left
from domain.invoices import Invoice, InvoiceLine, InvoiceType, Tracking
from domain.invoicing import add_invoice as add
from domain.order import Input, MerchantOrder
from domain.refusal import Refusal
from domain.tracking import update_tracking as update
from graph.imports import texts
from graph.imports.answers import RowAnswer, already, applied, refused
from graph.imports.rows import Row, RowProblem
from graph.mutations.one_merchant_order import why
from graph.mutations.texts import wrong_url
from graph.seen import Seen

_OF_INVOICE = {"number": "invoice_number", "value": "invoice_value", "invoice": "invoice_number"}
"""Which column each rule is about."""


def add_invoice(seen: Seen, row: Row, at: datetime | None, said: Input, now: datetime) -> RowAnswer:
    """Invoice all that is left of the merchant order, or of its value what the row says."""
    [theirs] = seen.merchant_orders  # a merchant's own
    for name in said:
        if name not in ("carrier", "tracking_number"):
            raise RowProblem(f"invoice takes no {name}.", name)
    number = texts.needed(row.values, "invoice_number")
    if _is_known(seen, row, theirs, number, at, said):
        return already(row, seen.order)
    invoice = _invoice(seen, row, theirs, number, at or now, said, now)
    answer = add(seen.process, seen.order, theirs.id, invoice, seen.viewer.actor, now)
    return _refused(seen, row, theirs, answer) if isinstance(answer, Refusal) else applied(row, answer)


def update_tracking(
    seen: Seen, row: Row, at: datetime | None, said: Input, now: datetime, *, delivered: bool
) -> RowAnswer:
    """Tell where the goods of an invoice are, or that they arrived; of its only one if it names none."""
    [theirs] = seen.merchant_orders  # a merchant's own
    for name in said:
        if name not in ("carrier", "tracking_number"):
            raise RowProblem(f"update_tracking takes no {name}.", name)
    for column in ("invoice_value", "invoice_key", "invoice_url"):
        if column in row.values:
            raise RowProblem(f"update_tracking takes no {column}.", column)
    known = {invoice.number: invoice for invoice in outputs(theirs)}
    number = row.values.get("invoice_number")
    if number is None and len(known) > 1:
        raise RowProblem(f"There are {len(known)} invoices; name the one that is meant.", "invoice_number")
    number = number or next(iter(known), "")
    before = known[number].tracking if number in known else None
    told = Tracking(
        courier=_text(said, "carrier"),
        number=_text(said, "tracking_number"),
        delivered=delivered or (before is not None and before.delivered),
        delivered_at=(at or (before.delivered_at if before else None)) if delivered else None,
    )
    answer = update(seen.process, seen.order, theirs.id, number, told, seen.viewer.actor, now)
    return _refused(seen, row, theirs, answer) if isinstance(answer, Refusal) else applied(row, answer)


def _is_known(
    seen: Seen, row: Row, theirs: MerchantOrder, number: str, at: datetime | None, said: Input
) -> bool:
    """Whether this very invoice is there: what the row leaves open was decided when it was applied."""
    known = next((invoice for invoice in outputs(theirs) if invoice.number == number), None)
    if known is None:
        return False
    values = row.values
    value = _value(seen, row) if "invoice_value" in values else known.value
    return (value, at or known.issued_at) == (known.value, known.issued_at) and (
        values.get("invoice_key"),
        values.get("invoice_url"),
        _text(said, "carrier"),
        _text(said, "tracking_number"),
    ) == (known.key, known.url, known.courier, known.tracking_number)


def _invoice(
    seen: Seen,
    row: Row,
    theirs: MerchantOrder,
    number: str,
    issued_at: datetime,
    said: Input,
    now: datetime,
) -> Invoice:
    left = quantities_left(seen.order, theirs)
    url = row.values.get("invoice_url")
    if problem := next(wrong_url(url), None):
        raise RowProblem(problem.message, "invoice_url")
    return Invoice(
        number=number,
        type=InvoiceType.OUTPUT,
        value=_value(seen, row) if "invoice_value" in row.values else left_to_invoice(seen.order, theirs),
        issued_at=issued_at,
        recorded_at=now,
        lines=tuple(
            InvoiceLine(line.id, left[line.id], line.unit_price)
            for line in seen.order.lines_of(theirs)
            if left[line.id] > 0
        ),
        key=row.values.get("invoice_key"),
        url=url,
        courier=_text(said, "carrier"),
        tracking_number=_text(said, "tracking_number"),
    )


def _value(seen: Seen, row: Row) -> int:
    try:
        return money.parse(row.values["invoice_value"], seen.order.currency)
    except money.AmountInvalid as problem:
        raise RowProblem(str(problem), "invoice_value") from None


def _text(said: Input, name: str) -> str | None:
    return str(said[name]) if name in said else None


def _refused(seen: Seen, row: Row, theirs: MerchantOrder, refusal: Refusal) -> RowAnswer:
    return refused(row, seen.order, why(seen, theirs, refusal, {}), _OF_INVOICE.get(refusal.rule))
