"""Asking the schema: a shop with orders in it, answers as clients read them, and selections of everything.

No transport: operations run on the schema itself, with the services of the test's own database.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_composite_type, is_required_argument
from strawberry.types import ExecutionResult

from domain.actors import Party, Role
from domain.order import Order
from graph.answers import answer
from graph.auth import Principal
from graph.context import Context
from graph.lifespan import services_of
from graph.schema import build_schema
from graph.services import Services
from graph.settings import Settings
from tests.acting import person
from tests.stores import ANNA, BEN, SELLER, Store, line

REQUEST = "a-request"

schema = build_schema(ceiling=100_000)
"""Asked for everything there is, which the ceiling is there to refuse."""

CANARY = "canary"
"""In everything that the other merchant is and sells."""
THE_OTHER = person(Role.MERCHANT, "seller-c", merchant=CANARY)
M1_WAREHOUSE = person(Role.LOGISTICS, "warehouse", merchant="m1")


@dataclass(frozen=True, slots=True)
class Shop:
    """Anna's order of 30.00 and 7,777.77 EUR: m1 has shipped its line, the other merchant has yet to.

    Ben's order of m1 is just placed. A day passed before each of these steps, on a test clock.
    """

    store: Store
    services: Services
    annas: Order
    bens: Order

    async def ask(self, who: Principal | None, query: str, **variables: Any) -> dict[str, Any]:
        """The answer as a client reads it: {data, errors, extensions}."""
        context = Context(services=self.services, request_id=REQUEST, principal=who)
        result = await schema.execute(query, variable_values=variables, context_value=context)
        assert isinstance(result, ExecutionResult)
        return answer(result, REQUEST)

    async def data(self, who: Principal | None, query: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        found = await self.ask(who, query, **variables)
        assert "errors" not in found, found["errors"]
        return found["data"]

    async def code(self, who: Principal | None, query: str, **variables: Any) -> str:
        """The code of the one error of an answer."""
        [error] = (await self.ask(who, query, **variables))["errors"]
        return error["extensions"]["code"]


async def open_shop(store: Store) -> Shop:
    """A shop in an empty store."""
    secret = "a secret that is long enough for HS256 to be safe"
    services = services_of(store.database, Settings(jwt_secret=secret))
    await services.merchants.register("m1", "Merchant One")
    await services.merchants.register(CANARY, f"The {CANARY} shop")
    lines = line("A-1", "m1", quantity=3), line(f"{CANARY}-1", CANARY, price=777_777)
    annas = await store.sent(*lines, customer=ANNA, external_reference="cart-1")
    await store.clock.advance(timedelta(days=1))
    shipment = {"carrier": "DHL", "tracking_number": "DHL-1", "expected_delivery": date(2030, 1, 5)}
    ship = ("ship", Party.MERCHANT, SELLER, annas.lines[0].id)
    annas = (await store.fire(annas, *ship, input=shipment)).order
    await store.clock.advance(timedelta(days=1))
    bens = (await store.place(line("A-2", "m1"), customer=BEN)).order
    return Shop(store, services, annas, bens)


def everything(type_name: str, depth: int = 6) -> str:
    """A selection of every field of a type, and of everything inside, that needs no argument."""
    found = schema._schema.get_type(type_name)
    assert isinstance(found, GraphQLObjectType)
    return _selection(found, depth)


def _selection(selected: GraphQLObjectType, depth: int) -> str:
    fields: list[str] = ["__typename"]
    for name, field in selected.fields.items():
        inner = get_named_type(field.type)
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        if not is_composite_type(inner):
            fields.append(name)
        elif depth > 1:
            assert isinstance(inner, GraphQLObjectType)
            fields.append(f"{name} {_selection(inner, depth - 1)}")
    return "{ " + " ".join(fields) + " }"
