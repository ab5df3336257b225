"""Mutations by those who may not: nothing changes, and the answers tell nothing of what is not theirs."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from json import dumps

import pytest

from domain.actors import Role
from domain.order import Order
from domain.process import Trigger
from domain.processes import PROCESSES
from graph.auth import Principal
from graph.types.ids import encode
from graph.types.mutation_names import mutation_of
from tests.authorization_inputs import ABOUT_ORDERS, ids, names_inside, naming, sending, unknown
from tests.authorization_mutations import MUTATIONS, Refused
from tests.authorization_questions import ENTRIES
from tests.authorization_secrets import READERS
from tests.authorization_walk import ORDER_TYPES
from tests.authorization_world import Answer, World, doing
from tests.canaries import M1, M2, M3, OFFICE, PEOPLE, canaries_in, canary

pytestmark = pytest.mark.asyncio(loop_scope="session")

in_them = pytest.mark.parametrize("name", ["office", "m1", "m2", "c1", "psp", "carrier", "w1"])
"""One of each kind that sees the orders of `STAGES`."""
_M1 = canary("m1", "id")

STRANGERS = {
    "m1": "others items",
    "m2": "others",
    "m3": "items",
    "c1": "others",
    "c2": "invoiced",
    "carrier": "incomplete",
    "w1": "incomplete",
    "w3": "invoiced",
}
"""Who knows nothing of which order; the Back Office and payment systems know all."""

STAGES = ("items", "invoiced", "complete", "chain")
"""An order of each process; c1's, m1's and for the most part m2's."""


@asynccontextmanager
async def nothing_changes(world: World) -> AsyncGenerator[None]:
    """Whatever is tried inside leaves all that is stored as it was."""
    before = await world.dump()
    yield
    assert await world.dump() == before


async def tried(world: World, who: Principal | None, mutation: str, sent: Answer) -> Answer:
    """The answer to a mutation."""
    return await world.ask(who, doing(mutation), input=sent)


async def sees(world: World, who: Principal, order: Order) -> bool:
    """Whether the order exists for this person."""
    entry = next(entry for entry, role in ENTRIES.items() if role is who.role)
    query = f"query ($by: OrderSelector!) {{ {entry} {{ order(by: $by) {{ id }} }} }}"
    answer = await world.ask(who, query, by={"reference": order.reference})
    return answer["data"][entry]["order"] is not None


def selectors(order: Order, who: Principal) -> Sequence[Answer]:
    """Every way in which somebody could try to name an order; the first ones are its proper names."""
    own, part = ORDER_TYPES[who.role][0], order.merchant_orders[0]
    kinds = ("Order", "MerchantOrder", "CustomerOrder", "PaymentsOrder", "LogisticsOrder")
    proper = ({"id": encode(own, order.id)}, {"id": encode(own, part.id)}, {"reference": order.reference})
    return [
        *proper,
        *({"id": encode(kind, id)} for kind in kinds for id in (order.id, part.id, order.lines[0].id)),
        *({"reference": text} for text in (part.reference, order.reference.lower(), order.id)),
        {"externalReference": order.external_reference},
    ]


def refused(answer: Answer, mutation: str) -> bool:
    """Whether it was not done, and the answer says why."""
    if "errors" in answer:
        return {each["extensions"]["code"] for each in answer["errors"]} == {"FORBIDDEN"}
    payload = answer["data"][mutation]
    return bool(payload["errors"]) and not payload.get("moved")


async def test_the_rows_of_mutations_name_those_whom_the_processes_name():
    named: dict[str, set[Role]] = {}
    for process in PROCESSES.values():
        for state in (state for machine in process.machines for state in machine.states.values()):
            for move in (move for move in state.moves if move.trigger is Trigger.ACTOR):
                named.setdefault(mutation_of(process, move.event), set()).update(move.by)
    del named["fireEvent"]  # every role may ask for events by their names
    for mutation, roles in named.items():
        assert MUTATIONS[mutation].may == roles, mutation


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_without_a_token_nothing_is_done(world: World, mutation: str):
    order = world.orders["items"]
    selector = {"reference": order.reference} if mutation in ABOUT_ORDERS else None
    answer = await tried(world, None, mutation, sending(mutation, selector, order))
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAUTHENTICATED"]
    assert answer["data"] is None


