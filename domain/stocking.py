"""What moves do with a merchant's stock: hold, confirm, take off the shelf, release. Pure.

Only the lines' standings and the shelf at hand change here; storage counts what follows from the standings,
in the same write. Source: seed on the store flows, status table; design, store processes, "Stock".
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
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


def hold(order: Order, line: Line) -> Order:
    """Hold a line's pieces if they are there; else it is noted that they are wanted."""
    available = order.shelf.get(_key(line))
    if available is None:
        return order.with_unit(replace(line, stock=Standing.UNCOUNTED))
    if available < line.quantity:
        return order.with_unit(replace(line, stock=Standing.WANTED))
    return _put(order, line, Standing.HELD, -line.quantity)


def let_go(order: Order, line: Line) -> Order:
    """Release a line's pieces; those that are off the shelf already stay off until they are put back."""
    match line.stock:
        case Standing.HELD | Standing.CONFIRMED:
            return _put(order, line, Standing.RELEASED, line.quantity)
        case Standing.OFF_SHELF:
            return order.with_unit(replace(line, stock=Standing.RELEASED))
        case Standing.NONE | Standing.WANTED | Standing.RELEASED | Standing.UNCOUNTED:
            return order.with_unit(replace(line, stock=Standing.RELEASED))


def to_restock(order: Order, theirs: MerchantOrder, sku: str, quantity: int) -> Order:
    """Note pieces that the merchant has to put back on the shelf."""
    number = len(theirs.restocks) + 1
    row = Restock(f"{theirs.id}-s{number}", sku, quantity)
    return order.with_unit(replace(theirs, restocks=(*theirs.restocks, row)))


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
    return _each(moment, hold)


@change
def confirm_stock(moment: Moment) -> Order:
    """The pieces are confirmed in the merchant's stock."""

    def confirm(order: Order, line: Line) -> Order:
        if line.stock is Standing.HELD:
            return order.with_unit(replace(line, stock=Standing.CONFIRMED))
        if line.stock is Standing.WANTED:
            return _put(order, line, Standing.CONFIRMED, -line.quantity)
        return order

    return _each(moment, confirm)


@change
def take_stock(moment: Moment) -> Order:
    """The pieces are off the shelf: from now on the merchant answers for them."""

    def take(order: Order, line: Line) -> Order:
        if line.stock is Standing.CONFIRMED:
            return order.with_unit(replace(line, stock=Standing.OFF_SHELF))
        return order

    return _each(moment, take)


@change
def release_stock(moment: Moment) -> Order:
    """What was held or confirmed is available again; what is off the shelf the merchant puts back itself."""

    def release(order: Order, line: Line) -> Order:
        if line.stock is Standing.OFF_SHELF:
            theirs = order.merchant_order(moment.merchant_order.id)
            assert theirs is not None
            order = to_restock(order, theirs, line.sku, line.quantity)
        return let_go(order, line)

    return _each(moment, release)


def _each(moment: Moment, work: Callable[[Order, Line], Order]) -> Order:
    order = moment.order
    for line in moment.lines:
        order = work(order, line)
    return order


def _put(order: Order, line: Line, standing: Standing, back: int) -> Order:
    """Give a line its standing, with `back` pieces more (or fewer) available on the shelf at hand."""
    key = _key(line)
    shelf = {**order.shelf, key: order.shelf[key] + back} if key in order.shelf else order.shelf
    return replace(order.with_unit(replace(line, stock=standing)), shelf=shelf)


def _key(line: Line) -> Key:
    return line.merchant_id, line.sku
