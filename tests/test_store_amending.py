"""What changing an order promises in the API: a true preview, money that follows, nothing half done."""

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
    reference,
    stands,
)

B = {"sku": "B", "name": "Product B", "quantity": 1, "unitPrice": "5.00"}


def to(order: Answer, *quantities: int, merchant: str = "m1") -> list[Answer]:
    """New quantities of a merchant's lines, as the input names them."""
    lines = part(order, merchant)["lines"]
    return [{"line": each["id"], "quantity": n} for each, n in zip(lines, quantities, strict=True)]


async def test_fewer_pieces_cost_less_and_what_was_approved_is_let_go_of(api: Api):
    order = await paid(api)
    payload = await api.done(M1, "changeOrder", order=reference(order), lines=to(order, 1), reason="broken")
    assert [each["quantity"] for each in payload["moved"]] == [1]
    order = await now(api, order)
    assert minor(part(order)["totals"]["total"]) == 1000
    assert commands(order) == [("VOID", "DONE", 1000)]
    assert money(order) == {"approved": 1000}


async def test_more_pieces_and_new_lines_are_to_be_paid(api: Api):
    order = await paid(api)
    await api.done(ADMIN, "changeOrder", order=by(order), lines=to(order, 3), add=[B], reason="wished")
    order = await now(api, order)
    assert [(each["sku"], each["quantity"]) for each in part(order)["lines"]] == [("A", 3), ("B", 1)]
    assert money(order) == {"approved": 2000, "due": 1500}
    order = await pay(api, order)
    await api.done(M1, "startHandling", order=reference(order))
    await api.done(M1, "addInvoice", **invoice(order))
    assert stands(await now(api, order)) == ["invoiced", "invoiced"]


async def test_a_preview_says_what_comes_and_changes_nothing(api: Api):
    order = await paid(api)
    change = {"order": by(order), "lines": to(order, 1), "add": [{**B, "tax": "0.50", "discount": "1.00"}]}
    seen = await api.done(ADMIN, "previewChange", **change)
    assert [minor(seen[name]) for name in ("before", "after", "toRefund", "toPay")] == [2000, 1450, 550, 0]
    assert seen["missingStock"] == []
    assert await now(api, order) == order
    await api.done(ADMIN, "changeOrder", **change, reason="wished")
    assert money(await now(api, order)) == {"approved": 1450}


async def test_a_preview_says_what_will_be_to_pay(api: Api):
    order = await paid(api)
    seen = await api.done(ADMIN, "previewChange", order=by(order), lines=to(order, 4))
    assert [minor(seen[name]) for name in ("before", "after", "toRefund", "toPay")] == [2000, 4000, 0, 2000]
    assert seen["toPay"] == {"amount": "20.00", "minorUnits": 2000, "currency": "EUR"}


async def test_a_preview_refuses_as_the_change_does(api: Api):
    order = await invoiced(api)
    change: Answer = {"order": by(order), "lines": to(order, 1)}
    preview = await api.do(ADMIN, "previewChange", **change)
    made = await api.do(ADMIN, "changeOrder", **change, reason="wished")
    assert preview["before"] is None
    assert preview["errors"] == made["errors"]
    assert kinds(made) == ["TransitionNotAllowed"]


async def test_a_change_that_changes_nothing_is_none(api: Api):
    order = await paid(api)
    payload = await api.done(ADMIN, "changeOrder", order=by(order), lines=to(order, 2), reason="twice")
    assert (payload["moved"], len(payload["skipped"])) == ([], 1)
    assert (await now(api, order))["version"] == order["version"]


async def test_what_is_invoiced_stays(api: Api):
    order = await handled(api, line("A", quantity=2), line("B", quantity=2))
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "20.00", pieces={1: 2}))
    payload = await api.do(M1, "changeOrder", order=reference(order), lines=to(order, 2, 1), reason="late")
    [error] = payload["errors"]
    assert (error["rule"], error["path"]) == ("quantity", ["lines", "1", "quantity"])
    # What is left becomes nothing: then all of it is invoiced.
    await api.done(M1, "changeOrder", order=reference(order), lines=to(order, 0, 2), reason="sold out")
    order = await now(api, order)
    assert stands(order) == ["invoiced", "invoiced"]
    assert money(order) == {"approved": 2000, "captured": 2000}


async def test_the_total_does_not_go_below_what_is_invoiced(api: Api):
    order = await handled(api)
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "15.00", pieces={0: 1}))
    payload = await api.do(M1, "changeOrder", order=reference(order), lines=to(order, 1), reason="late")
    assert (payload["errors"][0]["rule"], payload["errors"][0]["path"]) == ("total", [])
    assert "15.00 EUR are invoiced" in payload["errors"][0]["message"]


