"""What refunds promise: all or part of what was paid, never more, reserved until they are paid out."""

from typing import Any

import pytest

from graph.types.ids import encode
from tests.acting import ADMIN, ANNA, M1, PAYMENTS, Answer, Api, by, kinds, line, minor, pieces, states

EXTERNAL = [{"name": "payment_provider", "value": "external"}]


def amount(text: str, currency: str = "EUR") -> Answer:
    return {"amount": {"amount": text, "currency": currency}}


async def refund(api: Api, order: Answer, *lines: Answer, **more: Any) -> Answer:
    """Refund as the marketplace; all of the order when no lines are named."""
    named = {"lines": list(lines)} if lines else {}
    return await api.do(ADMIN, "refundLines", order=by(order), **named, **more)


async def waiting(api: Api, *lines: Answer) -> Answer:
    """A canceled order whose refund an outside provider has to pay out."""
    await api.done(ADMIN, "updatePolicies", policies=EXTERNAL)
    order = await api.canceled(*lines)
    return (await refund(api, order))["order"]


async def test_without_an_amount_all_that_was_paid_goes_back(api: Api):
    order = await api.canceled()
    payload = await refund(api, order, reason="sold out")
    assert payload["errors"] == []
    assert states(payload["order"]) == [["refunded"], ["refunded"]]
    assert minor(payload["order"]["payment"]["refunded"]) == minor(order["payment"]["captured"]) == 2000
    assert [each["reason"] for each in payload["order"]["payment"]["refunds"]] == ["sold out"] * 2


async def test_partial_refunds_add_up_and_the_rest_can_follow(api: Api):
    order = await api.canceled(line("A", price="10.00"))
    [whole] = order["lines"]
    for text, left in (("3.33", 667), ("3.33", 334)):
        payload = await refund(api, order, {"line": whole["id"], **amount(text)})
        assert payload["errors"] == []
        assert minor(payload["order"]["lines"][0]["refundable"]) == left
    payload = await refund(api, order)
    assert [minor(each["amount"]) for each in payload["order"]["payment"]["refunds"]] == [333, 333, 334]
    assert minor(payload["order"]["payment"]["refunded"]) == 1000


async def test_more_than_was_paid_is_refused_with_what_is_left(api: Api):
    order = await api.canceled(line("A", price="10.00"))
    [whole] = pieces(*order["lines"])
    await refund(api, order, {**whole, **amount("6.00")})
    payload = await refund(api, order, {**whole, **amount("4.01")})
    [error] = payload["errors"]
    assert (error["__typename"], error["rule"]) == ("GuardFailed", "refundable")
    assert "4.00 EUR" in error["message"]
    assert minor(payload["order"]["payment"]["refunded"]) == 600


async def test_some_pieces_are_refunded_with_their_share_of_everything(api: Api):
    order = await api.canceled(
        line("A", quantity=3, price="1.00", discount="0.01"),
        shipping=[{"merchantId": "m1", "amount": "0.50"}],
    )
    payload = await refund(api, order, *pieces(*order["lines"], quantity=2))
    assert payload["errors"] == []
    rest, part = payload["order"]["lines"]
    assert states(payload["order"]) == [["canceled"], ["refunded"]]
    assert minor(part["refunded"]) == minor(part["total"])
    assert minor(rest["refundable"]) + minor(part["refunded"]) == minor(order["payment"]["captured"]) == 349


async def test_refunding_all_again_is_so_already(api: Api):
    order = await api.canceled(line("A"))
    first = await refund(api, order)
    again = await refund(api, order)
    assert again["errors"] == []
    assert (again["moved"], again["skipped"]) == ([], [{"id": order["lines"][0]["id"]}])
    assert again["order"]["version"] == first["order"]["version"]


async def test_what_nobody_paid_for_cannot_be_refunded(api: Api):
    order = await api.placed(line("A"))
    await api.done(ANNA, "cancel", order={"reference": order["reference"]})
    payload = await refund(api, order)
    assert [error["rule"] for error in payload["errors"]] == ["refundable"]


async def test_a_line_that_is_neither_canceled_nor_returned_is_not_refunded(api: Api):
    order = await api.paid(line("A"))
    payload = await refund(api, order)
    assert kinds(payload) == ["TransitionNotAllowed"]
    assert minor((await api.now(order))["payment"]["refunded"]) == 0


