"""How an invoice is added to a merchant order. Pure.

Source: seed on the store flows, "Verifying invoice"; design, store processes, "Invoices". Minor units.
"""

from dataclasses import replace
from datetime import datetime

from domain import money
from domain.actors import Actor
from domain.engine import fire, why_not
from domain.invoice_checks import malformed, same, taken_number, too_much
from domain.invoiced import invoiced, left_to_invoice, quantities_left, quantities_to_return, returned
from domain.invoices import Invoice, InvoiceType
from domain.order import MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.problem import Problem
from domain.process import Process
from domain.refusal import Refusal, RefusalCode, refusal

MOST_INVOICES = 500
"""Of one merchant order; an order is one document, which every step reads."""
_EVENTS = {InvoiceType.OUTPUT: "invoice", InvoiceType.INPUT: "take_back"}


def add_invoice(
    process: Process, order: Order, unit_id: str, invoice: Invoice, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Add an invoice to a merchant order: an Output invoice fires `invoice`, an Input invoice `take_back`.

    The same number with the same content again changes nothing, wherever the merchant order stands. Refused
    are, in this order and by these rules: a wrong `number`, `value` or `lines`; a known `number` with other
    content; an Input invoice before all is invoiced (`not_invoiced`); what the process refuses; a `value` or
    `quantity` above what is left. When it came in is `now`; tracking is not taken from it. An invoice without
    lines is taken only once no piece is left, for what is left of the value.
    """
    event = _EVENTS[invoice.type]
    theirs = order.merchant_order(unit_id)
    if theirs is None or not theirs.positions:
        return Refusal(RefusalCode.NOT_FOUND, "There is no such merchant order.", "unit", None, event)
    issued = to_the_millisecond(invoice.issued_at)
    invoice = replace(invoice, issued_at=issued, recorded_at=now, tracking=None)
    known = next((i for i in theirs.invoices if i.number == invoice.number), None)
    if known is not None and same(known, invoice):
        return Outcome(order, already=(unit_id,))
    party = process.party_for(theirs, actor.role, event)
    position = theirs.positions[party]

    def refuse(code: RefusalCode, problem: Problem) -> Refusal:
        return refusal(code, problem.message, problem.rule, position, event)

    skus = {line.id: line.sku for line in order.lines_of(theirs)}
    left, pieces = _room(order, theirs, invoice.type)
    if problem := malformed(invoice, skus, pieces):
        return refuse(RefusalCode.INPUT_INVALID, problem)
    if known is not None:
        return refuse(RefusalCode.GUARD_FAILED, taken_number(known, order.currency))
    if len(theirs.invoices) >= MOST_INVOICES:
        sentence = f"A merchant order has at most {MOST_INVOICES} invoices."
        return refuse(RefusalCode.GUARD_FAILED, Problem(("number",), sentence))
    if problem := _too_early(order, theirs, invoice):
        return refuse(RefusalCode.GUARD_FAILED, problem)
    # Asked without the invoice: otherwise the money that it lacks would hide that it is simply too much.
    if refused := why_not(process, order, Intent(event, unit_id, party, actor), now):
        return refused
    if problem := too_much(invoice, left, pieces, skus, order.currency):
        return refuse(RefusalCode.GUARD_FAILED, problem)
    given = {"invoice": invoice.number, "value": invoice.value, "type": invoice.type.value}
    with_it = order.with_unit(replace(theirs, invoices=(*theirs.invoices, invoice)))
    return fire(process, with_it, Intent(event, unit_id, party, actor, given), now)


def to_the_millisecond(at: datetime) -> datetime:
    """Cut a time to what is stored and given out of it, so that what is sent again compares equal."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _too_early(order: Order, theirs: MerchantOrder, invoice: Invoice) -> Problem | None:
    if invoice.type is InvoiceType.OUTPUT or _is_invoiced(order, theirs):
        return None
    if not invoiced(theirs):
        return Problem(("not_invoiced",), "Nothing of it is invoiced, so there is nothing to take back.")
    left = money.spelled(left_to_invoice(order, theirs), order.currency)
    sentence = f"{left} of it are left to invoice; it can be taken back once all is invoiced."
    return Problem(("not_invoiced",), sentence)


def _room(order: Order, theirs: MerchantOrder, type: InvoiceType) -> tuple[int, dict[str, int]]:
    """What an invoice of this type may come to at most, and how many pieces of each line it may name."""
    if type is InvoiceType.OUTPUT:
        return left_to_invoice(order, theirs), quantities_left(order, theirs)
    return invoiced(theirs) - returned(theirs), quantities_to_return(theirs)


def _is_invoiced(order: Order, theirs: MerchantOrder) -> bool:
    return invoiced(theirs) == order.total_of(theirs) > 0
