"""What people do in the marketplace of canaries: each story is one order, and everybody in it says something.

Whatever text a mutation takes is a canary of who sends it, or of whom it is about.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain.order import Line, MerchantOrder, Order
from domain.payments import due
from graph.auth import Principal
from graph.types.ids import COMMAND, LINE, MERCHANT_ORDER, REFUND, encode
from storage.scope import Scope
from tests.authorization_world import ISSUED, Answer, World
from tests.canaries import C1, CARRIER, M1, M2, M3, OFFICE, PSP, canary


def product(owner: str, what: str = "product", price: str = "10.00", quantity: int = 2) -> Answer:
    """A line of a checkout: what a merchant sells."""
    return {
        "sku": canary(owner, f"{what}-sku"),
        "name": canary(owner, f"{what}-name"),
        "merchantId": canary(owner, "id"),
        "quantity": quantity,
        "unitPrice": price,
    }


def bought(owner: str, *lines: Answer, **more: Any) -> Answer:
    """The input of placeOrder for this customer."""
    texts = ("recipient", "street", "postalCode", "city", "region")
    return {
        "currency": "EUR",
        "customer": {
            "id": canary(owner, "id"),
            "name": canary(owner, "name"),
            "email": f"{canary(owner, 'email')}@example.org",
        },
        "channel": canary("office", "channel"),
        "deliverTo": {**{text: canary(owner, text.lower()) for text in texts}, "country": "DE"},
        "paymentMethod": canary(owner, "method"),
        "lines": list(lines),
        **more,
    }


class Told:
    """One order on its way; what people say about it."""

    def __init__(self, world: World, name: str, reference: str) -> None:
        self.world, self.name, self.reference = world, name, reference

    @classmethod
    async def placed(cls, world: World, name: str, **sent: Any) -> "Told":
        """The order that the Back Office places."""
        sent["externalReference"] = f"{canary('office', 'cart')}.{name}"  # unique
        here = cls(world, name, (await world.do(OFFICE, "placeOrder", **sent))["order"]["reference"])
        await here.now()
        return here

    @property
    def selector(self) -> Answer:
        """The order by the name that everybody in it knows."""
        return {"reference": self.reference}

    async def now(self) -> Order:
        """The order as it is stored."""
        found = await self.world.services.orders.find(Scope.marketplace(), reference=self.reference)
        assert found is not None
        self.world.orders[self.name] = found
        return found

    async def does(self, who: Principal, mutation: str, **sent: Any) -> Order:
        """Somebody does something with it. Returns it as it is then."""
        await self.world.do(who, mutation, order=self.selector, **sent)
        return await self.now()

    async def pays(self) -> Order:
        """The payment system records all that is due."""
        order = await self.now()
        amount = eur(f"{due(order) // 100}.{due(order) % 100:02}")
        reference = f"{canary('psp', 'payment')}.{len(order.payments)}"
        return await self.does(PSP, "recordPayment", amount=amount, reference=reference)

    async def part(self, owner: str) -> MerchantOrder:
        """The merchant order of this merchant."""
        id = canary(owner, "id")
        return next(each for each in (await self.now()).merchant_orders if each.merchant_id == id)

    async def of(self, owner: str) -> str:
        """The id of the merchant order of this merchant."""
        return encode(MERCHANT_ORDER, (await self.part(owner)).id)

    async def lines(self, owner: str) -> Sequence[Line]:
        """The lines of this merchant."""
        return (await self.now()).lines_of(await self.part(owner))

    async def answers(self, result: str, **more: Any) -> Order:
        """The payment system answers the last command."""
        command = (await self.now()).commands[-1].id
        return await self.does(
            PSP, "acknowledgeCommand", command=encode(COMMAND, command), result=result, **more
        )

    async def bills(self, who: Principal, owner: str, number: str, value: str, **more: Any) -> Order:
        """A merchant's invoice, with all that can come along with one."""
        return await self.does(
            who,
            "addInvoice",
            merchantOrder=await self.of(owner),
            number=canary(owner, number),
            value=eur(value),
            issuedAt=ISSUED,
            lines=[
                {"line": encode(LINE, each.id), "quantity": 1, "unitPrice": "10.00"}
                for each in await self.lines(owner)
            ],
            key=canary(owner, "invoice-key"),
            url=f"https://{canary(owner, 'invoice-url')}.example/1.pdf",
            courier=canary(owner, "courier"),
            trackingNumber=canary(owner, "invoice-tracking"),
            trackingUrl=f"https://{canary(owner, 'tracking-url')}.example",
            **more,
        )


def named(lines: Sequence[Line], **said: Any) -> list[Answer]:
    """These lines as an input names them."""
    return [{"line": encode(LINE, each.id), **said} for each in lines]


def shipment(owner: str, again: str = "") -> Answer:
    """What a merchant says when it ships."""
    return {
        "carrier": canary(owner, f"carrier{again}"),
        "trackingNumber": canary(owner, f"tracking{again}"),
        "expectedDelivery": "2030-01-05",
    }


