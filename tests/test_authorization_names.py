"""What cannot be probed: ids, names, filters, searches, cursors and sorted lists tell only what is shown."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from json import loads
from typing import Any

import pytest
from orjson import dumps

from domain.actors import Audience, Role
from domain.order import Order
from graph.auth import Principal
from graph.codes import FOLLOWED, STATUSES
from graph.context import Context
from graph.requests import Operation
from graph.schema import schema
from graph.streams import one_of, results
from graph.types.ids import encode
from tests.authorization_questions import ENTRIES, beginning
from tests.authorization_secrets import READERS
from tests.authorization_walk import ORDER_TYPES
from tests.authorization_world import REQUEST, Answer, World
from tests.canaries import C1, M1, M2, OFFICE, PEOPLE, W1, canaries_in, canary
from tests.test_authorization_mutations import STRANGERS, selectors
from tests.test_events import following

pytestmark = pytest.mark.asyncio(loop_scope="session")

lists = pytest.mark.parametrize("name", ["m1", "m2", "c1", "c2"])
strangers = pytest.mark.parametrize("name", STRANGERS)

_PARTS = 40
"""Conditions of one filter, of the 50 that it may have."""

AUDIENCES = {Role.MERCHANT: Audience.MERCHANT_PORTAL, Role.CUSTOMER: Audience.STOREFRONT}
"""Whose labels the people of lists read."""


def entry(who: Principal) -> str:
    """The entry of this person's role."""
    return next(entry for entry, role in ENTRIES.items() if role is who.role)


async def found(world: World, who: Principal, where: Answer | None = None, **more: Any) -> list[Answer]:
    """The orders that a list finds, which says how many there are."""
    order, _ = ORDER_TYPES[who.role]
    states = "states { party state { code } }" if order == "MerchantOrder" else ""
    query = f"""query (
      $where: {order}Where, $search: String, $by: OrderBy! = PLACED_AT_DESC, $after: Cursor
    ) {{ {entry(who)} {{ orders(first: 100, where: $where, search: $search, orderBy: $by, after: $after) {{
        totalCount nodes {{ id reference changedAt status {{ code }} {states}
          totals {{ total {{ minorUnits }} }} lines {{ sku }} }} }} }} }}"""
    answer = await world.ask(who, query, where=where, **more)
    assert "errors" not in answer, answer["errors"]
    page = answer["data"][entry(who)]["orders"]
    assert "after" in more or page["totalCount"] == len(page["nodes"])
    return page["nodes"]


async def is_refused(world: World, who: Principal, where: Answer) -> bool:
    """Whether a list refuses this filter, as one that names what there is not."""
    query = f"""query ($where: {ORDER_TYPES[who.role][0]}Where) {{
      {entry(who)} {{ orders(first: 1, where: $where) {{ totalCount }} }} }}"""
    answer = await world.ask(who, query, where=where)
    return [error["extensions"]["code"] for error in answer.get("errors", [])] == ["BAD_USER_INPUT"]


def person(name: str) -> Principal:
    """Somebody with a token."""
    who = PEOPLE[name]
    assert who
    return who


# Names


@strangers
async def test_an_order_of_somebody_else_is_none_by_whatever_name(world: World, name: str):
    who = person(name)
    query = f"query ($by: OrderSelector!) {{ {entry(who)} {{ order(by: $by) {{ id }} }} }}"
    none = await world.ask(who, query, by={"id": "none"})
    for selector in selectors(world.orders[STRANGERS[name]], who):
        assert await world.ask(who, query, by=selector) == none


@pytest.mark.parametrize("name", ["office", "m1", "c1", "psp", "carrier", "w1"])
async def test_ones_own_order_is_found_by_the_names_that_are_for_one_and_no_others(world: World, name: str):
    who = person(name)
    query = f"query ($by: OrderSelector!) {{ {entry(who)} {{ order(by: $by) {{ id }} }} }}"
    for order in (world.orders["items"], world.orders["invoiced"]):
        part = order.merchant_orders[0]
        names = [encode(ORDER_TYPES[who.role][0], part.id if who.merchant_id else order.id)]
        names += [order.reference, order.reference.lower(), part.reference]
        if who.role not in (Role.MERCHANT, Role.LOGISTICS):
            names.append(order.external_reference or "")
        for selector in selectors(order, who):
            answer = await world.ask(who, query, by=selector)
            found = answer["data"][entry(who)]["order"]
            assert (found is not None) == (next(iter(selector.values())) in names), selector


