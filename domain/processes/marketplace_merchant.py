"""Process `marketplace-merchant`: the item machines of a marketplace and its merchants. Data only.

Source: seed on the marketplace and merchant state machines; design, process marketplace-merchant.
States stand in the order in which a line gets further; roll-ups read them so.
"""

from datetime import timedelta

from domain.actors import Audience, Party, Role
from domain.changes import (
    ask_refund,
    book_refund,
    record_delivery,
    record_shipment,
    release_refund,
    split_order,
    stop_payments,
)
from domain.guards import (
    fully_paid,
    inside_cancellation_window,
    inside_return_window,
    no_refund_pending,
    not_in_the_future,
    nothing_refundable,
    provider_confirms_at_once,
    refund_pending,
    refundable,
)
from domain.policies import Policy
from domain.process import STAY, Move, Process, State, UnitKind
from domain.processes.policies import CANCELLATION_WINDOW, PAYMENT_PROVIDER, PAYMENT_TIMEOUT
from domain.words import after, auto, dated, machine, never, no, on, says, state, told, when

CUSTOMER, MERCHANT, MARKETPLACE = Role.CUSTOMER, Role.MERCHANT, Role.MARKETPLACE
PAYMENTS, LOGISTICS = Role.PAYMENTS, Role.LOGISTICS

NEW, PAID, CANCELED, REFUNDED, CLOSED = "new", "paid", "canceled", "refunded", "closed"
SENT_TO_MERCHANT, SHIPPED_BY_MERCHANT, DELIVERED = "sent_to_merchant", "shipped_by_merchant", "delivered"
SHIPPED, CANCELED_BY_MERCHANT = "shipped", "canceled_by_merchant"
CANCELED_BY_MARKETPLACE = "canceled_by_marketplace"
LEFT_MERCHANT, AT_DISTRIBUTION_CENTER = "left_merchant", "at_distribution_center"
WAITING_FOR_RETURN, RETURNED = "waiting_for_return", "returned"
RETURN_REJECTED, SHIPPED_BACK = "return_rejected", "shipped_back"

SHIPMENT = ("carrier", "tracking_number", "expected_delivery")
ALREADY_SHIPPED = "The merchant has already shipped; the line can be returned once it is delivered."
ALREADY_DELIVERED = "The line is delivered; request a return instead."
PASSED_ON = "The line was sent to the merchant; only the marketplace can still cancel it."

POLICIES = (
    PAYMENT_TIMEOUT,
    CANCELLATION_WINDOW,
    Policy(
        "return_window",
        timedelta(days=30),
        "How long after delivery a line can be returned; then it is closed.",
    ),
    Policy(
        "refund_close_after",
        timedelta(days=14),
        "How long after a refund, or a cancellation with nothing to refund, a line is closed.",
    ),
    PAYMENT_PROVIDER,
    Policy(
        "merchant_process",
        "merchant",
        "Which machine a merchant runs: ship directly, or by way of a distribution center.",
        choices=("merchant", "merchant-distribution"),
        per_merchant=True,
    ),
)

# Moves that several states share: named once, repeated in each.


def _refunds(
    paid_out: str, refused: str, *, needs: tuple[str, ...], takes: tuple[str, ...]
) -> tuple[Move, ...]:
    """What can be done about money that may have to go back; where a refund leads, paid out or refused."""
    return (
        on(
            "refund", by=(MARKETPLACE,), to=STAY, if_=refundable, needs=needs, takes=takes, does=(ask_refund,)
        ),
        on(
            "confirm_refund",
            by=(PAYMENTS, MARKETPLACE),
            to=paid_out,
            if_=refund_pending,
            needs=("refund",),
            does=(book_refund,),
        ),
        on(
            "refuse_refund",
            by=(PAYMENTS, MARKETPLACE),
            to=refused,
            if_=refund_pending,
            needs=("refund",),
            takes=("reason",),
            does=(release_refund,),
        ),
        auto("confirm_refund", to=paid_out, if_=provider_confirms_at_once, does=(book_refund,)),
    )


REFUND = _refunds(REFUNDED, STAY, needs=(), takes=("amount", "reason"))
# Refused, it is entered anew: the time until it closes starts again, to ask for the money once more.
REFUND_MORE = _refunds(STAY, REFUNDED, needs=("amount",), takes=("reason",))
DELIVER = on(
    "deliver",
    by=(MERCHANT, LOGISTICS),
    to=DELIVERED,
    if_=not_in_the_future,
    takes=("delivered_on",),
    does=(record_delivery,),
)

