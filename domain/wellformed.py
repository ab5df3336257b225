"""Whether a process is written well: every name exists, every state is described, every event has one answer.

What its machines do together is not asked here (check.py).
"""

from collections.abc import Iterator
from datetime import timedelta

from domain.actors import PEOPLE, Role
from domain.process import BEFORE, STAY, Machine, Move, Process, Standings, State, Trigger


def malformed(process: Process) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with how a process is written."""
    yield from _malformed_parties(process)
    for machine in process.machines:
        yield from _malformed_machine(process, machine)
    yield from _malformed_links(process)
    for pair in process.never:
        yield from _unknown(process, "a forbidden pair names", pair.states)


def _malformed_parties(process: Process) -> Iterator[str]:
    if not process.variants(process.first):
        yield f"orders start with {process.first}, which has no machine"
    for audience, parties in process.reads.items():
        for party in parties:
            if not process.variants(party):
                yield f"{audience} reads {party}, which has no machine"
    for party in {machine.party: None for machine in process.machines}:
        names = {machine.name for machine in process.variants(party)}
        if len(names) > 1 and party not in process.variant_policy:
            yield f"no policy says which of its machines {party} runs: {', '.join(sorted(names))}"
    for party, name in process.variant_policy.items():
        policy = process.policies.get(name)
        names = {machine.name for machine in process.variants(party)}
        if policy is None or set(policy.choices) != names:
            yield f"policy {name} must offer exactly the machines of {party}: {', '.join(sorted(names))}"


def _malformed_links(process: Process) -> Iterator[str]:
    for link in process.links:
        yield from _unknown(process, "a link names", link.when)
        if link.tell not in link.when:
            yield f"the link that tells {link.tell} {link.event} does not say where {link.tell} stands"
            continue
        for machine in process.variants(link.tell):
            for code in link.when[link.tell] & machine.states.keys():
                if not any(
                    m.trigger is Trigger.LINK and m.event == link.event for m in machine.states[code].moves
                ):
                    yield f"{machine.name} {code} is told {link.event}, which it does not list"


def _unknown(process: Process, who: str, stands: Standings) -> Iterator[str]:
    known = {(machine.party, code) for machine in process.machines for code in machine.states}
    for party, codes in stands.items():
        for code in sorted(codes):
            if (party, code) not in known:
                yield f"{who} {party} {code}, which does not exist"


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
        if state.locked:
            yield from (
                f"{here} is locked, but {role} may fire {move.event}"
                for move in state.moves
                for role in sorted(move.by & PEOPLE)
                if move.target != STAY
            )


def _malformed_move(process: Process, machine: Machine, move: Move) -> Iterator[str]:
    if move.target not in (STAY, BEFORE) and move.target not in machine.states:
        yield f"{move.event} leads to {move.target}, which does not exist"
    yield from (
        f"{move.event} starts {p}, which has no machine" for p in move.starts if not process.variants(p)
    )
    yield from _unknown(process, f"{move.event} asks for", move.where)
    for name, choice in move.if_.policies if move.if_ else ():
        policy = process.policies.get(name)
        if policy is None or (choice is not None and choice not in policy.choices):
            asked = f"asks whether policy {name} is {choice or 'set'}"
            yield f"{move.event} {asked}, which the process does not know"
    if move.trigger is Trigger.CLOCK:
        if move.target == STAY:
            yield f"{move.event} stays, so the clock would fire it again and again"
        policy = process.policies.get(move.after or "")
        if policy is None or not isinstance(policy.default, timedelta):
            yield f"{move.event} waits for {move.after}, which is no window that the process knows"


def _two_answers(here: str, state: State) -> Iterator[str]:
    answers: set[tuple[str, Role]] = set()
    for move in state.moves:
        if move.trigger in (Trigger.ACTOR, Trigger.CLOCK):
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
