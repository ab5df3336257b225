"""Who may read what: one row for each group of fields of a type. A field of the schema without a row fails.

Source: design, api, "Shape" and "Who is asking". Mutations and their payloads have a table of their own.
"""

from collections.abc import Mapping

from tests.authorization_mutations import (
    ALL,
    CUSTOMER,
    LOGISTICS,
    MERCHANT,
    MUTATIONS,
    OFFICE,
    PAYMENTS,
    Roles,
)

_TABLE: tuple[tuple[str, Roles, str], ...] = (
    # What there is to ask
    ("Query", ALL, "events node process processes viewer"),
    ("Query", OFFICE, "marketplace"),
    ("Query", MERCHANT, "merchant"),
    ("Query", CUSTOMER, "storefront"),
    ("Query", PAYMENTS, "payments"),
    ("Query", LOGISTICS, "logistics"),
    ("Subscription", ALL, "orderEvents"),
    ("Subscription", PAYMENTS, "commands"),
    ("Viewer", ALL, "role sub"),
    ("Viewer", MERCHANT | LOGISTICS, "merchantId"),
    ("Viewer", CUSTOMER, "customerId"),
    ("Marketplace", OFFICE, "import imports merchants order orders policies stock stuckOrders"),
    ("MerchantPortal", MERCHANT, "import imports order orders policies profile stock"),
    ("Storefront", CUSTOMER, "order orders"),
    ("PaymentsIntegration", PAYMENTS, "commands order refunds"),
    ("LogisticsIntegration", LOGISTICS, "order"),
    # Orders as each application shows them
    (
        "Order",
        OFFICE,
        "availableActions changedAt channel currency customer deadlines deliverTo externalReference "
        "history id lines merchantOrders payment paymentMethod placedAt policies process "
        "processVersion reference status statuses totals version",
    ),
    (
        "Line",
        OFFICE,
        "approved availableActions captured deadlines deliveredOn diagram discount due history id "
        "merchantId merchantOrderId name quantity refundable refunded reserved shipment shipping sku "
        "splitFrom states status statuses tax total unitPrice",
    ),
    (
        "MerchantOrder",
        OFFICE | MERCHANT,
        "approvedAt availableActions cancellation cancellationRequests changedAt createdAt currency "
        "customerName deadlines deliverTo handledAt history id invoiced invoices leftToInvoice lines "
        "merchantId missingStock overridden overriddenAt packed placedAt reference restocks returned "
        "state states status statuses totals version",
    ),
    ("MerchantOrder", OFFICE, "replacedBy"),
    (
        "MerchantLine",
        OFFICE | MERCHANT,
        "availableActions deadlines deliveredOn discount history id leftToInvoice name quantity "
        "shipment shipping sku splitFrom state status tax total unitPrice",
    ),
    (
        "CustomerOrder",
        CUSTOMER,
        "availableActions changedAt currency deadlines deliverTo history id lines merchantOrders "
        "payment paymentMethod placedAt reference status totals version",
    ),
    (
        "CustomerLine",
        CUSTOMER,
        "availableActions deadlines deliveredOn discount expectedDelivery history id merchantName "
        "name quantity refunded shipment shipping sku splitFrom status tax total unitPrice",
    ),
    (
        "CustomerMerchantOrder",
        CUSTOMER,
        "availableActions cancellationRequests deadlines id invoices lines merchantName status",
    ),
    (
        "PaymentsOrder",
        PAYMENTS,
        "availableActions changedAt currency deadlines externalReference history id lines payment "
        "placedAt reference status total version",
    ),
    (
        "PaymentsLine",
        PAYMENTS,
        "approved availableActions captured deadlines due history id name quantity refunded reserved "
        "sku status total",
    ),
    (
        "LogisticsOrder",
        LOGISTICS,
        "availableActions changedAt customerName deadlines history id lines merchantOrders placedAt "
        "reference status version",
    ),
    (
        "LogisticsLine",
        LOGISTICS,
        "availableActions deadlines deliveredOn history id merchantId merchantOrderReference name "
        "quantity shipment sku state status",
    ),
    (
        "LogisticsMerchantOrder",
        LOGISTICS,
        "availableActions deliverTo handledAt id invoices lines merchantId packed reference state status",
    ),
    # What is in orders
    ("Customer", OFFICE, "email id name"),
    ("Address", OFFICE | MERCHANT | CUSTOMER | LOGISTICS, "city country postalCode recipient region street"),
    ("Shipment", OFFICE | MERCHANT | CUSTOMER | LOGISTICS, "carrier expectedDelivery trackingNumber"),
    ("Totals", OFFICE | MERCHANT | CUSTOMER, "discount items shipping tax total"),
    ("Money", OFFICE | MERCHANT | CUSTOMER | PAYMENTS, "amount currency minorUnits"),
    ("OrderPayment", OFFICE | PAYMENTS, "approved captured commands due payments refunded refunds reserved"),
    ("CustomerPayment", CUSTOMER, "approved captured due refunded"),
    ("Payment", OFFICE | PAYMENTS, "amount at by captured reference"),
    ("Refund", OFFICE | PAYMENTS, "amount askedAt id line reason settledAt status"),
    ("OrderRefund", PAYMENTS, "order refund"),
    (
        "Command",
        OFFICE | PAYMENTS,
        "about amount answer askedAt attempt bookedAttempt deliveries doneAgain id idempotencyKey kind "
        "leasedUntil merchantOrder nextAt settledAt status",
    ),
    ("OrderCommand", PAYMENTS, "command order"),
    (
        "Invoice",
        OFFICE | MERCHANT,
        "courier issuedAt key lines number recordedAt tracking trackingNumber trackingUrl type url value",
    ),
    ("InvoiceLine", OFFICE | MERCHANT, "line quantity unitPrice"),
    ("CustomerInvoice", CUSTOMER, "issuedAt number tracking type url value"),
    ("LogisticsInvoice", LOGISTICS, "issuedAt number tracking type"),
    (
        "Tracking",
        OFFICE | MERCHANT | CUSTOMER | LOGISTICS,
        "courier deliveredAt events isDelivered number url",
    ),
    ("TrackingEvent", OFFICE | MERCHANT | CUSTOMER | LOGISTICS, "at city description state"),
    (
        "CancellationRequest",
        OFFICE | MERCHANT,
        "answer at deadline decidedAt decidedBy decidedRole id reason role verdict",
    ),
    ("CancellationRequest", OFFICE, "by restores"),
    ("CustomerCancellationRequest", CUSTOMER, "answer at deadline decidedAt reason verdict"),
    ("Cancellation", OFFICE | MERCHANT, "at by event reason role"),
    ("Restock", OFFICE | MERCHANT, "done id quantity sku"),
    ("StampedPolicy", OFFICE, "merchantId name value"),
    ("Status", ALL, "code counts key label"),
    ("Status", OFFICE | CUSTOMER, "date"),
    ("StatusCount", ALL, "code count label"),
    ("AudienceStatus", OFFICE | MERCHANT, "audience status"),
    ("PartyState", OFFICE | MERCHANT | LOGISTICS, "party since state"),
    ("AvailableAction", ALL, "enabled event input label mutation party reason required"),
    ("ActionReason", ALL, "code message"),
    ("Deadline", ALL, "at event party unit"),
    ("StuckOrder", OFFICE, "attempts deadline message nextTry order"),
    # What happened
    ("HistoryEntry", ALL, "actor at event input party reason role seq unit"),
    ("HistoryEntry", OFFICE | PAYMENTS, "cause"),
    ("HistoryEntry", OFFICE | MERCHANT | PAYMENTS | LOGISTICS, "source target"),
    ("InputValue", OFFICE | MERCHANT | PAYMENTS | LOGISTICS, "name value"),
    ("OrderStateChanged", ALL, "actor at cursor event labels order party reason role seq unit version"),
    ("OrderStateChanged", OFFICE | MERCHANT | PAYMENTS | LOGISTICS, "source target"),
    ("OrderRef", ALL, "id reference"),
    ("EventLabel", ALL, "audience code label"),
    ("EventLabel", OFFICE | CUSTOMER, "date"),
    ("EventPage", ALL, "cursor hasMore nodes"),
    ("Heartbeat", ALL, "at cursor"),
    ("Lagged", ALL, "cursor missed"),
    # Pages
    ("PageInfo", ALL, "endCursor hasNextPage hasPreviousPage startCursor"),
    ("OrderConnection", OFFICE, "edges nodes pageInfo totalCount"),
    ("OrderEdge", OFFICE, "cursor node"),
    ("MerchantOrderConnection", MERCHANT, "edges nodes pageInfo totalCount"),
    ("MerchantOrderEdge", MERCHANT, "cursor node"),
    ("CustomerOrderConnection", CUSTOMER, "edges nodes pageInfo totalCount"),
    ("CustomerOrderEdge", CUSTOMER, "cursor node"),
    ("MerchantConnection", OFFICE, "edges nodes pageInfo totalCount"),
    ("MerchantEdge", OFFICE, "cursor node"),
    ("HistoryEntryConnection", ALL, "edges nodes pageInfo totalCount"),
    ("HistoryEntryEdge", ALL, "cursor node"),
    ("StockPage", OFFICE | MERCHANT, "nodes pageInfo"),
    # What belongs to the marketplace or a merchant
    ("Merchant", OFFICE | MERCHANT, "id name"),
    ("PolicySetting", ALL, "choices default name perMerchant text value"),
    (
        "StockRow",
        OFFICE | MERCHANT,
        "acknowledged available changedAt confirmed held merchantId onHand sku version",
    ),
    (
        "Import",
        OFFICE | MERCHANT,
        "already applicable applied by done dryRun endedAt errorPolicy fileName id invalid kind refused "
        "report reportUrl rows startedAt state",
    ),
    ("ImportReport", OFFICE | MERCHANT, "cursor hasMore nodes"),
    ("ImportRow", OFFICE | MERCHANT, "code column message order outcome possible row"),
    # Processes, which every token may read
    ("Process", ALL, "diagram forbidden links machines name policies reads text unit version"),
    ("Machine", ALL, "name party refusals states transitions"),
    ("State", ALL, "cancellable code final initial label locked meaning variants viewedBy"),
    ("LabelVariant", ALL, "audience label when"),
    (
        "Transition",
        ALL,
        "after automatic awaits effects event guard needs otherwise roles source takes target trigger where",
    ),
    ("NoTransition", ALL, "because event roles source"),
    ("Guard", ALL, "because name text"),
    ("Link", ALL, "event tell when"),
    ("ForbiddenPair", ALL, "because states"),
    ("PartyStates", ALL, "party states"),
    ("Reads", ALL, "audience parties"),
    # Why something was not done
    ("Busy", ALL, "code message path"),
    ("GuardFailed", ALL, "code event message path rule state"),
    ("IdempotencyConflict", ALL, "code message path"),
    ("InputMissing", ALL, "code event message path"),
    ("InvalidInput", ALL, "code message path"),
    ("NotFound", ALL, "code message path"),
    ("OutOfStep", ALL, "code event message path state"),
    ("TransitionNotAllowed", ALL, "available code event message path state"),
    ("VersionConflict", ALL, "actual code expected message path"),
)

ROWS: Mapping[str, Roles] = {
    **{f"{name}.{field}": roles for name, roles, fields in _TABLE for field in fields.split()},
    **{f"Mutation.{mutation}": doing.answered for mutation, doing in MUTATIONS.items()},
    **{
        f"{mutation[0].upper()}{mutation[1:]}Payload.{field}": doing.answered
        for mutation, doing in MUTATIONS.items()
        for field in doing.payload
    },
}
"""By "Type.field": the roles that may ever read something there."""

ERRORS = frozenset(
    {
        "Busy",
        "GuardFailed",
        "IdempotencyConflict",
        "InputMissing",
        "InvalidInput",
        "NotFound",
        "OutOfStep",
        "TransitionNotAllowed",
        "VersionConflict",
    }
)
"""The types of refusals. Who gets which depends on what it tries."""

UNSEEN = frozenset({"Busy", "OutOfStep", "Lagged"})
"""Types that nobody is shown here: they take a database that fails, or a reader that is too slow."""
