"""The cursors of events as clients see them: signed with a secret of this installation, bound to one topic.

How a cursor is made up is storage's; what a client reads when one is refused stands here.
"""

import hashlib
import hmac
from dataclasses import dataclass

from graphql import GraphQLError

from graph.types.scalars import Cursor
from storage import cursor
from storage.feed import Feed


class CursorRefused(GraphQLError):
    """A cursor that no event can be read after; the sentence says what to do. Codes: api, "Subscriptions"."""

    def __init__(self, why: cursor.CursorInvalid | cursor.CursorExpired) -> None:
        code = "CURSOR_EXPIRED" if isinstance(why, cursor.CursorExpired) else "CURSOR_INVALID"
        super().__init__(str(why), extensions={"code": code})


@dataclass(frozen=True, slots=True)
class TopicCursors:
    """The cursors of one topic."""

    topic: str
    epoch: str
    secret: bytes

    def encode(self, seq: int) -> Cursor:
        """The cursor after item `seq`."""
        return Cursor(cursor.encode(self.topic, self.epoch, seq, self.secret))

    def decode(self, text: str) -> int:
        """The number that the cursor stands for. Raises CursorRefused."""
        try:
            return cursor.decode(text, self.topic, self.epoch, self.secret)
        except cursor.CursorInvalid as error:
            raise CursorRefused(error) from None


class Cursors:
    """The cursors of one database's feed, signed with a secret derived from the one that signs tokens."""

    def __init__(self, feed: Feed, signing_secret: bytes) -> None:
        self._feed = feed
        self._secret = hmac.digest(signing_secret, b"cursors of the feed", hashlib.sha256)
        self._epoch: str | None = None

    async def of(self, topic: str) -> TopicCursors:
        """The cursors of one topic."""
        if self._epoch is None:
            self._epoch = await self._feed.epoch()
        return TopicCursors(topic, self._epoch, self._secret)
