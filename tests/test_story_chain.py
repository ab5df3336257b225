"""The chain flow as its text tells it, then its branches: a store between marketplace and seller.

Source: seed on the store flows, "Chain flow".
"""

from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, Api
from tests.store_orders import set_policies
from tests.stories import handled, paid, placed, ready, story

AUTHORIZATION = "Waiting for fulfillment authorization"
WAITS = "payment-pending × payment-pending × waiting-for-manual-authorization"
INVOICED = "invoiced × invoiced × invoiced"
CANCELED = "canceled × canceled × canceled"

# The text


@story
async def test_the_chain_goes_as_the_marketplace_does_except_that_the_marketplace_tells_it_of_the_payment(
    api: Api,
):
    """The chain waits in Payment pending as well, but takes no money: it moves on once the marketplace has
    it. After that both go alike to the end.
    """
    here = await placed(api, process="chain")
    here.reads("Payment pending", AUTHORIZATION, "Approving payment", at=WAITS)
    assert await here.path("CHAIN") == [
        "incomplete",
        "order-created",
        "on-order-completed",
        "waiting-for-authorization",
        "payment-pending",
    ]
    await here.pays()
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="waiting-seller-handling × payment-approved × window-to-cancel",
    )
    assert (await here.path("CHAIN"))[-2:] == ["waiting-for-mkt-authorization", "payment-approved"]
    assert "approve-payment" not in await here.path("CHAIN")
    await here.later("PT30M")
    here.reads(
        "Payment approved",
        "Ready for handling",
        "Handling order",
        at="waiting-seller-handling × payment-approved × ready-for-handling",
    )
    await here.does(M1, "startHandling")
    here.reads(
        "Payment approved",
        "Handling shipping",
        "Handling order",
        at="payment-approved × payment-approved × handling",
    )
    await here.invoices("F-1")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at=INVOICED)
    assert (await here.path("CHAIN"))[-2:] == ["invoice", "invoiced"]
    assert here.money() == {"approved": 1000, "captured": 1000}


# Its branches


@story
async def test_the_marketplace_passes_the_authorization_on_by_hand_where_it_has_chosen_so(api: Api):
    """The marketplace is paid, but the chain and with it the seller wait until the marketplace says so."""
    await set_policies(api, chain_authorization="manual")
    here = await paid(api, process="chain")
    at = "waiting-seller-handling × waiting-for-mkt-authorization × waiting-for-manual-authorization"
    here.reads("Payment approved", AUTHORIZATION, "Payment approved", at=at)
    for who in (M1, ANNA, PAYMENTS, CARRIER):
        await here.cannot(who, "passAuthorization")
    await here.does(ADMIN, "passAuthorization")
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="waiting-seller-handling × payment-approved × window-to-cancel",
    )


@story
async def test_a_denied_payment_travels_down_the_chain(api: Api):
    """The chain hears that the payment was denied, and the order is canceled in all three stores."""
    here = await placed(api, process="chain")
    await here.does(PAYMENTS, "denyPayment", reason="no cover")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert (await here.path("CHAIN"))[-3:] == ["payment-denied", "cancel", "canceled"]


@story
async def test_a_denied_payment_that_is_changed_takes_the_chain_back_to_payment_pending(api: Api):
    """As long as the payment can be changed the chain stays at payment-denied; then it waits anew."""
    await set_policies(api, change_payment_window="P2D")
    changed, left = await placed(api, process="chain"), await placed(api, process="chain")
    at = "window-to-change-payment × payment-denied × waiting-for-manual-authorization"
    for here in (changed, left):
        await here.does(PAYMENTS, "denyPayment", reason="no cover")
        here.reads("Window to change payment", AUTHORIZATION, "Canceled", at=at)
    await changed.does(ANNA, "changePayment", paymentMethod="invoice")
    changed.reads("Payment pending", AUTHORIZATION, "Approving payment", at=WAITS)
    await changed.pays()
    await left.later("P2D")
    left.reads("Canceled", "Canceled", "Canceled", at=CANCELED)


@story
async def test_a_payment_that_never_comes_cancels_the_order_in_all_three_stores(api: Api):
    """After a week without its payment the order is canceled."""
    here = await placed(api, process="chain")
    await here.later("P7D")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)


@story
async def test_an_incomplete_order_reaches_neither_chain_nor_seller(api: Api):
    """Nobody but the marketplace and the customer sees it, until it is complete or expires."""
    completed = await placed(api, process="chain", deliverTo=None)
    expired = await placed(api, process="chain", paymentMethod=None)
    for here in (completed, expired):
        here.reads(None, None, None, at="incomplete")
        assert here.portals == {"m1": None}
    address = {"recipient": "A", "street": "S 1", "postalCode": "1", "city": "C", "country": "DE"}
    await completed.does(ANNA, "completeOrder", deliverTo=address)
    completed.reads("Payment pending", AUTHORIZATION, "Approving payment", at=WAITS)
    await expired.later("PT1H")
    expired.reads("Canceled", None, "Canceled", at="canceled")


@story
async def test_the_confirmation_of_the_seller_travels_up_the_chain(api: Api):
    """Chain and marketplace wait for the seller, one after the other."""
    await set_policies(api, "m1", seller_confirmation="manual")
    here = await placed(api, process="chain")
    here.reads(
        "Waiting for seller confirmation",
        "Order accepted",
        "Order placed",
        at="waiting-for-authorization × waiting-for-authorization × order-accepted",
    )
    await here.does(M1, "acceptOrder")
    here.reads("Payment pending", AUTHORIZATION, "Approving payment", at=WAITS)


