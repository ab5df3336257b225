"""A file of comma-separated values read row by row in bounded memory, whatever it holds.

It must not know what the columns mean. Design: API, "Integrators".
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import BinaryIO

from graph.imports.rows import REPORTED, FileRefused, Row, RowProblem, RowResult, invalid_row
from graph.spreadsheets import meant

MOST_ROWS = 1_000_000
"""Rows below the header, blank ones counted."""

LONGEST_LINE = 64 * 1024
"""Bytes of one row, with its line breaks; never more of it is held."""

LONGEST_ROW = 6 * 1024
"""Bytes of a row that can be used, so that many are held at once in little; no good row comes near."""

SEPARATORS = ",;\t"

SAVE = "Save it as CSV with UTF-8 (in Excel: 'CSV UTF-8')."

_NO_TEXT = {
    codecs.BOM_UTF16_LE: "is UTF-16",
    codecs.BOM_UTF16_BE: "is UTF-16",
    b"PK\x03\x04": "is a workbook or a ZIP archive",
}
"""How files begin that people upload for CSV, and what they are."""

_SEPARATOR = re.compile(r'"?sep=."?\r?\n')

_OF_REPORTS = ("row", *REPORTED)

_SHOWN = 5
"""Names that one sentence lists."""

_WIDEST = 40
"""Characters of a name that are shown."""

_UNREADABLE = (
    "A value in quotes goes on after they close, or there is a line break outside of quotes. Write a quote"
    " within quotes twice."
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Columns:
    """What a kind of file holds: `names` are all the columns there may be, the `required` ones must stand in
    the header and have a value in every row, and of `either`, unless empty, at least one is in the header.
    `order_of` says what order a row's values are about (Row.order), or raises RowProblem.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    order_of: Callable[[Mapping[str, str]], str]
    either: tuple[str, ...] = ()


class Rows(Iterator[Row | RowResult]):
    """The rows of a file, and the `names` of those columns of it that are of use."""

    def __init__(self, names: Iterable[str], rows: Iterator[Row | RowResult]) -> None:
        self.names = frozenset(names)
        self._rows = rows

    def __next__(self) -> Row | RowResult:
        return next(self._rows)


def read(file: BinaryIO, columns: Columns) -> Rows:
    """Return the file's rows from where it stands, in file order; what cannot be used is an invalid result.

    The header is read at once. The separator is the one that the header uses. A report of an import can be
    read as well: what it says of its rows is left out, as are its apostrophes before formulas. Raises
    FileRefused, while iterating too, for a file that is not UTF-8 (with or without BOM), whose header is not
    understood, which has no rows or more than MOST_ROWS, a row longer than LONGEST_LINE, or a quote that is
    never closed.
    """
    lines = _Lines(file)
    header = next(lines, None)
    if header is None:
        raise FileRefused("The file is empty. Its first row must name the columns.")
    if _SEPARATOR.fullmatch(header):  # a line for spreadsheets, which they do not show
        lines.next_row()
        lines.row, header = 1, next(lines, "")
    separator, names = _header(header, columns)
    return Rows(set(names) & set(columns.names), _rows(lines, separator, names, columns))


class _Lines:
    """The lines of a file as text; those of one row, which quotes may spread over many, bounded together."""

    def __init__(self, file: BinaryIO) -> None:
        self.row = 1  # the one that is being read
        self.ended = False
        self.taken = 0  # bytes of it so far
        self._file = file
        self._before = 0  # bytes of the rows before

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            self.ended = True
            raise StopIteration
        if not self._before and not self.taken:
            marked, line = len(line), _without_mark(line)
            self._before = marked - len(line)
        if self.taken + len(line) > LONGEST_LINE:
            raise FileRefused(self._too_long())
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            place = self._before + self.taken + error.start + 1
            message = f"Row {self.row} is not UTF-8: byte {place} of the file is 0x{line[error.start]:02X}."
            raise FileRefused(f"{message} {SAVE}") from None
        self.taken += len(line)
        return text

    def next_row(self) -> None:
        """Forget the row that was read: the next line belongs to another."""
        self.row += 1
        self._before += self.taken
        self.taken = 0

    def _too_long(self) -> str:
        size = f"longer than {LONGEST_LINE // 1024} KiB"
        if not self.taken:
            return f"Row {self.row} is {size}. Is this the right file, with a line break after each row?"
        return f"Row {self.row} is {size}, over several lines: a quote opens there and is not closed."


