"""New ids and references: random, and nothing about the order can be read from them but its age."""

from datetime import datetime
from secrets import choice, randbits, token_hex

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
_READABLE = "23456789BCDFGHJKMNPQRTVWXYZ"
"""No letter that looks like a digit (I, L, O, S, U) and no vowel, so that no word appears by chance."""


def order_id(now: datetime) -> str:
    """Return 26 lower-case characters that sort by time: 48 bits of milliseconds, 80 random bits (ULID)."""
    number = (int(now.timestamp() * 1000) << 80) | randbits(80)
    return "".join(_BASE32[number >> shift & 31] for shift in range(125, -1, -5))


def reference() -> str:
    """Return what people read out to each other, like `K7QW-2M9X`; the unique index refuses repetitions."""
    letters = "".join(choice(_READABLE) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def command_id() -> str:
    """Return an id for one command that came without an idempotency key."""
    return token_hex(16)
