"""What the machines of the store flows have in common: where they stand, how a status becomes a state, and
shared moves.

Source: seed on the store flows; design, store processes.
"""

from domain.actors import Audience, Role
from domain.invoiced import delivered, has_invoice, tracked
from domain.moment import policy_is, policy_is_set
from domain.process import STAY, Label, Move, No, State, Variant
from domain.processes.store_statuses import (
    AUTHORIZE_FULFILLMENT,
    CANCEL,
    CANCELED,
    DELIVERED,
    DELIVERING,
    HANDLING,
    INVOICED,
    ORDER_ACCEPTED,
    PAYMENT_APPROVED,
    PAYMENT_PENDING,
    READY_FOR_HANDLING,
    READY_FOR_INVOICING,
    START_HANDLING,
    STATUSES,
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WINDOW_TO_CANCEL,
    WINDOW_TO_CHANGE_PAYMENT,
)
from domain.settlement import refund_return
from domain.words import on, state

CUSTOMER, MERCHANT, MARKETPLACE = Role.CUSTOMER, Role.MERCHANT, Role.MARKETPLACE
PAYMENTS, LOGISTICS = Role.PAYMENTS, Role.LOGISTICS

BUYING = (CUSTOMER, MARKETPLACE)
"""Who may cancel what was bought."""
SELLING = (MERCHANT, MARKETPLACE)
"""Who may change what is sold."""

# Where machines stand, as moves, links and forbidden pairs name it.

EARLY = (
    ORDER_ACCEPTED,
    WAITING_FFMT_AUTHORIZATION,
    WAITING_FOR_MANUAL_AUTHORIZATION,
    WAITING_FOR_FULFILLMENT,
    AUTHORIZE_FULFILLMENT,
    WINDOW_TO_CANCEL,
)
"""Where the merchant stands until the cancellation window closes."""
LATE = (READY_FOR_HANDLING, HANDLING)
"""Where it stands after that, before it invoices; while handling starts nobody cancels or changes."""
REQUESTABLE = (*EARLY, *LATE)
"""Where it can be canceled, be asked to cancel, and its order be changed."""
LIVE = (*REQUESTABLE, START_HANDLING)
"""Where it works on the order, or will."""
CONFIRMED = tuple(code for code in LIVE if code != ORDER_ACCEPTED)
"""Where it has taken the order on."""
BEFORE_PAYMENT = (WAITING_FOR_AUTHORIZATION, PAYMENT_PENDING, WINDOW_TO_CHANGE_PAYMENT)
"""Where the marketplace, which has sent the order, waits for its payment or for what goes before it."""
APPROVED = (PAYMENT_APPROVED, READY_FOR_INVOICING)
"""Where it has the payment."""
OVER = (CANCEL, CANCELED)
"""Where any of them has given the order up."""

# What people read

STILL_WORKING = "The merchant is still working on it."
HANDLING_LOCKED = "Handling is just being started; nobody can cancel or change it at this moment."
WINDOW_CLOSED = (
    "It cannot be canceled without approval any more: request the cancellation or, once some of it is "
    "invoiced, have it taken back with an Input invoice."
)
ALREADY_CANCELED = "It is canceled already."
INVOICED_FOR_GOOD = "It is invoiced; it can only be returned, with an Input invoice of the merchant."
CHAIN_UNCHANGED = "An order of a chain cannot be changed; cancel it and place another."

free_before_payment = policy_is(
    "cancel_before_payment", "free", "Its merchant is asked before it is canceled; request the cancellation."
)
asked_before_payment = policy_is("cancel_before_payment", "request", "It needs no request; cancel it.")
payment_can_change = policy_is_set("change_payment_window", "A denied payment cannot be changed.")
seller_can_change = policy_is_set("change_seller_window", "No other merchant can be chosen.")
confirms_by_itself = policy_is("seller_confirmation", "automatic", "The merchant confirms its orders itself.")
has_warehouse_management = policy_is(
    "warehouse_management", "wms", "The merchant has no warehouse management system."
)
needs_no_erp = policy_is("erp_confirmation", "no", "The merchant's ERP has to confirm it.")
picks_and_packs = policy_is(
    "picking_and_packing", "yes", "This merchant does not pack before it invoices; invoice it."
)
passed_on_by_itself = policy_is(
    "chain_authorization", "automatic", "The marketplace has to pass the authorization on."
)


def status(code: str, *moves: Move | No, to: tuple[Audience, ...]) -> State:
    """The state of this status, as these audiences read it."""
    row = STATUSES[code]
    labels = {
        audience: _label(code, row.account if audience is Audience.STOREFRONT else row.admin, audience)
        for audience in to
    }
    return state(labels, *moves, meaning=row.meaning, viewed_by=row.viewed_by, locked=row.locked)


def _label(code: str, text: str | None, audience: Audience) -> Label | None:
    if text is None:
        return None
    if code == INVOICED and audience is Audience.STOREFRONT:
        return Label(
            text,
            variants=(
                Variant(DELIVERED, "once it is delivered", delivered),
                Variant(DELIVERING, "after a tracking update", tracked),
            ),
        )
    return Label(text)


TRACK = on(
    "update_tracking",
    by=(MERCHANT, LOGISTICS),
    to=STAY,
    if_=has_invoice,
    needs=("invoice",),
    takes=("tracking_number", "delivered"),
)
TAKE_BACK = on(
    "take_back",
    by=(MERCHANT, MARKETPLACE),
    to=STAY,
    needs=("invoice", "value"),
    takes=("type",),
    does=(refund_return,),
)
"""An Input invoice: what was invoiced comes back, and its money goes back."""
