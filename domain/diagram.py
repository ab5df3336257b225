"""A process drawn as text: one machine, all linked ones, or who tells whom; in Mermaid or DOT.

Pure, and drawn from the definitions: a picture cannot differ from what runs. It must not know who shows it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from domain.process import BEFORE, STAY, Link, Machine, Move, Process, Trigger

Current = Mapping[str, str]
"""The state to mark, by the machine's name."""


def mermaid(process: Process, machine: Machine | None = None, current: Current | None = None) -> str:
    """Draw one machine as a state diagram, or without one the whole process as a flowchart.

    The whole process is a flowchart because Mermaid's state diagrams cannot join states of two machines.
    """
    marked = current or {}
    lines = _mermaid_machine(machine, marked) if machine else _mermaid_process(process, marked)
    return "\n".join(lines) + "\n"


def mermaid_parties(process: Process) -> str:
    """Draw who tells whom what, party by party: for processes whose linked states make too big a picture."""
    told: dict[tuple[str, str], dict[str, None]] = {}
    for link in process.links:
        for party in link.when:
            if party is not link.tell:
                told.setdefault((party, link.tell), {})[link.event] = None
    lines = ["flowchart LR"]
    lines += [f'    {party}["{party}"]' for party in dict.fromkeys(m.party for m in process.machines)]
    lines += [f'    {source} -.->|"{"<br>".join(events)}"| {tell}' for (source, tell), events in told.items()]
    return "\n".join(lines) + "\n"


def dot(process: Process, machine: Machine | None = None, current: Current | None = None) -> str:
    """Draw one machine, or without one the whole process, in the language of Graphviz."""
    return "\n".join(_dot(process, machine, current or {})) + "\n"


def _mermaid_machine(machine: Machine, current: Current) -> Iterator[str]:
    yield "stateDiagram-v2"
    for code in machine.states:
        yield f'    state "{code}" as {_node(machine, code)}'
    yield f"    [*] --> {_node(machine, machine.initial)}"
    for source, target, labels in _arrows(machine):
        yield f"    {_node(machine, source)} --> {_node(machine, target)} : {'<br>'.join(labels)}"
    for code, state in machine.states.items():
        if state.final:
            yield f"    {_node(machine, code)} --> [*]"
    yield from _mark(_marked((machine,), current))


def _mermaid_process(process: Process, current: Current) -> Iterator[str]:
    yield "flowchart TD"
    for machine in process.machines:
        yield f'    subgraph {_name(machine.name)}_machine["{machine.name}"]'
        for code, state in machine.states.items():
            opening, closing = ("([", "])") if code == machine.initial or state.final else ("[", "]")
            yield f'        {_node(machine, code)}{opening}"{code}"{closing}'
        for source, target, labels in _arrows(machine):
            yield f'        {_node(machine, source)} -->|"{"<br>".join(labels)}"| {_node(machine, target)}'
        yield "    end"
    for source, target, event in _pulls(process):
        yield f'    {source} -.->|"{event}"| {target}'
    yield from _mark(_marked(process.machines, current))


def _mark(nodes: Sequence[str]) -> Iterator[str]:
    if nodes:
        yield "    classDef current stroke-width:4px,font-weight:bold"
        yield f"    class {','.join(nodes)} current"


def _dot(process: Process, machine: Machine | None, current: Current) -> Iterator[str]:
    machines = (machine,) if machine else process.machines
    marked = _marked(machines, current)
    yield f'digraph "{machine.name if machine else process.name}" {{'
    yield '    node [shape=box, style=rounded, fontname="sans-serif"]'
    yield '    edge [fontname="sans-serif", fontsize=10]'
    for each in machines:
        yield f'    subgraph "cluster_{each.name}" {{'
        yield f'        label="{each.name}"'
        for code, state in each.states.items():
            looks = [f'label="{code}"']
            looks += ["peripheries=2"] if state.final else []
            looks += ['style="rounded,bold"'] if code == each.initial else []
            looks += ['style="rounded,bold,filled"'] if _node(each, code) in marked else []
            yield f"        {_node(each, code)} [{', '.join(looks)}]"
        for source, target, labels in _arrows(each):
            label = r"\n".join(labels)
            yield f'        {_node(each, source)} -> {_node(each, target)} [label="{label}"]'
        yield "    }"
    if machine is None:
        for source, target, event in _pulls(process):
            yield f'    {source} -> {target} [label="{event}", style=dashed, constraint=false]'
    yield "}"


def _arrows(machine: Machine) -> Iterator[tuple[str, str, list[str]]]:
    """Yield source, target and what leads there; moves between the same two states share an arrow."""
    for code, state in machine.states.items():
        labels: dict[str, list[str]] = {}
        for move in state.moves:
            for target in _targets(machine, code, move):
                labels.setdefault(target, []).append(_label(move))
        for target, moves in labels.items():
            yield code, target, moves


def _targets(machine: Machine, code: str, move: Move) -> Sequence[str]:
    """Where a move can lead: going back, to every state in which a move remembers where it was."""
    if move.target == STAY:
        return (code,)
    if move.target == BEFORE:
        return [
            source for source, state in machine.states.items() if any(other.remember for other in state.moves)
        ]
    return (move.target,)


def _label(move: Move) -> str:
    condition = f" if {move.if_.name}" if move.if_ else ""
    return f"{move.event} ({_fired(move)}){condition}"


def _fired(move: Move) -> str:
    match move.trigger:
        case Trigger.ACTOR:
            return ", ".join(sorted(move.by))
        case Trigger.CLOCK:
            return f"after {move.after}"
        case Trigger.AUTOMATIC:
            return "automatic"
        case Trigger.LINK:
            return "link"
        case _:
            assert_never(move.trigger)


def _pulls(process: Process) -> Iterator[tuple[str, str, str]]:
    """Yield from which state of one machine which state of another is pulled along, and the event."""
    seen: dict[tuple[str, str, str], None] = {}
    for link in process.links:
        for told in process.variants(link.tell):
            for target in _reached(told, link):
                for other in process.machines:
                    for code in link.when.get(other.party, ()) if other.party is not link.tell else ():
                        if code in other.states:
                            seen[_node(other, code), _node(told, target), link.event] = None
    yield from sorted(seen)


def _reached(told: Machine, link: Link) -> Iterator[str]:
    for code in link.when[link.tell]:
        if code in told.states:
            for move in told.states[code].moves:
                if move.event == link.event and move.trigger is Trigger.LINK:
                    yield from _targets(told, code, move)


def _marked(machines: Sequence[Machine], current: Current) -> list[str]:
    return [
        _node(machine, code)
        for machine in machines
        if (code := current.get(machine.name)) and code in machine.states
    ]


def _node(machine: Machine, code: str) -> str:
    """A name that both languages take: no hyphen, never one of their own words."""
    return f"{_name(machine.name)}__{_name(code)}"


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", text)
