"""What holds when two people change one order of a store within milliseconds: where other systems break.

Each pair meets again and again on a real server, at a moment when both may still do what they want. However
it ends, all that `soundness` asserts holds. ORDERFLOW_ROUNDS says how often they meet.
"""

from datetime import timedelta

import pytest

from domain.cancellations import Verdict
from domain.commands import CommandStatus
from domain.order import Order
from domain.processes.store_words import INVOICED_FOR_GOOD, WINDOW_CLOSED
from graph.types.ids import COMMAND, LINE, encode
from tests.acting import ADMIN, ANNA, M1, PAYMENTS, Answer, Api
from tests.crossing import (
    Act,
    End,
    Start,
    Taken,
    act,
    against_the_clock,
    crossings,
    start,
)

FIRST, SECOND, BOTH = Taken

# Where they meet

UNPAID = start()
IN_WINDOW = start("payments pay", window="30 minutes")
READY = start("payments pay")
HANDLING = start("payments pay", "merchant start_handling")
REQUESTED = start("payments pay", "merchant start_handling", "customer request_cancel, reason=too late")
WINDOW = timedelta(minutes=30)
SILENCE = timedelta(days=30)


def asked_outside(*way: str) -> Start:
    """Where an outside payment provider was asked for something and has not answered."""
    return start(*way).given(payment_provider="external")


VOIDING = asked_outside("payments pay", "merchant cancel, reason=sold out")
REFUNDING = asked_outside("payments pay, captured=yes", "merchant cancel, reason=sold out")
CAPTURING = asked_outside("payments pay", "merchant start_handling", "merchant invoice rest F-1")

# What they send


def _invoice(order: Order) -> Answer:
    [line] = order.lines
    return {
        "number": "F-1",
        "value": {"amount": "20.00", "currency": "EUR"},
        "issuedAt": "2026-01-31T12:00:00.000Z",
        "lines": [{"line": encode(LINE, line.id), "quantity": 2, "unitPrice": "10.00"}],
    }


def changes_to(quantity: int) -> Act:
    """The marketplace changes the quantity of the one line, which has two pieces."""

    def change(order: Order) -> Answer:
        [line] = order.lines
        return {"lines": [{"line": encode(LINE, line.id), "quantity": quantity}], "reason": "asked by phone"}

    return Act(ADMIN, "changeOrder", change)


def answers(result: str) -> Act:
    """The payment provider says what it did with the one command."""

    def acknowledge(order: Order) -> Answer:
        [command] = order.commands
        return {"command": encode(COMMAND, command.id), "result": result}

    return Act(PAYMENTS, "acknowledgeCommand", acknowledge)


def pays(*, captured: bool = False) -> Act:
    """The payment of all that is due is confirmed."""
    amount = {"amount": "20.00", "currency": "EUR"}
    return act(PAYMENTS, "recordPayment", amount=amount, reference="p-1", captured=captured)


INVOICES = Act(M1, "addInvoice", _invoice)
GIVES_UP = act(M1, "cancel", reason="sold out")
STARTS = act(M1, "startHandling")
APPROVES = act(M1, "approveCancellation")
DENIES = act(M1, "denyCancellation", reason="it is on its way")
CANCELS = act(ANNA, "cancel")
REQUESTS = act(ANNA, "requestCancellation", reason="too late")
INSISTS = act(ADMIN, "cancel", reason="the customer asks")
ASKS = act(ADMIN, "requestCancellation", reason="the customer asks")
CONFIRMS = act(PAYMENTS, "confirmCancellation")
PAYS = pays()

# How they end

CANCELED = "canceled"
INVOICED = "invoiced"
UNDECIDED = "waiting-for-seller-decision × cancellation-requested"
HANDLED = "payment-approved × handling"
GOES_ON = "payment-approved × ready-for-handling"

DO_NOT_SEND_IT = "It was canceled; do not send it."
CANCELED_ALREADY = "It is canceled already."
GIVE_IT_BACK = "it was canceled. Give the money back to whoever paid."
DECIDE_FIRST = "It was asked to cancel it; approve or deny the request."


# Canceling and invoicing


async def test_a_merchant_cancels_or_invoices_and_never_both(server_api: Api):
    async for met in crossings(server_api, HANDLING.everywhere(), GIVES_UP, INVOICES):
        met.ends(
            End(FIRST, "cancel", CANCELED, DO_NOT_SEND_IT),
            End(SECOND, "invoice", INVOICED, INVOICED_FOR_GOOD),
        )


