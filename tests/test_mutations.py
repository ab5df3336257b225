"""What mutations of lines promise: all move what is theirs, each line is answered for, nothing leaks."""

from dataclasses import replace

import pytest

from graph.auth import Principal
from graph.types.ids import encode
from tests.acting import (
    ADMIN,
    ANNA,
    BEN,
    CARRIER,
    M1,
    M2,
    PAYMENTS,
    Answer,
    Api,
    by,
    kinds,
    line,
    minor,
    pieces,
    states,
)

NEW = ["sent_to_merchant", "new"]
SHIPPED = ["shipped_by_merchant", "shipped"]
DELIVERED = ["delivered", "delivered"]


# From new to closed


async def test_an_order_goes_from_new_to_closed_by_the_hands_of_all(api: Api):
    order = await api.sent()
    for merchant in (M1, M2):
        theirs = by(await api.seen_by(merchant, order))
        await api.done(merchant, "shipLines", order=theirs, carrier="DHL", expectedDelivery="2026-03-09")
        await api.done(merchant, "deliverLines", order=theirs, deliveredOn="2026-03-08")
    order = await api.now(order)
    assert states(order) == [DELIVERED, DELIVERED]
    assert order["lines"][0]["deliveredOn"] == "2026-03-08"
    assert order["lines"][0]["shipment"] == {
        "carrier": "DHL",
        "trackingNumber": None,
        "expectedDelivery": "2026-03-09",
    }
    closed = await api.done(ADMIN, "closeLines", order=by(order))
    assert states(closed["order"]) == [["closed", "closed"], ["closed", "closed"]]
    assert [each["id"] for each in closed["moved"]] == [each["id"] for each in order["lines"]]


async def test_a_merchants_ship_moves_both_sides_in_one_version(api: Api):
    order = await api.sent(line("A"))
    theirs = await api.seen_by(M1, order)
    shipped = await api.done(M1, "shipLines", order=by(theirs))
    assert shipped["order"]["version"] == order["version"] + 1
    assert states(await api.now(order)) == [SHIPPED]


async def test_a_carrier_delivers_for_every_merchant(api: Api):
    order = await api.sent(line("A"))
    await api.done(M1, "shipLines", order=by(await api.seen_by(M1, order)))
    await api.done(CARRIER, "deliverLines", order={"reference": order["reference"]})
    assert states(await api.now(order)) == [DELIVERED]


async def test_a_return_is_received_and_refunded(api: Api):
    order = await api.delivered(line("A"))
    await api.done(ANNA, "requestReturn", order={"reference": order["reference"]}, reason="too small")
    await api.done(M1, "receiveReturn", order=by(await api.seen_by(M1, order)))
    refunded = await api.done(ADMIN, "refundLines", order=by(order))
    assert states(refunded["order"]) == [["refunded", "refunded"]]


async def test_a_rejected_return_is_shipped_back_and_delivered_again(api: Api):
    order = await api.delivered(line("A"))
    await api.done(ANNA, "requestReturn", order={"reference": order["reference"]})
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "rejectReturn", order=theirs, reason="worn")
    await api.done(M1, "shipBack", order=theirs, trackingNumber="BACK-1")
    assert states(await api.now(order)) == [["shipped_back", "shipped_back"]]
    await api.done(M1, "deliverLines", order=theirs)
    assert states(await api.now(order)) == [DELIVERED]


# Which lines


async def test_without_lines_a_merchant_moves_all_of_its_own_and_nobody_elses(api: Api):
    order = await api.sent(line("A-1"), line("B-1", "m2"), line("A-2"))
    shipped = await api.done(M1, "shipLines", order=by(await api.seen_by(M1, order)))
    assert states(await api.now(order)) == [SHIPPED, NEW, SHIPPED]
    assert len(shipped["moved"]) == 2
    assert [each["sku"] for each in shipped["order"]["lines"]] == ["A-1", "A-2"]


async def test_without_lines_those_that_are_further_are_left_alone(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    first, second = order["lines"]
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "cancelLines", order=theirs, lines=pieces(first), reason="broken")
    shipped = await api.done(M1, "shipLines", order=theirs)
    assert [each["id"] for each in shipped["moved"]] == [second["id"]]


