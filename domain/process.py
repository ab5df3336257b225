"""The words a process is written in: states, moves, links, what is never seen together, what people read.

Definitions are data. This file must not know any process by name, nor how a move is carried out (engine).
Design: product, "The engine"; style, "A process reads like a page".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final

from domain.actors import SYSTEM, Audience, Party, Role
from domain.moment import Change, Guard
from domain.policies import Policy

__all__ = ["SYSTEM", "Audience", "Party", "Role"]

BEFORE: Final = "<before>"
"""Target of a move that goes back to the state remembered by `remember=True`."""

STAY: Final = "<stay>"
"""Target of a move that leaves the state as it is (and its deadlines armed)."""


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


@dataclass(frozen=True, slots=True)
class Label:
    """What one audience reads. With the fact `date` at hand it reads `dated`, else `text`."""

    text: str
    dated: str = ""
    date: str = ""

    @property
    def code(self) -> str:
        """The stable code of the label: states that read alike share it."""
        return _code(self.text)


@cache
def _code(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Effect:
    """Work that a move asks for outside the order. Data, never a callback: storage carries it out."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """One way out of a state. `where` names where the other machines must stand for it to be allowed."""

    event: str
    target: str
    trigger: Trigger
    by: frozenset[Role] = frozenset()
    if_: Guard | None = None
    where: Mapping[Party, frozenset[str]] = field(default_factory=dict[Party, frozenset[str]])
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    does: tuple[Change | Effect, ...] = ()
    starts: tuple[Party, ...] = ()
    after: str | None = None
    remember: bool = False


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

    @property
    def final(self) -> bool:
        """No way out is left."""
        return not self.moves


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

    when: Mapping[Party, frozenset[str]]
    tell: Party
    event: str


@dataclass(frozen=True, slots=True)
class Pair:
    """States that must never be seen together, and the sentence for whoever tried."""

    states: Mapping[Party, frozenset[str]]
    because: str


@dataclass(frozen=True, slots=True)
class Process:
    """The machines that move together. A party with several machines picks one by its `variant_policy`.

    `first` starts when the order is placed. `reads` names the machine that each audience reads. `pays` is the
    event that a payment fires once nothing is due any more.
    """

    name: str
    version: int
    unit: UnitKind
    first: Party
    machines: tuple[Machine, ...]
    links: tuple[Link, ...]
    never: tuple[Pair, ...]
    reads: Mapping[Audience, Party]
    policies: Mapping[str, Policy]
    pays: str
    variant_policy: Mapping[Party, str] = field(default_factory=dict[Party, str])
    text: str = ""

    def machine(self, party: Party, name: str) -> Machine:
        """Return that party's machine of that name; KeyError when there is none."""
        for machine in self.machines:
            if machine.party == party and machine.name == name:
                return machine
        raise KeyError(f"{self.name} has no {party} machine {name}")

    def variants(self, party: Party) -> tuple[Machine, ...]:
        """Return the machines that this party may run; the first is its default."""
        return tuple(machine for machine in self.machines if machine.party == party)

    def audiences(self, party: Party) -> tuple[Audience, ...]:
        """Return the audiences that read this party's machine."""
        return tuple(audience for audience, read in self.reads.items() if read == party)


# The words. They only build the records above.


def says(
    back_office: str | Label | None = None,
    merchant_portal: str | Label | None = None,
    storefront: str | Label | None = None,
) -> dict[Audience, Label | None]:
    """What each audience reads in this state; leave one out when it keeps reading what it last read."""
    given = {
        Audience.BACK_OFFICE: back_office,
        Audience.MERCHANT_PORTAL: merchant_portal,
        Audience.STOREFRONT: storefront,
    }
    return {audience: Label(text) if isinstance(text, str) else text for audience, text in given.items()}


def dated(text: str, with_date: str, date: str) -> Label:
    """A label with a date of the line once it is known: dated("Shipped", "Shipped on {date}", "sent")."""
    return Label(text, with_date, date)


def state(
    labels: dict[Audience, Label | None],
    *moves: Move | No,
    meaning: str = "",
    viewed_by: tuple[str, ...] = (),
    locked: bool = False,
) -> State:
    """One state: who reads what, then what may happen."""
    return State(
        labels,
        tuple(move for move in moves if isinstance(move, Move)),
        tuple(move for move in moves if isinstance(move, No)),
        meaning,
        viewed_by,
        locked,
    )


def on(
    event: str,
    *,
    by: tuple[Role, ...],
    to: str,
    if_: Guard | None = None,
    where: dict[Party, tuple[str, ...]] | None = None,
    needs: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
    does: tuple[Change | Effect, ...] = (),
    starts: tuple[Party, ...] = (),
    remember: bool = False,
) -> Move:
    """A move that somebody fires. `needs` are inputs it cannot do without; `takes` may come along."""
    roles = frozenset(by)
    return Move(
        event, to, Trigger.ACTOR, roles, if_, _where(where), needs, takes, does, starts, remember=remember
    )


def after(
    policy: str,
    event: str,
    *,
    to: str,
    if_: Guard | None = None,
    does: tuple[Change | Effect, ...] = (),
    starts: tuple[Party, ...] = (),
) -> Move:
    """A move that the clock fires, this policy's time after the state was entered."""
    return Move(
        event,
        to,
        Trigger.CLOCK,
        frozenset({Role.SYSTEM}),
        if_,
        {},
        does=does,
        starts=starts,
        after=policy,
    )


def auto(
    event: str,
    *,
    to: str,
    if_: Guard | None = None,
    where: dict[Party, tuple[str, ...]] | None = None,
    does: tuple[Change | Effect, ...] = (),
    starts: tuple[Party, ...] = (),
    remember: bool = False,
) -> Move:
    """A move that happens by itself as soon as its question is answered yes; the first that can, does."""
    by = frozenset({Role.SYSTEM})
    return Move(
        event,
        to,
        Trigger.AUTOMATIC,
        by,
        if_,
        _where(where),
        does=does,
        starts=starts,
        remember=remember,
    )


def told(
    event: str,
    *,
    to: str,
    if_: Guard | None = None,
    does: tuple[Change | Effect, ...] = (),
    remember: bool = False,
) -> Move:
    """A move that only a link fires."""
    return Move(event, to, Trigger.LINK, frozenset({Role.SYSTEM}), if_, does=does, remember=remember)


def no(event: str, *, by: tuple[Role, ...], because: str) -> No:
    """A move that is not possible here, and the sentence that says why."""
    return No(event, frozenset(by), because)


def when(tell: Party, event: str, /, **stands: str | tuple[str, ...]) -> Link:
    """When the machines stand like this (party="state" or several), tell that party this event."""
    return Link(_stands(stands), tell, event)


def never(because: str, **stands: str | tuple[str, ...]) -> Pair:
    """States that must never be seen together, with the sentence for whoever tried."""
    return Pair(_stands(stands), because)


def machine(name: str, party: Party, initial: str, states: dict[str, State]) -> Machine:
    """The states and moves of one party."""
    return Machine(name, party, initial, states)


def _stands(stands: Mapping[str, str | tuple[str, ...]]) -> dict[Party, frozenset[str]]:
    return {Party(party): frozenset((s,) if isinstance(s, str) else s) for party, s in stands.items()}


def _where(where: dict[Party, tuple[str, ...]] | None) -> dict[Party, frozenset[str]]:
    return {party: frozenset(states) for party, states in (where or {}).items()}
