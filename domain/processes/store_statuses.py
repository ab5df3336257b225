"""The statuses of the store flows as their table has them: code, labels, who views it, what it means.

Data only. Source: seed on the store flows, "Order status details". A label of None is the table's "-": this
audience keeps reading the last label that it had.
"""

from dataclasses import dataclass

MARKETPLACE, SELLER, CHAIN, COMPLETE = "marketplace", "seller", "chain", "complete"
ALL = (MARKETPLACE, SELLER, CHAIN, COMPLETE)
SELLING = (MARKETPLACE, CHAIN, COMPLETE)
HANDLING_FLOWS = (SELLER, COMPLETE)

INCOMPLETE, ORDER_CREATED, ORDER_ACCEPTED = "incomplete", "order-created", "order-accepted"
ON_ORDER_COMPLETED, ON_ORDER_COMPLETED_FFM = "on-order-completed", "on-order-completed-ffm"
WAITING_FOR_AUTHORIZATION = "waiting-for-authorization"
PAYMENT_PENDING, PAYMENT_DENIED, APPROVE_PAYMENT = "payment-pending", "payment-denied", "approve-payment"
WINDOW_TO_CHANGE_PAYMENT, PAYMENT_APPROVED = "window-to-change-payment", "payment-approved"
WAITING_FFMT_AUTHORIZATION = "waiting-ffmt-authorization"
WAITING_FOR_MANUAL_AUTHORIZATION = "waiting-for-manual-authorization"
WAITING_FOR_FULFILLMENT, AUTHORIZE_FULFILLMENT = "waiting-for-fulfillment", "authorize-fulfillment"
WINDOW_TO_CANCEL, READY_FOR_HANDLING = "window-to-cancel", "ready-for-handling"
START_HANDLING, HANDLING = "start-handling", "handling"
READY_FOR_INVOICING, INVOICE, INVOICED = "ready-for-invoicing", "invoice", "invoiced"
REQUEST_CANCELLATION, REQUEST_CANCEL = "request-cancellation", "request-cancel"
WAITING_FOR_SELLER_DECISION = "waiting-for-seller-decision"
CANCELLATION_REQUESTED = "cancellation-requested"
WINDOW_TO_CHANGE_SELLER = "window-to-change-seller"
WAITING_FOR_MKT_AUTHORIZATION = "waiting-for-mkt-authorization"
WAITING_SELLER_HANDLING = "waiting-seller-handling"
CANCEL, CANCELED = "cancel", "canceled"


@dataclass(frozen=True, slots=True)
class Status:
    """One row. `admin` is read by the stores (Back Office and Merchant Portal), `account` by the customer.

    `locked`: the table's asterisk; only the platform moves an order on from here.
    """

    admin: str | None
    account: str | None
    viewed_by: tuple[str, ...]
    meaning: str
    locked: bool = False


IN_TRANSIT, DELIVERING, DELIVERED = "In transit to carrier", "Delivering order", "Order shipped"
"""What the customer reads of an invoiced order: at first, after a tracking update, once it is delivered."""

