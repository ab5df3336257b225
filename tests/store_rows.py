"""The moves of the store processes as rows: in this state, this event by these leads there; a walk shows it.

Source: seed on the store flows; design, store processes, all tables. The last sentence of a row is the move.
"""

from dataclasses import dataclass

from domain.actors import Role
from domain.process import BEFORE, STAY, Trigger
from domain.processes import store_statuses as s

CLOCK, LINK, AUTO = Trigger.CLOCK, Trigger.LINK, Trigger.AUTOMATIC
CUSTOMER, MERCHANT, MARKETPLACE = Role.CUSTOMER, Role.MERCHANT, Role.MARKETPLACE
PAYMENTS, LOGISTICS = Role.PAYMENTS, Role.LOGISTICS
BUYING, SELLING, WORKING = (CUSTOMER, MARKETPLACE), (MERCHANT, MARKETPLACE), (MERCHANT, LOGISTICS)

Way = tuple[str, ...]
By = Role | Trigger

# What is given, and how an order gets along; the same sentences in every store process.

LACKING = ("given no address",)
MANUAL = ("given seller_confirmation=manual",)
ASKING = ("given cancel_before_payment=request",)
EXTERNAL = ("given payment_provider=external",)
ERP = ("given erp_confirmation=yes",)
WMS = ("given warehouse_management=wms",)
PACKING = ("given picking_and_packing=yes",)
CHANGEABLE = ("given change_payment_window=2 days",)
OTHER_SELLER = ("given change_seller_window=2 days",)
PASSED_BY_HAND = ("given chain_authorization=manual",)
SHORT = ("given 1 of sku-1 in stock",)

DENIED = (*CHANGEABLE, "payments deny_payment")
PAID = ("payments pay",)
WANTING = (*SHORT, *PAID)
FOUND = (*WANTING, "2 of sku-1 are there")
LEFT = (*OTHER_SELLER, *PAID, "merchant cancel, reason=broken")
READY = (*PAID, "30 minutes later")
STARTING = (*ERP, *READY, "merchant start_handling")
HANDLING = (*READY, "merchant start_handling")
PACKED = (*PACKING, *HANDLING, "merchant pack")
REQUESTED = (*HANDLING, "customer request_cancel")
PART = (*HANDLING, "merchant invoice 8.00 F1")
CAPTURING = (*EXTERNAL, *PART)
INVOICED = (*HANDLING, "merchant invoice rest F1")
CANCELING = (*EXTERNAL, *PAID, "customer cancel")
CANCELED = ("customer cancel",)

CANCEL = "{by} cancel, reason=late"
REQUEST = "{by} request_cancel"
CHANGE = "{by} change_order line 1 to 1, reason=less"
NO_LONGER = "merchant cancel, reason=broken"


@dataclass(frozen=True)
class Row:
    """In `source`, `event` by `by` leads to `target`: the last sentence of `way` (or placing it) shows it."""

    source: str
    event: str
    by: By
    target: str
    way: Way

    def __str__(self) -> str:
        return f"{self.source} {self.event} by {self.by} to {self.target}"


def rows(source: str, event: str, by: By | tuple[Role, ...], target: str, *way: str) -> tuple[Row, ...]:
    """A row for everybody who may."""
    each = by if isinstance(by, tuple) else (by,)
    return tuple(
        Row(source, event, one, target, tuple(said.replace("{by}", one.value) for said in way))
        for one in each
    )


