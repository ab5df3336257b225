"""Rows as bytes: CSV for spreadsheets, or JSON Lines for programs. Both say the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import orjson

from graph.exports.columns import Table
from graph.exports.reading import Value
from graph.exports.rows import Row
from graph.spreadsheets import lines, neutral
from graph.types.money import Money
from graph.types.scalars import date_time_text


@dataclass(frozen=True, slots=True)
class Format:
    """How an export is written: what its file's name ends in, its media type, its first line, its rows."""

    ending: str
    media: str
    head: Callable[[Table], bytes]
    body: Callable[[Table, Iterable[Row]], bytes]


def _csv_head(table: Table) -> bytes:
    return lines([table.names]).encode()


def _csv_body(table: Table, rows: Iterable[Row]) -> bytes:
    return lines([_cell(value) for value in _values(table, row)] for row in rows).encode()


def _lines_head(_: Table) -> bytes:
    return b""


def _lines_body(table: Table, rows: Iterable[Row]) -> bytes:
    names = table.names
    found = (dict(zip(names, map(_plain, _values(table, row)), strict=True)) for row in rows)
    return b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in found)


CSV = Format("csv", "text/csv; charset=utf-8; header=present", _csv_head, _csv_body)
JSON_LINES = Format("jsonl", "application/jsonl", _lines_head, _lines_body)
FORMATS: Mapping[str, Format] = {each.ending: each for each in (CSV, JSON_LINES)}


def _values(table: Table, row: Row) -> list[Value]:
    order, own = row.order, row.own
    return [column.read(order) for column in table.order] + [column.read(own) for column in table.own]


def _plain(value: Value) -> Any:
    """The value as JSON has it; amounts and times as the API writes them, names of its enumerations too."""
    match value:
        case Money():
            return value.amount
        case datetime():
            return date_time_text(value)
        case date():
            return value.isoformat()
        case Enum():
            return value.name
        case _:
            return value


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Enum):
        return neutral(value)
    plain = _plain(value)
    match plain:
        case bool():
            return "true" if plain else "false"
        case Mapping():
            return neutral(orjson.dumps(plain).decode())
        case _:
            return str(plain)
