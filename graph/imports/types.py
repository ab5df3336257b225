"""An import, and the report of its rows, as types of the schema. Who sees whose is decided here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import strawberry

from domain.actors import Role
from graph.imports.kinds import ImportKind
from graph.imports.rows import RowOutcome
from graph.imports.stored import result_out
from graph.refusals import BadInput
from graph.types.enums import OrderErrorCode, describe
from graph.types.ids import decode_as, encode
from graph.types.paging import check_page
from graph.types.scalars import Cursor
from graph.viewer import Viewer
from storage.client import Document
from storage.imports import Import as StoredImport
from storage.imports import ImportErrorPolicy, ImportState

IMPORT = "Import"
"""The type in every import's id."""

_ROW = "ImportRow"
"""The type in every row's cursor."""

describe(
    ImportKind,
    "What a file is about.",
    {
        ImportKind.ORDER_STATUS: "What a merchant did with its orders, such as shipping them.",
        ImportKind.PAYMENTS: "Payments that came in.",
    },
)
describe(
    ImportState,
    "How far an import is.",
    {
        ImportState.CHECKING: "Its rows are decided; nothing is applied yet.",
        ImportState.APPLYING: "Its rows are applied, one order after the other.",
        ImportState.DONE: "It is over. Nothing was applied in a dry run.",
        ImportState.REJECTED: "It is over: a row was refused or invalid, so none was applied.",
        ImportState.STOPPED: "Somebody stopped it. What was applied until then stays.",
    },
)
describe(
    ImportErrorPolicy,
    "What happens to a file when some of its rows cannot be applied.",
    {
        ImportErrorPolicy.REJECT_FILE: "All rows are checked first; if any cannot be applied, none is.",
        ImportErrorPolicy.SKIP_ROWS: "Rows that are refused or invalid are left out, the others applied.",
    },
)
describe(
    RowOutcome,
    "What became of a row.",
    {
        RowOutcome.APPLIED: "It did what it says.",
        RowOutcome.APPLICABLE: "It could be applied, and was not: in a dry run, a rejected file, or not yet.",
        RowOutcome.ALREADY: "It was so already; nothing was done.",
        RowOutcome.REFUSED: "Its order does not allow it, or is not there for whoever imports.",
        RowOutcome.INVALID: "It cannot be understood, whatever the order.",
    },
)

ImportId = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
Newest = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]


@strawberry.type(description="What became of one row of a file.")
class ImportRow:
    row: int = strawberry.field(description="The row's number in the file, whose header is row 1.")
    order: str | None = strawberry.field(
        description="What the row calls its order; null: it could not be read."
    )
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    message: str | None = strawberry.field(
        description="Why it was not applied, and what to do; null: it was, or was so already."
    )
    code: OrderErrorCode | None = strawberry.field(description="What kind of refusal that is.")
    column: str | None = strawberry.field(description="The column at fault, where it is one.")
    possible: list[str] = strawberry.field(
        description="The events that would be possible on its line or merchant order instead."
    )


@strawberry.type(description="A part of an import's report: rows that are done, those of an order together.")
class ImportReport:
    nodes: list[ImportRow] = strawberry.field(description="The rows.")
    cursor: Cursor | None = strawberry.field(
        description="The place of the last of them, for `after`; null: there is none."
    )
    has_more: bool = strawberry.field(description="More rows follow.")


