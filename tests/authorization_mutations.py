"""Who may do what: one row for each mutation. A mutation of the schema without a row fails.

Source: design, api, "Shape" and "Who is asking"; the process tables for who fires which event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from domain.actors import Role

Roles = frozenset[Role]

OFFICE, MERCHANT, CUSTOMER = (frozenset({each}) for each in (Role.MARKETPLACE, Role.MERCHANT, Role.CUSTOMER))
PAYMENTS, LOGISTICS = (frozenset({each}) for each in (Role.PAYMENTS, Role.LOGISTICS))
ALL = OFFICE | MERCHANT | CUSTOMER | PAYMENTS | LOGISTICS
"""Everybody with a token. Who has none reads and does nothing at all."""


class Refused(Enum):
    """What those read who may not: that it is for other roles, or why the order's process says no."""

    BY_ROLE = "the code FORBIDDEN"
    BY_ORDER = "errors in the payload"


@dataclass(frozen=True, slots=True)
class Doing:
    """One mutation: who may, how others are refused, and the fields of its payload."""

    may: Roles
    refused: Refused
    payload: tuple[str, ...]

    @property
    def answered(self) -> Roles:
        """Who is given a payload at all."""
        return self.may if self.refused is Refused.BY_ROLE else ALL


_ROLE, _ORDER = Refused.BY_ROLE, Refused.BY_ORDER
_CHANGED = ("order", "errors", "replayed")
_MOVED = (*_CHANGED, "moved", "skipped")

MUTATIONS: Mapping[str, Doing] = {
    # Placing, completing, paying
    "placeOrder": Doing(OFFICE, _ROLE, _CHANGED),
    "demoCheckout": Doing(CUSTOMER, _ROLE, _CHANGED),
    "completeOrder": Doing(CUSTOMER | OFFICE, _ORDER, _MOVED),
    "recordPayment": Doing(PAYMENTS | OFFICE, _ROLE, _CHANGED),
    "denyPayment": Doing(PAYMENTS, _ORDER, _MOVED),
    "changePayment": Doing(CUSTOMER | OFFICE, _ORDER, _MOVED),
    "leaseCommands": Doing(PAYMENTS, _ROLE, ("commands", "errors")),
    "acknowledgeCommand": Doing(PAYMENTS | OFFICE, _ROLE, _CHANGED),
    "retryCommand": Doing(PAYMENTS | OFFICE, _ROLE, _CHANGED),
    # Files
    "importOrderStatus": Doing(MERCHANT, _ROLE, ("import", "errors", "replayed")),
    "importPayments": Doing(OFFICE, _ROLE, ("import", "errors", "replayed")),
    "stopImport": Doing(OFFICE | MERCHANT, _ROLE, ("import", "errors")),
    # Canceling
    "cancel": Doing(CUSTOMER | OFFICE | MERCHANT, _ORDER, _MOVED),
    "cancelLines": Doing(CUSTOMER | OFFICE | MERCHANT, _ORDER, _MOVED),
    "requestCancellation": Doing(CUSTOMER | OFFICE, _ORDER, _MOVED),
    "approveCancellation": Doing(MERCHANT, _ORDER, _MOVED),
    "denyCancellation": Doing(MERCHANT, _ORDER, _MOVED),
    "confirmCancellation": Doing(PAYMENTS, _ORDER, _MOVED),
    # Lines that ship one by one
    "sendToMerchant": Doing(OFFICE, _ORDER, _MOVED),
    "shipLines": Doing(MERCHANT | LOGISTICS, _ORDER, _MOVED),
    "deliverLines": Doing(MERCHANT | LOGISTICS, _ORDER, _MOVED),
    "closeLines": Doing(OFFICE, _ORDER, _MOVED),
    "requestReturn": Doing(CUSTOMER | OFFICE, _ORDER, _MOVED),
    "receiveReturn": Doing(MERCHANT, _ORDER, _MOVED),
    "rejectReturn": Doing(MERCHANT, _ORDER, _MOVED),
    "shipBack": Doing(MERCHANT, _ORDER, _MOVED),
    "refundLines": Doing(OFFICE, _ORDER, _MOVED),
    "confirmRefund": Doing(PAYMENTS | OFFICE, _ORDER, _MOVED),
    "refuseRefund": Doing(PAYMENTS | OFFICE, _ORDER, _MOVED),
    # Merchant orders
    "acceptOrder": Doing(MERCHANT, _ORDER, _MOVED),
    "authorizeFulfillment": Doing(MERCHANT, _ORDER, _MOVED),
    "passAuthorization": Doing(OFFICE, _ORDER, _MOVED),
    "retryStock": Doing(MERCHANT | OFFICE, _ORDER, _MOVED),
    "startHandling": Doing(MERCHANT | LOGISTICS | OFFICE, _ORDER, _MOVED),
    "confirmHandling": Doing(LOGISTICS, _ORDER, _MOVED),
    "pack": Doing(MERCHANT | LOGISTICS, _ORDER, _MOVED),
    "addInvoice": Doing(MERCHANT | LOGISTICS | OFFICE, _ROLE, _MOVED),
    "updateTracking": Doing(MERCHANT | LOGISTICS, _ROLE, _MOVED),
    "changeOrder": Doing(MERCHANT | OFFICE, _ROLE, _MOVED),
    "previewChange": Doing(
        MERCHANT | OFFICE, _ROLE, ("before", "after", "toRefund", "toPay", "missingStock", "errors")
    ),
    "changeMerchant": Doing(OFFICE, _ROLE, _MOVED),
    "restock": Doing(MERCHANT | OFFICE, _ROLE, _CHANGED),
    # Any event; the process says of each whose it is
    "fireEvent": Doing(ALL, _ORDER, _MOVED),
    # What is not about an order
    "setStock": Doing(MERCHANT | OFFICE, _ROLE, ("stock", "errors")),
    "registerMerchant": Doing(OFFICE, _ROLE, ("merchant", "errors")),
    "updatePolicies": Doing(MERCHANT | OFFICE, _ROLE, ("policies", "errors")),
    "revokeTokens": Doing(OFFICE, _ROLE, ("issuedUntil", "errors")),
    "advanceTestClock": Doing(OFFICE, _ROLE, ("now", "errors")),
}
