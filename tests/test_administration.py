"""What running the marketplace promises: merchants, policies, the test clock, the demo's checkout."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.actors import Role
from graph.auth import Principal
from graph.demo_catalogue import CATALOGUE
from graph.schema import build_schema
from storage.clock import LATEST, Clock
from tests.acting import ADMIN, ANNA, M1, M2, Api, kinds, minor, person, states


def value(payload: dict[str, Any], name: str) -> str | None:
    """What a payload says that a policy is."""
    return next((each["value"] for each in payload["policies"] if each["name"] == name), None)


# Merchants


async def test_a_merchant_is_registered_and_registered_again_under_a_new_name(api: Api):
    for name in ("Three", "Third"):
        payload = await api.done(ADMIN, "registerMerchant", id="m3", name=f" {name} ")
        assert payload["merchant"] == {"id": "m3", "name": name}


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"id": "", "name": "A"}, ["id"]),
        ({"id": "a.b", "name": "A"}, ["id"]),
        ({"id": "$where", "name": "A"}, ["id"]),
        ({"id": "x" * 65, "name": "A"}, ["id"]),
        ({"id": "m3", "name": " "}, ["name"]),
        ({"id": "m3", "name": "x" * 201}, ["name"]),
    ],
)
async def test_a_merchant_needs_an_id_and_a_name(api: Api, sent: dict[str, str], path: list[str]):
    payload = await api.do(ADMIN, "registerMerchant", **sent)
    assert kinds(payload) == ["InvalidInput"]
    assert (payload["errors"][0]["path"], payload["merchant"]) == (path, None)


# Policies


async def test_the_marketplace_sets_policies_and_reads_all_that_there_are(api: Api):
    payload = await api.done(
        ADMIN,
        "updatePolicies",
        policies=[
            {"name": "return_window", "value": "P2W"},
            {"name": "payment_provider", "value": "external"},
        ],
    )
    assert value(payload, "return_window") == "P14D"
    assert value(payload, "payment_provider") == "external"
    assert value(payload, "cancellation_window") == "PT30M"


async def test_a_merchant_sets_its_own_and_nothing_else(api: Api):
    own = [{"name": "merchant_process", "value": "merchant-distribution"}]
    payload = await api.done(M1, "updatePolicies", policies=own)
    assert {each["name"] for each in payload["policies"]} == {
        "merchant_process",
        "seller_confirmation",
        "warehouse_management",
        "erp_confirmation",
        "picking_and_packing",
    }
    assert value(payload, "merchant_process") == "merchant-distribution"
    assert value(await api.done(M2, "updatePolicies", policies=[]), "merchant_process") == "merchant"
    window = [{"name": "return_window", "value": "P1D"}]
    for refused in (
        await api.do(M1, "updatePolicies", policies=window),
        await api.do(ADMIN, "updatePolicies", policies=window, merchantId="m1"),
    ):
        assert kinds(refused) == ["InvalidInput"]
        assert refused["errors"][0]["path"] == ["policies", "0"]


async def test_another_merchant_is_answered_like_one_that_does_not_exist(api: Api):
    own = [{"name": "merchant_process", "value": "merchant-distribution"}]
    answers = [
        await api.do(M1, "updatePolicies", policies=own, merchantId="m2"),
        await api.do(M1, "updatePolicies", policies=own, merchantId="nobody"),
        await api.do(ADMIN, "updatePolicies", policies=own, merchantId="nobody"),
        await api.do(person(Role.MERCHANT, "x", merchant="m9"), "updatePolicies", policies=own),
    ]
    assert kinds(answers[0]) == ["NotFound"]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("return_window", "30 days", ["policies", "0", "value"]),
        ("return_window", "-P1D", ["policies", "0", "value"]),
        ("return_window", "P1M", ["policies", "0", "value"]),
        ("return_window", "P9999D", ["policies", "0", "value"]),
        ("return_window", "", ["policies", "0", "value"]),
        ("payment_provider", "cash", ["policies", "0"]),
        ("payment_provider", "PT1H", ["policies", "0"]),
        ("no_such_policy", "PT1H", ["policies", "0"]),
    ],
)
async def test_a_policy_that_cannot_be_is_refused_and_nothing_is_set(
    api: Api, name: str, text: str, path: list[str]
):
    sent = [{"name": name, "value": text}, {"name": "payment_timeout", "value": "P1D"}]
    payload = await api.do(ADMIN, "updatePolicies", policies=sent)
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert await api.services.settings.marketplace_policies() == {}


async def test_a_policy_is_set_once_at_a_time(api: Api):
    sent = [{"name": "return_window", "value": text} for text in ("P1D", "P2D")]
    payload = await api.do(ADMIN, "updatePolicies", policies=sent)
    assert payload["errors"][0]["path"] == ["policies", "1", "name"]


async def test_a_list_of_more_policies_than_there_are_is_refused_with_one_error(api: Api):
    payload = await api.do(M1, "updatePolicies", policies=[{"name": "x", "value": "y"}] * 1000)
    assert [error["path"] for error in payload["errors"]] == [["policies"]]


# The test clock


async def test_what_is_due_after_the_test_clock_was_advanced_is_done_before_the_answer(api: Api):
    order = await api.delivered()
    await api.done(ADMIN, "advanceTestClock", by="P29D")
    assert states(await api.now(order)) == [["delivered", "delivered"]] * 2
    await api.done(ADMIN, "advanceTestClock", by="P1DT1M")
    closed = await api.now(order)
    assert states(closed) == [["closed", "closed"]] * 2
    assert closed["status"]["label"].startswith("Delivered")


@pytest.mark.parametrize("by", ["", "1", "-PT1M", "P", "P1Y", "P4000D", "PT1,5S"])
async def test_the_test_clock_takes_durations_only(api: Api, by: str):
    payload = await api.do(ADMIN, "advanceTestClock", by=by)
    assert kinds(payload) == ["InvalidInput"]
    assert (payload["errors"][0]["path"], payload["now"]) == (["by"], None)


async def test_the_test_clock_stops_before_years_that_no_calendar_has(api: Api):
    database = api.services.orders.database
    years = timedelta(days=3650)
    left = LATEST - await api.services.clock.now() - years
    await database.collection("settings").update_one(
        {"_id": "test_clock"}, {"$inc": {"offset_ms": left // timedelta(milliseconds=1)}}, upsert=True
    )
    payload = await api.do(ADMIN, "advanceTestClock", by="P3651D")
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["by"])
    assert payload["errors"][0]["message"] == "The test clock cannot go beyond the year 9899."
    await api.done(ADMIN, "advanceTestClock", by="P3649D")
    assert states(await api.delivered()) == [["delivered", "delivered"]] * 2


@pytest.mark.parametrize("who", [M1, ANNA, person(Role.PAYMENTS, "psp"), person(Role.LOGISTICS, "carrier")])
async def test_nobody_but_the_marketplace_advances_the_test_clock(api: Api, who: Principal):
    document = 'mutation { advanceTestClock(input: {by: "PT1M"}) { now } }'
    [error] = (await api.ask(who, document))["errors"]
    assert error.extensions["code"] == "FORBIDDEN"
    assert await api.services.orders.database.collection("settings").find_one({"_id": "test_clock"}) is None


async def test_a_real_clock_is_not_advanced(api: Api):
    real = Api(replace(api.services, clock=Clock(api.services.orders.database)))
    payload = await real.do(ADMIN, "advanceTestClock", by="PT1M")
    assert (kinds(payload), payload["now"]) == (["InvalidInput"], None)
    assert await api.services.orders.database.collection("settings").find_one({"_id": "test_clock"}) is None


def test_production_has_no_test_clock_and_no_demo():
    development, production = build_schema().as_str(), build_schema(development=False).as_str()
    for name in ("advanceTestClock", "demoCheckout"):
        assert name in development
        assert name not in production


# The demo's checkout


async def test_a_customer_of_the_demo_buys_at_the_prices_of_the_catalogue(api: Api):
    for merchant in {product.merchant_id for product in CATALOGUE.values()}:
        await api.services.merchants.register(merchant, merchant)
    lines = [{"sku": "5830010", "quantity": 2}, {"sku": "6229640"}]
    payload = await api.done(ANNA, "demoCheckout", lines=lines, name="Anna")
    assert payload["order"]["__typename"] == "CustomerOrder"
    order = await api.order(payload["order"]["reference"])
    assert order is not None
    assert order["totals"]["total"]["amount"] == "224.15"
    assert [each["merchantId"] for each in order["lines"]] == ["main", "strbar"]
    assert minor(order["totals"]["shipping"]) == 418


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ([], ["lines"]),
        ([{"sku": "5304"}] * 51, ["lines"]),
        ([{"sku": "5304"}, {"sku": "nothing"}], ["lines", "1", "sku"]),
        ([{"sku": "5304"}, {"sku": "5830010"}], ["lines"]),
        ([{"sku": "5304", "quantity": 0}], ["lines", "0", "quantity"]),
    ],
    ids=["nothing", "too much", "not sold here", "two currencies", "no pieces"],
)
async def test_what_the_demo_does_not_sell_is_not_bought(
    api: Api, lines: list[dict[str, Any]], path: list[str]
):
    await api.services.merchants.register("main", "Main")
    payload = await api.do(ANNA, "demoCheckout", lines=lines)
    assert kinds(payload) == ["InvalidInput"]
    assert (payload["errors"][0]["path"], payload["order"]) == (path, None)


async def test_without_the_demo_there_is_nothing_to_buy(api: Api):
    real = Api(replace(api.services, demo=False))
    payload = await real.do(ANNA, "demoCheckout", lines=[{"sku": "5304"}])
    assert (kinds(payload), payload["order"]) == (["InvalidInput"], None)
