"""What invoices and tracking promise in the API: nothing twice, never more than is left, nobody else's."""

from typing import Any

import pytest

from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, Answer, Api, by, kinds, line, minor
from tests.store_keeping import (
    commands,
    handled,
    invoice,
    invoiced,
    money,
    now,
    paid,
    part,
    pay,
    placed,
    reference,
    stands,
)


async def test_an_invoice_of_all_is_captured_and_settles_the_order(api: Api):
    order = await handled(api)
    sent = invoice(order, key="K1", url="https://example.org/f-1.pdf", courier=" DHL ", trackingNumber="T1")
    document = """mutation Add($sent: AddInvoiceInput!) {
        addInvoice(input: $sent) { errors { message } moved { quantity } } }"""
    answer = await api.ask(M1, document, sent=sent)
    assert answer["data"]["addInvoice"] == {"errors": [], "moved": [{"quantity": 2}]}
    order = await now(api, order)
    assert stands(order) == ["invoiced", "invoiced"]
    assert commands(order) == [("CAPTURE", "DONE", 2000)]
    [kept] = part(order)["invoices"]
    assert (kept["number"], kept["type"], minor(kept["value"])) == ("F-1", "OUTPUT", 2000)
    assert (kept["courier"], kept["trackingNumber"], kept["key"]) == ("DHL", "T1", "K1")
    assert [(each["quantity"], minor(each["unitPrice"])) for each in kept["lines"]] == [(2, 1000)]


async def test_a_part_is_invoiced_and_what_is_left_can_follow(api: Api):
    order = await handled(api)
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "8.00", pieces={0: 1}))
    order = await now(api, order)
    assert stands(order) == ["payment-approved", "handling"]
    assert minor(part(order)["leftToInvoice"]) == 1200
    assert money(order) == {"approved": 2000, "captured": 800}
    await api.done(
        CARRIER,
        "addInvoice",
        **{**invoice(order, "F-2", "12.00", pieces={0: 1}), "order": by_logistics(order)},
    )
    assert stands(await now(api, order)) == ["invoiced", "invoiced"]


def by_logistics(order: Answer) -> Answer:
    """The selector by which a carrier, who follows all orders, finds one."""
    return {"reference": part(order)["reference"].rpartition("-")[0]}


async def test_the_same_invoice_again_changes_nothing(api: Api):
    order = await handled(api)
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "8.00", pieces={0: 1}))
    before = await now(api, order)
    again = await api.done(M1, "addInvoice", **invoice(order, "F-1", "8.00", pieces={0: 1}))
    assert (again["moved"], len(again["skipped"])) == ([], 1)
    assert (await now(api, order))["version"] == before["version"]


async def test_a_number_is_taken_once(api: Api):
    order = await handled(api)
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "8.00", pieces={0: 1}))
    payload = await api.do(M1, "addInvoice", **invoice(order, "F-1", "9.00", pieces={0: 1}))
    [error] = payload["errors"]
    assert (error["__typename"], error["rule"], error["path"]) == ("GuardFailed", "number", ["number"])
    assert "8.00 EUR" in error["message"]
    assert len(part(await now(api, order))["invoices"]) == 1


@pytest.mark.parametrize(
    ("value", "pieces", "path", "says"),
    [
        ("12.01", {0: 1}, ["value"], "At most 12.00 EUR can still be invoiced"),
        ("12.00", {0: 2}, ["lines", "0", "quantity"], "At most 1 of A"),
    ],
)
async def test_more_than_is_left_is_refused_with_what_is(
    api: Api, value: str, pieces: dict[int, int], path: list[str], says: str
):
    order = await handled(api)
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "8.00", pieces={0: 1}))
    payload = await api.do(M1, "addInvoice", **invoice(order, "F-2", value, pieces=pieces))
    [error] = payload["errors"]
    assert (error["__typename"], error["path"]) == ("GuardFailed", path)
    assert says in error["message"]
    assert minor(part(await now(api, order))["invoiced"]) == 800


async def test_the_line_with_too_many_pieces_is_named(api: Api):
    order = await handled(api, line("A"), line("B", quantity=2))
    payload = await api.do(M1, "addInvoice", **invoice(order, pieces={0: 1, 1: 3}))
    assert payload["errors"][0]["path"] == ["lines", "1", "quantity"]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"number": "F 1"}, ["number"]),
        ({"number": ""}, ["number"]),
        ({"number": "9" * 201}, ["number"]),
        ({"value": {"amount": "0.00", "currency": "EUR"}}, ["value", "amount"]),
        ({"value": {"amount": "20.001", "currency": "EUR"}}, ["value", "amount"]),
        ({"value": {"amount": "20.00", "currency": "USD"}}, ["value", "currency"]),
        ({"value": {"amount": "20.00", "currency": "EURO"}}, ["value", "currency"]),
        ({"lines": []}, ["lines"]),
        ({"url": "javascript:alert(1)"}, ["url"]),
        ({"trackingUrl": "ftp://example.org"}, ["trackingUrl"]),
        ({"courier": "c" * 201}, ["courier"]),
    ],
)
async def test_what_is_wrong_with_an_invoice_is_named_and_nothing_is_kept(
    api: Api, sent: Answer, path: list[str]
):
    order = await handled(api)
    payload = await api.do(M1, "addInvoice", **{**invoice(order), **sent})
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert (await now(api, order))["version"] == order["version"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"quantity": 0}, "quantity"),
        ({"unitPrice": "-1.00"}, "unitPrice"),
        ({"unitPrice": "1.001"}, "unitPrice"),
    ],
)
async def test_what_is_wrong_with_a_line_of_an_invoice_is_named(api: Api, wrong: Answer, path: str):
    order = await handled(api)
    sent = invoice(order)
    sent["lines"][0] |= wrong
    payload = await api.do(M1, "addInvoice", **sent)
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == ["lines", "0", path]