async def test_without_lines_and_with_none_that_could_move_each_says_why(api: Api):
    order = await api.paid(line("A-1"), line("A-2"))
    payload = await api.do(ADMIN, "closeLines", order=by(order))
    assert kinds(payload) == ["TransitionNotAllowed"] * 2
    assert [error["path"] for error in payload["errors"]] == [
        ["lines", each["id"]] for each in order["lines"]
    ]


async def test_part_of_a_line_moves_and_everything_adds_up(api: Api):
    order = await api.sent(
        line("A", quantity=3, price="3.33", discount="1.00", tax="0.50"),
        shipping=[{"merchantId": "m1", "amount": "1.00"}],
    )
    [whole] = order["lines"]
    shipped = await api.done(
        M1, "shipLines", order=by(await api.seen_by(M1, order)), lines=pieces(whole, quantity=1)
    )
    rest, part = (await api.now(order))["lines"]
    assert shipped["moved"] == [{"id": part["id"], "quantity": 1}]
    assert part["splitFrom"] == whole["id"] == rest["id"]
    assert (rest["quantity"], part["quantity"]) == (2, 1)
    for what in ("total", "captured", "shipping"):
        assert minor(rest[what]) + minor(part[what]) == minor(whole[what])
    assert states(await api.now(order)) == [NEW, SHIPPED]


async def test_more_pieces_than_a_line_has_move_nothing(api: Api):
    order = await api.sent(line("A", quantity=2))
    theirs = await api.seen_by(M1, order)
    payload = await api.do(M1, "shipLines", order=by(theirs), lines=pieces(theirs["lines"][0], quantity=3))
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == ["lines", "0", "quantity"]
    assert states(await api.now(order)) == [NEW]


async def test_a_refused_line_does_not_hold_up_the_others(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    first, second = order["lines"]
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "cancelLines", order=theirs, lines=pieces(first), reason="broken")
    payload = await api.do(M1, "shipLines", order=theirs, lines=pieces(first, second))
    assert [each["id"] for each in payload["moved"]] == [second["id"]]
    assert [error["path"] for error in payload["errors"]] == [["lines", "0"]]