@story
async def test_partial_invoices_travel_up_the_chain_and_both_go_back_to_payment_approved(api: Api):
    """While the money is not captured all three verify; after a part the two that sell are approved again."""
    await set_policies(api, payment_provider="external")
    here = await handled(api, process="chain")
    await here.invoices("F-1", value="4.00")
    here.reads("Verifying invoice", "Verifying invoice", "Handling order", at="invoice × invoice × invoice")
    await here.settles()
    here.reads(
        "Payment approved",
        "Handling shipping",
        "Handling order",
        at="payment-approved × payment-approved × handling",
    )
    await here.invoices("F-2", 0)
    await here.settles()
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at=INVOICED)


@story
async def test_a_cancellation_by_the_seller_travels_up_the_chain(api: Api):
    """All three stores are Canceling until the money is let go of, then Canceled."""
    await set_policies(api, payment_provider="external")
    here = await ready(api, process="chain")
    await here.does(M1, "cancel", reason="broken")
    assert here.order["status"]["label"] == "Canceling"
    assert [each["state"]["code"] for each in here.part()["states"]] == ["cancel"] * 3
    await here.does(PAYMENTS, "confirmCancellation")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert here.part()["cancellation"] == {"role": "MERCHANT", "event": "cancel", "reason": "broken"}


@story
async def test_a_cancellation_by_the_customer_travels_down_the_chain(api: Api):
    """Free before the payment and in the window, as in the marketplace flow."""
    for begin in (placed, paid):
        here = await begin(api, process="chain")
        await here.does(ANNA, "cancel", reason="changed my mind")
        here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)


@story
async def test_a_request_to_cancel_goes_down_the_chain_and_the_sellers_answer_up(api: Api):
    """The seller decides; denied, everybody is where it was, and approved, all are canceled."""
    deciding = "waiting-for-seller-decision × payment-approved × cancellation-requested"
    denied, approved = await ready(api, process="chain"), await handled(api, process="chain")
    for here in (denied, approved):
        await here.does(ANNA, "requestCancellation", reason="too slow")
        here.reads("Waiting for the seller decision", "Cancellation requested", "Handling order", at=deciding)
    await denied.does(M1, "denyCancellation", reason="it leaves today")
    denied.reads(
        "Payment approved",
        "Ready for handling",
        "Handling order",
        at="waiting-seller-handling × payment-approved × ready-for-handling",
    )
    assert denied.answered() == [("DENIED", "it leaves today")]
    await approved.does(M1, "approveCancellation")
    approved.reads("Canceled", "Canceled", "Canceled", at=CANCELED)


@story
async def test_at_the_end_of_a_chain_another_seller_takes_over(api: Api):
    """What its seller gives up can go to another one, with a chain of its own before it."""
    await set_policies(api, change_seller_window="P2D")
    here = await paid(api, process="chain")
    await here.does(M1, "cancel", reason="sold out")
    assert here.order["status"]["label"] == "Window to change seller"
    await here.does(ADMIN, "changeMerchant", merchantOrder=here.part()["id"], merchantId="m2")
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="waiting-seller-handling × payment-approved × window-to-cancel",
        merchant="m2",
    )
    await here.later("PT30M")
    await here.does(M2, "startHandling")
    await here.invoices("F-1", by=M2, merchant="m2")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at=INVOICED, merchant="m2")


@story
async def test_at_the_end_of_a_chain_a_warehouse_and_an_erp_are_waited_for_and_packing_shows(api: Api):
    """The seller's own ways are the same as without a chain."""
    policies = {"warehouse_management": "wms", "erp_confirmation": "yes", "picking_and_packing": "yes"}
    await set_policies(api, "m1", **policies)
    here = await placed(api, process="chain")
    at = "payment-pending × payment-pending × waiting-for-fulfillment"
    here.reads("Payment pending", "Order accepted", "Approving payment", at=at)
    await here.pays()
    await here.later("PT30M")
    await here.does(M1, "startHandling")
    assert here.part()["states"][-1]["state"]["code"] == "start-handling"
    await here.does(CARRIER, "confirmHandling")
    await here.does(CARRIER, "pack")
    here.reads(
        "Payment approved",
        "Handling shipping",
        "Handling order",
        at="ready-for-invoicing × payment-approved × handling",
    )


@story
async def test_a_seller_of_a_chain_that_authorizes_itself_waits_for_both_before_it_invoices(api: Api):
    """It may handle at its own risk; marketplace and chain go on waiting for the payment."""
    here = await placed(api, process="chain")
    await here.does(M1, "authorizeFulfillment")
    assert here.part()["overridden"] is True
    await here.later("PT30M")
    await here.does(M1, "startHandling")
    here.reads(
        "Payment pending",
        "Handling shipping",
        "Handling order",
        at="payment-pending × payment-pending × handling",
    )
    await here.cannot(M1, "addInvoice", **here.bill("F-1"))
    await here.pays()
    await here.invoices("F-1")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at=INVOICED)


@story
async def test_an_order_of_a_chain_is_not_changed(api: Api):
    """Its lines stay as they were ordered, whoever asks."""
    here = await paid(api, process="chain")
    more = [{"line": here.part()["lines"][0]["id"], "quantity": 2}]
    for who in (M1, ADMIN):
        await here.cannot(who, "changeOrder", lines=more, reason="one more")
