"""What diagrams promise: all that a process lists is drawn, in both languages; where one stands is marked."""

import re

import pytest

from domain.diagram import dot, mermaid, mermaid_parties
from domain.process import BEFORE, STAY, Machine, Process
from domain.processes import PROCESSES

EVERY_PROCESS = pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda p: p.name)
EVERY_MACHINE = pytest.mark.parametrize(
    ("process", "machine"),
    [pytest.param(p, m, id=f"{p.name} {m.name}") for p in PROCESSES.values() for m in p.machines],
)


def _node(machine: Machine, code: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", machine.name) + "__" + re.sub(r"[^A-Za-z0-9]", "_", code)


def _arrow(text: str, source: str, target: str) -> str:
    """What is written on the arrow between two nodes, in any of the notations."""
    mermaid_state = rf"^ *{source} --> {target} : (.*)$"
    mermaid_flow = rf'^ *{source} -->\|"(.*)"\| {target}$'
    graphviz = rf'^ *{source} -> {target} \[label="(.*)"\]$'
    for form in (mermaid_state, mermaid_flow, graphviz):
        if found := re.search(form, text, re.MULTILINE):
            return found[1]
    raise AssertionError(f"no arrow from {source} to {target}")


@EVERY_MACHINE
def test_a_machine_is_drawn_with_every_state_and_every_move(process: Process, machine: Machine):
    for text in (mermaid(process, machine), mermaid(process), dot(process, machine), dot(process)):
        for code, state in machine.states.items():
            assert f'"{code}"' in text
            for move in state.moves:
                if move.target != BEFORE:
                    target = code if move.target == STAY else move.target
                    assert move.event in _arrow(text, _node(machine, code), _node(machine, target))


@EVERY_MACHINE
def test_an_arrow_says_who_fires_when_and_under_which_condition(process: Process, machine: Machine):
    text = mermaid(process, machine)
    for code, state in machine.states.items():
        for move in state.moves:
            if move.target not in (STAY, BEFORE):
                says = _arrow(text, _node(machine, code), _node(machine, move.target))
                who = (
                    [move.after]
                    if move.after
                    else [role.value for role in move.by if move.trigger == "actor"]
                )
                assert all(part in says for part in [*who, *([move.if_.name] if move.if_ else [])])


@EVERY_PROCESS
def test_the_whole_process_shows_which_state_pulls_which_other_along(process: Process):
    for text, arrow in ((mermaid(process), "-.->"), (dot(process), "style=dashed")):
        pulls = [row for row in text.splitlines() if arrow in row]
        for link in process.links:
            assert any(f'"{link.event}"' in row for row in pulls), link


@EVERY_PROCESS
def test_who_tells_whom_is_drawn_party_by_party(process: Process):
    text = mermaid_parties(process)
    parties = {machine.party for machine in process.machines}
    assert re.findall(r'^    (\w+)\["\1"\]$', text, re.MULTILINE) == list(
        dict.fromkeys(machine.party for machine in process.machines)
    )
    arrows = re.findall(r'^    (\w+) -\.->\|"(.+)"\| (\w+)$', text, re.MULTILINE)
    drawn = {(source, event, target) for source, events, target in arrows for event in events.split("<br>")}
    assert drawn == {
        (party, link.event, link.tell)
        for link in process.links
        for party in parties & link.when.keys()
        if party != link.tell
    }


@EVERY_PROCESS
def test_every_node_that_an_arrow_names_is_declared(process: Process):
    for text in (mermaid(process), dot(process)):
        named = set(re.findall(r"\b\w+__\w+\b", text))
        declared = set(re.findall(r'\b(\w+__\w+)(?:\[| \[label=|\(\[)"?', text))
        assert named <= declared


def test_the_current_state_and_no_other_is_marked():
    process = next(iter(PROCESSES.values()))
    machine = process.machines[0]
    for code in machine.states:
        current = {machine.name: code}
        marked = re.findall(r"^ *class (\S+) current$", mermaid(process, machine, current), re.MULTILINE)
        assert marked == [_node(machine, code)]
        assert re.findall(r"(\S+) \[.*filled.*\]", dot(process, machine, current)) == [_node(machine, code)]


def test_every_machine_that_is_somewhere_is_marked_in_the_whole_process():
    process = next(iter(PROCESSES.values()))
    current = {machine.name: machine.initial for machine in process.machines[:2]}
    nodes = {_node(machine, machine.initial) for machine in process.machines[:2]}
    [marked] = re.findall(r"^ *class (\S+) current$", mermaid(process, None, current), re.MULTILINE)
    assert set(marked.split(",")) == nodes
    assert set(re.findall(r"(\S+) \[.*filled.*\]", dot(process, None, current))) == nodes


def test_nothing_is_marked_without_a_current_state():
    process = next(iter(PROCESSES.values()))
    assert "current" not in mermaid(process)
    assert "filled" not in dot(process)
    assert "current" not in mermaid(process, None, {"no such machine": "new"})
