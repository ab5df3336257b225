"""The end of one topic as one process keeps it: how far it goes, and its newest items for all who listen.

Values and a signal; it reads nothing itself (the hub does).
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from storage.feed import FeedItem

_FEW = 8  # items that may stay though everybody has read them: asking every listener has its price


class Listener:
    """Somebody who listens to a topic, told everything up to number `seq`."""

    __slots__ = ("seq",)

    def __init__(self) -> None:
        self.seq = 0


class Tail:
    """Items without a gap up to number `position`, of which those are at hand that somebody has not read yet,
    at most the last `buffer`.

    One buffer serves every listener, so a slow one costs little memory: it just finds what it needs gone.
    """

    def __init__(self, buffer: int) -> None:
        self.position: int | None = None  # not known before the feed was asked
        self.opening = asyncio.Lock()
        self.moved = asyncio.Event()
        self.listeners: set[Listener] = set()
        self._recent: deque[FeedItem] = deque(maxlen=buffer)

    def append(self, items: Sequence[FeedItem]) -> None:
        """Take in what follows, and wake who waits."""
        for item in items:
            if item.seq != (self.position or 0) + 1:
                self._recent.clear()  # a hole: who needs what is in it does not find it here
            self._recent.append(item)
            self.position = item.seq
        if len(self._recent) > _FEW:
            self._forget()
        self.wake()

    def wake(self) -> None:
        """Let everybody look again."""
        self.moved.set()
        self.moved = asyncio.Event()

    def behind(self, seq: int) -> int:
        """Return how many items follow number `seq`; negative for who read the feed further than this."""
        return (self.position or 0) - seq

    def since(self, seq: int) -> list[FeedItem] | None:
        """Return the items that follow number `seq`; None when not all of them are at hand."""
        behind = self.behind(seq)
        if behind > len(self._recent):
            return None
        return [self._recent[i] for i in range(-behind, 0)]

    def _forget(self) -> None:
        slowest = min((each.seq for each in self.listeners), default=self.position or 0)
        while self._recent and self._recent[0].seq <= slowest:
            self._recent.popleft()
