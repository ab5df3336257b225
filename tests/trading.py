"""A shop in which what is somebody's says so: canaries in what people are called and in what they send."""

import json
import re
from datetime import timedelta
from typing import Any

from domain.actors import Role
from graph.auth import Principal
from tests.acting import ADMIN, M1, M2, Answer, Api, by, line, person
from tests.store_orders import (
    HOME,
    being_canceled,
    denied,
    handling,
    incomplete,
    named,
    ready,
    requested,
    set_policies,
    unpassed,
)
from tests.transport import TOKENS

M3 = person(Role.MERCHANT, "seller-3", merchant="m3")
PEOPLE: dict[str, Principal | None] = {
    "anonymous": None,
    "marketplace": ADMIN,
    "m1": M1,
    "m2": M2,
    "m3": M3,
    "c1": person(Role.CUSTOMER, "anna", customer="c1"),
    "c2": person(Role.CUSTOMER, "ben", customer="c2"),
    "payments": person(Role.PAYMENTS, "psp"),
    "logistics": person(Role.LOGISTICS, "carrier"),
    "warehouse": person(Role.LOGISTICS, "warehouse", merchant="m1"),
}
"""Who asks, by the name that an example gives. m3 has no part in Anna's orders, nor she in Ben's."""

ANNA = {"id": "c1", "name": "canary-anna-name", "email": "canary-anna-mail@example.org"}
BUYER = {"id": "c1", "name": "canary-buyer-name", "email": "canary-buyer-mail@example.org"}
BEN = {"id": "c2", "name": "canary-ben-name", "email": "canary-ben-mail@example.org"}
CANARIES = {
    "canary-anna-mail": {"marketplace", "c1"},
    "canary-anna-name": {"marketplace", "c1", "m1", "m2", "logistics", "warehouse"},
    "canary-anna-street": {"marketplace", "c1", "m1", "m2", "logistics", "warehouse"},
    "canary-buyer-mail": {"marketplace", "c1"},
    "canary-buyer-name": {"marketplace", "c1", "m1", "m2", "m3", "logistics", "warehouse"},
    "canary-ben-mail": {"marketplace", "c2"},
    "canary-ben-name": {"marketplace", "c2", "m3", "logistics"},
    "canary-goods-of-m1": {"marketplace", "c1", "m1", "payments", "logistics", "warehouse"},
    "canary-goods-of-m2": {"marketplace", "c1", "m2", "payments", "logistics"},
    "canary-goods-of-m3": {"marketplace", "c2", "m3", "payments", "logistics"},
    "canary-parcel-of-m1": {"marketplace", "c1", "m1", "logistics", "warehouse"},
    "canary-shelf-of-m3": {"marketplace", "m3"},
}
"""Who may read each, at the most. They stand in orders whose lines no process hands to somebody else."""

TOKENS_OF = {
    name: TOKENS.mint(
        who.role, sub=who.sub, merchant_id=who.merchant_id, customer_id=who.customer_id, ttl=timedelta(days=1)
    )
    for name, who in PEOPLE.items()
    if who
}

_THINGS = """query Things($reference: String!) { marketplace { order(by: {reference: $reference}) {
    id lines { id } payment { refunds { id } commands { id } }
    merchantOrders { id reference merchantId restocks { id } } } } }"""
_CURSORS = """{ events(first: 2) { cursor nodes { cursor } }
    marketplace { orders(first: 2) { pageInfo { endCursor } } }
    merchant { orders(first: 1) { pageInfo { endCursor } } }
    storefront { orders(first: 1) { pageInfo { endCursor } } } }"""


async def trade(api: Api) -> list[Answer]:
    """Play what happened in the shop so far; returns its orders, those with canaries first."""
    for merchant in ("m1", "m2", "m3"):
        await api.services.merchants.register(merchant, f"Merchant {merchant}")
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 50}])
    await api.done(M3, "setStock", items=[{"sku": "canary-shelf-of-m3", "onHand": 7}])
    home = HOME | {"street": "canary-anna-street"}
    goods = [line(f"{m}-1", m, name=f"canary-goods-of-{m}", quantity=3) for m in ("m1", "m2")]
    annas = await api.sent(*goods, customer=ANNA, deliverTo=home, externalReference="cart-1")
    theirs = await api.seen_by(M1, annas)
    await api.done(M1, "shipLines", order=by(theirs), carrier="canary-parcel-of-m1", trackingNumber="T-1")
    bens = await api.paid(line("m3-1", "m3", name="canary-goods-of-m3"), customer=BEN)
    bought = {"customer": BUYER}
    orders = [annas, bens, await api.delivered(**bought), await api.canceled(**bought)]
    await set_policies(api, payment_timeout="P30D")
    orders += [await make(api, **bought) for make in (incomplete, ready, handling, _invoiced)]
    orders += [await make(api) for make in (requested, denied, unpassed, being_canceled)]
    await set_policies(api, payment_provider="built_in")
    return orders


async def _invoiced(api: Api, **more: Any) -> Answer:
    """An order of which one piece of two is on an invoice."""
    order = await ready(api, line("A-1", quantity=2), **more)
    await api.done(M1, "startHandling", order=named(order))
    lines = [{"line": each["id"], "quantity": 1, "unitPrice": "10.00"} for each in order["lines"]]
    value = {"amount": "10.00", "currency": "EUR"}
    issued = "2026-01-31T12:00:00Z"
    await api.done(
        M1, "addInvoice", order=named(order), number="INV-1", value=value, issuedAt=issued, lines=lines
    )
    return order


async def things(api: Api, order: Answer) -> Answer:
    """What an order has ids of, by kind; `references` by who knows it by another."""
    answer = await api.ask(ADMIN, _THINGS, reference=order["reference"])
    found = answer["data"]["marketplace"]["order"]
    parts = found["merchantOrders"]
    return {
        "reference": order["reference"],
        "references": {part["merchantId"]: part["reference"] for part in parts},
        "id": [found["id"]],
        "line": [each["id"] for each in found["lines"]],
        "part": [part["id"] for part in parts],
        "refund": [each["id"] for each in found["payment"]["refunds"]],
        "command": [each["id"] for each in found["payment"]["commands"]],
        "restock": [each["id"] for part in parts for each in part["restocks"]],
    }


async def cursors(api: Api, who: Principal | None) -> Answer:
    """Places in the feed and in the lists that this person was shown, by kind."""
    found = json.dumps((await api.ask(who, _CURSORS))["data"])
    names = {"event": "cursor", "page": "endCursor"}
    return {kind: re.findall(f'"{name}": "([^"]+)"', found) for kind, name in names.items()}
