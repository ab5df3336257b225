"""However a merchant order comes to be canceled, nothing of it is left: no stock, no money, no clock."""

from dataclasses import replace

import pytest

from domain.actors import Party
from domain.cancellations import Verdict
from domain.commands import CommandKind
from domain.payments import due
from domain.process import Process
from domain.processes import store_statuses as s
from domain.processes.chain import CHAIN_PROCESS
from domain.processes.complete import COMPLETE
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from domain.stocking import Claims, claims
from tests.builders import Walk, line, placed
from tests.store_walks import refused, sold, state, theirs, walk

GIVEN = ("given 5 of sku-1 in stock",)
PART = (*GIVEN, "payments pay, amount=5.00")
PAID = (*GIVEN, "payments pay")
READY = (*PAID, "30 minutes later")
HANDLED = (*READY, "merchant start_handling")
OVERRIDDEN = (*PART, "merchant authorize_fulfillment")
ASKED = "customer request_cancel, reason=late"

EVERYWHERE = {
    "the customer, half paid": (*PART, "customer cancel"),
    "the customer in the window": (*PAID, "customer cancel"),
    "a request in the window": (*PAID, ASKED),
    "the marketplace in the window": (*PAID, "marketplace cancel, reason=late"),
    "the payment timed out, half paid": (*PART, "7 days later"),
    "the payment was denied, half paid": (*PART, "payments deny_payment"),
    "the merchant before payment": (*PART, "merchant cancel"),
    "the merchant in the window": (*PAID, "merchant cancel, reason=broken"),
    "the merchant that is ready": (*READY, "merchant cancel, reason=broken"),
    "the merchant that handles": (*HANDLED, "merchant cancel, reason=broken"),
    "a request granted": (*READY, ASKED, "merchant approve_cancellation"),
    "a request granted while handling": (*HANDLED, ASKED, "merchant approve_cancellation"),
    "a request that nobody answered": (*READY, ASKED, "30 days later"),
    "the marketplace that insisted": (*READY, ASKED, "marketplace cancel, reason=again"),
    "the marketplace that insisted while it is handled": (
        *HANDLED,
        ASKED,
        "marketplace cancel, reason=again",
    ),
    "stock that never came": ("given 1 of sku-1 in stock", "payments pay", "30 days later"),
}
WITH_A_SELLER = {
    "an override, then a denied payment": (*OVERRIDDEN, "payments deny_payment"),
    "an override handled, then a denied payment": (
        *OVERRIDDEN, "30 minutes later", "merchant start_handling", "payments deny_payment",
    ),
    "an override that the ERP has not confirmed, then a denied payment": (
        "given erp_confirmation=yes", *OVERRIDDEN, "30 minutes later", "merchant start_handling",
        "payments deny_payment",
    ),
    "the window to change the payment is over": (
        "given change_payment_window=2 days", *PART, "payments deny_payment", "2 days later",
    ),
    "canceled in the window to change the payment": (
        "given change_payment_window=2 days", *PART, "payments deny_payment", "customer cancel",
    ),
    "the window to change the seller is over": (
        "given change_seller_window=2 days", *PAID, "merchant cancel, reason=broken", "2 days later",
    ),
    "never authorized": ("given payment_timeout=40 days", *PART, "30 days later"),
    "never confirmed": (*GIVEN, "given seller_confirmation=manual", "30 days later"),
}  # fmt: skip
CASES = [
    pytest.param(process, way, id=f"{process.name}: {name}")
    for process in (MARKETPLACE_SELLER, COMPLETE, CHAIN_PROCESS)
    for name, way in (EVERYWHERE | ({} if process is COMPLETE else WITH_A_SELLER)).items()
]


