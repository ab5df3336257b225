"""What goes into the engine and what comes out of it. Values only."""

from dataclasses import dataclass, field

from domain.actors import Actor, Party
from domain.order import Entry, Input, Order, Value
from domain.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody wants: this event, on this unit's machine of this party.

    With a `quantity` smaller than the line's, that part of the line moves and the rest stays.
    """

    event: str
    unit: str
    party: Party
    actor: Actor
    input: Input = field(default_factory=dict[str, Value])
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The settled result: the new order and what is to be appended. No entries: it was already so."""

    order: Order
    entries: tuple[Entry, ...] = ()
    moved: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    refused: tuple[tuple[Intent, Refusal], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """An event that this role could fire on this unit, and the refusal it would get when not."""

    event: str
    party: Party
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    refusal: Refusal | None
