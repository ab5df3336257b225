"""The seller flow as its text tells it, step by step, then its branches: what the store that ships sees.

Source: seed on the store flows, "Seller flow".
"""

from graph.auth import Principal
from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, Api
from tests.store_orders import set_policies
from tests.stories import Story, handled, paid, placed, ready, shelf, story

AUTHORIZATION = "Waiting for fulfillment authorization"

# The text


@story
async def test_when_the_seller_receives_the_order_its_first_status_is_order_accepted(api: Api):
    """The flow of the seller starts once the order is complete; another seller never sees it."""
    await set_policies(api, "m1", seller_confirmation="manual")
    here = await placed(api, paymentMethod=None)
    here.reads(None, None, None, at="incomplete")
    assert here.portals == {"m1": None}
    await here.does(ANNA, "completeOrder", paymentMethod="card")
    here.reads(
        "Waiting for seller confirmation",
        "Order accepted",
        "Order placed",
        at="waiting-for-authorization × order-accepted",
    )
    assert await api.order(here.order["reference"], M2) is None


@story
async def test_then_it_waits_by_itself_until_the_marketplace_authorizes_fulfillment(api: Api):
    """Without anybody's doing it waits for the marketplace to say that the payment is confirmed."""
    here = await placed(api)
    here.reads(
        "Payment pending",
        AUTHORIZATION,
        "Approving payment",
        at="payment-pending × waiting-for-manual-authorization",
    )
    assert await here.path("MERCHANT") == [
        "order-accepted",
        "on-order-completed-ffm",
        "waiting-ffmt-authorization",
        "waiting-for-manual-authorization",
    ]


@story
async def test_a_seller_that_authorizes_fulfillment_itself_does_not_make_the_marketplace_do_so(api: Api):
    """The seller may go on by hand, but then both sides differ: the marketplace still awaits the payment, and
    sees that its seller went on without it.
    """
    here = await placed(api)
    assert here.part()["overridden"] is False
    await here.does(M1, "authorizeFulfillment")
    here.reads(
        "Payment pending",
        "Cancellation window",
        "Handling order",
        at="payment-pending × window-to-cancel",
    )
    assert here.part()["overridden"] is True
    assert here.money() == {"due": 1000}
    await here.pays()
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
    )
    assert here.part()["overridden"] is False
    assert here.part()["overriddenAt"] is not None


@story
async def test_with_the_payment_the_status_changes_by_itself_to_the_cancellation_window(api: Api):
    """It stays there until the window is over, as long as the store has set it."""
    await set_policies(api, cancellation_window="PT2H")
    here = await paid(api)
    window = ("Payment approved", "Cancellation window", "Handling order")
    here.reads(*window, at="payment-approved × window-to-cancel")
    assert (await here.path("MERCHANT"))[-2:] == ["authorize-fulfillment", "window-to-cancel"]
    await here.later("PT1H59M")
    here.reads(*window, at="payment-approved × window-to-cancel")


@story
async def test_in_the_window_a_customer_needs_no_approval_and_after_it_the_store_decides(api: Api):
    """Inside the window the purchase is canceled at once; after it the same wish is a request."""
    inside = await paid(api)
    await inside.does(ANNA, "requestCancellation", reason="changed my mind")
    inside.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert inside.answered() == [("FREE", None)]
    after = await ready(api)
    error = await after.cannot(ANNA, "cancel")
    assert "request the cancellation" in error["message"]
    await after.does(ANNA, "requestCancellation", reason="changed my mind")
    after.reads(
        "Waiting for the seller decision",
        "Cancellation requested",
        "Handling order",
        at="waiting-for-seller-decision × cancellation-requested",
    )


@story
async def test_not_canceled_when_the_window_ends_it_is_ready_for_handling(api: Api):
    """The seller reads that it can begin."""
    here = await paid(api)
    await here.later("PT30M")
    here.reads(
        "Payment approved",
        "Ready for handling",
        "Handling order",
        at="payment-approved × ready-for-handling",
    )


