"""The marketplace's machine in the store flows: it sells and takes the payment, others handle. Data only.

Source: seed on the store flows, marketplace and chain flow; design, store processes, "Marketplace machine".
"""

from domain.actors import Audience, Party
from domain.canceling import (
    free_request,
    insist_request,
    needs_no_approval,
    note_cancellation,
    open_request,
    request_decided,
)
from domain.handling import data_complete, note_approval, note_sent, packed
from domain.invoicing import nothing_invoiced
from domain.moment import Change
from domain.process import BEFORE, STAY, Machine, Move, No, State
from domain.processes.store_statuses import (
    APPROVE_PAYMENT,
    AUTHORIZE_FULFILLMENT,
    CANCEL,
    CANCELED,
    HANDLING,
    INCOMPLETE,
    INVOICE,
    INVOICED,
    ON_ORDER_COMPLETED,
    ORDER_ACCEPTED,
    ORDER_CREATED,
    PAYMENT_APPROVED,
    PAYMENT_DENIED,
    PAYMENT_PENDING,
    READY_FOR_HANDLING,
    READY_FOR_INVOICING,
    REQUEST_CANCEL,
    REQUEST_CANCELLATION,
    START_HANDLING,
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WAITING_FOR_SELLER_DECISION,
    WAITING_SELLER_HANDLING,
    WINDOW_TO_CANCEL,
    WINDOW_TO_CHANGE_PAYMENT,
    WINDOW_TO_CHANGE_SELLER,
)
from domain.processes.store_words import (
    BUYING,
    CHAIN_UNCHANGED,
    CUSTOMER,
    HANDLING_LOCKED,
    INVOICED_FOR_GOOD,
    MARKETPLACE,
    PAYMENTS,
    SELLING,
    WINDOW_CLOSED,
    asked_before_payment,
    free_before_payment,
    payment_can_change,
    seller_can_change,
    status,
)
from domain.settlement import (
    confirm_commands,
    fully_invoiced_and_captured,
    nothing_on_its_way,
    return_money,
    stop_payments,
    unit_paid,
)
from domain.stocking import hold_stock
from domain.words import after, auto, machine, no, on, told

EARLY = (
    ORDER_ACCEPTED,
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    AUTHORIZE_FULFILLMENT,
    WINDOW_TO_CANCEL,
)
"""Where the merchant stands until the cancellation window closes."""
LATE = (READY_FOR_HANDLING, HANDLING)
"""Where it stands after that, before it invoices; while handling starts nobody cancels or changes."""

CANCELING: tuple[Change, ...] = (note_cancellation, stop_payments, return_money)


