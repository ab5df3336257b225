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
from domain.changes import stop_payments
from domain.handling import data_complete, note_approval, note_sent, packed
from domain.invoiced import nothing_invoiced
from domain.moment import Change
from domain.process import BEFORE, STAY, Machine, Move, No, State
from domain.processes.store_statuses import (
    APPROVE_PAYMENT,
    CANCEL,
    CANCELED,
    HANDLING,
    INCOMPLETE,
    INVOICE,
    INVOICED,
    ON_ORDER_COMPLETED,
    ORDER_CREATED,
    PAYMENT_APPROVED,
    PAYMENT_DENIED,
    PAYMENT_PENDING,
    READY_FOR_HANDLING,
    READY_FOR_INVOICING,
    REQUEST_CANCEL,
    REQUEST_CANCELLATION,
    START_HANDLING,
    WAITING_FOR_AUTHORIZATION,
    WAITING_FOR_SELLER_DECISION,
    WAITING_SELLER_HANDLING,
    WINDOW_TO_CHANGE_PAYMENT,
    WINDOW_TO_CHANGE_SELLER,
)
from domain.processes.store_words import (
    ALREADY_CANCELED,
    BUYING,
    CHAIN_UNCHANGED,
    CUSTOMER,
    EARLY,
    HANDLING_LOCKED,
    INVOICED_FOR_GOOD,
    MARKETPLACE,
    PAYMENTS,
    REQUESTABLE,
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
    unit_paid,
)
from domain.stocking import hold_stock
from domain.words import after, auto, machine, no, on, told

CANCELING: tuple[Change, ...] = (note_cancellation, stop_payments, return_money)


WHERE_REQUESTABLE: dict[Party, tuple[str, ...]] = {Party.MERCHANT: REQUESTABLE}


def st(code: str, *moves: Move | No) -> State:
    """The state of this status, as the Back Office and the Storefront read it."""
    return status(code, *moves, to=(Audience.BACK_OFFICE, Audience.STOREFRONT))


# Moves that several states share: named once, repeated in each.

CHANGE_ORDER = on(
    "change_order",
    by=SELLING,
    to=STAY,
    where=WHERE_REQUESTABLE,
    otherwise=HANDLING_LOCKED,
    needs=("reason",),
    takes=("total_before", "total_after", "change"),
)
NO_CHANGE = no("change_order", by=SELLING, because=CHAIN_UNCHANGED)
CANCELED_BELOW = told("cancel_by_merchant", to=CANCEL, does=CANCELING)
PACK = auto("pack", to=READY_FOR_INVOICING, if_=packed, where={Party.MERCHANT: (HANDLING,)})
WAIT_FOR_HANDLING = auto(
    "wait_for_handling",
    to=WAITING_SELLER_HANDLING,
    where={Party.MERCHANT: (*EARLY, READY_FOR_HANDLING)},
)
HANDLED = auto(
    "start_handling",
    to=PAYMENT_APPROVED,
    where={Party.MERCHANT: (START_HANDLING, HANDLING, INVOICE)},
)
BEFORE_PAYMENT = (
    on(
        "cancel",
        by=BUYING,
        to=CANCEL,
        if_=free_before_payment,
        where=WHERE_REQUESTABLE,
        otherwise=HANDLING_LOCKED,
        takes=("reason",),
        does=CANCELING,
    ),
    on(
        "request_cancel",
        by=BUYING,
        to=REQUEST_CANCELLATION,
        if_=asked_before_payment,
        where=WHERE_REQUESTABLE,
        otherwise=HANDLING_LOCKED,
        takes=("reason",),
        does=(open_request,),
        remember=True,
    ),
    CANCELED_BELOW,
)
ONCE_PAID = (
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
        where=WHERE_REQUESTABLE,
        otherwise=HANDLING_LOCKED,
        takes=("reason",),
        does=(open_request,),
        remember=True,
    ),
    told("cancel_by_merchant", to=WINDOW_TO_CHANGE_SELLER, if_=seller_can_change),
    CANCELED_BELOW,
)