def everything_in(order: Order) -> Iterator[str]:
    """The ids of all that an order consists of, each as every type that there is."""
    parts = order.merchant_orders
    local = [order.id, *(each.id for each in (*order.lines, *parts, *order.refunds, *order.commands))]
    local += [each.id for theirs in parts for each in (*theirs.requests, *theirs.restocks)]
    for kind in (*(order for order, _ in ORDER_TYPES.values()), "Line", "Refund", "Command"):
        yield from (encode(kind, id) for id in local)


@strangers
async def test_nothing_of_somebody_elses_order_is_a_node(world: World, name: str):
    who = person(name)
    for id in everything_in(world.orders[STRANGERS[name]]):
        answer = await world.ask(who, "query ($id: ID!) { node(id: $id) { id } }", id=id)
        assert answer["data"] == {"node": None}, id
        assert "errors" not in answer


@pytest.mark.parametrize("name", [name for name, who in PEOPLE.items() if who])
async def test_a_node_shows_the_id_that_it_was_asked_for_and_nothing_of_others(world: World, name: str):
    who = person(name)
    order, line = ORDER_TYPES[who.role]
    query = f"""query ($id: ID!) {{ node(id: $id) {{ id __typename
      ... on {order} {{ reference lines {{ sku }} }} ... on {line} {{ sku name }} }} }}"""
    for id in (id for story in ("items", "others") for id in everything_in(world.orders[story])):
        answer = await world.ask(who, query, id=id)
        node = answer["data"]["node"]
        assert node is None or node["id"] == id
        assert [each for each in canaries_in(str(node)) if name not in READERS[each]] == []


# Lists


@lists
async def test_nothing_is_found_by_what_is_not_shown(world: World, name: str):
    who = person(name)
    hidden = [each for each, readers in READERS.items() if name not in readers]
    hidden = [each for each in hidden if f"-{name}-" not in each]
    if who.customer_id:  # who bought may name its own orders as the checkout did, which it knows
        hidden.remove(canary("office", "cart"))
    fields = ("sku", "trackingNumber", "reference", *(() if who.customer_id else ("invoiceNumber",)))
    for field in fields:
        for i in range(0, len(hidden), _PARTS):
            assert await found(world, who, {"or": [{field: each} for each in hidden[i : i + _PARTS]]}) == []
    for each in hidden if name in ("m1", "c1") else ():
        assert await found(world, who, search=each) == [], each


@lists
async def test_what_is_shown_is_found_by_it(world: World, name: str):
    who = person(name)
    every = await found(world, who)
    for sku in {line["sku"] for order in every for line in order["lines"]}:
        selling = [order for order in every if sku in {line["sku"] for line in order["lines"]}]
        assert await found(world, who, {"sku": sku}) == await found(world, who, search=sku) == selling


@lists
async def test_a_filter_by_status_finds_what_reads_so(world: World, name: str):
    every = await found(world, person(name))
    office = await found(world, OFFICE)
    read = {order["status"]["code"] for order in (*every, *office) if order["status"]}
    for code in read:
        if code not in STATUSES[AUDIENCES[person(name).role]]:
            assert await is_refused(world, person(name), {"status": code}), code
            continue
        expected = [order for order in every if order["status"] and order["status"]["code"] == code]
        assert await found(world, person(name), {"status": code}) == expected, code


@pytest.mark.parametrize("name", ["m1", "m2"])
async def test_a_filter_by_state_finds_what_stands_there_for_the_merchant(world: World, name: str):
    every = await found(world, person(name))
    positions = [
        at.state
        for order in world.orders.values()
        for unit in (*order.lines, *order.merchant_orders)
        for at in unit.positions.values()
    ]
    for code in set(positions):
        if code not in FOLLOWED:
            assert await is_refused(world, person(name), {"state": code}), code
            continue
        units = [order for order in every if order["states"]]  # where lines move, they stand there
        expected = [order for order in units if code in {at["state"]["code"] for at in order["states"]}]
        matching = await found(world, person(name), {"state": code})
        assert [order for order in matching if order["states"]] == expected, code


