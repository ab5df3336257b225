"""The plain values of stored documents: times, days, and fields that are left out.

Dates are naive UTC (BSON keeps milliseconds), days are ISO text.
"""

from datetime import UTC, date, datetime
from typing import Any

from storage.client import Document


def naive(at: datetime) -> datetime:
    """Return an aware UTC time as the driver reads and writes it."""
    return at.astimezone(UTC).replace(tzinfo=None)


def aware(at: datetime) -> datetime:
    """Return a time that came from the driver with its zone."""
    return at.replace(tzinfo=UTC)


def day_in(day: date | None) -> str | None:
    """Return a day as it is stored."""
    return day and day.isoformat()


def day_out(text: str | None) -> date | None:
    """Return a stored day."""
    return date.fromisoformat(text) if text else None


def present(**fields: Any) -> Document:
    """Return a document of the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
