"""What storage counts: transitions, how late events and deadlines are, who fell behind.

Labels have few values: processes, their events, codes. Nothing that a client made up becomes one.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from prometheus_client import Counter, Histogram

from domain.order import Order
from domain.processes import PROCESSES

TRANSITIONS = Counter(
    "orderflow_transitions",
    "Events on orders: fired (as rows of the history), refused with a code, or so already.",
    ("process", "event", "outcome", "code"),
)
FEED_LAG = Histogram(
    "orderflow_feed_lag_seconds",
    "From the write of an order to its events' publication, by the clocks of two processes.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
PUBLISHED = Counter("orderflow_feed_items", "Events that this process published to subscribers' topics.")
LAGGED = Counter("orderflow_lagged", "Times that a subscriber had fallen too far behind and was told so.")
LATENESS = Histogram(
    "orderflow_deadline_lateness_seconds",
    "From the time at which a deadline was due to the time at which it fired.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600),
)

UNKNOWN = "unknown"
"""The label of an event that the process does not have: a client may have made it up."""


def fired(process: str, events: Iterable[str]) -> None:
    """Count what was written, one for each row of the history."""
    for event in events:
        TRANSITIONS.labels(process, event, "fired", "").inc()


def refused(order: Order, event: str, code: str) -> None:
    """Count an event that was refused on an order; `code` is one of RefusalCode."""
    known = event if event in _events(order.process, order.process_version) else UNKNOWN
    TRANSITIONS.labels(order.process, known, "refused", code.upper()).inc()


def already(order: Order, unit_id: str, actor_id: str) -> None:
    """Count what this actor asked for again: the event by which it had put the unit where it stands."""
    unit = order.unit(unit_id)
    theirs = [at for at in unit.positions.values() if at.actor == actor_id] if unit else []
    event = max(theirs, key=lambda at: at.since).event if theirs else UNKNOWN
    TRANSITIONS.labels(order.process, event, "already", "").inc()


def published(written: Iterable[datetime], now: datetime) -> None:
    """Count items that went into the feed, and how long each had waited (clocks may differ: 0 at least)."""
    for at in written:
        PUBLISHED.inc()
        FEED_LAG.observe(max(0.0, (now - at).total_seconds()))


@cache
def _events(process: str, version: int) -> frozenset[str]:
    """Every event that some state of the process takes or has a sentence against."""
    machines = PROCESSES[process, version].machines
    states = [state for machine in machines for state in machine.states.values()]
    moves = {move.event for state in states for move in state.moves}
    return frozenset(moves | {no.event for state in states for no in state.refusals})
