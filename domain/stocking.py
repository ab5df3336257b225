"""What moves do with a merchant's stock: hold, confirm, take off the shelf, release. Pure.

Only the lines' standings and the shelf at hand change here; storage counts what follows from the standings,
in the same write. Source: seed on the store flows, status table; design, store processes, "Stock".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.moment import Moment, change, guard
from domain.order import Line, MerchantOrder, Order
from domain.stock import Restock, Standing

Key = tuple[str, str]
"""Merchant id and SKU."""


@dataclass(frozen=True, slots=True)
class Claims:
    """How many pieces of one SKU an order has held, confirmed, and taken off the shelf."""

    held: int = 0
    confirmed: int = 0
    off_shelf: int = 0


def claims(order: Order) -> Mapping[Key, Claims]:
    """Return what an order claims of its merchants' stock, by (merchant id, SKU)."""
    found: defaultdict[Key, Claims] = defaultdict(Claims)
    for line in order.lines:
        here = found[_key(line)]
        match line.stock:
            case Standing.HELD:
                found[_key(line)] = replace(here, held=here.held + line.quantity)
            case Standing.CONFIRMED:
                found[_key(line)] = replace(here, confirmed=here.confirmed + line.quantity)
            case Standing.OFF_SHELF:
                found[_key(line)] = replace(here, off_shelf=here.off_shelf + line.quantity)
            case Standing.NONE | Standing.WANTED | Standing.RELEASED | Standing.UNCOUNTED:
                pass
    for theirs in order.merchant_orders:
        for restock in theirs.restocks:
            if not restock.done:
                here = found[theirs.merchant_id, restock.sku]
                found[theirs.merchant_id, restock.sku] = replace(
                    here, off_shelf=here.off_shelf + restock.quantity
                )
    return found


def wanting(order: Order, theirs: MerchantOrder) -> tuple[Line, ...]:
    """Return the lines for which there is not enough on the shelf."""
    return tuple(line for line in order.lines_of(theirs) if line.stock is Standing.WANTED and line.quantity)


Work = Callable[[Line, int | None], tuple[Line, int]]
"""From a line and what is on the shelf of its SKU (None: not counted) to the line as it stands then, and how
many pieces of it go back on the shelf at hand (below 0: are taken off it)."""


def shelved(order: Order, lines: Iterable[Line], work: Work) -> Order:
    """Return the order with these lines as the work leaves them, and the shelf at hand with them."""
    shelf, changed = dict(order.shelf), list[Line]()
    for line in lines:
        key = _key(line)
        line, back = work(line, shelf.get(key))
        if key in shelf:
            shelf[key] += back
        changed.append(line)
    return replace(order.with_lines(changed), shelf=shelf)


def hold(line: Line, available: int | None) -> tuple[Line, int]:
    """Hold a line's pieces if they are there; else it is noted that they are wanted. For `shelved`."""
    if available is None:
        return replace(line, stock=Standing.UNCOUNTED), 0
    if available < line.quantity:
        return replace(line, stock=Standing.WANTED), 0
    return replace(line, stock=Standing.HELD), -line.quantity


def let_go(line: Line, _: int | None) -> tuple[Line, int]:
    """Release a line's pieces; what is off the shelf stays off until it is put back. For `shelved`."""
    back = line.quantity if line.stock in (Standing.HELD, Standing.CONFIRMED) else 0
    return replace(line, stock=Standing.RELEASED), back


def released(order: Order, theirs: MerchantOrder, lines: Sequence[Line]) -> Order:
    """Return the order with these lines let go of, and noted what of them its merchant has to put back."""
    off_shelf = [(line.sku, line.quantity) for line in lines if line.stock is Standing.OFF_SHELF]
    return shelved(to_restock(order, theirs, off_shelf), lines, let_go)


def to_restock(order: Order, theirs: MerchantOrder, pieces: Iterable[tuple[str, int]]) -> Order:
    """Note pieces, by SKU, that the merchant has to put back on the shelf."""
    numbered = enumerate(pieces, len(theirs.restocks) + 1)
    rows = tuple(Restock(f"{theirs.id}-s{n}", sku, quantity) for n, (sku, quantity) in numbered)
    return order.with_unit(replace(theirs, restocks=(*theirs.restocks, *rows))) if rows else order


def _missing(moment: Moment) -> str:
    return ", ".join(line.sku for line in wanting(moment.order, moment.merchant_order)) or "nothing"


@guard("There is not enough in stock of: {missing}.", missing=_missing)
def stock_available(moment: Moment) -> bool:
    """Is every piece of the merchant order held, in stock, or of a product that is not counted?"""
    wanted: defaultdict[Key, int] = defaultdict(int)
    for line in moment.lines:
        if line.stock is Standing.WANTED:
            wanted[_key(line)] += line.quantity
    return all(moment.order.shelf.get(key, 0) >= pieces for key, pieces in wanted.items())


@change
def hold_stock(moment: Moment) -> Order:
    """The pieces are held in the merchant's stock as far as they are there."""
    return shelved(moment.order, moment.lines, hold)


@change
def confirm_stock(moment: Moment) -> Order:
    """The pieces are confirmed in the merchant's stock."""

    def confirm(line: Line, _: int | None) -> tuple[Line, int]:
        if line.stock not in (Standing.HELD, Standing.WANTED):
            return line, 0
        wanted = line.quantity if line.stock is Standing.WANTED else 0
        return replace(line, stock=Standing.CONFIRMED), -wanted

    return shelved(moment.order, moment.lines, confirm)


@change
def take_stock(moment: Moment) -> Order:
    """The pieces are off the shelf: from now on the merchant answers for them."""
    taken = (line for line in moment.lines if line.stock is Standing.CONFIRMED)
    return moment.order.with_lines(replace(line, stock=Standing.OFF_SHELF) for line in taken)


@change
def release_stock(moment: Moment) -> Order:
    """What was held or confirmed is available again; what is off the shelf the merchant puts back itself."""
    return released(moment.order, moment.merchant_order, moment.lines)


def _key(line: Line) -> Key:
    return line.merchant_id, line.sku