STATUSES = {
    INCOMPLETE: Status(
        None, None, ALL, "The order is incomplete: data are missing, the flow has not started."
    ),
    ORDER_CREATED: Status(
        None,
        None,
        SELLING,
        "The order has all its data and is being processed: the first status.",
        locked=True,
    ),
    ORDER_ACCEPTED: Status("Order accepted", None, (SELLER,), "The seller received the order."),
    CANCEL: Status(
        "Canceling",
        None,
        ALL,
        "The order is being canceled; it waits until the payment provider has let go of its money or"
        " paid it back.",
        locked=True,
    ),
    ON_ORDER_COMPLETED: Status(
        None, None, SELLING, "The purchase went through checkout; the data are complete."
    ),
    ON_ORDER_COMPLETED_FFM: Status(
        None, None, (SELLER,), "The purchase went through checkout; the data are complete."
    ),
    PAYMENT_DENIED: Status("Payment denied", "Canceled", SELLING, "The payment was denied."),
    PAYMENT_APPROVED: Status("Payment approved", "Payment approved", SELLING, "The payment was approved."),
    PAYMENT_PENDING: Status(
        "Payment pending",
        "Approving payment",
        SELLING,
        "The payment is awaited; every order passes here, whether it is paid already or not.",
    ),
    REQUEST_CANCEL: Status(
        "Cancellation requested", None, (MARKETPLACE, COMPLETE), "It was asked to cancel the order."
    ),
    CANCELED: Status("Canceled", "Canceled", ALL, "The order was canceled, and so was its payment."),
    WINDOW_TO_CHANGE_PAYMENT: Status(
        "Window to change payment", None, (MARKETPLACE,), "The payment can be changed for a while."
    ),
    WINDOW_TO_CHANGE_SELLER: Status(
        "Window to change seller", None, (MARKETPLACE,), "Another seller can be chosen for a while."
    ),
    WAITING_FOR_AUTHORIZATION: Status(
        "Waiting for seller confirmation",
        "Order placed",
        SELLING,
        "The seller has to confirm that the order may go on.",
    ),
    WAITING_FOR_FULFILLMENT: Status(
        None,
        None,
        (SELLER,),
        "A store with a warehouse management system waits for fulfillment to be authorized; after 30 days "
        "without that the order is canceled.",
    ),
    WAITING_FFMT_AUTHORIZATION: Status(None, None, (SELLER,), "Waits for the marketplace's authorization."),
    WAITING_FOR_MANUAL_AUTHORIZATION: Status(
        "Waiting for fulfillment authorization",
        None,
        (SELLER,),
        "The seller waits until the marketplace authorizes the order to go on.",
    ),
    AUTHORIZE_FULFILLMENT: Status(
        "Authorize fulfillment",
        None,
        HANDLING_FLOWS,
        "The stock is being confirmed; what is not there keeps the order here. After 30 days it is canceled.",
    ),
    WINDOW_TO_CANCEL: Status(
        "Cancellation window",
        "Handling order",
        HANDLING_FLOWS,
        "The customer can still cancel without approval, and is refunded automatically.",
    ),
    READY_FOR_INVOICING: Status(
        None,
        None,
        (MARKETPLACE, COMPLETE),
        "Packed and ready to be invoiced; for stores with picking and packing only.",
    ),
    INVOICE: Status(
        "Verifying invoice",
        "Handling order",
        SELLING,
        "The invoice is being verified; what stays here has a problem with its payment or its invoice.",
        locked=True,
    ),
    INVOICED: Status(
        "Invoiced", IN_TRANSIT, ALL, "The order is invoiced, its payment settled, and it goes to the carrier."
    ),
    READY_FOR_HANDLING: Status(
        "Ready for handling",
        "Handling order",
        (SELLER,),
        "Handling can start: prepare, invoice and track it.",
    ),
    START_HANDLING: Status(
        "Start handling",
        None,
        HANDLING_FLOWS,
        "Handling was started; with an ERP the order waits here until that confirms it.",
        locked=True,
    ),
    CANCELLATION_REQUESTED: Status(
        "Cancellation requested", None, (SELLER,), "It was asked to cancel the order; the seller decides."
    ),
    WAITING_FOR_MKT_AUTHORIZATION: Status(
        None, None, (CHAIN,), "The marketplace has to pass the authorization on for the seller."
    ),
    WAITING_SELLER_HANDLING: Status(
        None, None, (MARKETPLACE,), "The marketplace waits until handling starts at the end of the chain."
    ),
    HANDLING: Status(
        "Handling shipping",
        "Handling order",
        HANDLING_FLOWS,
        "The items are being prepared; the order stays here until it is invoiced.",
    ),
    APPROVE_PAYMENT: Status(
        "Approve payment", None, (MARKETPLACE, COMPLETE), "Passed through when a payment is approved."
    ),
    WAITING_FOR_SELLER_DECISION: Status(
        "Waiting for the seller decision",
        None,
        (MARKETPLACE, COMPLETE),
        "The seller has to decide whether the order is canceled.",
    ),
    REQUEST_CANCELLATION: Status(
        "Request cancellation",
        None,
        (MARKETPLACE, COMPLETE),
        "A cancellation begins, asked for by the store or by the customer.",
    ),
}
"""By code. Rows that the table has without a code have theirs from the design of the store processes."""
