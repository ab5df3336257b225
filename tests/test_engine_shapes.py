"""The engine carries what the store processes are made of, unchanged: shown with a small one of that shape.

Merchant orders that move, three parties, a state that is gone back to, moves that look where others stand,
states that nobody but the platform leaves.
"""

from dataclasses import replace

import pytest

from domain.actors import Audience, Role
from domain.check import check, explore
from domain.engine import fire, offers, place
from domain.moment import Moment, guard
from domain.order import Order
from domain.outcome import Intent, Outcome
from domain.process import BEFORE, UnitKind
from domain.refusal import Refusal, RefusalCode
from domain.status import status_of_merchant_order, status_of_order
from domain.words import auto, machine, no, on, says, told, when
from tests.builders import NOW, actor
from tests.toys import (
    BANK,
    BUYER,
    CHAIN,
    MARKETPLACE,
    MERCHANT,
    SELLER,
    SHOP,
    fired,
    merchant_orders,
    mkt,
    mrc,
    st,
    toy,
    tried,
)


@guard("Somebody else's money is still out.")
def settled(moment: Moment) -> bool:
    """Has the money gone back?"""
    return moment.order.external_reference == "settled"


STORES = toy(
    mkt(
        "created",
        created=st(
            auto("begin", to="pending", starts=(CHAIN, MERCHANT)),
            labels=says(storefront="Created"),
            locked=True,
        ),
        pending=st(
            on("approve_payment", by=(BANK,), to="approved"),
            labels=says(back_office="Payment pending", storefront="Awaiting payment"),
        ),
        approved=st(
            on("request_cancel", by=(BUYER,), to="requesting", needs=("reason",), remember=True),
            on("cancel", by=(SHOP,), to="canceling", where={MERCHANT: ("ready",)}),
            told("invoice", to="invoiced"),
            labels=says(back_office="Payment approved"),
        ),
        requesting=st(told("wait", to="waiting_for_decision")),
        waiting_for_decision=st(
            told("deny", to=BEFORE),
            told("approve", to="canceling"),
            labels=says(back_office="Waiting for decision", storefront="Cancellation requested"),
        ),
        canceling=st(
            on("confirm_cancellation", by=(BANK,), to="canceled"),
            auto("confirm_cancellation", to="canceled", if_=settled),
            no("cancel", by=(SHOP, BUYER), because="It is being canceled already."),
            labels=says(back_office="Canceling", storefront="Canceling"),
            locked=True,
        ),
        canceled=st(labels=says(back_office="Canceled", storefront="Canceled")),
        invoiced=st(labels=says(back_office="Invoiced", storefront="Invoiced")),
    ),
    machine(
        "chain",
        CHAIN,
        "waiting",
        {
            "waiting": st(auto("authorize", to="authorized", where={MARKETPLACE: ("approved",)})),
            "authorized": st(told("invoice", to="invoiced"), told("cancel", to="canceled")),
            "canceled": st(),
            "invoiced": st(),
        },
    ),
    mrc(
        "waiting",
        waiting=st(told("authorize", to="ready")),
        ready=st(
            on("start_handling", by=(SELLER,), to="handling"),
            told("request", to="asked", remember=True),
            told("cancel", to="canceled"),
        ),
        handling=st(
            on("invoice", by=(SELLER,), to="invoiced", where={CHAIN: ("authorized",)}),
            told("request", to="asked", remember=True),
        ),
        asked=st(
            on("approve_cancellation", by=(SELLER,), to="canceled"),
            on("deny_cancellation", by=(SELLER,), to=BEFORE, needs=("reason",)),
        ),
        canceled=st(),
        invoiced=st(),
    ),
    links=(
        when(MERCHANT, "authorize", chain="authorized", merchant="waiting"),
        when(CHAIN, "invoice", merchant="invoiced", chain="authorized"),
        when(MARKETPLACE, "invoice", chain="invoiced", marketplace="approved"),
        when(MERCHANT, "request", marketplace="requesting", merchant=("ready", "handling")),
        when(MARKETPLACE, "wait", marketplace="requesting", merchant="asked"),
        when(MARKETPLACE, "deny", marketplace="waiting_for_decision", merchant=("ready", "handling")),
        when(MARKETPLACE, "approve", marketplace="waiting_for_decision", merchant="canceled"),
        when(MERCHANT, "cancel", marketplace=("canceling", "canceled"), merchant="ready"),
        when(CHAIN, "cancel", marketplace=("canceling", "canceled"), chain="authorized"),
    ),
    unit=UnitKind.MERCHANT_ORDER,
)


def stand(here: Order, unit: str = "o1-m1") -> dict[str, str]:
    found = here.unit(unit)
    assert found is not None
    return {party.value: position.state for party, position in found.positions.items()}


def start(*merchants: str) -> Order:
    return place(STORES, merchant_orders(STORES, *(merchants or ("m1",))), actor(BUYER), NOW).order


def go(here: Order, *events: tuple[str, Role], unit: str = "o1-m1") -> Order:
    for event, role in events:
        party = MERCHANT if role is SELLER else MARKETPLACE
        given = {"reason": "because"}
        answer = fire(STORES, here, Intent(event, unit, party, actor(role), given), NOW)
        assert isinstance(answer, Outcome), answer
        here = answer.order
    return here


PAID = ("approve_payment", BANK)
HANDLED = ("start_handling", SELLER)
ASKED = ("request_cancel", BUYER)


def test_a_process_of_this_shape_passes_the_check():
    assert check(STORES) == []


