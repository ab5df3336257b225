"""Diagrams in the language that is asked for. How they are drawn is the domain's."""

from typing import Annotated, assert_never

import strawberry

from domain import diagram
from domain.process import Machine, Process
from graph.types.enums import DiagramFormat

Format = Annotated[DiagramFormat, strawberry.argument(description="In which language.")]


def draw(
    format: DiagramFormat,
    process: Process,
    machine: Machine | None = None,
    current: diagram.Current | None = None,
) -> str:
    """Draw a process, or one machine of it; `current` marks a state per machine."""
    match format:
        case DiagramFormat.MERMAID:
            return diagram.mermaid(process, machine, current)
        case DiagramFormat.DOT:
            return diagram.dot(process, machine, current)
        case _:
            assert_never(format)