async def test_the_second_request_of_the_marketplace_or_the_invoice_wins(server_api: Api):
    async for met in crossings(server_api, REQUESTED.everywhere(), INSISTS, INVOICES):
        met.ends(
            End(FIRST, "cancel", CANCELED, DO_NOT_SEND_IT),
            End(SECOND, "invoice", INVOICED, INVOICED_FOR_GOOD),
        )
        [request] = met.part.requests
        assert request.verdict is (Verdict.INSISTED if met.story == ("cancel",) else Verdict.INVOICED)


async def test_an_invoice_answers_a_request_to_cancel_that_comes_just_before_it(server_api: Api):
    async for met in crossings(server_api, HANDLING.everywhere(), REQUESTS, INVOICES):
        met.ends(End(BOTH, "request_cancel, invoice", INVOICED), End(SECOND, "invoice", INVOICED))
        assert [request.verdict for request in met.part.requests] == [Verdict.INVOICED] * (len(met.story) - 1)


# Changing and invoicing


async def test_an_invoice_of_all_is_one_of_a_part_once_more_was_ordered(server_api: Api):
    async for met in crossings(server_api, HANDLING, changes_to(3), INVOICES):
        met.ends(End(BOTH, "change_order, invoice", HANDLED), End(SECOND, "invoice", INVOICED))


async def test_what_was_just_taken_off_an_order_is_not_invoiced(server_api: Api):
    async for met in crossings(server_api, HANDLING, changes_to(1), INVOICES):
        met.ends(
            End(FIRST, "change_order", HANDLED, "At most 10.00 EUR can still be invoiced"),
            End(SECOND, "invoice", INVOICED),
        )
        assert met.order.approved == (1_000 if met.story == ("change_order",) else 2_000)


# Paying and canceling


@pytest.mark.parametrize("captured", [False, True])
async def test_a_payment_after_the_cancellation_is_refused_and_one_before_it_goes_back(
    server_api: Api, captured: bool
):
    begin = start(window="30 minutes")
    async for met in crossings(server_api, begin.everywhere(), pays(captured=captured), CANCELS):
        met.ends(
            End(BOTH, "approve_payment, cancel", CANCELED), End(SECOND, "cancel", CANCELED, GIVE_IT_BACK)
        )
        back = [(command.kind, command.amount) for command in met.order.commands]
        assert back == ([("refund" if captured else "void", 2_000)] if met.order.payments else [])


async def test_where_no_window_follows_the_payment_it_or_the_cancellation_wins(server_api: Api):
    async for met in crossings(server_api, UNPAID, PAYS, CANCELS):
        met.ends(
            End(FIRST, "approve_payment", GOES_ON, WINDOW_CLOSED),
            End(SECOND, "cancel", CANCELED, GIVE_IT_BACK),
        )


async def test_what_a_merchant_gives_up_while_it_is_paid_an_outside_provider_lets_go_of(server_api: Api):
    begin = UNPAID.given(payment_provider="external")
    async for met in crossings(server_api, begin, PAYS, GIVES_UP):
        met.ends(
            End(BOTH, "approve_payment, cancel", "cancel"), End(SECOND, "cancel", CANCELED, GIVE_IT_BACK)
        )


# Both sides cancel


async def test_of_marketplace_and_merchant_the_first_has_canceled_and_the_other_reads_so(server_api: Api):
    async for met in crossings(server_api, IN_WINDOW.everywhere(), GIVES_UP, INSISTS):
        met.ends(End(FIRST, "cancel", CANCELED, CANCELED_ALREADY), End(SECOND, "cancel", CANCELED))
        assert met.canceled_by == ("seller-1" if met.end.taken is FIRST else "admin")


async def test_where_another_merchant_could_take_over_the_marketplace_still_cancels(server_api: Api):
    begin = IN_WINDOW.given(change_seller_window="1 day")
    async for met in crossings(server_api, begin, GIVES_UP, INSISTS):
        met.ends(End(BOTH, "cancel, cancel", CANCELED), End(SECOND, "cancel", CANCELED))
        assert met.canceled_by == ("seller-1" if met.end.taken is BOTH else "admin")


async def test_a_merchant_cancels_or_is_asked_to(server_api: Api):
    async for met in crossings(server_api, HANDLING, GIVES_UP, ASKS):
        met.ends(End(FIRST, "cancel", CANCELED), End(SECOND, "request_cancel", UNDECIDED, DECIDE_FIRST))


# Requesting a cancellation