async def test_a_line_that_moved_before_is_skipped_and_nothing_is_written(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    first = await api.done(M1, "shipLines", order=theirs)
    again = await api.done(M1, "shipLines", order=theirs)
    assert (again["moved"], again["skipped"]) == ([], [{"id": order["lines"][0]["id"]}])
    assert again["order"]["version"] == first["order"]["version"]
    assert not again["replayed"]


# Why not


async def test_what_a_state_does_not_list_is_refused_with_what_is_possible(api: Api):
    order = await api.sent(line("A"))
    payload = await api.do(M1, "deliverLines", order=by(await api.seen_by(M1, order)))
    [error] = payload["errors"]
    assert error["code"] == "TRANSITION_NOT_ALLOWED"
    assert (error["state"], error["event"], error["available"]) == ("new", "deliver", ["ship", "cancel"])
    assert error["message"] == "deliver is not possible now; you could: ship, cancel."


@pytest.mark.parametrize(
    ("who", "mutation", "sent", "available"),
    [
        (ANNA, "shipLines", {}, []),
        (ANNA, "closeLines", {}, []),
        (ANNA, "refundLines", {}, []),
        (ANNA, "receiveReturn", {}, []),
        (M1, "sendToMerchant", {}, ["ship", "cancel"]),
        (M1, "refundLines", {}, ["ship", "cancel"]),
        (M1, "requestReturn", {}, ["ship", "cancel"]),
        (ADMIN, "shipLines", {}, ["cancel"]),
        (ADMIN, "rejectReturn", {"reason": "no"}, ["cancel"]),
        (PAYMENTS, "shipLines", {}, []),
        (PAYMENTS, "cancel", {"reason": "no"}, []),
        (CARRIER, "shipLines", {}, []),
        (CARRIER, "cancelLines", {"reason": "no"}, []),
    ],
    ids=lambda value: value.role.name if isinstance(value, Principal) else None,
)
async def test_a_role_that_the_process_does_not_list_reads_what_it_could_do(
    api: Api, who: Principal, mutation: str, sent: Answer, available: list[str]
):
    order = await api.sent(line("A"))
    reference = order["merchantOrders"][0]["reference"] if who is M1 else order["reference"]
    payload = await api.do(who, mutation, order={"reference": reference}, **sent)
    [error] = payload["errors"]
    assert (error["__typename"], error["available"]) == ("TransitionNotAllowed", available)
    assert (await api.now(order))["version"] == order["version"]


async def test_a_machine_that_has_not_started_refuses_and_says_what_is_possible(api: Api):
    order = await api.paid(line("A"))
    payload = await api.do(ADMIN, "shipLines", order=by(order))
    [error] = payload["errors"]
    assert (error["__typename"], error["state"]) == ("TransitionNotAllowed", None)
    assert error["available"] == ["cancel", "send_to_merchant"]


async def test_refusals_tell_nobody_the_states_of_another_party(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    for who, mutation, selector in (
        (ANNA, "closeLines", {"reference": order["reference"]}),
        (ANNA, "shipLines", {"reference": order["reference"]}),
        (M1, "closeLines", theirs),
    ):
        [error] = (await api.do(who, mutation, order=selector))["errors"]
        assert error["state"] is None
        assert "sent_to_merchant" not in error["message"]
        assert "new" not in error["message"].split()


async def test_a_needed_reason_that_is_missing_or_blank_is_named(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    for reason in (None, "", "   "):
        payload = await api.do(M1, "cancelLines", order=theirs, reason=reason)
        assert kinds(payload) == ["InputMissing"]
        assert payload["errors"][0]["message"] == "cancel needs: reason."
    assert states(await api.now(order)) == [NEW]


async def test_a_delivery_in_the_future_is_refused_by_its_rule(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "shipLines", order=theirs)
    payload = await api.do(M1, "deliverLines", order=theirs, deliveredOn="2999-01-01")
    assert kinds(payload) == ["GuardFailed"]
    assert payload["errors"][0]["rule"] == "not_in_the_future"


async def test_machines_that_would_fall_out_of_step_are_refused_with_the_reason(api: Api):
    await api.done(
        M1, "updatePolicies", policies=[{"name": "merchant_process", "value": "merchant-distribution"}]
    )
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "fireEvent", order=theirs, event="send_to_distribution")
    payload = await api.do(ADMIN, "cancel", order=by(order), reason="sold out")
    assert kinds(payload) == ["OutOfStep"]
    assert "distribution center" in payload["errors"][0]["message"]
    assert states(await api.now(order)) == [["sent_to_merchant", "left_merchant"]]


# Canceling


async def test_a_customer_cancels_inside_the_window_without_giving_a_reason(api: Api):
    order = await api.paid()
    canceled = await api.done(ANNA, "cancel", order={"reference": order["reference"]})
    assert len(canceled["moved"]) == 2
    assert states(await api.now(order)) == [["canceled"], ["canceled"]]


async def test_after_the_window_only_the_marketplace_can_still_cancel(api: Api):
    order = await api.paid()
    await api.done(ADMIN, "advanceTestClock", by="PT31M")
    payload = await api.do(ANNA, "cancel", order={"reference": order["reference"]})
    sentence = "The line was sent to the merchant; only the marketplace can still cancel it."
    assert [error["message"] for error in payload["errors"]] == [sentence] * 2
    canceled = await api.done(ADMIN, "cancel", order=by(order), reason="asked by phone")
    assert states(canceled["order"]) == [["canceled", "canceled_by_marketplace"]] * 2


async def test_canceling_an_order_cancels_what_can_be_and_says_why_the_rest_cannot(api: Api):
    order = await api.sent()
    await api.done(M1, "shipLines", order=by(await api.seen_by(M1, order)))
    payload = await api.do(ADMIN, "cancel", order=by(order), reason="sold out")
    assert states(payload["order"]) == [SHIPPED, ["canceled", "canceled_by_marketplace"]]
    [error] = payload["errors"]
    assert error["path"] == ["lines", order["lines"][0]["id"]]
    assert error["message"].startswith("The merchant has already shipped")


async def test_a_merchant_cancels_its_own_part_only(api: Api):
    order = await api.sent()
    await api.done(M1, "cancel", order=by(await api.seen_by(M1, order)), reason="out of stock")
    assert states(await api.now(order)) == [["canceled", "canceled_by_merchant"], NEW]


async def test_some_pieces_of_a_line_are_canceled(api: Api):
    order = await api.paid(line("A", quantity=3))
    await api.done(
        ANNA,
        "cancelLines",
        order={"reference": order["reference"]},
        lines=pieces(order["lines"][0], quantity=2),
    )
    rest, part = (await api.now(order))["lines"]
    assert (rest["quantity"], part["quantity"]) == (1, 2)
    assert states(await api.now(order)) == [["paid"], ["canceled"]]


# Any event


async def test_fire_event_does_what_the_mutation_of_that_event_does(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    said = {"carrier": "UPS", "trackingNumber": "T-1", "expectedDelivery": "2026-03-09"}
    await api.done(M1, "fireEvent", order=theirs, event="ship", input=said)
    [shipped] = (await api.now(order))["lines"]
    assert shipped["shipment"] == said


async def test_fire_event_finds_the_machine_on_which_the_event_is_possible(api: Api):
    order = await api.sent(line("A"))
    await api.done(ADMIN, "fireEvent", order=by(order), event="cancel", input={"reason": "sold out"})
    assert states(await api.now(order)) == [["canceled", "canceled_by_marketplace"]]


async def test_fire_event_refunds_an_amount_in_the_orders_currency_only(api: Api):
    order = await api.canceled(line("A"))
    for currency, refused in (("USD", ["InvalidInput"]), ("EUR", [])):
        amount = {"amount": "2.50", "currency": currency}
        payload = await api.do(ADMIN, "fireEvent", order=by(order), event="refund", input={"amount": amount})
        assert kinds(payload) == refused
    assert minor((await api.now(order))["payment"]["refunded"]) == 250


@pytest.mark.parametrize("event", ["no_such_event", "expire", "confirm_at_center", ""])
async def test_an_event_that_nobody_may_fire_here_is_refused_like_any_other(api: Api, event: str):
    order = await api.placed(line("A"))
    payload = await api.do(ADMIN, "fireEvent", order=by(order), event=event)
    assert kinds(payload) == ["TransitionNotAllowed"]
    assert payload["errors"][0]["available"] == ["pay", "cancel"]
    assert states(await api.now(order)) == [["new"]]


async def test_fire_event_cannot_call_an_order_paid(api: Api):
    order = await api.placed(line("A"))
    payload = await api.do(ADMIN, "fireEvent", order=by(order), event="pay")
    assert [error["rule"] for error in payload["errors"]] == ["fully_paid"]


# Whose order, whose line


async def test_an_order_of_somebody_else_is_answered_like_one_that_does_not_exist(api: Api):
    order = await api.sent(line("B", "m2"))
    theirs = await api.seen_by(M2, order)
    customers = [
        await api.do(BEN, "cancel", order=selector)
        for selector in (
            {"reference": order["reference"]},
            {"id": encode("CustomerOrder", "01nothere")},
            {"id": order["id"]},
            {"id": "not an id"},
            {"reference": "K7QW-2M9X"},
            {"externalReference": "nobody's"},
        )
    ]
    merchants = [
        await api.do(M1, "shipLines", order=selector)
        for selector in (
            by(theirs),
            {"reference": theirs["reference"]},
            {"reference": order["reference"]},
            {"id": encode("MerchantOrder", "01nothere-m1")},
            {"id": order["id"]},
        )
    ]
    for answers in (customers, merchants):
        assert kinds(answers[0]) == ["NotFound"]
        assert answers[0]["order"] is None
        assert all(answer == answers[0] for answer in answers)


async def test_a_line_of_another_merchant_is_answered_like_one_that_does_not_exist(api: Api):
    order = await api.sent()
    mine, foreign = order["lines"]
    theirs = by(await api.seen_by(M1, order))
    answers = [
        await api.do(M1, "shipLines", order=theirs, lines=[{"line": mine["id"]}, {"line": id}])
        for id in (
            foreign["id"],
            encode("Line", "01nothere-1"),
            encode("Line", "x"),
            "not an id",
            "",
            order["id"],
        )
    ]
    assert kinds(answers[0]) == ["NotFound"]
    assert answers[0]["errors"][0]["path"] == ["lines", "1", "line"]
    assert all(answer == answers[0] for answer in answers)
    assert states(await api.now(order)) == [NEW, NEW], "an unknown line stops everything"


async def test_a_merchant_has_no_order_before_it_was_sent_there(api: Api):
    order = await api.paid(line("A"))
    payload = await api.do(M1, "shipLines", order={"reference": order["reference"]})
    assert kinds(payload) == ["NotFound"]


async def test_a_carrier_of_one_merchant_delivers_for_that_one_only(api: Api):
    order = await api.sent()
    for merchant in (M1, M2):
        await api.done(merchant, "shipLines", order=by(await api.seen_by(merchant, order)))
    theirs = order["merchantOrders"][0]["reference"]
    await api.done(replace(CARRIER, merchant_id="m1"), "deliverLines", order={"reference": theirs})
    assert states(await api.now(order)) == [DELIVERED, SHIPPED]


# Who may at all


@pytest.mark.parametrize(
    ("who", "mutation"),
    [
        (ANNA, "placeOrder"),
        (M1, "placeOrder"),
        (PAYMENTS, "placeOrder"),
        (ANNA, "recordPayment"),
        (M1, "recordPayment"),
        (CARRIER, "recordPayment"),
        (M1, "registerMerchant"),
        (ANNA, "updatePolicies"),
        (PAYMENTS, "updatePolicies"),
        (ADMIN, "demoCheckout"),
    ],
    ids=lambda value: value.role.name if isinstance(value, Principal) else None,
)
async def test_what_a_role_may_never_do_fails_as_a_whole(api: Api, who: Principal, mutation: str):
    money = '{amount: "1.00", currency: "EUR"}'
    sent = {
        "placeOrder": '{currency: "EUR", customer: {id: "c1", name: "A", email: "a@b"}, lines: []}',
        "recordPayment": f'{{order: {{reference: "K7QW-2M9X"}}, amount: {money}, reference: "p1"}}',
        "registerMerchant": '{id: "m3", name: "Three"}',
        "updatePolicies": '{policies: [{name: "return_window", value: "P1D"}]}',
        "demoCheckout": '{lines: [{sku: "5304"}]}',
    }[mutation]
    answer = await api.ask(who, f"mutation {{ {mutation}(input: {sent}) {{ __typename }} }}")
    assert answer["data"] is None
    assert [error.extensions["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert await api.services.merchants.get_many(["m3"]) == {}


async def test_without_a_token_nothing_is_done(api: Api):
    document = 'mutation { cancel(input: {order: {reference: "K7QW-2M9X"}}) { __typename } }'
    answer = await api.ask(None, document)
    assert [error.extensions["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


# Versions


async def test_somebody_was_faster_than_the_expected_version_and_nothing_is_done(api: Api):
    order = await api.placed(line("A"))
    await api.pay(order)
    payload = await api.do(ADMIN, "sendToMerchant", order=by(order), expectedVersion=order["version"])
    [error] = payload["errors"]
    assert (error["__typename"], error["expected"], error["actual"]) == ("VersionConflict", 1, 2)
    assert error["path"] == ["expectedVersion"]
    assert payload["order"]["version"] == 2
    assert states(payload["order"]) == [["paid"]]


async def test_the_expected_version_lets_the_change_through_when_nobody_was_faster(api: Api):
    order = await api.paid(line("A"))
    sent = await api.done(ADMIN, "sendToMerchant", order=by(order), expectedVersion=order["version"])
    assert sent["order"]["version"] == order["version"] + 1
