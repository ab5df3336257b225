"""Whether a process is written well: every name exists, every state is described, every event has one answer.

What its machines do together is not asked here (check.py).
"""

from collections.abc import Iterator
from datetime import timedelta

from domain.actors import Role
from domain.process import BEFORE, STAY, Machine, Move, Process, State, Trigger


def malformed(process: Process) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with how a process is written."""
    for machine in process.machines:
        yield from _malformed_machine(process, machine)
    for party, name in process.variant_policy.items():
        policy = process.policies.get(name)
        names = {machine.name for machine in process.variants(party)}
        if policy is None or set(policy.choices) != names:
            yield f"policy {name} must offer exactly the machines of {party}: {', '.join(sorted(names))}"
    known = {(m.party, code) for m in process.machines for code in m.states}
    for link in process.links:
        yield from (
            f"a link names {party} {code}, which does not exist"
            for party, codes in link.when.items()
            for code in codes
            if (party, code) not in known
        )
        if link.tell not in link.when:
            yield f"the link that tells {link.tell} {link.event} does not say where {link.tell} stands"
            continue
        for machine in process.variants(link.tell):
            for code in link.when[link.tell] & machine.states.keys():
                if not any(
                    m.trigger is Trigger.LINK and m.event == link.event for m in machine.states[code].moves
                ):
                    yield f"{machine.name} {code} is told {link.event}, which it does not list"
    for pair in process.never:
        yield from (
            f"a forbidden pair names {party} {code}, which does not exist"
            for party, codes in pair.states.items()
            for code in codes
            if (party, code) not in known
        )


def _malformed_machine(process: Process, machine: Machine) -> Iterator[str]:
    if machine.initial not in machine.states:
        yield f"{machine.name} starts at {machine.initial}, which does not exist"
    for code, state in machine.states.items():
        here = f"{machine.name} {code}"
        if not state.meaning:
            yield f"{here} has no meaning written down"
        audiences = process.audiences(machine.party)
        yield from (f"{here} says nothing about {a}" for a in audiences if a not in state.labels)
        for move in state.moves:
            yield from (f"{here}: {problem}" for problem in _malformed_move(process, machine, move))
        yield from _two_answers(here, state)


def _malformed_move(process: Process, machine: Machine, move: Move) -> Iterator[str]:
    if move.target not in (STAY, BEFORE) and move.target not in machine.states:
        yield f"{move.event} leads to {move.target}, which does not exist"
    yield from (
        f"{move.event} starts {p}, which has no machine" for p in move.starts if not process.variants(p)
    )
    if move.trigger is Trigger.CLOCK:
        policy = process.policies.get(move.after or "")
        if policy is None or not isinstance(policy.default, timedelta):
            yield f"{move.event} waits for {move.after}, which is no window that the process knows"


def _two_answers(here: str, state: State) -> Iterator[str]:
    answers: set[tuple[str, Role]] = set()
    for move in state.moves:
        if move.trigger is Trigger.ACTOR:
            for role in move.by:
                if (move.event, role) in answers:
                    yield f"{here} has two answers to {move.event} by {role}"
                answers.add((move.event, role))
    for refused in state.refusals:
        yield from (
            f"{here} both lists {refused.event} for {role} and refuses it"
            for role in refused.by
            if (refused.event, role) in answers
        )
