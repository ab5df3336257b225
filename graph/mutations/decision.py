"""What a mutation decided on an order, and what of it is kept to be answered again. Values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.order import Order
from domain.outcome import Outcome
from graph.errors import OrderError, restored, stored
from graph.seen import Seen
from storage.client import Document


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome to be written (nothing without entries), and the errors that the client reads."""

    outcome: Outcome
    errors: tuple[OrderError, ...] = ()


Decide = Callable[[Seen, datetime], Decision]
"""Pure, from the order as the viewer sees it and the time: it is asked again when somebody was faster."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a payload is made of: the order as it is now, the ids of units that moved or were so already."""

    order: Order | None = None
    moved: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    errors: tuple[OrderError, ...] = ()
    replayed: bool = False


def refused(order: Order, *errors: OrderError) -> Decision:
    """Decide to do nothing."""
    return Decision(Outcome(order), errors)


def decided(order: Order, decision: Decision) -> Answer:
    """Return the answer to a decision that was carried out; `order` is as it was written."""
    outcome = decision.outcome
    return Answer(order, outcome.moved, outcome.already, decision.errors)


def kept(decision: Decision) -> Document:
    """Return what is stored of an answer."""
    outcome = decision.outcome
    return {
        "moved": list(outcome.moved),
        "skipped": list(outcome.already),
        "errors": [stored(error) for error in decision.errors],
    }


def replayed(order: Order, reply: Mapping[str, Any]) -> Answer:
    """Return the answer that `kept` made this reply of, with the order as it is now."""
    errors = tuple(restored(error) for error in reply["errors"])
    return Answer(order, tuple(reply["moved"]), tuple(reply["skipped"]), errors, replayed=True)
