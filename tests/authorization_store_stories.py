"""The stories of the store processes in the marketplace of canaries."""

from io import BytesIO

from starlette.datastructures import UploadFile

from graph.types.ids import COMMAND, RESTOCK, encode
from tests.authorization_stories import Told, bought, later, named, policies, product
from tests.authorization_world import World
from tests.canaries import C1, C2, M1, M2, M3, OFFICE, PSP, W1, canary
from tests.uploading import working


async def invoiced(world: World) -> None:
    """Two merchants handle, invoice and follow what they sent; one is asked to cancel and will not."""
    here = await Told.placed(
        world,
        "invoiced",
        **bought("c1", product("m1"), product("m2", price="7777.77"), process="marketplace-seller"),
    )
    await here.pays()
    await here.does(
        M1,
        "changeOrder",
        merchantOrder=await here.of("m1"),
        lines=named(await here.lines("m1"), quantity=1),
        reason=canary("m1", "changed"),
    )
    added = {
        "sku": canary("m2", "added-sku"),
        "name": canary("m2", "added-name"),
        "quantity": 1,
        "unitPrice": "1.00",
    }
    await here.does(
        OFFICE,
        "changeOrder",
        merchantOrder=await here.of("m2"),
        add=[added],
        reason=canary("office", "changed-m2"),
    )
    await here.pays()
    await later(world, "PT30M")
    await here.does(
        C1, "requestCancellation", merchantOrders=[await here.of("m2")], reason=canary("c1", "asked-m2")
    )
    await here.does(M2, "denyCancellation", reason=canary("m2", "denied"))
    await here.does(M1, "startHandling")
    await here.bills(M1, "m1", "invoice-1", "4.00")
    await here.answers("REFUSED", answer=canary("psp", "answer"))
    await here.does(OFFICE, "retryCommand", command=encode(COMMAND, (await here.now()).commands[-1].id))
    await here.answers("DONE", answer=canary("psp", "answer"))
    await here.does(
        M1,
        "updateTracking",
        invoice=canary("m1", "invoice-1"),
        courier=canary("m1", "new-courier"),
        number=canary("m1", "new-number"),
        url=f"https://{canary('m1', 'new-url')}.example",
        events=[
            {
                "at": "2026-01-31T12:00:00.000Z",
                "description": canary("m1", "seen"),
                "city": canary("m1", "seen-city"),
                "state": canary("m1", "seen-state"),
            }
        ],
    )
    await here.does(W1, "updateTracking", invoice=canary("m1", "invoice-1"), isDelivered=True)
    await here.does(M2, "startHandling")
    await here.bills(M2, "m2", "invoice-1", "1.00")


async def canceled(world: World) -> None:
    """A merchant that handles cancels, and puts one of two products back; a request waits with the other."""
    here = await Told.placed(
        world,
        "canceled",
        **bought("c1", product("m1"), product("m2"), process="marketplace-seller"),
    )
    await here.pays()
    await later(world, "PT30M")
    await here.does(M2, "startHandling")
    await here.does(M2, "cancel", reason=canary("m2", "canceled"))
    await here.does(M2, "restock", restocks=[encode(RESTOCK, (await here.part("m2")).restocks[0].id)])
    await here.does(
        C1, "requestCancellation", merchantOrders=[await here.of("m1")], reason=canary("c1", "asked")
    )
    await here.does(M1, "approveCancellation", reason=canary("m1", "approved"))


async def denied(world: World) -> None:
    """A payment is denied, another one named, and the Back Office cancels after all."""
    await policies(world, change_payment_window="P1D")
    here = await Told.placed(world, "denied", **bought("c1", product("m1"), process="marketplace-seller"))
    await here.does(PSP, "denyPayment", reason=canary("psp", "denied"))
    await here.does(C1, "changePayment", paymentMethod=canary("c1", "other-method"))
    await here.does(OFFICE, "cancel", reason=canary("office", "canceled"))


async def reassigned(world: World) -> None:
    """What m1 cannot send m2 takes over."""
    await policies(world, change_seller_window="P1D")
    both = product("m1", "passed-on") | {"sku": canary("m1m2", "sku"), "name": canary("m1m2", "name")}
    here = await Told.placed(world, "reassigned", **bought("c1", both, process="marketplace-seller"))
    await here.pays()
    await here.does(M1, "cancel", reason=canary("m1", "sold-out"))
    await here.does(
        OFFICE,
        "changeMerchant",
        merchantOrder=await here.of("m1"),
        merchantId=canary("m2", "id"),
        reason=canary("office", "reassigned"),
    )
    await policies(world, change_seller_window="PT0S")


async def complete(world: World) -> None:
    """The process in which the merchant follows the marketplace's machine."""
    here = await Told.placed(world, "complete", **bought("c1", product("m1"), process="complete"))
    await here.pays()
    await later(world, "PT30M")
    await here.does(M1, "startHandling")
    await here.bills(W1, "m1", "invoice-2", "2.00")
    await here.answers("DONE", answer=canary("psp", "done"))


async def chain(world: World) -> None:
    """A chain's order; the marketplace passes the authorization on."""
    await policies(world, chain_authorization="manual")
    here = await Told.placed(world, "chain", **bought("c1", product("m1"), process="chain"))
    await here.pays()
    await here.does(OFFICE, "passAuthorization")


