"""CSV that spreadsheets open: text stays text there, whoever wrote it (OWASP, "CSV Injection"; RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterable

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
"""What a cell begins with that a spreadsheet works out."""


def neutral(text: str) -> str:
    """Return the text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def lines(rows: Iterable[Iterable[str]]) -> str:
    """Return rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
