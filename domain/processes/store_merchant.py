"""The merchant's (seller's) machine in the store flows: it confirms, handles and invoices. Data only.

Source: seed on the store flows, seller flow; design, store processes, "Merchant (seller) machine".
"""

from domain.actors import Audience, Party
from domain.canceling import (
    approve_request,
    deny_request,
    invoice_request,
    lapse_request,
    note_cancellation,
    request_open,
)
from domain.handling import note_handling, note_override, note_packed, note_unpacked, packed, payment_approved
from domain.invoiced import fully_invoiced, invoiceable, nothing_invoiced
from domain.process import BEFORE, STAY, Machine, Move, No, State
from domain.processes.store_statuses import (
    AUTHORIZE_FULFILLMENT,
    CANCEL,
    CANCELED,
    CANCELLATION_REQUESTED,
    HANDLING,
    INVOICE,
    INVOICED,
    ON_ORDER_COMPLETED_FFM,
    ORDER_ACCEPTED,
    PAYMENT_APPROVED,
    PAYMENT_PENDING,
    READY_FOR_HANDLING,
    READY_FOR_INVOICING,
    START_HANDLING,
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WAITING_FOR_MKT_AUTHORIZATION,
    WAITING_FOR_SELLER_DECISION,
    WAITING_SELLER_HANDLING,
    WINDOW_TO_CANCEL,
)
from domain.processes.store_words import (
    ALREADY_CANCELED,
    INVOICED_FOR_GOOD,
    LOGISTICS,
    MERCHANT,
    PAYMENTS,
    SELLING,
    TAKE_BACK,
    TRACK,
    confirms_by_itself,
    has_warehouse_management,
    needs_no_erp,
    picks_and_packs,
    status,
)
from domain.settlement import capture_invoice, partly_invoiced_and_captured
from domain.stocking import confirm_stock, release_stock, stock_available, take_stock
from domain.words import after, auto, machine, no, on, told

STOPPING = (note_cancellation, release_stock)

NOT_PAID = "The marketplace has not approved the payment yet; invoice it once it has."


