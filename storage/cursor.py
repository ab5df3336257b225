"""Where a reader of the feed stands, as opaque signed text: topic, epoch and number, never a resume token.

Pure. A cursor made for another topic, for another database or by anybody else is refused.
Design: storage, "Events" (Cursor).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

_SEQ_BYTES = 8
_SIGNATURE_BYTES = 16
_LENGTH = (_SEQ_BYTES + _SIGNATURE_BYTES) * 4 // 3


class CursorInvalid(Exception):
    """The text is no cursor of this topic."""

    def __init__(self) -> None:
        super().__init__(
            "This is not a cursor of these events: pass one exactly as it came with an event or a heartbeat"
            " for the same viewer, or leave `after` out."
        )


class CursorExpired(Exception):
    """What came after the cursor is no longer kept."""

    def __init__(self) -> None:
        super().__init__(
            "The events after this cursor are no longer kept: read the orders again, then subscribe without"
            " `after`."
        )


def encode(topic: str, epoch: str, seq: int, secret: bytes) -> str:
    """Return the cursor after item `seq` of the topic: 32 characters that are safe in URLs.

    `epoch` is the database's own (Feed.epoch), so that a cursor of another database does not fit.
    """
    number = seq.to_bytes(_SEQ_BYTES, "big")
    message = f"feed cursor {len(epoch)} {epoch} {topic}".encode() + number
    signature = hmac.digest(secret, message, hashlib.sha256)[:_SIGNATURE_BYTES]
    return urlsafe_b64encode(number + signature).decode("ascii")


def decode(text: str, topic: str, epoch: str, secret: bytes) -> int:
    """Return the number that `encode` put in, or raise CursorInvalid."""
    if len(text) != _LENGTH or not text.isascii():
        raise CursorInvalid
    try:
        seq = int.from_bytes(urlsafe_b64decode(text)[:_SEQ_BYTES], "big")
    except ValueError:
        raise CursorInvalid from None
    # Encoding it again, rather than comparing bytes, also refuses other spellings of the same bytes.
    if not hmac.compare_digest(encode(topic, epoch, seq, secret), text):
        raise CursorInvalid
    return seq