async def waiting(world: World) -> None:
    """A merchant has to confirm, and an order lacks stock."""
    await policies(world, M1, "m1", seller_confirmation="manual")
    here = await Told.placed(
        world, "waiting", **bought("c1", product("m1", "scarce"), process="marketplace-seller")
    )
    await here.does(M1, "acceptOrder", idempotencyKey=canary("m1", "key"))
    await here.does(M1, "authorizeFulfillment")
    await policies(world, M1, "m1", seller_confirmation="automatic")


async def incomplete(world: World) -> None:
    """What its merchant is not told of yet."""
    sent = bought("c1", product("m1", "unsent"), process="marketplace-seller")
    await Told.placed(world, "incomplete", **sent | {"paymentMethod": None, "deliverTo": None})


async def others(world: World) -> None:
    """Orders of c2, of m3 and of m1."""
    here = await Told.placed(
        world, "others", **bought("c2", product("m3"), product("m1"), process="marketplace-seller")
    )
    await here.pays()
    await later(world, "PT30M")
    await here.does(
        C2, "requestCancellation", merchantOrders=[await here.of("m3")], reason=canary("c2", "asked")
    )
    await here.does(M3, "denyCancellation", reason=canary("m3", "denied"))
    await here.does(M3, "startHandling")
    await here.bills(M3, "m3", "invoice-1", "1.00")
    sold = bought("c2", product("m3", "item"), process="marketplace-merchant")
    there = await Told.placed(world, "others items", **sold)
    await there.pays()
    await there.does(OFFICE, "sendToMerchant")
    await there.does(
        M3, "shipLines", carrier=canary("m3", "carrier"), trackingNumber=canary("m3", "tracking")
    )
    await there.does(M3, "deliverLines")
    await there.does(C2, "requestReturn", reason=canary("c2", "return"))


async def packed(world: World) -> None:
    """The merchant's own warehouse confirms what it handles, and packs it."""
    await policies(world, M1, "m1", erp_confirmation="yes", picking_and_packing="yes")
    sent = bought("c1", product("m1"), process="marketplace-seller")
    here = await Told.placed(world, "packed", **sent | {"paymentMethod": None})
    await here.does(C1, "completeOrder", paymentMethod=canary("c1", "method"))
    await here.pays()
    pieces = named(await here.lines("m1"), quantity=3)
    await here.world.do(
        OFFICE, "previewChange", order=here.selector, merchantOrder=await here.of("m1"), lines=pieces
    )
    await later(world, "PT30M")
    await here.does(M1, "startHandling")
    await here.does(W1, "confirmHandling")
    await here.does(W1, "pack")
    await policies(world, M1, "m1", erp_confirmation="no", picking_and_packing="no")


async def let_go(world: World) -> None:
    """Canceled before anything happens; the payment system lets the money go."""
    sent = bought("c1", product("m1"), process="complete")
    here = await Told.placed(world, "let go", **sent)
    await here.pays()
    await here.does(C1, "cancel", reason=canary("c1", "let-go"))
    await here.does(PSP, "confirmCancellation")


async def demo(world: World) -> None:
    """A customer buys from the demo's catalogue."""
    await world.do(OFFICE, "registerMerchant", id="main", name=canary("main", "shop"))
    bought = await world.do(C1, "demoCheckout", lines=[{"sku": "5304"}], name=canary("c1", "demo-name"))
    await Told(world, "demo", bought["order"]["reference"]).now()


async def administered(world: World) -> None:
    """What the Back Office does besides orders."""
    revoked = {"tokens": {"tokenId": canary("office", "token")}, "reason": canary("office", "revoked")}
    await world.do(OFFICE, "revokeTokens", **revoked)
    await world.do(OFFICE, "revokeTokens", tokens={"subject": canary("office", "subject")})


async def leased(world: World) -> None:
    """The payment system has a command in hand; others wait to be taken."""
    await world.do(PSP, "leaseCommands", first=1, seconds=3600)


async def files(world: World) -> None:
    """A merchant and the Back Office upload files, of which nothing can be applied."""
    status = "order_reference,event\n0000-0000,ship\n"
    payments = "order_reference,reference,amount,currency\n0000-0000,1,1.00,EUR\n"
    async with working(world.services):
        for who, mutation, text in ((M1, "importOrderStatus", status), (OFFICE, "importPayments", payments)):
            name = canary("m1" if who is M1 else "office", "file")
            file = UploadFile(BytesIO(text.encode()), filename=name)
            payload = await world.do(who, mutation, file=file)
            world.imports[who.role] = payload["import"]["id"]
            await world.do(who, "stopImport", **{"import": payload["import"]["id"]})


async def refused(world: World) -> None:
    """Each kind of refusal, to whoever it comes to."""
    here = world.orders["waiting"]
    order = {"reference": here.reference}
    await world.tries(M1, "retryStock", order=order)
    await world.tries(C1, "cancel", order=order, expectedVersion=1)
    await world.tries(M1, "startHandling", order=order)
    await world.tries(OFFICE, "cancel", order={"reference": world.orders["packed"].reference})
    await world.tries(M1, "setStock", items=[{"sku": canary("m1", "unsold-sku"), "onHand": -1}])
    await world.tries(PSP, "cancel", order={"reference": "nothing"})
    await world.tries(
        M1, "acceptOrder", order=order, idempotencyKey=canary("m1", "key"), merchantOrders=["others"]
    )


STORIES = (
    invoiced,
    canceled,
    denied,
    reassigned,
    complete,
    chain,
    waiting,
    incomplete,
    others,
    packed,
    let_go,
    demo,
    administered,
    leased,
    files,
    refused,
)
