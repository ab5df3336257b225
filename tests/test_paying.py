"""What recording a payment promises: payments add up, none is booked twice, never more than is due."""

from typing import Any

import pytest

from tests.acting import ADMIN, ANNA, PAYMENTS, Answer, Api, by, kinds, line, minor, states


def pays(order: Answer, amount: str, reference: str = "p1", currency: str = "EUR", **more: Any) -> Answer:
    """The input of recordPayment; the payment system knows the order by its reference."""
    money = {"amount": amount, "currency": currency}
    return {"order": {"reference": order["reference"]}, "amount": money, "reference": reference, **more}


async def test_several_payments_add_up_and_the_last_one_pays_every_line(api: Api):
    order = await api.placed()
    first = await api.done(PAYMENTS, "recordPayment", **pays(order, "7.01"))
    assert first["order"]["__typename"] == "PaymentsOrder"
    order = await api.now(order)
    assert states(order) == [["new"], ["new"]]
    assert (
        sum(minor(each["captured"]) for each in order["lines"]) == minor(order["payment"]["captured"]) == 701
    )
    await api.done(PAYMENTS, "recordPayment", **pays(order, "12.99", "p2"))
    order = await api.now(order)
    assert states(order) == [["paid"], ["paid"]]
    assert minor(order["payment"]["due"]) == 0
    assert [each["reference"] for each in order["payment"]["payments"]] == ["p1", "p2"]


async def test_the_same_payment_again_changes_nothing(api: Api):
    order = await api.placed()
    first = await api.done(PAYMENTS, "recordPayment", **pays(order, "20.00"))
    again = await api.done(PAYMENTS, "recordPayment", **pays(order, "20.00"))
    assert again["order"]["version"] == first["order"]["version"]
    assert minor((await api.now(order))["payment"]["captured"]) == 2000


async def test_the_same_reference_with_another_amount_is_refused(api: Api):
    order = await api.placed()
    await api.done(PAYMENTS, "recordPayment", **pays(order, "5.00"))
    payload = await api.do(PAYMENTS, "recordPayment", **pays(order, "6.00"))
    [error] = payload["errors"]
    assert (error["__typename"], error["rule"]) == ("GuardFailed", "payment_reference")
    assert error["path"] == ["reference"]
    assert "already recorded with 5.00 EUR" in error["message"]
    assert minor((await api.now(order))["payment"]["captured"]) == 500


@pytest.mark.parametrize(("paid", "left"), [("20.01", "20.00 EUR are due"), ("21.00", "20.00 EUR are due")])
async def test_more_than_is_due_is_refused_with_what_is(api: Api, paid: str, left: str):
    order = await api.placed()
    payload = await api.do(ADMIN, "recordPayment", **pays(order, paid))
    [error] = payload["errors"]
    assert (error["__typename"], error["rule"], error["path"]) == ("GuardFailed", "due", ["amount"])
    assert left in error["message"]
    assert minor((await api.now(order))["payment"]["captured"]) == 0


async def test_for_a_line_that_was_canceled_unpaid_nothing_is_due(api: Api):
    order = await api.placed(line("A"), line("B", price="2.50"))
    reference = {"reference": order["reference"]}
    await api.done(ANNA, "cancelLines", order=reference, lines=[{"line": order["lines"][0]["id"]}])
    order = await api.now(order)
    assert minor(order["payment"]["due"]) == 250
    assert states(await api.pay(order)) == [["canceled"], ["paid"]]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (("0.00", "p1", "EUR"), ["amount", "amount"]),
        (("-5.00", "p1", "EUR"), ["amount", "amount"]),
        (("5.001", "p1", "EUR"), ["amount", "amount"]),
        (("5.00", "p1", "USD"), ["amount", "currency"]),
        (("5.00", "p1", "EURO"), ["amount", "currency"]),
        (("5.00", " ", "EUR"), ["reference"]),
        (("5.00", "p" * 201, "EUR"), ["reference"]),
    ],
)
async def test_what_is_wrong_with_a_payment_is_named_and_nothing_is_booked(
    api: Api, sent: tuple[str, str, str], path: list[str]
):
    order = await api.placed()
    payload = await api.do(PAYMENTS, "recordPayment", **pays(order, *sent))
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert (await api.now(order))["version"] == order["version"]


async def test_the_order_of_a_payment_comes_back_by_any_of_its_names(api: Api):
    order = await api.placed(externalReference="web-7")
    for n, selector in enumerate(
        (by(order), {"reference": order["reference"]}, {"externalReference": "web-7"})
    ):
        sent = {**pays(order, "1.00", f"p{n}"), "order": selector}
        await api.done(ADMIN, "recordPayment", **sent)
    assert minor((await api.now(order))["payment"]["captured"]) == 300