def marketplace_rows(chained: bool) -> tuple[Row, ...]:
    """The marketplace's machine; in a chain it shows that it waits until handling starts."""
    open_ = s.WAITING_SELLER_HANDLING if chained else s.PAYMENT_APPROVED
    return (
        *rows(s.INCOMPLETE, "complete", BUYING, s.ORDER_CREATED, *LACKING, "{by} complete"),
        *rows(s.INCOMPLETE, "complete", AUTO, s.ORDER_CREATED),
        *rows(s.INCOMPLETE, "expire", CLOCK, s.CANCEL, *LACKING, "1 hour later"),
        *rows(s.CANCEL, "confirm_cancellation", AUTO, s.CANCELED, *PAID, "customer cancel"),
        *rows(
            s.CANCEL, "confirm_cancellation", PAYMENTS, s.CANCELED, *CANCELING, "{by} confirm_cancellation"
        ),
        *rows(s.ORDER_CREATED, "process", AUTO, s.ON_ORDER_COMPLETED),
        *rows(s.ON_ORDER_COMPLETED, "send_to_seller", AUTO, s.WAITING_FOR_AUTHORIZATION),
        *rows(s.WAITING_FOR_AUTHORIZATION, "confirm", LINK, s.PAYMENT_PENDING, *MANUAL, "merchant accept"),
        *before_payment(s.WAITING_FOR_AUTHORIZATION, MANUAL, chained),
        *rows(s.PAYMENT_PENDING, "approve_payment", (PAYMENTS, MARKETPLACE), s.APPROVE_PAYMENT, "{by} pay"),
        *rows(
            s.PAYMENT_PENDING,
            "approve_payment",
            AUTO,
            s.APPROVE_PAYMENT,
            *(*MANUAL, *PAID, "merchant accept"),
        ),
        *rows(s.PAYMENT_PENDING, "deny_payment", PAYMENTS, s.PAYMENT_DENIED, "{by} deny_payment"),
        *rows(s.PAYMENT_PENDING, "expire", CLOCK, s.CANCEL, "7 days later"),
        *before_payment(s.PAYMENT_PENDING, (), chained),
        *rows(s.PAYMENT_DENIED, "offer_change", AUTO, s.WINDOW_TO_CHANGE_PAYMENT, *DENIED),
        *rows(s.PAYMENT_DENIED, "cancel", AUTO, s.CANCEL, "payments deny_payment"),
        *rows(
            s.WINDOW_TO_CHANGE_PAYMENT,
            "change_payment",
            BUYING,
            s.PAYMENT_PENDING,
            *(*DENIED, "{by} change_payment"),
        ),
        *rows(s.WINDOW_TO_CHANGE_PAYMENT, "change_payment", AUTO, s.PAYMENT_PENDING, *DENIED, *PAID),
        *rows(s.WINDOW_TO_CHANGE_PAYMENT, "expire", CLOCK, s.CANCEL, *DENIED, "2 days later"),
        *rows(s.WINDOW_TO_CHANGE_PAYMENT, "cancel", BUYING, s.CANCEL, *DENIED, "{by} cancel"),
        *rows(s.WINDOW_TO_CHANGE_PAYMENT, "cancel_by_merchant", LINK, s.CANCEL, *DENIED, NO_LONGER),
        *rows(s.APPROVE_PAYMENT, "approve_payment", AUTO, s.PAYMENT_APPROVED, *PAID),
        *(waiting_for_handling() if chained else ()),
        *rows(s.PAYMENT_APPROVED, "pack", AUTO, s.READY_FOR_INVOICING, *PACKED),
        *rows(s.PAYMENT_APPROVED, "invoice", LINK, s.INVOICE, *PART),
        *(while_approved(s.PAYMENT_APPROVED, HANDLING, chained)),
        *rows(open_, "cancel", BUYING, s.CANCEL, *PAID, CANCEL),
        *rows(s.READY_FOR_INVOICING, "invoice", LINK, s.INVOICE, *PACKED, "merchant invoice 8.00 F1"),
        *(while_approved(s.READY_FOR_INVOICING, PACKED, chained)),
        *rows(s.REQUEST_CANCELLATION, "request_cancel", AUTO, s.REQUEST_CANCEL, *REQUESTED),
        *rows(s.REQUEST_CANCEL, "cancel", AUTO, s.CANCEL, *PAID, "customer request_cancel"),
        *rows(s.REQUEST_CANCEL, "ask_seller", AUTO, s.WAITING_FOR_SELLER_DECISION, *REQUESTED),
        *rows(
            s.WAITING_FOR_SELLER_DECISION,
            "cancel_by_merchant",
            LINK,
            s.CANCEL,
            *(*REQUESTED, "merchant approve_cancellation"),
        ),
        *rows(
            s.WAITING_FOR_SELLER_DECISION,
            "deny_cancellation",
            LINK,
            BEFORE,
            *(*REQUESTED, "merchant deny_cancellation, reason=packed"),
        ),
        *rows(
            s.WAITING_FOR_SELLER_DECISION, "invoice", LINK, s.INVOICE, *REQUESTED, "merchant invoice 8.00 F1"
        ),
        *rows(s.WAITING_FOR_SELLER_DECISION, "cancel", MARKETPLACE, s.CANCEL, *REQUESTED, CANCEL),
        *rows(
            s.WINDOW_TO_CHANGE_SELLER,
            "change_seller",
            MARKETPLACE,
            s.CANCELED,
            *(*LEFT, "{by} change_seller m3"),
        ),
        *rows(s.WINDOW_TO_CHANGE_SELLER, "expire", CLOCK, s.CANCEL, *LEFT, "2 days later"),
        *rows(s.WINDOW_TO_CHANGE_SELLER, "cancel", BUYING, s.CANCEL, *LEFT, "{by} cancel"),
        *rows(s.INVOICE, "settle", AUTO, s.INVOICED, *INVOICED),
        *rows(s.INVOICE, "invoice_more", LINK, s.PAYMENT_APPROVED, *PART),
    )


