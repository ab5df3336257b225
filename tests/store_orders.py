"""Orders of the store processes through the API, brought to where a test needs them; Anna's unless told."""

from typing import Any

from domain.order import Order
from storage.scope import Scope
from tests.acting import ADMIN, ANNA, M1, PAYMENTS, Answer, Api, cart, line

HOME = {
    "recipient": "Anna Berg",
    "street": "1 Main Street",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
}
SELLER = "marketplace-seller"


def named(order: Answer) -> Answer:
    """The selector of an order that everybody who sees it may use."""
    return {"reference": order["reference"]}


def theirs(order: Answer, merchant: str = "m1") -> str:
    """The id of a merchant's merchant order."""
    return next(m["id"] for m in order["merchantOrders"] if m["merchantId"] == merchant)


def ids(lines: list[Answer]) -> list[str]:
    """The ids of these lines."""
    return [each["id"] for each in lines]


def store_cart(*lines: Answer, process: str | None = SELLER, **more: Any) -> Answer:
    """What placeOrder takes: with all that an order needs, one line of m1 unless told otherwise."""
    bought = lines or (line("A-1", "m1"),)
    return cart(*bought, **{"process": process, "deliverTo": HOME, "paymentMethod": "card", **more})


async def kept(api: Api, order: Answer) -> Order:
    """The order as it is stored."""
    found = await api.services.orders.find(Scope.marketplace(), reference=order["reference"])
    assert found is not None
    return found


async def stands(api: Api, order: Answer, merchant: str = "m1") -> dict[str, str]:
    """Where the machines of a merchant's merchant order stand, by party."""
    [unit] = [m for m in (await kept(api, order)).merchant_orders if m.merchant_id == merchant]
    return {party.value: position.state for party, position in unit.positions.items()}


async def set_policies(api: Api, merchant: str | None = None, **values: str) -> None:
    """Set policies for orders placed from now on."""
    policies = [{"name": name, "value": value} for name, value in values.items()]
    await api.done(ADMIN, "updatePolicies", policies=policies, merchantId=merchant)


async def unpaid(api: Api, *lines: Answer, **more: Any) -> Answer:
    """An order whose payment is awaited."""
    return (await api.done(ADMIN, "placeOrder", **store_cart(*lines, **more)))["order"]


async def incomplete(api: Api, **more: Any) -> Answer:
    """An order without address and payment method."""
    return await unpaid(api, **{"deliverTo": None, "paymentMethod": None, **more})


async def unconfirmed(api: Api) -> Answer:
    """An order that m1 has to confirm."""
    await set_policies(api, "m1", seller_confirmation="manual")
    return await unpaid(api)


async def paid(api: Api, *lines: Answer, **more: Any) -> Answer:
    """An order whose payment was just approved."""
    return await api.pay(await unpaid(api, *lines, **more))


async def ready(api: Api, *lines: Answer, **more: Any) -> Answer:
    """A paid order whose cancellation window is closed."""
    order = await paid(api, *lines, **more)
    await api.done(ADMIN, "advanceTestClock", by="PT30M")
    return await api.now(order)


async def handling(api: Api, **more: Any) -> Answer:
    """An order that m1 handles."""
    order = await ready(api, **more)
    await api.done(M1, "startHandling", order=named(order))
    return await api.now(order)


async def requested(api: Api) -> Answer:
    """An order that Anna asked m1 to cancel."""
    order = await ready(api)
    await api.done(ANNA, "requestCancellation", order=named(order), reason="too late")
    return await api.now(order)


async def unpassed(api: Api) -> Answer:
    """A paid order whose authorization the marketplace has to pass on to the chain."""
    await set_policies(api, chain_authorization="manual")
    return await paid(api, process="chain")


async def unconfirmed_by_erp(api: Api) -> Answer:
    """An order that m1 started to handle, which its ERP has to confirm."""
    await set_policies(api, "m1", erp_confirmation="yes")
    return await handling(api)


async def unpacked(api: Api) -> Answer:
    """An order that m1 handles and will pack."""
    await set_policies(api, "m1", picking_and_packing="yes")
    return await handling(api)


async def being_canceled(api: Api) -> Answer:
    """A canceled order whose money an outside payment provider has not let go of yet."""
    await set_policies(api, payment_provider="external")
    order = await paid(api)
    await api.done(ANNA, "cancel", order=named(order))
    return await api.now(order)


async def denied(api: Api) -> Answer:
    """An order whose payment was denied and can be changed."""
    await set_policies(api, change_payment_window="P1D")
    order = await unpaid(api)
    await api.done(PAYMENTS, "denyPayment", order=named(order), reason="no cover")
    return await api.now(order)


async def given_up(api: Api) -> Answer:
    """A paid order that m1 canceled and another merchant may take over."""
    await set_policies(api, change_seller_window="P1D")
    order = await paid(api)
    await api.done(M1, "cancel", order=named(order), reason="sold out")
    return await api.now(order)
