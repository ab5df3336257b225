"""Who selects the same of an event is given the same encoded answer; who may read other things is not."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any

import orjson
import pytest

from graph.auth import Principal
from graph.context import Context, new_request_id
from graph.requests import Operation
from graph.schema import schema
from graph.streams import one_of, results
from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, Api, person
from tests.test_events import following

LISTEN = """subscription ($after: Cursor, $where: OrderEventsWhere, $who: Boolean = true) {
  orderEvents(after: $after, where: $where) {
    ... on OrderStateChanged { cursor seq event actor @include(if: $who) source labels { audience label } }
    ... on Heartbeat { cursor }
  } }"""

Payload = dict[str, Any] | orjson.Fragment


@pytest.fixture(autouse=True)
async def live(api: Api) -> AsyncGenerator[None]:
    async with following(api.services):
        yield


class Told:
    """What several subscriptions are told of the same rows, each as its transport would send it."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def by(self, *subscriptions: tuple[Principal, str, dict[str, Any]]) -> list[Payload]:
        """The first event of each, all listening while an order is placed."""
        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(aclosing(self._stream(*each))) for each in subscriptions
            ]
            for stream in streams:
                await anext(stream)
            order = await self.api.paid()
            await self.api.done(ADMIN, "sendToMerchant", order={"id": order["id"]})
            async with asyncio.timeout(10):
                return [one_of(await anext(stream), "request") for stream in streams]

    def _stream(self, who: Principal, document: str, variables: dict[str, Any]) -> AsyncGenerator[Any, None]:
        context = Context(services=self.api.services, request_id=new_request_id(), principal=who)
        return results(schema, Operation(document, variables, None), context)


def read(payload: Payload) -> Any:
    return json.loads(orjson.dumps(payload))["data"]["orderEvents"]


async def test_who_selects_the_same_shares_one_encoded_payload(api: Api) -> None:
    other_admin = person(ADMIN.role, "another admin")
    one, two = await Told(api).by((ADMIN, LISTEN, {}), (other_admin, LISTEN, {}))
    assert isinstance(one, orjson.Fragment)
    assert one is two
    assert read(one)["event"] == "placed"


async def test_where_a_subscription_starts_and_which_events_it_wants_do_not_change_how_they_look(
    api: Api,
) -> None:
    pulled = await api.ask(ADMIN, "{ events(first: 1) { cursor } }")
    after = pulled["data"]["events"]["cursor"]
    everything, some = {"where": None}, {"where": {"events": ["placed"]}}
    one, two = await Told(api).by((ADMIN, LISTEN, everything), (ADMIN, LISTEN, some))
    assert one is two
    context = Context(services=api.services, request_id=new_request_id(), principal=ADMIN)
    operation = Operation(LISTEN, {"after": after}, None)
    async with aclosing(results(schema, operation, context)) as resumed:
        assert read(one_of(await anext(resumed), "request")) == read(one)


async def test_variables_that_change_what_is_selected_are_told_apart(api: Api) -> None:
    one, two = await Told(api).by((ADMIN, LISTEN, {"who": True}), (ADMIN, LISTEN, {"who": False}))
    assert one is not two
    assert read(one).keys() - read(two).keys() == {"actor"}


async def test_another_document_has_its_own_answer(api: Api) -> None:
    short = LISTEN.replace("source", "")
    one, two = await Told(api).by((ADMIN, LISTEN, {}), (ADMIN, short, {}))
    assert read(one).keys() - read(two).keys() == {"source"}


async def test_nobody_is_told_what_another_role_or_merchant_reads(api: Api) -> None:
    people = (ADMIN, PAYMENTS, CARRIER, M1, M2, ANNA)
    told = await Told(api).by(*((who, LISTEN, {}) for who in people))
    assert len({id(payload) for payload in told}) == len(people)
    marketplace, _, _, merchant, _, customer = map(read, told)
    assert {each["audience"] for each in marketplace["labels"]} == {"BACK_OFFICE", "STOREFRONT"}
    assert {each["audience"] for each in merchant["labels"]} == {"MERCHANT_PORTAL"}
    assert customer["actor"] is None
    assert customer["source"] is None


async def test_who_says_the_same_in_other_words_reads_the_same(api: Api) -> None:
    one, two = await Told(api).by((ADMIN, LISTEN, {}), (ADMIN, LISTEN + " # the same", {}))
    assert one is not two
    assert read(one) == read(two)