@lists
async def test_lists_know_no_total_but_the_one_that_is_shown(world: World, name: str):
    who = person(name)
    for order in await found(world, who):
        total = order["totals"]["total"]["minorUnits"]
        this = {"reference": order["reference"]}
        assert [each["id"] for each in await found(world, who, this | {"totalMin": total, "totalMax": total})]
        assert await found(world, who, this | {"totalMin": total + 1}) == []
        assert await found(world, who, this | {"totalMax": total - 1}) == []


@lists
async def test_lists_know_no_change_but_the_one_that_is_shown(world: World, name: str):
    who = person(name)
    every = await found(world, who, by="CHANGED_AT_DESC")
    assert [each["changedAt"] for each in every] == sorted((x["changedAt"] for x in every), reverse=True)
    for order in every:
        this = {"reference": order["reference"]}
        assert await found(world, who, this | {"changedBefore": order["changedAt"]}) == []
        assert len(await found(world, who, this | {"changedAfter": order["changedAt"]})) == 1


@lists
async def test_a_cursor_of_somebody_elses_list_leads_nowhere_else(world: World, name: str):
    who = person(name)
    query = "{ marketplace { orders(first: 100) { edges { cursor } } } }"
    own = {order["id"] for order in await found(world, who)}
    for edge in (await world.ask(OFFICE, query))["data"]["marketplace"]["orders"]["edges"]:
        assert {order["id"] for order in await found(world, who, after=edge["cursor"])} <= own


# The feed


async def listened(world: World, who: Principal, count: int = 1, **variables: Any) -> list[Answer]:
    """The first answers of a subscription."""
    query = """subscription ($after: Cursor, $where: OrderEventsWhere) {
      orderEvents(after: $after, where: $where) { __typename ... on OrderStateChanged { unit } } }"""
    context = Context(services=world.services, request_id=REQUEST, principal=who)
    async with (
        following(world.services),
        asyncio.timeout(20),
        aclosing(results(schema, Operation(query, variables, None), context)) as stream,
    ):
        return [loads(dumps(one_of(await anext(stream), REQUEST))) for _ in range(count)]


@strangers
async def test_nobody_listens_to_an_order_of_somebody_else(world: World, name: str):
    who = person(name)
    none = await listened(world, who, where={"order": {"reference": "none"}})
    assert none[0]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    for selector in selectors(world.orders[STRANGERS[name]], who):
        assert await listened(world, who, where={"order": selector}) == none


@pytest.mark.parametrize("who", [M1, C1, W1], ids=lambda who: who.sub)
async def test_asking_for_units_of_others_brings_none(world: World, who: Principal):
    query = "query ($after: Cursor) { events(first: 100, after: $after) { nodes { unit } } }"
    after = await beginning(world, who)
    own = [each["unit"] for each in (await world.ask(who, query, after=after))["data"]["events"]["nodes"]]
    mine = next(unit for unit in own if unit)
    others = [encode("Line", line.id) for line in world.orders["others items"].lines]
    others += [encode("MerchantOrder", part.id) for part in world.orders["incomplete"].merchant_orders]
    came = await listened(world, who, own.count(mine), after=after, where={"units": [*others, mine]})
    assert {each["data"]["orderEvents"]["unit"] for each in came} == {mine}


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "nobody"])
async def test_a_place_in_somebody_elses_feed_is_no_place(world: World, name: str):
    who = person(name)
    query = "query ($after: Cursor) { events(first: 1, after: $after) { cursor } }"
    forged = (await world.ask(who, query, after="forged"))["errors"][0]
    for other in (OFFICE, M2, C1):
        after = await beginning(world, other)
        if after != await beginning(world, who):
            error = (await world.ask(who, query, after=after))["errors"][0]
            assert error["extensions"]["code"] == forged["extensions"]["code"] == "CURSOR_INVALID"
            assert error["message"] == forged["message"]
