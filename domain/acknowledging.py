"""The payment provider says what it did with a command, or is asked once more. Pure.

Source: design, storage, "Commands to outside systems".
"""

from datetime import datetime

from domain import booking
from domain.actors import Actor, Role
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
    way was refused changes nothing.
    """
    event = "acknowledge_command"
    command = _command(order, command_id, event, actor)
    if isinstance(command, Refusal):
        return command
    if attempt is not None and not 0 < attempt <= command.attempt:
        sentence = (
            f"There was no attempt {attempt} of this {command.kind}; the last one was {command.attempt}."
        )
        return _refused(event, sentence, "attempt")
    outdated = attempt is not None and attempt < command.attempt and not done
    target = CommandStatus.DONE if done else CommandStatus.REFUSED
    if command.status is target or outdated:
        return Outcome(order, already=(command.unit,))
    if command.status is CommandStatus.DONE:
        sentence = f"The {command.kind} {command.id} was already done; it cannot be refused."
        return _refused(event, sentence, "command")
    order = (booking.done if done else booking.refused)(order, command, now, answer)
    given: Input = {"command": command.id, "amount": command.amount}
    entry = _entry(command.unit, f"{command.kind}_{target}", actor, now, given, answer)
    return note(process, order, entry, now)


def retry_command(
    process: Process, order: Order, command_id: str, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Ask the payment provider once more for a command that it refused; one on its way already stays so."""
    event = "retry_command"
    command = _command(order, command_id, event, actor)
    if isinstance(command, Refusal):
        return command
    if command.status is CommandStatus.DONE:
        sentence = f"The {command.kind} {command.id} was already done; it needs no retry."
        return _refused(event, sentence, "command")
    if command.status is CommandStatus.PENDING:
        return Outcome(order, already=(command.unit,))
    order = booking.asked_again(order, command, now)
    given: Input = {"command": command.id, "amount": command.amount, "attempt": command.attempt + 1}
    return note(process, order, _entry(command.unit, event, actor, now, given), now)


def _command(order: Order, command_id: str, event: str, actor: Actor) -> Command | Refusal:
    """The command with this id, for whoever answers for payments."""
    if actor.role not in _PROVIDERS:
        sentence = f"Commands are settled by {' or '.join(sorted(_PROVIDERS))}, not by a {actor.role}."
        return Refusal(RefusalCode.TRANSITION_NOT_ALLOWED, sentence, "role", None, event)
    found = next((command for command in order.commands if command.id == command_id), None)
    if found is None:
        sentence = f"This order has no command {command_id}."
        return Refusal(RefusalCode.NOT_FOUND, sentence, "command", None, event)
    return found


def _entry(
    unit: str, event: str, actor: Actor, now: datetime, given: Input, reason: str | None = None
) -> Entry:
    """A history entry of what moves no machine; the engine numbers it."""
    return Entry(0, now, unit, None, None, None, event, actor, reason=reason, input=given)


def _refused(event: str, sentence: str, rule: str) -> Refusal:
    return Refusal(RefusalCode.GUARD_FAILED, sentence, rule, None, event)
