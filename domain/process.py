"""What a process is: machines of states and moves, links, what is never seen together, what people read.

Definitions are data. This file must not know any process by name, nor how a move is carried out (engine).
The words that a definition is written in stand in words.py. Design: product, "The engine".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import chain
from typing import Final

from domain.actors import Audience, Party, Role
from domain.moment import Change, Guard
from domain.order import Order, Position, Unit
from domain.policies import Policy

BEFORE: Final = "<before>"
"""Target of a move that goes back to the state remembered by `remember=True`."""

STAY: Final = "<stay>"
"""Target of a move that leaves the state as it is (and its deadlines armed)."""

Standings = Mapping[Party, frozenset[str]]
"""Where machines stand: for each of these parties, one of these states."""


class UnitKind(StrEnum):
    """What moves in a process: each line, or each merchant order."""

    LINE = "line"
    MERCHANT_ORDER = "merchant_order"


class Trigger(StrEnum):
    """What sets a move off: a person or system, the clock, the state itself, or a link."""

    ACTOR = "actor"
    CLOCK = "clock"
    AUTOMATIC = "automatic"
    LINK = "link"


Since = Callable[[Order, Unit], datetime | None]
"""From when a time is counted; None: from when the state was entered."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one audience reads. With the fact `date` at hand it reads `dated`, else `text`.

    Where a unit in the same state reads differently as facts come in, `variants` stand furthest first: the
    first that holds is read instead.
    """

    text: str
    dated: str = ""
    date: str = ""
    variants: tuple["Variant", ...] = ()

    def of(self, order: Order, unit: Unit) -> "Label":
        """Return the label that holds for this unit: itself or one of its variants."""
        return next((v.label for v in self.variants if v.holds(order, unit)), self)

    @property
    def code(self) -> str:
        """The stable code of the label: states that read alike share it."""
        return _code(self.text)


@cache
def _code(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Variant:
    """Another text for the same state, and the named fact under which it is read."""

    text: str
    when: str
    holds: Callable[[Order, Unit], bool]

    @property
    def label(self) -> Label:
        """The label that is then read."""
        return Label(self.text)


@dataclass(frozen=True, slots=True)
class Move:
    """One way out of a state. `where` names where the other machines must stand for it to be allowed, and
    `otherwise` the sentence for whoever tries while they do not. A timer runs `after` a policy's time,
    counted from `since` where that is known, else from entering the state. What moves by itself once somebody
    outside has answered `awaits` that role. While `done` holds it was so already.
    """

    event: str
    target: str
    trigger: Trigger
    by: frozenset[Role] = frozenset()
    if_: Guard | None = None
    where: Standings = field(default_factory=dict[Party, frozenset[str]])
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    does: tuple[Change, ...] = ()
    starts: tuple[Party, ...] = ()
    after: str | None = None
    since: Since | None = None
    otherwise: str = ""
    awaits: Role | None = None
    remember: bool = False
    done: Guard | None = None


@dataclass(frozen=True, slots=True)
class No:
    """A move that people might expect here and why it is not possible."""

    event: str
    by: frozenset[Role]
    because: str


@dataclass(frozen=True, slots=True)
class State:
    """One state of a machine: what each audience reads, what may happen, what it means.

    A label of None: the audience keeps reading what it last read. `locked`: only the platform moves it.
    """

    labels: Mapping[Audience, Label | None]
    moves: tuple[Move, ...]
    refusals: tuple[No, ...] = ()
    meaning: str = ""
    viewed_by: tuple[str, ...] = ()
    locked: bool = False

    def move(self, event: str, role: Role) -> Move | None:
        """Return the one move that answers this event by this role here, or None."""
        trigger = Trigger.CLOCK if role is Role.SYSTEM else Trigger.ACTOR
        found = (m for m in self.moves if m.trigger is trigger and m.event == event and role in m.by)
        return next(found, None)

    def no(self, event: str, role: Role) -> No | None:
        """Return what this role reads instead of a move for this event here, or None."""
        return next((no for no in self.refusals if no.event == event and role in no.by), None)

    @property
    def final(self) -> bool:
        """No way leads out; what stays here may still happen."""
        return all(move.target == STAY for move in self.moves)


@dataclass(frozen=True, slots=True)
class Machine:
    """States and moves as one party lives them. `states` keeps the order in which a line gets further."""

    name: str
    party: Party
    initial: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Link:
    """When the machines stand like this, that party is told this event."""

    when: Standings
    tell: Party
    event: str


@dataclass(frozen=True, slots=True)
class Pair:
    """States that must never be seen together, and the sentence for whoever tried."""

    states: Standings
    because: str


@dataclass(frozen=True, slots=True)
class Process:
    """The machines that move together. A party with several machines picks one by its `variant_policy`.

    `first` starts when the order is placed. `reads` names the machines that each audience reads: of several,
    the first that stands where there is something to read for it. `pays` is the event that a payment fires
    once nothing is due any more; with `captures_later` a payment is only approved by it, and captured with
    the invoices.
    """

    name: str
    version: int
    unit: UnitKind
    first: Party
    machines: tuple[Machine, ...]
    links: tuple[Link, ...]
    never: tuple[Pair, ...]
    reads: Mapping[Audience, tuple[Party, ...]]
    policies: Mapping[str, Policy]
    pays: str
    variant_policy: Mapping[Party, str] = field(default_factory=dict[Party, str])
    captures_later: bool = False
    text: str = ""

    def machine(self, party: Party, name: str) -> Machine:
        """Return that party's machine of that name; KeyError when there is none."""
        for machine in self.machines:
            if machine.party == party and machine.name == name:
                return machine
        raise KeyError(f"{self.name} has no {party} machine {name}")

    def state(self, party: Party, position: Position) -> State:
        """Return the state that a position of this party stands at; KeyError when there is none."""
        return self.machine(party, position.machine).states[position.state]

    def move(self, unit: Unit, party: Party, event: str, role: Role) -> Move | None:
        """Return what answers this role's event where this party's machine stands on the unit; None where
        nothing does, and before the machine has started.
        """
        position = unit.positions.get(party)
        return self.state(party, position).move(event, role) if position else None

    def party_for(self, unit: Unit, role: Role, event: str) -> Party:
        """Return whose machine answers this role's event on a unit: the first that lists it, else the first
        with a sentence for why not, else the one that the role would look at. Where the unit was placed, that
        machine runs.
        """
        states = {party: self.state(party, position) for party, position in unit.positions.items()}
        listing = (party for party, state in states.items() if state.move(event, role))
        speaking = (party for party, state in states.items() if state.no(event, role))
        handles = role in (Role.MERCHANT, Role.LOGISTICS)
        looks_at = self.follows(Audience.MERCHANT_PORTAL) if handles else ()
        looked_at = (party for party in looks_at if party in states)
        return next(chain(listing, speaking, looked_at), self.first)

    def units(self, order: Order) -> Sequence[Unit]:
        """Return what moves in the order: its lines, or its merchant orders."""
        return order.lines if self.unit is UnitKind.LINE else order.merchant_orders

    def variants(self, party: Party) -> tuple[Machine, ...]:
        """Return the machines that this party may run; the first is its default."""
        return tuple(machine for machine in self.machines if machine.party == party)

    def audiences(self, party: Party) -> tuple[Audience, ...]:
        """Return the audiences that read this party's machine."""
        return tuple(audience for audience, read in self.reads.items() if party in read)

    def follows(self, audience: Audience) -> tuple[Party, ...]:
        """Return the parties whose machines this audience reads."""
        return self.reads.get(audience, ())
