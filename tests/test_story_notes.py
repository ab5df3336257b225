"""The important notes of the store flows, one after the other.

Source: seed on the store flows, "Important notes", and the remark under the status table.
"""

from domain.actors import Role
from tests.acting import ADMIN, ANNA, M1, Answer, Api, line, person
from tests.store_orders import HOME, set_policies
from tests.stories import Story, handled, paid, placed, ready, shelf, story

CLERK = person(Role.MARKETPLACE, "clerk")
"""Somebody else than those who try after it: who repeats what it did itself is not refused."""
FLOWS = ("marketplace-seller", "complete", "chain")


@story
async def test_every_order_is_incomplete_at_first_and_completed_at_the_last_step_of_the_purchase(api: Api):
    """Also the one that has all its data passes through it; what lacks some stays there."""
    for process in FLOWS:
        here = await placed(api, process=process)
        assert (await here.path("MARKETPLACE"))[:2] == ["incomplete", "order-created"]
        lacking = await placed(api, process=process, paymentMethod=None)
        lacking.reads(None, None, None, at="incomplete")
        await lacking.cannot(ADMIN, "completeOrder", deliverTo=HOME)
        await lacking.does(ADMIN, "completeOrder", paymentMethod="card")
        assert lacking.order["status"]["label"] == "Payment pending"
        expired = await placed(api, process=process, paymentMethod=None)
        await expired.later("PT1H")
        assert await expired.path("MARKETPLACE") == ["incomplete", "cancel", "canceled"]


@story
async def test_orders_can_be_changed_until_they_start_to_be_invoiced(api: Api):
    """Quantities go up and down, lines are added; the money follows. What is invoiced changes no more."""
    for process in ("marketplace-seller", "complete"):
        for begin in (placed, paid, ready, handled):
            here = await begin(api, line("A-1", quantity=2), process=process)
            before = here.part()["states"]
            await here.does(ADMIN, "changeOrder", lines=_pieces(here, 1), reason="one is broken")
            assert here.part()["states"] == before
            assert here.part()["totals"]["total"]["amount"] == "10.00"
        await here.invoices("F-1")
        await here.cannot(ADMIN, "changeOrder", lines=_pieces(here, 2), reason="one more")


@story
async def test_a_cancellation_that_the_store_denies_before_the_payment_leads_on_to_payment_pending(api: Api):
    """The customer's request is denied, and the order waits for its payment (again)."""
    await set_policies(api, cancel_before_payment="request")
    await set_policies(api, "m1", seller_confirmation="manual")
    for process in FLOWS:
        here = await placed(api, process=process)
        assert here.order["status"]["label"] == "Waiting for seller confirmation"
        await here.does(ANNA, "requestCancellation", reason="changed my mind")
        assert here.order["status"]["label"] == "Waiting for the seller decision"
        assert here.account["status"]["label"] == "Order placed"
        await here.does(M1, "denyCancellation", reason="it is made to measure")
        if here.order["status"]["label"] == "Waiting for seller confirmation":
            await here.does(M1, "acceptOrder")
        assert here.order["status"]["label"] == "Payment pending"
        assert here.account["status"]["label"] == "Approving payment"
        assert here.answered() == [("DENIED", "it is made to measure")]


@story
async def test_ready_for_handling_goes_on_only_when_the_store_confirms(api: Api):
    """No time that passes starts the handling."""
    for process in FLOWS:
        here = await ready(api, process=process)
        await here.later("P365D")
        assert here.part()["states"][-1]["state"]["code"] == "ready-for-handling"
        await here.does(M1, "startHandling")
        assert here.part()["states"][-1]["state"]["code"] == "handling"


async def test_the_number_of_items_in_stock_is_updated_by_itself(server_api: Api):
    """Held, confirmed, taken off the shelf and free again: nobody counts for it."""
    api = server_api
    await api.done(M1, "setStock", items=[{"sku": "A-1", "onHand": 5}])
    here = await placed(api, line("A-1", quantity=2), process="chain")
    assert await shelf(api) == {"onHand": 5, "held": 2, "available": 3}
    other = await paid(api, line("A-1", quantity=1), process="complete")
    assert await shelf(api) == {"onHand": 5, "held": 2, "confirmed": 1, "available": 2}
    await here.later("P7D")
    await other.look()
    assert here.order["status"]["label"] == "Canceled"
    assert await shelf(api) == {"onHand": 5, "confirmed": 1, "available": 4}
    await other.does(M1, "startHandling")
    assert await shelf(api) == {"onHand": 4, "acknowledged": 1, "available": 4}


@story
async def test_statuses_with_an_asterisk_allow_no_change_and_no_cancellation_by_anybody(api: Api):
    """In Canceling, Start handling and Verifying invoice only the platform moves the order on."""
    await set_policies(api, payment_provider="external")
    await set_policies(api, "m1", erp_confirmation="yes")
    for process in ("marketplace-seller", "complete"):
        starting = await handled(api, process=process)
        await _nothing(starting, "start-handling")
        canceling = await paid(api, process=process)
        await canceling.does(CLERK, "cancel", reason="recalled")
        await _nothing(canceling, "cancel")
    await set_policies(api, "m1", erp_confirmation="no")
    for process in ("marketplace-seller", "complete"):
        verifying = await handled(api, process=process)
        await verifying.invoices("F-1")
        await _nothing(verifying, "invoice")


async def _nothing(here: Story, at: str) -> None:
    """Nobody cancels or changes it."""
    assert here.part()["states"][-1]["state"]["code"] == at
    for who in (ANNA, M1, ADMIN):
        assert (await here.cannot(who, "cancel", reason="so"))["message"]
    for who in (ANNA, ADMIN):
        assert (await here.cannot(who, "requestCancellation", reason="so"))["message"]
    for who in (M1, ADMIN):
        assert (await here.cannot(who, "changeOrder", lines=_pieces(here, 2), reason="so"))["message"]


def _pieces(here: Story, quantity: int) -> list[Answer]:
    return [{"line": each["id"], "quantity": quantity} for each in here.part()["lines"]]
