"""What an input says along with an event, read into what the domain takes. Pure.

Inputs name these fields as the domain does; which of them an event needs or takes is the process's to say.
"""

from collections.abc import Iterator
from datetime import date

from strawberry.utils.str_converters import to_camel_case

from domain.order import Input, Value
from graph.errors import OrderError, invalid

_TEXTS = {"reason": 1000, "carrier": 200, "tracking_number": 200}
"""Texts, and how many characters of each are kept."""
_DAYS = ("expected_delivery", "delivered_on")


def given(sent: object) -> Input:
    """Return what this input says, by the domain's names; blank text counts as nothing."""
    said: dict[str, Value] = {}
    for name in _TEXTS:
        if text := (getattr(sent, name, None) or "").strip():
            said[name] = text
    for name in _DAYS:
        day = getattr(sent, name, None)
        if isinstance(day, date):
            said[name] = day
    return said


def too_long(sent: object, *path: str) -> Iterator[OrderError]:
    """Yield which texts of this input, which stands at this path, are longer than is kept."""
    for name, most in _TEXTS.items():
        if len(getattr(sent, name, None) or "") > most:
            yield invalid(f"This can have {most} characters at most.", *path, to_camel_case(name))
