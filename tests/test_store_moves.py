"""The store processes, move by move: a row is a walk that ends with the move, and what has no row is refused.

Source: seed on the store flows; design, store processes, all tables.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from click.testing import CliRunner

from domain.actors import Actor, Party, Role
from domain.check import check, explore
from domain.engine import fire
from domain.outcome import Intent
from domain.process import BEFORE, STAY, Machine, Move, Process, Trigger
from domain.processes import store_statuses as s
from domain.refusal import Refusal, RefusalCode
from graph.cli import main
from tests.builders import Walk
from tests.store_rows import (
    CAPTURING,
    CLOCK,
    CLOSED,
    DENIED,
    HANDLING,
    LACKING,
    LEFT,
    MANUAL,
    PAID,
    PART,
    PASSED_BY_HAND,
    READY,
    REQUESTED,
    SHORT,
    TABLES,
    WANTING,
    WMS,
    Row,
    Way,
)
from tests.store_walks import STORES, refused, stand, started, state, theirs, walk

SELLER, COMPLETE, CHAIN = STORES.values()
MACHINES: dict[tuple[str, str], Machine] = {
    (process.name, machine.name): machine for process in STORES.values() for machine in process.machines
}
ROWS = [
    pytest.param(process, machine, row, id=f"{process}, {machine}: {row}")
    for process, tables in TABLES.items()
    for machine, table in tables.items()
    for row in table
]

# What may happen


@pytest.mark.parametrize(("process", "machine", "row"), ROWS)
def test_what_a_row_says_happens(process: str, machine: str, row: Row):
    party = MACHINES[process, machine].party
    given = [said for said in row.way if said.startswith("given ")]
    said = [said for said in row.way if said not in given]
    here = started(STORES[process], *given)
    known, before = 0, None
    if said:
        here = walk(here, *said[:-1])
        position = theirs(here).positions[party]
        if isinstance(row.by, Role) or row.by is CLOCK:
            assert position.state == row.source
        known = len(here.entries)
        before = position.before.state if position.before else position.state
        here = walk(here, said[-1])
    target = {STAY: row.source, BEFORE: before}.get(row.target, row.target)
    role = row.by if isinstance(row.by, Role) else Role.SYSTEM
    happened = {
        (entry.unit, entry.party, entry.source, entry.event, entry.actor.role, entry.target)
        for entry in here.entries[known:]
    }
    assert ("o1-m1", party, row.source, row.event, role, target) in happened


@pytest.mark.parametrize(("process", "machine"), MACHINES)
def test_every_move_has_a_row_and_every_row_is_a_move(process: str, machine: str):
    moves = Counter(
        (code, move.event, by, move.target)
        for code, state in MACHINES[process, machine].states.items()
        for move in state.moves
        for by in (move.by if move.trigger is Trigger.ACTOR else (move.trigger,))
    )
    table = (*TABLES[process][machine], *CLOSED[process, machine])
    rows = Counter((row.source, row.event, row.by, row.target) for row in table)
    assert (moves - rows, rows - moves) == (Counter(), Counter())


@pytest.mark.parametrize(
    ("process", "row"),
    [
        pytest.param(process, row, id=f"{process}: {row}")
        for (process, _), table in CLOSED.items()
        for row in table
        if row.way
    ],
)
def test_what_is_only_listed_for_its_sentence_is_refused(process: str, row: Row):
    no = refused(walk(STORES[process], *row.way[:-1]), row.way[-1])
    assert (no.code, no.state) == (RefusalCode.GUARD_FAILED, row.source)


def test_where_a_merchant_waits_for_its_authorization_at_first_nothing_ever_rests():
    for process, tables in TABLES.items():
        for row in (row for table in tables.values() for row in table):
            here = walk(STORES[process], *row.way)
            stands = {position.state for position in theirs(here).positions.values()}
            assert s.WAITING_FFMT_AUTHORIZATION not in stands, row


# Who may not


@cache
def resting(process: str) -> dict[tuple[str, str], Walk]:
    """A walk for every state of every machine that rows come to rest in."""
    found: dict[tuple[str, str], Walk] = {}
    table = [row for rows in TABLES[process].values() for row in rows]
    ways = {CAPTURING, *(row.way[:n] for row in table for n in range(len(row.way) + 1))}
    for way in sorted(ways, key=lambda way: (len(way), way)):
        here = walk(STORES[process], *way)
        for party, position in theirs(here).positions.items():
            found.setdefault((position.machine, position.state), here)
            assert party in Party
    return found


@pytest.mark.parametrize("process", STORES)
def test_rows_come_to_rest_wherever_the_check_says_that_a_machine_can(process: str):
    [product] = explore(STORES[process])
    possible = {
        (machine.name, stands[index])
        for index, machine in enumerate(product.machines)
        for stands in product.combinations
        if stands[index] not in (None, s.WAITING_FFMT_AUTHORIZATION)
    }
    assert set(resting(process)) == possible


@pytest.mark.parametrize(("process", "machine"), MACHINES)
def test_what_has_no_row_is_refused_with_what_is_possible_for_that_actor(process: str, machine: str):
    party = MACHINES[process, machine].party
    table = (*TABLES[process][machine], *CLOSED[process, machine])
    events = {row.event for tables in TABLES.values() for rows in tables.values() for row in rows}
    for source in MACHINES[process, machine].states:
        here = resting(process).get((machine, source))
        if here is None:
            continue
        for role in Role:
            possible = {row.event for row in table if row.source == source and row.by is role}
            timed = {row.event for row in table if row.source == source and row.by is CLOCK}
            for event in sorted(
                {*events, "teleport", ""} - possible - (timed if role is Role.SYSTEM else set())
            ):
                # Somebody else than who brought it here, so that nothing counts as said again.
                intent = Intent(event, "o1-m1", party, Actor("somebody-else", role))
                answer = fire(STORES[process], here.order, intent, here.now)
                assert isinstance(answer, Refusal), f"{event} by {role} was taken at {source}"
                assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED, f"{event} by {role}: {answer}"
                assert (answer.state, answer.event) == (source, event)
                assert set(answer.available) == possible, f"{event} by {role} at {source}"


# What must come along


@pytest.mark.parametrize("process", STORES.values(), ids=STORES)
@pytest.mark.parametrize(
    ("way", "said", "needed"),
    [
        (PAID, "marketplace cancel", "reason"),
        (PAID, "merchant cancel", "reason"),
        (WANTING, "merchant cancel", "reason"),
        (READY, "merchant cancel", "reason"),
        (HANDLING, "merchant cancel", "reason"),
        (REQUESTED, "merchant deny_cancellation", "reason"),
        (REQUESTED, "marketplace cancel", "reason"),
        (REQUESTED, "merchant invoice", "invoice, value"),
        (HANDLING, "merchant invoice, invoice=F1", "value"),
        (PART, "merchant update_tracking", "invoice"),
        ((*HANDLING, "merchant invoice rest F1"), "merchant take_back", "invoice, value"),
    ],
)
def test_what_must_come_along_is_asked_for(process: Process, way: Way, said: str, needed: str):
    no = refused(walk(process, *way), said)
    assert (no.code, no.message) == (RefusalCode.INPUT_MISSING, f"{no.event} needs: {needed}.")


@pytest.mark.parametrize("process", [SELLER, COMPLETE], ids=lambda process: process.name)
def test_a_change_needs_its_reason(process: Process):
    no = refused(walk(process), "merchant change_order line 1 to 1")
    assert (no.code, no.message) == (RefusalCode.INPUT_MISSING, "change_order needs: reason.")


def test_another_seller_has_to_be_named():
    no = refused(walk(SELLER, *LEFT), "marketplace change_seller")
    assert (no.code, no.message) == (RefusalCode.INPUT_MISSING, "change_seller needs: merchant.")


@pytest.mark.parametrize("process", STORES.values(), ids=STORES)
def test_a_customer_and_an_unpaid_order_need_no_reason(process: Process):
    for way in (
        ("customer cancel",),
        ("merchant cancel",),
        ("marketplace cancel",),
        (*PAID, "customer cancel"),
    ):
        assert set(stand(walk(process, *way)).split(" × ")) == {s.CANCELED}, way


# When the clock moves it

HOUR, HALF_HOUR, WEEK, MONTH = (
    timedelta(hours=1),
    timedelta(minutes=30),
    timedelta(days=7),
    timedelta(days=30),
)
MKT, MRC = Party.MARKETPLACE, Party.MERCHANT
Armed = dict[tuple[Party, str], timedelta]


def armed(here: Walk) -> Armed:
    """How long it takes from now until the clock fires which event on whose machine."""
    return {(d.party, d.event): d.at - here.now for d in here.order.deadlines}


TWO_MACHINES: dict[Way, Armed] = {
    LACKING: {(MKT, "expire"): HOUR},
    MANUAL: {(MRC, "expire"): MONTH},
    (): {(MKT, "expire"): WEEK, (MRC, "expire"): MONTH},
    WMS: {(MKT, "expire"): WEEK, (MRC, "expire"): MONTH},
    ("merchant authorize_fulfillment",): {(MKT, "expire"): WEEK, (MRC, "close_window"): HALF_HOUR},
    DENIED: {(MKT, "expire"): timedelta(days=2), (MRC, "expire"): MONTH},
    WANTING: {(MRC, "expire"): MONTH},
    PAID: {(MRC, "close_window"): HALF_HOUR},
    READY: {},
    HANDLING: {},
    REQUESTED: {(MRC, "approve_cancellation"): MONTH},
    PART: {},
    LEFT: {(MKT, "expire"): timedelta(days=2)},
}
ONE_MACHINE: dict[Way, Armed] = {
    LACKING: {(MKT, "expire"): HOUR},
    MANUAL: {(MKT, "expire"): MONTH},
    (): {(MKT, "expire"): WEEK},
    WANTING: {(MKT, "expire"): MONTH},
    PAID: {(MKT, "close_window"): HALF_HOUR},
    READY: {},
    HANDLING: {},
    REQUESTED: {(MKT, "approve_cancellation"): MONTH},
    PART: {},
}


@pytest.mark.parametrize(
    ("process", "way", "due"),
    [
        *((process, way, due) for process in (SELLER, CHAIN) for way, due in TWO_MACHINES.items()),
        *((COMPLETE, way, due) for way, due in ONE_MACHINE.items()),
    ],
)
def test_without_other_policies_the_clock_fires_after_these_times(process: Process, way: Way, due: Armed):
    here = walk(process, *way)
    assert armed(here) == due
    second = timedelta(seconds=1)
    for (party, event), length in due.items():
        for now, code in ((here.now + length - second, RefusalCode.NOT_DUE), (here.now + length, None)):
            answer = fire(
                process, here.order, Intent(event, "o1-m1", party, Actor("system", Role.SYSTEM)), now
            )
            assert (answer.code if isinstance(answer, Refusal) else None) is code


@pytest.mark.parametrize("process", STORES.values(), ids=STORES)
def test_the_window_counts_from_the_payment_however_late_the_stock_comes(process: Process):
    short = walk(process, *SHORT, "payments pay", "20 minutes later", "2 of sku-1 arrive")
    assert list(armed(short).values()) == [timedelta(minutes=10)]
    late = walk(process, *SHORT, "payments pay", "2 hours later", "2 of sku-1 arrive")
    assert stand(late).endswith(s.READY_FOR_HANDLING)


def test_the_window_counts_from_the_payment_however_late_the_chain_is_authorized():
    here = walk(CHAIN, *PASSED_BY_HAND, "payments pay", "20 minutes later", "marketplace pass_authorization")
    assert armed(here) == {(MRC, "close_window"): timedelta(minutes=10)}


@pytest.mark.parametrize("process", [SELLER, CHAIN], ids=lambda process: process.name)
def test_without_a_window_there_is_none_to_change_the_payment_or_the_seller(process: Process):
    assert state(walk(process, "payments deny_payment"), MKT) == s.CANCELED
    assert state(walk(process, *PAID, "merchant cancel, reason=broken"), MKT) == s.CANCELED


# What the check proves


def test_nothing_that_anybody_may_do_would_break_a_forbidden_pair():
    assert [check(process) for process in STORES.values()] == [[], [], []]
    assert [product.refused for process in STORES.values() for product in explore(process)] == [set()] * 3


NEEDED_LINKS = [
    pytest.param(process, number, id=f"{process.name}: {link.tell} {link.event}")
    for process in (SELLER, CHAIN)
    for number, link in enumerate(process.links)
    # The marketplace could still insist where it waits, so nothing is stuck; rows show that it goes back.
    if link.event != "deny_cancellation"
]


@pytest.mark.parametrize(("process", "number"), NEEDED_LINKS)
def test_no_link_can_be_left_out(process: Process, number: int):
    links = process.links
    assert check(replace(process, links=(*links[:number], *links[number + 1 :]))) != []


def changed(process: Process, machine: str, code: str, change: Callable[[Move], Move | None]) -> Process:
    """The process with this change to the moves of one state: None leaves the move out."""
    found = next(each for each in process.machines if each.name == machine)
    moves = tuple(move for each in found.states[code].moves if (move := change(each)))
    state = replace(found.states[code], moves=moves)
    broken = replace(found, states={**found.states, code: state})
    return replace(process, machines=tuple(broken if m is found else m for m in process.machines))


def without(event: str, trigger: Trigger) -> Callable[[Move], Move | None]:
    """Leave these moves out."""
    return lambda move: None if (move.event, move.trigger) == (event, trigger) else move


LINK, AUTO = Trigger.LINK, Trigger.AUTOMATIC


@pytest.mark.parametrize(
    ("process", "machine", "code", "change", "sentence"),
    [
        (
            SELLER,
            "merchant",
            s.START_HANDLING,
            without("cancel_by_marketplace", LINK),
            "merchant start-handling is told cancel_by_marketplace, which it does not list",
        ),
        (
            SELLER,
            "marketplace",
            s.INVOICE,
            without("settle", AUTO),
            "marketplace: state invoiced is never reached",
        ),
        (
            SELLER,
            "merchant",
            s.CANCEL,
            without("confirm_cancellation", AUTO),
            "merchant: state canceled is never reached",
        ),
        (
            COMPLETE,
            "complete",
            s.WINDOW_TO_CANCEL,
            without("close_window", CLOCK),
            "complete: state ready-for-handling is never reached",
        ),
        (
            COMPLETE,
            "complete",
            s.READY_FOR_HANDLING,
            lambda move: replace(move, target=BEFORE) if move.event == "cancel" else move,
            "ready-for-handling: cancel goes back, but no state was remembered",
        ),
        (
            CHAIN,
            "chain-marketplace",
            s.WAITING_SELLER_HANDLING,
            without("start_handling", AUTO),
            "waiting-seller-handling × payment-approved × start-handling: cannot come to an end",
        ),
    ],
)
def test_a_broken_variant_is_caught(
    process: Process, machine: str, code: str, change: Callable[[Move], Move | None], sentence: str
):
    assert sentence in check(changed(process, machine, code, change))


@pytest.mark.parametrize(("process", "machine"), [(SELLER, "merchant"), (CHAIN, "chain-merchant")])
def test_that_only_what_is_paid_is_invoiced_is_held_by_two_locks(process: Process, machine: str):
    """Without its condition the forbidden pair refuses the invoice; without that as well it is stuck."""
    open_ = changed(
        process,
        machine,
        s.HANDLING,
        lambda move: replace(move, where={}) if move.event == "invoice" else move,
    )
    [product] = explore(open_)
    assert (MRC, "invoice") in {(party, event) for _, party, event in product.refused}
    assert any("cannot come to an end" in problem for problem in check(replace(open_, never=())))


def test_the_check_can_be_run_and_says_how_much_it_explored():
    for process in STORES.values():
        answer = CliRunner().invoke(main, ["processes", "check", process.name])
        [product] = explore(process)
        assert answer.exit_code == 0
        assert f"{len(product.combinations)} combinations explored" in answer.output
        assert len(product.combinations) > 10
