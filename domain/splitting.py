"""Part of a line: the part that moves becomes a line of its own, and nothing is lost to rounding.

Source: design, process marketplace-merchant, "Part of a line".
"""

from dataclasses import replace

from domain import money
from domain.numbering import next_line_id
from domain.order import Line, Order

MOST_PARTS = 1_000
"""An order with so many lines is split no further: it is one document, and every step looks at all of it."""


def split_line(order: Order, line: Line, quantity: int) -> tuple[Order, Line]:
    """Take `quantity` pieces off a line; returns the order with both lines, and the new one.

    Quantities, discounts, tax, shipping and what was captured add up exactly. The new line stands where
    the old one does and remembers it in `split_from`; deadlines run on for both.
    Needs 0 < quantity < line.quantity and a line of which nothing was refunded.
    """
    rest = line.quantity - quantity
    discounts = money.share(line.discount, (quantity, rest))
    taxes = money.share(line.tax, (quantity, rest))
    shippings = money.share(line.shipping, (quantity, rest))
    part = replace(
        line,
        id=next_line_id(order),
        quantity=quantity,
        discount=discounts[0],
        tax=taxes[0],
        shipping=shippings[0],
        split_from=line.id,
    )
    left = replace(line, quantity=rest, discount=discounts[1], tax=taxes[1], shipping=shippings[1])
    captured = money.share(line.captured, (part.total, left.total))
    part, left = replace(part, captured=captured[0]), replace(left, captured=captured[1])
    at = order.lines.index(line)
    lines = (*order.lines[:at], left, *order.lines[at + 1 :], part)
    deadlines = (
        *order.deadlines,
        *(replace(d, id=f"{d.id}/{part.id}", unit=part.id) for d in order.deadlines if d.unit == line.id),
    )
    return replace(order, lines=lines, deadlines=deadlines), part
