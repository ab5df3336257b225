"""What nobody can do to the money of others and to what is not for them, through the API."""

from typing import Any

import pytest

from tests import store_keeping as keeping
from tests import store_orders as to
from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, Answer, Api, kinds, line

SECRET = "card reported stolen"


async def test_what_is_paid_reaches_the_merchant_that_it_suffices_for(api: Api):
    order = await to.unpaid(api, line("A-1", "m1", price="60.00"), line("B-1", "m2", price="50.00"))
    await api.done(ADMIN, "recordPayment", order=to.named(order), reference="p1", amount=eur("100.00"))
    assert (await to.stands(api, order, "m2"))["marketplace"] == "payment-approved"
    assert (await to.stands(api, order, "m1"))["marketplace"] == "payment-pending"
    await api.done(ADMIN, "recordPayment", order=to.named(order), reference="p2", amount=eur("10.00"))
    assert (await to.stands(api, order, "m1"))["marketplace"] == "payment-approved"


@pytest.mark.parametrize("stage", [to.unpaid, to.paid, to.handling])
async def test_a_merchant_cannot_make_an_order_dearer_and_the_marketplace_can(api: Api, stage: Any):
    order = await stage(api)
    sent: Answer = {
        "order": to.named(order),
        "reason": "one more",
        "add": [{"sku": "Z-1", "name": "Thing", "quantity": 1, "unitPrice": "1.00"}],
    }
    refused = await api.do(M1, "changeOrder", **sent)
    assert kinds(refused) == ["GuardFailed"]
    assert "only the marketplace can make an order dearer" in refused["errors"][0]["message"]
    assert (await api.now(order))["version"] == order["version"]
    await api.done(ADMIN, "changeOrder", **sent)


@pytest.mark.parametrize("process", ["marketplace-seller", "complete", "chain"])
async def test_why_a_payment_was_denied_is_for_the_marketplace_alone(api: Api, process: str):
    order = await to.unpaid(api, process=process)
    await api.done(PAYMENTS, "denyPayment", order=to.named(order), reason=SECRET)
    for who, scope in ((M1, "merchant"), (ANNA, "storefront")):
        assert SECRET not in str(await told(api, who, scope, order))
    assert SECRET in str(await told(api, ADMIN, "marketplace", order))


async def test_why_another_merchant_was_chosen_is_for_the_marketplace_alone(api: Api):
    await to.set_policies(api, change_seller_window="P1D")
    order = await to.ready(api)
    await api.done(M1, "cancel", order=to.named(order), reason="sold out")
    await api.done(
        ADMIN,
        "changeMerchant",
        order=to.named(order),
        merchantOrder=to.theirs(order),
        merchantId="m2",
        reason=SECRET,
    )
    for who, scope in ((M1, "merchant"), (M2, "merchant"), (ANNA, "storefront")):
        assert SECRET not in str(await told(api, who, scope, order))
    assert SECRET in str(await told(api, ADMIN, "marketplace", order))


async def test_a_merchant_hears_that_its_order_was_changed(api: Api):
    order = await to.paid(api, line("A-1", "m1", quantity=3))
    changed = [{"line": order["lines"][0]["id"], "quantity": 1}]
    await api.done(ADMIN, "changeOrder", order=to.named(order), reason="two less", lines=changed)
    found = await told(api, M1, "merchant", order)
    [row] = [r for r in found["merchant"]["order"]["history"]["nodes"] if r["event"] == "change_order"]
    assert (row["reason"], row["source"], row["target"], row["party"]) == ("two less", None, None, None)


async def test_what_the_payment_provider_did_is_not_for_merchants(api: Api):
    await to.set_policies(api, payment_provider="external")
    order = await to.paid(api)
    await api.done(ADMIN, "cancel", order=to.named(order), reason="sold out")
    [command] = (await keeping.now(api, order))["payment"]["commands"]
    await api.done(
        PAYMENTS, "acknowledgeCommand", order=to.named(order), command=command["id"], result="DONE"
    )
    events = [
        row["event"]
        for row in (await told(api, M1, "merchant", order))["merchant"]["order"]["history"]["nodes"]
    ]
    assert "void_done" not in events
    assert "cancel_by_marketplace" in events


async def test_a_carrier_cannot_pay_money_back(api: Api):
    order = await keeping.invoiced(api)
    taken_back = keeping.invoice(order, "R-1", type="INPUT")
    refused = await api.do(CARRIER, "addInvoice", **taken_back)
    assert kinds(refused) == ["TransitionNotAllowed"]


async def test_an_attempt_that_was_never_made_is_not_acknowledged(api: Api):
    await to.set_policies(api, payment_provider="external")
    order = await to.paid(api)
    await api.done(ADMIN, "cancel", order=to.named(order), reason="sold out")
    [command] = (await keeping.now(api, order))["payment"]["commands"]
    sent: Answer = {"order": to.named(order), "command": command["id"], "result": "DONE"}
    refused = await api.do(PAYMENTS, "acknowledgeCommand", **sent, attempt=9)
    assert kinds(refused) == ["GuardFailed"]
    assert "There was no attempt 9" in refused["errors"][0]["message"]


async def test_an_order_has_no_more_merchants_than_fit_into_it(api: Api):
    for n in range(51):
        await api.services.merchants.register(f"s{n}", f"Shop {n}")
    lines = [line(f"A-{n}", f"s{n}") for n in range(51)]
    refused = await api.do(ADMIN, "placeOrder", **to.store_cart(*lines))
    assert kinds(refused) == ["InvalidInput"]
    await api.done(ADMIN, "placeOrder", **to.store_cart(*lines[:50]))


async def test_tracking_events_do_not_pile_up_without_end(api: Api):
    order = await keeping.invoiced(api)
    sent: Answer = {"order": keeping.reference(order), "invoice": "F-1"}

    async def tell(day: int) -> Answer:
        at = f"2026-01-{day:02}T00:00"
        events = [{"at": f"{at}:{n % 60:02}Z", "description": f"seen {n}"} for n in range(100)]
        return await api.do(M1, "updateTracking", **sent, events=events)

    assert kinds(await tell(1)) == kinds(await tell(2)) == []
    refused = await tell(3)
    assert kinds(refused) == ["InvalidInput"]
    assert "200 tracking events" in refused["errors"][0]["message"]


async def told(api: Api, who: Any, scope: str, order: Answer) -> Answer:
    """Everything that this viewer reads of what happened to the order."""
    reference = order["reference"]
    if scope == "merchant":
        reference = f"{reference}-{2 if who is M2 else 1}"
    query = f"""query ($reference: String!) {{
      {scope} {{ order(by: {{ reference: $reference }}) {{
        history(first: 100) {{ nodes {{ event party source target reason input {{ name value }} }} }}
        {"cancellation { reason }" if scope == "merchant" else ""}
      }} }}
      events(first: 100) {{ nodes {{ event reason }} }}
    }}"""
    await api.services.relay.drain()
    answer = await api.ask(who, query, reference=reference)
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]


def eur(amount: str) -> Answer:
    """An amount in the order's currency."""
    return {"amount": amount, "currency": "EUR"}