def before_payment(source: str, way: Way, chained: bool) -> tuple[Row, ...]:
    """What the marketplace's machine can do wherever it is not paid yet."""
    return (
        *rows(source, "cancel", BUYING, s.CANCEL, *way, "{by} cancel"),
        *rows(source, "request_cancel", BUYING, s.REQUEST_CANCELLATION, *ASKING, *way, REQUEST),
        *rows(source, "cancel_by_merchant", LINK, s.CANCEL, *way, "merchant cancel"),
        *(() if chained else rows(source, "change_order", SELLING, STAY, *way, CHANGE)),
    )


def while_approved(source: str, way: Way, chained: bool) -> tuple[Row, ...]:
    """What it can do wherever it is paid and not invoiced, besides canceling freely."""
    other = (*OTHER_SELLER, *way, NO_LONGER)
    return (
        *rows(source, "request_cancel", BUYING, s.REQUEST_CANCELLATION, *way, REQUEST),
        *rows(source, "cancel_by_merchant", LINK, s.WINDOW_TO_CHANGE_SELLER, *other),
        *rows(source, "cancel_by_merchant", LINK, s.CANCEL, *way, NO_LONGER),
        *(() if chained else rows(source, "change_order", SELLING, STAY, *way, CHANGE)),
    )


def waiting_for_handling() -> tuple[Row, ...]:
    """What the marketplace of a chain shows until handling starts."""
    source = s.WAITING_SELLER_HANDLING
    return (
        *rows(s.PAYMENT_APPROVED, "wait_for_handling", AUTO, source, *PAID),
        *rows(source, "start_handling", AUTO, s.PAYMENT_APPROVED, *HANDLING),
        *while_approved(source, READY, chained=True),
    )


LIVE: dict[str, Way] = {
    s.ORDER_ACCEPTED: MANUAL,
    s.WAITING_FOR_MANUAL_AUTHORIZATION: (),
    s.WAITING_FOR_FULFILLMENT: WMS,
    s.AUTHORIZE_FULFILLMENT: WANTING,
    s.WINDOW_TO_CANCEL: PAID,
    s.READY_FOR_HANDLING: READY,
    s.HANDLING: HANDLING,
}
"""Where a merchant works on an order, and how it gets there."""