def merchant_machine(authority: Party) -> Machine:
    """The machine of a merchant that this party authorizes: the marketplace itself, or a chain."""

    def st(code: str, *moves: Move | No) -> State:
        return status(code, *moves, to=(Audience.MERCHANT_PORTAL, Audience.STOREFRONT))

    cancel_unpaid = on("cancel", by=(MERCHANT,), to=CANCEL, takes=("reason",), does=STOPPING)
    cancel = on("cancel", by=(MERCHANT,), to=CANCEL, needs=("reason",), does=STOPPING)
    told_to_stop = (
        told("cancel_by_marketplace", to=CANCEL, does=STOPPING),
        told("request_cancel", to=CANCELLATION_REQUESTED, if_=request_open, remember=True),
    )
    lapse = after("authorization_timeout", "expire", to=CANCEL, does=STOPPING)
    override = on("authorize_fulfillment", by=(MERCHANT,), to=AUTHORIZE_FULFILLMENT, does=(note_override,))
    waiting = (told("authorize", to=AUTHORIZE_FULFILLMENT), override, cancel_unpaid, *told_to_stop, lapse)
    approved = (PAYMENT_APPROVED, READY_FOR_INVOICING, WAITING_SELLER_HANDLING, WAITING_FOR_SELLER_DECISION)
    paid: dict[Party, tuple[str, ...]] = (
        {Party.MARKETPLACE: approved, Party.CHAIN: (PAYMENT_APPROVED,)}
        if authority is Party.CHAIN
        else {Party.MARKETPLACE: tuple(s for s in approved if s != WAITING_SELLER_HANDLING)}
    )
    invoicing = ("invoice", "value")
    # Once the authority awaits the payment (or is further), the merchant has confirmed for good.
    confirmed = {
        authority: (
            (PAYMENT_PENDING, WAITING_FOR_MKT_AUTHORIZATION, PAYMENT_APPROVED)
            if authority is Party.CHAIN
            else (PAYMENT_PENDING, PAYMENT_APPROVED, READY_FOR_INVOICING)
        )
    }
    states = {
        CANCEL: st(CANCEL, auto("confirm_cancellation", to=CANCELED, where={Party.MARKETPLACE: (CANCELED,)})),
        CANCELED: st(
            CANCELED,
            no("cancel", by=(MERCHANT,), because=ALREADY_CANCELED),
            no("start_handling", by=(MERCHANT, LOGISTICS), because="It was canceled; do not send it."),
            no("invoice", by=(MERCHANT, LOGISTICS), because="It was canceled; do not send it."),
        ),
        ORDER_ACCEPTED: st(
            ORDER_ACCEPTED,
            auto("accept", to=ON_ORDER_COMPLETED_FFM, if_=confirms_by_itself),
            on("accept", by=(MERCHANT,), to=ON_ORDER_COMPLETED_FFM),
            cancel_unpaid,
            *told_to_stop,
            lapse,
        ),
        ON_ORDER_COMPLETED_FFM: st(ON_ORDER_COMPLETED_FFM, auto("wait", to=WAITING_FFMT_AUTHORIZATION)),
        WAITING_FFMT_AUTHORIZATION: st(
            WAITING_FFMT_AUTHORIZATION,
            auto(
                "wait_for_authorization",
                to=WAITING_FOR_FULFILLMENT,
                if_=has_warehouse_management,
                where=confirmed,
            ),
            auto("wait_for_authorization", to=WAITING_FOR_MANUAL_AUTHORIZATION, where=confirmed),
            cancel_unpaid,
            *told_to_stop,
            lapse,
        ),
        WAITING_FOR_MANUAL_AUTHORIZATION: st(WAITING_FOR_MANUAL_AUTHORIZATION, *waiting),
        WAITING_FOR_FULFILLMENT: st(WAITING_FOR_FULFILLMENT, *waiting),
        AUTHORIZE_FULFILLMENT: st(
            AUTHORIZE_FULFILLMENT,
            auto("confirm_stock", to=WINDOW_TO_CANCEL, if_=stock_available, does=(confirm_stock,)),
            on("retry_stock", by=SELLING, to=WINDOW_TO_CANCEL, if_=stock_available, does=(confirm_stock,)),
            cancel,
            *told_to_stop,
            lapse,
        ),
        WINDOW_TO_CANCEL: st(
            WINDOW_TO_CANCEL,
            after("cancellation_window", "close_window", to=READY_FOR_HANDLING, since=payment_approved),
            cancel,
            *told_to_stop,
        ),
        READY_FOR_HANDLING: st(
            READY_FOR_HANDLING,
            on(
                "start_handling",
                by=(MERCHANT, LOGISTICS),
                to=START_HANDLING,
                does=(take_stock, note_handling),
            ),
            cancel,
            *told_to_stop,
        ),
        START_HANDLING: st(
            START_HANDLING,
            auto("confirm_handling", to=HANDLING, if_=needs_no_erp),
            on("confirm_handling", by=(LOGISTICS,), to=HANDLING),
            # The payment of an order that the merchant authorized itself may still fail.
            told("cancel_by_marketplace", to=CANCEL, does=STOPPING),
        ),
        HANDLING: st(
            HANDLING,
            on(
                "pack",
                by=(MERCHANT, LOGISTICS),
                to=STAY,
                if_=picks_and_packs,
                does=(note_packed,),
                done=packed,
            ),
            on(
                "invoice",
                by=(MERCHANT, LOGISTICS),
                to=INVOICE,
                if_=invoiceable,
                where=paid,
                otherwise=NOT_PAID,
                needs=invoicing,
                takes=("type",),
                does=(capture_invoice, note_unpacked),
            ),
            on(
                "finish_invoicing", by=SELLING, to=INVOICE, if_=fully_invoiced, where=paid, otherwise=NOT_PAID
            ),
            TRACK,
            on("cancel", by=(MERCHANT,), to=CANCEL, if_=nothing_invoiced, needs=("reason",), does=STOPPING),
            *told_to_stop,
        ),
        CANCELLATION_REQUESTED: st(
            CANCELLATION_REQUESTED,
            on(
                "approve_cancellation",
                by=(MERCHANT,),
                to=CANCEL,
                takes=("reason",),
                does=(approve_request, *STOPPING),
            ),
            on("deny_cancellation", by=(MERCHANT,), to=BEFORE, needs=("reason",), does=(deny_request,)),
            on(
                "invoice",
                by=(MERCHANT, LOGISTICS),
                to=INVOICE,
                if_=invoiceable,
                where=paid,
                otherwise=NOT_PAID,
                needs=invoicing,
                takes=("type",),
                does=(invoice_request, capture_invoice, note_unpacked),
            ),
            after("cancellation_answer", "approve_cancellation", to=CANCEL, does=(lapse_request, *STOPPING)),
            told("cancel_by_marketplace", to=CANCEL, does=STOPPING),
            no("cancel", by=(MERCHANT,), because="It was asked to cancel it; approve or deny the request."),
            no(
                "start_handling",
                by=(MERCHANT, LOGISTICS),
                because="It was asked to cancel it; deny the request before you go on.",
            ),
        ),
        INVOICE: st(
            INVOICE,
            auto(
                "invoice_more",
                to=HANDLING,
                if_=partly_invoiced_and_captured,
                awaits=PAYMENTS,
                where={Party.MARKETPLACE: (INVOICE,)},
            ),
            told("settle", to=INVOICED),
        ),
        INVOICED: st(
            INVOICED,
            TRACK,
            TAKE_BACK,
            no("cancel", by=(MERCHANT,), because=INVOICED_FOR_GOOD),
            no("invoice", by=(MERCHANT, LOGISTICS), because="It is invoiced in full."),
        ),
    }
    name = "chain-merchant" if authority is Party.CHAIN else "merchant"
    return machine(name, Party.MERCHANT, ORDER_ACCEPTED, states)
