"""What docs/processes.md promises: all that a process defines, in tables and pictures that can be read."""

import re

import pytest

from domain.check import explore
from domain.process import Move, Process
from domain.processes import PROCESSES
from graph.process_pages import described

EVERY_PROCESS = pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda p: p.name)


def sections(page: str) -> dict[str, str]:
    """The parts of a page by their headings."""
    parts = re.split(r"^### (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[list[str]]:
    """The cells of the tables in a section, line by line."""
    lines = [line for line in section.splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@EVERY_PROCESS
def test_each_state_is_shown_with_its_labels_its_flows_its_lock_and_its_meaning(process: Process):
    page = sections(described(process))
    for machine in process.machines:
        table = {cells[0]: " | ".join(cells[1:]) for cells in reversed(rows(page[f"Machine {machine.name}"]))}
        for code, state in machine.states.items():
            row = table[f"`{code}`"]
            labels = [label for label in state.labels.values() if label]
            assert all(label.text in row for label in labels if not label.dated)
            assert all(each.text in row for label in labels for each in label.variants)
            assert ", ".join(state.viewed_by) in row
            assert ("Locked" in row, "Final" in row) == (state.locked, state.final)
            assert state.meaning in row


def test_what_is_read_as_facts_come_in_is_told_in_the_order_in_which_they_do():
    page = sections(described(PROCESSES["complete", 1]))["Machine complete"]
    told = "In transit to carrier; after a tracking update: Delivering order; once it is delivered: Order"
    assert f"{told} shipped" in page


@EVERY_PROCESS
def test_each_move_is_shown_with_all_that_it_depends_on(process: Process):
    page = sections(described(process))
    groups = dict(rows(page.get("Groups of states", "")))
    for machine in process.machines:
        table = rows(page[f"Machine {machine.name}"])
        for code, state in machine.states.items():
            for move in state.moves:
                begins = [f"`{code}`", f"`{move.event}`"]
                texts = [" | ".join(cells) for cells in table if cells[:2] == begins]
                found = next(text for text in texts if all(part in text for part in _said(move)))
                named = [states for name, states in groups.items() if name in found]
                for stands in move.where.values():
                    assert all(any(f"`{each}`" in text for text in (found, *named)) for each in stands)


def _said(move: Move) -> list[str]:
    """What must stand in the row of a move."""
    said = [move.otherwise, move.if_.asks if move.if_ else "", move.after or "", move.awaits or ""]
    return [*said, *move.needs, *move.takes, *(work.text for work in move.does)]


@EVERY_PROCESS
def test_each_machine_has_a_picture_and_several_together_have_one(process: Process):
    page = sections(described(process))
    for machine in process.machines:
        assert page[f"Machine {machine.name}"].count("```mermaid\nstateDiagram-v2") == 1
    assert ("Diagram" in page) is (len(process.machines) > 1)
    if "Diagram" in page:
        picture = page["Diagram"]
        assert picture.count("```mermaid\nflowchart") == 1
        assert picture.count("-->") + picture.count("-.->") < 100


@EVERY_PROCESS
def test_the_numbers_of_the_check_are_those_that_exploring_finds(process: Process):
    checked = rows(sections(described(process))["Checked"])[1:]
    found = explore(process)
    assert [cells[1] for cells in checked] == [str(len(each.combinations)) for each in found]
    assert [cells[0].split(" × ") for cells in checked] == [[m.name for m in each.machines] for each in found]


def test_three_machines_are_checked_together_where_there_are_three_parties():
    [cells] = rows(sections(described(PROCESSES["chain", 1]))["Checked"])[1:]
    assert cells[0] == "chain-marketplace × chain × chain-merchant"


def test_audiences_that_read_the_same_share_a_column_and_an_unread_machine_says_so():
    heads = rows(sections(described(PROCESSES["complete", 1]))["Machine complete"])[0]
    assert heads[1:3] == ["Back Office and Merchant Portal read", "Storefront reads"]
    heads = rows(sections(described(PROCESSES["chain", 1]))["Machine chain"])[0]
    assert heads[1:3] == ["Admin label", "viewed by"]
