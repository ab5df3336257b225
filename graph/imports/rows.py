"""What an import is made of: the rows of a file, and what became of each. Values only.

Design: API, "Integrators".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RowOutcome(StrEnum):
    """What became of a row; `APPLICABLE` where it was only checked, and would have been applied."""

    APPLIED = "applied"
    APPLICABLE = "applicable"
    ALREADY = "already"
    REFUSED = "refused"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. `number` is as spreadsheets count: the header is row 1. `values` are the texts of
    its columns, without blanks around them and without those that are empty. `order` names the order that it
    is about, the same text for every row of one order: rows are sorted by it, then by number.
    """

    number: int
    order: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row. `code` is an OrderErrorCode's name and `column` the one at fault, where there
    is one; `possible` are the events that whoever imports has there instead. `values` are those of a row
    that could not be read, for the report.
    """

    number: int
    outcome: RowOutcome
    message: str | None = None
    code: str | None = None
    column: str | None = None
    possible: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict[str, str])


def invalid_row(
    number: int, message: str, column: str | None = None, values: Mapping[str, str] | None = None
) -> RowResult:
    """Say what is wrong with a row, whatever the order."""
    return RowResult(number, RowOutcome.INVALID, message, "INVALID_INPUT", column, values=values or {})


class RowProblem(ValueError):
    """A row cannot be read, whatever the order; the message says why, `column` where."""

    def __init__(self, message: str, column: str | None = None) -> None:
        super().__init__(message)
        self.column = column


REPORTED = ("outcome", "message", "code", "column", "possible")
"""The columns that a report has behind those of the file. A report may be sent again, once it is mended."""


class FileRefused(Exception):
    """The file as a whole cannot be read; the message tells a person why and what to do."""
