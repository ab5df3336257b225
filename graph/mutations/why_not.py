"""From what the process or storage said to what the client reads: the errors of a payload.

It decides which states a refusal may tell to whom.
"""

from collections.abc import Sequence
from typing import assert_never

from domain.actors import Role
from domain.order import Unit
from domain.outcome import Intent
from domain.process import Process
from domain.refusal import Refusal, RefusalCode, available
from graph.errors import (
    Busy,
    GuardFailed,
    IdempotencyConflict,
    InputMissing,
    OrderError,
    OutOfStep,
    TransitionNotAllowed,
    VersionConflict,
    invalid,
    not_found,
)
from graph.parties import parties_read
from storage import errors as storage
from storage.client import DatabaseUnavailable, OutcomeUnknown, TooLarge

FAILURES = (
    storage.OrderNotFound,
    storage.VersionConflict,
    storage.IdempotencyConflict,
    storage.ExternalReferenceTaken,
    storage.TooBusy,
    DatabaseUnavailable,
    TooLarge,
)
"""What storage raises and a client can do something about."""


def from_refusal(
    process: Process, unit: Unit, intent: Intent, refusal: Refusal, path: Sequence[str]
) -> OrderError:
    """Return what the process answered to this intent on this unit (as it was before)."""
    event, message, where = refusal.event, refusal.message, list(path)
    # A refusal must not tell a state that the role does not read.
    state = refusal.state if intent.party in parties_read(process, intent.actor.role) else None
    match refusal.code:
        # Not found: the unit is there, but its machine of that party has not started yet.
        case RefusalCode.TRANSITION_NOT_ALLOWED | RefusalCode.NOT_FOUND:
            events = _available(process, unit, intent.actor.role)
            locked = message if refusal.rule == "locked" else None
            message = _sentence(process, unit, intent) or locked or _instead(event, events)
            return TransitionNotAllowed(
                message=message, path=where, state=state, event=event, available=events
            )
        case RefusalCode.GUARD_FAILED | RefusalCode.NOT_DUE:
            return GuardFailed(message=message, path=where, rule=refusal.rule, state=state, event=event)
        case RefusalCode.OUT_OF_STEP:
            return OutOfStep(message=message, path=where, state=state, event=event)
        case RefusalCode.INPUT_MISSING:
            return InputMissing(message=message, path=where, event=event)
        case RefusalCode.INPUT_INVALID:
            return invalid(message, *path, refusal.rule)  # the rule is named after the part of the input
        case _:
            assert_never(refusal.code)


def from_failure(failure: Exception) -> OrderError:
    """Return what one of FAILURES means to the client; any other exception is raised again."""
    match failure:
        case storage.OrderNotFound():
            return not_found("order", "order")
        case storage.VersionConflict(expected=expected, actual=actual):
            return VersionConflict(
                message=str(failure), path=["expectedVersion"], expected=expected, actual=actual
            )
        case storage.IdempotencyConflict():
            return IdempotencyConflict(message=str(failure), path=["idempotencyKey"])
        case storage.ExternalReferenceTaken():
            return invalid(str(failure), "externalReference")
        case storage.TooBusy():
            return _busy("Too many others changed the order at once; nothing was done. Send it again.")
        case TooLarge():
            return invalid("This order has grown as large as one can be; nothing was done.")
        case OutcomeUnknown():
            return _busy(
                "The database did not confirm in time, so it may have been done or not. "
                "Send it again with the same idempotency key, or read the order first."
            )
        case DatabaseUnavailable():
            return _busy("The database cannot be reached; nothing was done. Send it again later.")
        case _:
            raise failure


def _busy(message: str) -> Busy:
    return Busy(message=message, path=[])


def _available(process: Process, unit: Unit, role: Role) -> list[str]:
    """What this role has on this unit, on whichever machine."""
    found = [
        event
        for party, position in unit.positions.items()
        for event in available(process.state(party, position), role)
    ]
    return list(dict.fromkeys(found))


def _sentence(process: Process, unit: Unit, intent: Intent) -> str | None:
    """What the process itself says to this role about this event here, if it says something."""
    position = unit.positions.get(intent.party)
    if position is None:
        return None
    no = process.state(intent.party, position).no(intent.event, intent.actor.role)
    return no and no.because


def _instead(event: str, events: Sequence[str]) -> str:
    if not events:
        return f"{event} is not possible; nothing is possible for you here now."
    return f"{event} is not possible now; you could: {', '.join(events)}."
