"""Money of merchant orders after it was approved: captured with the invoices, let go of, paid back. Pure.

What the payment provider is to do is a command on the order; the lines follow what it did. Sums over the
lines of a merchant order are exact. Source: design, storage, "Commands to outside systems". Minor units.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from domain import money
from domain.commands import Command, CommandKind, CommandStatus
from domain.invoices import InvoiceType
from domain.invoicing import invoiced, left_to_invoice
from domain.moment import Moment, change, guard
from domain.order import Line, Order
from domain.payments import commands_of, due_of, holder, lines_of, paid, taken

OPEN = (CommandStatus.PENDING, CommandStatus.REFUSED)
"""Not done yet: the provider has to answer, or a person has to ask again."""

# Commands


def asked(
    order: Order, unit_id: str, kind: CommandKind, amount: int, now: datetime, about: str | None = None
) -> Order:
    """Ask the payment provider for this; nothing is asked for an amount of nothing (or less).

    A refund is reserved on the lines at once: it is at most what is captured and neither refunded, reserved,
    nor refused before. The built-in provider does at once what it is asked. `about` names the invoice.
    """
    if amount <= 0:
        return order
    id = f"{order.id}-c{len(order.commands) + 1}"
    command = Command(id, kind, unit_id, amount, CommandStatus.PENDING, now, about=about)
    return _sent(replace(order, commands=(*order.commands, command)), command, now)


def asked_again(order: Order, command: Command, now: datetime) -> Order:
    """Ask once more for what was refused, as a new attempt."""
    attempt = command.attempt + 1
    command = replace(command, status=CommandStatus.PENDING, attempt=attempt, settled_at=None, answer=None)
    return _sent(order, command, now)


def done(order: Order, command: Command, now: datetime, answer: str | None = None) -> Order:
    """Book what the provider did; also of a command that was refused before, since the money moved."""
    if command.kind is CommandKind.REFUND and command.status is CommandStatus.REFUSED:
        order = _reserved(order, command)
    order = _booked(order, command)
    return _with(order, replace(command, status=CommandStatus.DONE, settled_at=now, answer=answer))


def refused(order: Order, command: Command, now: datetime, answer: str | None = None) -> Order:
    """Note that the provider refused a pending command; what was reserved for it is released."""
    if command.kind is CommandKind.REFUND:
        order = _over(order, command, lambda x: x.reserved, lambda x, n: replace(x, reserved=x.reserved - n))
    return _with(order, replace(command, status=CommandStatus.REFUSED, settled_at=now, answer=answer))


def open_commands(order: Order, unit_id: str, *kinds: CommandKind) -> tuple[Command, ...]:
    """Return the commands for this merchant order that are not done, of these kinds or of all."""
    return tuple(
        command
        for command in commands_of(order, unit_id)
        if command.status in OPEN and (not kinds or command.kind in kinds)
    )


def _sent(order: Order, command: Command, now: datetime) -> Order:
    if command.kind is CommandKind.REFUND:
        order = _reserved(order, command)
    theirs = order.merchant_order(holder(order, command))
    assert theirs is not None, "money stands on the lines of merchant orders"
    if order.policies.value("payment_provider", theirs.merchant_id) == "built_in":
        return done(order, command, now)
    return _with(order, command)


def _with(order: Order, command: Command) -> Order:
    return replace(order, commands=tuple(command if c.id == command.id else c for c in order.commands))


# The lines follow


def _reserved(order: Order, command: Command) -> Order:
    return _over(order, command, lambda x: x.refundable, lambda x, n: replace(x, reserved=x.reserved + n))


def _booked(order: Order, command: Command) -> Order:
    match command.kind:
        case CommandKind.CAPTURE:
            return _over(order, command, _uncaptured, lambda x, n: replace(x, captured=x.captured + n))
        case CommandKind.VOID:
            # What is more than the total goes first: then every line is left with what it costs.
            lines = lines_of(order, holder(order, command))
            enough = sum(map(_surplus, lines)) >= command.amount
            room = _surplus if enough else _uncaptured
            return _over(order, command, room, lambda x, n: replace(x, approved=x.approved - n))
        case CommandKind.REFUND:
            return _over(
                order,
                command,
                lambda x: x.reserved,
                lambda x, n: replace(x, reserved=x.reserved - n, refunded=x.refunded + n),
            )


def _uncaptured(line: Line) -> int:
    return max(0, line.approved - line.captured)


def _surplus(line: Line) -> int:
    back = line.refunded + line.reserved
    return min(_uncaptured(line), max(0, line.approved - back - line.total))


def _over(
    order: Order, command: Command, room: Callable[[Line], int], book: Callable[[Line, int], Line]
) -> Order:
    """Book a command's amount over the lines by the room that each has; no line gets more than its room."""
    lines = lines_of(order, holder(order, command))
    rooms = [room(line) for line in lines]
    parts = money.share(min(command.amount, sum(rooms)), rooms)
    return order.with_lines(book(line, part) for line, part in zip(lines, parts, strict=True))


