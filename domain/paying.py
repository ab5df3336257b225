"""A payment is recorded: money that came in, or was approved. Pure: order in, outcome or refusal out."""

from datetime import datetime

from domain import money
from domain.actors import Actor, Role
from domain.engine import note, perform
from domain.order import Entry, Input, Order, Payment
from domain.outcome import Intent, Outcome
from domain.payments import due, with_payment
from domain.process import Process, Trigger
from domain.refusal import Refusal, RefusalCode


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
        if left == 0 and process.move(unit, process.first, process.pays, actor.role)
    ]
    outcome = perform(process, paid, intents, now)
    if outcome.entries:
        return outcome
    # An outcome without an entry is not written, and money that came in must never be forgotten.
    event = "part_payment" if left > 0 else "payment"
    entry = Entry(0, now, None, None, None, None, event, actor, input=given)
    return note(process, paid, entry, now)


def _known_payment(
    process: Process, order: Order, known: Payment, amount: int, captured: bool
) -> Outcome | Refusal:
    """The same payment again changes nothing; whether it is captured tells payments apart where it counts."""
    if known.amount != amount:
        booked = money.spelled(known.amount, order.currency)
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
    left = money.spelled(lacking, order.currency)
    sentence = f"{left} are due on this order." if lacking else "Nothing is due on this order."
    return f"{sentence} A payment must be more than nothing and not more than that."


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


def _refused(event: str, sentence: str, rule: str) -> Refusal:
    return Refusal(RefusalCode.GUARD_FAILED, sentence, rule, None, event)
