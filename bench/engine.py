"""What a transition costs: the engine (guards, links, history, both machines) against a bare table lookup,
and what the store flows cost against that.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from domain.actors import Actor, Party, Role
from domain.drafts import DraftLine, draft
from domain.engine import fire, perform, place
from domain.invoices import Invoice, InvoiceLine, InvoiceType
from domain.invoicing import add_invoice
from domain.order import Address, Customer, Order
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.policies import PolicyValue, stamp
from domain.process import Process
from domain.processes import DEFAULT, latest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Actor("admin", Role.MARKETPLACE)
SELLER = Actor("m0", Role.MERCHANT)
HOME = Address("C", "1 Main Street", "10115", "Berlin", "DE")
MANY = 50


def run() -> None:
    """Print the cost of a merchant's `ship`, which moves two machines and writes two history entries, and of
    what merchants do in the store flows.
    """
    process = _process(DEFAULT)
    order = _sent_to_merchant(2)
    ship = Intent("ship", order.lines[0].id, Party.MERCHANT, SELLER)
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
    for name in ("marketplace-seller", "chain"):
        start, entries = _started(name)
        one, more = _invoiced(name, 1)
        many, _ = _invoiced(name, MANY)
        print(
            f"engine: {name}: {start / engine:.1f} × that ship to start handling ({entries} entries), "
            f"{one / engine:.1f} × to invoice ({more} entries), {many / engine:.1f} × {MANY} lines"
        )


def _started(name: str) -> tuple[float, int]:
    """Seconds that the start of handling takes, and how many entries it writes."""
    process, order = _process(name), _paid(name, 1)
    intent = Intent("start_handling", order.merchant_orders[0].id, Party.MERCHANT, SELLER)
    outcome = _taken(fire(process, order, intent, NOW))
    return _seconds(lambda: fire(process, order, intent, NOW), 1_000), len(outcome.entries)


def _invoiced(name: str, lines: int) -> tuple[float, int]:
    """Seconds that the invoice of a whole merchant order takes, and how many entries it writes."""
    process, order = _process(name), _paid(name, lines)
    unit = order.merchant_orders[0].id
    order = _taken(fire(process, order, Intent("start_handling", unit, Party.MERCHANT, SELLER), NOW)).order
    on_it = tuple(InvoiceLine(line.id, line.quantity, line.unit_price) for line in order.lines)
    invoice = Invoice("F1", InvoiceType.OUTPUT, order.total, NOW, NOW, on_it)
    outcome = _taken(add_invoice(process, order, unit, invoice, SELLER, NOW))
    cost = _seconds(lambda: add_invoice(process, order, unit, invoice, SELLER, NOW), 500)
    return cost, len(outcome.entries)


def _sent_to_merchant(lines: int) -> Order:
    """An order of the default process, each line of another merchant, and all at its merchant."""
    process = _process(DEFAULT)
    order = _bought(process, [DraftLine(f"sku{i}", f"Line {i}", f"m{i}", 1, 1000) for i in range(lines)])
    intents = [Intent("send_to_merchant", line.id, Party.MARKETPLACE, ADMIN) for line in order.lines]
    return perform(process, order, intents, NOW).order


def _paid(name: str, lines: int) -> Order:
    """An order of a store flow, all lines of one merchant, which may start."""
    sold = [DraftLine(f"sku{i}", f"Line {i}", "m0", 1, 1000) for i in range(lines)]
    return _bought(_process(name), sold, cancellation_window=timedelta(0))


def _bought(process: Process, lines: list[DraftLine], **settings: PolicyValue) -> Order:
    drafted = draft(
        process,
        stamp(process.policies.values(), settings, {}),
        order_id="o",
        reference="R",
        currency="EUR",
        customer=Customer("c", "C", "c@example.com"),
        lines=lines,
        shipping={},
        now=NOW,
        deliver_to=HOME,
        payment_method="card",
    )
    assert isinstance(drafted, Order)
    order = place(process, drafted, ADMIN, NOW).order
    return _taken(record_payment(process, order, "p1", order.total, ADMIN, NOW)).order


def _taken(answer: object) -> Outcome:
    assert isinstance(answer, Outcome), answer
    return answer


def _process(name: str) -> Process:
    process = latest(name)
    assert process is not None
    return process


def _seconds(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(times // 5):
            work()
        best = min(best, (time.perf_counter() - start) / (times // 5))
    return best