async def test_a_request_finds_the_merchant_before_it_starts_or_when_it_has(server_api: Api):
    async for met in crossings(server_api, READY, REQUESTS, STARTS):
        met.ends(
            End(FIRST, "request_cancel", UNDECIDED, "deny the request before you go on"),
            End(BOTH, "start_handling, request_cancel", UNDECIDED),
        )


async def test_a_request_or_the_start_of_handling_wins_where_the_start_is_locked(server_api: Api):
    async for met in crossings(server_api, READY.given(erp_confirmation="yes"), REQUESTS, STARTS):
        met.ends(
            End(FIRST, "request_cancel", UNDECIDED, "deny the request before you go on"),
            End(SECOND, "start_handling", "payment-approved × start-handling", "nobody can cancel or change"),
        )


async def test_a_request_is_granted_until_the_window_closes_and_then_asks_the_merchant(server_api: Api):
    async for met in against_the_clock(server_api, IN_WINDOW, REQUESTS, WINDOW):
        met.ends(End(BOTH, "request_cancel", CANCELED), End(BOTH, "close_window, request_cancel", UNDECIDED))
        [request] = met.part.requests
        assert request.verdict is (Verdict.FREE if len(met.story) == 1 else None)


async def test_a_customer_cancels_until_the_window_closes(server_api: Api):
    async for met in against_the_clock(server_api, IN_WINDOW, CANCELS, WINDOW):
        met.ends(
            End(BOTH, "cancel", CANCELED),
            End(SECOND, "close_window", GOES_ON, WINDOW_CLOSED),
        )


# Deciding a request


async def test_a_request_is_approved_or_insisted_on(server_api: Api):
    async for met in crossings(server_api, REQUESTED.everywhere(), APPROVES, INSISTS):
        met.ends(
            End(FIRST, "approve_cancellation", CANCELED, CANCELED_ALREADY), End(SECOND, "cancel", CANCELED)
        )
        [request] = met.part.requests
        approved = met.end.taken is FIRST
        assert request.verdict is (Verdict.APPROVED if approved else Verdict.INSISTED)
        assert met.canceled_by == ("seller-1" if approved else "admin")


async def test_a_request_is_denied_or_insisted_on(server_api: Api):
    async for met in crossings(server_api, REQUESTED, DENIES, INSISTS):
        met.ends(End(FIRST, "deny_cancellation", HANDLED, WINDOW_CLOSED), End(SECOND, "cancel", CANCELED))


async def test_a_request_that_is_denied_or_not_is_invoiced(server_api: Api):
    async for met in crossings(server_api, REQUESTED, DENIES, INVOICES):
        met.ends(End(BOTH, "deny_cancellation, invoice", INVOICED), End(SECOND, "invoice", INVOICED))
        [request] = met.part.requests
        assert request.verdict is (Verdict.DENIED if met.end.taken is BOTH else Verdict.INVOICED)


async def test_a_denial_comes_in_time_or_silence_has_counted_as_yes(server_api: Api):
    async for met in against_the_clock(server_api, REQUESTED, DENIES, SILENCE):
        met.ends(End(BOTH, "deny_cancellation", HANDLED), End(SECOND, "approve_cancellation", CANCELED))


# What the payment provider says


async def test_what_the_provider_says_twice_at_once_is_booked_once(server_api: Api):
    begin = [VOIDING, REFUNDING, CAPTURING]
    async for met in crossings(server_api, begin, answers("DONE"), answers("DONE")):
        met.ends(
            End(BOTH, "void_done", CANCELED),
            End(BOTH, "refund_done", CANCELED),
            End(BOTH, "capture_done", INVOICED),
        )


async def test_what_is_said_to_be_done_and_refused_at_once_is_done(server_api: Api):
    async for met in crossings(server_api, [VOIDING, REFUNDING], answers("DONE"), answers("REFUSED")):
        assert met.story[-1] in ("void_done", "refund_done")
        assert met.story[:-1] in ((), ("void_refused",), ("refund_refused",))
        assert met.end.stands == CANCELED
        assert met.end.read == "" or "was already done" in met.end.read


async def test_a_cancellation_that_is_confirmed_twice_over_is_canceled_once(server_api: Api):
    async for met in crossings(server_api, [VOIDING, REFUNDING], CONFIRMS, answers("DONE")):
        met.ends(
            End(BOTH, "confirm_cancellation", CANCELED),
            End(SECOND, "void_done", CANCELED),
            End(SECOND, "refund_done", CANCELED),
        )
        [command] = met.order.commands
        assert command.status is CommandStatus.DONE