@story
async def test_canceled_within_the_window_it_goes_to_canceling(api: Api):
    """The customer cancels in time: Canceling, until the money is let go of."""
    await set_policies(api, payment_provider="external")
    here = await paid(api)
    await here.does(ANNA, "cancel", reason="ordered twice")
    here.reads("Canceling", "Canceling", "Handling order", at="cancel × cancel")
    await here.settles()
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert here.part()["cancellation"]["reason"] == "ordered twice"


@story
async def test_it_stays_ready_for_handling_until_the_start_is_confirmed_by_hand_or_by_an_erp(api: Api):
    """The seller says itself that it has started, or its ERP does."""
    for who in (M1, CARRIER):
        here = await ready(api)
        await here.later("P10D")
        here.reads(
            "Payment approved",
            "Ready for handling",
            "Handling order",
            at="payment-approved × ready-for-handling",
        )
        await here.does(who, "startHandling")
        here.reads(
            "Payment approved", "Handling shipping", "Handling order", at="payment-approved × handling"
        )
        assert (await here.path("MERCHANT"))[-2:] == ["start-handling", "handling"]


async def test_with_the_start_the_seller_answers_for_the_items_and_counts_them_after_the_invoice(
    server_api: Api,
):
    """From the start of handling the items are off the shelf and reserved no more; a count after the invoice
    fits what is there.
    """
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 5}])
    here = await placed(api)
    assert await shelf(api) == {"onHand": 5, "held": 1, "available": 4}
    await here.pays()
    assert await shelf(api) == {"onHand": 5, "confirmed": 1, "available": 4}
    await here.later("PT30M")
    await here.does(M1, "startHandling")
    off = {"onHand": 4, "acknowledged": 1, "available": 4}
    assert await shelf(api) == off
    await here.invoices("F-1")
    assert await shelf(api) == off
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 4}])
    assert await shelf(api) == {"onHand": 4, "available": 4}


@story
async def test_once_handled_it_is_invoiced_and_what_is_invoiced_in_part_goes_back_for_the_rest(api: Api):
    """The invoice is verified; after a partial one the seller handles on until the sum is the total."""
    await set_policies(api, payment_provider="external")
    here = await handled(api)
    await here.invoices("F-1", value="4.00")
    here.reads("Verifying invoice", "Verifying invoice", "Handling order", at="invoice × invoice")
    await here.settles()
    here.reads("Payment approved", "Handling shipping", "Handling order", at="payment-approved × handling")
    assert here.part()["leftToInvoice"]["amount"] == "6.00"
    await here.invoices("F-2", 0)
    await here.settles()
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")


@story
async def test_the_last_status_is_invoiced_and_then_the_seller_delivers(api: Api):
    """Nothing comes after Invoiced but the delivery, of which the customer reads."""
    here = await handled(api)
    await here.invoices("F-1")
    await here.does(M1, "updateTracking", invoice="F-1", isDelivered=True)
    here.reads("Invoiced", "Invoiced", "Order shipped", at="invoiced × invoiced")
    error = await here.cannot(M1, "addInvoice", **{**here.bill("F-2"), "value": EUR_1})
    assert error["message"] == "It is invoiced in full."


EUR_1 = {"amount": "1.00", "currency": "EUR"}


# What to note


@story
async def test_at_various_stages_customer_and_store_cancel_and_the_rest_happens_by_itself(api: Api):
    """Whoever cancels, wherever it is possible: the money goes back, and in the end it is Canceled."""
    for begin in (placed, paid):
        await _canceled(await begin(api), ANNA)
    for begin in (placed, paid, ready, handled):
        await _canceled(await begin(api), M1)
    for begin in (placed, paid):
        await _canceled(await begin(api), ADMIN)


async def _canceled(here: Story, who: Principal) -> None:
    await here.does(who, "cancel", reason="no longer wanted")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert (await here.path("MARKETPLACE"))[-2:] == ["cancel", "canceled"]
    assert here.money() == {}


