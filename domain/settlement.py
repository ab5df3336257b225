"""What moves do with a merchant order's money after it was approved, and what they ask of it. Pure.

It is captured with the invoices, let go of, or paid back. Source: design, store processes, "Invoices", and
storage, "Commands to outside systems". Minor units.
"""

from domain import money
from domain.booking import asked, done, open_commands, uncaptured
from domain.commands import CommandKind, CommandStatus
from domain.invoiced import invoiced, left, left_to_invoice
from domain.invoices import InvoiceType
from domain.moment import Moment, change, guard
from domain.order import Order
from domain.payments import due_of, paid, taken

# What moves do


@change
def return_money(moment: Moment) -> Order:
    """What was approved is let go of, what was captured is paid back."""
    order, unit = moment.order, moment.unit.id
    let_go = sum(uncaptured(line) for line in moment.lines) - _open(
        order, unit, CommandKind.VOID, CommandKind.CAPTURE
    )
    back = _returnable(moment)
    order = asked(order, unit, CommandKind.VOID, let_go, moment.now)
    return asked(order, unit, CommandKind.REFUND, back, moment.now)


@change
def capture_invoice(moment: Moment) -> Order:
    """What is invoiced is captured, as far as it was approved."""
    order, unit = moment.order, moment.unit.id
    worth = min(invoiced(moment.merchant_order), paid(order, unit))
    amount = worth - taken(order, unit) - _open(order, unit, CommandKind.CAPTURE)
    return asked(order, unit, CommandKind.CAPTURE, amount, moment.now, _about(moment, InvoiceType.OUTPUT))


@change
def refund_return(moment: Moment) -> Order:
    """What the Input invoice says is paid back."""
    value = moment.input.get("value")
    amount = min(value if isinstance(value, int) else 0, _returnable(moment))
    about = _about(moment, InvoiceType.INPUT)
    return asked(moment.order, moment.unit.id, CommandKind.REFUND, amount, moment.now, about)


@change
def confirm_commands(moment: Moment) -> Order:
    """The payment provider has done all that it was asked to let go of or to pay back."""
    order = moment.order
    for command in open_commands(order, moment.unit.id, CommandKind.VOID, CommandKind.REFUND):
        order = done(order, command, moment.now)  # also what was refused before: the money moved
    return order


def _returnable(moment: Moment) -> int:
    """What can still be paid back: neither refunded nor on its way, nor waiting to be asked for again."""
    refunds = open_commands(moment.order, moment.unit.id, CommandKind.REFUND)
    waiting = sum(command.amount for command in refunds if command.status is CommandStatus.REFUSED)
    return sum(line.refundable for line in moment.lines) - waiting


def _open(order: Order, unit_id: str, *kinds: CommandKind) -> int:
    return sum(command.amount for command in open_commands(order, unit_id, *kinds))


def _about(moment: Moment, type: InvoiceType) -> str | None:
    """The number of the invoice that came in, else of the last of its type."""
    number = moment.input.get("invoice")
    last = (x.number for x in reversed(moment.merchant_order.invoices) if x.type is type)
    return str(number) if number else next(last, None)


# What moves ask


def _due(moment: Moment) -> str:
    return money.spelled(due_of(moment.order, moment.unit.id), moment.order.currency)


@guard("{due} are still to be paid for it; record that payment first.", due=_due)
def unit_paid(moment: Moment) -> bool:
    """Is it paid, or its payment approved, in full?"""
    return due_of(moment.order, moment.unit.id) == 0


@guard("The payment provider has not confirmed yet.")
def nothing_on_its_way(moment: Moment) -> bool:
    """Has the payment provider done all that it was asked to let go of or to pay back?"""
    return not open_commands(moment.order, moment.unit.id, CommandKind.VOID, CommandKind.REFUND)


@guard("The payment provider has not captured what was invoiced yet.")
def captured(moment: Moment) -> bool:
    """Is captured what was invoiced?"""
    return taken(moment.order, moment.unit.id) >= invoiced(moment.merchant_order)


@guard("{left} are left to invoice, or what was invoiced is not captured yet.", left=left)
def fully_invoiced_and_captured(moment: Moment) -> bool:
    """Is all of it invoiced, and captured?"""
    return left_to_invoice(moment.order, moment.merchant_order) == 0 and captured.holds(moment)


@guard("{left} are left to invoice, or what was invoiced is not captured yet.", left=left)
def partly_invoiced_and_captured(moment: Moment) -> bool:
    """Is only some of it invoiced, and that captured?"""
    return left_to_invoice(moment.order, moment.merchant_order) > 0 and captured.holds(moment)
