"""Process `chain`: a marketplace sells through an intermediate store (the chain) to a seller. Data only.

Authorizations travel down (marketplace, chain, merchant), confirmations, invoices and cancellations by the
merchant travel up. Source: seed on the store flows, chain flow; design, store processes, "Chain".
"""

from domain.actors import Audience, Party, Role
from domain.process import Move, No, Process, State, UnitKind
from domain.processes.policies import (
    CHAIN_AUTHORIZATION,
    CHANGE_PAYMENT_WINDOW,
    CHANGE_SELLER_WINDOW,
    STORE_POLICIES,
)
from domain.processes.store_marketplace import marketplace_machine
from domain.processes.store_merchant import merchant_machine
from domain.processes.store_statuses import (
    CANCEL,
    CANCELED,
    CANCELLATION_REQUESTED,
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
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WAITING_FOR_MKT_AUTHORIZATION,
    WAITING_FOR_SELLER_DECISION,
    WAITING_SELLER_HANDLING,
    WINDOW_TO_CHANGE_PAYMENT,
    WINDOW_TO_CHANGE_SELLER,
)
from domain.processes.store_words import (
    APPROVED,
    BEFORE_PAYMENT,
    CONFIRMED,
    EARLY,
    LIVE,
    OVER,
    REQUESTABLE,
    STILL_WORKING,
    passed_on_by_itself,
    status,
)
from domain.words import auto, machine, never, on, told, when

MARKETPLACE, CHAIN, MERCHANT = Party.MARKETPLACE, Party.CHAIN, Party.MERCHANT


def st(code: str, *moves: Move | No) -> State:
    """The state of this status, as the chain's own administration would read it."""
    return status(code, *moves, to=(Audience.BACK_OFFICE,))


STOPPED = (told("cancel_by_marketplace", to=CANCEL), told("cancel_by_merchant", to=CANCEL))

CHAIN_MACHINE = machine(
    "chain",
    CHAIN,
    INCOMPLETE,
    {
        INCOMPLETE: st(INCOMPLETE, auto("complete", to=ORDER_CREATED)),
        CANCEL: st(CANCEL, auto("confirm_cancellation", to=CANCELED, where={MARKETPLACE: (CANCELED,)})),
        CANCELED: st(CANCELED),
        ORDER_CREATED: st(ORDER_CREATED, auto("process", to=ON_ORDER_COMPLETED)),
        ON_ORDER_COMPLETED: st(
            ON_ORDER_COMPLETED, auto("send_to_seller", to=WAITING_FOR_AUTHORIZATION, starts=(MERCHANT,))
        ),
        WAITING_FOR_AUTHORIZATION: st(
            WAITING_FOR_AUTHORIZATION, told("confirm", to=PAYMENT_PENDING), *STOPPED
        ),
        PAYMENT_PENDING: st(
            PAYMENT_PENDING,
            told("approve_payment", to=WAITING_FOR_MKT_AUTHORIZATION),
            told("deny_payment", to=PAYMENT_DENIED),
            *STOPPED,
        ),
        PAYMENT_DENIED: st(PAYMENT_DENIED, told("change_payment", to=PAYMENT_PENDING), *STOPPED),
        WAITING_FOR_MKT_AUTHORIZATION: st(
            WAITING_FOR_MKT_AUTHORIZATION,
            auto("pass_authorization", to=PAYMENT_APPROVED, if_=passed_on_by_itself),
            on("pass_authorization", by=(Role.MARKETPLACE,), to=PAYMENT_APPROVED),
            *STOPPED,
        ),
        PAYMENT_APPROVED: st(PAYMENT_APPROVED, told("invoice", to=INVOICE), *STOPPED),
        INVOICE: st(INVOICE, told("settle", to=INVOICED), told("invoice_more", to=PAYMENT_APPROVED)),
        INVOICED: st(INVOICED),
    },
)

AT_WORK = (
    WAITING_FOR_AUTHORIZATION,
    PAYMENT_PENDING,
    PAYMENT_DENIED,
    WAITING_FOR_MKT_AUTHORIZATION,
    PAYMENT_APPROVED,
)
"""Where the chain waits or lets work."""
PAID = (*APPROVED, WAITING_SELLER_HANDLING)
AWAITING = (WAITING_FOR_MANUAL_AUTHORIZATION, WAITING_FOR_FULFILLMENT)

