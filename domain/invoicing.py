"""Invoices of a merchant order: what is on them, what is left, what they allow, and how one is added. Pure.

Source: seed on the store flows, "Verifying invoice"; design, store processes, "Invoices". Minor units.
"""

from dataclasses import replace
from datetime import datetime

from domain import money
from domain.actors import Actor, Party, Role
from domain.engine import fire, offers
from domain.invoice_checks import Problem, malformed, same, taken_number, too_much
from domain.invoices import Invoice, InvoiceType
from domain.moment import Moment, guard
from domain.order import MerchantOrder, Order, Unit
from domain.outcome import Intent, Outcome
from domain.payments import paid
from domain.process import Process
from domain.refusal import Refusal, RefusalCode, available, not_listed, refusal

_EVENTS = {InvoiceType.OUTPUT: "invoice", InvoiceType.INPUT: "take_back"}

# What is on invoices and what is left


def invoiced(theirs: MerchantOrder) -> int:
    """Return what its Output invoices come to."""
    return _worth(theirs, InvoiceType.OUTPUT)


def returned(theirs: MerchantOrder) -> int:
    """Return what its Input invoices come to."""
    return _worth(theirs, InvoiceType.INPUT)


def left_to_invoice(order: Order, theirs: MerchantOrder) -> int:
    """Return what of the total of its lines is on no Output invoice yet."""
    return _total(order, theirs) - invoiced(theirs)


def quantities_left(order: Order, theirs: MerchantOrder) -> dict[str, int]:
    """Return for every line of it, by id, how many pieces are on no Output invoice yet."""
    pieces = _pieces(theirs, InvoiceType.OUTPUT)
    return {line.id: line.quantity - pieces.get(line.id, 0) for line in order.lines_of(theirs)}


def quantities_to_return(theirs: MerchantOrder) -> dict[str, int]:
    """Return for every line on an Output invoice, by id, how many of those pieces are on no Input invoice."""
    back = _pieces(theirs, InvoiceType.INPUT)
    return {line: n - back.get(line, 0) for line, n in _pieces(theirs, InvoiceType.OUTPUT).items()}


def tracked(_: Order, unit: Unit) -> bool:
    """Say whether anything is known of a shipment of this merchant order."""
    return any(invoice.tracking is not None for invoice in outputs(unit))


def delivered(_: Order, unit: Unit) -> bool:
    """Say whether all that was invoiced of this merchant order is delivered."""
    found = outputs(unit)
    return bool(found) and all(invoice.tracking and invoice.tracking.delivered for invoice in found)


def outputs(unit: Unit) -> tuple[Invoice, ...]:
    """Return the Output invoices of a merchant order; a line has none of its own."""
    invoices = unit.invoices if isinstance(unit, MerchantOrder) else ()
    return tuple(invoice for invoice in invoices if invoice.type is InvoiceType.OUTPUT)


# What invoices allow


def _invoiced(moment: Moment) -> str:
    return _amount(moment.order, invoiced(moment.merchant_order))


def _left(moment: Moment) -> str:
    return _amount(moment.order, left_to_invoice(moment.order, moment.merchant_order))


def _approved(moment: Moment) -> str:
    return _amount(moment.order, paid(moment.order, moment.unit.id))


@guard("Part of it is invoiced already; what was delivered can only come back with an Input invoice.")
def nothing_invoiced(moment: Moment) -> bool:
    """Is it on no Output invoice at all?"""
    return not outputs(moment.merchant_order)


@guard(
    "{done} of it are invoiced and {left} are left; this is for what is invoiced in part.",
    done=_invoiced,
    left=_left,
)
def partly_invoiced(moment: Moment) -> bool:
    """Is some of it on Output invoices, and some of it left to invoice?"""
    return 0 < invoiced(moment.merchant_order) < _total(moment.order, moment.merchant_order)


@guard("{left} of it are left to invoice; invoice that first.", left=_left)
def fully_invoiced(moment: Moment) -> bool:
    """Do its Output invoices come to its total exactly? Of what costs nothing, none are needed."""
    return left_to_invoice(moment.order, moment.merchant_order) == 0


@guard("Start handling before you invoice it.")
def handling_started(moment: Moment) -> bool:
    """Has its merchant started to handle it?"""
    return moment.merchant_order.handled_at is not None


@guard(
    "{approved} are approved for it and with this its invoices come to {done}; the rest must be paid first.",
    approved=_approved,
    done=_invoiced,
)
def covered(moment: Moment) -> bool:
    """Is as much approved or paid as its Output invoices come to?"""
    return invoiced(moment.merchant_order) <= paid(moment.order, moment.unit.id)


