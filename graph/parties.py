"""Whose machines a role reads, and on whose it fires an event. Derived from the process; names no process."""

from domain.actors import Audience, Party, Role
from domain.order import Unit
from domain.process import Process, State, Trigger


def parties_read(process: Process, role: Role) -> tuple[Party, ...]:
    """Return the parties whose states a role may know by their codes."""
    match role:
        case Role.MARKETPLACE | Role.SYSTEM:
            return tuple(Party)
        case Role.PAYMENTS:
            return (process.first,)
        case Role.MERCHANT | Role.LOGISTICS:
            return process.follows(Audience.MERCHANT_PORTAL)
        case Role.CUSTOMER:
            return ()


def party_for(process: Process, unit: Unit, role: Role, event: str) -> Party:
    """Return whose machine answers this role's event on a unit: the first that lists it or has a sentence
    for why not, else the one that the role would look at.
    """
    states = {party: process.state(party, position) for party, position in unit.positions.items()}
    for knows in (_lists, _says_no):
        for party, state in states.items():
            if knows(state, role, event):
                return party
    if role in (Role.MERCHANT, Role.LOGISTICS):
        return process.follows(Audience.MERCHANT_PORTAL)[0]
    return process.first


def _lists(state: State, role: Role, event: str) -> bool:
    return any(m.trigger is Trigger.ACTOR and m.event == event and role in m.by for m in state.moves)


def _says_no(state: State, role: Role, event: str) -> bool:
    return any(no.event == event and role in no.by for no in state.refusals)
