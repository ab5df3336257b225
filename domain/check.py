"""What is proved when a process loads: that it is well formed, and that its machines cannot fall out of step.

The product of the linked machines is explored exactly: a guard may say yes or no, standings are known.
Source: design, product, "The engine", 6.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from domain.actors import Party
from domain.process import BEFORE, STAY, Machine, Move, Process, Standings, Trigger
from domain.wellformed import malformed

Stand = tuple[str | None, str | None]
"""One machine in the product: its state (None: not started) and the state that it remembers."""

Combination = tuple[Stand, ...]
States = tuple[str | None, ...]
Rests = Mapping[Combination, frozenset[States]]
"""Where a combination can come to rest, and all that is passed on the ways there, both ends included."""


class ProcessBroken(ValueError):
    """A definition that must not run, with everything that is wrong with it."""


@dataclass(slots=True)
class Product:
    """What was found for one choice of machines.

    `combinations` are the settled combinations of states that can be seen; `refused` the events of people
    that the forbidden pairs refuse, as (combination, party, event); `fired` the numbers of links that fired;
    `passed` the combinations and those that are only passed through on the way to one of them.
    """

    machines: tuple[Machine, ...]
    combinations: set[States] = field(default_factory=set[States])
    refused: set[tuple[States, Party, str]] = field(default_factory=set[tuple[States, Party, str]])
    passed: set[States] = field(default_factory=set[States])
    fired: set[int] = field(default_factory=set[int])
    problems: list[str] = field(default_factory=list[str])


def verified(process: Process) -> Process:
    """Return the process if nothing is wrong with it; raises ProcessBroken naming everything that is."""
    problems = check(process)
    if problems:
        raise ProcessBroken(f"Process {process.name} is broken:\n" + "\n".join(f"- {p}" for p in problems))
    return process


def check(process: Process) -> list[str]:
    """Return everything that is wrong with a process, as sentences; an empty list when it may run."""
    problems = list(malformed(process))
    if problems:
        return problems
    products = explore(process)
    fired: set[int] = set()
    for found in products:
        problems += found.problems
        fired |= found.fired
    for i, link in enumerate(process.links):
        if i not in fired:
            problems.append(f"the link that tells {link.tell} {link.event} can never fire")
    for machine in process.machines:
        seen = {
            passed[index]
            for found in products
            for index, candidate in enumerate(found.machines)
            if candidate is machine
            for passed in found.passed
        }
        problems += [
            f"{machine.name}: state {code} is never reached" for code in machine.states if code not in seen
        ]
    return list(dict.fromkeys(problems))


def explore(process: Process) -> list[Product]:
    """Explore every choice of machines; one Product each."""
    parties = list(dict.fromkeys(machine.party for machine in process.machines))
    return [_Explorer(process, choice).run() for choice in product(*(process.variants(p) for p in parties))]


class _Explorer:
    def __init__(self, process: Process, machines: tuple[Machine, ...]) -> None:
        self.process = process
        self.machines = machines
        self.index = {machine.party: i for i, machine in enumerate(machines)}
        self.found = Product(machines)
        self.settled: dict[Combination, Rests] = {}
        self.settling: set[Combination] = set()
        self.forbidden: set[Combination] = set()

    def run(self) -> Product:
        start: list[Stand] = [(None, None)] * len(self.machines)
        at = self.index[self.process.first]
        start[at] = (self.machines[at].initial, None)
        ways: dict[Combination, set[Combination]] = {}
        todo: list[Combination] = []
        for there, passed in self._settled(tuple(start)).items():
            if there in self.forbidden:
                self.found.problems.append(f"an order is placed in the forbidden {_names(there)}")
            else:
                todo.append(self._come(there, passed))
        while todo:
            here = todo.pop()
            if here in ways:
                continue
            ways[here] = self._next(here)
            todo += ways[here]
        self.found.combinations = {_states(c) for c in ways}
        self._stuck(ways)
        return self.found

    def _next(self, here: Combination) -> set[Combination]:
        results: set[Combination] = set()
        for party, move in self._moves(here, Trigger.ACTOR, Trigger.CLOCK):
            for there, passed in self._settled(self._apply(here, party, move)).items():
                if there not in self.forbidden:
                    results.add(self._come(there, passed))
                    continue
                self.found.refused.add((_states(here), party, move.event))
                if move.trigger is Trigger.CLOCK:
                    self.found.problems.append(
                        f"{_names(here)}: the clock's {move.event} leads to forbidden {_names(there)}"
                    )
        # What rests here because a guard said no may move when another unit of the order has moved, or when
        # somebody outside has answered; nobody fired that, so nobody could be refused.
        for party, move in self._pulled(here):
            for there, passed in self._settled(self._apply(here, party, move)).items():
                if there in self.forbidden:
                    self.found.problems.append(
                        f"{_names(here)}: {move.event} by itself leads to forbidden {_names(there)}"
                    )
                elif move.awaits:
                    results.add(self._come(there, passed))
        return results

    def _come(self, there: Combination, passed: frozenset[States]) -> Combination:
        """Note what is passed on the ways to where they end, which is returned."""
        self.found.passed |= passed
        return there

    def _settled(self, here: Combination) -> Rests:
        """Return everywhere that this combination can come to rest, and what is passed on the way."""
        if here in self.settled:
            return self.settled[here]
        if here in self.settling:
            self.found.problems.append(f"{_names(here)}: moves by itself in a circle")
            return {}
        self.settling.add(here)
        rests: dict[Combination, frozenset[States]] = {}
        for party, move in self._pulled(here):
            there = self._apply(here, party, move)
            if there != here:
                for rest, passed in self._settled(there).items():
                    rests[rest] = rests.get(rest, frozenset()) | passed | {_states(here)}
            elif move.if_ is None:
                self.found.problems.append(f"{_names(here)}: {move.event} moves by itself in a circle")
            if move.if_ is None:
                break
        else:
            rests[here] = frozenset({_states(here)})
            if any(self._matches(here, pair.states) for pair in self.process.never):
                self.forbidden.add(here)
        self.settling.remove(here)
        self.settled[here] = rests
        return rests

    def _pulled(self, here: Combination) -> Iterator[tuple[Party, Move]]:
        yield from self._moves(here, Trigger.AUTOMATIC)
        for number, link in enumerate(self.process.links):
            if self._matches(here, link.when):
                for party, move in self._moves(here, Trigger.LINK):
                    if party == link.tell and move.event == link.event:
                        self.found.fired.add(number)
                        yield party, move

    def _moves(self, here: Combination, *triggers: Trigger) -> Iterator[tuple[Party, Move]]:
        for machine, (code, _) in zip(self.machines, here, strict=True):
            if code is not None:
                for move in machine.states[code].moves:
                    if move.trigger in triggers and self._matches(here, move.where):
                        yield machine.party, move

    def _apply(self, here: Combination, party: Party, move: Move) -> Combination:
        there = list(here)
        code, before = here[self.index[party]]
        if move.target != STAY:
            target = before if move.target == BEFORE else move.target
            if target is None:
                self.found.problems.append(
                    f"{_names(here)}: {move.event} goes back, but no state was remembered"
                )
            there[self.index[party]] = (target or code, code if move.remember else before)
        for other in move.starts:
            at = self.index[other]
            if there[at][0] is None:
                there[at] = (self.machines[at].initial, None)
        return tuple(there)

    def _matches(self, here: Combination, stands: Standings) -> bool:
        return all(here[self.index[party]][0] in states for party, states in stands.items())

    def _stuck(self, ways: dict[Combination, set[Combination]]) -> None:
        """Report every combination from which not all started machines can end."""
        ending = {here for here in ways if self._over(here)}
        grown = True
        while grown:
            more = {here for here, there in ways.items() if here not in ending and there & ending}
            ending |= more
            grown = bool(more)
        self.found.problems += [
            f"{_names(here)}: cannot come to an end" for here in ways if here not in ending
        ]

    def _over(self, here: Combination) -> bool:
        return all(c is None or m.states[c].final for m, (c, _) in zip(self.machines, here, strict=True))


def _states(here: Combination) -> States:
    return tuple(code for code, _ in here)


def _names(here: Combination) -> str:
    return " × ".join(code or "–" for code, _ in here)
