"""The least input of every mutation, and the names by which inputs mean orders and what is inside them.

What a mutation needs besides its order stands in one table; "?" is an id inside the order.
"""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type
from starlette.datastructures import UploadFile

from domain.order import Order
from graph.types.ids import COMMAND, LINE, MERCHANT_ORDER, REFUND, RESTOCK, encode
from tests.authorization_walk import MUTATION
from tests.canaries import canary

Answer = dict[str, Any]

_MONEY = {"amount": "1.00", "currency": "EUR"}
_ADDED = {"sku": "x", "name": "x", "quantity": 1, "unitPrice": "1.00"}
_BILLED = {"line": "?", "quantity": 1, "unitPrice": "1.00"}
_M1 = canary("m1", "id")
_FILE = UploadFile(BytesIO(b"order_reference"), filename="probe.csv")

_NEEDS: Mapping[str, Answer] = {
    "acknowledgeCommand": {"command": "?", "result": "DONE"},
    "addInvoice": {
        "merchantOrder": "?",
        "number": "probe",
        "value": _MONEY,
        "issuedAt": "2026-01-31T12:00:00.000Z",
        "lines": [_BILLED],
    },
    "advanceTestClock": {"by": "PT1S"},
    "cancel": {"reason": "probe"},
    "cancelLines": {"reason": "probe"},
    "changeMerchant": {"merchantOrder": "?", "merchantId": canary("m3", "id"), "reason": "probe"},
    "changeOrder": {"merchantOrder": "?", "add": [_ADDED], "reason": "probe"},
    "changePayment": {"paymentMethod": "probe"},
    "completeOrder": {"paymentMethod": "probe"},
    "confirmRefund": {"refund": "?"},
    "demoCheckout": {"lines": [{"sku": "5304"}]},
    "denyCancellation": {"reason": "probe"},
    "importOrderStatus": {"file": _FILE},
    "importPayments": {"file": _FILE},
    "fireEvent": {"event": "cancel", "input": {"reason": "probe"}},
    "placeOrder": {
        "currency": "EUR",
        "customer": {"id": canary("c1", "id"), "name": "x", "email": "x@example.org"},
        "lines": [{**_ADDED, "merchantId": _M1}],
    },
    "previewChange": {"merchantOrder": "?", "add": [_ADDED]},
    "recordPayment": {"amount": _MONEY, "reference": "probe"},
    "refuseRefund": {"refund": "?"},
    "registerMerchant": {"id": _M1, "name": "probe"},
    "rejectReturn": {"reason": "probe"},
    "retryCommand": {"command": "?"},
    "revokeTokens": {"tokens": {"tokenId": "probe"}},
    "stopImport": {"import": "probe"},
    "setStock": {"items": [{"sku": canary("m1", "product-sku"), "onHand": 0}], "merchantId": _M1},
    "updatePolicies": {
        "policies": [{"name": "seller_confirmation", "value": "manual"}],
        "merchantId": _M1,
    },
    "updateTracking": {"merchantOrder": "?", "invoice": "probe"},
}

_ONE_OF_ITS_OWN = {
    "command": COMMAND,
    "line": LINE,
    "lines": LINE,
    "merchantOrder": MERCHANT_ORDER,
    "merchantOrders": MERCHANT_ORDER,
    "refund": REFUND,
    "restocks": RESTOCK,
}
"""The fields of inputs that name something inside an order, and of what type its id is."""


def fields(mutation: str) -> Mapping[str, Any]:
    """The fields of a mutation's input, by name."""
    found = get_named_type(MUTATION.fields[mutation].args["input"].type)
    assert isinstance(found, GraphQLInputObjectType)
    return found.fields


ABOUT_ORDERS = [mutation for mutation in MUTATION.fields if "order" in fields(mutation)]
"""The mutations of one order; the others name none."""


def sending(mutation: str, selector: Answer | None = None, inside: Order | None = None) -> Answer:
    """The least input of a mutation: about the order of this selector, naming what is `inside` that one."""
    sent: Answer = {} if selector is None else {"order": selector}
    for name, value in _NEEDS.get(mutation, {}).items():
        if value == "?":
            sent[name] = next(iter(ids(inside, name)), "?") if inside else "?"
        elif value == [_BILLED]:
            sent[name] = [_BILLED | {"line": next(iter(ids(inside, "line")), "?") if inside else "?"}]
        else:
            sent[name] = value
    return sent


def ids(order: Order, field: str) -> Sequence[str]:
    """The ids of what is inside an order that a field of an input may name."""
    parts = order.merchant_orders
    local: Mapping[str, Sequence[str]] = {
        COMMAND: [each.id for each in order.commands],
        LINE: [each.id for each in order.lines],
        MERCHANT_ORDER: [each.id for each in parts],
        REFUND: [each.id for each in order.refunds],
        RESTOCK: [each.id for theirs in parts for each in theirs.restocks],
    }
    kind = _ONE_OF_ITS_OWN[field]
    return [encode(kind, each) for each in local[kind]]


def naming(mutation: str, field: str, id: str) -> Answer:
    """What this field of the input says to name the thing with this id."""
    if field == "lines":
        required = {"addInvoice": _BILLED, "changeOrder": {"quantity": 1}, "previewChange": {"quantity": 1}}
        return {field: [required.get(mutation, {}) | {"line": id}]}
    return {field: [id] if field.endswith("s") else id}


def names_inside(mutation: str) -> Iterator[str]:
    """The fields of a mutation's input that name something inside its order."""
    yield from (name for name in fields(mutation) if name in _ONE_OF_ITS_OWN)


def unknown(field: str) -> str:
    """An id of the right type that nothing has."""
    return encode(_ONE_OF_ITS_OWN[field], "01m80000000000000000000000-1")
