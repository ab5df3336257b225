"""The demo's checkout: a customer buys from a fixed catalogue, so that its story can be played."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.drafts import DraftLine
from domain.order import Address, Customer
from graph.demo_catalogue import CATALOGUE, SHIPPING
from graph.errors import OrderError, invalid
from graph.inputs import idempotency_key_field
from graph.mutations.checkout import Cart, place
from graph.mutations.decision import Answer
from graph.mutations.payloads import OrderChanged, order_changed
from graph.viewer import Info, viewer_in

_SOLD = ", ".join(f"{product.sku} ({product.name}, {product.currency})" for product in CATALOGUE.values())
_MOST = 50
_LONGEST = 200


@strawberry.input(description="A product of the demo's catalogue.")
class DemoLineInput:
    sku: str = strawberry.field(description=f"The product's code: {_SOLD}.")
    quantity: int = strawberry.field(default=1, description="How many pieces.")


@strawberry.input(description="What a customer of the demo buys.")
class DemoCheckoutInput:
    lines: list[DemoLineInput] = strawberry.field(description="What is bought, all in one currency.")
    name: str | None = strawberry.field(default=None, description="The customer's name; else its id.")
    process: str | None = strawberry.field(
        default=None,
        description="The process that the order follows; when left out, the marketplace's policy "
        "default_process.",
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.type(description="What became of buying from the demo's catalogue.")
class DemoCheckoutPayload(OrderChanged):
    pass


@strawberry.mutation(description="Buys from the demo's catalogue. For the role CUSTOMER; in demos only.")
async def demo_checkout(
    info: Info, input: Annotated[DemoCheckoutInput, strawberry.argument(description="What is bought.")]
) -> DemoCheckoutPayload:
    viewer = viewer_in(info.context, Role.CUSTOMER)
    if not viewer.services.demo:
        errors = (invalid("This server is no demo: it has no catalogue to buy from."),)
        return order_changed(DemoCheckoutPayload, viewer, Answer(errors=errors))
    cart = _cart(viewer.scope.id, input)
    answer = await place(info, viewer, input, cart) if isinstance(cart, Cart) else Answer(errors=cart)
    return order_changed(DemoCheckoutPayload, viewer, answer)


def _cart(customer: str, sent: DemoCheckoutInput) -> Cart | tuple[OrderError, ...]:
    name = (sent.name or "").strip() or customer
    problems = tuple(_problems(sent.lines))
    if len(name) > _LONGEST:
        problems += (invalid(f"A name has at most {_LONGEST} characters.", "name"),)
    if problems:
        return problems
    lines: list[DraftLine] = [CATALOGUE[line.sku].line(line.quantity) for line in sent.lines]
    currency = CATALOGUE[sent.lines[0].sku].currency
    return Cart(
        currency=currency,
        customer=Customer(customer, name, f"{customer}@example.com"),
        lines=lines,
        shipping={line.merchant_id: SHIPPING[currency] for line in lines},
        channel="demo-checkout",
        process=sent.process,
        deliver_to=Address(name, "1 Market Street", "10115", "Berlin", "DE"),
        payment_method="card",
    )


def _problems(lines: Sequence[DemoLineInput]) -> list[OrderError]:
    if not 0 < len(lines) <= _MOST:
        return [invalid(f"Buy 1 to {_MOST} products.", "lines")]
    unknown = [
        invalid(f"There is no product {line.sku!r}; there are: {_SOLD}.", "lines", str(i), "sku")
        for i, line in enumerate(lines)
        if line.sku not in CATALOGUE
    ]
    if unknown:
        return list(unknown)
    if len({CATALOGUE[line.sku].currency for line in lines}) > 1:
        return [invalid("Buy products in one currency only.", "lines")]
    return []
