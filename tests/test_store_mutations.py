"""What the mutations of store processes promise: taken where the process says so, by whom it says, once."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from graph.auth import Principal
from graph.types.mutation_names import mutation_of
from tests import store_orders as to
from tests.acting import ADMIN, ANNA, BEN, CARRIER, M1, M2, PAYMENTS, Answer, Api, kinds, line
from tests.store_orders import kept, named, stands, theirs


@dataclass(frozen=True)
class Case:
    """One mutation, by whom and where it is taken, and where the machines stand after it. `wrong` is somebody
    who sees the order and may not; `early` is an order for which it is too early.
    """

    mutation: str
    who: Principal
    wrong: Principal
    order: Callable[[Api], Awaitable[Answer]]
    after: dict[str, str]
    sent: Answer = field(default_factory=dict[str, Any])
    early: Callable[[Api], Awaitable[Answer]] = to.unpaid
    units: bool = True

    def __str__(self) -> str:
        return self.mutation


def at(marketplace: str, merchant: str | None = None, **more: str) -> dict[str, str]:
    """Where the machines stand."""
    return {"marketplace": marketplace} | more | ({"merchant": merchant} if merchant else {})


WHY = {"reason": "sold out"}
CANCELED = at("canceled", "canceled")
CASES = [
    Case("acceptOrder", M1, ADMIN, to.unconfirmed, at("payment-pending", "waiting-for-manual-authorization")),
    Case(
        "authorizeFulfillment",
        M1,
        ADMIN,
        to.unpaid,
        at("payment-pending", "window-to-cancel"),
        early=to.ready,
    ),
    Case(
        "passAuthorization",
        ADMIN,
        PAYMENTS,
        to.unpassed,
        at("waiting-seller-handling", "window-to-cancel", chain="payment-approved"),
    ),
    Case("startHandling", M1, PAYMENTS, to.ready, at("payment-approved", "handling")),
    Case("confirmHandling", CARRIER, M1, to.unconfirmed_by_erp, at("payment-approved", "handling")),
    Case("pack", M1, ADMIN, to.unpacked, at("ready-for-invoicing", "handling")),
    Case(
        "requestCancellation",
        ANNA,
        M1,
        to.ready,
        at("waiting-for-seller-decision", "cancellation-requested"),
        early=to.incomplete,
    ),
    Case("approveCancellation", M1, ADMIN, to.requested, CANCELED),
    Case("denyCancellation", M1, ANNA, to.requested, at("payment-approved", "ready-for-handling"), WHY),
    Case("confirmCancellation", PAYMENTS, ADMIN, to.being_canceled, CANCELED),
    Case("denyPayment", PAYMENTS, ADMIN, to.unpaid, CANCELED, WHY, early=to.incomplete, units=False),
    Case(
        "changePayment",
        ANNA,
        M1,
        to.denied,
        at("payment-pending", "waiting-for-manual-authorization"),
        units=False,
    ),
    Case("cancel", ANNA, PAYMENTS, to.unpaid, CANCELED, early=to.incomplete),
]
each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_of_units = pytest.mark.parametrize("case", [case for case in CASES if case.units], ids=str)


@each_case
async def test_it_is_taken_where_the_process_says_so_and_tells_which_lines_moved(api: Api, case: Case):
    order = await case.order(api)
    payload = await api.done(case.who, case.mutation, order=named(order), **case.sent)
    assert await stands(api, order) == case.after
    assert to.ids(payload["moved"]) == to.ids(order["lines"])
    assert payload["skipped"] == []


@each_case
async def test_sent_again_it_is_a_success_that_changes_nothing(api: Api, case: Case):
    order = await case.order(api)
    first = await api.done(case.who, case.mutation, order=named(order), **case.sent)
    again = await api.done(case.who, case.mutation, order=named(order), **case.sent)
    assert again["moved"] == []
    assert to.ids(again["skipped"]) == to.ids(order["lines"])
    assert again["order"]["version"] == first["order"]["version"]


@each_case
async def test_under_the_same_key_it_is_answered_as_before(api: Api, case: Case):
    order = await case.order(api)
    sent: Answer = {"order": named(order), **case.sent}
    first = await api.done(case.who, case.mutation, key="k1", **sent)
    again = await api.done(case.who, case.mutation, key="k1", **sent)
    assert again == {**first, "replayed": True}


@each_case
async def test_whose_move_it_is_not_is_refused_and_nothing_moves(api: Api, case: Case):
    order = await case.order(api)
    payload = await api.do(case.wrong, case.mutation, order=named(order), **case.sent)
    assert kinds(payload) == ["TransitionNotAllowed"]
    assert re.search("is not possible|nobody can change or cancel it now", payload["errors"][0]["message"])
    assert (await api.now(order))["version"] == order["version"]


@each_case
async def test_in_another_state_it_is_refused_with_what_is_possible(api: Api, case: Case):
    order = await case.early(api)
    payload = await api.do(case.who, case.mutation, order=named(order), **case.sent)
    [error] = payload["errors"]
    assert error["__typename"] == "TransitionNotAllowed"
    assert error["event"] not in error["available"]
    assert payload["moved"] == payload["skipped"] == []
    assert (await api.now(order))["version"] == order["version"]


@each_case
async def test_decided_on_an_older_version_nothing_is_done(api: Api, case: Case):
    order = await case.order(api)
    payload = await api.do(
        case.who, case.mutation, order=named(order), expectedVersion=order["version"] - 1, **case.sent
    )
    assert kinds(payload) == ["VersionConflict"]
    assert (await api.now(order))["version"] == order["version"]


@pytest.mark.parametrize("case", [c for c in CASES if c.who in (M1, ANNA)], ids=str)
async def test_somebody_elses_order_does_not_exist(api: Api, case: Case):
    order = await case.order(api)
    other = M2 if case.who is M1 else BEN
    payload = await api.do(other, case.mutation, order=named(order), **case.sent)
    assert (kinds(payload), payload["order"]) == (["NotFound"], None)


@each_of_units
async def test_a_merchant_order_can_be_named(api: Api, case: Case):
    order = await case.order(api)
    sent: Answer = {"order": named(order), "merchantOrders": [theirs(order)], **case.sent}
    payload = await api.done(case.who, case.mutation, **sent)
    assert to.ids(payload["moved"]) == to.ids(order["lines"])


@each_of_units
async def test_a_merchant_order_that_is_not_of_the_order_does_not_exist(api: Api, case: Case):
    other = await to.unpaid(api)
    order = await case.order(api)
    for wrong in (theirs(other), order["id"], "?"):
        sent: Answer = {"order": named(order), "merchantOrders": [theirs(order), wrong], **case.sent}
        payload = await api.do(case.who, case.mutation, **sent)
        assert kinds(payload) == ["NotFound"]
        assert payload["errors"][0]["path"] == ["merchantOrders", "1"]
    assert (await api.now(order))["version"] == order["version"]


@each_of_units
async def test_naming_no_merchant_order_at_all_is_a_mistake(api: Api, case: Case):
    order = await case.order(api)
    for none in ([], ["x"] * 501):
        sent: Answer = {"order": named(order), "merchantOrders": none, **case.sent}
        payload = await api.do(case.who, case.mutation, **sent)
        assert kinds(payload) == ["InvalidInput"]
        assert payload["errors"][0]["path"] == ["merchantOrders"]


@each_of_units
async def test_where_lines_move_no_merchant_order_can_be_named(api: Api, case: Case):
    order = await api.sent(line("A-1", "m1"))
    sent: Answer = {"order": named(order), "merchantOrders": [theirs(order)], **case.sent}
    payload = await api.do(case.who, case.mutation, **sent)
    assert kinds(payload) == ["InvalidInput"]
    assert "lines move" in payload["errors"][0]["message"]


# Several merchant orders


async def test_what_is_named_moves_and_the_rest_of_the_order_stays(api: Api):
    order = await to.paid(api, line("A-1", "m1"), line("B-1", "m2"))
    sent: Answer = {"order": named(order), "merchantOrders": [theirs(order, "m2")] * 2}
    payload = await api.done(ANNA, "cancel", **sent)
    assert to.ids(payload["moved"]) == [order["lines"][1]["id"]]
    assert await stands(api, order, "m2") == CANCELED
    assert await stands(api, order, "m1") == at("payment-approved", "window-to-cancel")


async def test_a_merchant_moves_its_own_merchant_order_and_finds_no_other(api: Api):
    order = await to.ready(api, line("A-1", "m1"), line("B-1", "m2"))
    payload = await api.do(M1, "startHandling", order=named(order), merchantOrders=[theirs(order, "m2")])
    assert kinds(payload) == ["NotFound"]
    await api.done(M1, "startHandling", order=named(order))
    assert await stands(api, order, "m2") == at("payment-approved", "ready-for-handling")


async def test_a_repeated_request_for_all_is_answered_without_what_was_not_meant_before(api: Api):
    order = await to.ready(api, line("A-1", "m1"), line("B-1", "m2"))
    await api.done(M2, "cancel", order=named(order), reason="sold out")
    first = await api.done(ANNA, "requestCancellation", order=named(order))
    again = await api.done(ANNA, "requestCancellation", order=named(order))
    assert to.ids(first["moved"]) == to.ids(again["skipped"]) == [order["lines"][0]["id"]]


async def test_a_denied_payment_and_a_changed_one_concern_every_merchant_order(api: Api):
    await to.set_policies(api, change_payment_window="P1D")
    order = await to.unpaid(api, line("A-1", "m1"), line("B-1", "m2"))
    await api.done(PAYMENTS, "denyPayment", order=named(order))
    for merchant in ("m1", "m2"):
        assert (await stands(api, order, merchant))["marketplace"] == "window-to-change-payment"
    await api.done(ANNA, "changePayment", order=named(order), paymentMethod=" bank transfer ")
    for merchant in ("m1", "m2"):
        assert (await stands(api, order, merchant))["marketplace"] == "payment-pending"
    assert (await kept(api, order)).payment_method == "bank transfer"


# Payments


async def test_a_changed_payment_is_not_changed_once_more(api: Api):
    order = await to.denied(api)
    await api.done(ANNA, "changePayment", order=named(order), paymentMethod="invoice")
    await api.done(ANNA, "changePayment", order=named(order), paymentMethod="invoice")
    payload = await api.do(ANNA, "changePayment", order=named(order), paymentMethod="cash")
    assert (kinds(payload), payload["errors"][0]["path"]) == (["GuardFailed"], ["paymentMethod"])
    assert (await kept(api, order)).payment_method == "invoice"


async def test_a_changed_payment_is_paid_as_it_was_chosen_at_first_where_no_other_is_named(api: Api):
    order = await to.denied(api)
    await api.done(ADMIN, "changePayment", order=named(order))
    assert (await kept(api, order)).payment_method == "card"


@pytest.mark.parametrize("method", ["", "  ", "x" * 201])
async def test_a_payment_method_has_a_name_of_ordinary_length(api: Api, method: str):
    order = await to.denied(api)
    payload = await api.do(ANNA, "changePayment", order=named(order), paymentMethod=method)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["paymentMethod"])


@pytest.mark.parametrize("captured", [False, True])
async def test_money_that_is_in_already_is_captured_and_other_money_only_approved(api: Api, captured: bool):
    order = await to.unpaid(api)
    sent: Answer = {"amount": {"amount": "10.00", "currency": "EUR"}, "reference": "p1"}
    await api.done(PAYMENTS, "recordPayment", order=named(order), captured=captured, **sent)
    found = await kept(api, order)
    assert (found.approved, found.captured) == (1000, 1000 if captured else 0)
    assert (await stands(api, order))["marketplace"] == "payment-approved"
    other = await api.do(PAYMENTS, "recordPayment", order=named(order), captured=not captured, **sent)
    assert (kinds(other), other["errors"][0]["path"]) == (["GuardFailed"], ["reference"])


# Cancellations


async def test_before_payment_a_cancellation_is_free_or_asked_for_as_the_policy_says(api: Api):
    order = await to.unpaid(api)
    payload = await api.do(ANNA, "requestCancellation", order=named(order))
    assert kinds(payload) == ["GuardFailed"]
    assert payload["errors"][0]["message"] == "It needs no request; cancel it."
    await to.set_policies(api, cancel_before_payment="request")
    order = await to.unpaid(api)
    payload = await api.do(ANNA, "cancel", order=named(order))
    assert kinds(payload) == ["GuardFailed"]
    assert "request the cancellation" in payload["errors"][0]["message"]


async def test_inside_the_cancellation_window_a_request_needs_nobodys_approval(api: Api):
    order = await to.paid(api)
    await api.done(ANNA, "requestCancellation", order=named(order), reason="changed my mind")
    assert await stands(api, order) == CANCELED


async def test_a_customer_that_comes_too_late_is_told_to_request_the_cancellation(api: Api):
    order = await to.ready(api)
    payload = await api.do(ANNA, "cancel", order=named(order))
    [error] = payload["errors"]
    assert (error["__typename"], error["state"]) == ("GuardFailed", None)
    assert error["message"].startswith("It cannot be canceled without approval any more: request")


@pytest.mark.parametrize("process", ["marketplace-seller", "complete", "chain"])
@pytest.mark.parametrize("who", [ANNA, M1, ADMIN], ids=lambda who: str(who.role))
async def test_everybody_who_may_cancels_an_order_that_is_not_paid(api: Api, process: str, who: Principal):
    order = await to.unpaid(api, process=process)
    await api.done(who, "cancel", order=named(order))
    assert set((await stands(api, order)).values()) == {"canceled"}


@pytest.mark.parametrize("process", ["marketplace-seller", "complete", "chain"])
@pytest.mark.parametrize("who", [M1, ADMIN], ids=lambda who: str(who.role))
async def test_once_it_is_paid_staff_gives_a_reason_to_cancel_it(api: Api, process: str, who: Principal):
    order = await to.paid(api, process=process)
    for reason in (None, "  "):
        payload = await api.do(who, "cancel", order=named(order), reason=reason)
        assert kinds(payload) == ["InputMissing"]
        assert payload["errors"][0]["message"] == "cancel needs: reason."
    await api.done(who, "cancel", order=named(order), reason="sold out")
    assert set((await stands(api, order)).values()) == {"canceled"}
    [unit] = (await kept(api, order)).merchant_orders
    assert unit.cancellation
    assert (unit.cancellation.by.id, unit.cancellation.reason) == (who.sub, "sold out")


async def test_the_lines_of_a_store_order_are_canceled_all_together(api: Api):
    order = await to.unpaid(api, line("A-1"), line("A-2"), process="complete")
    one = [{"line": order["lines"][0]["id"]}]
    payload = await api.do(M1, "cancelLines", order=named(order), lines=one)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["lines"])
    payload = await api.done(M1, "cancelLines", order=named(order))
    assert to.ids(payload["moved"]) == to.ids(order["lines"])


async def test_when_the_marketplace_asks_a_second_time_it_is_canceled(api: Api):
    order = await to.requested(api)
    await api.done(ADMIN, "cancel", order=named(order), reason="the customer insists")
    assert await stands(api, order) == CANCELED


async def test_a_denial_gives_a_reason(api: Api):
    order = await to.requested(api)
    payload = await api.do(M1, "denyCancellation", order=named(order), reason=" ")
    assert (kinds(payload), payload["moved"]) == (["InputMissing"], [])
    payload = await api.do(M1, "denyCancellation", order=named(order), reason="x" * 1001)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["reason"])
    await api.done(M1, "denyCancellation", order=named(order), reason="it is in the van")
    [request] = (await kept(api, order)).merchant_orders[0].requests
    assert (request.by.id, request.decided_by and request.decided_by.id) == ("anna", "seller-1")
    assert (request.reason, request.answer) == ("too late", "it is in the van")


async def test_where_one_store_is_both_the_marketplace_starts_handling_as_well(api: Api):
    order = await to.ready(api, process="complete")
    await api.done(ADMIN, "startHandling", order=named(order))
    assert await stands(api, order) == at("handling")


async def test_packing_twice_is_noted_once_whoever_says_so(api: Api):
    order = await to.unpacked(api)
    await api.done(M1, "pack", order=named(order))
    again = await api.done(CARRIER, "fireEvent", order=named(order), event="pack")
    assert to.ids(again["skipped"]) == to.ids(order["lines"])
    assert [row["event"] for row in await api.history(order)].count(
        "pack"
    ) == 2  # the merchant's, and its link


# Another merchant


async def test_another_merchant_takes_over_what_one_has_canceled(api: Api):
    order = await to.given_up(api)
    sent: Answer = {"order": named(order), "merchantOrder": theirs(order), "merchantId": "m2"}
    assert await api.order(order["reference"], M2) is None
    payload = await api.done(ADMIN, "changeMerchant", **sent, reason="m1 has none")
    assert to.ids(payload["moved"]) == to.ids(order["lines"])
    assert await stands(api, order, "m2") == at("payment-approved", "window-to-cancel")
    assert await stands(api, order, "m1") == CANCELED
    again = await api.done(ADMIN, "changeMerchant", **sent)
    assert to.ids(again["skipped"]) == to.ids(order["lines"])
    assert again["order"]["version"] == payload["order"]["version"]


async def test_the_new_merchants_own_policies_hold_for_what_it_takes_over(api: Api):
    order = await to.given_up(api)
    await to.set_policies(api, "m2", seller_confirmation="manual")
    sent: Answer = {"order": named(order), "merchantOrder": theirs(order), "merchantId": "m2"}
    await api.done(ADMIN, "changeMerchant", **sent)
    assert await stands(api, order, "m2") == at("waiting-for-authorization", "order-accepted")


@pytest.mark.parametrize(
    ("change", "kind", "path"),
    [
        ({"merchantId": "nobody"}, "InvalidInput", ["merchantId"]),
        ({"merchantId": "m1"}, "GuardFailed", ["merchantId"]),
        ({"merchantOrder": "?"}, "NotFound", ["merchantOrder"]),
        ({"reason": "x" * 1001}, "InvalidInput", ["reason"]),
        ({"expectedVersion": 1}, "VersionConflict", ["expectedVersion"]),
    ],
)
async def test_a_merchant_that_cannot_take_over_is_refused(
    api: Api, change: Answer, kind: str, path: list[str]
):
    order = await to.given_up(api)
    sent: Answer = {"order": named(order), "merchantOrder": theirs(order), "merchantId": "m2", **change}
    payload = await api.do(ADMIN, "changeMerchant", **sent)
    assert (kinds(payload), payload["errors"][0]["path"]) == ([kind], path)
    assert (await api.now(order))["version"] == order["version"]


async def test_what_no_merchant_has_given_up_stays_with_its_merchant(api: Api):
    order = await to.paid(api)
    sent: Answer = {"order": named(order), "merchantOrder": theirs(order), "merchantId": "m2"}
    payload = await api.do(ADMIN, "changeMerchant", **sent)
    assert kinds(payload) == ["TransitionNotAllowed"]
    assert payload["errors"][0]["path"] == ["merchantOrder"]


@pytest.mark.parametrize("who", [M1, M2, ANNA, PAYMENTS], ids=lambda who: who.sub)
async def test_only_the_marketplace_chooses_another_merchant(api: Api, who: Principal):
    order = await to.given_up(api)
    sent: Answer = {"order": named(order), "merchantOrder": theirs(order), "merchantId": "m2"}
    document = "mutation Run($input: ChangeMerchantInput!) { changeMerchant(input: $input) { replayed } }"
    answer = await api.ask(who, document, input=sent)
    [error] = answer["errors"]
    assert error.extensions["code"] == "FORBIDDEN"
    assert (await api.now(order))["version"] == order["version"]


async def test_an_order_that_waits_for_stock_is_tried_again_on_demand(server_api: Api):
    api, stock = server_api, server_api.services.stock
    await stock.count("m1", "A-1", 0)
    order = await to.paid(api)
    payload = await api.do(M1, "retryStock", order=named(order))
    assert kinds(payload) == ["GuardFailed"]
    assert await stands(api, order) == at("payment-approved", "authorize-fulfillment")
    await stock.count("m1", "A-1", 1)
    for _ in range(2):
        await api.done(ADMIN, "retryStock", order=named(order))
    assert await stands(api, order) == at("payment-approved", "window-to-cancel")


async def test_the_new_merchants_stock_is_counted(server_api: Api):
    api = server_api
    await api.services.stock.count("m2", "A-1", 0)
    order = await to.given_up(api)
    sent: Answer = {"order": named(order), "merchantOrder": theirs(order), "merchantId": "m2"}
    await api.done(ADMIN, "changeMerchant", **sent)
    assert await stands(api, order, "m2") == at("payment-approved", "authorize-fulfillment")


# Any event by its name


async def test_an_event_of_a_store_process_is_fired_by_its_name_on_merchant_orders(api: Api):
    order = await to.ready(api, line("A-1", "m1"), line("B-1", "m2"))
    sent: Answer = {"order": named(order), "event": "request_cancel", "merchantOrders": [theirs(order, "m2")]}
    payload = await api.done(ANNA, "fireEvent", **sent, input={"reason": "too late"})
    assert to.ids(payload["moved"]) == [order["lines"][1]["id"]]
    both = [{"line": each["id"]} for each in order["lines"]]
    payload = await api.do(ANNA, "fireEvent", **sent, lines=both)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["merchantOrders"])


@pytest.mark.parametrize(
    ("event", "who", "order"),
    [
        ("invoice", M1, to.handling),
        ("change_order", ADMIN, to.ready),
        ("change_payment", ANNA, to.denied),
        ("change_seller", ADMIN, to.given_up),
        ("update_tracking", CARRIER, to.handling),
    ],
)
async def test_an_event_that_takes_more_than_plain_values_names_its_mutation(
    api: Api, event: str, who: Principal, order: Callable[[Api], Awaitable[Answer]]
):
    here = await order(api)
    payload = await api.do(who, "fireEvent", order=named(here), event=event, input={"reason": "so"})
    [error] = payload["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", ["event"])
    assert f"use {mutation_of(MARKETPLACE_SELLER, event)}." in error["message"]
    assert (await api.now(here))["version"] == here["version"]
