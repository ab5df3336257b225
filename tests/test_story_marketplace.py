"""The marketplace flow as its text tells it, step by step, then its branches: what the store that sells sees.

Source: seed on the store flows, "Marketplace flow".
"""

from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, Api, line
from tests.store_orders import set_policies
from tests.stories import handled, paid, placed, ready, story

# The text


@story
async def test_it_starts_waiting_for_seller_confirmation_and_goes_on_to_payment_pending_by_itself(api: Api):
    """The order waits for its seller first and then, without anybody's doing, for its payment."""
    await set_policies(api, "m1", seller_confirmation="manual")
    here = await placed(api)
    here.reads(
        "Waiting for seller confirmation",
        "Order accepted",
        "Order placed",
        at="waiting-for-authorization × order-accepted",
    )
    await set_policies(api, "m1", seller_confirmation="automatic")
    here = await placed(api)
    here.reads(
        "Payment pending",
        "Waiting for fulfillment authorization",
        "Approving payment",
        at="payment-pending × waiting-for-manual-authorization",
    )
    assert await here.path("MARKETPLACE") == [
        "incomplete",
        "order-created",
        "on-order-completed",
        "waiting-for-authorization",
        "payment-pending",
    ]


@story
async def test_when_the_marketplace_receives_the_payment_it_is_payment_approved(api: Api):
    """Once the money is there, the store that sells reads that the payment is approved."""
    here = await placed(api)
    await here.pays()
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
    )
    assert (await here.path("MARKETPLACE"))[-2:] == ["approve-payment", "payment-approved"]


@story
async def test_when_the_payment_is_not_received_the_order_is_being_canceled(api: Api):
    """Without its payment the order goes to Canceling; here after a week, with a part that has to go back."""
    await set_policies(api, payment_provider="external")
    here = await placed(api)
    await here.pays("4.00")
    waits = "payment-pending × waiting-for-manual-authorization"
    pending = ("Payment pending", "Waiting for fulfillment authorization", "Approving payment")
    here.reads(*pending, at=waits)
    await here.later("P6DT23H")
    here.reads(*pending, at=waits)
    await here.later("PT1H")
    here.reads("Canceling", "Canceling", "Approving payment", at="cancel × cancel")
    assert here.commands() == [("VOID", "PENDING", 400)]
    await here.does(PAYMENTS, "confirmCancellation")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert here.money() == {}


@story
async def test_paid_and_past_the_grace_period_it_stays_ready_until_the_seller_starts_handling(api: Api):
    """The marketplace can only wait: nothing but the seller takes it out of Ready for handling."""
    here = await paid(api)
    await here.later("PT29M")
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
    )
    for time in ("PT1M", "P90D"):
        await here.later(time)
        here.reads(
            "Payment approved",
            "Ready for handling",
            "Handling order",
            at="payment-approved × ready-for-handling",
        )
    error = await here.cannot(ADMIN, "startHandling")
    assert error["__typename"] == "TransitionNotAllowed"


@story
async def test_with_an_error_it_stays_verifying_and_with_a_partial_invoice_goes_back_to_approved(api: Api):
    """Its invoice is verified as long as something is wrong; when only a part is invoiced, it is Payment
    approved again until the invoices come to the total.
    """
    await set_policies(api, payment_provider="external")
    here = await handled(api, line("A-1", quantity=3))
    await here.invoices("F-1", 1, value="10.00")
    verifying = ("Verifying invoice", "Verifying invoice", "Handling order")
    here.reads(*verifying, at="invoice × invoice")
    await here.settles("REFUSED")
    here.reads(*verifying, at="invoice × invoice")
    await here.does(ADMIN, "retryCommand", command=here.order["payment"]["commands"][0]["id"])
    await here.settles()
    shipping = ("Payment approved", "Handling shipping", "Handling order")
    here.reads(*shipping, at="payment-approved × handling")
    error = await here.cannot(M1, "addInvoice", **here.bill("F-2", 2, value="20.01"))
    assert "At most 20.00 EUR can still be invoiced" in error["message"]
    await here.invoices("F-2", 2, value="19.99")
    await here.settles()
    here.reads(*shipping, at="payment-approved × handling")
    await here.invoices("F-3", 0, value="0.01")
    await here.settles()
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")
    assert here.money() == {"approved": 3000, "captured": 3000}


