"""Lengths of time in inputs: ISO 8601 durations of weeks, days, hours, minutes and seconds."""

import re
from datetime import timedelta

LONGEST = timedelta(days=3660)
"""Ten years: what is longer could name a day that no calendar here has."""

_DURATION = re.compile(
    r"P(?=.)((?P<weeks>\d+)W)?((?P<days>\d+)D)?"
    r"(T(?=.)((?P<hours>\d+)H)?((?P<minutes>\d+)M)?((?P<seconds>\d+(\.\d{1,3})?)S)?)?",
    re.ASCII,
)


def read_duration(text: str) -> timedelta | None:
    """Return the length of time, zero to LONGEST; None for a text that is none or is longer."""
    found = _DURATION.fullmatch(text) if len(text) <= 40 else None
    if found is None:
        return None
    parts = {name: float(number) for name, number in found.groupdict().items() if number}
    try:
        length = timedelta(**parts)
    except OverflowError:
        return None
    return length if length <= LONGEST else None
