"""A process as a page that a product manager can read: tables of states, moves, links, and a diagram.

Pure text from the definitions. It must not know where the page is shown or kept.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import assert_never

from domain.actors import Audience
from domain.check import explore
from domain.diagram import mermaid
from domain.guards import spell
from domain.policies import Policy
from domain.process import BEFORE, STAY, Label, Machine, Move, Process, Standings, State, Trigger

HEAD = """# Processes

How every order moves. This page is written by `orderflow processes docs` from the definitions in
`domain/processes/`, the same that the server runs; `make check` fails when it is stale.
"""

AUDIENCES = {
    Audience.BACK_OFFICE: "Back Office",
    Audience.MERCHANT_PORTAL: "Merchant Portal",
    Audience.STOREFRONT: "Storefront",
}


def page(processes: Iterable[Process]) -> str:
    """Return docs/processes.md: every process, one after the other."""
    return "\n".join([HEAD, *(described(process) for process in processes)])


def described(process: Process) -> str:
    """Return one process as Markdown, ending in a line break."""
    return "\n".join(_lines(process)) + "\n"


def choice(machines: Iterable[Machine]) -> str:
    """Return the name of one choice of machines: "marketplace × merchant"."""
    return " × ".join(machine.name for machine in machines)


def _lines(process: Process) -> Iterator[str]:
    yield f"## {process.name}, version {process.version}\n"
    yield f"{process.text} What moves is the {process.unit.replace('_', ' ')}.\n"
    yield "### Policies\n"
    yield from _table(
        ("policy", "default", "a merchant may have its own", "meaning"),
        (
            (f"`{p.name}`", _default(p), "yes" if p.per_merchant else "", p.text)
            for p in process.policies.values()
        ),
    )
    for machine in process.machines:
        yield from _machine(process, machine)
    yield "### Links\n"
    yield "Whoever moves first, the other side follows in the same step.\n"
    yield from _table(
        ("when the machines stand like this", "then"),
        ((_stands(link.when), f"{link.tell}: `{link.event}`") for link in process.links),
    )
    yield "### Never together\n"
    yield "What would lead to one of these is refused as a whole, with the sentence beside it.\n"
    yield from _table(("states", "refused with"), ((_stands(p.states), p.because) for p in process.never))
    yield "### Checked\n"
    yield "Every combination that can be reached was explored: none is stuck, none is one of those above.\n"
    yield from _table(
        ("machines", "combinations"),
        ((choice(found.machines), str(len(found.combinations))) for found in explore(process)),
    )
    yield "### Diagram\n"
    yield f"```mermaid\n{mermaid(process).rstrip()}\n```"


def _machine(process: Process, machine: Machine) -> Iterator[str]:
    policy = process.variant_policy.get(machine.party)
    runs = f", for those whose policy `{policy}` says so" if policy else ""
    yield f"### Machine {machine.name}\n"
    yield f"Run by: {machine.party}{runs}. It starts in `{machine.initial}`.\n"
    read = process.audiences(machine.party)
    yield from _table(
        ("state", *(f"{AUDIENCES[audience]} reads" for audience in read), "meaning"),
        (
            (f"`{code}`", *(_label(state.labels[audience]) for audience in read), _meaning(state))
            for code, state in machine.states.items()
        ),
    )
    yield from _table(
        ("state", "event", "leads to", "by", "only if", "input", "what else happens"),
        (_move(code, move) for code, state in machine.states.items() for move in state.moves),
    )
    refusals = [
        (f"`{code}`", f"`{no.event}`", _listed(no.by), no.because)
        for code, state in machine.states.items()
        for no in state.refusals
    ]
    if refusals:
        yield "What people might expect, and the sentence that they read instead:\n"
        yield from _table(("state", "event", "by", "refused with"), refusals)


def _move(code: str, move: Move) -> tuple[str, ...]:
    works = [work.text for work in move.does] + [f"The {party}'s machine starts." for party in move.starts]
    given = [f"`{name}`" for name in move.needs] + [f"`{name}` (optional)" for name in move.takes]
    return (
        f"`{code}`",
        f"`{move.event}`",
        {STAY: "stays", BEFORE: "the state before"}.get(move.target, f"`{move.target}`"),
        _by(move),
        _condition(move),
        ", ".join(given),
        " ".join(works),
    )


def _by(move: Move) -> str:
    match move.trigger:
        case Trigger.ACTOR:
            return _listed(move.by)
        case Trigger.CLOCK:
            return f"the clock: `{move.after}`"
        case Trigger.AUTOMATIC:
            return "by itself"
        case Trigger.LINK:
            return "a link"
        case _:
            assert_never(move.trigger)


def _condition(move: Move) -> str:
    asked = [move.if_.asks] if move.if_ else []
    return " ".join(asked + ([_stands(move.where)] if move.where else []))


def _default(policy: Policy) -> str:
    shown = spell(policy.default) if isinstance(policy.default, timedelta) else f"`{policy.default}`"
    others = [f"`{name}`" for name in policy.choices if name != policy.default]
    return f"{shown} (or {', '.join(others)})" if others else shown


def _label(label: Label | None) -> str:
    if label is None:
        return "what it last read"
    return label.dated.replace("{date}", "‹date›") if label.dated else label.text


def _meaning(state: State) -> str:
    notes = [
        note
        for note, true in (("Final.", state.final), ("Locked: only the platform moves it.", state.locked))
        if true
    ]
    return " ".join([state.meaning, *notes])


def _stands(stands: Standings) -> str:
    return ", ".join(f"{party} `{'` or `'.join(sorted(states))}`" for party, states in stands.items())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    yield ""
