"""Placing an order: what the marketplace's checkout sends, read into a cart with everything that is wrong."""

from collections.abc import Iterator
from typing import Annotated

import strawberry

from domain import money
from domain.actors import Role
from domain.drafts import MOST_LINES, DraftLine
from domain.order import Customer
from graph.errors import OrderError, invalid
from graph.inputs import idempotency_key_field
from graph.mutations.checkout import Cart, place
from graph.mutations.decision import Answer
from graph.mutations.delivery import AddressInput, address_of, wrong_address, wrong_method
from graph.mutations.payloads import OrderChanged, order_changed
from graph.mutations.texts import trimmed
from graph.types.scalars import DecimalText
from graph.viewer import Info, viewer_in

_LONGEST = 200
_NOTHING = DecimalText("0")


@strawberry.input(description="Who buys.")
class CustomerInput:
    id: str = strawberry.field(description="The id that the customer's token carries.")
    name: str = strawberry.field(description="The customer's name.")
    email: str = strawberry.field(description="The customer's e-mail address.")


@strawberry.input(description="One product that is bought from one merchant.")
class PlaceLineInput:
    sku: str = strawberry.field(description="The merchant's code of the product.")
    name: str = strawberry.field(description="The product's name.")
    merchant_id: str = strawberry.field(description="The id of the merchant that sells it.")
    quantity: int = strawberry.field(description="How many pieces.")
    unit_price: DecimalText = strawberry.field(description="The price of one piece.")
    discount: DecimalText = strawberry.field(default=_NOTHING, description="Taken off the whole line.")
    tax: DecimalText = strawberry.field(default=_NOTHING, description="Added for the whole line.")


@strawberry.input(description="What the shipping of one merchant's lines costs.")
class ShippingInput:
    merchant_id: str = strawberry.field(description="The id of the merchant.")
    amount: DecimalText = strawberry.field(description="The cost; shared over that merchant's lines.")


@strawberry.input(description="An order as the checkout sends it; all amounts in its one currency.")
class PlaceOrderInput:
    currency: str = strawberry.field(description="The ISO 4217 code of all amounts, such as EUR.")
    customer: CustomerInput = strawberry.field(description="Who buys.")
    lines: list[PlaceLineInput] = strawberry.field(description=f"What is bought: 1 to {MOST_LINES} lines.")
    shipping: list[ShippingInput] = strawberry.field(
        default_factory=list[ShippingInput], description="What shipping costs; each merchant at most once."
    )
    total: DecimalText | None = strawberry.field(
        default=None, description="What the customer was told to pay; another sum is refused."
    )
    channel: str = strawberry.field(default="default", description="Where the order comes from.")
    external_reference: str | None = strawberry.field(
        default=None, description="The caller's own name for the order; unique in its channel."
    )
    process: str | None = strawberry.field(
        default=None,
        description="The process that the order follows; when left out, the marketplace's policy "
        "default_process.",
    )
    deliver_to: AddressInput | None = strawberry.field(
        default=None,
        description="Where it is delivered. In the store processes an order without it is placed incomplete: "
        "it waits for `completeOrder`, and no merchant sees it.",
    )
    payment_method: str | None = strawberry.field(
        default=None,
        description="How it is paid, such as card. In the store processes an order without it is placed "
        "incomplete, as without an address.",
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.type(description="What became of placing an order.")
class PlaceOrderPayload(OrderChanged):
    pass


@strawberry.mutation(description="Places an order in the name of a customer. For the role MARKETPLACE.")
async def place_order(
    info: Info,
    input: Annotated[PlaceOrderInput, strawberry.argument(description="What the customer buys.")],
) -> PlaceOrderPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE)
    cart = _Reader(input).cart()
    answer = await place(info, viewer, input, cart) if isinstance(cart, Cart) else Answer(errors=cart)
    return order_changed(PlaceOrderPayload, viewer, answer)


class _Reader:
    """Reads an input and notes everything that is wrong with it."""

    def __init__(self, sent: PlaceOrderInput) -> None:
        self.sent = sent
        self.problems: list[OrderError] = []

    def cart(self) -> Cart | tuple[OrderError, ...]:
        """The cart, or everything that is wrong."""
        sent = self.sent
        if len(sent.lines) > MOST_LINES:
            found = f"An order has at most {MOST_LINES} lines; this one has {len(sent.lines)}."
            return (invalid(found, "lines"),)
        try:
            money.exponent(sent.currency)
        except money.AmountInvalid as problem:
            return (invalid(str(problem), "currency"),)
        self.problems += _texts(sent)
        self.problems += wrong_address(sent.deliver_to, "deliverTo")
        self.problems += wrong_method(sent.payment_method)
        cart = Cart(
            currency=sent.currency,
            customer=Customer(sent.customer.id, sent.customer.name, sent.customer.email),
            lines=[self._line(line, "lines", str(i)) for i, line in enumerate(sent.lines)],
            shipping=self._shipping(),
            channel=sent.channel,
            external_reference=sent.external_reference,
            total=None if sent.total is None else self._amount(sent.total, "total"),
            process=sent.process,
            deliver_to=address_of(sent.deliver_to),
            payment_method=trimmed(sent.payment_method),
        )
        return tuple(self.problems) or cart

    def _line(self, line: PlaceLineInput, *path: str) -> DraftLine:
        return DraftLine(
            line.sku,
            line.name,
            line.merchant_id,
            line.quantity,
            self._amount(line.unit_price, *path, "unitPrice"),
            self._amount(line.discount, *path, "discount"),
            self._amount(line.tax, *path, "tax"),
        )

    def _shipping(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for i, each in enumerate(self.sent.shipping):
            if each.merchant_id in found:
                self.problems.append(
                    invalid("This merchant is there already.", "shipping", str(i), "merchantId")
                )
            found[each.merchant_id] = self._amount(each.amount, "shipping", str(i), "amount")
        return found

    def _amount(self, text: str, *path: str) -> int:
        try:
            return money.parse(text, self.sent.currency)
        except money.AmountInvalid as problem:
            self.problems.append(invalid(str(problem), *path))
            return 0


def _texts(sent: PlaceOrderInput) -> Iterator[OrderError]:
    """Yield which texts are missing or longer than is kept; the domain says what else is wrong with lines."""
    texts: dict[tuple[str, ...], str] = {
        ("channel",): sent.channel,
        ("customer", "id"): sent.customer.id,
        ("customer", "name"): sent.customer.name,
        ("customer", "email"): sent.customer.email,
    }
    if sent.external_reference is not None:
        texts["externalReference",] = sent.external_reference
    for i, line in enumerate(sent.lines):
        texts["lines", str(i), "sku"] = line.sku
        texts["lines", str(i), "name"] = line.name
    for path, text in texts.items():
        if not (text.strip() and len(text) <= _LONGEST):
            yield invalid(f"This needs 1 to {_LONGEST} characters.", *path)
