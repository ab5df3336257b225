"""What a customer of the demo can buy: the products of the demo's carts at their list prices. Data only."""

from dataclasses import dataclass

from domain.drafts import DraftLine
from graph.demo_stories import HERBS, SHIRTS, SWEATER


@dataclass(frozen=True, slots=True)
class Product:
    """One product of one merchant; the price in minor units of the currency."""

    sku: str
    name: str
    merchant_id: str
    currency: str
    price: int

    def line(self, quantity: int) -> DraftLine:
        """Return so many pieces of it as a line of a cart."""
        return DraftLine(self.sku, self.name, self.merchant_id, quantity, self.price)


CATALOGUE = {
    line.sku: Product(line.sku, line.name, line.merchant_id, cart.currency, line.unit_price)
    for cart in (SHIRTS, HERBS, SWEATER)
    for line in cart.lines
}
"""The products by their SKU."""

SHIPPING = {cart.currency: max(cart.shipping.values()) for cart in (SHIRTS, HERBS)}
"""What shipping costs per merchant, by currency, in minor units."""