UNPAID = (s.ORDER_ACCEPTED, s.WAITING_FOR_MANUAL_AUTHORIZATION, s.WAITING_FOR_FULFILLMENT)
OVERRIDDEN = ("merchant authorize_fulfillment",)
ASKED_UNPAID: dict[str, Way] = {
    s.AUTHORIZE_FULFILLMENT: (*SHORT, *OVERRIDDEN),
    s.WINDOW_TO_CANCEL: OVERRIDDEN,
}
"""Once it is paid, nobody is asked in these states; before, where the merchant took the risk, it is."""


def stopping(source: str, way: Way) -> tuple[Row, ...]:
    """How the work of the merchant stops: by itself, by the marketplace, or by a request."""
    asked = (*ASKING, *ASKED_UNPAID.get(source, way), REQUEST.format(by=CUSTOMER))
    # Unpaid it ends with the payment timeout, and paid once the marketplace insists.
    unpaid = source in UNPAID
    free = source in (s.AUTHORIZE_FULFILLMENT, s.WINDOW_TO_CANCEL)
    override = (*OVERRIDDEN, *(("30 minutes later",) if source in (s.READY_FOR_HANDLING, s.HANDLING) else ()))
    started = ("merchant start_handling",) if source == s.HANDLING else ()
    stopped = (*way, "customer cancel") if unpaid or free else (*override, *started, "payments deny_payment")
    return (
        *rows(source, "cancel", MERCHANT, s.CANCEL, *way, "{by} cancel" if unpaid else CANCEL),
        *rows(source, "cancel_by_marketplace", LINK, s.CANCEL, *stopped),
        *rows(source, "request_cancel", LINK, s.CANCELLATION_REQUESTED, *asked),
    )


