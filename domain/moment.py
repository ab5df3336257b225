"""What a guard is asked about and what a change works on: one order, one unit, one event, one instant.

A guard is a named question whose text is what the refused person reads; a change is a named, pure
function from order to order. Neither knows any process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.actors import Actor
from domain.order import Input, Line, MerchantOrder, Order, Position, Unit


@dataclass(frozen=True, slots=True)
class Moment:
    """The order as it stands, the unit that would move, where it stands, and the event with its input."""

    order: Order
    unit: Unit
    position: Position
    event: str
    actor: Actor
    input: Input
    now: datetime

    @property
    def line(self) -> Line:
        """The unit, where the process moves lines."""
        if not isinstance(self.unit, Line):
            raise TypeError(f"{self.unit.id} is not a line")
        return self.unit

    @property
    def lines(self) -> tuple[Line, ...]:
        """The unit itself where lines move, else the lines of the merchant order that moves."""
        return self.order.lines_of(self.unit)

    @property
    def merchant_order(self) -> MerchantOrder:
        """The unit, where the process moves merchant orders."""
        if not isinstance(self.unit, MerchantOrder):
            raise TypeError(f"{self.unit.id} is not a merchant order")
        return self.unit


Question = Callable[[Moment], bool]
Fact = Callable[[Moment], str]


@dataclass(frozen=True, slots=True)
class Guard:
    """A named question. `because` is the sentence when the answer is no; `{facts}` in it are filled in.

    `policies` are those that it asks for, with the choice where it asks for one: a process that names the
    guard must know them.
    """

    name: str
    asks: str
    because: str
    holds: Question
    facts: tuple[tuple[str, Fact], ...] = ()
    policies: tuple[tuple[str, str | None], ...] = ()

    def refusal(self, moment: Moment) -> str:
        """Return the sentence for this moment."""
        return self.because.format(**{name: fact(moment) for name, fact in self.facts})


def guard(because: str, **facts: Fact) -> Callable[[Question], Guard]:
    """Make a named guard of a question: its name is the function's, what it asks is its docstring."""

    def named(question: Question) -> Guard:
        name = getattr(question, "__name__", "guard")
        return Guard(name, (question.__doc__ or "").strip(), because, question, tuple(facts.items()))

    return named


def policy_is(name: str, choice: str, because: str) -> Guard:
    """Make the guard that asks whether a policy of the unit's merchant has this choice."""

    def holds(moment: Moment) -> bool:
        return moment.order.policies.value(name, moment.unit.merchant_id) == choice

    return Guard(
        f"{name}_is_{choice}", f"Is the policy {name} {choice}?", because, holds, (), ((name, choice),)
    )


def policy_is_set(name: str, because: str) -> Guard:
    """Make the guard that asks whether a window that a policy gives is longer than nothing."""

    def holds(moment: Moment) -> bool:
        return moment.order.policies.window(name, moment.unit.merchant_id) > timedelta(0)

    return Guard(
        f"{name}_is_set", f"Is the policy {name} more than nothing?", because, holds, (), ((name, None),)
    )


class Work(Protocol):
    """A pure function from the order at this moment to the order as it will be."""

    def __call__(self, moment: Moment, /) -> Order: ...


@dataclass(frozen=True, slots=True)
class Change:
    """A named change that a move makes to the order."""

    name: str
    text: str
    work: Work


def change(work: Work) -> Change:
    """Make a named change of a pure function: its text is its docstring."""
    return Change(getattr(work, "__name__", "change"), (work.__doc__ or "").strip(), work)
