"""What the flow texts say of invoices and payments in passing: errors, an outside provider, what comes back.

Source: seed on the store flows, "Verifying invoice" and the status table.
"""

from tests.acting import ADMIN, ANNA, CARRIER, M1, PAYMENTS, Api, line
from tests.store_orders import set_policies
from tests.stories import handled, paid, placed, ready, story

VERIFYING = ("Verifying invoice", "Verifying invoice", "Handling order")
SHIPPING = ("Payment approved", "Handling shipping", "Handling order")


@story
async def test_with_an_outside_provider_the_invoice_waits_for_the_money_and_is_locked(api: Api):
    """Verifying invoice stays until the payment is settled; nobody cancels or changes the order meanwhile."""
    await set_policies(api, payment_provider="external")
    here = await handled(api)
    await here.invoices("F-1")
    here.reads(*VERIFYING, at="invoice × invoice")
    assert here.commands() == [("CAPTURE", "PENDING", 1000)]
    for who in (ANNA, M1, ADMIN):
        await here.cannot(who, "cancel", reason="too late")
    for who in (ANNA, ADMIN):
        await here.cannot(who, "requestCancellation")
    await here.settles()
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")


@story
async def test_with_an_outside_provider_a_cancellation_waits_for_the_money(api: Api):
    """Canceling ends with the provider's answer: each command acknowledged, or the whole confirmed."""
    await set_policies(api, payment_provider="external")
    acknowledged, confirmed = [await placed(api) for _ in range(2)]
    for here in (acknowledged, confirmed):
        await here.pays(captured=True)
        await here.does(ANNA, "cancel")
        here.reads("Canceling", "Canceling", "Handling order", at="cancel × cancel")
        assert here.commands() == [("REFUND", "PENDING", 1000)]
        assert here.refunded() == 0
    await acknowledged.settles("REFUSED")
    acknowledged.reads("Canceling", "Canceling", "Handling order", at="cancel × cancel")
    await acknowledged.does(ADMIN, "retryCommand", command=acknowledged.order["payment"]["commands"][0]["id"])
    await acknowledged.settles()
    await confirmed.does(PAYMENTS, "confirmCancellation")
    for here in (acknowledged, confirmed):
        here.reads("Canceled", "Canceled", "Canceled", at="canceled × canceled")
        assert here.refunded() == 1000


@story
async def test_invoices_that_are_wrong_are_refused_with_what_is_left(api: Api):
    """Too early, too high, too many pieces, a number taken: none of them moves the order."""
    here = await ready(api, line("A-1", quantity=2))
    await here.cannot(M1, "addInvoice", **here.bill("F-1"))
    await here.does(M1, "startHandling")
    error = await here.cannot(M1, "addInvoice", **here.bill("F-1", value="20.01"))
    assert "At most 20.00 EUR can still be invoiced" in error["message"]
    await here.cannot(M1, "addInvoice", **here.bill("F-1", 3))
    first = here.bill("F-1", 1, value="5.00")
    await here.does(M1, "addInvoice", **first)
    here.reads(*SHIPPING, at="payment-approved × handling")
    again = await here.does(M1, "addInvoice", **first)
    assert (again["moved"], len(again["skipped"])) == ([], 1)
    error = await here.cannot(M1, "addInvoice", **here.bill("F-1", 1, value="6.00"))
    assert "5.00 EUR" in error["message"]
    await here.invoices("F-2", 1)
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")


@story
async def test_an_erp_invoices_as_well_as_the_seller(api: Api):
    """The invoice usually comes from the seller's ERP."""
    here = await handled(api)
    await here.invoices("F-1", by=CARRIER)
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")


@story
async def test_what_the_customer_returns_is_refunded_by_an_input_invoice_and_the_status_stays(api: Api):
    """Seller or marketplace take the goods back; never more than was invoiced."""
    here = await handled(api, line("A-1", quantity=2))
    await here.cannot(M1, "addInvoice", **here.bill("R-1", 1, value="10.00", type="INPUT"))
    await here.invoices("F-1")
    for number, who in (("R-1", M1), ("R-2", ADMIN)):
        await here.does(who, "addInvoice", **here.bill(number, 1, value="10.00", type="INPUT"))
        here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")
    assert here.refunded() == 2000
    await here.cannot(M1, "addInvoice", **here.bill("R-3", 1, value="0.01", type="INPUT"))


@story
async def test_goods_of_two_invoices_are_shipped_once_both_have_arrived(api: Api):
    """The customer reads how far the whole is, not its first parcel."""
    here = await handled(api, line("A-1", quantity=2))
    await here.invoices("F-1", 1, value="10.00")
    await here.does(M1, "updateTracking", invoice="F-1", isDelivered=True)
    here.reads(*SHIPPING, at="payment-approved × handling")
    await here.invoices("F-2", 1)
    here.reads("Invoiced", "Invoiced", "Delivering order", at="invoiced × invoiced")
    await here.does(CARRIER, "updateTracking", invoice="F-2", isDelivered=True)
    here.reads("Invoiced", "Invoiced", "Order shipped", at="invoiced × invoiced")


@story
async def test_a_change_that_leaves_nothing_to_invoice_settles_the_order_without_another_invoice(api: Api):
    """What was invoiced in part and then reduced to that part is verified and Invoiced."""
    here = await handled(api, line("A-1", quantity=2))
    await here.invoices("F-1", 1, value="10.00")
    own = here.part()["lines"][0]["id"]
    await here.does(ADMIN, "changeOrder", lines=[{"line": own, "quantity": 1}], reason="the other is broken")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")
    assert (await here.path("MARKETPLACE"))[-2:] == ["invoice", "invoiced"]
    assert here.money() == {"approved": 1000, "captured": 1000}


@story
async def test_payments_of_several_parts_add_up_to_an_approved_payment(api: Api):
    """Payment pending lasts until all that is due is there."""
    here = await placed(api)
    await here.pays("4.00", "pay-1")
    here.reads(
        "Payment pending",
        "Waiting for fulfillment authorization",
        "Approving payment",
        at="payment-pending × waiting-for-manual-authorization",
    )
    await here.pays("6.00", "pay-2", captured=True)
    here.reads(
        "Payment approved", "Cancellation window", "Handling order", at="payment-approved × window-to-cancel"
    )
    assert here.money() == {"approved": 1000, "captured": 600}
    whole = await paid(api)
    assert whole.money() == {"approved": 1000}
