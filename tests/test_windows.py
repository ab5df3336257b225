"""Windows and timeouts through the API, at a time that stands still: never a millisecond early, and once.

What the clock does to an order in the domain is tests/test_deadlines_domain.py; that two workers and the
database's own clock agree is tests/test_deadlines.py.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acting import ADMIN, ANNA, M1, PAYMENTS, Answer, Api, by, kinds, line, minor, states
from tests.still import START

MOMENT = "PT0.001S"
CLOCK = """query ($id: ID!) { marketplace { order(by: {id: $id}) {
  deadlines { event at party } lines { deadlines { event at } }
  history(first: 100) { nodes { event at role } }
} } }"""
STUCK = """{ marketplace { stuckOrders(first: 50) {
  order { reference } deadline { event party unit at } attempts message nextTry } } }"""


async def waits(api: Api, by: str) -> None:
    """Let time pass; what becomes due is done when this returns."""
    await api.done(ADMIN, "advanceTestClock", by=by)


async def clock_of(api: Api, order: Answer) -> Answer:
    """What the clock will do with the order, and what happened to it."""
    answer = await api.ask(ADMIN, CLOCK, id=order["id"])
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]["marketplace"]["order"]


async def by_clock(api: Api, order: Answer) -> Counter[str]:
    """What moved by the clock or by what the clock moved, and how often."""
    history = (await clock_of(api, order))["history"]["nodes"]
    return Counter(row["event"] for row in history if row["role"] == "SYSTEM")


async def policies(api: Api, **values: str) -> None:
    """Set policies of the marketplace for orders to come."""
    sent = [{"name": name, "value": value} for name, value in values.items()]
    await api.done(ADMIN, "updatePolicies", policies=sent)


async def canceled_free(api: Api) -> Answer:
    """An order that was canceled before anybody paid."""
    order = await api.placed(line("A"))
    return (await api.done(ADMIN, "cancel", order=by(order)))["order"]


async def refunded(api: Api) -> Answer:
    order = await api.canceled(line("A"))
    return (await api.done(ADMIN, "refundLines", order=by(order)))["order"]


Story = Callable[[Api], Awaitable[Answer]]

WINDOWS: dict[str, tuple[Story, str, timedelta, list[str], Counter[str]]] = {
    "payment timeout": (
        lambda api: api.placed(line("A")), "expire", timedelta(days=7),
        ["canceled"], Counter(expire=1),
    ),
    "cancellation window": (
        lambda api: api.paid(line("A")), "send_to_merchant", timedelta(minutes=30),
        ["sent_to_merchant", "new"], Counter(send_to_merchant=1, start=1),
    ),
    "return window": (
        lambda api: api.delivered(line("A")), "close", timedelta(days=30),
        ["closed", "closed"], Counter(close=2),
    ),
    "refund close": (
        refunded, "close", timedelta(days=14),
        ["closed"], Counter(close=1),
    ),
    "close of what nobody paid": (
        canceled_free, "close", timedelta(days=14),
        ["closed"], Counter(close=1),
    ),
}  # fmt: skip
"""How an order gets where it waits, what for, how long, where it stands then, and what has moved it there."""


@pytest.mark.parametrize("window", WINDOWS)
async def test_a_window_closes_at_its_millisecond_and_once(still_api: Api, window: str):
    api = still_api
    waiting, event, length, then, moved = WINDOWS[window]
    order = await waiting(api)
    shown = await clock_of(api, order)
    due = (START + length).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert shown["deadlines"] == [{"event": event, "at": due, "party": "MARKETPLACE"}]
    assert [each["deadlines"] for each in shown["lines"]] == [[{"event": event, "at": due}]]
    before = await by_clock(api, order)

    await waits(api, f"PT{(length - timedelta(milliseconds=1)).total_seconds():.3f}S")
    assert (await api.now(order)) == order
    assert await by_clock(api, order) == before

    await waits(api, MOMENT)
    now = await api.now(order)
    assert states(now) == [then]
    assert now["version"] == order["version"] + 1
    assert await by_clock(api, order) == before + moved
    last = (await clock_of(api, order))["history"]["nodes"][-1]
    assert last["at"] == due

    await asyncio.gather(waits(api, MOMENT), waits(api, MOMENT))
    assert (await api.now(order)) == now


async def test_each_window_of_an_order_opens_when_the_one_before_it_has_closed(still_api: Api):
    api = still_api
    order = await api.placed(line("A"))
    await waits(api, "P6D")
    order = await api.pay(order)
    await waits(api, "PT29M59.999S")
    assert states(await api.now(order)) == [["paid"]]
    await waits(api, MOMENT)
    order = await api.now(order)
    theirs = by(await api.seen_by(M1, order))
    await waits(api, "P90D")
    assert states(await api.now(order)) == [["sent_to_merchant", "new"]], "no window runs at a merchant's"
    for mutation in ("shipLines", "deliverLines"):
        await api.done(M1, mutation, order=theirs)
        await waits(api, "P29D")
    assert states(await api.now(order)) == [["delivered", "delivered"]]
    await waits(api, "P1D")
    assert states(await api.now(order)) == [["closed", "closed"]]
    assert await by_clock(api, order) == {
        "send_to_merchant": 1,
        "start": 1,
        "ship": 1,
        "deliver": 1,
        "close": 2,
    }


@pytest.mark.parametrize("early", [True, False])
async def test_a_customer_cancels_until_the_window_closes_whether_or_not_the_clock_has_worked(
    still_api: Api, early: bool
):
    api = still_api
    order = await api.paid(line("A"))
    await api.services.clock.advance(timedelta(minutes=30) - timedelta(milliseconds=early))
    payload = await api.do(ANNA, "cancel", order={"reference": order["reference"]})
    if early:
        assert (payload["errors"], len(payload["moved"])) == ([], 1)
        return
    [error] = payload["errors"]
    assert (error["__typename"], error["rule"]) == ("GuardFailed", "inside_cancellation_window")
    assert (await api.now(order)) == order


@pytest.mark.parametrize("early", [True, False])
async def test_a_return_is_asked_for_until_the_window_closes_whether_or_not_the_clock_has_worked(
    still_api: Api, early: bool
):
    api = still_api
    order = await api.delivered(line("A"))
    await api.services.clock.advance(timedelta(days=30) - timedelta(milliseconds=early))
    payload = await api.do(ANNA, "requestReturn", order={"reference": order["reference"]})
    if early:
        assert states(await api.now(order)) == [["waiting_for_return"] * 2]
        await waits(api, "P60D")
        assert states(await api.now(order)) == [["waiting_for_return"] * 2], "the window runs no more"
        return
    [error] = payload["errors"]
    assert (error["__typename"], error["rule"]) == ("GuardFailed", "inside_return_window")
    assert (await api.now(order)) == order


async def test_no_cancellation_window_sends_with_the_payment_in_one_write(still_api: Api):
    api = still_api
    await policies(api, cancellation_window="PT0S")
    order = await api.placed()
    paid = await api.pay(order)
    assert states(paid) == [["sent_to_merchant", "new"]] * 2
    assert (paid["version"], len(paid["merchantOrders"])) == (order["version"] + 1, 2)
    assert (await clock_of(api, order))["deadlines"] == []


async def test_no_return_window_closes_with_the_delivery_and_leaves_the_label(still_api: Api):
    api = still_api
    await policies(api, return_window="PT0S")
    order = await api.delivered(line("A"))
    assert states(order) == [["closed", "closed"]]
    assert order["status"]["label"] == "Delivered"


async def test_an_order_keeps_the_windows_that_held_when_it_was_placed(still_api: Api):
    api = still_api
    order = await api.paid(line("A"))
    await policies(api, cancellation_window="PT1M", return_window="PT1M")
    later = await api.paid(line("A"))
    await waits(api, "PT1M")
    assert (states(await api.now(order)), states(await api.now(later))) == (
        [["paid"]],
        [["sent_to_merchant", "new"]],
    )


async def stuck(api: Api) -> list[Any]:
    answer = await api.ask(ADMIN, STUCK)
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]["marketplace"]["stuckOrders"]


async def test_a_canceled_line_whose_refund_is_overdue_is_shown_until_the_money_went_back(still_api: Api):
    api = still_api
    order = await api.canceled(line("A"), line("B"))
    late, settled = order["lines"]
    await api.done(ADMIN, "refundLines", order=by(order), lines=[{"line": settled["id"]}])
    await waits(api, "P13DT23H59M59.999S")
    assert await stuck(api) == []
    await waits(api, MOMENT)
    await waits(api, "PT1M1S")
    [shown] = await stuck(api)
    due = START + timedelta(days=14)
    assert shown["order"] == {"reference": order["reference"]}
    assert (shown["deadline"]["event"], shown["deadline"]["unit"]) == ("close", late["id"])
    assert datetime.fromisoformat(shown["deadline"]["at"]) == due
    assert "10.00 EUR" in shown["message"]
    assert shown["attempts"] == 2
    assert datetime.fromisoformat(shown["nextTry"]) > due.astimezone(UTC)
    assert states(await api.now(order)) == [["canceled"], ["closed"]], "what could close has closed"

    await api.done(ADMIN, "refundLines", order=by(order))
    assert await stuck(api) == []
    await waits(api, "P14D")
    assert states(await api.now(order)) == [["closed"], ["closed"]]


async def test_what_becomes_due_is_done_before_the_answer_however_many_others_cannot_move(still_api: Api):
    api = still_api
    for _ in range(25):
        await api.canceled(line("A"))
    await waits(api, "P10D")
    last = await api.placed(line("A"))
    await waits(api, "P7D")
    assert len(await stuck(api)) == 25
    assert states(await api.now(last)) == [["canceled"]]


async def test_nobody_fires_for_the_clock(still_api: Api):
    api = still_api
    order = await api.placed(line("A"))
    for who in (ADMIN, ANNA):
        selector = {"reference": order["reference"]}
        payload = await api.do(who, "fireEvent", order=selector, event="expire")
        assert kinds(payload) == ["TransitionNotAllowed"]
    assert (await api.now(order)) == order


async def test_what_was_paid_in_part_goes_back_when_the_order_was_not_paid_in_time(still_api: Api):
    api = still_api
    order = await api.placed(line("A"), line("B"))
    part = {"amount": "7.01", "currency": "EUR"}
    await api.done(ADMIN, "recordPayment", order=by(order), amount=part, reference="p1")
    await waits(api, "P7D")
    assert states(await api.now(order)) == [["canceled"]] * 2
    rest = {"amount": "12.99", "currency": "EUR"}
    late = await api.do(ADMIN, "recordPayment", order=by(order), amount=rest, reference="p2")
    assert [error["rule"] for error in late["errors"]] == ["due"]
    payment = (await api.done(ADMIN, "refundLines", order=by(order)))["order"]["payment"]
    assert minor(payment["refunded"]) == minor(payment["captured"]) == 701
    await waits(api, "P14D")
    assert states(await api.now(order)) == [["closed"]] * 2


async def test_the_clock_closes_no_line_whose_refund_the_provider_has_yet_to_settle(still_api: Api):
    api = still_api
    await policies(api, payment_provider="external")
    order = await api.canceled(line("A"))
    [canceled] = order["lines"]
    for text in ("4.00", "6.00"):
        asked = {"line": canceled["id"], "amount": {"amount": text, "currency": "EUR"}}
        order = (await api.done(ADMIN, "refundLines", order=by(order), lines=[asked]))["order"]
    first, second = order["payment"]["refunds"]
    selector = {"reference": order["reference"]}
    await api.done(PAYMENTS, "confirmRefund", order=selector, refund=first["id"])
    await waits(api, "P14D")
    payment = (await api.now(order))["payment"]
    assert states(await api.now(order)) == [["refunded"]]
    assert (minor(payment["refunded"]), minor(payment["reserved"])) == (400, 600)
    await api.done(PAYMENTS, "confirmRefund", order=selector, refund=second["id"])
    await waits(api, "PT1M")
    payment = (await api.now(order))["payment"]
    assert states(await api.now(order)) == [["closed"]]
    assert (minor(payment["refunded"]), minor(payment["reserved"])) == (1000, 0)
