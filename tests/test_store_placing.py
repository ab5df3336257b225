"""What placing in the store processes promises: the marketplace's process, addresses that can be, incomplete
orders that nobody else sees.
"""

import pytest

from graph.demo_catalogue import CATALOGUE
from tests import store_orders as to
from tests.acting import ADMIN, ANNA, M1, Answer, Api, cart, kinds, line
from tests.store_orders import HOME, kept, named, stands, store_cart

STORES = ("marketplace-seller", "complete", "chain")


@pytest.mark.parametrize("process", STORES)
async def test_an_order_with_all_that_it_needs_waits_for_its_payment(api: Api, process: str):
    order = await to.unpaid(api, process=process)
    assert (await stands(api, order))["marketplace"] == "payment-pending"
    assert await api.order(order["reference"], M1) is not None


@pytest.mark.parametrize("process", STORES)
@pytest.mark.parametrize("without", ["deliverTo", "paymentMethod"])
async def test_without_address_or_payment_method_it_is_incomplete_and_no_merchant_sees_it(
    api: Api, process: str, without: str
):
    order = await to.unpaid(api, process=process, **{without: None})
    assert await stands(api, order) == {"marketplace": "incomplete"}
    assert await api.order(order["reference"], ANNA) is not None
    assert await api.order(order["reference"], M1) is None


async def test_an_incomplete_order_that_nobody_completes_is_canceled_by_the_clock(api: Api):
    order = await to.incomplete(api)
    await api.done(ADMIN, "advanceTestClock", by="PT59M")
    assert await stands(api, order) == {"marketplace": "incomplete"}
    await api.done(ADMIN, "advanceTestClock", by="PT1M")
    assert await stands(api, order) == {"marketplace": "canceled"}


async def test_an_incomplete_order_is_canceled_by_nobody(api: Api):
    order = await to.incomplete(api)
    for who in (ANNA, ADMIN):
        payload = await api.do(who, "cancel", order=named(order), reason="so")
        assert kinds(payload) == ["TransitionNotAllowed"]
        assert payload["errors"][0]["message"] == (
            "It is not complete; if it stays so, it expires by itself."
        )


async def test_each_merchant_has_one_merchant_order_from_the_start(api: Api):
    order = await to.unpaid(api, line("A-1", "m1"), line("B-1", "m2"), line("A-2", "m1"))
    first, second = order["merchantOrders"]
    assert (first["merchantId"], second["merchantId"]) == ("m1", "m2")
    assert to.ids(first["lines"]) == [order["lines"][0]["id"], order["lines"][2]["id"]]


async def test_an_order_that_names_no_process_follows_the_one_that_the_marketplace_chose(api: Api):
    assert (await kept(api, await api.placed())).process == "marketplace-merchant"
    await to.set_policies(api, default_process="complete")
    order = await to.unpaid(api, process=None)
    assert (await kept(api, order)).process == "complete"
    assert "default_process" not in [each["name"] for each in order["policies"]]
    assert (await kept(api, await to.unpaid(api, process="chain"))).process == "chain"


async def test_only_the_marketplace_chooses_the_process_and_only_one_that_there_is(api: Api):
    chosen = {"name": "default_process", "value": "complete"}
    for who, merchant, value in ((M1, None, "complete"), (ADMIN, "m1", "complete"), (ADMIN, None, "mine")):
        policies = [{**chosen, "value": value}]
        payload = await api.do(who, "updatePolicies", policies=policies, merchantId=merchant)
        assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["policies", "0"])
    assert await api.services.settings.marketplace_policies() == {}


async def test_an_order_is_placed_once_under_its_key_whatever_process_was_chosen_since(api: Api):
    sent = store_cart(process=None)
    first = await api.done(ADMIN, "placeOrder", key="k1", **sent)
    await to.set_policies(api, default_process="complete")
    again = await api.done(ADMIN, "placeOrder", key="k1", **sent)
    assert (again["order"]["id"], again["replayed"]) == (first["order"]["id"], True)


async def test_where_no_address_is_needed_one_may_be_given(api: Api):
    payload = await api.done(ADMIN, "placeOrder", **cart(deliverTo={**HOME, "region": " "}))
    found = await kept(api, payload["order"])
    assert found.deliver_to
    assert (found.deliver_to.street, found.deliver_to.region) == ("1 Main Street", None)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"deliverTo": {**HOME, "recipient": " "}}, ["deliverTo", "recipient"]),
        ({"deliverTo": {**HOME, "street": "x" * 201}}, ["deliverTo", "street"]),
        ({"deliverTo": {**HOME, "postalCode": ""}}, ["deliverTo", "postalCode"]),
        ({"deliverTo": {**HOME, "city": ""}}, ["deliverTo", "city"]),
        ({"deliverTo": {**HOME, "country": "de"}}, ["deliverTo", "country"]),
        ({"deliverTo": {**HOME, "country": "DEU"}}, ["deliverTo", "country"]),
        ({"deliverTo": {**HOME, "country": "DE\n"}}, ["deliverTo", "country"]),
        ({"deliverTo": {**HOME, "region": "x" * 201}}, ["deliverTo", "region"]),
        ({"paymentMethod": " "}, ["paymentMethod"]),
        ({"paymentMethod": "x" * 201}, ["paymentMethod"]),
    ],
)
@pytest.mark.parametrize("mutation", ["placeOrder", "completeOrder"])
async def test_an_address_or_payment_method_that_cannot_be_is_named_and_nothing_is_done(
    api: Api, mutation: str, change: Answer, path: list[str]
):
    order = await to.incomplete(api)
    if mutation == "placeOrder":
        payload = await api.do(ADMIN, mutation, **store_cart(**change))
    else:
        payload = await api.do(ANNA, mutation, order=named(order), **change)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], path)
    assert await stands(api, order) == {"marketplace": "incomplete"}


@pytest.mark.parametrize("process", STORES)
async def test_a_customer_of_the_demo_plays_the_story_of_a_store(api: Api, process: str):
    product = CATALOGUE["5304"]
    await api.services.merchants.register(product.merchant_id, product.merchant_id)
    payload = await api.done(ANNA, "demoCheckout", lines=[{"sku": product.sku}], process=process)
    found = await kept(api, payload["order"])
    assert (await stands(api, payload["order"], product.merchant_id))["marketplace"] == "payment-pending"
    assert (found.process, found.payment_method) == (process, "card")


async def test_the_demo_has_no_process_that_does_not_exist(api: Api):
    payload = await api.do(ANNA, "demoCheckout", lines=[{"sku": "5304"}], process="mine")
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["process"])