STARTING = {
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
    CANCELED: st(
        CANCELED,
        no("cancel", by=BUYING, because=ALREADY_CANCELED),
        no("request_cancel", by=BUYING, because=ALREADY_CANCELED),
    ),
    ORDER_CREATED: st(ORDER_CREATED, auto("process", to=ON_ORDER_COMPLETED)),
}


def _awaiting_payment(seller: Party, change: Move | No) -> dict[str, State]:
    # A chain hears of a denied payment before it is canceled or changed.
    told_below = {Party.CHAIN: (PAYMENT_DENIED,)} if seller is Party.CHAIN else None
    return {
        ON_ORDER_COMPLETED: st(
            ON_ORDER_COMPLETED,
            auto(
                "send_to_seller", to=WAITING_FOR_AUTHORIZATION, does=(note_sent, hold_stock), starts=(seller,)
            ),
        ),
        WAITING_FOR_AUTHORIZATION: st(
            WAITING_FOR_AUTHORIZATION, told("confirm", to=PAYMENT_PENDING), *BEFORE_PAYMENT, change
        ),
        PAYMENT_PENDING: st(
            PAYMENT_PENDING,
            on("approve_payment", by=(PAYMENTS, MARKETPLACE), to=APPROVE_PAYMENT, if_=unit_paid),
            auto("approve_payment", to=APPROVE_PAYMENT, if_=unit_paid),
            on("deny_payment", by=(PAYMENTS,), to=PAYMENT_DENIED, takes=("internal_reason",)),
            after("payment_timeout", "expire", to=CANCEL, does=CANCELING),
            *BEFORE_PAYMENT,
            change,
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
                where=WHERE_REQUESTABLE,
                otherwise=HANDLING_LOCKED,
                takes=("reason",),
                does=CANCELING,
            ),
            CANCELED_BELOW,
        ),
    }


DECIDING = {
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
        CANCELED_BELOW,
        told("deny_cancellation", to=BEFORE, if_=request_decided),
        told("invoice", to=INVOICE),
        on("cancel", by=(MARKETPLACE,), to=CANCEL, needs=("reason",), does=(insist_request, *CANCELING)),
        no("cancel", by=(CUSTOMER,), because="It was asked to cancel it; the merchant has not decided yet."),
    ),
    WINDOW_TO_CHANGE_SELLER: st(
        WINDOW_TO_CHANGE_SELLER,
        on("change_seller", by=(MARKETPLACE,), to=CANCELED, needs=("merchant",), takes=("internal_reason",)),
        after("change_seller_window", "expire", to=CANCEL, does=CANCELING),
        on("cancel", by=BUYING, to=CANCEL, takes=("reason",), does=CANCELING),
    ),
}

INVOICING = {
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
    INVOICED: st(
        INVOICED,
        no("cancel", by=BUYING, because=INVOICED_FOR_GOOD),
        no("request_cancel", by=BUYING, because=INVOICED_FOR_GOOD),
        no("change_order", by=SELLING, because=INVOICED_FOR_GOOD),
    ),
}


def marketplace_machine(seller: Party) -> Machine:
    """The machine of a marketplace that sells for this party: its merchant, or a chain, whose merchants it
    waits for and whose orders cannot be changed.
    """
    if seller is Party.CHAIN:
        name, change = "chain-marketplace", NO_CHANGE
        paid = {
            PAYMENT_APPROVED: st(PAYMENT_APPROVED, WAIT_FOR_HANDLING, PACK, *ONCE_PAID, change),
            WAITING_SELLER_HANDLING: st(WAITING_SELLER_HANDLING, HANDLED, *ONCE_PAID, change),
        }
    else:
        name, change = "marketplace", CHANGE_ORDER
        paid = {PAYMENT_APPROVED: st(PAYMENT_APPROVED, PACK, *ONCE_PAID, change)}
    states = {
        **STARTING,
        **_awaiting_payment(seller, change),
        APPROVE_PAYMENT: st(
            APPROVE_PAYMENT, auto("approve_payment", to=PAYMENT_APPROVED, does=(note_approval,))
        ),
        **paid,
        READY_FOR_INVOICING: st(READY_FOR_INVOICING, *ONCE_PAID, change),
        **DECIDING,
        **INVOICING,
    }
    return machine(name, Party.MARKETPLACE, INCOMPLETE, states)
