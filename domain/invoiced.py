"""What is on the invoices of a merchant order, what is left to invoice, and what that allows. Pure.

Source: seed on the store flows, "Verifying invoice"; design, store processes, "Invoices". Minor units.
"""

from domain import money
from domain.invoices import Invoice, InvoiceType
from domain.moment import Moment, guard
from domain.order import MerchantOrder, Order, Unit
from domain.payments import paid


def invoiced(theirs: MerchantOrder) -> int:
    """Return what its Output invoices come to."""
    return _worth(theirs, InvoiceType.OUTPUT)


def returned(theirs: MerchantOrder) -> int:
    """Return what its Input invoices come to."""
    return _worth(theirs, InvoiceType.INPUT)


def left_to_invoice(order: Order, theirs: MerchantOrder) -> int:
    """Return what of the total of its lines is on no Output invoice yet."""
    return order.total_of(theirs) - invoiced(theirs)


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


def left(moment: Moment) -> str:
    """Spell what is left to invoice, for sentences."""
    return money.spelled(left_to_invoice(moment.order, moment.merchant_order), moment.order.currency)


def _invoiced(moment: Moment) -> str:
    return money.spelled(invoiced(moment.merchant_order), moment.order.currency)


def _approved(moment: Moment) -> str:
    return money.spelled(paid(moment.order, moment.unit.id), moment.order.currency)


@guard("Part of it is invoiced already; what was delivered can only come back with an Input invoice.")
def nothing_invoiced(moment: Moment) -> bool:
    """Is it on no Output invoice at all?"""
    return not outputs(moment.merchant_order)


@guard("{left} of it are left to invoice; invoice that first.", left=left)
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


@guard("The marketplace has not approved the payment yet; invoice it once it has.")
def payment_approved(moment: Moment) -> bool:
    """Has the payment been approved? Part of it is not enough, and a merchant cannot approve it itself."""
    return moment.merchant_order.approved_at is not None


def _why_not_invoiceable(moment: Moment) -> str:
    asked = (handling_started, payment_approved, covered)
    return next((g.refusal(moment) for g in asked if not g.holds(moment)), "")


@guard("{why}", why=_why_not_invoiceable)
def invoiceable(moment: Moment) -> bool:
    """Has handling started, was the payment approved, and is as much paid as its Output invoices come to?"""
    return all(g.holds(moment) for g in (handling_started, payment_approved, covered))


@guard("There is no invoice yet; what is shipped is tracked by its invoice.")
def has_invoice(moment: Moment) -> bool:
    """Is any of it on an Output invoice?"""
    return bool(outputs(moment.merchant_order))


def _worth(theirs: MerchantOrder, type: InvoiceType) -> int:
    return sum(invoice.value for invoice in theirs.invoices if invoice.type is type)


def _pieces(theirs: MerchantOrder, type: InvoiceType) -> dict[str, int]:
    found: dict[str, int] = {}
    for invoice in theirs.invoices:
        for line in invoice.lines if invoice.type is type else ():
            found[line.line_id] = found.get(line.line_id, 0) + line.quantity
    return found
