"""Commands to the payment provider: what a move asks for outside the order, written with it. Values only.

Source: design, storage, "Commands to outside systems".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MOST_DELIVERIES = 8
"""So often a command is given out; without an answer to the last of them it is given up."""

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


class CommandKind(StrEnum):
    """Let go of money that was approved, take it, or pay back what was taken."""

    VOID = "void"
    CAPTURE = "capture"
    REFUND = "refund"


class CommandStatus(StrEnum):
    """Asked for; then done or refused, or given up: nobody said what became of it, so it may have been done.
    What is refused or given up stays visible until somebody asks for it again.
    """

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that the payment provider is to do for one merchant order; `amount` in minor units.

    The id is made from the order, so that whoever writes it twice writes it once. `about` names the invoice
    that it is for, where there is one; `answer` is what the provider said. `done_attempt` is the attempt that
    was booked; `done_again` are those that the provider has done besides: that money has to be taken back.
    """

    id: str
    kind: CommandKind
    unit: str
    amount: int
    status: CommandStatus
    asked_at: datetime
    attempt: int = 1
    settled_at: datetime | None = None
    about: str | None = None
    answer: str | None = None
    done_attempt: int | None = None
    done_again: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """The idempotency key that the provider is sent: one for each attempt."""
        return f"{self.id}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Ask:
    """How a pending command is being asked for: how often it was given out, and when it is due next.

    `leased_until`: until then it is for `leased_by` alone. `answer` is what was said while nobody knew.
    """

    deliveries: int
    next_at: datetime
    leased_until: datetime | None = None
    leased_by: str | None = None
    answer: str | None = None


def pause_after(deliveries: int) -> timedelta:
    """Return how long a command waits once it was given out so often: 5 seconds, doubled, at most an hour."""
    return min(_FIRST_PAUSE * 2 ** min(max(deliveries - 1, 0), 20), _LONGEST_PAUSE)


def given_out(ask: Ask | None, now: datetime, lasting: timedelta, by: str) -> Ask:
    """Return how a command is asked for once it was given, for so long, to somebody."""
    deliveries = (ask.deliveries if ask else 0) + 1
    until = now + lasting
    return Ask(deliveries, until + pause_after(deliveries), until, by, ask and ask.answer)


def due_at(command: Command, asks: Mapping[str, Ask]) -> datetime:
    """Return when this pending command is due; without an ask it is since it was asked for."""
    ask = asks.get(command.id)
    return ask.next_at if ask else command.asked_at


def asks_after(
    before: Iterable[Command], asks: Mapping[str, Ask], after: Iterable[Command], now: datetime
) -> Mapping[str, Ask]:
    """Return the asks once commands changed: kept for what stays pending, due now for what became it."""
    waited = {(command.id, command.attempt) for command in before if command.status is CommandStatus.PENDING}
    found: dict[str, Ask] = {}
    for command in after:
        if command.status is not CommandStatus.PENDING:
            continue
        if (command.id, command.attempt) not in waited:
            found[command.id] = Ask(0, now)
        elif command.id in asks:
            found[command.id] = asks[command.id]
    return found