@pytest.mark.parametrize(("process", "way"), CASES)
def test_of_what_is_canceled_nothing_is_left(process: Process, way: tuple[str, ...]):
    here = walk(process, *given_first(way))
    assert {position.state for position in theirs(here).positions.values()} == {s.CANCELED}
    # Stock: available again, or off the shelf and listed for whoever puts it back.
    off_shelf = sum(row.quantity for row in theirs(here).restocks)
    kept = claims(here.order).get(("m1", "sku-1"), Claims())
    assert (kept.held, kept.confirmed, kept.off_shelf) == (0, 0, off_shelf)
    stocked = 1 if "1 of sku-1" in way[0] else 5
    assert here.order.shelf["m1", "sku-1"] == stocked - off_shelf
    assert (off_shelf > 0) == (theirs(here).handled_at is not None)
    # Money: what was approved is let go of, and nothing is awaited.
    assert (here.order.approved, here.order.captured, due(here.order)) == (0, 0, 0)
    assert {command.kind for command in here.order.commands} <= {CommandKind.VOID}
    # Nothing waits for anybody, and it is known who canceled it.
    assert here.order.deadlines == ()
    assert theirs(here).cancellation is not None
    assert all(request.verdict is not None for request in theirs(here).requests)


def given_first(way: tuple[str, ...]) -> tuple[str, ...]:
    """The sentences, with what is given before all others."""
    return tuple(sorted(way, key=lambda sentence: not sentence.startswith("given")))


@pytest.mark.parametrize("process", [MARKETPLACE_SELLER, COMPLETE, CHAIN_PROCESS], ids=lambda p: p.name)
def test_a_request_that_needs_no_approval_is_noted_all_the_same(process: Process):
    [request] = theirs(walk(process, *PAID, ASKED)).requests
    assert (request.verdict, request.reason, request.by.id) == (Verdict.FREE, "late", "the-customer")


def test_what_is_left_after_an_invoice_is_packed_anew():
    way = ("given picking_and_packing=yes", *given_first(HANDLED))
    here = walk(MARKETPLACE_SELLER, *given_first(way), "merchant pack", "merchant invoice 8.00 F1")
    assert theirs(here).packed is False
    assert state(here, Party.MARKETPLACE) == s.PAYMENT_APPROVED
    assert state(walk(here, "merchant pack"), Party.MARKETPLACE) == s.READY_FOR_INVOICING


def test_the_marketplace_waits_for_handling_until_it_starts():
    here = walk(CHAIN_PROCESS, *READY)
    assert state(here, Party.MARKETPLACE) == s.WAITING_SELLER_HANDLING
    assert state(walk(here, "merchant start_handling"), Party.MARKETPLACE) == s.PAYMENT_APPROVED


def test_two_lines_of_one_product_need_pieces_for_both():
    twice = [replace(line(n, quantity=2), sku="sku-1") for n in (1, 2)]
    start = sold(COMPLETE, *twice, shelf={("m1", "sku-1"): 1})
    here = walk(placed(start, COMPLETE), "payments pay", "3 of sku-1 arrive")
    assert state(here, Party.MARKETPLACE) == s.AUTHORIZE_FULFILLMENT
    there = walk(here, "4 of sku-1 arrive")
    assert state(there, Party.MARKETPLACE) == s.WINDOW_TO_CANCEL
    assert (shelf(there), claims(there.order)["m1", "sku-1"].confirmed) == (0, 4)


def shelf(here: Walk) -> int:
    """How many pieces of the first product are available."""
    return here.order.shelf["m1", "sku-1"]


@pytest.mark.parametrize("process", [MARKETPLACE_SELLER, CHAIN_PROCESS], ids=lambda p: p.name)
def test_an_unpaid_order_is_not_invoiced_by_way_of_a_request(process: Process):
    given = ("given cancel_before_payment=request", "given 5 of sku-1 in stock")
    here = walk(
        process, *given, "merchant authorize_fulfillment", "30 minutes later", "merchant start_handling",
        "payments pay, amount=8.00", ASKED,
    )  # fmt: skip
    assert "has not approved the payment" in refused(here, "merchant invoice 8.00 F1").message
    paid = walk(here, "payments pay")
    assert "has not approved the payment" in refused(paid, "merchant invoice rest F1").message
    denied = walk(paid, "merchant deny_cancellation, reason=packed", "merchant invoice rest F1")
    assert {position.state for position in theirs(denied).positions.values()} == {s.INVOICED}
