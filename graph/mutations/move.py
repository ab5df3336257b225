"""What most mutations of lines are: one event of one party, on lines of one order."""

from datetime import datetime
from typing import TypeVar

from domain.actors import Party
from graph.inputs import LinesCommand
from graph.mutations.decision import Decision
from graph.mutations.given import given, too_long
from graph.mutations.lines import fire_on_lines, intent_on, lists, malformed
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.seen import Seen
from graph.viewer import Info, viewer_of

Payload = TypeVar("Payload", bound=LinesChanged)


async def move(info: Info, sent: LinesCommand, payload: type[Payload], event: str, party: Party) -> Payload:
    """Fire the event on the lines that the input means. Every role may ask; the process decides."""
    viewer = viewer_of(info.context)
    said = given(sent)

    def decide(seen: Seen, now: datetime) -> Decision:
        return fire_on_lines(
            seen,
            sent.lines,
            lambda unit: lists(seen, unit, party, event),
            lambda meant: intent_on(seen, meant, event, party, said),
            now,
        )

    problems = (*malformed(sent.lines), *too_long(sent))
    return lines_changed(payload, viewer, await change_order(info, viewer, sent, decide, problems))
