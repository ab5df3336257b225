"""People who use the API in tests: each mutation is one call, on the real schema and storage, in process.

`api` has its orders in memory; `server_api` has them on a real server, for what happens at the same time.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.actors import Role
from graph.auth import Principal
from graph.context import Context, new_request_id
from graph.lifespan import services_of
from graph.schema import schema
from graph.services import Services
from graph.settings import Settings
from storage.client import Database, connect
from storage.indexes import ensure
from tests.stores import Store

Answer = dict[str, Any]

_EARLIER, _LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def person(role: Role, sub: str, *, merchant: str | None = None, customer: str | None = None) -> Principal:
    """Somebody whose token was accepted."""
    return Principal(sub, role, merchant, customer, _EARLIER, _LATER, None)


ADMIN = person(Role.MARKETPLACE, "admin")
M1 = person(Role.MERCHANT, "seller-1", merchant="m1")
M2 = person(Role.MERCHANT, "seller-2", merchant="m2")
ANNA = person(Role.CUSTOMER, "anna", customer="c1")
BEN = person(Role.CUSTOMER, "ben", customer="c2")
PAYMENTS = person(Role.PAYMENTS, "psp")
CARRIER = person(Role.LOGISTICS, "carrier")

ERRORS = """
errors {
  __typename code message path
  ... on TransitionNotAllowed { state event available }
  ... on GuardFailed { rule state event }
  ... on OutOfStep { state event }
  ... on InputMissing { event }
  ... on VersionConflict { expected actual }
}
"""
AMOUNT = "{ amount minorUnits currency }"
TOTALS = f"totals {{ items {AMOUNT} shipping {AMOUNT} tax {AMOUNT} discount {AMOUNT} total {AMOUNT} }}"
PAYMENT = f"""payment {{
  captured {AMOUNT} refunded {AMOUNT} reserved {AMOUNT} due {AMOUNT}
  payments {{ reference }} refunds {{ id line status reason amount {AMOUNT} }}
}}"""
SEEN = (
    "__typename id reference version status { label } lines { __typename id sku quantity status { label } }"
)
ORDER = f"""
order {{
  {SEEN}
  ... on Order {{
    channel externalReference currency {TOTALS} {PAYMENT}
    policies {{ name value merchantId }}
    merchantOrders {{ id reference merchantId {TOTALS} lines {{ id }} }}
    lines {{
      merchantId splitFrom deliveredOn shipment {{ carrier trackingNumber expectedDelivery }}
      states {{ party state {{ code }} }}
      total {AMOUNT} captured {AMOUNT} refunded {AMOUNT} refundable {AMOUNT} shipping {AMOUNT}
    }}
  }}
}}
"""
STOCK = "{ merchantId sku onHand held confirmed acknowledged available version changedAt }"
CHANGED = f"{ORDER} {ERRORS} replayed"
MOVED = f"{CHANGED} moved {{ id quantity }} skipped {{ id }}"
PAYLOADS = {
    "placeOrder": CHANGED,
    "recordPayment": CHANGED,
    "demoCheckout": CHANGED,
    "registerMerchant": f"merchant {{ id name }} {ERRORS}",
    "updatePolicies": f"policies {{ name value }} {ERRORS}",
    "advanceTestClock": f"now {ERRORS}",
    "revokeTokens": f"issuedUntil {ERRORS}",
    "restock": CHANGED,
    "acknowledgeCommand": CHANGED,
    "retryCommand": CHANGED,
    "previewChange": f"before {AMOUNT} after {AMOUNT} toRefund {AMOUNT} toPay {AMOUNT} missingStock {ERRORS}",
    "setStock": f"stock {STOCK} {ERRORS}",
}


@dataclass(slots=True)
class Api:
    """The API in process. Merchants m1 and m2 are registered."""

    services: Services

    async def ask(
        self, who: Principal | None, document: str, *, key: str | None = None, **variables: Any
    ) -> Answer:
        """Run an operation; returns `{data, errors}`. `key` is what the Idempotency-Key header says."""
        context = Context(
            services=self.services, request_id=new_request_id(), principal=who, idempotency_key=key
        )
        result = await schema.execute(document, variable_values=variables, context_value=context)
        return {"data": result.data, "errors": result.errors}

    async def do(self, who: Principal, mutation: str, *, key: str | None = None, **sent: Any) -> Answer:
        """Run one mutation with this input; returns its payload."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        selected = PAYLOADS.get(mutation, MOVED)
        document = (
            f"mutation Run($input: {kind}!) {{ {mutation}(input: $input) {{ __typename {selected} }} }}"
        )
        answer = await self.ask(who, document, key=key, input=sent)
        assert answer["errors"] is None, answer["errors"]
        return answer["data"][mutation]

    async def done(self, who: Principal, mutation: str, **sent: Any) -> Answer:
        """Run one mutation of which nothing must be refused."""
        payload = await self.do(who, mutation, **sent)
        assert payload["errors"] == [], payload["errors"]
        return payload

    async def order(self, reference: str, who: Principal = ADMIN) -> Answer | None:
        """The order as the marketplace sees it now, or as much of it as another role sees."""
        entry = {Role.MARKETPLACE: "marketplace", Role.MERCHANT: "merchant", Role.CUSTOMER: "storefront"}
        selected = ORDER if who.role is Role.MARKETPLACE else f"order {{ {SEEN} }}"
        selected = selected.replace("order", "order(by: {reference: $reference})", 1)
        document = f"query Order($reference: String!) {{ {entry[who.role]} {{ {selected} }} }}"
        answer = await self.ask(who, document, reference=reference)
        assert answer["errors"] is None, answer["errors"]
        return answer["data"][entry[who.role]]["order"]

    async def history(self, order: Answer) -> list[Answer]:
        """All history rows of the order, oldest first."""
        document = """query History($id: ID!) { marketplace { order(by: {id: $id}) {
            history(first: 100) { nodes { seq event role reason } } } } }"""
        answer = await self.ask(ADMIN, document, id=order["id"])
        assert answer["errors"] is None, answer["errors"]
        return answer["data"]["marketplace"]["order"]["history"]["nodes"]

    # Stories

    async def placed(self, *lines: Answer, **more: Any) -> Answer:
        """Place an order of Anna's; returns it. One line of m1 and one of m2 unless told otherwise."""
        payload = await self.done(ADMIN, "placeOrder", **cart(*lines, **more))
        return payload["order"]

    async def paid(self, *lines: Answer, **more: Any) -> Answer:
        """Place an order and pay it in full."""
        return await self.pay(await self.placed(*lines, **more))

    async def pay(self, order: Answer) -> Answer:
        """Pay all that is due."""
        due = order["payment"]["due"]
        amount = {"amount": due["amount"], "currency": due["currency"]}
        payload = await self.done(
            ADMIN, "recordPayment", order=by(order), amount=amount, reference=f"pay-{uuid4().hex[:8]}"
        )
        return payload["order"]

    async def sent(self, *lines: Answer, **more: Any) -> Answer:
        """Place an order, pay it and send it to its merchants."""
        order = await self.paid(*lines, **more)
        return (await self.done(ADMIN, "sendToMerchant", order=by(order)))["order"]

    async def delivered(self, *lines: Answer, **more: Any) -> Answer:
        """Play an order until both merchants have delivered."""
        order = await self.sent(*lines, **more)
        for merchant_id in {line["merchantId"] for line in order["lines"]}:
            merchant = replace(M1, merchant_id=merchant_id)
            theirs = by(await self.seen_by(merchant, order))
            await self.done(merchant, "shipLines", order=theirs)
            await self.done(merchant, "deliverLines", order=theirs)
        return await self.now(order)

    async def canceled(self, *lines: Answer, **more: Any) -> Answer:
        """Place and pay an order, then let the marketplace cancel it."""
        order = await self.paid(*lines, **more)
        return (await self.done(ADMIN, "cancel", order=by(order), reason="sold out"))["order"]

    async def seen_by(self, merchant: Principal, order: Answer) -> Answer:
        """The merchant's own merchant order of this order."""
        theirs = next(m for m in order["merchantOrders"] if m["merchantId"] == merchant.merchant_id)
        found = await self.order(theirs["reference"], merchant)
        assert found is not None
        return found

    async def now(self, order: Answer) -> Answer:
        """The order as the marketplace sees it now."""
        found = await self.order(order["reference"])
        assert found is not None
        return found


