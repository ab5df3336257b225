"""The policies that more than one process knows, and those of the store flows. Data only.

Source: design, marketplace-merchant and store processes.
"""

from datetime import timedelta

from domain.policies import Policy

PAYMENT_TIMEOUT = Policy(
    "payment_timeout", timedelta(days=7), "How long an order waits for its payment before it is canceled."
)
CANCELLATION_WINDOW = Policy(
    "cancellation_window",
    timedelta(minutes=30),
    "How long after payment a customer can cancel without anybody's approval; then the merchants begin.",
)
PAYMENT_PROVIDER = Policy(
    "payment_provider",
    "built_in",
    "Who moves the money: the built-in provider at once, or an outside one that confirms each time.",
    choices=("built_in", "external"),
)

INCOMPLETE_EXPIRY = Policy(
    "incomplete_expiry", timedelta(hours=1), "How long an incomplete order waits for the data it lacks."
)
CHANGE_PAYMENT_WINDOW = Policy(
    "change_payment_window",
    timedelta(0),
    "How long after a denied payment another one can be named; nothing: the order is canceled at once.",
)
CHANGE_SELLER_WINDOW = Policy(
    "change_seller_window",
    timedelta(0),
    "How long after a merchant canceled another one can be chosen; nothing: the order is canceled at once.",
)
CANCEL_BEFORE_PAYMENT = Policy(
    "cancel_before_payment",
    "free",
    "Whether an order that is not paid yet is canceled freely, or its merchant is asked.",
    choices=("free", "request"),
)
AUTHORIZATION_TIMEOUT = Policy(
    "authorization_timeout",
    timedelta(days=30),
    "How long a merchant order waits to be confirmed, authorized or put together before it is canceled.",
)
CANCELLATION_ANSWER = Policy(
    "cancellation_answer",
    timedelta(days=30),
    "How long a merchant has to answer a request to cancel; silence counts as yes.",
)
SELLER_CONFIRMATION = Policy(
    "seller_confirmation",
    "automatic",
    "Whether the merchant's orders are confirmed at once, or by the merchant itself.",
    choices=("automatic", "manual"),
    per_merchant=True,
)
WAREHOUSE_MANAGEMENT = Policy(
    "warehouse_management",
    "none",
    "Whether the merchant's orders are authorized for a warehouse management system.",
    choices=("none", "wms"),
    per_merchant=True,
)
ERP_CONFIRMATION = Policy(
    "erp_confirmation",
    "no",
    "Whether the start of handling waits until the merchant's ERP confirms it.",
    choices=("no", "yes"),
    per_merchant=True,
)
PICKING_AND_PACKING = Policy(
    "picking_and_packing",
    "no",
    "Whether the merchant says when an order is packed and ready for its invoice.",
    choices=("no", "yes"),
    per_merchant=True,
)
CHAIN_AUTHORIZATION = Policy(
    "chain_authorization",
    "automatic",
    "Whether the marketplace's authorization goes to the chain at once, or the marketplace passes it on.",
    choices=("automatic", "manual"),
)

STORE_POLICIES = (
    INCOMPLETE_EXPIRY,
    PAYMENT_TIMEOUT,
    CANCEL_BEFORE_PAYMENT,
    CANCELLATION_WINDOW,
    CANCELLATION_ANSWER,
    AUTHORIZATION_TIMEOUT,
    SELLER_CONFIRMATION,
    WAREHOUSE_MANAGEMENT,
    ERP_CONFIRMATION,
    PICKING_AND_PACKING,
    PAYMENT_PROVIDER,
)
"""What all store flows know."""
