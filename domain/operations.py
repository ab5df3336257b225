"""What a person does that is more than one event on one unit. Pure: order in, outcome or refusal out."""

from datetime import datetime

from domain import money, settlement
from domain.actors import Actor, Role
from domain.commands import Command, CommandStatus
from domain.engine import note, perform
from domain.order import Entry, Input, Order, Payment, Unit
from domain.outcome import Intent, Outcome
from domain.payments import due, with_payment
from domain.process import Process, Trigger
from domain.refusal import Refusal, RefusalCode

_PROVIDERS = frozenset({Role.PAYMENTS, Role.MARKETPLACE})
"""Who answers for what the payment provider did."""


def record_payment(
    process: Process,
    order: Order,
    reference: str,
    amount: int,
    actor: Actor,
    now: datetime,
    *,
    captured: bool = False,
) -> Outcome | Refusal:
    """Record money that came in (`amount` in minor units, more than zero, at most what is due).

    Once nothing is due any more, all that waits for the payment moves; before that, and where nothing waits
    for it yet, the payment is a history entry of the whole order. Where money is captured later the payment
    is approved by this, and with `captured` the money is in already. The same payment again changes nothing;
    the same reference with other content is refused, and so is whoever may not fire the process's event for
    payments. Source: design, process marketplace-merchant, row `pay`.
    """
    roles = _payers(process)
    if actor.role not in roles:
        sentence = f"Payments are recorded by {' or '.join(sorted(roles))}, not by a {actor.role}."
        return Refusal(RefusalCode.TRANSITION_NOT_ALLOWED, sentence, "role", None, process.pays)
    known = next((p for p in order.payments if p.reference == reference), None)
    if known is not None:
        return _known_payment(process, order, known, amount, captured)
    lacking = due(order)
    if not 0 < amount <= lacking:
        return _refused(process.pays, _why_not_due(order, lacking), "due")
    payment = Payment(reference, amount, now, actor.id, captured)
    paid = with_payment(order, payment, process.captures_later)
    given: Input = {"amount": amount, "payment": reference} | ({"captured": True} if captured else {})
    left = due(paid)
    intents = [
        Intent(process.pays, unit.id, process.first, actor, given)
        for unit in process.units(paid)
        if left == 0 and _lists(process, unit, process.pays)
    ]
    outcome = perform(process, paid, intents, now)
    if outcome.entries:
        return outcome
    # An outcome without an entry is not written, and money that came in must never be forgotten.
    event = "part_payment" if left > 0 else "payment"
    return note(process, paid, _entry(None, event, actor, now, given), now)


def settle_command(
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
    way was refused changes nothing. Source: design, storage, "Commands to outside systems".
    """
    event = "settle_command"
    command = _command(order, command_id, event, actor)
    if isinstance(command, Refusal):
        return command
    outdated = attempt is not None and attempt < command.attempt and not done
    target = CommandStatus.DONE if done else CommandStatus.REFUSED
    if command.status is target or outdated:
        return Outcome(order, already=(command.unit,))
    if command.status is CommandStatus.DONE:
        sentence = f"The {command.kind} {command.id} was already done; it cannot be refused."
        return _refused(event, sentence, "command")
    order = (settlement.done if done else settlement.refused)(order, command, now, answer)
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
    order = settlement.asked_again(order, command, now)
    given: Input = {"command": command.id, "amount": command.amount, "attempt": command.attempt + 1}
    return note(process, order, _entry(command.unit, event, actor, now, given), now)


def _known_payment(
    process: Process, order: Order, known: Payment, amount: int, captured: bool
) -> Outcome | Refusal:
    """The same payment again changes nothing; whether it is captured tells payments apart where it counts."""
    if known.amount != amount:
        booked = f"{money.text(known.amount, order.currency)} {order.currency}"
        sentence = f"Payment {known.reference} was already recorded with {booked}."
        return _refused(process.pays, sentence, "payment_reference")
    if process.captures_later and known.captured != captured:
        how = "captured" if known.captured else "approved only, to be captured with the invoices"
        sentence = f"Payment {known.reference} was already recorded as {how}."
        return _refused(process.pays, sentence, "payment_reference")
    return Outcome(order, already=tuple(unit.id for unit in process.units(order)))


def _why_not_due(order: Order, lacking: int) -> str:
    if not any(line.payable for line in order.lines):
        return "Nothing is due on this order any more: it was canceled. Give the money back to whoever paid."
    left = f"{money.text(lacking, order.currency)} {order.currency}"
    sentence = f"{left} are due on this order." if lacking else "Nothing is due on this order."
    return f"{sentence} A payment must be more than nothing and not more than that."


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
    unit: str | None, event: str, actor: Actor, now: datetime, given: Input, reason: str | None = None
) -> Entry:
    """A history entry of what moves no machine; the engine numbers it."""
    return Entry(0, now, unit, None, None, None, event, actor, reason=reason, input=given)


def _payers(process: Process) -> set[Role]:
    """Who may report a payment: whoever may fire the process's event for it anywhere."""
    return {
        role
        for machine in process.variants(process.first)
        for state in machine.states.values()
        for move in state.moves
        if move.event == process.pays and move.trigger is Trigger.ACTOR
        for role in move.by
    }


def _lists(process: Process, unit: Unit, event: str) -> bool:
    position = unit.positions.get(process.first)
    if position is None:
        return False
    moves = process.state(process.first, position).moves
    return any(move.event == event and move.trigger is Trigger.ACTOR for move in moves)


def _refused(event: str, sentence: str, rule: str) -> Refusal:
    return Refusal(RefusalCode.GUARD_FAILED, sentence, rule, None, event)