@strawberry.type(name="Import", description="A file of events that was uploaded, and how far it is.")
class ImportView:
    viewer: strawberry.Private[Viewer]
    stored: strawberry.Private[StoredImport]
    id: strawberry.ID = strawberry.field(description="The id.")
    kind: ImportKind = strawberry.field(description="What the file is about.")
    state: ImportState = strawberry.field(description="How far it is.")
    dry_run: bool = strawberry.field(description="Whether its rows are only checked, and nothing is applied.")
    error_policy: ImportErrorPolicy = strawberry.field(
        description="What happens when some rows cannot be applied."
    )
    file_name: str = strawberry.field(description="What the file is called.")
    by: str = strawberry.field(description="Who uploaded it.")
    rows: int = strawberry.field(description="How many rows the file has.")
    done: int = strawberry.field(description="How many of them are checked, or applied: see the state.")
    applied: int = strawberry.field(description="How many of those did what they say.")
    applicable: int = strawberry.field(
        description="How many of those could be applied, and were not: see the outcome of that name."
    )
    already: int = strawberry.field(description="How many of those were so already.")
    refused: int = strawberry.field(description="How many of those their orders do not allow.")
    invalid: int = strawberry.field(description="How many of those cannot be understood.")
    started_at: datetime = strawberry.field(description="When the file was read and the import began.")
    ended_at: datetime | None = strawberry.field(description="When it was over; null: it runs.")
    report_url: str = strawberry.field(
        description="The path at this server where the whole report is, as CSV in the order of the file; ask "
        "for it with the same token."
    )

    @strawberry.field(description="What became of the rows that are done, a part at a time.")
    async def report(
        self,
        first: Annotated[int, strawberry.argument(description="How many rows at most, 1 to 100.")],
        after: Annotated[
            Cursor | None, strawberry.argument(description="Of what follows this cursor.")
        ] = None,
        outcome: Annotated[
            RowOutcome | None, strawberry.argument(description="Only rows of which this became.")
        ] = None,
    ) -> ImportReport:
        check_page(first)
        at = _place(after)
        nodes: list[ImportRow] = []
        places: list[_Place] = []
        imports = self.viewer.services.imports
        while len(nodes) <= first and (chunk := await imports.next_done(self.stored, at.chunk, outcome)):
            assert chunk.results is not None, "only what is done was asked for"
            start = at.row if chunk.n == at.chunk else 0
            for i, (row, result) in enumerate(zip(chunk.rows, chunk.results, strict=True)):
                if i >= start and outcome in (None, result["outcome"]) and len(nodes) <= first:
                    nodes.append(_row_view(row, result))
                    places.append(_Place(chunk.n, i + 1))
            at = _Place(chunk.n + 1, 0)
        has_more = len(nodes) > first
        last = places[:first][-1] if places else None
        cursor = Cursor(encode(_ROW, f"{last.chunk}-{last.row}")) if last else None
        return ImportReport(nodes=nodes[:first], cursor=cursor, has_more=has_more)


def import_view(viewer: Viewer, stored: StoredImport) -> ImportView:
    """Return an import as the API shows it."""
    id = encode(IMPORT, stored.id)
    counts = {outcome: stored.counts.get(outcome.value, 0) for outcome in RowOutcome}
    return ImportView(
        viewer=viewer,
        stored=stored,
        id=id,
        kind=ImportKind(stored.kind),
        state=stored.state,
        dry_run=stored.dry_run,
        error_policy=stored.policy,
        file_name=stored.file_name,
        by=stored.by,
        rows=stored.rows,
        done=stored.done,
        applied=counts[RowOutcome.APPLIED],
        applicable=counts[RowOutcome.APPLICABLE],
        already=counts[RowOutcome.ALREADY],
        refused=counts[RowOutcome.REFUSED],
        invalid=counts[RowOutcome.INVALID],
        started_at=stored.started_at,
        ended_at=stored.ended_at,
        report_url=f"/imports/{id}/report.csv",
    )


def imports_here(viewer: Viewer) -> str | None:
    """Return the scope of the viewer's imports; None for roles that import nothing, whatever they see."""
    return viewer.scope.topic if viewer.role in (Role.MARKETPLACE, Role.MERCHANT) else None


async def find_import(viewer: Viewer, global_id: str) -> StoredImport | None:
    """Return the import with this id, or None: unknown, malformed and somebody else's are the same."""
    scope, local = imports_here(viewer), decode_as(IMPORT, global_id)
    if scope is None or local is None:
        return None
    return await viewer.services.imports.find(scope, local)


async def one_import(viewer: Viewer, global_id: str) -> ImportView | None:
    """Return the import with this id as the viewer sees it, or None."""
    found = await find_import(viewer, global_id)
    return import_view(viewer, found) if found else None


async def newest_imports(viewer: Viewer, first: int) -> list[ImportView]:
    """Return the viewer's imports, the newest first. Raises BadInput for what no list has."""
    check_page(first)
    found = await viewer.services.imports.newest(viewer.scope.topic, first)
    return [import_view(viewer, each) for each in found]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part of a report starts: the chunk, and the row in it."""

    chunk: int
    row: int


def _place(cursor: str | None) -> _Place:
    if cursor is None:
        return _Place(0, 0)
    chunk, _, row = (decode_as(_ROW, cursor) or "").partition("-")
    if not (chunk.isascii() and row.isascii() and chunk.isdigit() and row.isdigit()) or len(chunk + row) > 12:
        raise BadInput("This cursor is not one of this report's; start without a cursor.")
    return _Place(int(chunk), int(row))


def _row_view(row: Mapping[str, Any], stored: Document) -> ImportRow:
    result = result_out(stored)
    values: Mapping[str, str] = row.get("values", {})
    return ImportRow(
        row=result.number,
        order=values.get("order_reference") or values.get("external_reference"),
        outcome=result.outcome,
        message=result.message,
        code=OrderErrorCode[result.code] if result.code else None,
        column=result.column,
        possible=list(result.possible),
    )
