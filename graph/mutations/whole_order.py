"""What an operation on an order as a whole answered, as a decision."""

from strawberry.utils.str_converters import to_camel_case

from domain.outcome import Intent, Outcome
from domain.refusal import Refusal
from graph.mutations.decision import Decision, refused
from graph.mutations.why_not import from_refusal
from graph.seen import Seen

_FIELDS = ("deliver_to", "payment_method")
"""Rules that are named after the part of the input that they are about."""


def answered(seen: Seen, answer: Outcome | Refusal) -> Decision:
    """Return what is to be written, or why nothing is; that is told of the first of its units."""
    if isinstance(answer, Outcome):
        return Decision(answer)
    unit = seen.units[0]
    intent = Intent(answer.event, unit.id, seen.process.first, seen.viewer.actor)
    path = [to_camel_case(answer.rule)] if answer.rule in _FIELDS else []
    return refused(seen.order, from_refusal(seen.process, unit, intent, answer, path))
