"""`orderEvents` and `events`: every row once, in order, to those it is for, from any cursor on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from graph.auth import Principal
from graph.context import Context, new_request_id
from graph.requests import Operation
from graph.schema import schema
from graph.services import Services
from graph.streams import results
from storage.hub import Hub
from tests.acting import ADMIN, ANNA, BEN, CARRIER, M1, M2, PAYMENTS, Answer, Api, by, line

EVENT = """
... on OrderStateChanged {
  __typename cursor seq at order { id reference } unit party source target event actor role reason version
  labels { audience code label date }
}
"""
LISTEN = f"""
subscription ($after: Cursor, $where: OrderEventsWhere) {{
  orderEvents(after: $after, where: $where) {{
    {EVENT} ... on Heartbeat {{ __typename cursor at }} ... on Lagged {{ __typename cursor missed }}
  }}
}}
"""
PULL = f"""
query ($after: Cursor, $first: Int!) {{
  events(after: $after, first: $first) {{ nodes {{ {EVENT} }} cursor hasMore }}
}}
"""


class Listener:
    """One subscription; `read` waits for the next things that come through it."""

    def __init__(self, stream: AsyncGenerator[Any, None]) -> None:
        self._stream = stream

    async def read(self, count: int = 1, within: float = 10) -> list[Answer]:
        async with asyncio.timeout(within):
            came = [await anext(self._stream) for _ in range(count)]
        assert [each.errors for each in came if each.errors] == []
        return [each.data["orderEvents"] for each in came]

    async def error(self) -> Answer:
        """The error that this subscription ends with."""
        async with asyncio.timeout(10):
            came = await anext(self._stream)
        [error] = came.errors
        return {"message": error.message, **error.extensions}


@asynccontextmanager
async def listening(
    api: Api, who: Principal | None, after: str | None = None, **where: Any
) -> AsyncGenerator[Listener]:
    context = Context(services=api.services, request_id=new_request_id(), principal=who)
    operation = Operation(LISTEN, {"after": after, "where": where or None}, None)
    async with aclosing(results(schema, operation, context)) as stream:
        yield Listener(stream)


@asynccontextmanager
async def following(services: Services) -> AsyncGenerator[None]:
    """The tasks that run in every server."""
    tasks = [asyncio.create_task(run()) for run in (services.hub.run, services.relay.run)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
async def live(api: Api) -> AsyncGenerator[None]:
    async with following(api.services):
        yield


async def pulled(api: Api, who: Principal, after: str | None = None, first: int = 100) -> Answer:
    await api.services.relay.drain()
    answer = await api.ask(who, PULL, after=after, first=first)
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]["events"]


async def refusal(api: Api, who: Principal, after: str | None = None, first: int = 10) -> Answer:
    answer = await api.ask(who, PULL, after=after, first=first)
    [error] = answer["errors"]
    return {"message": error.message, **error.extensions}


async def start(api: Api, who: Principal) -> str:
    """The cursor of now."""
    return (await pulled(api, who))["cursor"]


async def test_every_row_of_the_history_is_one_event_in_order(api: Api) -> None:
    begin = await start(api, ADMIN)
    order = await api.delivered()
    rows = await api.history(order)

    told = (await pulled(api, ADMIN, begin))["nodes"]

    assert [(each["seq"], each["event"]) for each in told] == [(row["seq"], row["event"]) for row in rows]
    assert {each["order"]["id"] for each in told} == {order["id"]}
    assert len({each["cursor"] for each in told}) == len(told)


async def test_a_subscription_starts_with_where_now_is_and_can_be_resumed_from_there(api: Api) -> None:
    await api.placed()
    await api.services.relay.drain()
    async with listening(api, ADMIN) as listener:
        [beat] = await listener.read()
    assert beat["__typename"] == "Heartbeat"

    order = await api.placed()
    async with listening(api, ADMIN, beat["cursor"]) as listener:
        [event] = await listener.read()
    assert (event["event"], event["order"]["id"]) == ("placed", order["id"])


async def test_what_was_missed_comes_first_then_what_happens_without_a_gap_or_a_repetition(api: Api) -> None:
    begin = await start(api, ADMIN)
    order = await api.paid()
    async with listening(api, ADMIN, begin) as listener:
        first = await listener.read(2)
    await api.done(ADMIN, "sendToMerchant", order=by(order))

    async with listening(api, ADMIN, first[-1]["cursor"]) as listener:
        reading = asyncio.create_task(listener.read(7))
        await api.done(ADMIN, "cancel", order=by(order), reason="sold out")
        rest = await reading

    told = first + rest
    rows = await api.history(order)
    assert [each["seq"] for each in told] == [row["seq"] for row in rows][: len(told)]
    assert told == (await pulled(api, ADMIN, begin))["nodes"][: len(told)]


async def test_pages_pulled_one_after_the_other_tell_everything_once(api: Api) -> None:
    begin = await start(api, ADMIN)
    await api.delivered()
    whole = (await pulled(api, ADMIN, begin))["nodes"]

    told: list[Answer] = []
    cursor, more = begin, True
    while more:
        page = await pulled(api, ADMIN, cursor, first=3)
        assert len(page["nodes"]) <= 3
        told += page["nodes"]
        cursor, more = page["cursor"], page["hasMore"]

    assert told == whole
    assert (await pulled(api, ADMIN, cursor)) == {"nodes": [], "cursor": cursor, "hasMore": False}


async def test_without_a_cursor_the_latest_events_are_pulled(api: Api) -> None:
    order = await api.paid()
    page = await pulled(api, ADMIN, first=2)
    rows = await api.history(order)
    assert [each["seq"] for each in page["nodes"]] == [row["seq"] for row in rows][-2:]
    assert page["hasMore"] is False


async def test_a_merchant_hears_of_its_own_lines_only_even_of_an_order_that_it_shares(api: Api) -> None:
    begin = await start(api, M1)
    order = await api.sent(line("A-1", "m1"), line("B-1", "m2"))
    for merchant in (M1, M2):
        await api.done(merchant, "shipLines", order=by(await api.seen_by(merchant, order)))
    own = await api.seen_by(M1, order)

    told = (await pulled(api, M1, begin))["nodes"]

    assert [(each["event"], each["target"]) for each in told] == [("start", "new"), ("ship", "shipped")]
    assert {each["order"]["reference"] for each in told} == {own["reference"]}
    assert {each["order"]["id"] for each in told} == {own["id"]}
    assert {each["unit"] for each in told} == {each["id"] for each in own["lines"]}
    assert {each["party"] for each in told} == {"MERCHANT"}
    assert {label["audience"] for each in told for label in each["labels"]} == {"MERCHANT_PORTAL"}


async def test_a_customer_hears_of_its_own_orders_without_the_states_behind_them(api: Api) -> None:
    begin = await start(api, ANNA)
    other = await start(api, BEN)
    await api.delivered()

    told = (await pulled(api, ANNA, begin))["nodes"]

    assert "Delivered" in told[-1]["labels"][0]["label"]
    assert {label["audience"] for each in told for label in each["labels"]} == {"STOREFRONT"}
    assert {(each["source"], each["target"]) for each in told} == {(None, None)}
    assert {each["actor"] for each in told} == {None}
    assert (await pulled(api, BEN, other))["nodes"] == []


async def test_integrations_hear_of_the_machine_that_is_theirs(api: Api) -> None:
    payments, logistics = await start(api, PAYMENTS), await start(api, CARRIER)
    await api.delivered()

    paid = (await pulled(api, PAYMENTS, payments))["nodes"]
    carried = (await pulled(api, CARRIER, logistics))["nodes"]

    assert {each["party"] for each in paid} == {"MARKETPLACE"}
    assert {each["party"] for each in carried} == {"MERCHANT"}
    assert {label["audience"] for each in carried for label in each["labels"]} == {"MERCHANT_PORTAL"}


async def test_the_marketplace_reads_what_everybody_reads_once_the_step_is_done(api: Api) -> None:
    begin = await start(api, ADMIN)
    order = await api.sent(line("A-1", "m1"))
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "shipLines", order=theirs, expectedDelivery="2030-05-01")

    shipped = (await pulled(api, ADMIN, begin))["nodes"][-1]

    labels = {each["audience"]: (each["label"], each["date"]) for each in shipped["labels"]}
    assert labels["BACK_OFFICE"] == ("Shipped by Merchant", None)
    assert labels["MERCHANT_PORTAL"] == ("Shipped", None)
    assert labels["STOREFRONT"] == ("Shipped Expected by 2030-05-01", "2030-05-01")


async def test_a_filter_lets_through_what_it_names_and_nothing_else(api: Api) -> None:
    begin = await start(api, ADMIN)
    await api.sent()
    order = await api.sent(line("A-1", "m1"), line("A-2", "m1"))
    await api.sent()
    wanted = {"order": by(order), "units": [order["lines"][1]["id"]], "events": ["pay", "start"]}

    async with listening(api, ADMIN, begin, **wanted) as listener:
        told = await listener.read(2)
        await api.sent()
        theirs = by(await api.seen_by(M1, order))
        await api.done(M1, "shipLines", order=theirs)
        with pytest.raises(TimeoutError):
            await listener.read(within=0.2)

    assert [each["event"] for each in told] == ["pay", "start"]
    assert {each["unit"] for each in told} == {order["lines"][1]["id"]}


async def test_an_order_that_is_not_the_viewers_cannot_be_told_from_one_that_does_not_exist(api: Api) -> None:
    order = await api.placed()
    answers: list[Answer] = []
    for named in ({"id": order["id"]}, {"reference": order["reference"]}, {"reference": "NONE-2345"}):
        async with listening(api, BEN, order=named) as listener:
            answers.append(await listener.error())
    assert answers == [{"message": "There is no such order.", "code": "NOT_FOUND"}] * 3


async def test_an_event_that_never_happens_is_refused_instead_of_waited_for(api: Api) -> None:
    async with listening(api, M1, events=["ship", "shpi"]) as listener:
        error = await listener.error()
    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("There is no event 'shpi'. Did you mean ship")


async def test_a_cursor_of_another_viewer_or_of_nobody_is_refused_with_what_to_do(api: Api) -> None:
    await api.sent()
    cursor = await start(api, ADMIN)
    for foreign in (cursor, "A" * 32, "", "ä" * 32):
        refused = await refusal(api, M1, foreign)
        assert refused["code"] == "CURSOR_INVALID"
        assert "leave `after` out" in refused["message"]
        async with listening(api, M1, foreign) as listener:
            assert (await listener.error()) == refused


async def test_a_cursor_after_which_events_are_gone_says_so_instead_of_leaving_a_gap(api: Api) -> None:
    begin = await start(api, ADMIN)
    await api.sent()
    last = (await pulled(api, ADMIN))["nodes"][-1]["cursor"]
    feed = api.services.feed.rows
    await feed.delete_many(
        {"topic": "marketplace", "seq": {"$lt": await api.services.feed.last("marketplace")}}
    )

    refused = await refusal(api, ADMIN, begin)
    assert refused["code"] == "CURSOR_EXPIRED"
    assert "read the orders again" in refused["message"]
    async with listening(api, ADMIN, begin) as listener:
        assert (await listener.error()) == refused
    assert (await pulled(api, ADMIN, last))["nodes"] == []


async def test_a_reader_that_is_too_slow_is_told_and_still_gets_everything(api: Api) -> None:
    slow = replace(api, services=replace(api.services, hub=Hub(api.services.feed, buffer=2)))
    async with following(slow.services), listening(slow, ADMIN) as listener:
        await listener.read()
        await api.placed(line("A-1"))
        await api.services.relay.drain()
        slow.services.hub.wake()
        [first] = await listener.read()
        order = await api.sent()  # more than two events, while nobody reads
        await api.services.relay.drain()
        slow.services.hub.wake()
        await asyncio.sleep(0.1)  # the hub reads them in the meantime
        [lagged] = await listener.read()
        assert lagged["__typename"] == "Lagged"
        assert lagged["cursor"] == first["cursor"]
        told = await listener.read(lagged["missed"])

    rows = await api.history(order)
    assert [each["seq"] for each in told] == [row["seq"] for row in rows]


async def test_nobody_listens_or_pulls_without_a_token(api: Api) -> None:
    async with listening(api, None) as listener:
        assert (await listener.error())["code"] == "UNAUTHENTICATED"
    answer = await api.ask(None, PULL, first=1)
    assert answer["errors"][0].extensions["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100_events(api: Api, first: int) -> None:
    assert (await refusal(api, ADMIN, first=first))["code"] == "BAD_USER_INPUT"
