"""What placing an order promises: totals and shares to the last cent, policies stamped, nothing wrong."""

from datetime import timedelta

import pytest

from tests.acting import ADMIN, ANNA, BEN, Answer, Api, by, cart, kinds, line, minor, states


async def test_an_order_is_new_on_every_line_and_its_customer_sees_it(api: Api):
    order = await api.placed()
    assert states(order) == [["new"], ["new"]]
    assert order["version"] == 1
    seen = await api.order(order["reference"], ANNA)
    assert seen is not None
    assert seen["status"]["label"] == "Confirmed / Accepted"
    assert await api.order(order["reference"], BEN) is None


async def test_a_real_cart_adds_up_to_what_the_customer_was_told(api: Api):
    order = await api.placed(
        line("5830010", "m1", price="69.99", discount="17.50"),
        line("6229640", "m2", price="79.99", discount="20.00"),
        currency="USD",
        shipping=[{"merchantId": "m1", "amount": "2.09"}, {"merchantId": "m2", "amount": "2.09"}],
        total="116.66",
    )
    assert order["totals"]["total"] == {"amount": "116.66", "minorUnits": 11666, "currency": "USD"}


async def test_the_orders_of_two_merchants_add_up_to_the_order_to_the_last_cent(api: Api):
    order = await api.sent(
        line("A-1", "m1", quantity=3, price="0.33", discount="0.05", tax="0.07"),
        line("B-1", "m2", quantity=7, price="19.99", tax="11.19"),
        line("A-2", "m1", quantity=1, price="5.00"),
        line("A-3", "m1", quantity=2, price="0.01"),
        shipping=[{"merchantId": "m1", "amount": "4.99"}, {"merchantId": "m2", "amount": "0.01"}],
    )
    first, second = order["merchantOrders"]
    assert [first["merchantId"], second["merchantId"]] == ["m1", "m2"]
    assert first["reference"] != second["reference"]
    for what in ("items", "discount", "tax", "shipping", "total"):
        whole = minor(order["totals"][what])
        assert minor(first["totals"][what]) + minor(second["totals"][what]) == whole
        if what in ("shipping", "total"):
            assert sum(minor(each[what]) for each in order["lines"]) == whole
    assert (minor(first["totals"]["shipping"]), minor(second["totals"]["shipping"])) == (499, 1)
    assert len(first["lines"]) + len(second["lines"]) == 4


async def test_an_order_is_split_only_once(api: Api):
    order = await api.sent()
    again = await api.done(ADMIN, "sendToMerchant", order=by(order))
    assert again["moved"] == []
    assert again["order"]["merchantOrders"] == order["merchantOrders"]
    assert again["order"]["version"] == order["version"]


@pytest.mark.parametrize(("currency", "price", "total"), [("JPY", "1250", 1250), ("KWD", "1.255", 1255)])
async def test_every_currency_has_its_own_decimals(api: Api, currency: str, price: str, total: int):
    order = await api.placed(line("A", price=price), currency=currency)
    assert order["totals"]["total"] == {"amount": price, "minorUnits": total, "currency": currency}


async def test_what_policies_said_when_it_was_placed_holds_for_an_order(api: Api):
    await api.done(ADMIN, "updatePolicies", policies=[{"name": "cancellation_window", "value": "PT0S"}])
    order = await api.placed(line("A"))
    await api.done(ADMIN, "updatePolicies", policies=[{"name": "cancellation_window", "value": "PT2H"}])
    assert states(await api.pay(order)) == [["sent_to_merchant", "new"]]
    assert states(await api.pay(await api.placed(line("A")))) == [["paid"]]


async def test_a_merchants_own_policy_holds_for_its_lines_only(api: Api):
    policy = {"name": "merchant_process", "value": "merchant-distribution"}
    await api.done(ADMIN, "updatePolicies", policies=[policy], merchantId="m2")
    order = await api.placed()
    own = [each for each in order["policies"] if each["merchantId"]]
    assert own == [{**policy, "merchantId": "m2"}]


async def test_an_external_reference_is_unique_in_its_channel(api: Api):
    order = await api.placed(externalReference="web-1")
    payload = await api.do(ADMIN, "placeOrder", **cart(externalReference="web-1"))
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == ["externalReference"]
    other = await api.placed(externalReference="web-1", channel="phone")
    assert other["id"] != order["id"]
    assert other["channel"] == "phone"


async def test_an_order_that_nobody_pays_is_canceled_by_the_clock(api: Api):
    order = await api.placed(line("A"))
    await api.done(ADMIN, "advanceTestClock", by="P6DT23H59M")
    assert states(await api.now(order)) == [["new"]]
    await api.done(ADMIN, "advanceTestClock", by="PT2M")
    assert states(await api.now(order)) == [["canceled"]]