def merchant_rows(chained: bool) -> tuple[Row, ...]:
    """The merchant's machine, the same whether a marketplace or a chain authorizes it."""
    return (
        *rows(s.ORDER_ACCEPTED, "accept", AUTO, s.ON_ORDER_COMPLETED_FFM),
        *rows(s.ORDER_ACCEPTED, "accept", MERCHANT, s.ON_ORDER_COMPLETED_FFM, *MANUAL, "{by} accept"),
        *rows(s.ON_ORDER_COMPLETED_FFM, "wait", AUTO, s.WAITING_FFMT_AUTHORIZATION),
        *rows(
            s.WAITING_FFMT_AUTHORIZATION,
            "wait_for_authorization",
            AUTO,
            s.WAITING_FOR_FULFILLMENT,
            *WMS,
        ),
        *rows(
            s.WAITING_FFMT_AUTHORIZATION, "wait_for_authorization", AUTO, s.WAITING_FOR_MANUAL_AUTHORIZATION
        ),
        *(row for source, way in LIVE.items() for row in stopping(source, way)),
        *rows(
            s.ORDER_ACCEPTED,
            "expire",
            CLOCK,
            s.CANCEL,
            *(*MANUAL, "30 days later"),
        ),
        *(
            row
            for source, way in ((s.WAITING_FOR_MANUAL_AUTHORIZATION, ()), (s.WAITING_FOR_FULFILLMENT, WMS))
            for row in (
                *rows(source, "authorize", LINK, s.AUTHORIZE_FULFILLMENT, *way, *PAID),
                *rows(
                    source,
                    "authorize_fulfillment",
                    MERCHANT,
                    s.AUTHORIZE_FULFILLMENT,
                    *(*way, "{by} authorize_fulfillment"),
                ),
                *rows(
                    source,
                    "expire",
                    CLOCK,
                    s.CANCEL,
                    *("given payment_timeout=40 days", *way, "30 days later"),
                ),
            )
        ),
        *rows(s.AUTHORIZE_FULFILLMENT, "confirm_stock", AUTO, s.WINDOW_TO_CANCEL, *PAID),
        *rows(
            s.AUTHORIZE_FULFILLMENT, "retry_stock", SELLING, s.WINDOW_TO_CANCEL, *FOUND, "{by} retry_stock"
        ),
        *rows(s.AUTHORIZE_FULFILLMENT, "expire", CLOCK, s.CANCEL, *WANTING, "30 days later"),
        *rows(s.WINDOW_TO_CANCEL, "close_window", CLOCK, s.READY_FOR_HANDLING, *READY),
        *rows(
            s.READY_FOR_HANDLING, "start_handling", WORKING, s.START_HANDLING, *READY, "{by} start_handling"
        ),
        *rows(s.START_HANDLING, "confirm_handling", AUTO, s.HANDLING, *HANDLING),
        *rows(
            s.START_HANDLING, "confirm_handling", LOGISTICS, s.HANDLING, *STARTING, "{by} confirm_handling"
        ),
        *rows(
            s.START_HANDLING,
            "cancel_by_marketplace",
            LINK,
            s.CANCEL,
            *(*ERP, *OVERRIDDEN, "30 minutes later", "merchant start_handling", "payments deny_payment"),
        ),
        *rows(s.HANDLING, "pack", WORKING, STAY, *PACKING, *HANDLING, "{by} pack"),
        *invoicing(s.HANDLING, HANDLING),
        *(() if chained else finishing(s.HANDLING)),
        *rows(s.HANDLING, "update_tracking", WORKING, STAY, *PART, "{by} update_tracking F1"),
        *deciding(s.CANCELLATION_REQUESTED, BEFORE),
        *rows(
            s.CANCELLATION_REQUESTED,
            "cancel_by_marketplace",
            LINK,
            s.CANCEL,
            *(*REQUESTED, CANCEL.format(by=MARKETPLACE)),
        ),
        *rows(s.INVOICE, "invoice_more", AUTO, s.HANDLING, *PART),
        *rows(s.INVOICE, "settle", LINK, s.INVOICED, *INVOICED),
        *after_the_invoice(),
        *rows(s.CANCEL, "confirm_cancellation", AUTO, s.CANCELED, *CANCELED),
    )


def invoicing(source: str, way: Way) -> tuple[Row, ...]:
    """Whoever handles it invoices it."""
    return rows(source, "invoice", WORKING, s.INVOICE, *way, "{by} invoice 8.00 F1")


def finishing(source: str, way: Way = HANDLING) -> tuple[Row, ...]:
    """A change that leaves just what is invoiced finishes it."""
    part = (*way, "merchant invoice 10.00 F1")
    return rows(source, "finish_invoicing", SELLING, s.INVOICE, *part, CHANGE)


def deciding(source: str, before: str) -> tuple[Row, ...]:
    """How the merchant, or its silence, decides a request to cancel."""
    return (
        *rows(source, "approve_cancellation", MERCHANT, s.CANCEL, *REQUESTED, "{by} approve_cancellation"),
        *rows(
            source,
            "deny_cancellation",
            MERCHANT,
            before,
            *(*REQUESTED, "{by} deny_cancellation, reason=packed"),
        ),
        *rows(source, "approve_cancellation", CLOCK, s.CANCEL, *REQUESTED, "30 days later"),
        *invoicing(source, REQUESTED),
    )


def after_the_invoice() -> tuple[Row, ...]:
    """What may still happen to an order that is invoiced."""
    return (
        *rows(s.INVOICED, "update_tracking", WORKING, STAY, *INVOICED, "{by} update_tracking F1"),
        *rows(s.INVOICED, "take_back", SELLING, STAY, *INVOICED, "{by} take_back 5.00 R1"),
    )


