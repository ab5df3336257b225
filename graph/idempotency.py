"""A mutation sent again under the same key: who asked for what, and whether the input is still the same.

Where keys and answers are kept is storage's affair. Design: API, "Shape"; storage, "Idempotency".
"""

from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from starlette.datastructures import UploadFile

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
    return CommandKey(asker(principal), operation, key, fingerprint(sent))


def asker(principal: Principal) -> str:
    """Return what tells those who ask apart: somebody may act for several merchants, and what was done for
    one says nothing about the others.
    """
    return orjson.dumps(
        [principal.role, principal.sub, principal.merchant_id, principal.customer_id]
    ).decode()


def fingerprint(sent: "DataclassInstance") -> str:
    """Return what tells two inputs apart: the same for the same values, whatever key they came under."""
    values = _fields(sent)
    values.pop(_KEY)
    # Dataclasses are left to us, as orjson would write their fields unsorted.
    options = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    return sha256(orjson.dumps(values, default=_told, option=options)).hexdigest()


def _told(value: object) -> Any:
    if isinstance(value, UploadFile):
        return [value.filename, value.size]  # whoever takes a file looks at what it holds
    return _fields(value) if is_dataclass(value) else str(value)


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}