async def test_a_line_stands_on_an_invoice_once(api: Api):
    order = await handled(api)
    sent = invoice(order, pieces={0: 1})
    payload = await api.do(M1, "addInvoice", **{**sent, "lines": sent["lines"] * 2})
    assert payload["errors"][0]["path"] == ["lines", "1", "line"]


async def test_nothing_is_invoiced_before_handling_starts(api: Api):
    order = await paid(api)
    payload = await api.do(M1, "addInvoice", **invoice(order))
    [error] = payload["errors"]
    assert error["__typename"] == "TransitionNotAllowed"
    assert (error["path"], error["state"]) == (["merchantOrder"], "ready-for-handling")
    assert "start_handling" in error["available"]


async def test_a_return_is_refunded_by_itself(api: Api):
    order = await invoiced(api)
    back = invoice(order, "R-1", "10.00", pieces={0: 1}, type="INPUT")
    await api.done(ADMIN, "addInvoice", **{**back, "order": by(order)})
    order = await now(api, order)
    assert commands(order)[-1] == ("REFUND", "DONE", 1000)
    assert money(order) == {"approved": 2000, "captured": 2000, "refunded": 1000}
    assert minor(part(order)["returned"]) == 1000
    assert stands(order) == ["invoiced", "invoiced"]


async def test_more_than_was_invoiced_does_not_come_back(api: Api):
    order = await invoiced(api)
    payload = await api.do(M1, "addInvoice", **invoice(order, "R-1", "20.01", pieces={0: 1}, type="INPUT"))
    assert (kinds(payload), payload["errors"][0]["path"]) == (["GuardFailed"], ["value"])


async def test_nothing_comes_back_before_all_is_invoiced(api: Api):
    order = await handled(api)
    payload = await api.do(M1, "addInvoice", **invoice(order, "R-1", type="INPUT"))
    assert payload["errors"][0]["rule"] == "not_invoiced"


async def test_the_marketplace_does_not_sell_in_the_merchants_name(api: Api):
    order = await handled(api)
    sent: Answer = {**invoice(order), "order": by(order)}
    payload = await api.do(ADMIN, "addInvoice", **sent)
    assert kinds(payload) == ["TransitionNotAllowed"]


@pytest.mark.parametrize("who", [ANNA, PAYMENTS], ids=["customer", "payments"])
@pytest.mark.parametrize("mutation", ["addInvoice", "updateTracking"])
async def test_invoices_are_for_those_who_sell(api: Api, who: Any, mutation: str):
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation M($i: {kind}!) {{ {mutation}(input: $i) {{ __typename }} }}"
    sent = invoice(await handled(api)) if mutation == "addInvoice" else {"order": {"id": "x"}, "invoice": "1"}
    answer = await api.ask(who, document, i=sent)
    assert answer["errors"][0].extensions["code"] == "FORBIDDEN"


async def test_another_merchants_order_and_lines_do_not_exist(api: Api):
    order = await handled(api, line("A"), line("B", "m2"))
    payload = await api.do(M2, "addInvoice", **invoice(order))
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["order"])
    own = invoice(order)
    named = {**own, "merchantOrder": part(order, "m2")["id"]}
    payload = await api.do(M1, "addInvoice", **named)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["merchantOrder"])
    own["lines"][0]["line"] = part(order, "m2")["lines"][0]["id"]
    payload = await api.do(M1, "addInvoice", **own)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["lines", "0", "line"])


async def test_who_sees_several_merchant_orders_names_one(api: Api):
    order = await invoiced(api, line("A"), line("B", "m2"))
    back: Answer = {**invoice(order, "R-1", pieces={0: 1}, type="INPUT"), "order": by(order)}
    payload = await api.do(ADMIN, "addInvoice", **back)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["merchantOrder"])
    await api.done(ADMIN, "addInvoice", **back, merchantOrder=part(order)["id"])


async def test_an_order_whose_lines_move_knows_no_invoices(api: Api):
    order = await api.sent(line("A"))
    theirs = await api.seen_by(M1, order)
    sent: Answer = {
        "order": by(theirs),
        "number": "F-1",
        "value": {"amount": "10.00", "currency": "EUR"},
        "issuedAt": "2026-01-31T12:00:00Z",
        "lines": [{"line": order["lines"][0]["id"], "quantity": 1, "unitPrice": "10.00"}],
    }
    assert kinds(await api.do(M1, "addInvoice", **sent)) == ["TransitionNotAllowed"]


