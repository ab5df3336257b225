"""The complete flow as its text tells it, step by step, then its branches: one store sells and delivers.

Source: seed on the store flows, "Complete flow".
"""

from tests.acting import ADMIN, ANNA, CARRIER, M1, PAYMENTS, Api, line
from tests.store_orders import set_policies
from tests.stories import handled, paid, placed, ready, shelf, story

COMPLETE = "complete"
HANDLING = "Handling order"

# The text


@story
async def test_its_first_stage_is_waiting_for_seller_confirmation(api: Api):
    """It says that the seller has received the order."""
    await set_policies(api, "m1", seller_confirmation="manual")
    here = await placed(api, process=COMPLETE)
    waiting = "Waiting for seller confirmation"
    here.reads(waiting, waiting, "Order placed", at="waiting-for-authorization")
    await here.does(M1, "acceptOrder")
    here.reads("Payment pending", "Payment pending", "Approving payment", at="payment-pending")


@story
async def test_it_moves_to_payment_pending_by_itself(api: Api):
    """Nobody has to do anything for it."""
    here = await placed(api, process=COMPLETE)
    here.reads("Payment pending", "Payment pending", "Approving payment", at="payment-pending")
    assert await here.path("MARKETPLACE") == [
        "incomplete",
        "order-created",
        "on-order-completed",
        "waiting-for-authorization",
        "payment-pending",
    ]


@story
async def test_with_its_payment_approved_it_goes_to_the_cancellation_window_and_stays_until_its_end(
    api: Api,
):
    """Payment approved is passed, and the customer may cancel freely as long as the window is open."""
    here = await placed(api, process=COMPLETE)
    await here.pays()
    here.reads("Cancellation window", "Cancellation window", HANDLING, at="window-to-cancel")
    assert (await here.path("MARKETPLACE"))[-4:] == [
        "approve-payment",
        "payment-approved",
        "authorize-fulfillment",
        "window-to-cancel",
    ]
    await here.later("PT29M")
    here.reads("Cancellation window", "Cancellation window", HANDLING, at="window-to-cancel")


@story
async def test_with_its_payment_not_approved_it_is_canceled_by_itself_by_way_of_payment_denied(api: Api):
    """It goes from Payment denied to Canceling and, once that is done, to Canceled, its last stage."""
    await set_policies(api, payment_provider="external")
    here = await placed(api, process=COMPLETE)
    await here.pays("4.00")
    await here.does(PAYMENTS, "denyPayment", reason="no cover for the rest")
    here.reads("Canceling", "Canceling", "Canceled", at="cancel")
    assert (await here.path("MARKETPLACE"))[-2:] == ["payment-denied", "cancel"]
    await here.does(PAYMENTS, "confirmCancellation")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled")
    for who in (ANNA, M1, ADMIN):
        await here.cannot(who, "cancel", reason="again")


@story
async def test_paid_and_with_the_window_over_it_is_ready_for_handling(api: Api):
    """The store reads that it can begin."""
    here = await paid(api, process=COMPLETE)
    await here.later("PT30M")
    here.reads("Ready for handling", "Ready for handling", HANDLING, at="ready-for-handling")


@story
async def test_the_store_confirms_the_start_of_handling_by_hand_or_by_an_erp(api: Api):
    """Until then the order goes no further."""
    for who in (M1, ADMIN, CARRIER):
        here = await ready(api, process=COMPLETE)
        await here.later("P10D")
        here.reads("Ready for handling", "Ready for handling", HANDLING, at="ready-for-handling")
        await here.does(who, "startHandling")
        assert (await here.path("MARKETPLACE"))[-2:] == ["start-handling", "handling"]


