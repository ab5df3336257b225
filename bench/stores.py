"""What the API does with orders of the process marketplace-seller, with and without counted stock: ratios to
orders of two lines in the default process, on the same server just before.
"""

from itertools import count

from bench.server import Api, rate
from domain.actors import Role

# Nobody may cancel freely after the payment, so that the merchant can start at once.
AT_ONCE = """mutation { done: updatePolicies(input: {policies: [
  {name: "cancellation_window", value: "PT0S"}]}) { errors { message } } }"""
COUNT = """mutation { done: setStock(input: {merchantId: "m1", items: [%s]}) { errors { message } } }"""
PLACE = """mutation ($one: String!, $two: String!) { done: placeOrder(input: {
  process: "marketplace-seller", currency: "EUR", paymentMethod: "card",
  customer: {id: "c1", name: "Anna Berg", email: "anna@example.org"},
  deliverTo: {recipient: "Anna Berg", street: "1 Main Street", postalCode: "10115", city: "Berlin",
    country: "DE"},
  lines: [
    {sku: $one, name: "A", merchantId: "m1", quantity: 1, unitPrice: "10.00"},
    {sku: $two, name: "B", merchantId: "m1", quantity: 2, unitPrice: "5.00"}
  ]}) { order { reference lines { id } } errors { message } } }"""
PAY = """mutation ($order: String!) { done: recordPayment(input: {order: {reference: $order},
  amount: {amount: "20.00", currency: "EUR"}, reference: "p1"}) { errors { message } } }"""
START = """mutation ($order: String!) { done: startHandling(input: {order: {reference: $order}}) {
  errors { message } } }"""
INVOICE = """mutation ($order: String!, $one: ID!, $two: ID!) { done: addInvoice(input: {
  order: {reference: $order}, number: "F1", value: {amount: "20.00", currency: "EUR"},
  issuedAt: "2026-01-01T00:00:00Z",
  lines: [{line: $one, quantity: 1, unitPrice: "10.00"}, {line: $two, quantity: 2, unitPrice: "5.00"}]}) {
  errors { message } } }"""

SKUS = 50
ON_HAND = 1_000_000


async def measure(api: Api, placed: float, delivered: float) -> None:
    """Print how many orders are placed in a second, and how many then paid, handled and invoiced, as ratios
    to how many of the default process were `placed`, and then paid, sent, shipped and `delivered`.
    """
    counted = ", ".join(f'{{sku: "counted-{n}", onHand: {ON_HAND}}}' for n in range(2 * SKUS))
    await api.ask(Role.MARKETPLACE, AT_ONCE)
    await api.ask(Role.MARKETPLACE, COUNT % counted)
    for what, sku in (("nothing counted", "any"), ("all counted", "counted")):
        places, invoices = await _rates(api, sku)
        print(
            f"api: marketplace-seller, {what}: {places:.0f} orders placed/s ({places / placed:.2f} ×), "
            f"{invoices:.1f} invoiced/s ({invoices / delivered:.2f} × delivered, {delivered:.1f}/s)"
        )


async def _rates(api: Api, sku: str) -> tuple[float, float]:
    """How many orders of `SKUS` pairs of products are placed in a second, and then invoiced."""
    orders: list[tuple[str, str, str]] = []
    numbers = count()

    async def place() -> int:
        n = next(numbers) % SKUS
        bought = {"one": f"{sku}-{n}", "two": f"{sku}-{SKUS + n}"}
        order = (await api.ask(Role.MARKETPLACE, PLACE, **bought))["done"]["order"]
        orders.append((order["reference"], *(line["id"] for line in order["lines"])))
        return 1

    async def invoice() -> int:
        if not orders:
            return 0
        order, one, two = orders.pop()
        await api.ask(Role.PAYMENTS, PAY, order=order)
        await api.ask(Role.MERCHANT, START, order=f"{order}-1")
        await api.ask(Role.MERCHANT, INVOICE, order=f"{order}-1", one=one, two=two)
        return 1

    return await rate(place), await rate(invoice)