@story
async def test_after_handling_is_confirmed_the_seller_prepares_the_order_for_shipping(api: Api):
    """The marketplace still reads Payment approved while the seller prepares what it ships."""
    here = await ready(api)
    await here.does(M1, "startHandling")
    here.reads("Payment approved", "Handling shipping", "Handling order", at="payment-approved × handling")
    assert here.part()["handledAt"] is not None


@story
async def test_with_correct_invoices_it_is_invoiced_settled_and_changes_no_more(api: Api):
    """Then the purchase is complete and its payment settled, and nobody changes its status any more."""
    here = await handled(api)
    assert here.money() == {"approved": 1000}
    await here.invoices("F-1")
    done = ("Invoiced", "Invoiced", "In transit to carrier")
    here.reads(*done, at="invoiced × invoiced")
    assert "invoice" in await here.path("MARKETPLACE")
    assert here.money() == {"approved": 1000, "captured": 1000}
    for who in (ANNA, M1, ADMIN):
        error = await here.cannot(who, "cancel", reason="too late")
        assert "only be returned" in error["message"]
    for who in (ANNA, ADMIN):
        await here.cannot(who, "requestCancellation")
    more = [{"line": here.part()["lines"][0]["id"], "quantity": 2}]
    for who in (M1, ADMIN):
        await here.cannot(who, "changeOrder", lines=more, reason="one more")
    await here.later("P365D")
    here.reads(*done, at="invoiced × invoiced")


@story
async def test_the_seller_completes_the_fulfillment_and_the_customer_reads_how_far_it_is(api: Api):
    """The seller still has to deliver: the stores keep reading Invoiced, the customer one of three labels."""
    left, tracked, delivered = [await handled(api) for _ in range(3)]
    for here in (left, tracked, delivered):
        await here.invoices("F-1")
    left.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")
    for here in (tracked, delivered):
        await here.does(M1, "updateTracking", invoice="F-1", courier="DHL", number="T1")
        here.reads("Invoiced", "Invoiced", "Delivering order", at="invoiced × invoiced")
    await delivered.does(CARRIER, "updateTracking", invoice="F-1", isDelivered=True)
    delivered.reads("Invoiced", "Invoiced", "Order shipped", at="invoiced × invoiced")


# Its branches


@story
async def test_a_seller_that_confirms_its_orders_itself_is_waited_for_and_lapses_after_30_days(api: Api):
    """Only with the seller's confirmation does the order go on; without one it is canceled in the end."""
    await set_policies(api, "m1", seller_confirmation="manual")
    taken, left = await placed(api), await placed(api)
    await taken.later("P29D")
    waits = ("Waiting for seller confirmation", "Order accepted", "Order placed")
    taken.reads(*waits, at="waiting-for-authorization × order-accepted")
    await taken.does(M1, "acceptOrder")
    taken.reads(
        "Payment pending",
        "Waiting for fulfillment authorization",
        "Approving payment",
        at="payment-pending × waiting-for-manual-authorization",
    )
    await left.look()
    left.reads(*waits, at="waiting-for-authorization × order-accepted")
    await left.later("P1D")
    left.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    await taken.look()
    assert taken.part()["cancellation"] is None


@story
async def test_a_denied_payment_cancels_the_order(api: Api):
    """The store reads that the payment was denied only in the history: the order is canceled at once."""
    here = await placed(api)
    await here.does(PAYMENTS, "denyPayment", reason="no cover")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert (await here.path("MARKETPLACE"))[-3:] == ["payment-denied", "cancel", "canceled"]
    error = await here.cannot(
        PAYMENTS, "recordPayment", amount={"amount": "10.00", "currency": "EUR"}, reference="late"
    )
    assert "due" in error["message"] or "paid" in error["message"]