async def test_an_order_of_nothing_is_canceled_instead(api: Api):
    order = await paid(api)
    payload = await api.do(ADMIN, "changeOrder", order=by(order), lines=to(order, 0), reason="wished")
    assert payload["errors"][0]["rule"] == "total"
    assert "cancel it instead" in payload["errors"][0]["message"]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({}, ["lines"]),
        ({"add": [{**B, "sku": " "}]}, ["add", "0", "sku"]),
        ({"add": [{**B, "name": "n" * 201}]}, ["add", "0", "name"]),
        ({"add": [B, {**B, "quantity": 0}]}, ["add", "1", "quantity"]),
        ({"add": [{**B, "unitPrice": "-1.00"}]}, ["add", "0", "unitPrice"]),
        ({"add": [{**B, "tax": "0.001"}]}, ["add", "0", "tax"]),
        ({"add": [{**B, "discount": "5.01"}]}, ["add"]),
        ({"add": [B] * 501}, ["add"]),
    ],
)
@pytest.mark.parametrize("mutation", ["changeOrder", "previewChange"])
async def test_what_is_wrong_with_a_change_is_named(api: Api, mutation: str, sent: Answer, path: list[str]):
    order = await paid(api)
    why = {"reason": "wished"} if mutation == "changeOrder" else {}
    payload = await api.do(ADMIN, mutation, order=by(order), **sent, **why)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], path)
    assert (await now(api, order))["version"] == order["version"]


async def test_what_is_wrong_with_a_line_is_named(api: Api):
    order = await paid(api)
    [known] = to(order, 1)
    for lines, kind, path in (
        ([{**known, "quantity": -1}], "InvalidInput", ["lines", "0", "quantity"]),
        ([{**known, "quantity": 1_000_001}], "InvalidInput", ["lines", "0", "quantity"]),
        ([known, known], "InvalidInput", ["lines", "1", "line"]),
        ([{**known, "line": "nonsense"}], "NotFound", ["lines", "0", "line"]),
    ):
        payload = await api.do(ADMIN, "changeOrder", order=by(order), lines=lines, reason="wished")
        assert (kinds(payload), payload["errors"][0]["path"]) == ([kind], path)


async def test_a_change_has_a_reason(api: Api):
    order = await paid(api)
    payload = await api.do(ADMIN, "changeOrder", order=by(order), lines=to(order, 1), reason=" ")
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InputMissing"], ["reason"])
    payload = await api.do(ADMIN, "changeOrder", order=by(order), lines=to(order, 1), reason="r" * 1001)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["reason"])


async def test_a_merchant_changes_its_own_part_only(api: Api):
    order = await paid(api, line("A", quantity=2), line("B", "m2", quantity=2))
    theirs = to(order, 1, merchant="m2")
    payload = await api.do(M1, "changeOrder", order=reference(order), lines=theirs, reason="broken")
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["lines", "0", "line"])
    payload = await api.do(M1, "previewChange", order=reference(order, "m2"), lines=theirs)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["order"])
    await api.done(M2, "changeOrder", order=reference(order, "m2"), lines=theirs, reason="broken")
    assert [minor(part(await now(api, order), m)["totals"]["total"]) for m in ("m1", "m2")] == [2000, 1000]


async def test_a_merchant_reads_no_state_of_the_marketplace_in_a_refusal(api: Api):
    order = await handled(api)
    await api.done(ADMIN, "requestCancellation", order=by(order), reason="wished")
    assert stands(await now(api, order)) == ["waiting-for-seller-decision", "cancellation-requested"]
    payload = await api.do(M1, "changeOrder", order=reference(order), lines=to(order, 1), reason="late")
    [error] = payload["errors"]
    assert (error["__typename"], error["state"]) == ("TransitionNotAllowed", "cancellation-requested")
    assert "waiting-for-seller-decision" not in error["message"]


async def test_nothing_changes_while_handling_is_being_started(api: Api):
    order = await handled(api, policies={"erp_confirmation": "yes"})
    for who, named, state in ((M1, reference(order), None), (ADMIN, by(order), "payment-approved")):
        payload = await api.do(who, "changeOrder", order=named, lines=to(order, 1), reason="late")
        [error] = payload["errors"]
        assert (error["__typename"], error["rule"], error["state"]) == ("GuardFailed", "where", state)
        assert "Handling is just being started" in error["message"]


@pytest.mark.parametrize("who", [ANNA, CARRIER, PAYMENTS], ids=["customer", "logistics", "payments"])
@pytest.mark.parametrize("mutation", ["changeOrder", "previewChange"])
async def test_orders_are_changed_by_those_who_sell(api: Api, who: Any, mutation: str):
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation M($i: {kind}!) {{ {mutation}(input: $i) {{ __typename }} }}"
    why = {"reason": "wished"} if mutation == "changeOrder" else {}
    answer = await api.ask(who, document, i={"order": {"id": "x"}, **why})
    assert answer["errors"][0].extensions["code"] == "FORBIDDEN"


async def test_a_preview_of_another_version_is_told_so(api: Api):
    order = await paid(api)
    payload = await api.do(ADMIN, "previewChange", order=by(order), lines=to(order, 1), expectedVersion=1)
    assert kinds(payload) == ["VersionConflict"]
