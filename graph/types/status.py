"""What an audience reads: the label of a line or merchant order, or the roll-up over what moves."""

import datetime

import strawberry

from domain.status import Status as DomainStatus
from graph.types.enums import Audience


@strawberry.type(description="How many units of an order read the same label.")
class StatusCount:
    code: str = strawberry.field(description="The label's stable code.")
    label: str = strawberry.field(description="The label as people read it, without a date.")
    count: int = strawberry.field(description="How many units read it.")


@strawberry.type(description="What this viewer reads about an order, a merchant order or a line.")
class Status:
    code: str = strawberry.field(description="The stable code to filter by, such as in_progress.")
    label: str = strawberry.field(
        description="What people read, in English, with the date filled in when it is known."
    )
    key: str = strawberry.field(description="The label's name in catalogues of other languages.")
    date: datetime.date | None = strawberry.field(
        description="The date in the label, to be formatted as the reader likes it."
    )
    counts: list[StatusCount] = strawberry.field(
        description="For an order, and for a merchant order where lines move: how many of its units read "
        "which label, furthest first. Empty for what moves itself."
    )


@strawberry.type(description="What one audience reads.")
class AudienceStatus:
    audience: Audience = strawberry.field(description="Who reads it.")
    status: Status | None = strawberry.field(description="What it reads; null: nothing.")


def status_view(status: DomainStatus | None) -> Status | None:
    """Return a status as the API shows it."""
    if status is None:
        return None
    return Status(
        code=status.code,
        label=status.label,
        key=status.key,
        date=status.date,
        counts=[StatusCount(code=c.code, label=c.label, count=c.count) for c in status.counts],
    )
