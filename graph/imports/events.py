"""What people call events in a file, and which event of a process they mean. Data.

Source: design, process marketplace-merchant ("Triggers": Shipped, Delivered) and store processes.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from domain.process import Process, UnitKind
from domain.processes import PROCESSES
from graph.imports.rows import RowProblem

_CALLED: Mapping[str, str] = {
    "accepted": "accept",
    "authorized": "authorize_fulfillment",
    "cancelled": "cancel",
    "canceled": "cancel",
    "canceled_by_merchant": "cancel",
    "delivered": "deliver",
    "handled": "start_handling",
    "handling": "start_handling",
    "invoiced": "invoice",
    "packed": "pack",
    "returned": "receive_return",
    "return_rejected": "reject_return",
    "sent_to_distribution": "send_to_distribution",
    "left_merchant": "send_to_distribution",
    "at_distribution_center": "confirm_at_center",
    "shipped": "ship",
    "shipped_back": "ship_back",
    "tracked": "update_tracking",
}
"""The state that somebody reports, and the event that leads there."""

_OF_MERCHANT_ORDERS: Mapping[str, str] = {"ship": "update_tracking", "deliver": "update_tracking"}
"""Where merchant orders move, what is shipped is what an invoice says; its tracking tells that it arrived."""


_EVENTS = frozenset(
    move.event
    for process in PROCESSES.values()
    for machine in process.machines
    for state in machine.states.values()
    for move in state.moves
)


def event_named(text: str) -> str:
    """Return the event that a text means: its name, or the state that it leads to; in any case of letters.

    Raises RowProblem for one that no process has.
    """
    name = "_".join(text.casefold().replace("-", " ").split())
    if name not in _EVENTS and name not in _CALLED:
        near = get_close_matches(name[:40], sorted(_EVENTS | _CALLED.keys()), 1)
        meant = f" Is {near[0]} meant?" if near else ""
        raise RowProblem(f"There is no event {text[:40]!r}.{meant}", "event")
    return _CALLED.get(name, name)


def event_in(process: Process, event: str) -> str:
    """Return the process's own event for what a file calls so."""
    if process.unit is UnitKind.MERCHANT_ORDER:
        return _OF_MERCHANT_ORDERS.get(event, event)
    return event
