"""The report of an import as a file: its rows in the order of the file, each with what became of it.

A spreadsheet that opens it calculates nothing: what could be a formula is text there.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from graph import spreadsheets
from graph.at_once import AtOnce
from graph.auth import Principal
from graph.context import Context
from graph.exports.transfer import Transfer
from graph.imports.rows import REPORTED, Row
from graph.imports.sorting import Sorter
from graph.imports.storing import in_thread
from graph.imports.types import find_import
from graph.observing import Watch
from graph.requests import BadRequest
from graph.services import Services
from graph.tokens import Tokens
from graph.viewer import viewer_of
from storage.client import Document
from storage.imports import Import, Imports

PATH = "/imports/{id}/report.csv"

MOST_AT_ONCE = 2
"""Reports on their way to one principal: each is sorted on disk."""

_PORTION = 1_000


class Reports:
    """Answers GET for the reports of those who ask with a token."""

    def __init__(self, services: Services, tokens: Tokens, stopping: asyncio.Event) -> None:
        self._services = services
        self._tokens = tokens
        self._stopping = stopping
        self._at_once = AtOnce(MOST_AT_ONCE)

    async def get(self, request: Request) -> Response:
        """The report, streamed. Raises TokenError, and BadRequest: 404 when there is none for who asks, 429
        when it has too many under way.
        """
        context = Context(
            services=self._services,
            request_id=request.state.request_id,
            principal=await self._tokens.principal(request.headers.get("authorization")),
        )
        viewer = viewer_of(context)
        found = await find_import(viewer, request.path_params["id"])
        if found is None:
            raise BadRequest(404, "There is no such import.")
        if self._at_once.is_full(viewer.principal):
            message = f"{MOST_AT_ONCE} reports are on their way to you. Ask when one of them has come."
            raise BadRequest(429, message, {"Retry-After": "5"})
        headers = {
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": f'attachment; filename="import-{found.id}-report.csv"',
            "Cache-Control": "no-store",
        }
        chunks = self._held(viewer.principal, found)
        first = await anext(chunks)
        watch = Watch(context, kind="export", fields=("report.csv",), rows=found.rows)
        return Transfer(first, chunks, watch, self._tokens.standing, self._stopping, headers)

    async def _held(self, principal: Principal, at: Import) -> AsyncGenerator[bytes, None]:
        with self._at_once.one_more(principal):
            async with aclosing(lines(self._services.imports, at)) as text:
                async for portion in text:
                    yield portion.encode()


async def lines(imports: Imports, at: Import) -> AsyncGenerator[str, None]:
    """The report's text, a portion of its lines at a time. Raises DatabaseUnavailable."""
    yield spreadsheets.lines([["row", *at.columns, *REPORTED]])
    with Sorter(most=None) as sorter:
        for n in range(at.chunks):
            chunk = await imports.chunk(at.id, n)
            results = chunk.results if n < at.chunk else None
            reported = _reported(chunk.rows, results)
            await in_thread(lambda rows=reported: [sorter.add(row) for row in rows])
        rows = iter(sorter)

        def portion() -> str:
            return spreadsheets.lines(
                _line(at, row) for row in islice(rows, _PORTION) if isinstance(row, Row)
            )

        while text := await in_thread(portion):
            yield text


def _reported(rows: Sequence[Document], results: Sequence[Document] | None) -> list[Row]:
    """Rows with their results beside their values, to be sorted by number alone."""
    found = results if results is not None else [Document()] * len(rows)
    return [
        Row(row["n"], "", {**row.get("values", {}), **_said(result)})
        for row, result in zip(rows, found, strict=True)
    ]


def _said(result: Mapping[str, Any]) -> dict[str, str]:
    """What became of a row, by names that no column has."""
    said = {f"-{name}": str(result[name]) for name in REPORTED if name in result}
    return said | {"-possible": " ".join(result.get("possible", ()))}


def _line(at: Import, row: Row) -> list[str]:
    names = (*at.columns, *(f"-{name}" for name in REPORTED))
    return [str(row.number), *(spreadsheets.neutral(row.values.get(name, "")) for name in names)]
