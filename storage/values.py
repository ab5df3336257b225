"""The plain values of stored documents: times, days, actors, and fields that are left out.

Dates are naive UTC (BSON keeps milliseconds), days are ISO text.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from domain.actors import Actor, Role
from storage.client import Document


def naive(at: datetime) -> datetime:
    """Return an aware UTC time as the driver reads and writes it."""
    return at.astimezone(UTC).replace(tzinfo=None)


def naive_or_none(at: datetime | None) -> datetime | None:
    """Return a time that may be missing as it is written."""
    return at and naive(at)


def aware(at: datetime) -> datetime:
    """Return a time that came from the driver with its zone."""
    return at.replace(tzinfo=UTC)


def when(stored: Mapping[str, Any], field: str) -> datetime | None:
    """Return the time in a field that may be missing."""
    at = stored.get(field)
    return aware(at) if at else None


def day_in(day: date | None) -> str | None:
    """Return a day as it is stored."""
    return day and day.isoformat()


def day_out(text: str | None) -> date | None:
    """Return a stored day."""
    return date.fromisoformat(text) if text else None


def actor_in(actor: Actor | None) -> Document | None:
    """Return what somebody who acted is stored as."""
    return actor and {"id": actor.id, "role": actor.role.value}


def actor_out(stored: Mapping[str, str]) -> Actor:
    """Return a stored actor."""
    return Actor(stored["id"], Role(stored["role"]))


def present(**fields: Any) -> Document:
    """Return a document of the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
