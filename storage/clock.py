"""What time it is, in milliseconds as BSON keeps it: the system's clock or, in development, a test clock.

The test clock's offset stands in the database, so that all processes agree on the time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.client import Database, DuplicateKey

_OFFSET = "test_clock"

LATEST = datetime(9900, 1, 1, tzinfo=UTC)
"""What a test clock is not advanced beyond: what is due later must still be in a year of four digits."""


class ClockIsReal(Exception):
    """Only a test clock can be advanced; production has none."""


class ClockAtItsEnd(Exception):
    """No calendar goes on for ever."""

    def __init__(self) -> None:
        super().__init__(f"The test clock cannot go beyond the year {LATEST.year - 1}.")


@dataclass(frozen=True, slots=True)
class Clock:
    """The one source of `now`. With `test` set it is the system's time plus what it was advanced by."""

    database: Database
    test: bool = False

    async def now(self) -> datetime:
        """Return the time in UTC, cut to milliseconds."""
        instant = datetime.now(UTC)
        if self.test:
            instant += await self._offset()
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    async def advance(self, by: timedelta) -> datetime:
        """Move a test clock forward for every process; returns its new time.

        Raises ClockIsReal where there is none, ClockAtItsEnd when it would pass LATEST.
        """
        if not self.test:
            raise ClockIsReal("Only a test clock can be advanced.")
        if by < timedelta(0):
            raise ValueError("A clock does not run backwards.")
        if by > LATEST - await self.now():
            raise ClockAtItsEnd
        settings = self.database.collection("settings")
        step = {"$inc": {"offset_ms": by // timedelta(milliseconds=1)}}
        try:
            await settings.update_one({"_id": _OFFSET}, step, upsert=True)
        except DuplicateKey:  # another process made the document at the same time
            await settings.update_one({"_id": _OFFSET}, step)
        return await self.now()

    async def _offset(self) -> timedelta:
        stored = await self.database.collection("settings").find_one({"_id": _OFFSET})
        return timedelta(milliseconds=stored["offset_ms"] if stored else 0)
