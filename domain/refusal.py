"""Why an event was refused: a value with a stable code and a sentence that a person can act on.

Source: design, product, "The engine", 1.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.actors import PEOPLE, Role
from domain.order import Position
from domain.process import State, Trigger


class RefusalCode(StrEnum):
    """Why an event was refused."""

    TRANSITION_NOT_ALLOWED = "transition_not_allowed"
    GUARD_FAILED = "guard_failed"
    INPUT_MISSING = "input_missing"
    OUT_OF_STEP = "out_of_step"
    INPUT_INVALID = "input_invalid"
    NOT_DUE = "not_due"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable code, a sentence to act on, the rule that said no, the events possible instead."""

    code: RefusalCode
    message: str
    rule: str
    state: str | None
    event: str
    available: tuple[str, ...] = ()


def refusal(code: RefusalCode, message: str, rule: str, position: Position, event: str) -> Refusal:
    """Refuse an event where the machine stands."""
    return Refusal(code, message, rule, position.state, event)


def not_listed(state: State, position: Position, event: str, role: Role) -> Refusal:
    """Refuse an event that the state does not list for this role: with the sentence that the process has for
    it here, else naming the events that it does list.
    """
    events, rule = available(state, role), "state"
    if said := state.no(event, role):
        sentence = said.because
    elif state.locked and role in PEOPLE:
        sentence, rule = "The platform is processing it; nobody can change or cancel it now.", "locked"
    else:
        possible = f"possible now: {', '.join(events)}" if events else "nothing is possible for you here now"
        sentence = f"{event} is not possible in state {position.state}; {possible}."
    return Refusal(RefusalCode.TRANSITION_NOT_ALLOWED, sentence, rule, position.state, event, events)


def available(state: State, role: Role) -> tuple[str, ...]:
    """Return the events that this role may fire in this state."""
    return tuple(dict.fromkeys(m.event for m in state.moves if m.trigger is Trigger.ACTOR and role in m.by))
