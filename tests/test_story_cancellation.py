"""The text on order cancellation, step by step, then its branches: requests, their answers, what comes back.

Source: seed on the store flows, "Order cancellation".
"""

from graph.auth import Principal
from tests.acting import ADMIN, ANNA, M1, PAYMENTS, Api, line
from tests.store_orders import HOME, set_policies
from tests.stories import handled, paid, placed, ready, shelf, story

CANCELED = "canceled × canceled"
DECIDING = ("Waiting for the seller decision", "Cancellation requested", "Handling order")
ASKED = "waiting-for-seller-decision × cancellation-requested"

# The text


async def test_while_an_order_is_incomplete_its_flow_does_not_start_and_nothing_is_reserved(server_api: Api):
    """No seller handles its items and no stock is reserved for them; it is canceled when its hour is over."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 5}])
    here = await placed(api, deliverTo=None, paymentMethod=None)
    here.reads(None, None, None, at="incomplete")
    assert here.portals == {"m1": None}
    assert await shelf(api) == {"onHand": 5, "available": 5}
    await here.later("PT1H")
    here.reads("Canceled", None, "Canceled", at="canceled")
    assert await shelf(api) == {"onHand": 5, "available": 5}


async def test_canceled_in_the_grace_period_the_items_are_free_and_after_handling_they_stay_reserved(
    server_api: Api,
):
    """The customer cancels in the grace period, or requests it of the store: only what was not handled yet is
    available again.
    """
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 5}])
    here = await paid(api)
    assert await shelf(api) == {"onHand": 5, "confirmed": 1, "available": 4}
    await here.does(ANNA, "cancel")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert await shelf(api) == {"onHand": 5, "available": 5}
    here = await handled(api)
    await here.does(ANNA, "requestCancellation")
    await here.does(M1, "approveCancellation")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert await shelf(api) == {"onHand": 4, "acknowledged": 1, "available": 4}


@story
async def test_the_store_cancels_be_it_the_seller_or_the_marketplace(api: Api):
    """Both can, and who did and why is kept."""
    for who, role in ((M1, "MERCHANT"), (ADMIN, "MARKETPLACE")):
        here = await paid(api)
        await here.does(who, "cancel", reason="recalled")
        here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
        assert here.part()["cancellation"] == {"role": role, "event": "cancel", "reason": "recalled"}


@story
async def test_the_refund_depends_on_where_the_payment_stands_and_how_it_was_paid(api: Api):
    """What was approved is let go of, what is in already is paid back, what was never paid needs nothing."""
    unpaid, approved, transferred = [await placed(api) for _ in range(3)]
    await approved.pays()
    await transferred.pays(captured=True)
    for here in (unpaid, approved, transferred):
        await here.does(ANNA, "cancel")
        here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert (unpaid.commands(), unpaid.refunded()) == ([], 0)
    assert (approved.commands(), approved.refunded()) == ([("VOID", "DONE", 1000)], 0)
    assert (transferred.commands(), transferred.refunded()) == ([("REFUND", "DONE", 1000)], 1000)


@story
async def test_with_a_partial_invoice_it_cannot_be_canceled_but_its_items_can_be_changed(api: Api):
    """The rest of it can be removed or replaced instead."""
    here = await handled(api, line("A-1", quantity=3))
    await here.invoices("F-1", 1, value="10.00")
    for who, mutation in (
        (ANNA, "cancel"),
        (ANNA, "requestCancellation"),
        (M1, "cancel"),
        (ADMIN, "cancel"),
        (ADMIN, "requestCancellation"),
    ):
        await here.cannot(who, mutation, reason="too late")
    own = here.part()["lines"][0]["id"]
    other = {"sku": "A-2", "name": "Product A-2", "quantity": 1, "unitPrice": "10.00"}
    await here.does(
        M1, "changeOrder", lines=[{"line": own, "quantity": 1}], add=[other], reason="A-1 is sold out"
    )
    assert here.part()["totals"]["total"]["amount"] == "20.00"
    assert here.money() == {"approved": 2000, "captured": 1000}
    await here.invoices("F-2", 0, 1)
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")


@story
async def test_while_the_cancellation_is_processed_it_is_canceling_and_then_canceled(api: Api):
    """Only the payment provider's confirmation ends Canceling; nobody else moves it."""
    await set_policies(api, payment_provider="external")
    here = await paid(api)
    await here.does(ADMIN, "cancel", reason="recalled")
    here.reads("Canceling", "Canceling", "Handling order", at="cancel × cancel")
    await here.later("P30D")
    for who in (ANNA, M1):
        await here.cannot(who, "cancel", reason="hurry")
        await here.cannot(who, "confirmCancellation")
    again = await here.does(ADMIN, "cancel", reason="recalled")
    assert (again["moved"], len(again["skipped"])) == ([], 1)
    here.reads("Canceling", "Canceling", "Handling order", at="cancel × cancel")
    await here.does(PAYMENTS, "confirmCancellation")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert here.money() == {}


