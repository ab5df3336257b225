"""Why a mutation did not do what it was asked, as types of the schema: values in a payload, never raised.

Where they come from stands in `graph.mutations.why_not`. Design: API, "Shape".
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import strawberry

from graph.types.enums import OrderErrorCode
from storage.client import Document


def _code(code: OrderErrorCode) -> Any:
    return strawberry.field(default=code, description="What kind of refusal this is.")


def _event() -> Any:
    return strawberry.field(description="The event that was refused.")


def _state() -> Any:
    return strawberry.field(
        description="The state in which the line or merchant order is, where the viewer may know it."
    )


@strawberry.interface(description="Why something was not done. What is refused changes nothing.")
class OrderError:
    code: OrderErrorCode = strawberry.field(description="What kind of refusal this is.")
    message: str = strawberry.field(description="A sentence that a person can act on.")
    path: list[str] = strawberry.field(
        description="Which part of the input it is about: names of fields and positions in lists. "
        "A line or merchant order that the input does not name stands here by its id."
    )


@strawberry.type(description="The event is not possible in the state in which the line or merchant order is.")
class TransitionNotAllowed(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.TRANSITION_NOT_ALLOWED)
    state: str | None = _state()
    event: str = _event()
    available: list[str] = strawberry.field(description="The events that the viewer's role has here instead.")


@strawberry.type(description="The event exists in this state, and a rule says no.")
class GuardFailed(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.GUARD_FAILED)
    rule: str = strawberry.field(description="The name of the rule that said no.")
    state: str | None = _state()
    event: str = _event()


@strawberry.type(description="The event would leave marketplace and merchant in states that contradict.")
class OutOfStep(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.OUT_OF_STEP)
    state: str | None = _state()
    event: str = _event()


@strawberry.type(description="The event cannot do without an input that was not given.")
class InputMissing(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.INPUT_MISSING)
    event: str = _event()


@strawberry.type(description="A value of the input cannot be used.")
class InvalidInput(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.INVALID_INPUT)


@strawberry.type(
    description="Somebody changed the order, or the stock, since the version that the input expects."
)
class VersionConflict(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.VERSION_CONFLICT)
    expected: int = strawberry.field(description="The version that the input expects.")
    actual: int = strawberry.field(description="The version that the order, or the row of the stock, has.")


@strawberry.type(description="The idempotency key was used before with another input.")
class IdempotencyConflict(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.IDEMPOTENCY_CONFLICT)


@strawberry.type(description="There is no such thing for this viewer.")
class NotFound(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.NOT_FOUND)


@strawberry.type(description="It could not be written now; the same request may be sent again.")
class Busy(OrderError):
    code: OrderErrorCode = _code(OrderErrorCode.BUSY)


CONCRETE: tuple[type[OrderError], ...] = (
    TransitionNotAllowed,
    GuardFailed,
    OutOfStep,
    InputMissing,
    InvalidInput,
    VersionConflict,
    IdempotencyConflict,
    NotFound,
    Busy,
)
"""Every type behind the interface. The schema has to be told of them, because no field names them."""

_BY_NAME = {kind.__name__: kind for kind in CONCRETE}


def invalid(message: str, *path: str) -> InvalidInput:
    """Say what is wrong with the value at this place of the input."""
    return InvalidInput(message=message, path=list(path))


def not_found(what: str, *path: str) -> NotFound:
    """Say that there is no such order or line; the same for one that does not exist and somebody else's."""
    return NotFound(message=f"There is no such {what}.", path=list(path))


def stored(error: OrderError) -> Document:
    """Return an error as it is kept with an answer that may have to be given again."""
    kept = {field.name: getattr(error, field.name) for field in fields(error) if field.name != "code"}
    return {"type": type(error).__name__, **kept}


def restored(kept: Mapping[str, Any]) -> OrderError:
    """Return the error of which `stored` made this."""
    return _BY_NAME[kept["type"]](**{name: value for name, value in kept.items() if name != "type"})
