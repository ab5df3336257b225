"""Invoices of a merchant order: of what is shipped, and of what comes back."""

import datetime
from collections.abc import Iterator
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.drafts import MOST_LINES
from domain.invoiced import quantities_left, quantities_to_return
from domain.invoices import Invoice, InvoiceLine
from domain.invoicing import add_invoice as add
from domain.order import MerchantOrder
from domain.outcome import Outcome
from domain.refusal import Refusal
from graph.errors import OrderError, invalid, not_found
from graph.inputs import WHAT
from graph.mutations.amounts import other_currency, read_amount, read_price
from graph.mutations.one_merchant_order import MerchantOrderCommand, on_merchant_order, why
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.texts import LONGEST, trimmed, wrong_texts, wrong_url
from graph.seen import Seen
from graph.types.enums import InvoiceType
from graph.types.ids import LINE, decode_as
from graph.types.money import MoneyInput
from graph.types.scalars import DecimalText
from graph.viewer import Info, viewer_in

_AT = {"number": ("number",), "value": ("value",), "lines": ("lines",)}
"""Which part of the input each rule is about."""
_TEXTS = {"number": LONGEST, "key": LONGEST, "courier": LONGEST, "tracking_number": LONGEST}


@strawberry.input(description="Pieces of one line on an invoice.")
class InvoiceLineInput:
    line: strawberry.ID = strawberry.field(description="The line's id.")
    quantity: int = strawberry.field(description="How many pieces: 1 or more.")
    unit_price: DecimalText = strawberry.field(
        description="What one piece costs, in the currency of the value; nothing or more."
    )


@strawberry.input(description="An invoice of a merchant order.")
class AddInvoiceInput(MerchantOrderCommand):
    type: InvoiceType = strawberry.field(
        default=InvoiceType.OUTPUT, description="Whether it sells goods or takes them back."
    )
    number: str = strawberry.field(
        description="Its number, unique in the merchant order: letters, digits, - _ . and /. Sent again with "
        "the same content, it changes nothing."
    )
    value: MoneyInput = strawberry.field(
        description="What it comes to, in the order's currency: more than nothing, at most what is left."
    )
    issued_at: datetime.datetime = strawberry.field(description="When it was issued.")
    lines: list[InvoiceLineInput] = strawberry.field(
        default_factory=list[InvoiceLineInput],
        description="What is on it; nothing only where no piece is left and a rest of the value is.",
    )
    key: str | None = strawberry.field(default=None, description="The tax authority's key of it.")
    url: str | None = strawberry.field(default=None, description="Where the document can be read.")
    courier: str | None = strawberry.field(default=None, description="Who carries the goods, such as DHL.")
    tracking_number: str | None = strawberry.field(
        default=None, description="The courier's number to follow them by."
    )
    tracking_url: str | None = strawberry.field(default=None, description="Where they can be followed.")


@strawberry.type(description="What became of adding an invoice.")
class AddInvoicePayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Adds an invoice to a merchant order. Output invoices (roles MERCHANT and LOGISTICS) may "
    "come to less than its total; once they come to all of it, it is invoiced. An Input invoice (also "
    "MARKETPLACE) takes back what was invoiced, and its value is refunded."
)
async def add_invoice(info: Info, input: Annotated[AddInvoiceInput, WHAT]) -> AddInvoicePayload:
    viewer = viewer_in(info.context, Role.MERCHANT, Role.LOGISTICS, Role.MARKETPLACE)

    def operation(seen: Seen, theirs: MerchantOrder, now: datetime.datetime) -> Outcome | list[OrderError]:
        if problems := list(_foreign(seen, theirs, input)):
            return problems
        answer = add(seen.process, seen.order, theirs.id, _invoice(input, now), viewer.actor, now)
        if isinstance(answer, Refusal):
            return [why(seen, theirs, answer, {**_AT, "quantity": _too_many(seen, theirs, input)})]
        return answer

    decide = on_merchant_order(input, operation)
    answer = await change_order(info, viewer, input, decide, _wrong(input))
    return lines_changed(AddInvoicePayload, viewer, answer)


def _foreign(seen: Seen, theirs: MerchantOrder, sent: AddInvoiceInput) -> Iterator[OrderError]:
    """Yield what does not belong to this merchant order."""
    if foreign := other_currency(seen.order, sent.value, "value"):
        yield foreign
    own = {line.id for line in seen.order.lines_of(theirs)}
    for i, line in enumerate(sent.lines):
        if decode_as(LINE, line.line) not in own:
            yield not_found("line", "lines", str(i), "line")


def _too_many(seen: Seen, theirs: MerchantOrder, sent: AddInvoiceInput) -> tuple[str, ...]:
    """Where the first line stands of which there are not so many pieces left."""
    output = sent.type is InvoiceType.OUTPUT
    left = quantities_left(seen.order, theirs) if output else quantities_to_return(theirs)
    for i, line in enumerate(sent.lines):
        if line.quantity > left.get(decode_as(LINE, line.line) or "", 0):
            return "lines", str(i), "quantity"
    return ("lines",)


def _invoice(sent: AddInvoiceInput, now: datetime.datetime) -> Invoice:
    return Invoice(
        number=sent.number,
        type=sent.type,
        value=_amount(read_amount(sent.value)),
        issued_at=sent.issued_at,
        recorded_at=now,
        lines=tuple(
            InvoiceLine(
                decode_as(LINE, line.line) or "",
                line.quantity,
                _amount(read_price(line.unit_price, sent.value.currency)),
            )
            for line in sent.lines
        ),
        key=trimmed(sent.key),
        url=trimmed(sent.url),
        courier=trimmed(sent.courier),
        tracking_number=trimmed(sent.tracking_number),
        tracking_url=trimmed(sent.tracking_url),
    )


def _amount(read: int | OrderError) -> int:
    assert isinstance(read, int), "checked before anything was decided"
    return read


def _wrong(sent: AddInvoiceInput) -> Iterator[OrderError]:
    """Yield what is wrong with the input, whatever the order."""
    yield from wrong_texts(sent, _TEXTS)
    yield from wrong_url(sent.url, "url")
    yield from wrong_url(sent.tracking_url, "trackingUrl")
    value = read_amount(sent.value, "value")
    if isinstance(value, OrderError):
        yield value
        if value.path[-1] == "currency":
            return
    if len(sent.lines) > MOST_LINES:
        yield invalid(f"An order has at most {MOST_LINES} lines; these are {len(sent.lines)}.", "lines")
        return
    named: set[str] = set()
    for i, line in enumerate(sent.lines):
        path = ("lines", str(i))
        if line.line in named:
            yield invalid("This line is there already; put its pieces together.", *path, "line")
        named.add(line.line)
        if line.quantity < 1:
            yield invalid("Quantity must be 1 or more.", *path, "quantity")
        price = read_price(line.unit_price, sent.value.currency, *path, "unitPrice")
        if isinstance(price, OrderError):
            yield price
