"""What an import is in the database, and as a value: what was asked for, how far it got, who works on it.

What a row means it must not know: rows, and what became of them, are documents whose field `outcome` alone
is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from storage.client import Document
from storage.idempotency import CommandKey
from storage.values import aware, naive, when


class ImportState(StrEnum):
    """How far an import is. The first two run."""

    CHECKING = "checking"
    APPLYING = "applying"
    DONE = "done"
    REJECTED = "rejected"
    STOPPED = "stopped"


class ImportErrorPolicy(StrEnum):
    """What one row that cannot be applied means for the others."""

    REJECT_FILE = "reject_file"
    SKIP_ROWS = "skip_rows"


RUNNING = (ImportState.CHECKING, ImportState.APPLYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """What is imported, for whom and how. `scope` is the feed topic of whoever imports: one runs in each.

    `principal` is what it is carried out as; `by` is the name of whoever that is.
    """

    kind: str
    scope: str
    by: str
    principal: Mapping[str, Any]
    dry_run: bool
    policy: ImportErrorPolicy
    file_name: str
    columns: Sequence[str]
    key: CommandKey | None = None

    @property
    def first_state(self) -> ImportState:
        """Rows are decided first where nothing may be applied, or all or nothing."""
        first = self.dry_run or self.policy is ImportErrorPolicy.REJECT_FILE
        return ImportState.CHECKING if first else ImportState.APPLYING


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import as it stands. `done` of its `rows` are done, `chunk` is the next of its `chunks`, `counts`
    are rows by outcome and `where` the chunks that hold such rows (as bits): all of the pass that runs or ran
    last. `held`, `term` and `beat` are its lease's.
    """

    id: str
    kind: str
    scope: str
    by: str
    principal: Mapping[str, Any]
    dry_run: bool
    policy: ImportErrorPolicy
    file_name: str
    columns: tuple[str, ...]
    state: ImportState
    rows: int
    done: int
    chunks: int
    chunk: int
    counts: Mapping[str, int]
    where: Mapping[str, int]
    stopping: bool
    started_at: datetime
    ended_at: datetime | None
    held: bool
    term: int
    beat: int

    @property
    def runs(self) -> bool:
        """Whether something will still become of it."""
        return self.state in RUNNING

    def next_done(self, n: int, outcome: str | None) -> int | None:
        """Return the first chunk from `n` on that is done and, if one is named, has rows of this outcome."""
        done = (1 << self.chunk) - 1 if outcome is None else self.where.get(outcome, 0)
        left = done >> n << n
        return (left & -left).bit_length() - 1 if left else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, in the order in which they are worked through, and what became of each; None: not yet."""

    n: int
    rows: Sequence[Document]
    results: Sequence[Document] | None


def chunk_id(import_id: str, n: int) -> str:
    """Return the id of a chunk: the only way to it, since for a range the stand-in reads all there are."""
    return f"{import_id}:{n:07d}"


def to_document(new: NewImport, *, rows: int, chunks: int, started_at: datetime) -> Document:
    """Return an import as it is stored when it starts, but for its id."""
    key = {"key": new.key.id, "fingerprint": new.key.fingerprint} if new.key else {}
    return {
        "kind": new.kind,
        "scope": new.scope,
        "running": new.scope,
        "by": new.by,
        "principal": dict(new.principal),
        "dry_run": new.dry_run,
        "policy": new.policy.value,
        "file_name": new.file_name,
        "columns": list(new.columns),
        "state": new.first_state.value,
        "rows": rows,
        "chunks": chunks,
        **progress(0, 0, {}, {}),
        "started_at": naive(started_at),
        "held": False,
        "term": 0,
        "beat": 0,
        **key,
    }


def progress(chunk: int, done: int, counts: Mapping[str, int], where: Mapping[str, int]) -> Document:
    """Return how far an import is, as it is stored."""
    bits = {outcome: _bytes(found) for outcome, found in where.items()}
    return {"chunk": chunk, "done": done, "counts": dict(counts), "where": bits}


def _bytes(found: int) -> bytes:
    return found.to_bytes(found.bit_length() // 8 + 1)


def from_document(stored: Mapping[str, Any]) -> Import:
    """Return a stored import."""
    return Import(
        id=stored["_id"],
        kind=stored["kind"],
        scope=stored["scope"],
        by=stored["by"],
        principal=stored["principal"],
        dry_run=stored["dry_run"],
        policy=ImportErrorPolicy(stored["policy"]),
        file_name=stored["file_name"],
        columns=tuple(stored["columns"]),
        state=ImportState(stored["state"]),
        rows=stored["rows"],
        done=stored["done"],
        chunks=stored["chunks"],
        chunk=stored["chunk"],
        counts=stored["counts"],
        where={outcome: int.from_bytes(found) for outcome, found in stored["where"].items()},
        stopping=stored.get("stopping", False),
        started_at=aware(stored["started_at"]),
        ended_at=when(stored, "ended_at"),
        held=stored["held"],
        term=stored["term"],
        beat=stored["beat"],
    )
