"""A slip in a filter is said at once; what happens in any process is taken, and hints tell no more."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from domain.actors import Audience, Party, Role
from domain.outcome import Outcome
from domain.processes import process_of
from domain.status import status_of_merchant_order, status_of_order
from graph.codes import EVENTS, FOLLOWED, STATES, STATUSES, check_events, check_state, check_status
from graph.demo_lives import demo_orders, lived
from graph.demo_store_lives import lived_in_store, store_orders
from graph.refusals import BadInput
from tests.stores import PROCESS

NOW = datetime.now(UTC)


def refused(check: Callable[[], None]) -> str:
    """The sentence it is refused with."""
    with pytest.raises(BadInput) as found:
        check()
    assert (found.value.extensions or {})["code"] == "BAD_USER_INPUT"
    return found.value.message


@pytest.fixture(scope="module")
def lives() -> list[list[Outcome]]:
    """The life of every order of the demo: every state and most of the events there are."""
    return [
        *(lived(PROCESS, demo, NOW, f"o{demo.number}", "R") for demo in demo_orders()),
        *(lived_in_store(demo, NOW, f"s{demo.number}", "R") for demo in store_orders()),
    ]


def test_whatever_happens_to_an_order_can_be_asked_for(lives: list[list[Outcome]]) -> None:
    assert {entry.event for life in lives for outcome in life for entry in outcome.entries} <= EVENTS


def test_whatever_an_order_reads_and_wherever_it_stands_can_be_asked_for(lives: list[list[Outcome]]) -> None:
    for order in (outcome.order for life in lives for outcome in life):
        process = process_of(order)
        for audience in Audience:
            reads = [status_of_order(process, order, audience)]
            reads += [
                status_of_merchant_order(process, order, each, audience) for each in order.merchant_orders
            ]
            assert {status.code for status in reads if status} <= STATUSES[audience]
        for unit in (*order.lines, *order.merchant_orders):
            for party, position in unit.positions.items():
                check_state(position.state, party)
            for party in process.follows(Audience.MERCHANT_PORTAL):
                assert party not in unit.positions or unit.positions[party].state in FOLLOWED


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (partial(check_status, "shiped", Audience.STOREFRONT), "There is no status 'shiped'. Did you mean"),
        (partial(check_status, "nonsense", Audience.BACK_OFFICE), "There is no status 'nonsense'."),
        (partial(check_status, "", Audience.BACK_OFFICE), "There is no status ''."),
        (partial(check_state, "redy-for-handling", None), "Did you mean ready-for-handling"),
        (partial(check_state, "Shipped", Party.MERCHANT), "Did you mean shipped"),
        (
            partial(check_events, ["pay", "shpi"], Role.MERCHANT, Audience.MERCHANT_PORTAL),
            "'shpi'. Did you mean",
        ),
        (partial(check_events, ["x" * 5000], Role.CUSTOMER, Audience.STOREFRONT), f"event '{'x' * 60}'."),
    ],
)
def test_a_code_that_none_has_is_refused_with_what_may_have_been_meant(
    check: Callable[[], None], says: str
) -> None:
    assert says in refused(check)


def test_a_hint_names_only_what_its_reader_may_know() -> None:
    for code in STATES[Party.MARKETPLACE] - FOLLOWED:
        assert f"'{code}'" in refused(partial(check_state, code, None))
        assert f" {code}" not in refused(partial(check_state, f"{code}x", None))
    for code in STATUSES[Audience.BACK_OFFICE] - STATUSES[Audience.STOREFRONT]:
        assert f" {code}" not in refused(partial(check_status, f"{code}x", Audience.STOREFRONT)).split()
    who = Role.MERCHANT, Audience.MERCHANT_PORTAL
    assert "ask_seller" in refused(
        partial(check_events, ["ask_sellr"], Role.MARKETPLACE, Audience.BACK_OFFICE)
    )
    assert "send_to_merchant" not in refused(partial(check_events, ["send_to_merchan"], *who))