def chain_rows() -> tuple[Row, ...]:
    """The chain's own machine: it takes no payment and only passes on."""
    at_work: dict[str, Way] = {
        s.WAITING_FOR_AUTHORIZATION: MANUAL,
        s.PAYMENT_PENDING: (),
        s.PAYMENT_DENIED: DENIED,
        s.WAITING_FOR_MKT_AUTHORIZATION: (*PASSED_BY_HAND, *PAID),
        s.PAYMENT_APPROVED: PAID,
    }
    return (
        *rows(s.INCOMPLETE, "complete", AUTO, s.ORDER_CREATED),
        *rows(s.ORDER_CREATED, "process", AUTO, s.ON_ORDER_COMPLETED),
        *rows(s.ON_ORDER_COMPLETED, "send_to_seller", AUTO, s.WAITING_FOR_AUTHORIZATION),
        *rows(s.WAITING_FOR_AUTHORIZATION, "confirm", LINK, s.PAYMENT_PENDING),
        *rows(s.PAYMENT_PENDING, "approve_payment", LINK, s.WAITING_FOR_MKT_AUTHORIZATION, *PAID),
        *rows(s.PAYMENT_PENDING, "deny_payment", LINK, s.PAYMENT_DENIED, *DENIED),
        *rows(
            s.PAYMENT_DENIED,
            "change_payment",
            LINK,
            s.PAYMENT_PENDING,
            *(*DENIED, "customer change_payment"),
        ),
        *rows(s.WAITING_FOR_MKT_AUTHORIZATION, "pass_authorization", AUTO, s.PAYMENT_APPROVED, *PAID),
        *rows(
            s.WAITING_FOR_MKT_AUTHORIZATION,
            "pass_authorization",
            MARKETPLACE,
            s.PAYMENT_APPROVED,
            *(*PASSED_BY_HAND, *PAID, "{by} pass_authorization"),
        ),
        *rows(s.PAYMENT_APPROVED, "invoice", LINK, s.INVOICE, *PART),
        *(
            row
            for source, way in at_work.items()
            for row in (
                *rows(source, "cancel_by_marketplace", LINK, s.CANCEL, *way, "customer cancel"),
                *rows(source, "cancel_by_merchant", LINK, s.CANCEL, *way, NO_LONGER),
            )
        ),
        *rows(s.INVOICE, "settle", LINK, s.INVOICED, *INVOICED),
        *rows(s.INVOICE, "invoice_more", LINK, s.PAYMENT_APPROVED, *PART),
        *rows(s.CANCEL, "confirm_cancellation", AUTO, s.CANCELED, *CANCELED),
    )


