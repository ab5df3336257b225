"""Money in: what is still due, and how a payment spreads over the lines it pays for.

Source: design, process marketplace-merchant: "several payments may add up". Amounts are minor units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from domain import money
from domain.commands import Command, CommandKind, CommandStatus
from domain.order import Line, Order, Payment


def due(order: Order) -> int:
    """Return what is still to be paid, over the lines that still expect their payment."""
    return sum(_owed(order).values())


def due_of(order: Order, unit_id: str) -> int:
    """Return what is still to be paid for this merchant order."""
    return _owed(order).get(unit_id, 0)


def paid(order: Order, unit_id: str) -> int:
    """Return what is approved or captured for this merchant order and stays: without what it gives up."""
    lines = order.lines_of(unit_id)
    return sum(max(line.approved, line.captured) for line in lines) - _given_up(order, unit_id)


def taken(order: Order, unit_id: str) -> int:
    """Return what is captured for this merchant order and stays: without what was too much."""
    refunds = (_too_much(command) for command in commands_of(order, unit_id))
    return sum(line.captured for line in order.lines_of(unit_id)) - sum(refunds)


def commands_of(order: Order, unit_id: str) -> tuple[Command, ...]:
    """Return the commands for the money of this merchant order, also of those whose lines it took over."""
    return tuple(command for command in order.commands if holder(order, command) == unit_id)


def holder(order: Order, command: Command) -> str:
    """Return the id of the merchant order whose lines have the money of this command now."""
    theirs = order.merchant_order(command.unit)
    while theirs and theirs.replaced_by:
        theirs = order.merchant_order(theirs.replaced_by)
    return theirs.id if theirs else command.unit


def dues(order: Order, captures_later: bool = False) -> Mapping[str, int]:
    """Return what is still to be paid for each line, by its id: what a payment of all that is due would pay.

    So they come to what is due for the order. Lines that expect no payment are left out.
    """
    return {line.id: part for line, part in _spread(order, due(order), captures_later)}


def with_payment(order: Order, payment: Payment, captures_later: bool = False) -> Order:
    """Return the order with this payment spread over the payable lines in proportion to what each lacks.

    The payment is not larger than what is due, so no merchant order ever gets more than its total. Where
    money is captured later it is approved for the lines, and captured as well if the payment says so; there
    it fills one merchant order after the other, the smallest first, so that what suffices for one is not
    thinned out by what another lacks.
    """
    parts = _spread(order, payment.amount, captures_later)
    changed = [_with_share(line, part, payment, captures_later) for line, part in parts]
    return replace(order.with_lines(changed), payments=(*order.payments, payment))


def _spread(order: Order, amount: int, captures_later: bool) -> Iterator[tuple[Line, int]]:
    """Yield for the lines of all that something is due for which part of the amount is theirs."""
    owed = _owed(order)
    for unit, share in _shares(owed, amount, captures_later):
        lines = [line for line in order.lines if line.payable and line.merchant_order_id == unit]
        lacks = [_lacks(line, captures_later) for line in lines]
        yield from zip(lines, money.share(share, lacks), strict=True)


def _shares(
    owed: Mapping[str | None, int], amount: int, captures_later: bool
) -> Iterator[tuple[str | None, int]]:
    """Yield which part of the amount each merchant order gets."""
    if not captures_later:
        yield from zip(owed, money.share(amount, list(owed.values())), strict=True)
        return
    for unit in sorted(owed, key=lambda unit: owed[unit]):
        share = min(amount, owed[unit])
        amount -= share
        yield unit, share


def _with_share(line: Line, part: int, payment: Payment, captures_later: bool) -> Line:
    if not captures_later:
        return replace(line, captured=line.captured + part)
    captured = line.captured + part if payment.captured else line.captured
    return replace(line, approved=line.approved + part, captured=captured)


def _lacks(line: Line, captures_later: bool) -> int:
    # Where totals may fall and rise again, what went back then is lacking again.
    back = line.refunded + line.reserved if captures_later else 0
    return max(0, line.due + back)


def _owed(order: Order) -> dict[str | None, int]:
    """What is due by merchant order (None: lines that have none yet); what one has too much pays no other."""
    owed: dict[str | None, int] = {}
    for line in order.lines:
        if line.payable:
            owed[line.merchant_order_id] = owed.get(line.merchant_order_id, 0) + line.due
    for command in order.commands:
        unit = holder(order, command)
        if unit in owed:
            owed[unit] += _leaving(command)
    return {unit: amount for unit, amount in owed.items() if amount > 0}


def _given_up(order: Order, unit_id: str) -> int:
    return sum(_leaving(command) for command in commands_of(order, unit_id))


def _leaving(command: Command) -> int:
    """What this command takes away of what the lines still count; if it is wanted again it is due again."""
    if command.kind is CommandKind.VOID and command.status is not CommandStatus.DONE:
        return command.amount
    return _too_much(command)


def _too_much(command: Command) -> int:
    """What goes back because the total fell. What goes back for goods that were returned stays paid for."""
    return command.amount if command.kind is CommandKind.REFUND and command.about is None else 0
