"""A store in the API of `acting`: orders of the process marketplace-seller, as far as a test needs them.

Nobody can cancel freely after the payment here, so that merchants may start at once.
"""

from typing import Any

from tests.acting import ADMIN, AMOUNT, M1, Answer, Api, by, cart, line, minor

HOME = {
    "recipient": "Anna Berg",
    "street": "1 Main Street",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
}
ISSUED = "2026-01-31T12:00:00.000Z"

_PART = f"""{{
  id reference merchantId status {{ code }} states {{ party state {{ code }} }} handledAt missingStock
  invoiced {AMOUNT} leftToInvoice {AMOUNT} returned {AMOUNT} totals {{ total {AMOUNT} }}
  invoices {{
    number type value {AMOUNT} key url courier trackingNumber trackingUrl issuedAt
    lines {{ line quantity unitPrice {AMOUNT} }}
    tracking {{ courier number url isDelivered deliveredAt events {{ at description city state }} }}
  }}
  restocks {{ id sku quantity done }}
  lines {{ id sku name quantity total {AMOUNT} }}
}}"""
_WHOLE = f"""query Order($id: ID!) {{ marketplace {{ order(by: {{id: $id}}) {{
  id version merchantOrders {_PART}
  payment {{
    approved {AMOUNT} captured {AMOUNT} refunded {AMOUNT} reserved {AMOUNT} due {AMOUNT}
    commands {{ id kind status attempt about answer amount {AMOUNT} }}
  }}
}} }} }}"""


async def placed(api: Api, *lines: Answer, policies: dict[str, str] | None = None, **more: Any) -> Answer:
    """Place an order with all that it needs; returns it. Two pieces of m1's A at 10.00 unless told."""
    chosen = {"cancellation_window": "PT0S", **(policies or {})}
    await api.done(
        ADMIN, "updatePolicies", policies=[{"name": name, "value": value} for name, value in chosen.items()]
    )
    sent = cart(
        *(lines or (line("A", quantity=2),)),
        process="marketplace-seller",
        deliverTo=HOME,
        paymentMethod="card",
        **more,
    )
    return await now(api, (await api.done(ADMIN, "placeOrder", **sent))["order"])


async def paid(api: Api, *lines: Answer, policies: dict[str, str] | None = None) -> Answer:
    """Place an order and let its payment be approved."""
    return await pay(api, await placed(api, *lines, policies=policies))


async def pay(api: Api, order: Answer) -> Answer:
    """Let the payment of all that is due be approved."""
    await api.pay(order)
    return await now(api, order)


async def handled(api: Api, *lines: Answer, policies: dict[str, str] | None = None) -> Answer:
    """Place an order, pay it, and let merchant m1 start to handle its part."""
    order = await paid(api, *lines, policies=policies)
    await api.done(M1, "startHandling", order=reference(order))
    return await now(api, order)


async def invoiced(api: Api, *lines: Answer, policies: dict[str, str] | None = None) -> Answer:
    """An order that m1 has handled and invoiced in full, as invoice F-1."""
    order = await handled(api, *lines, policies=policies)
    await api.do(M1, "addInvoice", **invoice(order))
    return await now(api, order)


async def now(api: Api, order: Answer) -> Answer:
    """The order as the marketplace sees it now, with its money, commands and merchant orders."""
    answer = await api.ask(ADMIN, _WHOLE, **by(order))
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]["marketplace"]["order"]


def invoice(order: Answer, number: str = "F-1", value: str | None = None, **more: Any) -> Answer:
    """The input of addInvoice for m1's part: all of it, or these lines (`pieces`, by their place)."""
    theirs = part(order)
    amount = theirs["totals"]["total"]
    pieces: dict[int, int] = more.pop("pieces", {i: x["quantity"] for i, x in enumerate(theirs["lines"])})
    return {
        "order": reference(order),
        "number": number,
        "value": {"amount": value or amount["amount"], "currency": "EUR"},
        "issuedAt": ISSUED,
        "lines": [
            {"line": theirs["lines"][i]["id"], "quantity": n, "unitPrice": "10.00"} for i, n in pieces.items()
        ],
        **more,
    }


def part(order: Answer, merchant: str = "m1") -> Answer:
    """A merchant's part of the order."""
    return next(theirs for theirs in order["merchantOrders"] if theirs["merchantId"] == merchant)


def reference(order: Answer, merchant: str = "m1") -> Answer:
    """The selector by which a merchant, who does not know the order's own id, finds its part."""
    return {"reference": part(order, merchant)["reference"]}


def stands(order: Answer, merchant: str = "m1") -> list[str]:
    """Where the marketplace's and the merchant's machine stand on the merchant's part."""
    return [at["state"]["code"] for at in part(order, merchant)["states"]]


def money(order: Answer) -> dict[str, int]:
    """What of the order's money is not nothing, in minor units."""
    names = ("approved", "captured", "refunded", "reserved", "due")
    return {name: amount for name in names if (amount := minor(order["payment"][name]))}


def commands(order: Answer) -> list[tuple[str, str, int]]:
    """What the payment provider was asked to do: kind, where it stands, minor units."""
    found = order["payment"]["commands"]
    return [(each["kind"], each["status"], minor(each["amount"])) for each in found]
