"""The payment provider says what it did with a command, or nothing for too long; it is asked once more. Pure.

Source: design, storage, "Commands to outside systems".
"""

from datetime import datetime

from domain import booking
from domain.actors import SYSTEM, Actor, Role
from domain.commands import Command, CommandStatus
from domain.engine import note
from domain.order import Entry, Input, Order
from domain.outcome import Outcome
from domain.process import Process
from domain.refusal import Refusal, RefusalCode

_PROVIDERS = frozenset({Role.PAYMENTS, Role.MARKETPLACE})
"""Who answers for what the payment provider did."""


def acknowledge_command(
    process: Process,
    order: Order,
    command_id: str,
    *,
    done: bool,
    answer: str | None,
    actor: Actor,
    now: datetime,
    attempt: int | None = None,
) -> Outcome | Refusal:
    """Acknowledge what the payment provider did with a command, or that it refused; then what waits goes on.

    The same answer again changes nothing. A command that was refused may still prove done, since then the
    money moved; one that is done cannot be refused any more. That an earlier `attempt` than the one on its
    way was refused changes nothing; that it was done is booked, and the command is at its end. If the other
    attempt is done as well, the money has moved twice: that is noted (see `moved_twice`) and not booked.
    """
    event = "acknowledge_command"
    command = find_command(order, command_id, actor, event, attempt)
    if isinstance(command, Refusal):
        return command
    tried = attempt or command.attempt
    if command.status is CommandStatus.DONE and command.done_attempt not in (None, tried):
        return _besides(process, order, command, tried, done, actor, now)
    outdated = not done and tried < command.attempt and tried != command.done_attempt
    target = CommandStatus.DONE if done else CommandStatus.REFUSED
    # Somebody confirmed it, without an attempt: the first of several that proves done was meant.
    found_out = done and command.status is CommandStatus.DONE and not command.done_attempt
    if outdated or (command.status is target and not (found_out and command.attempt > 1)):
        return Outcome(order, already=(command.unit,))
    if command.status is CommandStatus.DONE and not done:
        sentence = f"The {command.kind} {command.id} was already done; it cannot be refused."
        return _refused(event, sentence, "command")
    if found_out:
        order = booking.done_by(order, command, tried)
    elif done:
        order = booking.done(order, command, now, answer, tried)
    else:
        order = booking.refused(order, command, now, answer)
    given: Input = {"command": command.id, "amount": command.amount}
    entry = _entry(command.unit, f"{command.kind}_{target}", actor, now, given, answer)
    return note(process, order, entry, now)


def _besides(
    process: Process, order: Order, command: Command, attempt: int, done: bool, actor: Actor, now: datetime
) -> Outcome:
    """What became of another attempt than the one that was booked: nothing, unless the money moved again, or
    what had moved again was taken back.
    """
    if done is (attempt in command.done_again):
        return Outcome(order, already=(command.unit,))
    again = {*command.done_again} ^ {attempt}
    given: Input = {"command": command.id, "amount": command.amount, "attempt": attempt}
    event = f"{command.kind}_{'done_again' if done else 'taken_back'}"
    order = booking.done_again(order, command, again)
    return note(process, order, _entry(command.unit, event, actor, now, given), now)


def moved_twice(order: Order, command_id: str, attempt: int | None) -> Refusal | None:
    """Return why this attempt is not booked although it was done: another was, so the money moved twice."""
    command = next((command for command in order.commands if command.id == command_id), None)
    if command is None or (attempt or command.attempt) not in command.done_again:
        return None
    sentence = (
        f"Attempt {command.done_attempt} of this {command.kind} was done already and is what is booked: the "
        f"money moved twice. Take attempt {attempt or command.attempt} back at the payment provider, then "
        "acknowledge that attempt as refused."
    )
    return _refused("acknowledge_command", sentence, "attempt")


def give_up_command(process: Process, order: Order, command_id: str, now: datetime) -> Outcome:
    """Give up a pending command that was given out so often without an answer; anything else stays as it is.

    What was reserved for it stays so, since the provider may have done it. Its answer may still come.
    """
    command = next((command for command in order.commands if command.id == command_id), None)
    if command is None or command.status is not CommandStatus.PENDING:
        return Outcome(order)
    given: Input = {"command": command.id, "amount": command.amount, "attempt": command.attempt}
    entry = _entry(command.unit, f"{command.kind}_{CommandStatus.DEAD}", SYSTEM, now, given)
    return note(process, booking.given_up(order, command), entry, now)


def retry_command(
    process: Process, order: Order, command_id: str, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Ask the payment provider once more for what it refused, as a new attempt, or for what was given up, as
    the same attempt under the same key (see `booking.asked_again`); one on its way already stays so.
    """
    event = "retry_command"
    command = find_command(order, command_id, actor, event)
    if isinstance(command, Refusal):
        return command
    if command.status is CommandStatus.DONE:
        sentence = f"The {command.kind} {command.id} was already done; it needs no retry."
        return _refused(event, sentence, "command")
    if command.status is CommandStatus.PENDING:
        return Outcome(order, already=(command.unit,))
    attempt = command.attempt if command.status is CommandStatus.DEAD else command.attempt + 1
    order = booking.asked_again(order, command, now)
    given: Input = {"command": command.id, "amount": command.amount, "attempt": attempt}
    return note(process, order, _entry(command.unit, event, actor, now, given), now)


def find_command(
    order: Order, command_id: str, actor: Actor, event: str, attempt: int | None = None
) -> Command | Refusal:
    """Return the command with this id, of which there was this attempt, for whoever answers for payments."""
    if actor.role not in _PROVIDERS:
        sentence = f"Commands are settled by {' or '.join(sorted(_PROVIDERS))}, not by a {actor.role}."
        return Refusal(RefusalCode.TRANSITION_NOT_ALLOWED, sentence, "role", None, event)
    found = next((command for command in order.commands if command.id == command_id), None)
    if found is None:
        sentence = f"This order has no command {command_id}."
        return Refusal(RefusalCode.NOT_FOUND, sentence, "command", None, event)
    if attempt is not None and not 0 < attempt <= found.attempt:
        sentence = f"There was no attempt {attempt} of this {found.kind}; the last one was {found.attempt}."
        return _refused(event, sentence, "attempt")
    return found


def _entry(
    unit: str, event: str, actor: Actor, now: datetime, given: Input, reason: str | None = None
) -> Entry:
    """A history entry of what moves no machine; the engine numbers it."""
    return Entry(0, now, unit, None, None, None, event, actor, reason=reason, input=given)


def _refused(event: str, sentence: str, rule: str) -> Refusal:
    return Refusal(RefusalCode.GUARD_FAILED, sentence, rule, None, event)