MARKETPLACE_MACHINE = machine(
    "marketplace",
    Party.MARKETPLACE,
    NEW,
    {
        NEW: state(
            says(back_office="New", storefront="Confirmed / Accepted"),
            on("pay", by=(PAYMENTS, MARKETPLACE), to=PAID, if_=fully_paid),
            auto("pay", to=PAID, if_=fully_paid),
            on("cancel", by=(CUSTOMER, MARKETPLACE), to=CANCELED, takes=("reason",), does=(stop_payments,)),
            after("payment_timeout", "expire", to=CANCELED, does=(stop_payments,)),
            meaning="The customer placed the order; the payment is awaited.",
        ),
        CANCELED: state(
            says(back_office="Canceled", storefront="Canceled"),
            *REFUND,
            on("close", by=(MARKETPLACE,), to=CLOSED, if_=nothing_refundable),
            after("refund_close_after", "close", to=CLOSED, if_=nothing_refundable),
            meaning="Nobody will deliver this line; what was paid for it is to be refunded.",
        ),
        REFUNDED: state(
            says(back_office="Refunded", storefront="Refunded"),
            *REFUND_MORE,
            on("close", by=(MARKETPLACE,), to=CLOSED, if_=no_refund_pending),
            after("refund_close_after", "close", to=CLOSED, if_=no_refund_pending),
            meaning="The refund is paid out, in full or in part; more may follow until the line is closed.",
        ),
        PAID: state(
            says(back_office="Paid", storefront="In Progress"),
            on("cancel", by=(CUSTOMER,), to=CANCELED, if_=inside_cancellation_window, takes=("reason",)),
            on("cancel", by=(MARKETPLACE,), to=CANCELED, needs=("reason",)),
            on(
                "send_to_merchant",
                by=(MARKETPLACE,),
                to=SENT_TO_MERCHANT,
                does=(split_order,),
                starts=(Party.MERCHANT,),
            ),
            after(
                "cancellation_window",
                "send_to_merchant",
                to=SENT_TO_MERCHANT,
                does=(split_order,),
                starts=(Party.MERCHANT,),
            ),
            meaning="The payment is in; the customer may still cancel until the cancellation window closes.",
        ),
        SENT_TO_MERCHANT: state(
            says(back_office="Sent to Merchant", storefront="In Progress"),
            told("ship", to=SHIPPED_BY_MERCHANT),
            told("cancel_by_merchant", to=CANCELED),
            on("cancel", by=(MARKETPLACE,), to=CANCELED, needs=("reason",)),
            no("cancel", by=(CUSTOMER,), because=PASSED_ON),
            meaning="The line is part of a merchant order; the merchant works on it.",
        ),
        SHIPPED_BY_MERCHANT: state(
            says(
                back_office="Shipped by Merchant",
                storefront=dated("Shipped", "Shipped Expected by {date}", "expected_delivery"),
            ),
            told("deliver", to=DELIVERED),
            no("cancel", by=(CUSTOMER, MARKETPLACE), because=ALREADY_SHIPPED),
            meaning="The line is on its way to the customer.",
        ),
        DELIVERED: state(
            says(
                back_office="Delivered", storefront=dated("Delivered", "Delivered on {date}", "delivered_on")
            ),
            on(
                "request_return",
                by=(CUSTOMER, MARKETPLACE),
                to=WAITING_FOR_RETURN,
                if_=inside_return_window,
                takes=("reason",),
            ),
            on("close", by=(MARKETPLACE,), to=CLOSED),
            after("return_window", "close", to=CLOSED),
            no("cancel", by=(CUSTOMER, MARKETPLACE), because=ALREADY_DELIVERED),
            meaning="The customer has it; it may be returned until the return window closes.",
        ),
        WAITING_FOR_RETURN: state(
            says(back_office="Waiting for Return", storefront="Return Requested"),
            told("receive_return", to=RETURNED),
            told("reject_return", to=RETURN_REJECTED),
            meaning="The customer sends the line back; the merchant has not received it yet.",
        ),
        RETURN_REJECTED: state(
            says(back_office="Return Rejected", storefront="Return Rejected"),
            told("ship_back", to=SHIPPED_BACK),
            meaning="The merchant does not take the line back and will ship it to the customer again.",
        ),
        SHIPPED_BACK: state(
            says(back_office="Shipped Back", storefront="Shipped Back"),
            told("deliver", to=DELIVERED),
            meaning="The rejected return is on its way to the customer again.",
        ),
        RETURNED: state(
            says(back_office="Returned", storefront="Returned"),
            *REFUND,
            on("close", by=(MARKETPLACE,), to=CLOSED, if_=nothing_refundable),
            meaning="The merchant has the line back; what was paid for it is to be refunded.",
        ),
        CLOSED: state(
            says(),
            no("cancel", by=(CUSTOMER, MARKETPLACE), because="The line is closed."),
            no(
                "request_return",
                by=(CUSTOMER, MARKETPLACE),
                because="The return window closed; the line is closed.",
            ),
            meaning="Nothing more will happen; everybody keeps reading what they last read.",
        ),
    },
)


