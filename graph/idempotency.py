"""A mutation sent again under the same key: who asked for what, and whether the input is still the same.

Where keys and answers are kept is storage's affair. Design: API, "Shape"; storage, "Idempotency".
"""

from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from graph.auth import Principal
from graph.errors import InvalidInput, invalid
from graph.viewer import Info
from storage.idempotency import CommandKey

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LONGEST = 255
"""Characters of a key."""

_KEY = "idempotency_key"


def command_key(
    principal: Principal, info: Info, sent: "DataclassInstance"
) -> CommandKey | InvalidInput | None:
    """Return the key of this request: the input's own, else the `Idempotency-Key` header's, else None.

    The same key for another mutation is another key. The header counts for the whole request, in which one
    mutation may stand several times, each under an alias of its own.
    """
    operation = info.field_name
    key: str | None = getattr(sent, _KEY)
    if key is None:
        key = info.context.idempotency_key
        if info.path.key != operation:
            operation = f"{operation} {info.path.key}"
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST:
        return invalid(f"An idempotency key has 1 to {LONGEST} characters.", "idempotencyKey")
    # Somebody may act for several merchants: what was done for one says nothing about the others.
    asked_by = [principal.role, principal.sub, principal.merchant_id, principal.customer_id]
    return CommandKey(orjson.dumps(asked_by).decode(), operation, key, fingerprint(sent))


def fingerprint(sent: "DataclassInstance") -> str:
    """Return what tells two inputs apart: the same for the same values, whatever key they came under."""
    values: dict[str, Any] = asdict(sent)
    values.pop(_KEY)
    return sha256(orjson.dumps(values, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()
