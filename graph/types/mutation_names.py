"""Which mutation fires an event, and by which names it takes what comes along; a test asks the schema."""

from collections.abc import Mapping

from domain.process import Process, UnitKind

_MUTATIONS: Mapping[str, str] = {
    "accept": "acceptOrder",
    "approve_cancellation": "approveCancellation",
    "approve_payment": "recordPayment",
    "authorize_fulfillment": "authorizeFulfillment",
    "cancel": "cancel",
    "change_order": "changeOrder",
    "change_payment": "changePayment",
    "change_seller": "changeMerchant",
    "close": "closeLines",
    "complete": "completeOrder",
    "confirm_cancellation": "confirmCancellation",
    "confirm_handling": "confirmHandling",
    "confirm_refund": "confirmRefund",
    "deliver": "deliverLines",
    "deny_cancellation": "denyCancellation",
    "deny_payment": "denyPayment",
    "invoice": "addInvoice",
    "pack": "pack",
    "pass_authorization": "passAuthorization",
    "pay": "recordPayment",
    "receive_return": "receiveReturn",
    "refund": "refundLines",
    "refuse_refund": "refuseRefund",
    "reject_return": "rejectReturn",
    "request_cancel": "requestCancellation",
    "request_return": "requestReturn",
    "retry_stock": "retryStock",
    "send_to_merchant": "sendToMerchant",
    "ship": "shipLines",
    "ship_back": "shipBack",
    "start_handling": "startHandling",
    "take_back": "addInvoice",
    "update_tracking": "updateTracking",
}

_CALLED: Mapping[str, Mapping[str, str | None]] = {
    "addInvoice": {"invoice": "number"},
    "changeMerchant": {"merchant": "merchantId", "internal_reason": "reason"},
    "denyPayment": {"internal_reason": "reason"},
    "changeOrder": {"total_before": None, "total_after": None, "change": None},
    "updateTracking": {"tracking_number": "number", "delivered": "isDelivered"},
}
"""What a mutation calls by another name; None: it finds that out itself, nobody sends it."""


def mutation_of(process: Process, event: str) -> str:
    """Return the mutation that fires this event: one of its own, else `fireEvent`."""
    if event == "cancel" and process.unit is UnitKind.LINE:
        return "cancelLines"
    return _MUTATIONS.get(event, "fireEvent")


def input_of(mutation: str, name: str) -> str | None:
    """Return what the mutation calls what comes along with an event; None: nobody sends it."""
    return _CALLED.get(mutation, {}).get(name, camel_case(name))


def camel_case(name: str) -> str:
    """Return a name as the API spells it: trackingNumber."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