def _canceled() -> dict[str, State]:
    """How both merchant machines end when the line is not shipped."""
    return {
        CANCELED_BY_MERCHANT: state(
            says(merchant_portal="Canceled by Merchant"),
            meaning="You canceled this line; it will not be delivered.",
        ),
        CANCELED_BY_MARKETPLACE: state(
            says(merchant_portal="Canceled by Marketplace"),
            no("ship", by=(MERCHANT,), because="The marketplace has canceled this line; do not ship it."),
            meaning="The marketplace canceled this line; do not ship it.",
        ),
    }


def _delivery() -> dict[str, State]:
    """What both merchant machines share from shipping on."""
    return {
        SHIPPED: state(
            says(merchant_portal="Shipped"),
            DELIVER,
            no("cancel", by=(MERCHANT,), because="You have already shipped this line."),
            meaning="On its way to the customer.",
        ),
        DELIVERED: state(
            says(merchant_portal="Delivered"),
            told("request_return", to=WAITING_FOR_RETURN),
            told("close", to=CLOSED),
            no("cancel", by=(MERCHANT,), because="This line is delivered."),
            meaning="The customer has it; it may come back until the return period is over.",
        ),
        WAITING_FOR_RETURN: state(
            says(merchant_portal="Waiting for Return"),
            on("receive_return", by=(MERCHANT,), to=RETURNED),
            on("reject_return", by=(MERCHANT,), to=RETURN_REJECTED, needs=("reason",)),
            meaning="The customer sends it back.",
        ),
        RETURN_REJECTED: state(
            says(merchant_portal="Return Rejected"),
            on("ship_back", by=(MERCHANT,), to=SHIPPED_BACK, takes=SHIPMENT, does=(record_shipment,)),
            meaning="The return was not accepted; ship it to the customer again.",
        ),
        SHIPPED_BACK: state(
            says(merchant_portal="Shipped Back"),
            DELIVER,
            meaning="On its way to the customer again.",
        ),
        RETURNED: state(
            says(merchant_portal="Returned"),
            told("refund", to=REFUNDED),
            told("close", to=CLOSED),
            meaning="You have it back; the marketplace refunds the customer.",
        ),
        REFUNDED: state(
            says(merchant_portal="Refunded"),
            told("close", to=CLOSED),
            meaning="The customer was refunded for the return.",
        ),
        CLOSED: state(says(), meaning="The return period is over."),
    }


MERCHANT_MACHINE = machine(
    "merchant",
    Party.MERCHANT,
    NEW,
    {
        NEW: state(
            says(merchant_portal="New"),
            on("ship", by=(MERCHANT,), to=SHIPPED, takes=SHIPMENT, does=(record_shipment,)),
            on("cancel", by=(MERCHANT,), to=CANCELED_BY_MERCHANT, needs=("reason",)),
            told("cancel_by_marketplace", to=CANCELED_BY_MARKETPLACE),
            meaning="Yours to fulfil: ship it, or cancel it with a reason.",
        ),
        **_canceled(),
        **_delivery(),
    },
)

DISTRIBUTION_MACHINE = machine(
    "merchant-distribution",
    Party.MERCHANT,
    NEW,
    {
        NEW: state(
            says(merchant_portal="New"),
            on("send_to_distribution", by=(MERCHANT,), to=LEFT_MERCHANT),
            on("cancel", by=(MERCHANT,), to=CANCELED_BY_MERCHANT, needs=("reason",)),
            told("cancel_by_marketplace", to=CANCELED_BY_MARKETPLACE),
            meaning="Yours to fulfil: send it to the distribution center, or cancel it with a reason.",
        ),
        **_canceled(),
        LEFT_MERCHANT: state(
            says(merchant_portal="Left Merchant"),
            on("confirm_at_center", by=(MERCHANT, LOGISTICS), to=AT_DISTRIBUTION_CENTER),
            meaning="On its way to the distribution center.",
        ),
        AT_DISTRIBUTION_CENTER: state(
            says(merchant_portal="At Distribution Center"),
            on("ship", by=(MERCHANT, LOGISTICS), to=SHIPPED, takes=SHIPMENT, does=(record_shipment,)),
            meaning="Waiting at the distribution center to be shipped to the customer.",
        ),
        **_delivery(),
    },
)