def complete_rows() -> tuple[Row, ...]:
    """The one machine of a store that sells and handles."""
    unpaid: tuple[tuple[str, Way], ...] = ((s.WAITING_FOR_AUTHORIZATION, MANUAL), (s.PAYMENT_PENDING, ()))
    free = ((s.AUTHORIZE_FULFILLMENT, WANTING), (s.WINDOW_TO_CANCEL, PAID))
    late = (
        (s.READY_FOR_HANDLING, READY),
        (s.HANDLING, HANDLING),
        (s.READY_FOR_INVOICING, PACKED),
    )
    everybody = (CUSTOMER, MERCHANT, MARKETPLACE)
    return (
        *rows(s.INCOMPLETE, "complete", BUYING, s.ORDER_CREATED, *LACKING, "{by} complete"),
        *rows(s.INCOMPLETE, "complete", AUTO, s.ORDER_CREATED),
        *rows(s.INCOMPLETE, "expire", CLOCK, s.CANCEL, *LACKING, "1 hour later"),
        *rows(s.CANCEL, "confirm_cancellation", AUTO, s.CANCELED, *CANCELED),
        *rows(
            s.CANCEL, "confirm_cancellation", PAYMENTS, s.CANCELED, *CANCELING, "{by} confirm_cancellation"
        ),
        *rows(s.ORDER_CREATED, "process", AUTO, s.ON_ORDER_COMPLETED),
        *rows(s.ON_ORDER_COMPLETED, "send_to_seller", AUTO, s.WAITING_FOR_AUTHORIZATION),
        *rows(s.WAITING_FOR_AUTHORIZATION, "accept", AUTO, s.PAYMENT_PENDING),
        *rows(s.WAITING_FOR_AUTHORIZATION, "accept", MERCHANT, s.PAYMENT_PENDING, *MANUAL, "{by} accept"),
        *rows(s.WAITING_FOR_AUTHORIZATION, "expire", CLOCK, s.CANCEL, *MANUAL, "30 days later"),
        *(
            row
            for source, way in unpaid
            for row in (
                *rows(source, "cancel", everybody, s.CANCEL, *way, "{by} cancel"),
                *rows(source, "request_cancel", BUYING, s.REQUEST_CANCELLATION, *ASKING, *way, REQUEST),
                *rows(source, "change_order", SELLING, STAY, *way, CHANGE),
            )
        ),
        *rows(s.PAYMENT_PENDING, "approve_payment", (PAYMENTS, MARKETPLACE), s.APPROVE_PAYMENT, "{by} pay"),
        *rows(
            s.PAYMENT_PENDING,
            "approve_payment",
            AUTO,
            s.APPROVE_PAYMENT,
            *(*MANUAL, *PAID, "merchant accept"),
        ),
        *rows(s.PAYMENT_PENDING, "deny_payment", PAYMENTS, s.PAYMENT_DENIED, "{by} deny_payment"),
        *rows(s.PAYMENT_PENDING, "expire", CLOCK, s.CANCEL, "7 days later"),
        *rows(s.PAYMENT_DENIED, "cancel", AUTO, s.CANCEL, "payments deny_payment"),
        *rows(s.APPROVE_PAYMENT, "approve_payment", AUTO, s.PAYMENT_APPROVED, *PAID),
        *rows(s.PAYMENT_APPROVED, "authorize", AUTO, s.AUTHORIZE_FULFILLMENT, *PAID),
        *rows(s.AUTHORIZE_FULFILLMENT, "confirm_stock", AUTO, s.WINDOW_TO_CANCEL, *PAID),
        *rows(
            s.AUTHORIZE_FULFILLMENT, "retry_stock", SELLING, s.WINDOW_TO_CANCEL, *FOUND, "{by} retry_stock"
        ),
        *rows(s.AUTHORIZE_FULFILLMENT, "expire", CLOCK, s.CANCEL, *WANTING, "30 days later"),
        *rows(s.WINDOW_TO_CANCEL, "close_window", CLOCK, s.READY_FOR_HANDLING, *READY),
        *(
            row
            for source, way in free
            for row in (
                *rows(source, "cancel", everybody, s.CANCEL, *way, CANCEL),
                *rows(source, "request_cancel", BUYING, s.CANCEL, *way, REQUEST),
                *rows(source, "change_order", SELLING, STAY, *way, CHANGE),
            )
        ),
        *rows(
            s.READY_FOR_HANDLING,
            "start_handling",
            (MERCHANT, MARKETPLACE, LOGISTICS),
            s.START_HANDLING,
            *(*READY, "{by} start_handling"),
        ),
        *rows(s.START_HANDLING, "confirm_handling", AUTO, s.HANDLING, *HANDLING),
        *rows(
            s.START_HANDLING, "confirm_handling", LOGISTICS, s.HANDLING, *STARTING, "{by} confirm_handling"
        ),
        *rows(s.HANDLING, "pack", WORKING, s.READY_FOR_INVOICING, *PACKING, *HANDLING, "{by} pack"),
        *(
            row
            for source, way in late
            for row in (
                *rows(source, "cancel", MERCHANT, s.CANCEL, *way, CANCEL),
                *rows(source, "request_cancel", BUYING, s.REQUEST_CANCELLATION, *way, REQUEST),
                *rows(source, "change_order", SELLING, STAY, *way, CHANGE),
            )
        ),
        *(
            row
            for source, way, repacked in (
                (s.HANDLING, HANDLING, ()),
                (s.READY_FOR_INVOICING, PACKED, ("merchant pack",)),
            )
            for row in (
                *invoicing(source, way),
                *rows(
                    source,
                    "finish_invoicing",
                    SELLING,
                    s.INVOICE,
                    *(*way, "merchant invoice 10.00 F1", *repacked, CHANGE),
                ),
                *rows(
                    source,
                    "update_tracking",
                    WORKING,
                    STAY,
                    *(*way, "merchant invoice 8.00 F1", *repacked, "{by} update_tracking F1"),
                ),
            )
        ),
        *rows(s.REQUEST_CANCELLATION, "request_cancel", AUTO, s.REQUEST_CANCEL, *REQUESTED),
        *rows(s.REQUEST_CANCEL, "ask_seller", AUTO, s.WAITING_FOR_SELLER_DECISION, *REQUESTED),
        *deciding(s.WAITING_FOR_SELLER_DECISION, BEFORE),
        *rows(s.WAITING_FOR_SELLER_DECISION, "cancel", MARKETPLACE, s.CANCEL, *REQUESTED, CANCEL),
        *rows(s.INVOICE, "settle", AUTO, s.INVOICED, *INVOICED),
        *rows(s.INVOICE, "invoice_more", AUTO, s.HANDLING, *PART),
        *after_the_invoice(),
    )