LINKS = (  # where things stand, not how they got there
    when(CHAIN, "confirm", merchant=CONFIRMED, chain=WAITING_FOR_AUTHORIZATION),
    when(MARKETPLACE, "confirm", chain=PAYMENT_PENDING, marketplace=WAITING_FOR_AUTHORIZATION),
    when(CHAIN, "approve_payment", marketplace=PAID, chain=PAYMENT_PENDING),
    when(CHAIN, "deny_payment", marketplace=PAYMENT_DENIED, chain=PAYMENT_PENDING),
    when(
        CHAIN,
        "change_payment",
        marketplace=(PAYMENT_PENDING, *PAID, WAITING_FOR_SELLER_DECISION),
        chain=PAYMENT_DENIED,
    ),
    when(MERCHANT, "authorize", chain=PAYMENT_APPROVED, merchant=AWAITING),
    when(CHAIN, "cancel_by_marketplace", marketplace=OVER, chain=AT_WORK),
    when(MERCHANT, "cancel_by_marketplace", chain=OVER, merchant=(*LIVE, CANCELLATION_REQUESTED)),
    when(CHAIN, "cancel_by_merchant", merchant=CANCEL, chain=AT_WORK),
    when(
        MARKETPLACE,
        "cancel_by_merchant",
        chain=CANCEL,
        marketplace=(*BEFORE_PAYMENT, *PAID, WAITING_FOR_SELLER_DECISION),
    ),
    when(MERCHANT, "request_cancel", marketplace=WAITING_FOR_SELLER_DECISION, merchant=REQUESTABLE),
    when(MARKETPLACE, "deny_cancellation", merchant=REQUESTABLE, marketplace=WAITING_FOR_SELLER_DECISION),
    when(CHAIN, "invoice", merchant=INVOICE, chain=PAYMENT_APPROVED),
    when(MARKETPLACE, "invoice", chain=INVOICE, marketplace=(*PAID, WAITING_FOR_SELLER_DECISION)),
    when(CHAIN, "invoice_more", merchant=HANDLING, chain=INVOICE),
    when(MARKETPLACE, "invoice_more", chain=PAYMENT_APPROVED, merchant=HANDLING, marketplace=INVOICE),
    when(CHAIN, "settle", marketplace=INVOICED, chain=INVOICE),
    when(MERCHANT, "settle", chain=INVOICED, merchant=INVOICE),
)

NEVER = (
    never(STILL_WORKING, marketplace=OVER, merchant=(*LIVE, CANCELLATION_REQUESTED)),
    never("The chain still waits for it.", marketplace=OVER, chain=AT_WORK),
    never("The merchant has invoiced it.", marketplace=OVER, merchant=(INVOICE, INVOICED)),
    never("The merchant has invoiced it.", marketplace=OVER, chain=(INVOICE, INVOICED)),
    never(STILL_WORKING, chain=OVER, merchant=(*LIVE, CANCELLATION_REQUESTED, INVOICE, INVOICED)),
    never(
        "The merchant has canceled it.",
        marketplace=(*BEFORE_PAYMENT, *PAID, WAITING_FOR_SELLER_DECISION, INVOICE, INVOICED),
        merchant=OVER,
    ),
    never("The merchant has canceled it.", chain=(*AT_WORK, INVOICE, INVOICED), merchant=OVER),
    never(
        "The chain has canceled it.",
        marketplace=(*BEFORE_PAYMENT, *PAID, WAITING_FOR_SELLER_DECISION, INVOICE, INVOICED),
        chain=OVER,
    ),
    never(
        "It is not paid; it cannot be invoiced.",
        marketplace=BEFORE_PAYMENT,
        merchant=(INVOICE, INVOICED),
    ),
    never(
        "It is not paid; the chain cannot be authorized.",
        marketplace=(*BEFORE_PAYMENT, PAYMENT_DENIED),
        chain=(WAITING_FOR_MKT_AUTHORIZATION, PAYMENT_APPROVED, INVOICE, INVOICED),
    ),
    never(
        "The merchant has not invoiced it.",
        marketplace=INVOICED,
        merchant=(*LIVE, CANCELLATION_REQUESTED),
    ),
    never("The chain has not settled it.", marketplace=INVOICED, chain=(*AT_WORK, INVOICE)),
    never("The marketplace has not settled it.", marketplace=(*PAID, INVOICE), chain=INVOICED),
    never(
        "The marketplace has not settled it.",
        marketplace=(*PAID, WAITING_FOR_SELLER_DECISION, WINDOW_TO_CHANGE_SELLER),
        merchant=INVOICED,
    ),
    never(
        "The merchant still waits for the authorization that the chain has.",
        chain=PAYMENT_APPROVED,
        merchant=(*AWAITING, WAITING_FFMT_AUTHORIZATION),
    ),
    never(
        "It is invoiced only once it is handled.",
        marketplace=INVOICE,
        merchant=(*EARLY, READY_FOR_HANDLING, CANCELLATION_REQUESTED),
    ),
    never(
        "Handling has started.",
        marketplace=WAITING_SELLER_HANDLING,
        merchant=(HANDLING, INVOICE),
    ),
    never("Another payment is awaited.", marketplace=WINDOW_TO_CHANGE_PAYMENT, chain=PAYMENT_PENDING),
    never("Its payment was denied.", marketplace=PAID, chain=PAYMENT_DENIED),
)

CHAIN_PROCESS = Process(
    name="chain",
    version=1,
    unit=UnitKind.MERCHANT_ORDER,
    first=MARKETPLACE,
    machines=(marketplace_machine(CHAIN), CHAIN_MACHINE, merchant_machine(CHAIN)),
    links=LINKS,
    never=NEVER,
    reads={
        Audience.BACK_OFFICE: (MARKETPLACE,),
        Audience.MERCHANT_PORTAL: (MERCHANT,),
        Audience.STOREFRONT: (MERCHANT, MARKETPLACE),
    },
    policies={
        p.name: p for p in (*STORE_POLICIES, CHANGE_PAYMENT_WINDOW, CHANGE_SELLER_WINDOW, CHAIN_AUTHORIZATION)
    },
    pays="approve_payment",
    captures_later=True,
    text="A marketplace sells through an intermediate store to a seller: three machines in step. The money "
    "stays with the marketplace.",
)
