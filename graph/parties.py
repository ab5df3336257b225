"""Whose machines a role reads, and whose names and reasons. Derived from the process; names no process."""

from domain.actors import Audience, Party, Role
from domain.process import Process


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


def hears(process: Process, role: Role, party: Party | None) -> bool:
    """Say whether a role learns of what its topic tells about this party's machine (None: a whole order).

    Integrations may be told of all orders, and hear of a part of each: of the machines that they read, and
    payments of whole orders too.
    """
    match role:
        case Role.PAYMENTS:
            return party is None or party in parties_read(process, role)
        case Role.LOGISTICS:
            return party in parties_read(process, role)
        case Role.MARKETPLACE | Role.MERCHANT | Role.CUSTOMER | Role.SYSTEM:
            return True


def knows(reader: Role, acted: Role) -> bool:
    """Say whether a role may read who acted in another one, where its audience does: payment systems book
    money, and learn of nobody but payment systems.
    """
    return reader is not Role.PAYMENTS or acted is Role.PAYMENTS


def reads_reason(process: Process, reader: Role, event: str, acted: Role) -> bool:
    """Say whether a role may read the reason of an event that it hears of: payment systems read their own,
    and why money goes back.
    """
    return knows(reader, acted) or event in _refunding(process)


def _refunding(process: Process) -> set[str]:
    """The events that come along with an amount or a refund."""
    return {
        move.event
        for machine in process.machines
        for state in machine.states.values()
        for move in state.moves
        if not {"amount", "refund"}.isdisjoint((*move.needs, *move.takes))
    }