@story
async def test_a_seller_on_its_own_has_to_see_to_it_that_the_payment_is_confirmed(api: Api):
    """A seller that authorizes itself may start, unpaid, at its own risk: it cannot invoice, and a payment
    that never comes cancels what it has begun.
    """
    here = await placed(api)
    await here.does(M1, "authorizeFulfillment")
    await here.later("PT30M")
    here.reads(
        "Payment pending",
        "Ready for handling",
        "Handling order",
        at="payment-pending × ready-for-handling",
    )
    await here.does(M1, "startHandling")
    here.reads("Payment pending", "Handling shipping", "Handling order", at="payment-pending × handling")
    error = await here.cannot(M1, "addInvoice", **here.bill("F-1"))
    assert error["message"] == "The marketplace has not approved the payment yet; invoice it once it has."
    await here.does(PAYMENTS, "denyPayment", reason="no cover")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert here.part()["overridden"] is False, "nothing is at risk any more"
    assert here.part()["overriddenAt"] is not None


# Its branches


@story
async def test_for_a_warehouse_system_the_seller_waits_for_fulfillment_without_a_word_of_it(api: Api):
    """With a warehouse management system it waits where no label is, and still reads Order accepted."""
    await set_policies(api, "m1", warehouse_management="wms")
    here = await placed(api)
    here.reads(
        "Payment pending",
        "Order accepted",
        "Approving payment",
        at="payment-pending × waiting-for-fulfillment",
    )
    await here.pays()
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
    )


@story
async def test_not_authorized_within_30_days_the_order_is_canceled(api: Api):
    """The payment may be awaited longer than that; the seller's authorization is not."""
    await set_policies(api, payment_timeout="P60D")
    await set_policies(api, "m1", warehouse_management="wms")
    here = await placed(api)
    await here.later("P29D")
    here.reads(
        "Payment pending",
        "Order accepted",
        "Approving payment",
        at="payment-pending × waiting-for-fulfillment",
    )
    await here.later("P1D")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")


@story
async def test_with_an_erp_the_start_of_handling_waits_for_its_confirmation_and_is_locked(api: Api):
    """Start handling stays until the ERP confirms; meanwhile nobody cancels or changes the order."""
    await set_policies(api, "m1", erp_confirmation="yes")
    here = await ready(api)
    await here.does(M1, "startHandling")
    here.reads("Payment approved", "Start handling", "Handling order", at="payment-approved × start-handling")
    for who in (ANNA, M1, ADMIN):
        await here.cannot(who, "cancel", reason="too late")
    for who in (ANNA, ADMIN):
        error = await here.cannot(who, "requestCancellation")
        assert "Handling is just being started" in error["message"]
    more = [{"line": here.part()["lines"][0]["id"], "quantity": 2}]
    for who in (M1, ADMIN):
        await here.cannot(who, "changeOrder", lines=more, reason="one more")
    await here.cannot(M1, "addInvoice", **here.bill("F-1"))
    await here.cannot(M1, "confirmHandling")
    await here.does(CARRIER, "confirmHandling")
    here.reads("Payment approved", "Handling shipping", "Handling order", at="payment-approved × handling")


async def test_without_stock_it_stays_at_authorize_fulfillment_until_there_is_some(server_api: Api):
    """The reservation cannot be confirmed: the problem is shown, and the order goes on when stock arrives."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 0}])
    here = await paid(api)
    waits = ("Payment approved", "Authorize fulfillment", "Payment approved")
    here.reads(*waits, at="payment-approved × authorize-fulfillment")
    assert here.part()["missingStock"] == ["A-1"]
    error = await here.cannot(M1, "retryStock")
    assert error["message"] == "There is not enough in stock of: A-1."
    await here.cannot(ADMIN, "retryStock")
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 1}])
    await api.services.stock_waker.run_due()
    await here.look()
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
    )
    assert here.part()["missingStock"] == []
    assert await shelf(api) == {"onHand": 1, "confirmed": 1}


async def test_without_stock_for_30_days_the_order_is_canceled(server_api: Api):
    """What is not authorized in time is canceled by itself."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 0}])
    here = await paid(api)
    await here.later("P29D")
    assert here.part()["missingStock"] == ["A-1"]
    await here.later("P1D")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert here.money() == {}
