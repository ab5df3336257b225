"""Commands to the payment provider: what a move asks for outside the order, written with it. Values only.

Source: design, storage, "Commands to outside systems".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CommandKind(StrEnum):
    """Let go of money that was approved, take it, or pay back what was taken."""

    VOID = "void"
    CAPTURE = "capture"
    REFUND = "refund"


class CommandStatus(StrEnum):
    """Asked for; then done or refused. A refused one stays visible until somebody asks for it again."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that the payment provider is to do for one merchant order; `amount` in minor units.

    The id is made from the order, so that whoever writes it twice writes it once. `about` names the invoice
    that it is for, where there is one; `answer` is what the provider said.
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

    @property
    def key(self) -> str:
        """The idempotency key that the provider is sent: one for each attempt."""
        return f"{self.id}.{self.attempt}"
