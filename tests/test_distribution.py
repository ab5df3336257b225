"""The machine of merchants that ship by way of a distribution center, through the API beside the direct one.

What its audiences read on the way is tests/test_status_tables.py.
"""

from dataclasses import replace

import pytest

from graph.auth import Principal
from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, Answer, Api, by, kinds, line, states

BY_CENTER = [{"name": "merchant_process", "value": "merchant-distribution"}]
DIRECT = [{"name": "merchant_process", "value": "merchant"}]
OUR_CARRIER = replace(CARRIER, merchant_id="m1")


async def sent(api: Api, *lines: Answer) -> tuple[Answer, Answer]:
    """An order that was sent to m1, which ships by way of the center, and the selector of m1's part."""
    await api.done(M1, "updatePolicies", policies=BY_CENTER)
    order = await api.sent(*(lines or (line("A"),)))
    return order, by(order["merchantOrders"][0])


async def fires(api: Api, theirs: Answer, *events: str) -> None:
    for event in events:
        await api.done(M1, "fireEvent", order=theirs, event=event)


async def test_two_merchants_of_one_order_each_run_their_own_machine(api: Api):
    order, theirs = await sent(api, line("A", "m1"), line("B", "m2"))
    await api.done(M2, "shipLines", order=by(order["merchantOrders"][1]))
    payload = await api.do(M1, "shipLines", order=theirs)
    [error] = payload["errors"]
    assert (error["__typename"], error["available"]) == (
        "TransitionNotAllowed",
        ["send_to_distribution", "cancel"],
    )
    payload = await api.do(
        M2, "fireEvent", order=by(order["merchantOrders"][1]), event="send_to_distribution"
    )
    assert kinds(payload) == ["TransitionNotAllowed"]
    await fires(api, theirs, "send_to_distribution")
    assert states(await api.now(order)) == [
        ["sent_to_merchant", "left_merchant"],
        ["shipped_by_merchant", "shipped"],
    ]


async def test_the_merchants_carrier_takes_it_through_the_center_to_the_customer(api: Api):
    order, theirs = await sent(api)
    await fires(api, theirs, "send_to_distribution")
    selector = {"reference": order["merchantOrders"][0]["reference"]}
    for mutation, said, stand in (
        ("fireEvent", {"event": "confirm_at_center"}, ["sent_to_merchant", "at_distribution_center"]),
        ("shipLines", {"carrier": "Post"}, ["shipped_by_merchant", "shipped"]),
        ("deliverLines", {}, ["delivered", "delivered"]),
    ):
        moved = await api.done(OUR_CARRIER, mutation, order=selector, **said)
        assert len(moved["moved"]) == 1
        assert states(await api.now(order)) == [stand]


@pytest.mark.parametrize("way", [["send_to_distribution"], ["send_to_distribution", "confirm_at_center"]])
async def test_what_has_left_for_the_center_is_canceled_by_nobody(api: Api, way: list[str]):
    order, theirs = await sent(api)
    await fires(api, theirs, *way)
    before = await api.now(order)
    for who, selector, kind in (
        (ADMIN, by(order), "OutOfStep"),
        (M1, theirs, "TransitionNotAllowed"),
        (ANNA, {"reference": order["reference"]}, "TransitionNotAllowed"),
    ):
        payload = await api.do(who, "cancel", order=selector, reason="recalled")
        assert kinds(payload) == [kind]
        assert payload["moved"] == []
    assert await api.now(order) == before


@pytest.mark.parametrize(
    ("who", "then"),
    [(ADMIN, "canceled_by_marketplace"), (M1, "canceled_by_merchant")],
    ids=["marketplace", "merchant"],
)
async def test_what_is_still_at_the_merchant_can_be_canceled_by_both(api: Api, who: Principal, then: str):
    order, theirs = await sent(api)
    selector = theirs if who is M1 else by(order)
    await api.done(who, "cancel", order=selector, reason="recalled")
    assert states(await api.now(order)) == [["canceled", then]]


async def test_a_merchant_that_changes_its_machine_keeps_it_for_the_orders_it_has(api: Api):
    placed = await api.placed(line("A"))
    order, theirs = await sent(api)
    await api.done(M1, "updatePolicies", policies=DIRECT)
    paid = await api.pay(placed)
    early = (await api.done(ADMIN, "sendToMerchant", order=by(paid)))["order"]
    await fires(api, theirs, "send_to_distribution")
    await api.done(M1, "shipLines", order=by(early["merchantOrders"][0]))
    assert states(await api.now(order)) == [["sent_to_merchant", "left_merchant"]]
    assert states(await api.now(early)) == [["shipped_by_merchant", "shipped"]]
