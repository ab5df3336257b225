"""Bad input, whatever the mutation: a typed error with its place, or GraphQL's own; nothing is written."""

from typing import Any

import pytest

from graph.schema import schema
from graph.types.ids import REFUND, encode
from tests.acting import ADMIN, ANNA, M1, Answer, Api, by, kinds, line, states

LINES = {
    "sendToMerchant": {},
    "shipLines": {},
    "deliverLines": {},
    "closeLines": {},
    "cancelLines": {},
    "refundLines": {},
    "requestReturn": {},
    "receiveReturn": {},
    "rejectReturn": {"reason": "no"},
    "shipBack": {},
    "fireEvent": {"event": "ship"},
}
"""Every mutation that takes lines, with what else it needs."""


def test_every_mutation_that_takes_lines_is_tried_here():
    fields = schema.introspect()["__schema"]["types"]
    taking = {
        each["name"].removesuffix("Input")
        for each in fields
        if each["kind"] == "INPUT_OBJECT" and any(field["name"] == "lines" for field in each["inputFields"])
        if any(field["name"] == "order" for field in each["inputFields"])
    }
    # The lines of an invoice and of a change are inputs of their own, tried where those are.
    others = {"AddInvoice", "ChangeOrder", "PreviewChange"}
    assert taking - others == {f"{name[0].upper()}{name[1:]}" for name in LINES}


@pytest.mark.parametrize("mutation", LINES)
@pytest.mark.parametrize(
    ("said", "path"),
    [
        ([], ["lines"]),
        ([{"line": "x"}] * 501, ["lines"]),
        ([{"line": "x", "quantity": -1}], ["lines", "0", "quantity"]),
        ([{"line": "x"}, {"line": "x", "quantity": 0}], ["lines", "1", "quantity"]),
    ],
    ids=["no lines", "too many lines", "negative quantity", "no pieces"],
)
async def test_lines_that_cannot_be_meant_are_refused_before_anything_is_read(
    api: Api, mutation: str, said: list[Answer], path: list[str]
):
    payload = await api.do(ADMIN, mutation, order={"reference": "K7QW-2M9X"}, lines=said, **LINES[mutation])
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert payload["order"] is None


@pytest.mark.parametrize(
    ("who", "mutation", "sent", "path"),
    [
        (ADMIN, "cancel", {"reason": "x" * 1001}, ["reason"]),
        (M1, "shipLines", {"carrier": "x" * 201}, ["carrier"]),
        (M1, "shipLines", {"trackingNumber": "x" * 201}, ["trackingNumber"]),
        (M1, "fireEvent", {"event": "ship", "input": {"carrier": "x" * 201}}, ["input", "carrier"]),
        (M1, "fireEvent", {"event": "x" * 101}, ["event"]),
        (ANNA, "cancel", {"idempotencyKey": ""}, ["idempotencyKey"]),
        (ANNA, "cancel", {"idempotencyKey": "x" * 256}, ["idempotencyKey"]),
    ],
)
async def test_text_that_is_longer_than_is_kept_is_refused(
    api: Api, who: Any, mutation: str, sent: Answer, path: list[str]
):
    order = await api.sent(line("A"))
    reference = order["merchantOrders"][0]["reference"] if who is M1 else order["reference"]
    payload = await api.do(who, mutation, order={"reference": reference}, **sent)
    assert kinds(payload) == ["InvalidInput"]
    assert payload["errors"][0]["path"] == path
    assert (await api.now(order))["version"] == order["version"]


async def test_an_amount_of_an_event_is_checked_like_any_other(api: Api):
    order = await api.canceled(line("A"))
    for text, currency, path in (
        ("1.001", "EUR", ["input", "amount", "amount"]),
        ("-1.00", "EUR", ["input", "amount", "amount"]),
        ("1.00", "USD", ["input", "amount", "currency"]),
        ("1.00", "?", ["input", "amount", "currency"]),
    ):
        amount = {"amount": {"amount": text, "currency": currency}}
        payload = await api.do(ADMIN, "fireEvent", order=by(order), event="refund", input=amount)
        assert kinds(payload) == ["InvalidInput"]
        assert payload["errors"][0]["path"] == path
    assert (await api.now(order))["version"] == order["version"]


async def test_an_event_takes_nothing_along_but_what_its_process_lists_for_it(api: Api):
    order = await api.sent(line("A", "m1"), line("B", "m2"))
    theirs = by(await api.seen_by(M1, order))
    claimed: Answer = {
        "reason": "paid back in cash",
        "deliveredOn": "2026-01-01",
        "amount": {"amount": "1.00", "currency": "EUR"},
    }
    payload = await api.do(M1, "fireEvent", order=theirs, event="ship", input={"carrier": "UPS", **claimed})
    assert {error["path"][-1] for error in payload["errors"]} == claimed.keys()
    assert set(kinds(payload)) == {"InvalidInput"}
    assert (await api.now(order))["version"] == order["version"]


async def test_a_new_refund_cannot_name_another_refund(api: Api):
    order = await api.canceled(line("A"))
    named = {"refund": encode(REFUND, "another"), "amount": {"amount": "1.00", "currency": "EUR"}}
    payload = await api.do(ADMIN, "fireEvent", order=by(order), event="refund", input=named)
    assert [error["path"] for error in payload["errors"]] == [["input", "refund"]]
    assert (await api.now(order))["version"] == order["version"]


async def test_an_event_about_an_unknown_refund_is_not_found(api: Api):
    order = await api.canceled(line("A"))
    payload = await api.do(ADMIN, "fireEvent", order=by(order), event="confirm_refund", input={"refund": "?"})
    assert kinds(payload) == ["NotFound"]


@pytest.mark.parametrize(
    "sent",
    [
        'order: {}, event: "cancel"',
        'order: {reference: "K7QW-2M9X", id: "x"}, event: "cancel"',
        'order: {reference: null}, event: "cancel"',
        'order: {reference: "K7QW-2M9X"}',
        'order: {reference: "K7QW-2M9X"}, event: "cancel", party: NOBODY',
        'order: {reference: "K7QW-2M9X"}, event: "cancel", party: "MERCHANT"',
        'order: {reference: "K7QW-2M9X"}, event: "cancel", lines: [{line: "x", quantity: 1.5}]',
        'order: {reference: "K7QW-2M9X"}, event: "cancel", lines: [{line: "x", quantity: 3000000000}]',
        'order: {reference: "K7QW-2M9X"}, event: "cancel", because: "I can"',
        'order: {reference: "K7QW-2M9X"}, event: "deliver", input: {deliveredOn: "2026-02-30"}',
        'order: {reference: "K7QW-2M9X"}, event: "deliver", input: {deliveredOn: "tomorrow"}',
        'order: {reference: "K7QW-2M9X"}, event: "refund", input: {amount: {amount: 1.5, currency: "EUR"}}',
        'order: {reference: "K7QW-2M9X"}, event: "refund", input: {amount: {amount: "1e3", currency: "EUR"}}',
        'order: {reference: "K7QW-2M9X"}, event: "refund", input: {amount: {amount: "NaN", currency: "EUR"}}',
    ],
)
async def test_what_the_schema_does_not_know_is_graphqls_own_error(api: Api, sent: str):
    order = await api.paid(line("A"))
    document = f"mutation {{ fireEvent(input: {{{sent}}}) {{ __typename }} }}"
    answer = await api.ask(ADMIN, document.replace("K7QW-2M9X", order["reference"]))
    assert answer["data"] is None
    assert answer["errors"]
    assert all(error.path is None for error in answer["errors"]), "nothing was run"
    assert states(await api.now(order)) == [["paid"]]
