"""From an uploaded file to an import that runs: its rows are read, sorted by order and stored in chunks.

All that takes long is done in threads, in small portions, so that others are answered meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from typing import BinaryIO, TypeVar

from graph.imports.kinds import Kind
from graph.imports.reading import read
from graph.imports.rows import FileRefused, Row, RowResult, invalid_row
from graph.imports.sorting import Sorter
from graph.imports.stored import item_in
from storage.client import Document
from storage.imports import Import, Imports, NewImport

ROWS = 500
"""Rows of a chunk, or a few more: those of one order stand in one chunk."""

MOST_TEXT = 1_000_000
"""Characters in a chunk's values, and twice as many in those of one order: a document ends at 16 MB."""

_PORTION = 1_000
"""Rows that are read in one go."""

T = TypeVar("T")


async def digest(file: BinaryIO) -> str:
    """Return what tells this file from others. Leaves the file where it begins."""

    def work() -> str:
        found = sha256()
        while block := file.read(1 << 20):
            found.update(block)
        file.seek(0)
        return found.hexdigest()

    return await in_thread(work)


async def store(imports: Imports, new: NewImport, kind: Kind, file: BinaryIO) -> Import:
    """Store a file's rows and start the import.

    Raises FileRefused when the file cannot be read, before anything is stored, and what `create` raises.
    """
    with Sorter() as sorter:
        rows = read(file, kind.columns)
        columns = await _sorted(sorter, rows)
        if len(columns.intersection(kind.columns.either)) > 1:
            # Rows that name one order in two ways stand apart: each would be checked without the others.
            message = f"Rows fill {' and '.join(kind.columns.either)}. Use the same one of them in all rows."
            raise FileRefused(message)
        named = tuple(name for name in kind.columns.names if name in rows.names)
        return await imports.create(replace(new, columns=named), _stored(sorter))


async def in_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns. Whoever stops waiting for it still lets it come to its end: it may be using
    what is closed then.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def _sorted(sorter: Sorter, rows: Iterator[Row | RowResult]) -> set[str]:
    """Give all rows to the sorter; returns the columns in which any of them has a value."""
    columns: set[str] = set()

    def add() -> bool:
        portion = list(islice(rows, _PORTION))
        for each in portion:
            columns.update(each.values)
            sorter.add(each)
        return bool(portion)

    while await in_thread(add):
        pass
    return columns


async def _stored(sorter: Sorter) -> AsyncIterator[list[Document]]:
    """The chunks as they are stored."""
    chunks = _chunks(iter(sorter))
    while (chunk := await in_thread(lambda: next(chunks, None))) is not None:
        yield [item_in(each) for each in chunk]


def _chunks(items: Iterator[Row | RowResult]) -> Iterator[list[Row | RowResult]]:
    """Yield what stands together, none split over two; too much text of one order is invalid."""
    chunk: list[Row | RowResult] = []
    held = of_order = 0
    order: str | None = None
    for each in items:
        if not isinstance(each, Row):
            if len(chunk) >= ROWS:
                yield chunk
                chunk, held = [], 0
            chunk.append(each)
            continue
        if each.order != order:
            if len(chunk) >= ROWS or held >= MOST_TEXT:
                yield chunk
                chunk, held = [], 0
            order, of_order = each.order, 0
        size = sum(map(len, each.values.values()))
        of_order += size
        if of_order > 2 * MOST_TEXT:
            message = "The rows of this order hold too much text. Send them in parts."
            chunk.append(invalid_row(each.number, message))
            continue
        held += size
        chunk.append(each)
    if chunk:
        yield chunk