def marketplace_machine(seller: Party, *, chained: bool) -> Machine:
    """The machine of a marketplace that sells for this party: its merchant or, where `chained`, a chain."""

    def st(code: str, *moves: Move | No) -> State:
        return status(code, *moves, to=(Audience.BACK_OFFICE, Audience.STOREFRONT))

    canceled_below = told("cancel_by_merchant", to=CANCEL, does=CANCELING)
    change_order: tuple[Move | No, ...] = (
        (no("change_order", by=SELLING, because=CHAIN_UNCHANGED),)
        if chained
        else (
            on(
                "change_order",
                by=SELLING,
                to=STAY,
                where={Party.MERCHANT: (*EARLY, *LATE)},
                otherwise=HANDLING_LOCKED,
                needs=("reason",),
                takes=("total_before", "total_after", "change"),
            ),
        )
    )
    before_payment = (
        on(
            "cancel",
            by=BUYING,
            to=CANCEL,
            if_=free_before_payment,
            where={Party.MERCHANT: (*EARLY, *LATE)},
            otherwise=HANDLING_LOCKED,
            takes=("reason",),
            does=CANCELING,
        ),
        on(
            "request_cancel",
            by=BUYING,
            to=REQUEST_CANCELLATION,
            if_=asked_before_payment,
            where={Party.MERCHANT: (*EARLY, *LATE)},
            otherwise=HANDLING_LOCKED,
            takes=("reason",),
            does=(open_request,),
            remember=True,
        ),
        canceled_below,
        *change_order,
    )
    paid = (
        told("invoice", to=INVOICE),
        on(
            "cancel",
            by=(CUSTOMER,),
            to=CANCEL,
            where={Party.MERCHANT: EARLY},
            otherwise=WINDOW_CLOSED,
            takes=("reason",),
            does=CANCELING,
        ),
        on(
            "cancel",
            by=(MARKETPLACE,),
            to=CANCEL,
            where={Party.MERCHANT: EARLY},
            otherwise=WINDOW_CLOSED,
            needs=("reason",),
            does=CANCELING,
        ),
        on(
            "request_cancel",
            by=BUYING,
            to=REQUEST_CANCELLATION,
            if_=nothing_invoiced,
            where={Party.MERCHANT: (*EARLY, *LATE)},
            otherwise=HANDLING_LOCKED,
            takes=("reason",),
            does=(open_request,),
            remember=True,
        ),
        told("cancel_by_merchant", to=WINDOW_TO_CHANGE_SELLER, if_=seller_can_change),
        canceled_below,
        *change_order,
    )
    wait_for_handling = (
        (
            auto(
                "wait_for_handling",
                to=WAITING_SELLER_HANDLING,
                where={Party.MERCHANT: (*EARLY, READY_FOR_HANDLING)},
            ),
        )
        if chained
        else ()
    )
    waiting_for_handling = {
        WAITING_SELLER_HANDLING: st(
            WAITING_SELLER_HANDLING,
            auto(
                "start_handling",
                to=PAYMENT_APPROVED,
                where={Party.MERCHANT: (START_HANDLING, HANDLING, INVOICE)},
            ),
            *paid,
        )
    }
    # A chain hears of a denied payment before it is canceled or changed.
    told_below = {Party.CHAIN: (PAYMENT_DENIED,)} if chained else None
    states = {
        INCOMPLETE: st(
            INCOMPLETE,
            on("complete", by=BUYING, to=ORDER_CREATED, if_=data_complete),
            auto("complete", to=ORDER_CREATED, if_=data_complete),
            # By way of canceling, where what was paid in advance is given back.
            after("incomplete_expiry", "expire", to=CANCEL, does=CANCELING),
            no("cancel", by=BUYING, because="It is not complete; if it stays so, it expires by itself."),
        ),
        CANCEL: st(
            CANCEL,
            auto("confirm_cancellation", to=CANCELED, if_=nothing_on_its_way),
            on("confirm_cancellation", by=(PAYMENTS,), to=CANCELED, does=(confirm_commands,)),
        ),
        CANCELED: st(CANCELED, no("cancel", by=BUYING, because="It is canceled already.")),
        ORDER_CREATED: st(ORDER_CREATED, auto("process", to=ON_ORDER_COMPLETED)),
        ON_ORDER_COMPLETED: st(
            ON_ORDER_COMPLETED,
            auto(
                "send_to_seller", to=WAITING_FOR_AUTHORIZATION, does=(note_sent, hold_stock), starts=(seller,)
            ),
        ),
        WAITING_FOR_AUTHORIZATION: st(
            WAITING_FOR_AUTHORIZATION, told("confirm", to=PAYMENT_PENDING), *before_payment
        ),
        PAYMENT_PENDING: st(
            PAYMENT_PENDING,
            on("approve_payment", by=(PAYMENTS, MARKETPLACE), to=APPROVE_PAYMENT, if_=unit_paid),
            auto("approve_payment", to=APPROVE_PAYMENT, if_=unit_paid),
            on("deny_payment", by=(PAYMENTS,), to=PAYMENT_DENIED, takes=("reason",)),
            after("payment_timeout", "expire", to=CANCEL, does=CANCELING),
            *before_payment,
        ),
        PAYMENT_DENIED: st(
            PAYMENT_DENIED,
            auto("offer_change", to=WINDOW_TO_CHANGE_PAYMENT, if_=payment_can_change, where=told_below),
            auto("cancel", to=CANCEL, where=told_below, does=CANCELING),
        ),
        WINDOW_TO_CHANGE_PAYMENT: st(
            WINDOW_TO_CHANGE_PAYMENT,
            on("change_payment", by=BUYING, to=PAYMENT_PENDING, takes=("payment_method",)),
            auto("change_payment", to=PAYMENT_PENDING, if_=unit_paid),
            after("change_payment_window", "expire", to=CANCEL, does=CANCELING),
            on(
                "cancel",
                by=BUYING,
                to=CANCEL,
                where={Party.MERCHANT: (*EARLY, *LATE)},
                otherwise=HANDLING_LOCKED,
                takes=("reason",),
                does=CANCELING,
            ),
            canceled_below,
        ),
        APPROVE_PAYMENT: st(
            APPROVE_PAYMENT, auto("approve_payment", to=PAYMENT_APPROVED, does=(note_approval,))
        ),
        PAYMENT_APPROVED: st(
            PAYMENT_APPROVED,
            *wait_for_handling,
            auto("pack", to=READY_FOR_INVOICING, if_=packed, where={Party.MERCHANT: (HANDLING,)}),
            *paid,
        ),
        **(waiting_for_handling if chained else {}),
        READY_FOR_INVOICING: st(READY_FOR_INVOICING, *paid),
        REQUEST_CANCELLATION: st(REQUEST_CANCELLATION, auto("request_cancel", to=REQUEST_CANCEL)),
        REQUEST_CANCEL: st(
            REQUEST_CANCEL,
            auto(
                "cancel",
                to=CANCEL,
                if_=needs_no_approval,
                where={Party.MERCHANT: EARLY},
                does=(free_request, *CANCELING),
            ),
            auto("ask_seller", to=WAITING_FOR_SELLER_DECISION),
        ),
        WAITING_FOR_SELLER_DECISION: st(
            WAITING_FOR_SELLER_DECISION,
            canceled_below,
            told("deny_cancellation", to=BEFORE, if_=request_decided),
            told("invoice", to=INVOICE),
            on(
                "cancel",
                by=(MARKETPLACE,),
                to=CANCEL,
                needs=("reason",),
                does=(insist_request, *CANCELING),
            ),
            no(
                "cancel",
                by=(CUSTOMER,),
                because="It was asked to cancel it; the merchant has not decided yet.",
            ),
        ),
        WINDOW_TO_CHANGE_SELLER: st(
            WINDOW_TO_CHANGE_SELLER,
            on("change_seller", by=(MARKETPLACE,), to=CANCELED, needs=("merchant",), takes=("reason",)),
            after("change_seller_window", "expire", to=CANCEL, does=CANCELING),
            on("cancel", by=BUYING, to=CANCEL, takes=("reason",), does=CANCELING),
        ),
        INVOICE: st(
            INVOICE,
            auto(
                "settle",
                to=INVOICED,
                if_=fully_invoiced_and_captured,
                where={Party.MERCHANT: (INVOICE,)},
                awaits=PAYMENTS,
            ),
            told("invoice_more", to=PAYMENT_APPROVED),
        ),
        INVOICED: st(INVOICED, no("cancel", by=BUYING, because=INVOICED_FOR_GOOD)),
    }
    return machine("chain-marketplace" if chained else "marketplace", Party.MARKETPLACE, INCOMPLETE, states)
