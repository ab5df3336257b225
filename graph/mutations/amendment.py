"""What an input says of changed and added lines, read into what the domain takes. Pure."""

from collections.abc import Iterable, Iterator

import strawberry

from domain.amending import Amendment
from domain.drafts import MOST_LINES, MOST_PIECES, DraftLine
from domain.invoiced import quantities_left
from domain.order import MerchantOrder, Order
from domain.stocking import Key
from graph.errors import OrderError, invalid, not_found
from graph.mutations.amounts import read_price
from graph.mutations.one_merchant_order import MerchantOrderCommand
from graph.mutations.one_order import MoreStock
from graph.mutations.texts import LONGEST, wrong_texts
from graph.seen import Seen
from graph.types.ids import LINE, decode_as
from graph.types.scalars import DecimalText

_NOTHING = DecimalText("0")
_TEXTS = {"sku": LONGEST, "name": LONGEST}

AT = {
    "lines": ("add",),  # which of its lines are named is checked before
    "needs": ("reason",),
    "total": (),
    "stock": (),
}
"""Which part of the input each rule is about."""


@strawberry.input(description="A new quantity of a line.")
class ChangeLineInput:
    line: strawberry.ID = strawberry.field(description="The line's id.")
    quantity: int = strawberry.field(description="How many pieces there shall be; 0 removes the line.")


@strawberry.input(description="One product more; all amounts in the order's currency.")
class AddLineInput:
    sku: str = strawberry.field(description="The merchant's code of the product.")
    name: str = strawberry.field(description="The product's name.")
    quantity: int = strawberry.field(description="How many pieces.")
    unit_price: DecimalText = strawberry.field(description="The price of one piece.")
    discount: DecimalText = strawberry.field(default=_NOTHING, description="Taken off the whole line.")
    tax: DecimalText = strawberry.field(default=_NOTHING, description="Added for the whole line.")


@strawberry.input(description="Which lines of a merchant order become fewer, more, or are added.")
class AmendmentCommand(MerchantOrderCommand):
    lines: list[ChangeLineInput] = strawberry.field(
        default_factory=list[ChangeLineInput], description="New quantities of its lines."
    )
    add: list[AddLineInput] = strawberry.field(
        default_factory=list[AddLineInput], description="Lines to add, sold by its merchant."
    )


def malformed(sent: AmendmentCommand) -> Iterator[OrderError]:
    """Yield what is wrong with the input, whatever the order."""
    if not (sent.lines or sent.add):
        yield invalid("Name at least one line to change or to add.", "lines")
    for name, lines in (("lines", sent.lines), ("add", sent.add)):
        if len(lines) > MOST_LINES:
            yield invalid(f"An order has at most {MOST_LINES} lines; these are {len(lines)}.", name)
            return
    named: set[str] = set()
    for i, line in enumerate(sent.lines):
        if line.line in named:
            yield invalid("This line is there already.", "lines", str(i), "line")
        named.add(line.line)
        if not 0 <= line.quantity <= MOST_PIECES:
            found = f"Quantity must be between 0 and {MOST_PIECES}."
            yield invalid(found, "lines", str(i), "quantity")
    yield from _wrong_added(sent.add)


def _wrong_added(lines: Iterable[AddLineInput]) -> Iterator[OrderError]:
    for i, line in enumerate(lines):
        yield from wrong_texts(line, _TEXTS, "add", str(i))
        for name in _TEXTS:
            if not getattr(line, name).strip():
                yield invalid("This cannot be empty.", "add", str(i), name)
        if not 0 < line.quantity <= MOST_PIECES:
            yield invalid(f"Quantity must be between 1 and {MOST_PIECES}.", "add", str(i), "quantity")


def added_stock(sent: AmendmentCommand) -> MoreStock:
    """Return which stock of an order's merchants the added lines may take from."""

    def stock(order: Order) -> Iterable[Key]:
        return [(theirs.merchant_id, line.sku) for theirs in order.merchant_orders for line in sent.add]

    return stock


def read(
    seen: Seen, theirs: MerchantOrder, sent: AmendmentCommand, reason: str
) -> Amendment | list[OrderError]:
    """Return the amendment of this merchant order, or everything that is wrong with it."""
    problems: list[OrderError] = []
    currency = seen.order.currency

    def amount(text: str, *path: str) -> int:
        found = read_price(text, currency, *path)
        if isinstance(found, int):
            return found
        problems.append(found)
        return 0

    own = {line.id for line in seen.order.lines_of(theirs)}
    quantities: dict[str, int] = {}
    for i, line in enumerate(sent.lines):
        local = decode_as(LINE, line.line)
        if local in own:
            quantities[local] = line.quantity
        else:
            problems.append(not_found("line", "lines", str(i), "line"))
    added = [
        DraftLine(
            line.sku,
            line.name,
            theirs.merchant_id,
            line.quantity,
            amount(line.unit_price, "add", str(i), "unitPrice"),
            amount(line.discount, "add", str(i), "discount"),
            amount(line.tax, "add", str(i), "tax"),
        )
        for i, line in enumerate(sent.add)
    ]
    return problems or Amendment(reason, quantities, tuple(added))


def paths(seen: Seen, theirs: MerchantOrder, sent: AmendmentCommand) -> dict[str, tuple[str, ...]]:
    """Return which part of this input each rule is about on this merchant order."""
    left = quantities_left(seen.order, theirs)
    invoiced = {line.id: line.quantity - left[line.id] for line in seen.order.lines_of(theirs)}
    below = (
        ("lines", str(i), "quantity")
        for i, line in enumerate(sent.lines)
        if line.quantity < invoiced.get(decode_as(LINE, line.line) or "", 0)
    )
    return {**AT, "quantity": next(below, ("lines",))}