# Tracking


async def test_tracking_adds_up_and_moves_nothing(api: Api):
    order = await invoiced(api)
    told: Answer = {"order": reference(order), "invoice": "F-1"}
    first = {"at": "2026-01-30T08:00:00.000Z", "description": "Picked up", "city": "Berlin", "state": None}
    second = {**first, "at": "2026-01-31T08:00:00.000Z", "description": "On its way"}
    await api.done(M1, "updateTracking", **told, courier="DHL", number="T1", events=[second])
    await api.done(
        CARRIER, "updateTracking", **{**told, "order": by_logistics(order)}, events=[first, second]
    )
    order = await now(api, order)
    assert stands(order) == ["invoiced", "invoiced"]
    tracking = part(order)["invoices"][0]["tracking"]
    assert (tracking["courier"], tracking["number"], tracking["isDelivered"]) == ("DHL", "T1", False)
    assert tracking["events"] == [first, second]


async def test_the_customer_reads_how_far_it_is(api: Api):
    order = await invoiced(api)
    told: Answer = {"order": reference(order), "invoice": "F-1"}
    shop = await api.order(by_logistics(order)["reference"], ANNA)
    assert shop is not None
    labels = [shop["status"]["label"]]
    for sent in ({"number": "T1"}, {"isDelivered": True, "deliveredAt": "2026-01-31T09:00:00Z"}):
        await api.done(M1, "updateTracking", **told, **sent)
        shop = await api.order(shop["reference"], ANNA)
        assert shop is not None
        labels.append(shop["status"]["label"])
    assert labels == ["In transit to carrier", "Delivering order", "Order shipped"]


async def test_what_was_delivered_stays_so(api: Api):
    order = await invoiced(api)
    told: Answer = {"order": reference(order), "invoice": "F-1"}
    await api.done(M1, "updateTracking", **told, isDelivered=True)
    await api.done(M1, "updateTracking", **told, courier="DHL")
    assert part(await now(api, order))["invoices"][0]["tracking"]["isDelivered"] is True
    payload = await api.do(M1, "updateTracking", **told, isDelivered=False)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["GuardFailed"], ["isDelivered"])


@pytest.mark.parametrize(
    ("sent", "kind", "path"),
    [
        ({"invoice": "F-9"}, "GuardFailed", ["invoice"]),
        ({"deliveredAt": "2026-01-31T09:00:00Z"}, "InvalidInput", ["deliveredAt"]),
        ({"isDelivered": True, "deliveredAt": "2999-01-31T09:00:00Z"}, "InvalidInput", ["deliveredAt"]),
        ({"events": [{"at": "2999-01-31T09:00:00Z", "description": "x"}]}, "InvalidInput", ["events"]),
        (
            {"events": [{"at": "2026-01-31T09:00:00Z", "description": " "}]},
            "InvalidInput",
            ["events", "0", "description"],
        ),
        ({"events": [{"at": "2026-01-31T09:00:00Z", "description": "x"}] * 101}, "InvalidInput", ["events"]),
        ({"url": "file:///etc/passwd"}, "InvalidInput", ["url"]),
    ],
)
async def test_what_is_wrong_with_tracking_is_named(api: Api, sent: Answer, kind: str, path: list[str]):
    order = await invoiced(api)
    told: Answer = {"order": reference(order), "invoice": "F-1", **sent}
    payload = await api.do(M1, "updateTracking", **told)
    assert (kinds(payload), payload["errors"][0]["path"]) == ([kind], path)
    assert (await now(api, order))["version"] == order["version"]


async def test_without_an_invoice_there_is_nothing_to_track(api: Api):
    order = await handled(api)
    payload = await api.do(M1, "updateTracking", order=reference(order), invoice="F-1", number="T1")
    assert kinds(payload) == ["GuardFailed"]
    assert "none yet" in payload["errors"][0]["message"]


async def test_an_invoice_is_sent_again_under_its_key(api: Api):
    order = await handled(api)
    sent = invoice(order, "F-1", "8.00", pieces={0: 1})
    await api.done(M1, "addInvoice", **sent, idempotencyKey="k")
    again = await api.done(M1, "addInvoice", **sent, idempotencyKey="k")
    assert again["replayed"] is True
    other = await api.do(M1, "addInvoice", **{**sent, "number": "F-2"}, idempotencyKey="k")
    assert kinds(other) == ["IdempotencyConflict"]


async def test_what_is_not_paid_is_not_invoiced(api: Api):
    order = await placed(api)
    await api.done(M1, "authorizeFulfillment", order=reference(order))
    await api.done(ADMIN, "advanceTestClock", by="PT1M")
    await api.done(M1, "startHandling", order=reference(order))
    payload = await api.do(M1, "addInvoice", **invoice(order))
    assert kinds(payload) == ["GuardFailed"]
    await pay(api, order)
    await api.done(M1, "addInvoice", **invoice(order))