@in_them
async def test_who_may_not_do_it_is_refused_on_every_order_and_reads_nothing_new(world: World, name: str):
    who = PEOPLE[name]
    assert who
    async with nothing_changes(world):
        for mutation, doing in MUTATIONS.items():
            if who.role in doing.may:
                continue
            by_role = doing.refused is Refused.BY_ROLE
            for order in [world.orders[story] for story in STAGES][: 1 if by_role else None]:
                selector = {"reference": order.reference} if mutation in ABOUT_ORDERS else None
                answer = await tried(world, who, mutation, sending(mutation, selector, order))
                assert refused(answer, mutation), (mutation, answer)
                assert ("errors" in answer) == by_role, mutation
                assert [each for each in canaries_in(dumps(answer)) if name not in READERS[each]] == [], (
                    mutation
                )


@pytest.mark.parametrize("name", STRANGERS)
async def test_an_order_of_somebody_else_is_answered_like_none(world: World, name: str):
    who = PEOPLE[name]
    assert who
    async with nothing_changes(world):
        order = world.orders[STRANGERS[name]]
        assert not await sees(world, who, order)
        for mutation in asked_of_orders(who):
            sent = sending(mutation, {"reference": "0000-0000"}, order) | {"expectedVersion": 1}
            none = await tried(world, who, mutation, sent)
            # All of them find orders in one way, so one of them shows what every spelling comes to.
            for selector in selectors(order, who)[: None if mutation == "cancel" else 3]:
                answer = await tried(world, who, mutation, sent | {"order": selector})
                assert answer == none, (mutation, selector)


@in_them
async def test_what_is_not_in_ones_own_order_is_answered_like_what_is_nowhere(world: World, name: str):
    who = PEOPLE[name]
    assert who
    async with nothing_changes(world):
        for mutation in asked_of_orders(who):
            for field in names_inside(mutation):
                order = world.orders["items" if field in ("lines", "refund") else "invoiced"]
                assert await sees(world, who, order)
                await _answered_alike(world, who, order, mutation, field)


def asked_of_orders(who: Principal) -> list[str]:
    """The mutations about orders that answer this person at all."""
    return [mutation for mutation in ABOUT_ORDERS if who.role in MUTATIONS[mutation].answered]


async def _answered_alike(world: World, who: Principal, order: Order, mutation: str, field: str) -> None:
    sent = sending(mutation, {"reference": order.reference}, order)

    async def body(id: str) -> str:
        answer = await tried(world, who, mutation, sent | naming(mutation, field, id))
        return dumps(answer).replace(id, "ID")

    nowhere = await body(unknown(field))
    for foreign in _elsewhere(world, who, order, field):
        assert await body(foreign) == nowhere, (mutation, field)


def _elsewhere(world: World, who: Principal, order: Order, field: str) -> Iterator[str]:
    """Such a thing of another order, and those of other merchants in this one."""
    others = (
        world.orders[name] for name in ("canceled", "items", "others") if world.orders[name] is not order
    )
    yield from [id for other in others for id in ids(other, field)][:1]
    if who.merchant_id:
        own = [part for part in order.merchant_orders if part.merchant_id == who.merchant_id]
        mine = replace(
            order,
            merchant_orders=tuple(own),
            lines=tuple(line for line in order.lines if line.merchant_id == who.merchant_id),
        )
        yield from [id for id in ids(order, field) if id not in ids(mine, field)][:1]


async def test_a_merchant_sets_nothing_of_another_and_is_not_told_whether_there_is_one(world: World):
    async with nothing_changes(world):
        for mutation in ("setStock", "updatePolicies"):
            sent = sending(mutation)
            answers = [await tried(world, M2, mutation, sent | {"merchantId": id}) for id in (_M1, "nobody")]
            assert answers[0] == answers[1]
            assert [each["code"] for each in answers[0]["data"][mutation]["errors"]] == ["NOT_FOUND"]


async def test_a_key_of_somebody_else_replays_nothing(world: World):
    sent = {"order": {"reference": world.orders["waiting"].reference}, "idempotencyKey": canary("m1", "key")}
    stranger = replace(M1, sub="another")
    async with nothing_changes(world):
        for who in (M2, M3, stranger, OFFICE):
            payload = (await tried(world, who, "acceptOrder", sent))["data"]["acceptOrder"]
            assert payload["replayed"] is False
            assert payload["errors"] != []
