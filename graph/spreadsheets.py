"""CSV that spreadsheets open: text stays text there, whoever wrote it (OWASP, "CSV Injection"; RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterable

_BEGINNING = r"(?:^|(?<=[;\t\r\n]))"
_SIGN = r'(?=(?:[^\S\t\r\n]|["\u00ad\u200b-\u200f\u2060\ufeff])*[=+\-@＝＋－＠﹦﹢﹣﹫])'
_FORMULA = re.compile(rf"^(?=[\t\r\n])|{_BEGINNING}{_SIGN}")
"""Where a cell begins that a spreadsheet works out: with a sign, of any width, after what it may leave out;
also behind what ends a cell where files are read with another separator than commas.
"""


def neutral(text: str) -> str:
    """Return the text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub("'", text)


_NEUTRAL = re.compile(rf"{_BEGINNING}'{_SIGN}")


def meant(text: str) -> str:
    """Return the text of one line that `neutral` was given, where this is what it returned."""
    return _NEUTRAL.sub("", text)


def lines(rows: Iterable[Iterable[str]]) -> str:
    """Return rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
