"""What a row leads to on its order: an outcome to go on from, and what the report says of it. Values only."""

from dataclasses import dataclass

from domain.order import Order
from domain.outcome import Outcome
from graph.errors import InputMissing, InvalidInput, NotFound, OrderError, TransitionNotAllowed
from graph.imports.rows import Row, RowOutcome, RowProblem, RowResult, invalid_row


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row, and the order after it: as it was, unless the row is applied."""

    result: RowResult
    outcome: Outcome


def applied(row: Row, outcome: Outcome) -> RowAnswer:
    """Say that a row did what it says, or that it was so already where it left nothing to write."""
    done = RowOutcome.APPLIED if outcome.entries else RowOutcome.ALREADY
    return RowAnswer(RowResult(row.number, done), outcome)


def already(row: Row, order: Order) -> RowAnswer:
    """Say that it was so already."""
    return RowAnswer(RowResult(row.number, RowOutcome.ALREADY), Outcome(order))


def unreadable(row: Row, order: Order, problem: RowProblem) -> RowAnswer:
    """Say which column cannot be as it is."""
    return RowAnswer(invalid_row(row.number, str(problem), problem.column), Outcome(order))


def refused(row: Row, order: Order, error: OrderError, column: str | None = None) -> RowAnswer:
    """Say why a row was not applied; what is missing or wrong in it makes it invalid."""
    wrong = isinstance(error, (InputMissing, InvalidInput))
    possible = tuple(error.available) if isinstance(error, TransitionNotAllowed) else ()
    result = RowResult(
        row.number,
        RowOutcome.INVALID if wrong else RowOutcome.REFUSED,
        error.message,
        error.code.name,
        column,
        possible,
    )
    return RowAnswer(result, Outcome(order))


def unknown(row: Row, order: Order, what: str, column: str) -> RowAnswer:
    """Say that there is no such thing: the same for what does not exist and for somebody else's."""
    return refused(row, order, NotFound(message=f"There is no such {what}.", path=[]), column)
