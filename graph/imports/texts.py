"""The texts of a row's columns, read into values; what cannot be read raises RowProblem naming its column.

Knows no kind of file and no order.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from domain import money
from graph.imports.rows import RowProblem

Texts = Mapping[str, str]

_MERCHANT_ORDER = re.compile(r"([0-9A-Z]{4}-[0-9A-Z]{4})-\d{1,4}")
_EARLIEST, _LATEST = date(1970, 1, 1), date(2200, 1, 1)
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


def order_reference(values: Texts) -> str:
    """Return the reference of the order that a row is about, also where it names a merchant order of it."""
    reference = needed(values, "order_reference").upper()
    found = _MERCHANT_ORDER.fullmatch(reference)
    return found[1] if found else reference


def needed(values: Texts, column: str) -> str:
    """Return the text of a column that every row fills."""
    if column not in values:
        raise RowProblem(f"Every row needs a value in {column}.", column)
    return values[column]


def text(values: Texts, column: str, most: int) -> str | None:
    """Return a text of at most so many characters."""
    found = values.get(column)
    if found is not None and len(found) > most:
        raise RowProblem(f"This can have {most} characters at most; these are {len(found)}.", column)
    return found


def day(values: Texts, column: str) -> date | None:
    """Return a day."""
    found = values.get(column)
    if found is None:
        return None
    try:
        return _possible(date.fromisoformat(found))
    except ValueError:
        raise RowProblem(f"{_shown(found)} is no day; write it like 2026-12-31.", column) from None


def moment(values: Texts, column: str) -> datetime | None:
    """Return a time, in UTC unless it names another zone; of a day its beginning."""
    found = values.get(column)
    if found is None:
        return None
    try:
        if len(found) == len("2026-12-31"):
            return datetime.combine(_possible(date.fromisoformat(found)), time(), UTC)
        read = datetime.fromisoformat(found)
        _possible(read.date())
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    except ValueError:
        sentence = f"{_shown(found)} is no time; write it like 2026-12-31 or 2026-12-31T14:30:00Z."
        raise RowProblem(sentence, column) from None


def yes(values: Texts, column: str) -> bool:
    """Return whether a column says yes; it does not when it is empty."""
    found = values.get(column, "no").casefold()
    if found not in (*_YES, *_NO):
        raise RowProblem(f"{_shown(found)} is neither yes nor no.", column)
    return found in _YES


def amount(values: Texts, column: str, currency: str, at_currency: str | None = None) -> int:
    """Return an amount of more than nothing in minor units; a wrong currency is `at_currency`'s fault."""
    try:
        money.exponent(currency)
    except money.AmountInvalid as problem:
        raise RowProblem(str(problem), at_currency or column) from None
    try:
        found = money.parse(needed(values, column), currency)
    except money.AmountInvalid as problem:
        raise RowProblem(str(problem), column) from None
    if found <= 0:
        raise RowProblem("An amount must be more than nothing.", column)
    return found


def _possible(found: date) -> date:
    if not _EARLIEST <= found < _LATEST:
        raise ValueError
    return found


def _shown(found: str) -> str:
    """A value as a sentence quotes it."""
    return repr(found if len(found) <= 40 else f"{found[:40]}…")
