"""Importing a file of events, and stopping that: what is uploaded is stored, and a worker goes through it."""

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import Annotated

import orjson
import strawberry

from graph.errors import Busy, OrderError, invalid, not_found
from graph.idempotency import command_key
from graph.imports.kinds import PAYMENTS, STATUS, Kind
from graph.imports.rows import FileRefused
from graph.imports.storing import digest, store
from graph.imports.types import IMPORT, ImportView, import_view
from graph.inputs import idempotency_key_field
from graph.mutations.why_not import FAILURES, from_failure
from graph.types.ids import decode_as, encode
from graph.types.scalars import Upload
from graph.viewer import Info, Viewer, viewer_in
from storage.errors import ImportRunning
from storage.idempotency import CommandKey
from storage.imports import Import, ImportErrorPolicy, NewImport

PATIENCE = 5.0
"""Seconds that an answer waits for an import to end: most do."""

_POLL = 0.1
_LONGEST_NAME = 200


@strawberry.input(description="A file of rows, and what to do with it.")
class ImportInput:
    file: Upload = strawberry.field(
        description="The file: CSV in UTF-8, whose first row names the columns, at most 1,000,000 rows."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Only check the rows; the report says what would become of them."
    )
    error_policy: ImportErrorPolicy = strawberry.field(
        default=ImportErrorPolicy.REJECT_FILE, description="What happens when some rows cannot be applied."
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="What a merchant did with its orders, as a file.")
class ImportOrderStatusInput(ImportInput):
    pass


@strawberry.input(description="Payments that came in, as a file.")
class ImportPaymentsInput(ImportInput):
    pass


@strawberry.input(description="Which import to stop.")
class StopImportInput:
    import_: strawberry.ID = strawberry.field(name="import", description="The import's id.")


@strawberry.type(description="What became of uploading a file.")
class ImportStarted:
    import_: ImportView | None = strawberry.field(
        name="import",
        description="The import: it is over, or goes on by itself; ask for it again. Null: see errors.",
    )
    errors: list[OrderError] = strawberry.field(
        description="Why the file was not taken. What became of its rows is in the import's report."
    )
    replayed: bool = strawberry.field(
        description="Whether this import was made before under the same key; nothing new was started."
    )


@strawberry.type(description="What became of uploading a file of order states.")
class ImportOrderStatusPayload(ImportStarted):
    pass


@strawberry.type(description="What became of uploading a file of payments.")
class ImportPaymentsPayload(ImportStarted):
    pass


@strawberry.type(description="What became of stopping an import.")
class StopImportPayload:
    import_: ImportView | None = strawberry.field(
        name="import", description="The import, which may still finish what it has begun; null: see errors."
    )
    errors: list[OrderError] = strawberry.field(description="Why nothing was stopped.")


@strawberry.mutation(
    description="Takes a CSV file that says what the merchant did with its lines: "
    f"{', '.join(STATUS.columns.names)}. Rows of one order apply in the order of the file; the same file "
    "again changes nothing. One import of a merchant runs at a time. For the role MERCHANT."
)
async def import_order_status(
    info: Info, input: Annotated[ImportOrderStatusInput, strawberry.argument(description="The file.")]
) -> ImportOrderStatusPayload:
    viewer = viewer_in(info.context, STATUS.role)
    found, errors, replayed = await _imported(info, viewer, STATUS, input)
    return ImportOrderStatusPayload(import_=found, errors=errors, replayed=replayed)


@strawberry.mutation(
    description="Takes a CSV file of payments that came in: "
    f"{', '.join(PAYMENTS.columns.names)}. The same file again changes nothing. One such import runs at a "
    "time. For the role MARKETPLACE."
)
async def import_payments(
    info: Info, input: Annotated[ImportPaymentsInput, strawberry.argument(description="The file.")]
) -> ImportPaymentsPayload:
    viewer = viewer_in(info.context, PAYMENTS.role)
    found, errors, replayed = await _imported(info, viewer, PAYMENTS, input)
    return ImportPaymentsPayload(import_=found, errors=errors, replayed=replayed)


@strawberry.mutation(
    description="Stops an import that runs. What it has applied stays; nothing happens to one that is over. "
    "For the roles MERCHANT and MARKETPLACE."
)
async def stop_import(
    info: Info, input: Annotated[StopImportInput, strawberry.argument(description="Which.")]
) -> StopImportPayload:
    viewer = viewer_in(info.context, STATUS.role, PAYMENTS.role)
    local = decode_as(IMPORT, input.import_)
    try:
        found = local and await viewer.services.imports.stop(viewer.scope.topic, local)
    except FAILURES as failure:
        return StopImportPayload(import_=None, errors=[from_failure(failure)])
    if not found:
        return StopImportPayload(import_=None, errors=[not_found("import", "import")])
    ended = await _ended(viewer, found)
    return StopImportPayload(import_=import_view(viewer, ended), errors=[])


async def _imported(
    info: Info, viewer: Viewer, kind: Kind, sent: ImportInput
) -> tuple[ImportView | None, list[OrderError], bool]:
    """The import of this file, why there is none, and whether it was there already."""
    key = command_key(viewer.principal, info, sent)
    if isinstance(key, OrderError):
        return None, [key], False
    imports, scope = viewer.services.imports, viewer.scope.topic
    try:
        key = key and await _of_content(key, sent)
        running = await imports.running_in(scope)  # first: it may be the one that was made under the key
        if (before := await imports.made_under(key)) is not None:
            return import_view(viewer, before), [], True
        if running is not None:
            raise ImportRunning(running)  # before all the work; the last write decides
        made = await store(imports, _new(viewer, kind, sent, key), kind, sent.file.file)
        return import_view(viewer, await _ended(viewer, made)), [], False
    except FileRefused as refused:
        return None, [invalid(str(refused), "file")], False
    except ImportRunning as running:
        return None, [_wait_for(running.import_id)], False
    except FAILURES as failure:
        return None, [from_failure(failure)], False


def _new(viewer: Viewer, kind: Kind, sent: ImportInput, key: CommandKey | None) -> NewImport:
    who = viewer.principal
    name = "".join(filter(str.isprintable, sent.file.filename or ""))
    return NewImport(
        kind=kind.name.value,
        scope=viewer.scope.topic,
        by=who.sub,
        principal={"sub": who.sub, "role": who.role.value, "merchant_id": who.merchant_id},
        dry_run=sent.dry_run,
        policy=sent.error_policy,
        file_name=name[-_LONGEST_NAME:],
        columns=(),
        key=key,
    )


async def _of_content(key: CommandKey, sent: ImportInput) -> CommandKey:
    """The key, good for what the file holds, whatever it is called."""
    said = [await digest(sent.file.file), sent.dry_run, sent.error_policy]
    return replace(key, fingerprint=sha256(orjson.dumps(said)).hexdigest())


async def _ended(viewer: Viewer, made: Import) -> Import:
    """The import as it is when it has ended, or when the patience has."""
    imports, found = viewer.services.imports, made
    try:
        async with asyncio.timeout(PATIENCE):
            while found.runs:
                await asyncio.sleep(_POLL)  # it may run in another process, which leaves nothing to wait for
                found = await imports.find(made.scope, made.id) or made
    except TimeoutError:
        pass
    return found


def _wait_for(running: str | None) -> Busy:
    named = f" ({encode(IMPORT, running)})" if running else ""
    message = f"Another import of yours is running{named}. Send the file when it is over, or stop that one."
    return Busy(message=message, path=["file"])
