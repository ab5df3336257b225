"""What can be wrong with one invoice, as its part and a sentence that says what is left and what to do.

Knows no order: what is left, and of which lines, is given. Design: store processes, "Invoices".
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from domain import money
from domain.invoices import Invoice, InvoiceType
from domain.problem import Problem

_NUMBER = re.compile(r"[A-Za-z0-9._/-]{1,60}")
_DONE = {InvoiceType.OUTPUT: "invoiced", InvoiceType.INPUT: "taken back"}


def malformed(invoice: Invoice, skus: Mapping[str, str], pieces: Mapping[str, int]) -> Problem | None:
    """Return what is wrong with how it is written, wherever its merchant order stands.

    `skus` are those of the merchant order's lines and `pieces` what is left of them, both by line id: once no
    piece is left, an invoice has no lines, so that what is left of the value never stays open for good.
    """
    if not _NUMBER.fullmatch(invoice.number):
        return Problem(
            ("number",), "An invoice number has 1 to 60 letters, digits, - _ . or /, such as 2026/0007."
        )
    if invoice.value <= 0:
        return Problem(("value",), "The value of an invoice must be more than nothing.")
    if not invoice.lines and any(pieces.values()):
        return Problem(("lines",), "An invoice names at least one line, and how many pieces of it.")
    seen: set[str] = set()
    for line in invoice.lines:
        if line.line_id not in skus:
            return Problem(("lines",), f"Line {line.line_id} is not one of this merchant order.")
        if line.line_id in seen:
            return Problem(
                ("lines",), f"Line {line.line_id} is on the invoice twice; put its pieces together."
            )
        if line.quantity < 1:
            return Problem(("lines",), f"The quantity of line {line.line_id} must be at least 1.")
        if not 0 <= line.unit_price <= money.LARGEST:
            return Problem(
                ("lines",), f"The unit price of line {line.line_id} is no amount that can be recorded."
            )
        seen.add(line.line_id)
    return None


def taken_number(known: Invoice, currency: str) -> Problem:
    """Return that another invoice has this number, and what is on that one."""
    value = money.spelled(known.value, currency)
    content = f"{value}, {known.type}, issued {known.issued_at.date().isoformat()}"
    sentence = f"Invoice {known.number} is there already with other content ({content}); take another number."
    return Problem(("number",), sentence)


def too_much(
    invoice: Invoice, left: int, pieces: Mapping[str, int], skus: Mapping[str, str], currency: str
) -> Problem | None:
    """Return what of it is more than what is left: of the value, or of the pieces of a line."""
    done = _DONE[invoice.type]
    if left <= 0:
        return Problem(("value",), f"Nothing is left to be {done}.")
    most = money.spelled(left, currency)
    if invoice.value > left:
        return Problem(("value",), f"At most {most} can still be {done}; invoice {invoice.number} says more.")
    for line in invoice.lines:
        here = pieces.get(line.line_id, 0)
        if line.quantity <= here:
            continue
        sku = f"{skus[line.line_id]} (line {line.line_id})"
        if here > 0:
            sentence = f"At most {here} of {sku} can still be {done}; invoice {invoice.number} says more."
        elif any(pieces.values()):
            sentence = f"No piece of {sku} is left to be {done}; take it off invoice {invoice.number}."
        else:
            sentence = f"No piece is left to be {done}; an invoice of the {most} that are left has no lines."
        return Problem(("quantity",), sentence)
    return None


def same(one: Invoice, other: Invoice) -> bool:
    """Say whether two invoices have the same content, whenever they came in and wherever their goods are."""
    return _content(one) == _content(other)


def _content(invoice: Invoice) -> Invoice:
    lines = tuple(sorted(invoice.lines, key=lambda line: line.line_id))
    return replace(invoice, recorded_at=invoice.issued_at, tracking=None, lines=lines)