LINKS = (  # where things stand, not how they got there
    when(Party.MARKETPLACE, "ship", merchant=SHIPPED, marketplace=SENT_TO_MERCHANT),
    when(
        Party.MARKETPLACE, "cancel_by_merchant", merchant=CANCELED_BY_MERCHANT, marketplace=SENT_TO_MERCHANT
    ),
    when(Party.MERCHANT, "cancel_by_marketplace", marketplace=(CANCELED, REFUNDED), merchant=NEW),
    when(Party.MARKETPLACE, "deliver", merchant=DELIVERED, marketplace=(SHIPPED_BY_MERCHANT, SHIPPED_BACK)),
    when(Party.MERCHANT, "request_return", marketplace=WAITING_FOR_RETURN, merchant=DELIVERED),
    when(Party.MARKETPLACE, "receive_return", merchant=RETURNED, marketplace=WAITING_FOR_RETURN),
    when(Party.MARKETPLACE, "reject_return", merchant=RETURN_REJECTED, marketplace=WAITING_FOR_RETURN),
    when(Party.MARKETPLACE, "ship_back", merchant=SHIPPED_BACK, marketplace=RETURN_REJECTED),
    when(Party.MERCHANT, "refund", marketplace=REFUNDED, merchant=RETURNED),
    when(Party.MERCHANT, "close", marketplace=CLOSED, merchant=(DELIVERED, RETURNED, REFUNDED)),
)

_AT_WORK = (NEW, LEFT_MERCHANT, AT_DISTRIBUTION_CENTER)
_CANCELED = (CANCELED_BY_MERCHANT, CANCELED_BY_MARKETPLACE)
_OVER = (CANCELED, REFUNDED, CLOSED)
NEVER = (
    never(
        "The line already left the merchant for the distribution center; it can be returned once delivered.",
        marketplace=_OVER,
        merchant=(LEFT_MERCHANT, AT_DISTRIBUTION_CENTER),
    ),
    never("The merchant still works on the line.", marketplace=_OVER, merchant=NEW),
    never(ALREADY_SHIPPED, marketplace=_OVER, merchant=(SHIPPED, SHIPPED_BACK)),
    never(ALREADY_DELIVERED, marketplace=_OVER, merchant=DELIVERED),
    never("A return is under way.", marketplace=_OVER, merchant=(WAITING_FOR_RETURN, RETURN_REJECTED)),
    never(
        "The merchant has canceled the line.",
        marketplace=(SENT_TO_MERCHANT, SHIPPED_BY_MERCHANT, DELIVERED, WAITING_FOR_RETURN, RETURNED),
        merchant=_CANCELED,
    ),
    never(
        "The merchant has not shipped the line.",
        marketplace=(
            SHIPPED_BY_MERCHANT,
            DELIVERED,
            WAITING_FOR_RETURN,
            RETURNED,
            RETURN_REJECTED,
            SHIPPED_BACK,
        ),
        merchant=_AT_WORK,
    ),
    never(
        "The line was not sent to the merchant.",
        marketplace=(NEW, PAID),
        merchant=(*_AT_WORK, SHIPPED, DELIVERED),
    ),
    never(
        "The merchant has shipped the line.",
        marketplace=SENT_TO_MERCHANT,
        merchant=(SHIPPED, DELIVERED, CLOSED),
    ),
)

MARKETPLACE_MERCHANT = Process(
    name="marketplace-merchant",
    version=1,
    unit=UnitKind.LINE,
    first=Party.MARKETPLACE,
    machines=(MARKETPLACE_MACHINE, MERCHANT_MACHINE, DISTRIBUTION_MACHINE),
    links=LINKS,
    never=NEVER,
    reads={
        Audience.BACK_OFFICE: (Party.MARKETPLACE,),
        Audience.MERCHANT_PORTAL: (Party.MERCHANT,),
        Audience.STOREFRONT: (Party.MARKETPLACE,),
    },
    policies={policy.name: policy for policy in POLICIES},
    variant_policy={Party.MERCHANT: "merchant_process"},
    pays="pay",
    text="Lines move: the marketplace sells them, its merchants ship them, both in step.",
)
