"""What commands to an outside payment provider promise: money waits for its answer, and nothing is lost."""

from typing import Any

import pytest

from tests.acting import ADMIN, ANNA, CARRIER, M1, PAYMENTS, Answer, Api, by, kinds
from tests.store_keeping import (
    commands,
    handled,
    invoice,
    invoiced,
    money,
    now,
    paid,
    part,
    placed,
    reference,
    stands,
)

EXTERNAL = {"payment_provider": "external"}


def last(order: Answer) -> str:
    """The id of the command that was asked for last."""
    return order["payment"]["commands"][-1]["id"]


async def acknowledge(api: Api, order: Answer, result: str = "DONE", **more: Any) -> Answer:
    """Answer the last command as the payment provider; returns the order then."""
    payload = await api.do(
        PAYMENTS,
        "acknowledgeCommand",
        order={"reference": part(order)["reference"].rpartition("-")[0]},
        command=last(order),
        result=result,
        **more,
    )
    assert payload["errors"] == [], payload["errors"]
    return await now(api, order)


async def test_an_invoice_waits_until_it_is_captured(api: Api):
    order = await invoiced(api, policies=EXTERNAL)
    assert stands(order) == ["invoice", "invoice"]
    assert commands(order) == [("CAPTURE", "PENDING", 2000)]
    assert order["payment"]["commands"][0]["about"] == "F-1"
    assert money(order) == {"approved": 2000}
    order = await acknowledge(api, order)
    assert stands(order) == ["invoiced", "invoiced"]
    assert money(order) == {"approved": 2000, "captured": 2000}


async def test_the_same_answer_again_changes_nothing(api: Api):
    order = await acknowledge(api, await invoiced(api, policies=EXTERNAL))
    assert (await acknowledge(api, order))["version"] == order["version"]


async def test_a_refused_capture_is_shown_and_asked_for_again(api: Api):
    order = await invoiced(api, policies=EXTERNAL)
    order = await acknowledge(api, order, "REFUSED", answer="card expired")
    assert stands(order) == ["invoice", "invoice"]
    [command] = order["payment"]["commands"]
    assert (command["status"], command["answer"], command["attempt"]) == ("REFUSED", "card expired", 1)
    await api.done(ADMIN, "retryCommand", order=by(order), command=last(order))
    order = await now(api, order)
    assert (commands(order), order["payment"]["commands"][0]["attempt"]) == (
        [("CAPTURE", "PENDING", 2000)],
        2,
    )
    # What comes late of the first attempt says nothing about the second.
    order = await acknowledge(api, order, "REFUSED", attempt=1)
    assert commands(order) == [("CAPTURE", "PENDING", 2000)]
    order = await acknowledge(api, order, attempt=2)
    assert stands(order) == ["invoiced", "invoiced"]


async def test_a_cancellation_waits_until_what_was_approved_is_let_go_of(api: Api):
    order = await paid(api, policies=EXTERNAL)
    await api.done(M1, "cancel", order=reference(order), reason="sold out")
    order = await now(api, order)
    assert stands(order) == ["cancel", "cancel"]
    assert commands(order) == [("VOID", "PENDING", 2000)]
    order = await acknowledge(api, order)
    assert stands(order) == ["canceled", "canceled"]
    assert money(order) == {}


async def test_a_cancellation_waits_until_what_came_in_is_paid_back(api: Api):
    order = await placed(api, policies=EXTERNAL)
    sent = {"amount": {"amount": "20.00", "currency": "EUR"}, "reference": "bank-1", "captured": True}
    await api.done(ADMIN, "recordPayment", order=by(order), **sent)
    await api.done(M1, "cancel", order=reference(order), reason="sold out")
    order = await now(api, order)
    assert commands(order) == [("REFUND", "PENDING", 2000)]
    assert money(order) == {"approved": 2000, "captured": 2000, "reserved": 2000}
    order = await acknowledge(api, order, "REFUSED")
    assert (stands(order), money(order)) == (["cancel", "cancel"], {"approved": 2000, "captured": 2000})
    await api.done(ADMIN, "retryCommand", order=by(order), command=last(order))
    order = await acknowledge(api, await now(api, order))
    assert stands(order) == ["canceled", "canceled"]
    assert money(order) == {"approved": 2000, "captured": 2000, "refunded": 2000}


async def test_what_is_done_cannot_be_refused_nor_asked_for_again(api: Api):
    order = await invoiced(api)
    for mutation, more in (("acknowledgeCommand", {"result": "REFUSED"}), ("retryCommand", {})):
        payload = await api.do(ADMIN, mutation, order=by(order), command=last(order), **more)
        [error] = payload["errors"]
        assert (error["__typename"], error["path"]) == ("GuardFailed", ["command"])
        assert "already done" in error["message"]
    assert (await now(api, order))["version"] == order["version"]


async def test_what_is_on_its_way_needs_no_retry(api: Api):
    order = await invoiced(api, policies=EXTERNAL)
    await api.done(PAYMENTS, "retryCommand", order={"reference": whole(order)}, command=last(order))
    assert (await now(api, order))["version"] == order["version"]


def whole(order: Answer) -> str:
    """The reference of the order as a whole."""
    return part(order)["reference"].rpartition("-")[0]


async def test_a_command_that_is_not_there_is_not_found(api: Api):
    order = await handled(api)
    other = await invoiced(api, policies=EXTERNAL)
    for command in ("nonsense", part(order)["lines"][0]["id"], last(other)):
        payload = await api.do(PAYMENTS, "retryCommand", order={"reference": whole(order)}, command=command)
        assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["command"])


@pytest.mark.parametrize("who", [M1, ANNA, CARRIER], ids=["merchant", "customer", "logistics"])
@pytest.mark.parametrize(("kind", "more"), [("AcknowledgeCommand", {"result": "DONE"}), ("RetryCommand", {})])
async def test_commands_are_for_those_who_move_money(api: Api, who: Any, kind: str, more: Answer):
    name = f"{kind[0].lower()}{kind[1:]}"
    document = f"mutation M($i: {kind}Input!) {{ {name}(input: $i) {{ __typename }} }}"
    answer = await api.ask(who, document, i={"order": {"id": "x"}, "command": "x", **more})
    assert answer["errors"][0].extensions["code"] == "FORBIDDEN"


async def test_an_answer_is_no_novel(api: Api):
    order = await invoiced(api, policies=EXTERNAL)
    payload = await api.do(
        ADMIN,
        "acknowledgeCommand",
        order=by(order),
        command=last(order),
        result="REFUSED",
        answer="a" * 1001,
    )
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["answer"])


async def test_a_part_that_is_not_captured_yet_takes_no_further_invoice(api: Api):
    order = await handled(api, policies=EXTERNAL)
    await api.done(M1, "addInvoice", **invoice(order, "F-1", "8.00", pieces={0: 1}))
    payload = await api.do(M1, "addInvoice", **invoice(order, "F-2", "12.00", pieces={0: 1}))
    assert kinds(payload) == ["TransitionNotAllowed"]
    order = await acknowledge(api, await now(api, order))
    assert stands(order) == ["payment-approved", "handling"]
    await api.done(M1, "addInvoice", **invoice(order, "F-2", "12.00", pieces={0: 1}))
