"""Where a line stands with its merchant's stock, and what is still to be put back. Values only.

Source: design, store processes, "Stock". Counting is storage's affair: it follows these standings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Shelf = Mapping[tuple[str, str], int]
"""How many pieces are available by (merchant id, SKU). A SKU that is missing is not counted."""


class Standing(StrEnum):
    """A line and the shelf: nothing was asked for; wanted but not there; held while the payment is awaited;
    confirmed for the order; off the shelf since handling started; released again; or not counted at all.
    """

    NONE = "none"
    WANTED = "wanted"
    HELD = "held"
    CONFIRMED = "confirmed"
    OFF_SHELF = "off_shelf"
    RELEASED = "released"
    UNCOUNTED = "uncounted"


@dataclass(frozen=True, slots=True)
class Restock:
    """Pieces that were off the shelf when they were canceled or their line was lowered or removed: their
    merchant has to put them back itself.
    """

    id: str
    sku: str
    quantity: int
    done: bool = False
