"""Lines of a merchant order become fewer, more, or are added, and the pieces in stock with them. Pure.

Source: design, store processes, "Changes to an order" and "Stock".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain import money
from domain.drafts import DraftLine
from domain.numbering import next_line_id
from domain.order import Line, MerchantOrder, Order
from domain.stock import Standing
from domain.stocking import hold, let_go, shelved, to_restock


def relined(
    order: Order, theirs: MerchantOrder, quantities: Mapping[str, int], added: Sequence[DraftLine]
) -> Order | str:
    """Return the order with new quantities of these lines (0 or more, by id) and with further lines.

    Before the stock is confirmed a line of which there is not enough is wanted as a whole; after that more
    pieces than are in stock are refused: the sentence that says so is returned. Removed lines stay in the
    order, for their share of shipping.
    """
    own = [line for line in order.lines_of(theirs) if line.id in quantities]
    more = _further(order, theirs)
    # What becomes fewer goes first: its pieces may be just those that others need.
    for line in own:
        if quantities[line.id] < line.quantity:
            order = _lowered(order, line, quantities[line.id])
    for line in own:
        if quantities[line.id] > line.quantity:
            answer = _raised(order, line, quantities[line.id], more)
            if isinstance(answer, str):
                return answer
            order = answer
    for draft in added:
        line = _line(order, theirs, draft)
        answer = _claimed(replace(order, lines=(*order.lines, line)), line, more)
        if isinstance(answer, str):
            return answer
        order = answer
    return order


def _line(order: Order, theirs: MerchantOrder, draft: DraftLine) -> Line:
    return Line(
        id=next_line_id(order),
        sku=draft.sku,
        name=draft.name,
        merchant_id=draft.merchant_id,
        quantity=draft.quantity,
        unit_price=draft.unit_price,
        discount=draft.discount,
        tax=draft.tax,
        merchant_order_id=theirs.id,
    )


def _lowered(order: Order, line: Line, quantity: int) -> Order:
    """Fewer pieces of a line; its discount and tax shrink with them, its share of shipping stays."""
    parts = (quantity, line.quantity - quantity)
    discount, tax = (money.share(x, parts)[0] for x in (line.discount, line.tax))
    fewer = replace(line, quantity=quantity, discount=discount, tax=tax)
    if line.stock is Standing.OFF_SHELF:
        theirs = order.merchant_order(line.merchant_order_id or "")
        assert theirs is not None
        order = to_restock(order, theirs, [(line.sku, parts[1])])
    if quantity > 0 and line.stock is Standing.WANTED:
        return shelved(order, [fewer], hold)
    back = parts[1] if line.stock in (Standing.HELD, Standing.CONFIRMED) else 0
    stock = line.stock if quantity else _gone(line.stock)
    return shelved(order, [fewer], lambda line, _: (replace(line, stock=stock), back))


def _gone(stock: Standing) -> Standing:
    """Where a removed line stands; of one that was not held yet nothing is released."""
    return Standing.NONE if stock is Standing.NONE else Standing.RELEASED


def _raised(order: Order, line: Line, quantity: int, further: Standing) -> Order | str:
    """More pieces of a line. Its discount stays what was agreed on; its tax grows with it, rounded to the
    nearest unit.
    """
    tax = (2 * line.tax * quantity + line.quantity) // (2 * line.quantity) if line.quantity else 0
    raised = replace(line, quantity=quantity, tax=tax)
    match line.stock:
        case Standing.HELD | Standing.WANTED:
            return shelved(shelved(order, [line], let_go), [raised], hold)
        case Standing.CONFIRMED | Standing.OFF_SHELF:
            return _taken(order, raised, quantity - line.quantity, line.stock)
        case Standing.UNCOUNTED:
            return order.with_unit(raised)
        case Standing.NONE | Standing.RELEASED:
            return _claimed(order, raised, further)


def _further(order: Order, theirs: MerchantOrder) -> Standing:
    """Where further pieces come to stand: where those that the merchant order already has got to."""
    here = {line.stock for line in order.lines_of(theirs)}
    if Standing.NONE in here:
        return Standing.NONE
    if here & {Standing.HELD, Standing.WANTED}:
        return Standing.HELD
    if theirs.handled_at is not None or Standing.OFF_SHELF in here:
        return Standing.OFF_SHELF
    # Products that are not counted do not show how far it is.
    authorized = theirs.approved_at is not None or theirs.overridden_at is not None
    return Standing.CONFIRMED if authorized or Standing.CONFIRMED in here else Standing.HELD


def _claimed(order: Order, line: Line, standing: Standing) -> Order | str:
    """All pieces of a line that claims none yet."""
    if standing is Standing.NONE:
        return order.with_unit(line)
    if standing is Standing.HELD:
        return shelved(order, [line], hold)
    counted = (line.merchant_id, line.sku) in order.shelf
    return _taken(order, line, line.quantity, standing if counted else Standing.UNCOUNTED)


def _taken(order: Order, line: Line, pieces: int, standing: Standing) -> Order | str:
    """So many pieces more of a line whose stock is confirmed, if they are there."""
    left = order.shelf.get((line.merchant_id, line.sku))
    if left is not None and left < pieces:
        return f"{pieces} more of {line.sku} would be needed, and {max(left, 0)} are left in stock."
    return shelved(order, [line], lambda line, _: (replace(line, stock=standing), -pieces))