def balanced(order: Order, unit_id: str, now: datetime) -> Order:
    """Let the money of a merchant order follow its lines after these were changed.

    What is approved or captured above the new total is let go of or paid back; what is missing becomes due.
    Then its sums are spread over the lines anew, in proportion to what each line costs now.
    """
    total = sum(line.total for line in lines_of(order, unit_id))
    stays, kept = paid(order, unit_id), taken(order, unit_id)
    order = asked(order, unit_id, CommandKind.VOID, stays - max(total, kept), now)
    order = asked(order, unit_id, CommandKind.REFUND, kept - total, now)
    return order.with_lines(_spread(lines_of(order, unit_id)))


def _spread(lines: Sequence[Line]) -> Iterator[Line]:
    """Spread what stands on these lines by their totals: what went back, then what was captured and stays,
    then what is only approved, where there is room for it. So no line has more captured than approved, nor
    more paid back than captured.
    """
    totals = [line.total for line in lines]
    refunded = money.share(sum(line.refunded for line in lines), totals)
    reserved = money.share(sum(line.reserved for line in lines), totals)
    kept = money.share(sum(line.refundable for line in lines), totals)
    rooms = [max(0, total - part) for total, part in zip(totals, kept, strict=True)]
    open_ = money.share(sum(line.approved - line.captured for line in lines), rooms)
    for i, line in enumerate(lines):
        captured = refunded[i] + reserved[i] + kept[i]
        yield replace(
            line,
            approved=captured + open_[i],
            captured=captured,
            refunded=refunded[i],
            reserved=reserved[i],
        )


# What moves do


@change
def stop_payments(moment: Moment) -> Order:
    """No payment is expected for it any more."""
    return moment.order.with_lines(replace(line, payable=False) for line in moment.lines)


@change
def return_money(moment: Moment) -> Order:
    """What was approved is let go of, what was captured is paid back."""
    order, unit = moment.order, moment.unit.id
    let_go = sum(_uncaptured(line) for line in moment.lines) - _open(
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
    return _amount(moment, due_of(moment.order, moment.unit.id))


def _left(moment: Moment) -> str:
    return _amount(moment, left_to_invoice(moment.order, moment.merchant_order))


def _amount(moment: Moment, minor: int) -> str:
    return f"{money.text(minor, moment.order.currency)} {moment.order.currency}"


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


@guard("{left} are left to invoice, or what was invoiced is not captured yet.", left=_left)
def fully_invoiced_and_captured(moment: Moment) -> bool:
    """Is all of it invoiced, and captured?"""
    return left_to_invoice(moment.order, moment.merchant_order) == 0 and captured.holds(moment)


@guard("{left} are left to invoice, or what was invoiced is not captured yet.", left=_left)
def partly_invoiced_and_captured(moment: Moment) -> bool:
    """Is only some of it invoiced, and that captured?"""
    return left_to_invoice(moment.order, moment.merchant_order) > 0 and captured.holds(moment)
