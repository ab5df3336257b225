"""Rows brought into another order on disk, in bounded memory. It must not know what a row means."""

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import orjson

from graph.imports.rows import Row, RowOutcome, RowResult, invalid_row

MOST_OF_ONE_ORDER = 2_000
"""Rows of one order in one file."""

CACHE = 4096
"""KiB that SQLite holds in memory."""


class Sorter:
    """Rows and results in a temporary database on disk, which is gone when the context ends.

    Of one order at most `most` rows come back, unless None; those beyond, last in the file, become invalid
    results. One thread at a time, which may be another each time.
    """

    def __init__(self, most: int | None = MOST_OF_ONE_ORDER) -> None:
        self._most = most

    def __enter__(self) -> Self:
        # Without a name SQLite makes a file that is deleted as soon as it is open, so that none is ever left.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            for pragma in (f"cache_size = -{CACHE}", "temp_store = file", "journal_mode = off"):
                self._database.execute(f"pragma {pragma}")
            self._database.execute("create table rows (ord text, number integer, said blob)")
            self._database.execute("begin")
        except BaseException:
            self._database.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, each: Row | RowResult) -> None:
        """Keep a row or a result."""
        if isinstance(each, Row):
            order, said = each.order, orjson.dumps(each.values)
        else:
            told = [each.outcome, each.message, each.code, each.column, each.possible, each.values]
            order, said = None, orjson.dumps(told)
        self._database.execute("insert into rows values (?, ?, ?)", (order, each.number, said))

    def __iter__(self) -> Iterator[Row | RowResult]:
        """By order, then number; then the results that were added, by number. Rows past `most` come as
        invalid results right behind the others of their order.
        """
        found = self._database.execute("select ord, number, said from rows order by ord is null, ord, number")
        current, count = None, 0
        for order, number, said in found:
            if order is None:
                yield _result(number, said)
                continue
            current, count = order, count + 1 if order == current else 1
            if self._most is None or count <= self._most:
                yield Row(number, order, orjson.loads(said))
            else:
                message = f"The file has more than {self._most:,} rows of this order. Send it in parts."
                yield invalid_row(number, message, values=orjson.loads(said))


def _result(number: int, said: bytes) -> RowResult:
    outcome, message, code, column, possible, values = orjson.loads(said)
    return RowResult(number, RowOutcome(outcome), message, code, column, tuple(possible), values)
