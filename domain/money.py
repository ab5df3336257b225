"""Exact money: integer minor units, shares that add up, decimal text at the edge. No floats anywhere."""

import re
from collections.abc import Sequence
from decimal import Decimal

from domain.currencies import EXPONENTS

LARGEST = 2**53 - 1
"""The largest amount taken in, in minor units: what every JSON client can still count exactly."""

_PLAIN = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_MOST_DIGITS = 100


class AmountInvalid(ValueError):
    """The text is no amount of that currency; the sentence says what would be."""


def exponent(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD.

    Raises AmountInvalid for a code that is not in the table.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise AmountInvalid(f"{currency!r} is not an ISO 4217 currency code such as EUR or USD.") from None


def parse(text: str, currency: str) -> int:
    """Turn decimal text ("12.50") into minor units (1250).

    Raises AmountInvalid for anything that is not a plain decimal number, has more decimals than the
    currency, or is larger than LARGEST.
    """
    places = exponent(currency)
    if not _PLAIN.fullmatch(text):
        raise AmountInvalid(f"{text!r} is not an amount; write it like {sample(currency)}.")
    whole, _, decimals = text.partition(".")
    if len(decimals.rstrip("0")) > places:
        raise AmountInvalid(f"{text!r} has more decimals than {currency} has ({places}).")
    if len(whole) > _MOST_DIGITS or abs(minor := int(whole + decimals[:places].ljust(places, "0"))) > LARGEST:
        raise AmountInvalid(f"{text!r} is larger than any amount that can be recorded.")
    return minor


def text(minor: int, currency: str) -> str:
    """Turn minor units (1250) into decimal text ("12.50") with the currency's decimals."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def spelled(minor: int, currency: str) -> str:
    """Spell minor units (1250) for a sentence: "12.50 EUR"."""
    return f"{text(minor, currency)} {currency}"


def sample(currency: str) -> str:
    """Return what an amount of this currency looks like, for sentences that explain a refusal."""
    return text(1250, currency)


def share(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount over weights so that the parts add up to it exactly (largest remainder).

    Ties go to the earlier part, so the answer depends on the arguments alone. Weights that are all zero
    count as equal. Amount and weights are not negative.
    """
    if not weights:
        return ()
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return tuple(parts)
