"""Two API processes on one real server, one with each driver, asked at the same time: never both, never half.

They are played by two sets of services on one database. Races inside one process are tests/test_races.py.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from random import Random

import pytest

from graph.lifespan import services_of
from graph.settings import Settings
from storage.client import Database, connect
from tests.acting import ADMIN, M1, Answer, Api, by, kinds, line, minor, states
from tests.feeding import stepped

UNTOUCHED = ["sent_to_merchant", "new"]
SHIPPED = ["shipped_by_merchant", "shipped"]
LEFT = ["sent_to_merchant", "left_merchant"]
CANCELED = ["canceled", "canceled_by_marketplace"]
WINDOW = timedelta(minutes=30)
ROUNDS = 30

Act = Callable[[Api, Answer], Coroutine[None, None, Answer]]


@pytest.fixture
async def other_api(server_api: Api, embedded_uri: str) -> AsyncIterator[Api]:
    """Another API process on the same database."""
    name = server_api.services.orders.database.name
    database = connect(embedded_uri, name, "pymongo")
    yield process_on(database)
    await database.close()


def process_on(database: Database) -> Api:
    return Api(services_of(database, Settings(jwt_secret="x" * 32), demo=True))


async def cancel(api: Api, order: Answer) -> Answer:
    return await api.do(ADMIN, "cancel", order=by(order), reason="recalled")


async def ship(api: Api, order: Answer) -> Answer:
    return await api.do(M1, "shipLines", order=by(order["merchantOrders"][0]))


async def leave(api: Api, order: Answer) -> Answer:
    """The merchant sends the line to the distribution center."""
    return await api.do(M1, "fireEvent", order=by(order["merchantOrders"][0]), event="send_to_distribution")


def assert_alone(before: Answer, after: Answer, won: Answer, lost: Answer, why: str) -> None:
    """One moved the line, in one write; the other wrote nothing and was told why."""
    assert after["version"] == before["version"] + 1
    assert (won["errors"], len(won["moved"])) == ([], 1)
    [error] = lost["errors"]
    assert (lost["moved"], lost["skipped"]) == ([], [])
    assert error["message"].startswith(why)


async def test_of_a_cancel_and_a_ship_at_once_one_wins_and_nobody_ever_sees_half_of_it(
    server_api: Api, other_api: Api
):
    chance = Random(2)
    seen: list[list[str]] = []
    for number in range(ROUNDS):
        order = await server_api.sent(line("A"))
        first, second = (cancel, ship) if number % 2 else (ship, cancel)
        one = asyncio.create_task(first(server_api, order))
        await asyncio.sleep(chance.random() * 0.01)
        other = asyncio.create_task(second(other_api, order))
        while not (one.done() and other.done()):
            seen += states(await other_api.now(order))
        canceled, shipped = (await one, await other) if first is cancel else (await other, await one)
        after = await server_api.now(order)
        if states(after) == [SHIPPED]:
            assert_alone(order, after, shipped, canceled, "The merchant has already shipped")
        else:
            assert states(after) == [CANCELED]
            assert_alone(order, after, canceled, shipped, "The marketplace has canceled this line")
    assert all(stand in (UNTOUCHED, SHIPPED, CANCELED) for stand in seen)


@pytest.mark.parametrize(
    ("slow", "fast", "then", "why"),
    [
        (cancel, ship, SHIPPED, "The merchant has already shipped"),
        (ship, cancel, CANCELED, "The marketplace has canceled this line"),
        (cancel, leave, LEFT, "The line already left the merchant for the distribution center"),
        (leave, cancel, CANCELED, "send_to_distribution is not possible"),
    ],
)
async def test_whoever_decides_first_but_writes_second_decides_again(
    server_api: Api, slow: Act, fast: Act, then: list[str], why: str
):
    if leave in (slow, fast):
        chosen = [{"name": "merchant_process", "value": "merchant-distribution"}]
        await server_api.done(M1, "updatePolicies", policies=chosen)
    order = await server_api.sent(line("A"))
    decided, write = asyncio.Event(), asyncio.Event()

    async def hold(collection: str, command: str) -> None:
        if (collection, command) == ("orders", "update_one"):
            decided.set()
            await write.wait()

    held = process_on(stepped(server_api.services.orders.database, before=hold))
    late = asyncio.create_task(slow(held, order))
    await decided.wait()
    won = await fast(server_api, order)
    write.set()
    lost = await late
    after = await server_api.now(order)
    assert states(after) == [then]
    assert_alone(order, after, won, lost, why)


async def test_an_order_is_split_once_whoever_sends_it_and_however_many_clocks_do(
    server_api: Api, other_api: Api
):
    order = await server_api.paid(line("A-1", "m1"), line("B-1", "m2"), line("A-2", "m1"))
    await server_api.services.clock.advance(WINDOW)
    both = (server_api, other_api)
    answers, *_ = await asyncio.gather(
        asyncio.gather(*(api.do(ADMIN, "sendToMerchant", order=by(order)) for api in both * 3)),
        *(api.services.deadlines.run_due() for api in both),
    )
    # Who comes after a clock is told that it is done; who comes after another of its own, that it is so.
    assert {kind for answer in answers for kind in kinds(answer)} <= {"TransitionNotAllowed"}
    after = await server_api.now(order)
    assert [theirs["merchantId"] for theirs in after["merchantOrders"]] == ["m1", "m2"]
    assert [len(theirs["lines"]) for theirs in after["merchantOrders"]] == [2, 1]
    assert sum(minor(theirs["totals"]["total"]) for theirs in after["merchantOrders"]) == 3000
    assert states(after) == [UNTOUCHED] * 3
    events = Counter(row["event"] for row in await server_api.history(order))
    assert events == {"placed": 1, "pay": 3, "send_to_merchant": 3, "start": 3}