def _without_mark(line: bytes) -> bytes:
    """The first line without the BOM. Raises FileRefused for what begins like no text of ours."""
    for beginning, what in _NO_TEXT.items():
        if line.startswith(beginning):
            raise FileRefused(f"The file {what}. {SAVE}")
    if b"\0" in line:
        raise FileRefused(f"The first row holds NUL characters, as UTF-16 does. {SAVE}")
    # An old Mac's line breaks would make one row of the whole file.
    if b"\r" in line.rstrip(b"\r\n"):
        raise FileRefused(f"Rows end with a carriage return alone. {SAVE}")
    return line.removeprefix(codecs.BOM_UTF8)


def _header(line: str, columns: Columns) -> tuple[str, list[str]]:
    """The separator, and the columns in the order of the file. Raises FileRefused."""
    known = frozenset(columns.names)
    split = {each: _names(line, each) for each in SEPARATORS}
    separator = max(split, key=lambda each: (len(known.intersection(split[each])), len(split[each])))
    names = split[separator]
    there_are = f"The columns are {', '.join(columns.names)}."
    if not any(names):
        raise FileRefused(f"The first row is blank, and must name the columns. {there_are}")
    problems = [*_unknown(names, columns), *_missing(names, columns)]
    if doubled := _listed(name for name, times in Counter(names).items() if name and times > 1):
        problems.append(f"It has {doubled} more than once.")
    if problems:
        raise FileRefused(" ".join(["The header cannot be used.", *problems, there_are]))
    return separator, names


def _names(line: str, separator: str) -> list[str]:
    """The header's names, in lower case and with underscores for blanks and hyphens."""
    try:
        (names,) = csv.reader([line], delimiter=separator, strict=True)
    except csv.Error:  # quotes that another separator explains, or that nothing does
        names = line.strip().split(separator)
    return [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in names]


def _unknown(names: list[str], columns: Columns) -> Iterator[str]:
    for place, name in enumerate(names, 1):
        if not name:
            yield f"Column {place} has no name."
            return
    unknown = [name for name in dict.fromkeys(names) if name not in (*columns.names, *_OF_REPORTS)]
    if not unknown:
        return
    yield f"There is no column {_listed(unknown)}."
    for name in unknown[:_SHOWN]:
        for near in get_close_matches(name[:_WIDEST], columns.names, 1):
            yield f"Is {_listed([name])} meant to be '{near}'?"


def _missing(names: list[str], columns: Columns) -> Iterator[str]:
    if missing := [each for each in columns.required if each not in names]:
        yield f"It lacks {_listed(missing)}."
    if columns.either and not set(columns.either) & set(names):
        yield f"It lacks {' or '.join(map(repr, columns.either))}."


def _listed(names: Iterable[str]) -> str:
    """Names as a person reads them: a few of them, none too long, nothing that does not print."""
    every = [repr(name if len(name) <= _WIDEST else f"{name[:_WIDEST]}…") for name in names]
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more


def _rows(lines: _Lines, separator: str, names: list[str], columns: Columns) -> Iterator[Row | RowResult]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    found = False
    while True:
        lines.next_row()
        number = lines.row
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error:
            if lines.ended:
                raise FileRefused(f"A quote opens in row {number} and is never closed.") from None
            values = None
        if number > MOST_ROWS + 1:
            raise FileRefused(f"The file has more than {MOST_ROWS:,} rows. Send it in parts.")
        if values is None:
            found = True
            yield invalid_row(number, _UNREADABLE)
        elif any(map(str.strip, values)):
            found = True
            if lines.taken > LONGEST_ROW:
                yield invalid_row(number, f"The row is longer than {LONGEST_ROW // 1024} KiB.")
                continue
            yield _row(number, values, names, columns)
    if not found:
        raise FileRefused("The file has no rows below its header.")


def _row(number: int, values: list[str], names: list[str], columns: Columns) -> Row | RowResult:
    is_report = any(name in _OF_REPORTS for name in names)
    said = {name: value for name, value in zip(names, values, strict=False) if name in columns.names}
    told = {
        name: meant(text) if is_report else text for name, value in said.items() if (text := value.strip())
    }
    try:
        if len(values) != len(names):
            raise RowProblem(f"The row has {len(values)} values and the header {len(names)} columns.")
        for name, value in said.items():
            if _CONTROL.search(value):
                raise RowProblem(f"{name} holds a control character, such as a line break or NUL.", name)
        for name in columns.required:
            if name not in told:
                raise RowProblem(f"Every row needs a value in {name}.", name)
        return Row(number, columns.order_of(told), told)
    except RowProblem as problem:
        printed = {name: _CONTROL.sub(" ", text) for name, text in told.items()}
        return invalid_row(number, str(problem), problem.column, printed)
