"""What everybody asks: all that the schema lets be selected, on every order that there is."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from json import loads
from typing import Any

import pytest_asyncio
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type
from orjson import dumps

from domain.actors import Role
from graph.auth import Principal
from graph.context import Context
from graph.requests import Operation
from graph.schema import schema
from graph.streams import one_of, results
from graph.types.ids import LINE, MERCHANT_ORDER, encode
from graph.viewer import viewer_of
from tests.authorization_walk import (
    MUTATION,
    ORDER_TYPES,
    QUERY,
    SCHEMA,
    SUBSCRIPTION,
    Document,
    object_type,
    pieces,
    shown,
)
from tests.authorization_world import REQUEST, Answer, World
from tests.canaries import PEOPLE, canaries_in
from tests.test_events import following

ENTRIES: dict[str, Role] = {
    "marketplace": Role.MARKETPLACE,
    "merchant": Role.MERCHANT,
    "storefront": Role.CUSTOMER,
    "payments": Role.PAYMENTS,
    "logistics": Role.LOGISTICS,
}
"""The role that each application's entry is for."""


@dataclass(frozen=True, slots=True)
class Question:
    """An operation and its variables."""

    document: str
    variables: Answer = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Shown:
    """What one viewer was shown by all its questions."""

    elements: set[str] = field(default_factory=set[str])
    canaries: set[str] = field(default_factory=set[str])
    codes: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The codes of errors by the root field that failed."""

    def take(self, root: GraphQLObjectType, answer: Answer) -> None:
        """Note what an answer shows."""
        self.canaries |= canaries_in(str(answer))
        self.elements.update(shown(root, answer.get("data")))
        for error in answer.get("errors", ()):
            where = str(error["path"][0]) if error.get("path") else "request"
            self.codes.setdefault(where, set()).add(error["extensions"]["code"])


def questions(world: World, role: Role | None) -> Iterator[Question]:
    """All questions of a role: its own entry on every order, the others' once."""
    whole = Document()
    yield Question(whole(f"{{ viewer {whole.whole('Viewer')} }}"))
    for format in ("MERMAID", "DOT"):
        yield Question(f'{{ process(name: "complete") {{ __typename diagram(format: {format}) }} }}')
    for each in object_type("Process").fields:
        whole = Document()
        yield Question(whole(f"{{ processes {{ __typename {whole.field('Process', each)} }} }}"))
    whole = Document()
    yield Question(
        whole(f'{{ process(name: "complete") {{ __typename {whole.field("Process", "reads")} }} }}')
    )
    references = [order.reference for order in world.orders.values()]
    for entry, whose in ENTRIES.items():
        yield from _entry(entry, whose, references if whose is role else references[:1], world.imports)


def _entry(entry: str, role: Role, references: list[str], imports: Mapping[Role, str]) -> Iterator[Question]:
    name = get_named_type(QUERY.fields[entry].type).name
    for each, its in object_type(name).fields.items():
        if each == "order":
            for selection, document in pieces(get_named_type(its.type).name, role):
                asked = document(
                    f"query ($by: OrderSelector!) {{ {entry} {{ __typename order(by: $by) {selection} }} }}"
                )
                for reference in references:
                    yield Question(asked, {"by": {"reference": reference}})
        elif each == "import":
            document = Document(role)
            asked = document(
                f"query ($id: ID!) {{ {entry} {{ __typename import(id: $id) {document.whole('Import')} }} }}"
            )
            yield Question(asked, {"id": imports[role]})
        else:
            document = Document(role)
            yield Question(document(f"{{ {entry} {{ __typename {document.field(name, each)} }} }}"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def looked(world: World) -> dict[str, Shown]:
    """What everybody in the marketplace of canaries is shown, by name."""
    found = {name: Shown() for name in PEOPLE}
    async with following(world.services):
        for name, who in PEOPLE.items():
            for question in (*questions(world, who and who.role), *nodes(world, who and who.role)):
                answer = await world.ask(who, question.document, **question.variables)
                found[name].take(QUERY, answer)
            pages = await pulled(world, who)
            for answer in pages:
                found[name].take(QUERY, answer)
            told = sum(len(page["data"]["events"]["nodes"]) for page in pages if page.get("data"))
            for answer in await pushed(world, who, told):
                found[name].take(SUBSCRIPTION, answer)
    names = {who: name for name, who in PEOPLE.items()}
    for who, _, answer in world.told:
        found[names[who]].take(MUTATION, answer)
    return found


async def pulled(world: World, who: Principal | None) -> list[Answer]:
    """All pages of events from the first on."""
    document = Document(who and who.role)
    selected = document.whole("EventPage")
    query = document(f"query ($after: Cursor) {{ events(first: 100, after: $after) {selected} }}")
    after = await beginning(world, who)
    answers: list[Answer] = []
    while True:
        answers.append(await world.ask(who, query, after=after))
        page = (answers[-1].get("data") or {}).get("events")
        if not page or not page["hasMore"]:
            return answers
        after = page["cursor"]


async def pushed(world: World, who: Principal | None, count: int) -> list[Answer]:
    """So many events from the first on as a subscription tells them, and what a new one begins with; and the
    first of the commands that are to be carried out.
    """
    document = Document(who and who.role)
    events = SCHEMA.type_map["OrderEvent"]
    assert isinstance(events, GraphQLUnionType)
    kinds = [each.name for each in events.types]
    spread = " ".join(f"... on {kind} {document.whole(kind)}" for kind in kinds)
    query = document(
        f"subscription ($after: Cursor) {{ orderEvents(after: $after) {{ __typename {spread} }} }}"
    )
    answers: list[Answer] = []
    since = await beginning(world, who)
    asked: list[tuple[str, Answer, int]] = [(query, {"after": since}, count), (query, {}, 1)]
    document = Document(who and who.role)
    asked.append((document(f"subscription {{ {document.field('Subscription', 'commands')} }}"), {}, 1))
    for text, variables, many in asked:
        context = Context(services=world.services, request_id=REQUEST, principal=who)
        operation = Operation(text, variables, None)
        async with aclosing(results(schema, operation, context)) as stream, asyncio.timeout(20):
            for _ in range(many):
                answers.append(loads(dumps(one_of(await anext(stream), REQUEST))))
    return answers


async def beginning(world: World, who: Principal | None) -> str | None:
    """The cursor before the first event that somebody may read."""
    if who is None:
        return None
    viewer = viewer_of(Context(services=world.services, request_id=REQUEST, principal=who))
    return (await world.services.cursors.of(viewer.scope.topic)).encode(0)


def nodes(world: World, role: Role | None) -> Iterator[Question]:
    """Everything by its id, in each spelling that this role may have of it."""
    document = Document(role)
    order, line = ORDER_TYPES[role or Role.MARKETPLACE]
    spread = " ".join(
        f"... on {name} {{ __typename {document.leaves(name)} }}"
        for name in dict.fromkeys((order, MERCHANT_ORDER, line))
    )
    asked = document(f"query ($id: ID!) {{ node(id: $id) {{ __typename {spread} }} }}")
    for each in (world.orders[story] for story in ("items", "invoiced", "others")):
        ids = [encode(order, each.id), *(encode(LINE, line.id) for line in each.lines)]
        ids += [encode(kind, part.id) for part in each.merchant_orders for kind in {order, MERCHANT_ORDER}]
        for id in ids:
            yield Question(asked, {"id": id})