@story
async def test_a_denied_payment_can_be_changed_while_the_window_for_it_is_open(api: Api):
    """With time to change it the order waits for another payment, and goes on with that."""
    await set_policies(api, change_payment_window="P2D")
    here = await placed(api)
    await here.does(PAYMENTS, "denyPayment", reason="no cover")
    window = "window-to-change-payment × waiting-for-manual-authorization"
    authorization = "Waiting for fulfillment authorization"
    here.reads("Window to change payment", authorization, "Canceled", at=window)
    await here.does(ANNA, "changePayment", paymentMethod="bank transfer")
    here.reads(
        "Payment pending",
        authorization,
        "Approving payment",
        at="payment-pending × waiting-for-manual-authorization",
    )
    await here.does(PAYMENTS, "denyPayment", reason="no cover either")
    here.reads("Window to change payment", authorization, "Canceled", at=window)
    await here.does(ADMIN, "changePayment", paymentMethod="invoice")
    await here.pays()
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
    )


@story
async def test_a_denied_payment_that_nobody_changes_in_time_cancels_the_order(api: Api):
    """When the window to change the payment closes, the order is canceled."""
    await set_policies(api, change_payment_window="P2D")
    here = await placed(api)
    await here.does(PAYMENTS, "denyPayment")
    await here.later("P1D")
    assert here.part()["cancellation"] is None
    await here.later("P1D")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")


@story
async def test_when_the_seller_gives_up_another_seller_takes_over_in_the_window_for_it(api: Api):
    """The order reads Window to change seller, and with another seller starts anew, paid as it is."""
    await set_policies(api, change_seller_window="P2D")
    here = await ready(api)
    await here.does(M1, "cancel", reason="sold out")
    here.reads(
        "Window to change seller",
        "Canceling",
        "Handling order",
        at="window-to-change-seller × cancel",
    )
    given_up = here.part()["id"]
    await here.does(ADMIN, "changeMerchant", merchantOrder=given_up, merchantId="m2", reason="m1 has none")
    here.reads(
        "Payment approved",
        "Cancellation window",
        "Handling order",
        at="payment-approved × window-to-cancel",
        merchant="m2",
    )
    assert here.part("m1")["replacedBy"] == here.part("m2")["id"]
    old = here.portals["m1"]
    assert old
    assert old["status"]["label"] == "Canceled"
    await here.later("PT30M")
    await here.does(M2, "startHandling")
    await here.invoices("F-1", by=M2, merchant="m2")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced", merchant="m2")
    assert here.money() == {"approved": 1000, "captured": 1000}


@story
async def test_when_no_other_seller_is_found_in_time_the_order_is_canceled_and_paid_back(api: Api):
    """The window to change the seller closes: the order is canceled and its money goes back."""
    await set_policies(api, change_seller_window="P2D")
    here = await placed(api)
    await here.pays(captured=True)
    await here.does(M1, "cancel", reason="sold out")
    assert here.refunded() == 0
    await here.later("P2D")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
    assert here.part()["cancellation"] == {"role": "MERCHANT", "event": "cancel", "reason": "sold out"}
    assert here.refunded() == 1000


@story
async def test_a_seller_that_picks_and_packs_makes_the_order_ready_for_invoicing(api: Api):
    """The marketplace is at ready-for-invoicing once it is packed, a status that nobody reads in words."""
    await set_policies(api, "m1", picking_and_packing="yes")
    here = await handled(api)
    shipping = ("Payment approved", "Handling shipping", "Handling order")
    here.reads(*shipping, at="payment-approved × handling")
    await here.does(M1, "pack")
    here.reads(*shipping, at="ready-for-invoicing × handling")
    assert here.part()["packed"] is True
    await here.invoices("F-1")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")


@story
async def test_each_sellers_part_of_one_order_goes_its_own_way(api: Api):
    """Of two sellers one invoices and the other cancels; what is read of the whole counts both."""
    here = await ready(api, line("A-1", "m1"), line("B-1", "m2"))
    await here.does(M1, "startHandling")
    await here.invoices("F-1")
    await here.does(M2, "cancel", reason="broken")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled", merchant="m2")
    assert here.order["status"]["label"] == "Partly Invoiced (1 of 2)"
    assert here.account["status"]["label"] == "Partly In transit to carrier (1 of 2)"
    assert here.money() == {"approved": 1000, "captured": 1000}
