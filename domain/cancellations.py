"""Who asked to cancel a merchant order, what was decided, and who canceled it. Values only.

Source: seed on the store flows, "Order cancellation"; design, store processes, "Cancellation matrix".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.actors import Actor


class Verdict(StrEnum):
    """How a request ended: nobody's approval was needed, the merchant said yes or no, it said nothing for
    too long, the marketplace asked again, or the merchant invoiced.
    """

    FREE = "free"
    APPROVED = "approved"
    DENIED = "denied"
    LAPSED = "lapsed"
    INSISTED = "insisted"
    INVOICED = "invoiced"


@dataclass(frozen=True, slots=True)
class CancellationRequest:
    """A request to cancel. `restores` is the state that a denial goes back to; `verdict` None: undecided.

    `deadline` is when silence counts as yes; `answer` the reason that whoever decided gave.
    """

    id: str
    by: Actor
    at: datetime
    reason: str | None
    deadline: datetime
    restores: str
    verdict: Verdict | None = None
    decided_by: Actor | None = None
    decided_at: datetime | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who canceled, when, by which event and why. The first is kept, whatever happens later."""

    by: Actor
    at: datetime
    event: str
    reason: str | None
