"""JSON on the wire: bytes in, bytes out, hostile input refused. It must not know what the values mean."""

import json
from collections.abc import Iterable
from typing import Any, cast

import orjson

DEEPEST = 32
"""Levels of nesting that a message may have; no input type of ours comes near."""


class NotJson(ValueError):
    """The text is no JSON, or nested too deeply. The message is a sentence."""


def decode(text: str | bytes) -> Any:
    """The value that `text` says. Raises NotJson, for a lone surrogate too (orjson refuses it)."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"This is not JSON: {error}.") from None
    # Counting brackets is quick and says for nearly all messages that no walk is needed.
    if data.count(b"[") + data.count(b"{") > DEEPEST and _deeper(value):
        raise NotJson(f"The JSON is nested deeper than {DEEPEST} levels.")
    return value


def encode(value: Any) -> bytes:
    """Compact JSON. Whole numbers past 64 bits are written out in full, which orjson does not do."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _deeper(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, (dict, list))]
        if not level:
            return False
    return True


def _inside(outer: Any) -> Iterable[Any]:
    return cast("dict[str, Any]", outer).values() if isinstance(outer, dict) else outer