def by(order: Answer) -> Answer:
    """The selector of an order that somebody was shown."""
    return {"id": order["id"]}


def line(sku: str, merchant: str = "m1", quantity: int = 1, price: str = "10.00", **more: Any) -> Answer:
    """One line of an order to be placed."""
    return {
        "sku": sku,
        "name": f"Product {sku}",
        "merchantId": merchant,
        "quantity": quantity,
        "unitPrice": price,
        **more,
    }


def cart(*lines: Answer, **more: Any) -> Answer:
    """The input of placeOrder."""
    return {
        "currency": "EUR",
        "customer": {"id": "c1", "name": "Anna Berg", "email": "anna@example.org"},
        "lines": list(lines) or [line("A-1", "m1"), line("B-1", "m2")],
        **more,
    }


def pieces(*lines: Answer, **said: Any) -> list[Answer]:
    """These lines as an input names them."""
    return [{"line": each["id"], **said} for each in lines]


def states(order: Answer) -> list[list[str]]:
    """Where the machines of each line stand: [["sent_to_merchant", "new"]]."""
    return [[at["state"]["code"] for at in each["states"]] for each in order["lines"]]


def kinds(payload: Answer) -> list[str]:
    """The types of a payload's errors."""
    return [error["__typename"] for error in payload["errors"]]


def minor(money: Answer) -> int:
    """An amount in minor units."""
    return money["minorUnits"]


async def _ready(database: Database) -> Api:
    made = Api(services_of(database, Settings(jwt_secret="x" * 32), demo=True))
    for merchant in ("m1", "m2"):
        await made.services.merchants.register(merchant, f"Merchant {merchant}")
    return made


@pytest.fixture
async def api(mock_store: Store) -> Api:
    """The API on a database in memory."""
    return await _ready(mock_store.database)


@pytest.fixture
async def server_api(embedded_uri: str) -> AsyncIterator[Api]:
    """The API on an empty database of a real server."""
    database = connect(embedded_uri, f"orderflow_test_{uuid4().hex[:12]}")
    await ensure(database)
    yield await _ready(database)
    await database.drop()
    await database.close()
