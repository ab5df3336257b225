"""What holds when many do the same, or different things, to one order at the same time; on a real server."""

import asyncio
from collections import Counter
from datetime import timedelta

from tests.acting import ADMIN, M1, M2, PAYMENTS, Api, by, cart, kinds, line, minor, pieces, states

SHIPPED = ["shipped_by_merchant", "shipped"]
WINDOW = timedelta(minutes=30)


async def test_eight_identical_moves_at_once_are_one_move_and_seven_that_were_so_already(server_api: Api):
    order = await server_api.sent(line("A"))
    theirs = by(await server_api.seen_by(M1, order))
    answers = await asyncio.gather(*(server_api.done(M1, "shipLines", order=theirs) for _ in range(8)))
    assert sorted((len(each["moved"]), len(each["skipped"])) for each in answers) == [(0, 1)] * 7 + [(1, 0)]
    now = await server_api.now(order)
    assert (now["version"], states(now)) == (order["version"] + 1, [SHIPPED])
    events = [entry["event"] for entry in await server_api.history(order) if entry["role"] == "MERCHANT"]
    assert events == ["ship"]


async def test_eight_identical_moves_under_one_key_are_carried_out_once_and_all_answered_alike(
    server_api: Api,
):
    order = await server_api.sent(line("A", quantity=8))
    theirs = await server_api.seen_by(M1, order)
    sent = {"order": by(theirs), "lines": pieces(*theirs["lines"], quantity=1), "idempotencyKey": "k1"}
    answers = await asyncio.gather(*(server_api.done(M1, "shipLines", **sent) for _ in range(8)))
    assert Counter(each["replayed"] for each in answers) == {False: 1, True: 7}
    assert all({**each, "replayed": False} == {**answers[0], "replayed": False} for each in answers)
    assert [each["quantity"] for each in (await server_api.now(order))["lines"]] == [7, 1]


async def test_eight_different_moves_at_once_all_happen_and_no_version_is_missing(server_api: Api):
    order = await server_api.sent(*(line(f"A-{n}") for n in range(8)))
    theirs = by(await server_api.seen_by(M1, order))
    answers = await asyncio.gather(
        *(server_api.done(M1, "shipLines", order=theirs, lines=pieces(each)) for each in order["lines"])
    )
    versions = sorted(each["order"]["version"] for each in answers)
    assert versions == list(range(order["version"] + 1, order["version"] + 9))
    assert states(await server_api.now(order)) == [SHIPPED] * 8
    history = await server_api.history(order)
    assert [entry["seq"] for entry in history] == list(range(1, len(history) + 1))


async def test_two_merchants_of_one_order_never_overwrite_each_other(server_api: Api):
    order = await server_api.sent()
    selectors = [(each, by(await server_api.seen_by(each, order))) for each in (M1, M2)]
    await asyncio.gather(
        *(server_api.done(who, "shipLines", order=theirs, carrier=who.sub) for who, theirs in selectors)
    )
    now = await server_api.now(order)
    assert [each["shipment"]["carrier"] for each in now["lines"]] == ["seller-1", "seller-2"]
    assert states(now) == [SHIPPED] * 2


async def test_ten_partial_refunds_at_once_race_to_exactly_the_remainder(server_api: Api):
    order = await server_api.canceled(line("A", price="100.00"))
    part = pieces(*order["lines"], amount={"amount": "15.00", "currency": "EUR"})
    answers = await asyncio.gather(
        *(server_api.do(ADMIN, "refundLines", order=by(order), lines=part) for _ in range(10))
    )
    refused = [each for each in answers if each["errors"]]
    assert [kinds(each) for each in refused] == [["GuardFailed"]] * 4
    payment = (await server_api.now(order))["payment"]
    assert (minor(payment["refunded"]), len(payment["refunds"])) == (9000, 6)
    rest = pieces(*order["lines"], amount={"amount": "10.00", "currency": "EUR"})
    await server_api.done(ADMIN, "refundLines", order=by(order), lines=rest)
    assert minor((await server_api.now(order))["payment"]["refunded"]) == 10_000


async def test_payments_at_once_never_add_up_to_more_than_is_due(server_api: Api):
    order = await server_api.placed(line("A", price="10.00"))
    selector = {"reference": order["reference"]}
    money = {"amount": "4.00", "currency": "EUR"}
    answers = await asyncio.gather(
        *(
            server_api.do(PAYMENTS, "recordPayment", order=selector, amount=money, reference=f"p{n}")
            for n in range(5)
        )
    )
    assert Counter(len(each["errors"]) for each in answers) == {0: 2, 1: 3}
    assert minor((await server_api.now(order))["payment"]["captured"]) == 800


async def test_the_clock_and_the_marketplace_move_an_order_one_after_the_other(server_api: Api):
    order = await server_api.paid(line("A"))
    await server_api.services.clock.advance(WINDOW)
    canceled, _ = await asyncio.gather(
        server_api.done(ADMIN, "cancel", order=by(order), reason="sold out"),
        server_api.services.deadlines.run_due(),
    )
    events = [entry["event"] for entry in await server_api.history(order)]
    sent_first = "send_to_merchant" in events
    assert states(await server_api.now(order)) == [
        ["canceled", "canceled_by_marketplace"] if sent_first else ["canceled"]
    ]
    assert events.count("cancel") == 1
    assert len(canceled["moved"]) == 1


async def test_eight_checkouts_under_one_key_place_one_order(server_api: Api):
    sent = cart(idempotencyKey="k1", externalReference="web-1")
    answers = await asyncio.gather(*(server_api.done(ADMIN, "placeOrder", **sent) for _ in range(8)))
    assert len({each["order"]["id"] for each in answers}) == 1
    assert Counter(each["replayed"] for each in answers) == {False: 1, True: 7}