def test_merchant_orders_move_each_on_its_own():
    here = go(start("m1", "m2"), PAID, unit="o1-m2")
    assert stand(here, "o1-m1") == {"marketplace": "pending", "chain": "waiting", "merchant": "waiting"}
    assert stand(here, "o1-m2") == {"marketplace": "approved", "chain": "authorized", "merchant": "ready"}
    assert all(not line.positions for line in here.lines)


def test_automatic_moves_lead_away_from_where_an_order_is_placed():
    outcome = place(STORES, merchant_orders(STORES, "m1"), actor(BUYER), NOW)
    assert [(entry.event, entry.target) for entry in outcome.entries] == [
        ("placed", "created"),
        ("begin", "pending"),
        ("start", "waiting"),
        ("start", "waiting"),
    ]


def test_three_parties_move_in_one_step_down_and_up():
    paid = fired(STORES, start(), *PAID, unit="o1-m1")
    assert [(entry.party, entry.event) for entry in paid.entries] == [
        (MARKETPLACE, "approve_payment"),
        (CHAIN, "authorize"),
        (MERCHANT, "authorize"),
    ]
    assert [entry.cause for entry in paid.entries] == [None, paid.entries[0].seq, paid.entries[1].seq]
    done = fired(STORES, go(paid.order, HANDLED), "invoice", SELLER, MERCHANT, unit="o1-m1")
    assert [entry.party for entry in done.entries] == [MERCHANT, CHAIN, MARKETPLACE]
    assert set(stand(done.order).values()) == {"invoiced"}


@pytest.mark.parametrize(("way", "back_at"), [((PAID,), "ready"), ((PAID, HANDLED), "handling")])
def test_a_denied_request_goes_back_to_the_state_before_it_on_both_sides(
    way: tuple[tuple[str, Role], ...], back_at: str
):
    asked = go(start(), *way, ASKED)
    assert stand(asked) == {"marketplace": "waiting_for_decision", "chain": "authorized", "merchant": "asked"}
    denied = go(asked, ("deny_cancellation", SELLER))
    assert stand(denied) == {"marketplace": "approved", "chain": "authorized", "merchant": back_at}
    again = go(denied, ASKED, ("approve_cancellation", SELLER))
    assert stand(again) == {"marketplace": "canceling", "chain": "canceled", "merchant": "canceled"}


def test_a_way_back_leads_through_states_that_do_not_remember():
    asked = go(start(), PAID, ASKED)
    unit = asked.unit("o1-m1")
    assert unit is not None
    before = unit.positions[MARKETPLACE].before
    assert before is not None
    assert before.state == "approved", "kept while passing through `requesting`"


def test_a_move_is_refused_where_the_other_side_does_not_stand_right():
    handled = go(start(), PAID, HANDLED)
    answer = tried(STORES, handled, "cancel", SHOP, unit="o1-m1")
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "where")
    assert answer.message == "cancel is not possible where the other side stands."
    taken = fired(STORES, go(start(), PAID), "cancel", SHOP, unit="o1-m1")
    assert stand(taken.order)["merchant"] == "canceled"


def test_offers_say_that_the_other_side_is_in_the_way():
    here = go(start(), PAID, HANDLED)
    unit = here.unit("o1-m1")
    assert unit is not None
    [cancel] = offers(STORES, here, unit, actor(SHOP), NOW)
    assert cancel.refusal is not None
    assert cancel.refusal.rule == "where"


def test_nobody_but_the_platform_moves_a_locked_state():
    here = go(start(), PAID, ("cancel", SHOP))
    assert stand(here)["marketplace"] == "canceling"
    events = {move.event for m in STORES.machines for state in m.states.values() for move in state.moves}
    for event in sorted(events - {"confirm_cancellation"}):
        for role in (BUYER, SELLER, SHOP, Role.LOGISTICS, Role.SYSTEM):
            answer = tried(STORES, here, event, role, unit="o1-m1", by=actor(role, "another"))
            assert isinstance(answer, Refusal), (event, role)
            assert answer.available == (), (event, role)


def test_a_locked_state_is_left_by_itself_once_its_question_is_answered():
    here = go(start(), PAID)
    waits = fired(STORES, here, "cancel", SHOP, unit="o1-m1")
    assert stand(waits.order)["marketplace"] == "canceling"
    leaves = fired(STORES, replace(here, external_reference="settled"), "cancel", SHOP, unit="o1-m1")
    assert stand(leaves.order)["marketplace"] == "canceled"


def test_what_people_read_stays_where_a_state_says_nothing_to_them():
    paid = go(start(), PAID)
    [unit] = paid.merchant_orders
    read = {a: status_of_merchant_order(STORES, paid, unit, a) for a in Audience}
    assert {a: status and status.label for a, status in read.items()} == {
        Audience.BACK_OFFICE: "Payment approved",
        Audience.MERCHANT_PORTAL: None,
        Audience.STOREFRONT: "Awaiting payment",
    }


def test_an_order_of_merchant_orders_rolls_them_up():
    here = go(start("m1", "m2", "m3"), PAID, unit="o1-m2")
    status = status_of_order(STORES, here, Audience.BACK_OFFICE)
    assert status is not None
    assert status.label == "Partly Payment approved (1 of 3)"
    assert [(row.label, row.count) for row in status.counts] == [
        ("Payment approved", 1),
        ("Payment pending", 2),
    ]


def test_the_product_of_three_parties_is_explored_with_what_each_remembers():
    [product] = explore(STORES)
    assert product.combinations == {
        ("pending", "waiting", "waiting"),
        ("approved", "authorized", "ready"),
        ("approved", "authorized", "handling"),
        ("waiting_for_decision", "authorized", "asked"),
        ("canceling", "canceled", "canceled"),
        ("canceled", "canceled", "canceled"),
        ("invoiced", "invoiced", "invoiced"),
    }
