"""Process `marketplace-seller`: a marketplace sells, its sellers handle, each merchant order on two machines.

Source: seed on the store flows, marketplace and seller flow; design, store processes. Data only.
"""

from domain.actors import Audience, Party
from domain.process import Process, UnitKind
from domain.processes.policies import CHANGE_PAYMENT_WINDOW, CHANGE_SELLER_WINDOW, STORE_POLICIES
from domain.processes.store_marketplace import marketplace_machine
from domain.processes.store_merchant import merchant_machine
from domain.processes.store_statuses import (
    CANCEL,
    CANCELLATION_REQUESTED,
    HANDLING,
    INCOMPLETE,
    INVOICE,
    INVOICED,
    ORDER_CREATED,
    PAYMENT_APPROVED,
    READY_FOR_HANDLING,
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WAITING_FOR_SELLER_DECISION,
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
)
from domain.words import never, when

MARKETPLACE, MERCHANT = Party.MARKETPLACE, Party.MERCHANT

LINKS = (  # where things stand, not how they got there
    when(MARKETPLACE, "confirm", merchant=CONFIRMED, marketplace=WAITING_FOR_AUTHORIZATION),
    when(
        MERCHANT,
        "authorize",
        marketplace=PAYMENT_APPROVED,
        merchant=(WAITING_FOR_MANUAL_AUTHORIZATION, WAITING_FOR_FULFILLMENT),
    ),
    when(MERCHANT, "cancel_by_marketplace", marketplace=OVER, merchant=(*LIVE, CANCELLATION_REQUESTED)),
    when(
        MARKETPLACE,
        "cancel_by_merchant",
        merchant=CANCEL,
        marketplace=(*BEFORE_PAYMENT, *APPROVED, WAITING_FOR_SELLER_DECISION),
    ),
    when(MERCHANT, "request_cancel", marketplace=WAITING_FOR_SELLER_DECISION, merchant=REQUESTABLE),
    when(MARKETPLACE, "deny_cancellation", merchant=REQUESTABLE, marketplace=WAITING_FOR_SELLER_DECISION),
    when(MARKETPLACE, "invoice", merchant=INVOICE, marketplace=(*APPROVED, WAITING_FOR_SELLER_DECISION)),
    when(MARKETPLACE, "invoice_more", merchant=HANDLING, marketplace=INVOICE),
    when(MERCHANT, "settle", marketplace=INVOICED, merchant=INVOICE),
)

NEVER = (
    never(STILL_WORKING, marketplace=OVER, merchant=(*LIVE, CANCELLATION_REQUESTED)),
    never("The merchant has invoiced it.", marketplace=OVER, merchant=(INVOICE, INVOICED)),
    never(
        "The merchant has canceled it.",
        marketplace=(INCOMPLETE, ORDER_CREATED, *BEFORE_PAYMENT, *APPROVED, WAITING_FOR_SELLER_DECISION),
        merchant=OVER,
    ),
    never("The merchant has canceled it.", marketplace=(INVOICE, INVOICED), merchant=OVER),
    never(
        "It is not paid; it cannot be invoiced.",
        marketplace=BEFORE_PAYMENT,
        merchant=(INVOICE, INVOICED),
    ),
    never(
        "The merchant has not invoiced it.",
        marketplace=INVOICED,
        merchant=(*LIVE, CANCELLATION_REQUESTED),
    ),
    never(
        "The marketplace has not settled it.",
        marketplace=(*APPROVED, WAITING_FOR_SELLER_DECISION, WINDOW_TO_CHANGE_SELLER),
        merchant=INVOICED,
    ),
    never(
        "The merchant still waits for the authorization that the payment gives.",
        marketplace=APPROVED,
        merchant=(WAITING_FOR_MANUAL_AUTHORIZATION, WAITING_FOR_FULFILLMENT, WAITING_FFMT_AUTHORIZATION),
    ),
    never(
        "It is invoiced only once it is handled.",
        marketplace=INVOICE,
        merchant=(*EARLY, READY_FOR_HANDLING, CANCELLATION_REQUESTED),
    ),
)

MARKETPLACE_SELLER = Process(
    name="marketplace-seller",
    version=1,
    unit=UnitKind.MERCHANT_ORDER,
    first=MARKETPLACE,
    machines=(marketplace_machine(MERCHANT), merchant_machine(MARKETPLACE)),
    links=LINKS,
    never=NEVER,
    reads={
        Audience.BACK_OFFICE: (MARKETPLACE,),
        Audience.MERCHANT_PORTAL: (MERCHANT,),
        Audience.STOREFRONT: (MERCHANT, MARKETPLACE),
    },
    policies={p.name: p for p in (*STORE_POLICIES, CHANGE_PAYMENT_WINDOW, CHANGE_SELLER_WINDOW)},
    pays="approve_payment",
    captures_later=True,
    text="A marketplace sells and takes the payment; its sellers confirm, handle and invoice, both in step.",
)