async def test_a_payment_makes_the_cancellation_window_run_and_its_end_splits_the_order(api: Api):
    order = await api.paid()
    before = await api.services.clock.now()
    await api.done(ADMIN, "advanceTestClock", by="PT30M")
    assert await api.services.clock.now() - before >= timedelta(minutes=30)
    order = await api.now(order)
    assert states(order) == [["sent_to_merchant", "new"]] * 2
    assert [each["reference"] for each in order["merchantOrders"]] == [
        f"{order['reference']}-1",
        f"{order['reference']}-2",
    ]


async def _count(api: Api) -> int:
    document = "{ marketplace { orders(first: 1) { totalCount } } }"
    answer = await api.ask(ADMIN, document)
    return answer["data"]["marketplace"]["orders"]["totalCount"]


# Nothing wrong is ever placed; what is wrong is named with its place in the input.


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"currency": "EURO"}, ["currency"]),
        ({"currency": "eur"}, ["currency"]),
        ({"lines": []}, ["lines"]),
        ({"lines": [line("A")] * 1_001}, ["lines"]),
        ({"lines": [line("A", quantity=0)]}, ["lines", "0", "quantity"]),
        ({"lines": [line("A"), line("B", quantity=-1)]}, ["lines", "1", "quantity"]),
        ({"lines": [line("A", quantity=2_000_000)]}, ["lines", "0", "quantity"]),
        ({"lines": [line("A", price="1.999")]}, ["lines", "0", "unitPrice"]),
        ({"lines": [line("A", price="-1.00")]}, ["lines", "0", "unitPrice"]),
        ({"lines": [line("A", price="99999999999999999999")]}, ["lines", "0", "unitPrice"]),
        ({"lines": [line("A", quantity=1_000_000, price="90000000000.00")]}, ["lines"]),
        ({"lines": [line("A", discount="0.001")]}, ["lines", "0", "discount"]),
        ({"lines": [line("A", discount="10.01")]}, ["lines", "0", "discount"]),
        ({"lines": [line("A", tax="-0.01")]}, ["lines", "0", "tax"]),
        ({"lines": [line("A", "nobody")]}, ["lines", "0", "merchantId"]),
        ({"lines": [line("  ")]}, ["lines", "0", "sku"]),
        ({"lines": [line("A" * 201)]}, ["lines", "0", "sku"]),
        ({"shipping": [{"merchantId": "m3", "amount": "1.00"}]}, ["shipping", "0"]),
        ({"shipping": [{"merchantId": "m1", "amount": "1.234"}]}, ["shipping", "0", "amount"]),
        (
            {"shipping": [{"merchantId": "m2", "amount": "1"}, {"merchantId": "m1", "amount": "-1"}]},
            ["shipping", "1"],
        ),
        (
            {"shipping": [{"merchantId": "m1", "amount": "1"}, {"merchantId": "m1", "amount": "1"}]},
            ["shipping", "1", "merchantId"],
        ),
        ({"total": "20.01"}, ["total"]),
        ({"total": "20.001"}, ["total"]),
        ({"process": "no-such-process"}, ["process"]),
        ({"channel": ""}, ["channel"]),
        ({"externalReference": " "}, ["externalReference"]),
        ({"customer": {"id": "", "name": "Anna", "email": "a@b"}}, ["customer", "id"]),
        ({"idempotencyKey": ""}, ["idempotencyKey"]),
        ({"idempotencyKey": "k" * 256}, ["idempotencyKey"]),
    ],
)
async def test_what_is_wrong_with_a_cart_is_named_and_nothing_is_placed(
    api: Api, change: Answer, path: list[str]
):
    payload = await api.do(ADMIN, "placeOrder", **{**cart(), **change})
    assert set(kinds(payload)) == {"InvalidInput"}
    assert payload["errors"][0]["path"] == path
    assert payload["order"] is None
    assert await _count(api) == 0


async def test_everything_that_is_wrong_is_named_at_once(api: Api):
    lines = [line("A" * 201, price="0.001"), {**line("B", tax="0.005"), "name": ""}]
    payload = await api.do(ADMIN, "placeOrder", **cart(*lines, total="1.111", channel=" "))
    assert sorted(error["path"] for error in payload["errors"]) == [
        ["channel"],
        ["lines", "0", "name"],
        ["lines", "0", "sku"],
        ["lines", "0", "unitPrice"],
        ["lines", "1", "name"],
        ["lines", "1", "tax"],
        ["total"],
    ]
