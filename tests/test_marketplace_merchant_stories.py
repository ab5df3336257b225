"""Orders that go through marketplace-merchant from end to end: the split, both merchant machines, returns.

Source: seed on the marketplace and merchant state machines; design, process marketplace-merchant.
"""

from domain.actors import Party
from domain.processes.marketplace_merchant import (
    DELIVERED,
    LEFT_MERCHANT,
    SENT_TO_MERCHANT,
    SHIPPED,
    SHIPPED_BY_MERCHANT,
)
from domain.refusal import RefusalCode
from tests.builders import line, order, policies, refused, states, walk

SENT = ("payments pay", "marketplace send_to_merchant")
SHIPPED_TO = (*SENT, "merchant ship")


def test_the_split_makes_one_merchant_order_per_merchant_that_adds_up_to_the_order():
    here = walk(
        order(
            line(1, merchant_id="m2", quantity=3, unit_price=333, discount=100, tax=57, shipping=250),
            line(2, merchant_id="m1", unit_price=1999, tax=320, shipping=490),
            line(3, merchant_id="m2", unit_price=5, shipping=1),
        ),
        "payments pay",
        "30 minutes later",
    )
    of_m2, of_m1 = here.order.merchant_orders
    assert [(m.merchant_id, m.reference) for m in (of_m2, of_m1)] == [("m2", "ORD-1-1"), ("m1", "ORD-1-2")]
    assert len({of_m1.id, of_m2.id, here.order.id}) == 3
    assert [line.id for line in here.order.lines_of(of_m2)] == ["o1-1", "o1-3"]
    assert [line.id for line in here.order.lines_of(of_m1)] == ["o1-2"]
    for amount in ("total", "shipping", "captured"):
        parts = [sum(getattr(x, amount) for x in here.order.lines_of(m)) for m in (of_m1, of_m2)]
        assert sum(parts) == sum(getattr(x, amount) for x in here.order.lines)
    assert here.order.total == here.order.captured == 999 - 100 + 57 + 250 + 1999 + 320 + 490 + 6


def test_an_order_cannot_be_split_twice():
    here = walk(order(line(1), line(2)), "payments pay", "marketplace send_to_merchant line 1")
    assert [m.id for m in here.order.merchant_orders] == ["o1-m1"]
    there = walk(here, "marketplace send_to_merchant every line", "30 minutes later", "1 day later")
    assert [m.id for m in there.order.merchant_orders] == ["o1-m1"]
    assert {line.merchant_order_id for line in there.order.lines} == {"o1-m1"}
    started = [e for e in there.entries if (e.unit, e.party, e.source) == ("o1-1", Party.MERCHANT, None)]
    assert len(started) == 1


def test_each_merchant_runs_its_own_machine_in_the_same_order():
    settings = policies({"m2": {"merchant_process": "merchant-distribution"}})
    here = walk(
        order(line(1), line(2, merchant_id="m2"), policies=settings),
        *SENT[:1],
        "30 minutes later",
        "merchant ship line 1",
        "merchant send_to_distribution line 2",
    )
    assert states(here) == {
        "o1-1": {"marketplace": SHIPPED_BY_MERCHANT, "merchant": SHIPPED},
        "o1-2": {"marketplace": SENT_TO_MERCHANT, "merchant": LEFT_MERCHANT},
    }
    assert refused(here, "merchant send_to_distribution line 1").code is RefusalCode.TRANSITION_NOT_ALLOWED


def test_a_return_can_be_rejected_delivered_again_and_asked_for_again():
    once = (
        "customer request_return",
        "merchant reject_return, reason=worn",
        "merchant ship_back",
        "logistics deliver",
    )
    here = walk(order(), *SHIPPED_TO, "merchant deliver", *once, *once)
    assert states(here) == {"o1-1": {"marketplace": DELIVERED, "merchant": DELIVERED}}


def test_a_delivery_is_not_dated_in_the_future():
    here = walk(order(), *SHIPPED_TO)
    answer = refused(here, "merchant deliver, delivered_on=2026-03-04")
    assert answer.message == "A delivery cannot be dated in the future; it is 2026-03-02 (UTC) today."
    # It may already be tomorrow where the merchant is.
    assert walk(here, "merchant deliver, delivered_on=2026-03-03").line().delivered_on is not None


def test_a_delivery_without_a_day_is_of_today():
    here = walk(order(), *SHIPPED_TO, "3 days later", "merchant deliver")
    assert str(here.line().delivered_on) == "2026-03-05"


def test_what_the_merchant_says_when_it_ships_is_kept_with_the_line():
    here = walk(
        order(), *SENT, "merchant ship, carrier=Post, tracking_number=AB12, expected_delivery=2026-03-09"
    )
    shipment = here.line().shipment
    assert shipment is not None
    assert (shipment.carrier, shipment.tracking_number) == ("Post", "AB12")
    assert str(shipment.expected_delivery) == "2026-03-09"