async def test_canceled_after_handling_the_seller_puts_the_items_back_and_they_can_be_sold_again(
    server_api: Api,
):
    """Before handling the reservation is canceled by itself; after it the order says what has to go back."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 5}])
    before = await ready(api, line("A-1", quantity=2))
    await before.does(M1, "cancel", reason="broken")
    assert before.part()["restocks"] == []
    assert await shelf(api) == {"onHand": 5, "available": 5}
    after = await handled(api, line("A-1", quantity=2))
    await after.does(M1, "cancel", reason="broken")
    [row] = after.part()["restocks"]
    assert (row["sku"], row["quantity"], row["done"]) == ("A-1", 2, False)
    assert await shelf(api) == {"onHand": 3, "acknowledged": 2, "available": 3}
    await after.does(M1, "restock")
    assert after.part()["restocks"][0]["done"] is True
    assert await shelf(api) == {"onHand": 5, "available": 5}


# Its branches


@story
async def test_an_incomplete_order_is_completed_by_its_customer_or_expires(api: Api):
    """What is missing can be given in its first hour, and only then does anybody read a label."""
    completed, expired = [await placed(api, deliverTo=None, paymentMethod=None) for _ in range(2)]
    for here in (completed, expired):
        here.reads(None, None, None, at="incomplete")
        await here.cannot(ANNA, "completeOrder", paymentMethod="card")
    await completed.does(ANNA, "completeOrder", deliverTo=HOME, paymentMethod="card")
    completed.reads(
        "Payment pending",
        "Waiting for fulfillment authorization",
        "Approving payment",
        at="payment-pending × waiting-for-manual-authorization",
    )
    for who in (ANNA, ADMIN):
        error = await expired.cannot(who, "cancel", reason="so")
        assert error["message"] == "It is not complete; if it stays so, it expires by itself."
    await expired.later("PT1H")
    expired.reads("Canceled", None, "Canceled", at="canceled")


@story
async def test_an_approved_request_cancels_and_the_money_goes_back_by_itself(api: Api):
    """The seller agrees: nobody has to refund anything by hand."""
    await set_policies(api, payment_provider="external")
    here = await ready(api)
    await here.does(ANNA, "requestCancellation", reason="found it cheaper")
    here.reads(*DECIDING, at=ASKED)
    assert (await here.path("MARKETPLACE"))[-3:-1] == ["request-cancellation", "request-cancel"]
    assert here.portals["m1"]
    assert here.portals["m1"]["cancellationRequests"][0]["reason"] == "found it cheaper"
    await here.does(M1, "approveCancellation", reason="of course")
    here.reads("Canceling", "Canceling", "Handling order", at="cancel × cancel")
    await here.settles()
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert here.answered() == [("APPROVED", "of course")]


@story
async def test_a_denied_request_restores_what_was_before_and_the_customer_reads_the_reason(api: Api):
    """Denied, the order goes on where it was; it can be requested again."""
    for begin, at, portal in (
        (ready, "payment-approved × ready-for-handling", "Ready for handling"),
        (handled, "payment-approved × handling", "Handling shipping"),
    ):
        here = await begin(api)
        await here.does(ANNA, "requestCancellation", reason="too slow")
        await here.does(M1, "denyCancellation", reason="it leaves today")
        here.reads("Payment approved", portal, "Handling order", at=at)
        assert here.answered() == [("DENIED", "it leaves today")]
        await here.does(ANNA, "requestCancellation", reason="still too slow")
        here.reads(*DECIDING, at=ASKED)
        assert [verdict for verdict, _ in here.answered()] == ["DENIED", None]


@story
async def test_a_request_that_nobody_answers_for_30_days_is_granted(api: Api):
    """Silence counts as yes."""
    here = await handled(api)
    await here.does(ANNA, "requestCancellation", reason="too slow")
    await here.later("P29D")
    here.reads(*DECIDING, at=ASKED)
    await here.later("P1D")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert here.answered() == [("LAPSED", None)]
    assert here.part()["cancellation"]["reason"] == "too slow"


@story
async def test_when_the_marketplace_asks_a_second_time_nobody_has_to_answer(api: Api):
    """The second request wins; a customer can only wait for the answer to the first."""
    here = await handled(api)
    await here.does(ADMIN, "requestCancellation", reason="recalled")
    here.reads(*DECIDING, at=ASKED)
    await here.cannot(ANNA, "requestCancellation")
    error = await here.cannot(ANNA, "cancel")
    assert error["message"] == "It was asked to cancel it; the merchant has not decided yet."
    await here.does(ADMIN, "cancel", reason="recalled, really")
    here.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    assert here.answered() == [("INSISTED", "recalled, really")]


@story
async def test_an_invoice_is_the_answer_no(api: Api):
    """While a request is open, the seller that invoices has denied it."""
    here = await handled(api)
    await here.does(ANNA, "requestCancellation")
    await here.invoices("F-1")
    here.reads("Invoiced", "Invoiced", "In transit to carrier", at="invoiced × invoiced")
    assert here.answered() == [("INVOICED", None)]


@story
async def test_before_the_payment_it_is_free_or_by_request_as_the_marketplace_has_set(api: Api):
    """Set to by request, the seller is asked, and with its approval the order is canceled."""
    free = await placed(api)
    await free.does(ANNA, "cancel")
    free.reads("Canceled", "Canceled", "Canceled", at=CANCELED)
    await set_policies(api, cancel_before_payment="request")
    asked = await placed(api)
    await asked.cannot(ANNA, "cancel")
    await asked.does(ANNA, "requestCancellation")
    decision = ("Waiting for the seller decision", "Cancellation requested", "Approving payment")
    asked.reads(*decision, at=ASKED)
    await asked.does(M1, "approveCancellation")
    asked.reads("Canceled", "Canceled", "Canceled", at=CANCELED)


@story
async def test_who_canceled_first_stays_who_canceled(api: Api):
    """The seller's reason is not overwritten by whoever tries after it."""
    await set_policies(api, payment_provider="external")
    here = await paid(api)
    await here.does(M1, "cancel", reason="sold out")
    tries: list[Principal] = [ANNA, ADMIN]
    for who in tries:
        await here.cannot(who, "cancel", reason="mine")
    await here.settles()
    assert here.part()["cancellation"] == {"role": "MERCHANT", "event": "cancel", "reason": "sold out"}
