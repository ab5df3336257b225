"""Who asks too much in a minute: told so, with the seconds to wait; nobody else notices."""

import threading
import time
from typing import Any

import pytest
from starlette.applications import Starlette

from domain.actors import Role
from graph.app import create_app
from graph.context import Context
from graph.costs import MUTATION
from graph.execution import CHARACTERS, READING
from graph.rates import MOST_ADDRESSES, Allowance, RateLimited, Rates
from tests.acting import person
from tests.transport import SERVICES, SETTINGS, TOKENS, bearer, client, post, schema, serving, socket

ANNA = person(Role.CUSTOMER, "anna", customer="c1")


class Clock:
    """The wall clock as this test moves it; the library that counts reads it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0  # at the start of a minute

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def asker(address: str = "", principal: Any = None) -> Context:
    return Context(services=SERVICES, request_id="r", principal=principal, address=address)


def refusal(allowance: Allowance, points: int) -> int | None:
    """The seconds to wait, or None when the points could be spent."""
    try:
        allowance.spend(points)
    except RateLimited as error:
        return (error.extensions or {})["retryAfter"]
    return None


def test_points_can_be_spent_until_none_are_left_and_what_is_refused_takes_none(clock: Clock) -> None:
    allowance = Rates(principals=100).allowance(asker(principal=ANNA))
    allowance.spend(60)
    assert allowance.available == 40
    assert refusal(allowance, 41)
    assert allowance.available == 40
    assert refusal(allowance, 40) is None
    assert allowance.available == 0


@pytest.mark.parametrize("start", [0.0, 10.0, 45.5, 59.9])
@pytest.mark.parametrize(("before", "now", "wanted"), [(0, 100, 1), (0, 80, 50), (100, 0, 30), (90, 40, 55)])
def test_who_waits_as_long_as_told_may_ask_again_and_not_much_earlier(
    clock: Clock, start: float, before: int, now: int, wanted: int
) -> None:
    allowance = Rates(principals=100).allowance(asker(principal=ANNA))
    allowance.spend(before)
    clock.now += 60 + start
    while now and refusal(allowance, now):
        now -= 1
    seconds = refusal(allowance, wanted)
    if seconds is None:
        return
    clock.now += seconds
    assert refusal(allowance, wanted) is None
    assert seconds <= 120


def test_what_was_spent_is_forgotten_bit_by_bit(clock: Clock) -> None:
    allowance = Rates(principals=100).allowance(asker(principal=ANNA))
    allowance.spend(100)
    left = list[int | None]()
    for _ in range(4):
        clock.now += 30
        left.append(allowance.available)
    assert left == [0, 0, 50, 100]


def test_each_principal_and_each_address_has_an_allowance_of_its_own(clock: Clock) -> None:
    rates = Rates(principals=5, addresses=3)
    askers = [
        asker(principal=ANNA),
        asker(principal=person(Role.CUSTOMER, "anna", customer="c2")),
        asker(principal=person(Role.MERCHANT, "anna", merchant="c1")),
        asker(principal=person(Role.MERCHANT, "ben", merchant="c1")),
    ]
    for each in askers:
        rates.allowance(each).spend(5)
    for each in (asker("192.0.2.1"), asker("192.0.2.2")):
        rates.allowance(each).spend(3)
    assert refusal(rates.allowance(asker("192.0.2.1", ANNA)), 1)
    assert refusal(rates.allowance(asker("192.0.2.2")), 1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.2", "::ffff:192.0.2.1", False),
        ("a socket", "a socket", True),
    ],
)
def test_an_ipv6_network_is_one_address_since_one_client_has_all_of_it(
    clock: Clock, one: str, other: str, same: bool
) -> None:
    rates = Rates(addresses=1)
    rates.allowance(asker(one)).spend(1)
    assert bool(refusal(rates.allowance(asker(other)), 1)) is same


def test_any_number_of_addresses_takes_only_so_much_memory_and_those_known_keep_theirs(clock: Clock) -> None:
    rates = Rates(addresses=2)
    rates.allowance(asker("192.0.2.1")).spend(1)
    for n in range(MOST_ADDRESSES + 500):
        refusal(rates.allowance(asker(f"host {n}")), 1)
    window = rates._addresses
    assert window
    assert len(window._storage.expirations) == MOST_ADDRESSES + 1
    assert refusal(rates.allowance(asker("somebody new")), 1)  # the crowd has spent theirs
    assert refusal(rates.allowance(asker("192.0.2.1")), 1) is None


def test_without_a_limit_anything_may_be_asked_and_nothing_is_counted() -> None:
    before = threading.active_count()
    allowance = Rates().allowance(asker("192.0.2.1"))
    allowance.spend(10**9)
    assert (allowance.limit, allowance.available) == (None, None)
    assert threading.active_count() == before


# Through the API


def api(**rates: int) -> Starlette:
    return create_app(schema(rates=Rates(**rates)), SERVICES, SETTINGS)


async def test_an_operation_takes_what_it_costs_and_the_answer_tells_what_is_left() -> None:
    app = api(principals=100, addresses=50)
    note = 'mutation { note(text: "x") }'
    for left in (100 - MUTATION, 100 - 2 * MUTATION):
        body = (await post(note, app, bearer())).json()
        assert body["extensions"]["cost"] == {"requested": MUTATION, "ceiling": 100, "available": left}
    body = (await post(note, app)).json()
    assert body["extensions"]["cost"] == {"requested": MUTATION, "ceiling": 50, "available": 40}


async def test_who_has_asked_too_much_is_refused_over_http_and_others_are_served() -> None:
    app = api(principals=MUTATION, addresses=1)
    note = 'mutation { note(text: "x") }'
    assert (await post(note, app, bearer())).json()["data"] == {"note": "x"}
    refused = await post(note, app, bearer())
    assert refused.status_code == 429
    (error,) = refused.json()["errors"]
    assert "data" not in refused.json()
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= error["extensions"]["retryAfter"] <= 120
    assert refused.headers["retry-after"] == str(error["extensions"]["retryAfter"])
    assert str(error["extensions"]["retryAfter"]) in error["message"]
    other = bearer(TOKENS.mint(Role.MERCHANT, merchant_id="m2"))
    assert (await post(note, app, other)).json()["data"] == {"note": "x"}


async def test_a_mutation_that_is_refused_has_not_run_and_costs_its_reading_only() -> None:
    app = api(principals=3 * MUTATION)
    await post('mutation { note(text: "x") }', app, bearer())
    two = await post('mutation { a: note(text: "x") b: note(text: "y") c: note(text: "z") }', app, bearer())
    assert two.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert two.json()["extensions"]["cost"]["available"] == 2 * MUTATION - 1


@pytest.mark.parametrize("document", ["{ nothing }", "{ who", "{ who } " + "#" * 60_000])
async def test_nonsense_is_paid_for_too_by_its_length(document: str) -> None:
    app = api(addresses=3 * (READING + len(document) // CHARACTERS))
    for _ in range(3):
        assert "RATE_LIMITED" not in (await post(document, app)).text
    assert "RATE_LIMITED" in (await post(document, app)).text


async def test_what_nobody_could_ever_pay_in_a_minute_is_too_costly_rather_than_to_be_tried_again() -> None:
    app = api(addresses=MUTATION - 1)
    (error,) = (await post('mutation { note(text: "x") }', app)).json()["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"


async def test_operations_on_sockets_and_event_streams_count_as_well() -> None:
    async with serving(api(addresses=2)) as address, socket(address) as ws:
        await ws.send('{"type": "connection_init"}')
        await ws.recv()
        said = list[str]()
        for n in range(3):
            await ws.send(f'{{"type": "subscribe", "id": "{n}", "payload": {{"query": "{{ who }}"}}}}')
            said.append(str(await ws.recv()))
            if n < 2:
                await ws.recv()
        assert ['"error"' in message for message in said] == [False, False, True]
        assert "RATE_LIMITED" in said[-1]
        assert "retryAfter" in said[-1]
    async with client(api(addresses=2), headers={"accept": "text/event-stream"}) as http:
        answers = [(await http.post("/graphql", json={"query": "{ who }"})).text for _ in range(3)]
    assert ["RATE_LIMITED" in answer for answer in answers] == [False, False, True]
