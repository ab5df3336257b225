"""What the payment provider is asked to do, and how the lines of merchant orders follow what it did. Pure.

A command on the order is asked for, done, refused or given up. Sums over the lines of a merchant order are
exact.
Source: design, storage, "Commands to outside systems". Minor units.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from domain import money
from domain.commands import Command, CommandKind, CommandStatus
from domain.order import Line, Order
from domain.payments import commands_of, holder, paid, taken

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
    """Ask once more for what was refused, as a new attempt; or for what was given up, as the same attempt.

    Nobody knows whether what was given up was done. Under a new key the provider might do it twice; under the
    same key it does it at most once. What was reserved for it still is.
    """
    if command.status is CommandStatus.DEAD:
        return _with(order, replace(command, status=CommandStatus.PENDING, answer=None))
    attempt = command.attempt + 1
    command = replace(command, status=CommandStatus.PENDING, attempt=attempt, settled_at=None, answer=None)
    return _sent(order, command, now)


def given_up(order: Order, command: Command) -> Order:
    """Ask no more for what nobody answers; what was reserved stays so, as it may have been done."""
    ask = order.asks.get(command.id)
    return _with(order, replace(command, status=CommandStatus.DEAD, answer=ask and ask.answer))


def done(
    order: Order, command: Command, now: datetime, answer: str | None = None, attempt: int | None = None
) -> Order:
    """Book what the provider did, in this attempt; also of a command that was refused before, since the money
    moved.
    """
    if command.kind is CommandKind.REFUND and command.status is CommandStatus.REFUSED:
        order = _reserved(order, command)
    order = _booked(order, command)
    settled = replace(command, status=CommandStatus.DONE, settled_at=now, answer=answer, done_attempt=attempt)
    return _with(order, settled)


def done_by(order: Order, command: Command, attempt: int) -> Order:
    """Note by which attempt was done what is booked already."""
    return _with(order, replace(command, done_attempt=attempt))


def done_again(order: Order, command: Command, attempts: Iterable[int]) -> Order:
    """Note which attempts the provider has done besides the one that was booked; no line has that money."""
    return _with(order, replace(command, done_again=tuple(sorted(attempts))))


def refused(order: Order, command: Command, now: datetime, answer: str | None = None) -> Order:
    """Note that the provider refused what it was asked for; what was reserved for it is released."""
    if command.kind is CommandKind.REFUND:
        order = _over(order, command, lambda x: x.reserved, lambda x, n: replace(x, reserved=x.reserved - n))
    return _with(order, replace(command, status=CommandStatus.REFUSED, settled_at=now, answer=answer))


def open_commands(order: Order, unit_id: str, *kinds: CommandKind) -> tuple[Command, ...]:
    """Return the commands for this merchant order that are not done, of these kinds or of all."""
    return tuple(
        command
        for command in commands_of(order, unit_id)
        if command.status is not CommandStatus.DONE and (not kinds or command.kind in kinds)
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
            return _over(order, command, uncaptured, lambda x, n: replace(x, captured=x.captured + n))
        case CommandKind.VOID:
            # What is more than the total goes first: then every line is left with what it costs.
            lines = order.lines_of(holder(order, command))
            enough = sum(map(_surplus, lines)) >= command.amount
            room = _surplus if enough else uncaptured
            return _over(order, command, room, lambda x, n: replace(x, approved=x.approved - n))
        case CommandKind.REFUND:
            return _over(
                order,
                command,
                lambda x: x.reserved,
                lambda x, n: replace(x, reserved=x.reserved - n, refunded=x.refunded + n),
            )


def uncaptured(line: Line) -> int:
    """Return what is approved for this line and not captured."""
    return max(0, line.approved - line.captured)


def _surplus(line: Line) -> int:
    back = line.refunded + line.reserved
    return min(uncaptured(line), max(0, line.approved - back - line.total))


def _over(
    order: Order, command: Command, room: Callable[[Line], int], book: Callable[[Line, int], Line]
) -> Order:
    """Book a command's amount over the lines by the room that each has; no line gets more than its room."""
    lines = order.lines_of(holder(order, command))
    rooms = [room(line) for line in lines]
    parts = money.share(min(command.amount, sum(rooms)), rooms)
    return order.with_lines(book(line, part) for line, part in zip(lines, parts, strict=True))


def balanced(order: Order, unit_id: str, now: datetime) -> Order:
    """Let the money of a merchant order follow its lines after these were changed.

    What is approved or captured above the new total is let go of or paid back; what is missing becomes due.
    Then its sums are spread over the lines anew, in proportion to what each line costs now.
    """
    total = order.total_of(unit_id)
    stays, kept = paid(order, unit_id), taken(order, unit_id)
    order = asked(order, unit_id, CommandKind.VOID, stays - max(total, kept), now)
    order = asked(order, unit_id, CommandKind.REFUND, kept - total, now)
    return order.with_lines(_spread(order.lines_of(unit_id)))


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
