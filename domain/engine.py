"""Where an event becomes a change of an order: place, fire, perform, offer.

Pure: the order, the event and `now` come in, a new order or a refusal goes out. No I/O, clock or randomness.
1. What a state does not list is refused, with what is possible instead. A refusal changes nothing.
2. A move runs to completion: automatic moves, links, timers without delay, until nothing moves.
3. A settled result that the process says must never be seen is refused as a whole.
How one step settles is in step.py. Design: product, "The engine".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.actors import Actor
from domain.order import Entry, Order, Unit
from domain.outcome import Intent, Offer, Outcome
from domain.process import Process
from domain.refusal import Refusal, available
from domain.step import Step


def place(process: Process, order: Order, actor: Actor, now: datetime) -> Outcome:
    """Start an order: its first history entry, every unit's first machine at its initial state, settled."""
    step = Step(process, order, now)
    first = process.variants(process.first)[0].initial
    step.record(Entry(order.seq + 1, now, None, process.first, None, first, "placed", actor))
    for unit in process.units(order):
        step.enter(unit.id, process.first, None, "placed", actor)
    step.sweep()
    return step.outcome()


def fire(process: Process, order: Order, intent: Intent, now: datetime) -> Outcome | Refusal:
    """Fire one event and settle. Returns the whole settled result, or why not; never half of it."""
    outcome = perform(process, order, (intent,), now)
    return outcome.refused[0][1] if outcome.refused else outcome


def perform(process: Process, order: Order, intents: Sequence[Intent], now: datetime) -> Outcome:
    """Fire several events on one order as one step; each is taken or refused on its own."""
    step = Step(process, order, now)
    moved: list[str] = []
    already: list[str] = []
    refused: list[tuple[Intent, Refusal]] = []
    for intent in intents:
        answer = step.attempt(intent)
        if isinstance(answer, Refusal):
            refused.append((intent, answer))
        elif answer is None:
            already.append(intent.unit)
        else:
            moved.append(answer)
    if moved:
        step.sweep()
    return replace(step.outcome(), moved=tuple(moved), already=tuple(already), refused=tuple(refused))


def settle(process: Process, order: Order, now: datetime) -> Outcome:
    """Let move what something outside the order has set free; no entries when nothing moves."""
    step = Step(process, order, now)
    step.sweep()
    return step.outcome()


def note(process: Process, order: Order, entry: Entry, now: datetime) -> Outcome:
    """Record an entry about what was already put on the order and moves no machine itself; then settle."""
    step = Step(process, order, now)
    step.record(replace(entry, seq=order.seq + 1))
    step.sweep()
    return step.outcome()


def offers(process: Process, order: Order, unit: Unit, actor: Actor, now: datetime) -> tuple[Offer, ...]:
    """What this actor could fire on this unit now, each with the reason where it is not possible."""
    found: list[Offer] = []
    for party, position in unit.positions.items():
        state = process.state(party, position)
        refused = (no.event for no in state.refusals if actor.role in no.by)
        for event in (*available(state, actor.role), *refused):
            move = state.move(event, actor.role)
            needs, takes = (move.needs, move.takes) if move else ((), ())
            answer = why_not(process, order, Intent(event, unit.id, party, actor), now)
            found.append(Offer(event, party, needs, takes, answer))
    return tuple(found)


def why_not(process: Process, order: Order, intent: Intent, now: datetime) -> Refusal | None:
    """Return why this event would be refused now, whatever input it still needs; None: it is possible."""
    answer = Step(process, order, now).attempt(intent, trying=True)
    return answer if isinstance(answer, Refusal) else None