def _why_not_invoiceable(moment: Moment) -> str:
    return next((g.refusal(moment) for g in (handling_started, covered) if not g.holds(moment)), "")


@guard("{why}", why=_why_not_invoiceable)
def invoiceable(moment: Moment) -> bool:
    """Has handling started, and is as much approved or paid as its Output invoices come to?"""
    return handling_started.holds(moment) and covered.holds(moment)


@guard("There is no invoice yet; what is shipped is tracked by its invoice.")
def has_invoice(moment: Moment) -> bool:
    """Is any of it on an Output invoice?"""
    return bool(outputs(moment.merchant_order))


# One more invoice


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
    party = answering(process, theirs, event, actor.role)
    position = theirs.positions[party]

    def refuse(code: RefusalCode, problem: Problem) -> Refusal:
        rule, sentence = problem
        return refusal(code, sentence, rule, position, event)

    skus = {line.id: line.sku for line in order.lines_of(theirs)}
    left, pieces = _room(order, theirs, invoice.type)
    if problem := malformed(invoice, skus, pieces):
        return refuse(RefusalCode.INPUT_INVALID, problem)
    if known is not None:
        return refuse(RefusalCode.GUARD_FAILED, taken_number(known, order.currency))
    if problem := _too_early(order, theirs, invoice):
        return refuse(RefusalCode.GUARD_FAILED, problem)
    if refused := _impossible(process, order, theirs, event, party, actor, now):
        return refused
    if problem := too_much(invoice, left, pieces, skus, order.currency):
        return refuse(RefusalCode.GUARD_FAILED, problem)
    given = {"invoice": invoice.number, "value": invoice.value, "type": invoice.type.value}
    with_it = order.with_unit(replace(theirs, invoices=(*theirs.invoices, invoice)))
    return fire(process, with_it, Intent(event, unit_id, party, actor, given), now)


def answering(process: Process, theirs: MerchantOrder, event: str, role: Role) -> Party:
    """Return the party whose machine lists the event for this role; where none does, the last one, which
    says why not. Needs a merchant order that was placed.
    """
    parties = (
        party
        for party, position in theirs.positions.items()
        if event in available(process.state(party, position), role)
    )
    return next(parties, tuple(theirs.positions)[-1])


def to_the_millisecond(at: datetime) -> datetime:
    """Cut a time to what is stored and given out of it, so that what is sent again compares equal."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _impossible(
    process: Process,
    order: Order,
    theirs: MerchantOrder,
    event: str,
    party: Party,
    actor: Actor,
    now: datetime,
) -> Refusal | None:
    """Why the process refuses the event here whatever comes along with it, or None.

    Asked without the invoice: otherwise the money that it lacks would hide that it is simply too much.
    """
    for offer in offers(process, order, theirs, actor, now):
        if (offer.event, offer.party) == (event, party):
            return offer.refusal
    position = theirs.positions[party]
    return not_listed(process.state(party, position), position, event, actor.role)


def _too_early(order: Order, theirs: MerchantOrder, invoice: Invoice) -> Problem | None:
    if invoice.type is InvoiceType.OUTPUT or _is_invoiced(order, theirs):
        return None
    if not invoiced(theirs):
        return "not_invoiced", "Nothing of it is invoiced, so there is nothing to take back."
    left = _amount(order, left_to_invoice(order, theirs))
    return "not_invoiced", f"{left} of it are left to invoice; it can be taken back once all is invoiced."


def _room(order: Order, theirs: MerchantOrder, type: InvoiceType) -> tuple[int, dict[str, int]]:
    """What an invoice of this type may come to at most, and how many pieces of each line it may name."""
    if type is InvoiceType.OUTPUT:
        return left_to_invoice(order, theirs), quantities_left(order, theirs)
    return invoiced(theirs) - returned(theirs), quantities_to_return(theirs)


def _is_invoiced(order: Order, theirs: MerchantOrder) -> bool:
    return invoiced(theirs) == _total(order, theirs) > 0


def _total(order: Order, theirs: MerchantOrder) -> int:
    return sum(line.total for line in order.lines_of(theirs))


def _worth(theirs: MerchantOrder, type: InvoiceType) -> int:
    return sum(invoice.value for invoice in theirs.invoices if invoice.type is type)


def _pieces(theirs: MerchantOrder, type: InvoiceType) -> dict[str, int]:
    found: dict[str, int] = {}
    for invoice in theirs.invoices:
        for line in invoice.lines if invoice.type is type else ():
            found[line.line_id] = found.get(line.line_id, 0) + line.quantity
    return found


def _amount(order: Order, minor: int) -> str:
    return f"{money.text(minor, order.currency)} {order.currency}"
