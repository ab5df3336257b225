"""A process as a page that a product manager can read: tables of states, moves, links, and a diagram.

Pure text from the definitions. It must not know where the page is shown or kept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import assert_never

from domain.actors import Audience, Party
from domain.check import explore
from domain.diagram import mermaid, mermaid_parties
from domain.guards import spell
from domain.policies import Policy
from domain.process import BEFORE, STAY, Label, Machine, Move, Process, Standings, State, Trigger

HEAD = """# Processes

How every order moves. This page is written by `orderflow processes docs` from the definitions in
`domain/processes/`, the same that the server runs; `make check` fails when it is stale.

In the store flows (`marketplace-seller`, `complete`, `chain`) Admin is what the Back Office and the Merchant
Portal read, My account what the Storefront reads.
"""

AUDIENCES = {
    Audience.BACK_OFFICE: "Back Office",
    Audience.MERCHANT_PORTAL: "Merchant Portal",
    Audience.STOREFRONT: "Storefront",
}


_LONG = 4
"""More states than this in one place are a group with a number, if they are named more than once."""

Groups = Mapping[tuple[Party, frozenset[str]], str]
"""How groups of states of one party are named on a page."""

_READABLE = 30
"""Arrows between machines in one picture; with more of them, a picture of each machine is clearer."""


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
    yield "### Who reads what\n"
    yield "Of several machines the first that stands where there is something to read is read.\n"
    yield from _table(
        ("audience", "reads the machine of"),
        ((AUDIENCES[audience], ", else ".join(parties)) for audience, parties in process.reads.items()),
    )
    groups = _groups(process)
    if groups:
        yield "### Groups of states\n"
        yield "What the tables below name by a number.\n"
        rows = ((name, f"`{'`, `'.join(sorted(states))}`") for (_, states), name in groups.items())
        yield from _table(("group", "states"), rows)
    for machine in process.machines:
        yield from _machine(process, machine, groups)
    if process.links:
        yield "### Links\n"
        yield "Whoever moves first, the other side follows in the same step.\n"
        yield from _table(
            ("when the machines stand like this", "then"),
            ((_stands(link.when, groups), f"{link.tell}: `{link.event}`") for link in process.links),
        )
    if process.never:
        yield "### Never together\n"
        yield "What would lead to one of these is refused as a whole, with the sentence beside it.\n"
        pairs = ((_stands(pair.states, groups), pair.because) for pair in process.never)
        yield from _table(("states", "refused with"), pairs)
    yield "### Checked\n"
    yield "Every combination that can be reached was explored: none is stuck, none is one of those above.\n"
    yield from _table(
        ("machines", "combinations"),
        ((choice(found.machines), str(len(found.combinations))) for found in explore(process)),
    )
    if len(process.machines) > 1:
        yield from _diagram(process)


def _diagram(process: Process) -> Iterator[str]:
    """All machines linked while that can be read, else who tells whom."""
    linked = mermaid(process)
    yield "### Diagram\n"
    if linked.count("-.->") <= _READABLE:
        yield _drawn(linked)
        return
    yield f"Who tells whom; `orderflow processes diagram {process.name}` draws every state with its links.\n"
    yield _drawn(mermaid_parties(process))


def _drawn(diagram: str) -> str:
    return f"```mermaid\n{diagram}```\n"


def _groups(process: Process) -> Groups:
    """Name the long sets of states that a process names more than once."""
    named = [link.when for link in process.links] + [pair.states for pair in process.never]
    named += [m.where for machine in process.machines for s in machine.states.values() for m in s.moves]
    times = Counter((party, states) for stands in named for party, states in stands.items())
    found = [each for each, count in times.items() if count > 1 and len(each[1]) > _LONG]
    return {each: f"{each[0]} group {number}" for number, each in enumerate(found, 1)}


def _machine(process: Process, machine: Machine, groups: Groups) -> Iterator[str]:
    policy = process.variant_policy.get(machine.party)
    runs = f", for those whose policy `{policy}` says so" if policy else ""
    yield f"### Machine {machine.name}\n"
    yield f"Run by: {machine.party}{runs}. It starts in `{machine.initial}`.\n"
    columns = list(_columns(process, machine))
    viewed = any(state.viewed_by for state in machine.states.values())
    yield from _table(
        ("state", *(head for head, _ in columns), *(["viewed by"] if viewed else []), "meaning"),
        (
            (
                f"`{code}`",
                *(_label(state.labels.get(audience)) for _, audience in columns),
                *([", ".join(state.viewed_by)] if viewed else []),
                _meaning(state),
            )
            for code, state in machine.states.items()
        ),
    )
    yield from _table(
        ("state", "event", "leads to", "by", "only if", "input", "what else happens"),
        (_move(code, move, groups) for code, state in machine.states.items() for move in state.moves),
    )
    refusals = [
        (f"`{code}`", f"`{no.event}`", _listed(no.by), no.because)
        for code, state in machine.states.items()
        for no in state.refusals
    ]
    if refusals:
        yield "What people might expect, and the sentence that they read instead:\n"
        yield from _table(("state", "event", "by", "refused with"), refusals)
    yield _drawn(mermaid(process, machine))


def _columns(process: Process, machine: Machine) -> Iterator[tuple[str, Audience]]:
    """What is read in the machine's states: a heading, and one of the audiences that read the same."""
    alike: dict[Sequence[Label | None], list[Audience]] = {}
    for audience in Audience:
        labels = tuple(state.labels.get(audience) for state in machine.states.values())
        if any(labels):
            alike.setdefault(labels, []).append(audience)
    for audiences in alike.values():
        names = [AUDIENCES[each] for each in audiences if each in process.audiences(machine.party)]
        reads = "reads" if len(names) == 1 else "read"
        yield f"{' and '.join(names)} {reads}" if names else "Admin label", audiences[0]


