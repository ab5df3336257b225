"""What a person does that is more than one event on one unit. Pure: order in, outcome or refusal out."""

from dataclasses import replace
from datetime import datetime

from domain import money
from domain.actors import Actor, Role
from domain.engine import perform
from domain.order import Entry, Order, Payment, Unit
from domain.outcome import Intent, Outcome
from domain.payments import due, with_payment
from domain.process import Process, Trigger
from domain.refusal import Refusal, RefusalCode


def record_payment(
    process: Process, order: Order, reference: str, amount: int, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Record money that came in (`amount` in minor units, more than zero, at most what is due).

    Once nothing is due any more, all that waits for the payment moves; before that, and where nothing waits
    for it yet, the payment is a history entry of the whole order. The same reference and amount again change
    nothing; the same reference with another amount is refused, and so is whoever may not fire the process's
    event for payments. Source: design, process marketplace-merchant, row `pay`.
    """
    roles = _payers(process)
    if actor.role not in roles:
        sentence = f"Payments are recorded by {' or '.join(sorted(roles))}, not by a {actor.role}."
        return Refusal(RefusalCode.TRANSITION_NOT_ALLOWED, sentence, "role", None, process.pays)
    known = next((p for p in order.payments if p.reference == reference), None)
    if known is not None:
        if known.amount == amount:
            return Outcome(order, already=tuple(unit.id for unit in process.units(order)))
        booked = f"{money.text(known.amount, order.currency)} {order.currency}"
        sentence = f"Payment {reference} was already recorded with {booked}."
        return _refused(process, sentence, "payment_reference")
    lacking = due(order)
    if not 0 < amount <= lacking:
        left = f"{money.text(lacking, order.currency)} {order.currency}"
        sentence = f"{left} are due on this order." if lacking else "Nothing is due on this order."
        sentence += " A payment must be more than nothing and not more than that."
        return _refused(process, sentence, "due")
    paid = with_payment(order, Payment(reference, amount, now, actor.id))
    given = {"amount": amount, "payment": reference}
    intents = [
        Intent(process.pays, unit.id, process.first, actor, given)
        for unit in process.units(paid)
        if due(paid) == 0 and _lists(process, unit, process.pays)
    ]
    outcome = perform(process, paid, intents, now)
    if outcome.entries:
        return outcome
    # An outcome without an entry is not written, and money that came in must never be forgotten.
    event = "part_payment" if due(paid) > 0 else "payment"
    entry = Entry(order.seq + 1, now, None, None, None, None, event, actor, input=given)
    return Outcome(replace(paid, seq=entry.seq, changed_at=now), (entry,))


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


def _refused(process: Process, sentence: str, rule: str) -> Refusal:
    return Refusal(RefusalCode.GUARD_FAILED, sentence, rule, None, process.pays)
