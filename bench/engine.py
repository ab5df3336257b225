"""What a transition costs: the engine (guards, links, history, both machines) against a bare table lookup."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from domain.actors import Actor, Party, Role
from domain.drafts import DraftLine, draft
from domain.engine import fire, perform, place
from domain.operations import record_payment
from domain.order import Customer, Order
from domain.outcome import Intent, Outcome
from domain.policies import stamp
from domain.processes import DEFAULT, latest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Actor("admin", Role.MARKETPLACE)


def run() -> None:
    """Print the cost of a merchant's `ship`, which moves two machines and writes two history entries."""
    process = latest(DEFAULT)
    assert process is not None
    order = _sent_to_merchant(2)
    ship = Intent("ship", order.lines[0].id, Party.MERCHANT, Actor("m0", Role.MERCHANT))
    table = {
        (machine.party, code, move.event): move.target
        for machine in process.machines
        for code, state in machine.states.items()
        for move in state.moves
    }
    engine = _seconds(lambda: fire(process, order, ship, NOW), 3_000)
    lookup = _seconds(lambda: table[Party.MERCHANT, "new", "ship"], 300_000)
    print(f"engine: {1e6 * engine:.0f} µs a ship (2 machines, 2 entries), {2 / engine:,.0f} transitions/s")
    print(f"engine: {engine / 2 / lookup:,.0f} × a bare table lookup ({1e9 * lookup:.0f} ns) a transition")


def _sent_to_merchant(lines: int) -> Order:
    process = latest(DEFAULT)
    assert process is not None
    drafted = draft(
        process,
        stamp(process.policies.values(), {}, {}),
        order_id="o",
        reference="R",
        currency="EUR",
        customer=Customer("c", "C", "c@example.com"),
        lines=[DraftLine(f"sku{i}", f"Line {i}", f"m{i}", 1, 1000) for i in range(lines)],
        shipping={},
        now=NOW,
    )
    assert isinstance(drafted, Order)
    order = place(process, drafted, ADMIN, NOW).order
    paid = record_payment(process, order, "p1", order.total, Actor("payments", Role.PAYMENTS), NOW)
    assert isinstance(paid, Outcome)
    intents = [Intent("send_to_merchant", line.id, Party.MARKETPLACE, ADMIN) for line in order.lines]
    return perform(process, paid.order, intents, NOW).order


def _seconds(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(times // 5):
            work()
        best = min(best, (time.perf_counter() - start) / (times // 5))
    return best
