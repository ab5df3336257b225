"""Global ids: which type an id is of, and the id that storage knows it by. Opaque to clients.

Nothing here says who may see what; an id that cannot be read is answered like an unknown one.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from strawberry import ID

from domain.order import Order

LINE = "Line"
"""The type in every line's id, whoever looks at it."""

MERCHANT_ORDER = "MerchantOrder"
"""The type in a merchant order's id, in the Merchant Portal and wherever one is named."""

REFUND = "Refund"
"""The type in every refund's id."""

COMMAND = "Command"
"""The type in the id of every command to the payment provider."""

REQUEST = "CancellationRequest"
"""The type in the id of every request to cancel."""

RESTOCK = "Restock"
"""The type in the id of what a merchant has to put back on its shelf."""


def encode(type_name: str, local: str) -> ID:
    """Return the global id of what storage knows as `local`."""
    return ID(urlsafe_b64encode(f"{type_name}:{local}".encode()).decode().rstrip("="))


def decode(global_id: str) -> tuple[str, str] | None:
    """Return the type and the local id, or None when the text is no id of ours."""
    try:
        text = urlsafe_b64decode(global_id + "=" * (-len(global_id) % 4)).decode()
    except (Error, ValueError):
        return None
    type_name, colon, local = text.partition(":")
    # One spelling per id: base64 forgives characters that do not belong to it.
    if not (colon and type_name and local) or encode(type_name, local) != global_id:
        return None
    return type_name, local


def decode_as(type_name: str, global_id: str) -> str | None:
    """Return the local id of an id of this type, or None."""
    found = decode(global_id)
    return found[1] if found and found[0] == type_name else None


def unit_id(order: Order, unit: str) -> ID:
    """Return the global id of what moves: a line or a merchant order of this order."""
    return encode(LINE if order.line(unit) else MERCHANT_ORDER, unit)
