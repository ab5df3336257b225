"""An order gets the data that it lacks, or another way to be paid after a payment was denied. Pure.

Source: seed on the store flows, "Incomplete orders" and "Window to change payment"; design, store processes,
"Marketplace machine".
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from domain.actors import Actor, Role
from domain.engine import perform
from domain.order import Address, Order, Unit
from domain.outcome import Intent, Outcome
from domain.process import Process
from domain.refusal import Refusal, RefusalCode

COMPLETE, CHANGE_PAYMENT = "complete", "change_payment"


def complete_order(
    process: Process,
    order: Order,
    deliver_to: Address | None,
    payment_method: str | None,
    actor: Actor,
    now: datetime,
) -> Outcome | Refusal:
    """Put the data that an order lacks on it, and complete all of it.

    What it has already may be left out. While something is still missing, the answer names it (rule
    "deliver_to", "payment_method" or, where both are, "needs") and nothing is kept. Once it is complete, the
    same data again change nothing and others are refused (rule "deliver_to" or "payment_method").
    """
    given = replace(
        order,
        deliver_to=deliver_to or order.deliver_to,
        payment_method=payment_method or order.payment_method,
    )
    waiting = _where(process, order, COMPLETE, actor.role)
    if waiting:
        if lacking := tuple(_lacking(given)):
            rule = lacking[0][0] if len(lacking) == 1 else "needs"
            sentence = f"The order still lacks {' and '.join(what for _, what in lacking)}."
            return Refusal(RefusalCode.INPUT_MISSING, sentence, rule, None, COMPLETE)
        return _fired(process, given, COMPLETE, waiting, actor, now)
    if any(_lacking(order)) or not _may(process, COMPLETE, actor.role):
        return _fired(process, order, COMPLETE, process.units(order), actor, now)
    if given.deliver_to != order.deliver_to:
        sentence = "The order is complete; where it is delivered cannot be changed any more."
        return Refusal(RefusalCode.GUARD_FAILED, sentence, "deliver_to", None, COMPLETE)
    if given.payment_method != order.payment_method:
        sentence = "The order is complete; how it is paid can be changed only after a payment was denied."
        return Refusal(RefusalCode.GUARD_FAILED, sentence, "payment_method", None, COMPLETE)
    return Outcome(order, already=tuple(unit.id for unit in process.units(order)))


def change_payment(
    process: Process, order: Order, payment_method: str | None, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Let all that waits for another payment wait for it; where a method is given, the order keeps it.

    The same again changes nothing; another method than the one that was chosen before is then refused (rule
    "payment_method").
    """
    waiting = _where(process, order, CHANGE_PAYMENT, actor.role)
    if waiting:
        changed = replace(order, payment_method=payment_method or order.payment_method)
        return _fired(process, changed, CHANGE_PAYMENT, waiting, actor, now, payment_method)
    answer = _fired(process, order, CHANGE_PAYMENT, process.units(order), actor, now)
    if isinstance(answer, Outcome) and payment_method not in (None, order.payment_method):
        sentence = "It was changed already; it can be changed again only after that payment was denied, too."
        return Refusal(RefusalCode.GUARD_FAILED, sentence, "payment_method", None, CHANGE_PAYMENT)
    return answer


def _fired(
    process: Process,
    order: Order,
    event: str,
    units: Sequence[Unit],
    actor: Actor,
    now: datetime,
    payment_method: str | None = None,
) -> Outcome | Refusal:
    """The event on all of these; refused as a whole where none of them took it or had taken it already."""
    given = {"payment_method": payment_method} if payment_method else {}
    intents = [Intent(event, unit.id, process.first, actor, given) for unit in units]
    outcome = perform(process, order, intents, now)
    if outcome.refused and not (outcome.moved or outcome.already):
        return outcome.refused[0][1]
    return replace(outcome, refused=())


def _lacking(order: Order) -> Iterator[tuple[str, str]]:
    if order.deliver_to is None:
        yield "deliver_to", "where it is delivered"
    if not order.payment_method:
        yield "payment_method", "how it is paid"


def _where(process: Process, order: Order, event: str, role: Role) -> list[Unit]:
    """The units whose first machine lists the event for this role."""
    return [unit for unit in process.units(order) if process.move(unit, process.first, event, role)]


def _may(process: Process, event: str, role: Role) -> bool:
    """Whether this role can ever fire the event."""
    states = (state for machine in process.variants(process.first) for state in machine.states.values())
    return any(state.move(event, role) for state in states)