async def test_only_lines_with_something_to_refund_are_refunded_with_the_order(api: Api):
    order = await api.canceled(line("A"), line("B"))
    first, second = order["lines"]
    await refund(api, order, *pieces(first))
    payload = await refund(api, order)
    assert payload["errors"] == []
    assert [each["id"] for each in payload["moved"]] == [second["id"]]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        (amount("0.00"), ["lines", "0", "amount", "amount"]),
        (amount("-1.00"), ["lines", "0", "amount", "amount"]),
        (amount("1.001"), ["lines", "0", "amount", "amount"]),
        (amount("1.00", "USD"), ["lines", "0", "amount", "currency"]),
        (amount("1.00", "XXX"), ["lines", "0", "amount", "currency"]),
        ({"quantity": 0}, ["lines", "0", "quantity"]),
        ({"quantity": 2}, ["lines", "0", "quantity"]),
        ({"quantity": 1, **amount("1.00")}, ["lines", "0"]),
    ],
)
async def test_what_is_wrong_with_a_refund_is_named_and_nothing_goes_back(
    api: Api, said: Answer, path: list[str]
):
    order = await api.canceled(line("A"))
    payload = await refund(api, order, *pieces(*order["lines"], **said))
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert (await api.now(order))["version"] == order["version"]


# Paid out by somebody else


async def test_an_outside_provider_has_to_confirm_before_the_state_moves(api: Api):
    order = await waiting(api, line("A"))
    assert states(order) == [["canceled"]]
    assert (minor(order["payment"]["reserved"]), minor(order["payment"]["refunded"])) == (1000, 0)
    [asked] = order["payment"]["refunds"]
    selector = {"reference": order["reference"]}
    confirmed = await api.done(PAYMENTS, "confirmRefund", order=selector, refund=asked["id"])
    assert len(confirmed["moved"]) == 1
    order = await api.now(order)
    assert states(order) == [["refunded"]]
    assert (minor(order["payment"]["reserved"]), minor(order["payment"]["refunded"])) == (0, 1000)
    assert order["payment"]["refunds"][0]["status"] == "CONFIRMED"


async def test_a_refund_that_is_not_paid_out_can_be_asked_for_again(api: Api):
    order = await waiting(api, line("A"))
    [asked] = order["payment"]["refunds"]
    refused = await api.done(ADMIN, "refuseRefund", order=by(order), refund=asked["id"], reason="no account")
    assert minor(refused["order"]["lines"][0]["refundable"]) == 1000
    payload = await refund(api, order)
    assert [each["status"] for each in payload["order"]["payment"]["refunds"]] == ["REFUSED", "PENDING"]


async def test_settling_a_refund_again_is_so_already_and_the_other_way_is_refused(api: Api):
    order = await waiting(api, line("A"))
    sent: Answer = {"order": by(order), "refund": order["payment"]["refunds"][0]["id"]}
    first = await api.done(ADMIN, "confirmRefund", **sent)
    again = await api.done(ADMIN, "confirmRefund", **sent)
    assert again["skipped"] == [{"id": order["lines"][0]["id"]}]
    assert again["order"]["version"] == first["order"]["version"]
    payload = await api.do(ADMIN, "refuseRefund", **sent)
    assert [error["rule"] for error in payload["errors"]] == ["refund_pending"]


async def test_asking_again_for_all_while_a_refund_is_on_its_way_is_so_already(api: Api):
    order = await waiting(api, line("A"))
    payload = await refund(api, order)
    assert (payload["errors"], payload["skipped"]) == ([], [{"id": order["lines"][0]["id"]}])
    assert len(payload["order"]["payment"]["refunds"]) == 1


async def test_a_refund_does_not_exist_for_those_who_see_no_refunds_nor_on_another_order(api: Api):
    order = await waiting(api, line("A"))
    other = await api.canceled(line("A"))
    refund_id = order["payment"]["refunds"][0]["id"]
    answers = [
        await api.do(ANNA, "confirmRefund", order={"reference": order["reference"]}, refund=refund_id),
        await api.do(ADMIN, "confirmRefund", order=by(other), refund=refund_id),
        await api.do(ADMIN, "confirmRefund", order=by(order), refund=encode("Refund", "r")),
        await api.do(ADMIN, "confirmRefund", order=by(order), refund="?"),
    ]
    assert [answer["errors"] for answer in answers] == [answers[0]["errors"]] * 4
    assert (kinds(answers[0]), answers[0]["errors"][0]["path"]) == (["NotFound"], ["refund"])
    sent = await api.sent(line("A"))
    theirs = await api.seen_by(M1, sent)
    assert kinds(await api.do(M1, "refuseRefund", order=by(theirs), refund=refund_id)) == ["NotFound"]
