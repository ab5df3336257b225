"""Rows and results as they stand in the database, and back. Values only."""

from collections.abc import Mapping
from typing import Any

from graph.imports.rows import Row, RowOutcome, RowResult
from storage.client import Document
from storage.values import present

_LONGEST = 500
"""Characters of a message that are kept."""


def item_in(each: Row | RowResult) -> Document:
    """Return a row as it is stored, or the result of what could not be read as one."""
    if isinstance(each, RowResult):
        return {"n": each.number, "result": result_in(each), "values": dict(each.values)}
    return {"n": each.number, "order": each.order, "values": dict(each.values)}


def item_out(stored: Mapping[str, Any]) -> Row | RowResult:
    """Return what `item_in` stored."""
    if "result" in stored:
        return result_out(stored["result"])
    return Row(stored["n"], stored["order"], stored["values"])


def result_in(result: RowResult) -> Document:
    """Return a result as it is stored."""
    message = result.message and result.message[:_LONGEST]
    return present(
        n=result.number,
        outcome=result.outcome.value,
        message=message,
        code=result.code,
        column=result.column,
        possible=list(result.possible) or None,
    )


def result_out(stored: Mapping[str, Any]) -> RowResult:
    """Return what `result_in` stored."""
    return RowResult(
        stored["n"],
        RowOutcome(stored["outcome"]),
        stored.get("message"),
        stored.get("code"),
        stored.get("column"),
        tuple(stored.get("possible", ())),
    )