def _move(code: str, move: Move, groups: Groups) -> tuple[str, ...]:
    works = [work.text for work in move.does] + [f"The {party}'s machine starts." for party in move.starts]
    given = [f"`{name}`" for name in move.needs] + [f"`{name}` (optional)" for name in move.takes]
    return (
        f"`{code}`",
        f"`{move.event}`",
        {STAY: "stays", BEFORE: "the state before"}.get(move.target, f"`{move.target}`"),
        _by(move),
        _condition(move, groups),
        ", ".join(given),
        " ".join(works),
    )


def _by(move: Move) -> str:
    match move.trigger:
        case Trigger.ACTOR:
            return _listed(move.by)
        case Trigger.CLOCK:
            since = f", from `{getattr(move.since, '__name__', '')}`" if move.since else ""
            return f"the clock: `{move.after}`{since}"
        case Trigger.AUTOMATIC:
            return f"by itself, once {move.awaits} has answered" if move.awaits else "by itself"
        case Trigger.LINK:
            return "a link"
        case _:
            assert_never(move.trigger)


def _condition(move: Move, groups: Groups) -> str:
    asked = [move.if_.asks] if move.if_ else []
    stands = [f"Only with {_stands(move.where, groups)}."] if move.where else []
    return " ".join(asked + stands + ([f"Else: {move.otherwise}"] if move.otherwise else []))


def _default(policy: Policy) -> str:
    shown = spell(policy.default) if isinstance(policy.default, timedelta) else f"`{policy.default}`"
    others = [f"`{name}`" for name in policy.choices if name != policy.default]
    return f"{shown} (or {', '.join(others)})" if others else shown


def _label(label: Label | None) -> str:
    if label is None:
        return "what it last read"
    text = label.dated.replace("{date}", "‹date›") if label.dated else label.text
    # They stand furthest first; people read what comes first, first.
    return "; ".join([text, *(f"{each.when}: {each.text}" for each in reversed(label.variants))])


def _meaning(state: State) -> str:
    notes = [
        note
        for note, true in (("Final.", state.final), ("Locked: only the platform moves it.", state.locked))
        if true
    ]
    return " ".join([state.meaning, *notes])


def _stands(stands: Standings, groups: Groups) -> str:
    return ", ".join(
        groups.get((party, states)) or f"{party} `{'` or `'.join(sorted(states))}`"
        for party, states in stands.items()
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    yield ""
