"""The report of an import as a file: its rows in the order of the file, each with what became of it.

A spreadsheet that opens it calculates nothing: what could be a formula is text there.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from graph import spreadsheets
from graph.context import Context
from graph.imports.rows import REPORTED, Row
from graph.imports.sorting import Sorter
from graph.imports.storing import in_thread
from graph.imports.types import find_import
from graph.requests import BadRequest
from graph.services import Services
from graph.tokens import Tokens
from graph.viewer import viewer_of
from storage.client import Document
from storage.imports import Import, Imports

PATH = "/imports/{id}/report.csv"

_PORTION = 1_000


class Reports:
    """Answers GET for the reports of those who ask with a token."""

    def __init__(self, services: Services, tokens: Tokens) -> None:
        self._services = services
        self._tokens = tokens

    async def get(self, request: Request) -> Response:
        """The report, streamed. Raises TokenError, and BadRequest (404) when there is none for who asks."""
        context = Context(
            services=self._services,
            request_id=request.state.request_id,
            principal=await self._tokens.principal(request.headers.get("authorization")),
        )
        found = await find_import(viewer_of(context), request.path_params["id"])
        if found is None:
            raise BadRequest(404, "There is no such import.")
        named = {
            "Content-Disposition": f'attachment; filename="import-{found.id}-report.csv"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(lines(self._services.imports, found), headers=named, media_type="text/csv")


async def lines(imports: Imports, at: Import) -> AsyncIterator[str]:
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
