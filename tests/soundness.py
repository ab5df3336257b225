"""What holds for every stored order of the store processes, whatever happened to it, at once or not.

`sound` reads orders and asserts all of it; the parts stand below it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

from domain.actors import Audience, Party, Role
from domain.booking import open_commands
from domain.check import explore
from domain.commands import CommandKind, CommandStatus
from domain.engine import offers, settle
from domain.invoiced import invoiced, left_to_invoice
from domain.order import Entry, MerchantOrder, Order
from domain.payments import due_of, paid, taken
from domain.process import STAY, Process, Trigger
from domain.processes import process_of
from domain.processes.store_statuses import CANCEL, CANCELED, INVOICED
from domain.status import status_of_unit
from domain.stocking import Claims, claims
from storage.documents import FIELDS, entry_from_document, from_document
from storage.stock import StockRow
from tests.acting import Api
from tests.builders import actor
from tests.store_walks import STORES

_WHOLE = {**FIELDS, "history": 1, "out": 1}


@dataclass(frozen=True, slots=True)
class Kept:
    """An order as it is stored, with what is in stock for it, its whole history, and what it tells."""

    order: Order
    entries: Sequence[Entry]
    told: Sequence[Mapping[str, Any]]
    now: datetime


async def sound(api: Api, orders: Iterable[Order], counted: int) -> Mapping[str, Kept]:
    """These orders as they are stored, by id. They must be sound, and so must be the stock of their SKUs, of
    which no other order has any, and of which this many were counted.
    """
    services = api.services
    named = {"_id": {"$in": [order.id for order in orders]}}
    stored = await services.orders.database.collection("orders").find(named, _WHOLE).to_list()
    found = {row["_id"]: from_document(row) for row in stored}
    rows = await services.stock.get("m1", {line.sku for order in found.values() for line in order.lines})
    shelf = {("m1", sku): row.available for sku, row in rows.items()}
    now = await services.clock.now()
    kept: dict[str, Kept] = {}
    for row in stored:
        order = replace(found[row["_id"]], shelf=shelf)
        entries = [entry_from_document(entry) for entry in row["history"]]
        kept[order.id] = Kept(order, entries, row["out"], now)
        assert_sound(kept[order.id])
    for row in rows.values():
        assert_stock(row, found.values(), counted)
    return kept


def assert_sound(kept: Kept) -> None:
    """Assert what holds for this order, stock apart."""
    order, process = kept.order, process_of(kept.order)
    assert_history(kept)
    assert_totals(order)
    for theirs in order.merchant_orders:
        stands = tuple(p.state if (p := theirs.positions.get(party)) else None for party in parties(process))
        assert stands in combinations(process.name), f"{order.reference} is out of step: {stands}"
        assert_money(order, theirs)
        assert_not_stuck(process, order, theirs, kept.now)
        assert_readings(process, order, theirs)
    waiting = settle(process, order, kept.now).entries
    assert not waiting, f"{order.reference} was not settled: {[entry.event for entry in waiting]}"


def parties(process: Process) -> tuple[Party, ...]:
    """The parties of a process, in the order in which the product check names their states."""
    return tuple(dict.fromkeys(machine.party for machine in process.machines))


@cache
def combinations(process: str) -> frozenset[tuple[str | None, ...]]:
    """Every combination of states that the product check found for this store process."""
    return frozenset(stands for found in explore(STORES[process]) for stands in found.combinations)


# Somebody can go on


def assert_not_stuck(process: Process, order: Order, theirs: MerchantOrder, now: datetime) -> None:
    """Assert that it is over, or that somebody, the clock or the payment provider can move it."""
    deadlines = [deadline for deadline in order.deadlines if deadline.unit == theirs.id]
    if all(process.state(party, at).final for party, at in theirs.positions.items()):
        assert not deadlines, f"{order.reference} is over and waits for {deadlines}"
        return
    assert deadlines or open_commands(order, theirs.id) or _possible(process, order, theirs, now), (
        f"nobody can move {order.reference}"
    )


def _possible(process: Process, order: Order, theirs: MerchantOrder, now: datetime) -> set[str]:
    """What somebody could do that moves a machine."""
    leads_on = {
        (party, move.event)
        for party, at in theirs.positions.items()
        for move in process.state(party, at).moves
        if move.trigger is Trigger.ACTOR and move.target != STAY
    }
    return {
        offer.event
        for role in Role
        for offer in offers(process, order, theirs, actor(role), now)
        if offer.refusal is None and (offer.party, offer.event) in leads_on
    }


# Money


def assert_totals(order: Order) -> None:
    """Assert that the lines say what follows from the payments and from what the provider did."""
    moved = {(kind, status): 0 for kind in CommandKind for status in CommandStatus}
    for command in order.commands:
        moved[command.kind, command.status] += command.amount
    came = sum(payment.amount for payment in order.payments)
    came_in = sum(payment.amount for payment in order.payments if payment.captured)
    done = CommandStatus.DONE
    assert order.approved == came - moved[CommandKind.VOID, done]
    assert order.captured == came_in + moved[CommandKind.CAPTURE, done]
    assert order.refunded == moved[CommandKind.REFUND, done]
    unanswered = (CommandStatus.PENDING, CommandStatus.DEAD)
    assert order.reserved == sum(moved[CommandKind.REFUND, status] for status in unanswered)
    for line in order.lines:
        assert 0 <= line.refunded + line.reserved <= line.captured <= line.approved, line


def assert_money(order: Order, theirs: MerchantOrder) -> None:
    """Assert that its money is where a merchant order that stands there has it."""
    lines = order.lines_of(theirs.id)
    total = sum(line.total for line in lines)
    assert paid(order, theirs.id) <= total, "more is approved than it costs"
    if theirs.cancellation is None:
        assert due_of(order, theirs.id) == total - paid(order, theirs.id)
    else:
        assert due_of(order, theirs.id) == 0, "something is due of what is canceled"
        asked = {kind: _open(order, theirs, kind) for kind in CommandKind}
        assert sum(line.approved - line.captured for line in lines) == asked[CommandKind.VOID]
        assert sum(line.captured - line.refunded for line in lines) == asked[CommandKind.REFUND]
        assert asked[CommandKind.CAPTURE] == 0
        assert theirs.positions[Party.MARKETPLACE].state == (CANCEL if any(asked.values()) else CANCELED)
    if theirs.positions[Party.MARKETPLACE].state == INVOICED:
        assert left_to_invoice(order, theirs) == 0
        assert taken(order, theirs.id) == total
    assert taken(order, theirs.id) + _open(order, theirs, CommandKind.CAPTURE) >= invoiced(theirs)


def _open(order: Order, theirs: MerchantOrder, kind: CommandKind) -> int:
    return sum(command.amount for command in open_commands(order, theirs.id, kind))


# What is remembered and read


def assert_history(kept: Kept) -> None:
    """Assert that each move is told once, in rows without gaps that lead to where the machines stand."""
    order, entries = kept.order, kept.entries
    assert [entry.seq for entry in entries] == list(range(1, order.seq + 1))
    assert [row["seq"] for row in kept.told] == list(range(1, order.seq + 1)), "each row is told once"
    rows = Counter(
        (row.unit, row.party, row.source, row.target, row.event, frozenset(row.input.items()))
        for row in entries
    )
    assert [row for row, times in rows.items() if times > 1] == []
    for theirs in order.merchant_orders:
        for party, at in theirs.positions.items():
            moves = [row for row in entries if (row.unit, row.party) == (theirs.id, party)]
            assert all(one.target == next_.source for one, next_ in pairwise(moves)), moves
            assert moves[-1].target == at.state


def assert_readings(process: Process, order: Order, theirs: MerchantOrder) -> None:
    """Assert that everybody reads something, the merchant too, once the order is complete."""
    for audience in Audience:
        status = status_of_unit(process, order, theirs, audience)
        assert status is not None, f"{audience} reads nothing"
        assert status.label.strip(" -"), f"{audience} reads {status.label!r}"


# Stock


def assert_stock(row: StockRow, orders: Iterable[Order], counted: int) -> None:
    """Assert that a row says what follows from all orders of its SKU and from the one count before them."""
    of_sku = (row.merchant_id, row.sku)
    mine = [claims(order).get(of_sku, Claims()) for order in orders]
    held, confirmed = sum(each.held for each in mine), sum(each.confirmed for each in mine)
    off_shelf = sum(each.off_shelf for each in mine)
    assert (row.held, row.confirmed, row.acknowledged) == (held, confirmed, off_shelf)
    assert (row.on_hand, row.available) == (counted - off_shelf, counted - held - confirmed - off_shelf)
    assert row.available >= 0