async def policies(world: World, who: Principal = OFFICE, merchant: str | None = None, **values: str) -> None:
    """Set policies for orders placed from now on."""
    set_to = [{"name": name, "value": value} for name, value in values.items()]
    await world.do(who, "updatePolicies", policies=set_to, merchantId=merchant and canary(merchant, "id"))


async def later(world: World, by: str) -> None:
    """Time passes; what is due is done."""
    await world.do(OFFICE, "advanceTestClock", by=by)


# The stories


async def opened(world: World) -> None:
    """Merchants are registered, and count what they have."""
    for owner, who in (("m1", M1), ("m2", M2), ("m3", M3)):
        await world.do(OFFICE, "registerMerchant", id=canary(owner, "id"), name=canary(owner, "shop"))
        items = [{"sku": canary(owner, sku), "onHand": 50} for sku in ("product-sku", "unsold-sku")]
        await world.do(who, "setStock", items=[*items, {"sku": canary(owner, "scarce-sku"), "onHand": 1}])


async def stuck(world: World) -> None:
    """The clock should have canceled an order and failed; the reason is a bug of this installation."""
    await policies(world, payment_timeout="PT1M")
    here = await Told.placed(
        world, "stuck", **bought("c1", product("m1", "stuck"), process="marketplace-merchant")
    )
    order = await here.now()
    await world.services.orders.note_failure(
        order.id, order.deadlines[0].id, canary("office", "failure"), order.placed_at + timedelta(days=3650)
    )
    await later(world, "PT10M")
    await policies(world, payment_timeout="P7D")


async def items(world: World) -> None:
    """Lines that ship one by one, come back, are taken or not, and are paid back."""
    await policies(world, payment_provider="external")
    lines = product("m1", "item"), product("m1", "other"), product("m2", "item", price="7777.77")
    here = await Told.placed(world, "items", **bought("c1", *lines, process="marketplace-merchant"))
    await here.pays()
    await here.does(OFFICE, "sendToMerchant")
    await here.does(M1, "shipLines", **shipment("m1"))
    await here.does(M2, "shipLines", **shipment("m2"))
    await here.does(CARRIER, "deliverLines", lines=named(await here.lines("m1")), deliveredOn="2026-01-01")
    await here.does(M2, "deliverLines")
    await here.does(C1, "requestReturn", reason=canary("c1", "return"))
    first, second = await here.lines("m1")
    await here.does(M1, "rejectReturn", lines=named([first]), reason=canary("m1", "rejected"))
    await here.does(M1, "shipBack", lines=named([first]), **shipment("m1", "-back"))
    await here.does(M1, "receiveReturn", lines=named([second], quantity=1))
    await here.does(M2, "rejectReturn", reason=canary("m2", "rejected"))
    returned = [line for line in await here.lines("m1") if "returned" in _states(line)]
    reason = canary("office", "refund")
    order = await here.does(OFFICE, "refundLines", lines=named(returned), reason=reason)
    refused = encode(REFUND, order.refunds[-1].id)
    await here.does(PSP, "refuseRefund", refund=refused, reason=canary("psp", "refused"))
    order = await here.does(OFFICE, "refundLines", lines=named(returned, amount=eur("4.00")))
    await here.does(PSP, "confirmRefund", refund=encode(REFUND, order.refunds[-1].id))
    await here.does(OFFICE, "refundLines", lines=named(returned, amount=eur("3.00")), reason=reason)


async def canceled_items(world: World) -> None:
    """Lines that their merchants, their customer and the Back Office cancel."""
    lines = product("m1", "item"), product("m2", "item")
    here = await Told.placed(world, "canceled items", **bought("c1", *lines, process="marketplace-merchant"))
    await here.does(
        C1,
        "cancelLines",
        lines=named(here.world.orders[here.name].lines[:1], quantity=1),
        reason=canary("c1", "canceled"),
    )
    await here.pays()
    await here.does(OFFICE, "sendToMerchant")
    await here.does(M1, "cancelLines", reason=canary("m1", "canceled"))
    await here.does(
        OFFICE, "cancelLines", lines=named(await here.lines("m2")), reason=canary("office", "canceled-m2")
    )


async def shipped_items(world: World) -> None:
    """Lines on their way, one by a distribution center; one is closed at once."""
    await policies(world, M2, "m2", merchant_process="merchant-distribution")
    lines = product("m1", "item"), product("m1", "other"), product("m2", "item")
    sent = bought("c1", *lines, process="marketplace-merchant")
    here = await Told.placed(world, "shipped items", **sent)
    await here.pays()
    await here.does(OFFICE, "sendToMerchant")
    await here.does(M2, "fireEvent", event="send_to_distribution")
    await here.does(M1, "shipLines", **shipment("m1"))
    one = named((await here.lines("m1"))[:1])
    await here.does(M1, "deliverLines", lines=one)
    await here.does(OFFICE, "closeLines", lines=one)
    await policies(world, M2, "m2", merchant_process="merchant")


def eur(amount: str) -> Answer:
    """An amount in the orders' currency."""
    return {"amount": amount, "currency": "EUR"}


def _states(unit: Line) -> set[str]:
    return {at.state for at in unit.positions.values()}


STORIES = (opened, stuck, items, canceled_items, shipped_items)
