"""Process `complete`: one store sells and handles, each merchant order on one machine. Data only.

Source: seed on the store flows, complete flow; design, store processes, "Complete machine".
"""

from domain.actors import Audience, Party
from domain.canceling import (
    approve_request,
    deny_request,
    free_request,
    insist_request,
    invoice_request,
    lapse_request,
    note_cancellation,
    open_request,
)
from domain.changes import stop_payments
from domain.handling import (
    data_complete,
    note_approval,
    note_handling,
    note_packed,
    note_sent,
    note_unpacked,
    payment_approved,
)
from domain.invoiced import fully_invoiced, invoiceable, nothing_invoiced
from domain.process import BEFORE, STAY, Move, No, Process, State, UnitKind
from domain.processes.policies import STORE_POLICIES, WAREHOUSE_MANAGEMENT
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
    WINDOW_TO_CANCEL,
)
from domain.processes.store_words import (
    ALREADY_CANCELED,
    BUYING,
    CUSTOMER,
    INVOICED_FOR_GOOD,
    LOGISTICS,
    MARKETPLACE,
    MERCHANT,
    PAYMENTS,
    SELLING,
    TAKE_BACK,
    TRACK,
    WINDOW_CLOSED,
    asked_before_payment,
    confirms_by_itself,
    free_before_payment,
    needs_no_erp,
    picks_and_packs,
    status,
)
from domain.settlement import (
    capture_invoice,
    confirm_commands,
    fully_invoiced_and_captured,
    nothing_on_its_way,
    partly_invoiced_and_captured,
    return_money,
    unit_paid,
)
from domain.stocking import confirm_stock, hold_stock, release_stock, stock_available, take_stock
from domain.words import after, auto, machine, no, on

EVERYBODY = (CUSTOMER, MERCHANT, MARKETPLACE)
CANCELING = (note_cancellation, stop_payments, return_money, release_stock)


def st(code: str, *moves: Move | No) -> State:
    """The state of this status; everybody reads the one machine."""
    return status(code, *moves, to=tuple(Audience))


# Moves that several states share: named once, repeated in each.

CHANGE_ORDER = on(
    "change_order",
    by=SELLING,
    to=STAY,
    needs=("reason",),
    takes=("total_before", "total_after", "change"),
)
BEFORE_PAYMENT = (
    on("cancel", by=BUYING, to=CANCEL, if_=free_before_payment, takes=("reason",), does=CANCELING),
    on("cancel", by=(MERCHANT,), to=CANCEL, takes=("reason",), does=CANCELING),
    on(
        "request_cancel",
        by=BUYING,
        to=REQUEST_CANCELLATION,
        if_=asked_before_payment,
        takes=("reason",),
        does=(open_request,),
        remember=True,
    ),
    CHANGE_ORDER,
)
UNTIL_THE_WINDOW_CLOSES = (
    on("cancel", by=(CUSTOMER,), to=CANCEL, takes=("reason",), does=CANCELING),
    on("cancel", by=(MERCHANT, MARKETPLACE), to=CANCEL, needs=("reason",), does=CANCELING),
    on(
        "request_cancel",
        by=BUYING,
        to=CANCEL,
        takes=("reason",),
        does=(open_request, free_request, *CANCELING),
    ),
    CHANGE_ORDER,
)
AFTER_THE_WINDOW = (
    no("cancel", by=BUYING, because=WINDOW_CLOSED),
    on("cancel", by=(MERCHANT,), to=CANCEL, if_=nothing_invoiced, needs=("reason",), does=CANCELING),
    on(
        "request_cancel",
        by=BUYING,
        to=REQUEST_CANCELLATION,
        if_=nothing_invoiced,
        takes=("reason",),
        does=(open_request,),
        remember=True,
    ),
    CHANGE_ORDER,
)
INVOICING = (
    on(
        "invoice",
        by=(MERCHANT, LOGISTICS),
        to=INVOICE,
        if_=invoiceable,
        needs=("invoice", "value"),
        takes=("type",),
        does=(capture_invoice, note_unpacked),
    ),
    on("finish_invoicing", by=SELLING, to=INVOICE, if_=fully_invoiced),
    TRACK,
)