async def test_with_the_start_the_store_answers_for_the_items(server_api: Api):
    """From the start of handling the items are off the shelf and reserved no more."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 5}])
    here = await placed(api, process=COMPLETE)
    assert await shelf(api) == {"onHand": 5, "held": 1, "available": 4}
    await here.pays()
    assert await shelf(api) == {"onHand": 5, "confirmed": 1, "available": 4}
    await here.later("PT30M")
    await here.does(M1, "startHandling")
    assert await shelf(api) == {"onHand": 4, "acknowledged": 1, "available": 4}


@story
async def test_handling_shipping_comes_before_the_invoice_which_is_verified_and_has_to_be_of_the_total(
    api: Api,
):
    """Invoicing waits in Verifying invoice, and only invoices of the whole total lead further."""
    await set_policies(api, payment_provider="external")
    here = await ready(api, process=COMPLETE)
    await here.cannot(M1, "addInvoice", **here.bill("F-0"))
    await here.does(M1, "startHandling")
    here.reads("Handling shipping", "Handling shipping", HANDLING, at="handling")
    await here.invoices("F-1", value="4.00")
    here.reads("Verifying invoice", "Verifying invoice", HANDLING, at="invoice")
    await here.settles()
    here.reads("Handling shipping", "Handling shipping", HANDLING, at="handling")
    await here.invoices("F-2", 0)
    here.reads("Verifying invoice", "Verifying invoice", HANDLING, at="invoice")
    await here.settles()
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced")


@story
async def test_the_last_status_is_invoiced_and_the_store_ships(api: Api):
    """What is left is the delivery, which the customer follows."""
    here = await handled(api, process=COMPLETE)
    await here.invoices("F-1")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced")
    await here.does(M1, "updateTracking", invoice="F-1", number="T1")
    here.reads("Invoiced", "Invoiced", "Delivering order", at="invoiced")
    await here.does(CARRIER, "updateTracking", invoice="F-1", isDelivered=True)
    here.reads("Invoiced", "Invoiced", "Order shipped", at="invoiced")


@story
async def test_before_it_is_invoiced_the_store_can_cancel_and_after_that_items_only_come_back(api: Api):
    """An invoiced order changes no more; what the customer returns is paid back by an invoice of its own."""
    for begin in (placed, paid, ready, handled):
        here = await begin(api, process=COMPLETE)
        await here.does(M1, "cancel", reason="broken")
        here.reads("Canceled", "Canceled", "Canceled", at="canceled")
    here = await handled(api, line("A-1", quantity=2), process=COMPLETE)
    await here.invoices("F-1")
    for who in (ANNA, M1, ADMIN):
        error = await here.cannot(who, "cancel", reason="too late")
        assert "only be returned" in error["message"]
    await here.does(M1, "addInvoice", **here.bill("R-1", 1, value="10.00", type="INPUT"))
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced")
    assert here.refunded() == 1000


# Its branches


@story
async def test_in_one_store_a_payment_that_never_comes_cancels_after_7_days(api: Api):
    """The wait for the payment has an end."""
    here = await placed(api, process=COMPLETE)
    await here.later("P6D")
    here.reads("Payment pending", "Payment pending", "Approving payment", at="payment-pending")
    await here.later("P1D")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled")


@story
async def test_in_one_store_packing_makes_it_ready_for_invoicing(api: Api):
    """Nobody reads that status in words; a partial invoice leads back to handling, to be packed anew."""
    await set_policies(api, "m1", picking_and_packing="yes")
    here = await handled(api, process=COMPLETE)
    await here.does(M1, "pack")
    here.reads("Handling shipping", "Handling shipping", HANDLING, at="ready-for-invoicing")
    await here.invoices("F-1", value="4.00")
    here.reads("Handling shipping", "Handling shipping", HANDLING, at="handling")
    await here.does(CARRIER, "pack")
    await here.invoices("F-2", 0)
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced")


@story
async def test_in_one_store_the_start_of_handling_waits_for_the_erp(api: Api):
    """Start handling is locked until the ERP has confirmed."""
    await set_policies(api, "m1", erp_confirmation="yes")
    here = await handled(api, process=COMPLETE)
    here.reads("Start handling", "Start handling", HANDLING, at="start-handling")
    for who in (ANNA, M1, ADMIN):
        await here.cannot(who, "cancel", reason="too late")
    for who in (ANNA, ADMIN):
        await here.cannot(who, "requestCancellation")
    await here.does(CARRIER, "confirmHandling")
    here.reads("Handling shipping", "Handling shipping", HANDLING, at="handling")


@story
async def test_in_one_store_a_request_after_the_window_is_decided_by_the_store(api: Api):
    """It is approved, denied with a reason that the customer reads, or answered with the invoice."""
    deciding = ("Waiting for the seller decision", "Waiting for the seller decision", HANDLING)
    approved, denied, invoiced = [await handled(api, process=COMPLETE) for _ in range(3)]
    for here in (approved, denied, invoiced):
        await here.does(ANNA, "requestCancellation", reason="found it cheaper")
        here.reads(*deciding, at="waiting-for-seller-decision")
        assert (await here.path("MARKETPLACE"))[-3:-1] == ["request-cancellation", "request-cancel"]
    await approved.does(M1, "approveCancellation")
    approved.reads("Canceled", "Canceled", "Canceled", at="canceled")
    await denied.does(M1, "denyCancellation", reason="it is on the van")
    denied.reads("Handling shipping", "Handling shipping", HANDLING, at="handling")
    assert denied.answered() == [("DENIED", "it is on the van")]
    await invoiced.invoices("F-1")
    invoiced.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced")
    assert invoiced.answered() == [("INVOICED", None)]


@story
async def test_in_one_store_silence_and_a_second_request_of_the_marketplace_cancel(api: Api):
    """Nobody waits longer than 30 days, and the one who sells may insist."""
    silent, insisted = [await ready(api, process=COMPLETE) for _ in range(2)]
    for here in (silent, insisted):
        await here.does(ADMIN, "requestCancellation", reason="recalled")
    await insisted.does(ADMIN, "cancel", reason="recalled, really")
    insisted.reads("Canceled", "Canceled", "Canceled", at="canceled")
    assert insisted.answered() == [("INSISTED", "recalled, really")]
    await silent.later("P29D")
    assert silent.answered() == [(None, None)]
    await silent.later("P1D")
    silent.reads("Canceled", "Canceled", "Canceled", at="canceled")
    assert silent.answered() == [("LAPSED", None)]


async def test_in_one_store_it_waits_for_stock_and_is_canceled_after_30_days_without(server_api: Api):
    """Its status is Authorize fulfillment until the reservation can be confirmed."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 0}])
    here = await paid(api, process=COMPLETE)
    label = "Authorize fulfillment"
    here.reads(label, label, "Payment approved", at="authorize-fulfillment")
    await here.later("P30D")
    here.reads("Canceled", "Canceled", "Canceled", at="canceled")
