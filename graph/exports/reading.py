"""One value of a row, read from what the API serves: a path of its own fields, or something made of one.

It must not know any role.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from types import MethodType
from typing import Any, TypeAlias

from graph.types.money import Money

Value: TypeAlias = str | int | bool | date | datetime | Enum | Money | Mapping[str, str] | None
"""What a row holds. Money is an amount; the currency stands in a column of its own, once."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name. `path` is where the API shows it, in Python's names; `read` finds it there."""

    name: str
    path: str
    read: Callable[[Any], Value]


def columns(text: str) -> tuple[Column, ...]:
    """Columns from `name=path` or, where they are alike, `path`; separated by blanks."""
    found: list[Column] = []
    for word in text.split():
        name, _, path = word.partition("=")
        found.append(Column(name, path or name, _follow(path or name)))
    return tuple(found)


def made(name: str, path: str, make: Callable[[Any], Value]) -> Column:
    """A column that is made of what stands at the path."""
    follow = _follow(path)
    return Column(name, path, lambda row: make(follow(row)))


def _follow(path: str) -> Callable[[Any], Any]:
    """Reads along a path; nothing comes of nothing."""
    names = path.split(".")

    def read(row: Any) -> Any:
        for name in names:
            if row is None:
                return None
            row = getattr(row, name)
            if type(row) is MethodType:  # a field that is worked out
                row = row()
        return row

    return read