COMPLETE_MACHINE = machine(
    "complete",
    Party.MARKETPLACE,
    INCOMPLETE,
    {
        INCOMPLETE: st(
            INCOMPLETE,
            on("complete", by=BUYING, to=ORDER_CREATED, if_=data_complete),
            auto("complete", to=ORDER_CREATED, if_=data_complete),
            # By way of canceling, where what was paid in advance is given back.
            after("incomplete_expiry", "expire", to=CANCEL, does=CANCELING),
            no("cancel", by=EVERYBODY, because="It is not complete; if it stays so, it expires by itself."),
        ),
        CANCEL: st(
            CANCEL,
            auto("confirm_cancellation", to=CANCELED, if_=nothing_on_its_way),
            on("confirm_cancellation", by=(PAYMENTS,), to=CANCELED, does=(confirm_commands,)),
        ),
        CANCELED: st(
            CANCELED,
            no("cancel", by=EVERYBODY, because=ALREADY_CANCELED),
            no("request_cancel", by=BUYING, because=ALREADY_CANCELED),
            no("start_handling", by=(MERCHANT, LOGISTICS), because="It was canceled; do not send it."),
            no("invoice", by=(MERCHANT, LOGISTICS), because="It was canceled; do not send it."),
        ),
        ORDER_CREATED: st(ORDER_CREATED, auto("process", to=ON_ORDER_COMPLETED)),
        ON_ORDER_COMPLETED: st(
            ON_ORDER_COMPLETED,
            auto("send_to_seller", to=WAITING_FOR_AUTHORIZATION, does=(note_sent, hold_stock)),
        ),
        WAITING_FOR_AUTHORIZATION: st(
            WAITING_FOR_AUTHORIZATION,
            auto("accept", to=PAYMENT_PENDING, if_=confirms_by_itself),
            on("accept", by=(MERCHANT,), to=PAYMENT_PENDING),
            after("authorization_timeout", "expire", to=CANCEL, does=CANCELING),
            *BEFORE_PAYMENT,
        ),
        PAYMENT_PENDING: st(
            PAYMENT_PENDING,
            on("approve_payment", by=(PAYMENTS, MARKETPLACE), to=APPROVE_PAYMENT, if_=unit_paid),
            auto("approve_payment", to=APPROVE_PAYMENT, if_=unit_paid),
            on("deny_payment", by=(PAYMENTS,), to=PAYMENT_DENIED, takes=("internal_reason",)),
            after("payment_timeout", "expire", to=CANCEL, does=CANCELING),
            *BEFORE_PAYMENT,
        ),
        PAYMENT_DENIED: st(PAYMENT_DENIED, auto("cancel", to=CANCEL, does=CANCELING)),
        APPROVE_PAYMENT: st(
            APPROVE_PAYMENT, auto("approve_payment", to=PAYMENT_APPROVED, does=(note_approval,))
        ),
        PAYMENT_APPROVED: st(PAYMENT_APPROVED, auto("authorize", to=AUTHORIZE_FULFILLMENT)),
        AUTHORIZE_FULFILLMENT: st(
            AUTHORIZE_FULFILLMENT,
            auto("confirm_stock", to=WINDOW_TO_CANCEL, if_=stock_available, does=(confirm_stock,)),
            on("retry_stock", by=SELLING, to=WINDOW_TO_CANCEL, if_=stock_available, does=(confirm_stock,)),
            after("authorization_timeout", "expire", to=CANCEL, does=CANCELING),
            *UNTIL_THE_WINDOW_CLOSES,
        ),
        WINDOW_TO_CANCEL: st(
            WINDOW_TO_CANCEL,
            after("cancellation_window", "close_window", to=READY_FOR_HANDLING, since=payment_approved),
            *UNTIL_THE_WINDOW_CLOSES,
        ),
        READY_FOR_HANDLING: st(
            READY_FOR_HANDLING,
            on(
                "start_handling",
                by=(MERCHANT, MARKETPLACE, LOGISTICS),
                to=START_HANDLING,
                does=(take_stock, note_handling),
            ),
            *AFTER_THE_WINDOW,
        ),
        START_HANDLING: st(
            START_HANDLING,
            auto("confirm_handling", to=HANDLING, if_=needs_no_erp),
            on("confirm_handling", by=(LOGISTICS,), to=HANDLING),
        ),
        HANDLING: st(
            HANDLING,
            on(
                "pack",
                by=(MERCHANT, LOGISTICS),
                to=READY_FOR_INVOICING,
                if_=picks_and_packs,
                does=(note_packed,),
            ),
            *INVOICING,
            *AFTER_THE_WINDOW,
        ),
        READY_FOR_INVOICING: st(READY_FOR_INVOICING, *INVOICING, *AFTER_THE_WINDOW),
        REQUEST_CANCELLATION: st(REQUEST_CANCELLATION, auto("request_cancel", to=REQUEST_CANCEL)),
        REQUEST_CANCEL: st(REQUEST_CANCEL, auto("ask_seller", to=WAITING_FOR_SELLER_DECISION)),
        WAITING_FOR_SELLER_DECISION: st(
            WAITING_FOR_SELLER_DECISION,
            on(
                "approve_cancellation",
                by=(MERCHANT,),
                to=CANCEL,
                takes=("reason",),
                does=(approve_request, *CANCELING),
            ),
            on("deny_cancellation", by=(MERCHANT,), to=BEFORE, needs=("reason",), does=(deny_request,)),
            on("cancel", by=(MARKETPLACE,), to=CANCEL, needs=("reason",), does=(insist_request, *CANCELING)),
            on(
                "invoice",
                by=(MERCHANT, LOGISTICS),
                to=INVOICE,
                if_=invoiceable,
                needs=("invoice", "value"),
                takes=("type",),
                does=(invoice_request, capture_invoice, note_unpacked),
            ),
            after("cancellation_answer", "approve_cancellation", to=CANCEL, does=(lapse_request, *CANCELING)),
            no(
                "cancel",
                by=(CUSTOMER,),
                because="It was asked to cancel it; the merchant has not decided yet.",
            ),
            no("cancel", by=(MERCHANT,), because="It was asked to cancel it; approve or deny the request."),
            no(
                "start_handling",
                by=(MERCHANT, LOGISTICS),
                because="It was asked to cancel it; deny the request before you go on.",
            ),
        ),
        INVOICE: st(
            INVOICE,
            auto("settle", to=INVOICED, if_=fully_invoiced_and_captured, awaits=PAYMENTS),
            auto("invoice_more", to=HANDLING, if_=partly_invoiced_and_captured, awaits=PAYMENTS),
        ),
        INVOICED: st(
            INVOICED,
            TRACK,
            TAKE_BACK,
            no("cancel", by=EVERYBODY, because=INVOICED_FOR_GOOD),
            no("request_cancel", by=BUYING, because=INVOICED_FOR_GOOD),
            no("change_order", by=SELLING, because=INVOICED_FOR_GOOD),
            no("invoice", by=(MERCHANT, LOGISTICS), because="It is invoiced in full."),
        ),
    },
)

COMPLETE = Process(
    name="complete",
    version=1,
    unit=UnitKind.MERCHANT_ORDER,
    first=Party.MARKETPLACE,
    machines=(COMPLETE_MACHINE,),
    links=(),
    never=(),
    reads=dict.fromkeys(Audience, (Party.MARKETPLACE,)),
    policies={p.name: p for p in STORE_POLICIES if p is not WAREHOUSE_MANAGEMENT},
    pays="approve_payment",
    captures_later=True,
    text="One store sells, takes the payment, handles and invoices: the marketplace is its own seller.",
)