TABLES: dict[str, dict[str, tuple[Row, ...]]] = {
    "marketplace-seller": {
        "marketplace": marketplace_rows(chained=False),
        "merchant": merchant_rows(chained=False),
    },
    "complete": {"complete": complete_rows()},
    "chain": {
        "chain-marketplace": marketplace_rows(chained=True),
        "chain": chain_rows(),
        "chain-merchant": merchant_rows(chained=True),
    },
}
"""The rows of every machine of every store process."""

PASSED_AT_ONCE = (  # a merchant that confirms waits for the authorization in the same step
    *rows(s.WAITING_FFMT_AUTHORIZATION, "cancel", MERCHANT, s.CANCEL),
    *rows(s.WAITING_FFMT_AUTHORIZATION, "cancel_by_marketplace", LINK, s.CANCEL),
    *rows(s.WAITING_FFMT_AUTHORIZATION, "request_cancel", LINK, s.CANCELLATION_REQUESTED),
    *rows(s.WAITING_FFMT_AUTHORIZATION, "expire", CLOCK, s.CANCEL),
)
SHUT = rows(s.READY_FOR_INVOICING, "cancel", BUYING, s.CANCEL, *PACKED, CANCEL)
"""Listed for the sentence that it is refused with: what is packed is past the window."""

CLOSED: dict[tuple[str, str], tuple[Row, ...]] = {
    ("marketplace-seller", "marketplace"): SHUT,
    ("marketplace-seller", "merchant"): PASSED_AT_ONCE,
    ("complete", "complete"): (),
    ("chain", "chain-marketplace"): (
        *SHUT,
        # While a chain's order may be canceled freely, the marketplace shows that it waits for handling.
        *rows(s.PAYMENT_APPROVED, "cancel", BUYING, s.CANCEL, *HANDLING, CANCEL),
        # The first invoice finds the marketplace past its waiting, since handling has started.
        *rows(s.WAITING_SELLER_HANDLING, "invoice", LINK, s.INVOICE),
    ),
    ("chain", "chain"): (),
    ("chain", "chain-merchant"): (
        *PASSED_AT_ONCE,
        # An order of a chain cannot be changed, so its total never falls to what is invoiced.
        *rows(s.HANDLING, "finish_invoicing", SELLING, s.INVOICE, *HANDLING, "{by} finish_invoicing"),
    ),
}
"""Moves that are listed and that nothing can ever take: those with a walk are refused at its end."""
