"""What has happened on an order already, to tell a row that was applied before from one that was not.

Pure. The history is append-only: what is found in it stays true, whatever happens meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable

from domain.actors import Role
from domain.order import Entry, Input


class Past:
    """The entries of one order that somebody's own events made, by what moved."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[tuple[str, str, Role], list[Entry]] = defaultdict(list)
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Know of these, too."""
        for entry in entries:
            if entry.unit is not None:
                self._entries[entry.unit, entry.event, entry.actor.role].append(entry)

    def has(self, unit: str, event: str, role: Role, said: Input) -> bool:
        """Say whether this role fired the event on the unit before, and said all of this with it."""
        return any(not _other(entry, said) for entry in self._entries.get((unit, event, role), ()))

    def otherwise(self, unit: str, event: str, role: Role, said: Input) -> list[str]:
        """Return what was said otherwise, when this role last fired the event on the unit; nothing when it
        never did.
        """
        entries = self._entries.get((unit, event, role))
        return _other(entries[-1], said) if entries else []


def _other(entry: Entry, said: Input) -> list[str]:
    """The names of what is said here and not so in the entry."""
    told = {**entry.input, "reason": entry.reason}
    return [name for name, value in said.items() if told.get(name) != value]
