"""Orders of the process marketplace-seller, walked to where a test needs them. Times are the builders'."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from domain.actors import Party, Role
from domain.engine import fire, place
from domain.invoices import Invoice, InvoiceLine, InvoiceType
from domain.invoicing import add_invoice
from domain.order import Address, Line, MerchantOrder, Order, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.policies import PolicyValue
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from domain.refusal import Refusal
from domain.stock import Shelf
from tests.builders import NOW, actor, order, policies

HOME = Address("Ada Buyer", "1 Main Street", "10115", "Berlin", "DE")
LATER = NOW + timedelta(minutes=30)
"""When the cancellation window of an order that was paid at once is over."""


def draft(*lines: Line, shelf: Shelf | None = None, currency: str = "EUR", **settings: PolicyValue) -> Order:
    """An order with all that it needs, one merchant order for each merchant of its lines, not yet placed."""
    merchants = list(dict.fromkeys(line.merchant_id for line in lines))
    start = order(
        *(replace(x, merchant_order_id=f"o1-m{1 + merchants.index(x.merchant_id)}") for x in lines),
        process=MARKETPLACE_SELLER,
        policies=policies(None, MARKETPLACE_SELLER, **settings),
        currency=currency,
    )
    parts = (MerchantOrder(f"o1-m{n}", f"ORD-1-{n}", m, NOW) for n, m in enumerate(merchants, 1))
    return replace(
        start,
        merchant_orders=tuple(parts),
        deliver_to=HOME,
        payment_method="card",
        shelf=shelf or {},
    )


def placed(*lines: Line, shelf: Shelf | None = None, currency: str = "EUR", **settings: PolicyValue) -> Order:
    """The order once it is placed: its payment is awaited, its stock held."""
    start = draft(*lines, shelf=shelf, currency=currency, **settings)
    return place(MARKETPLACE_SELLER, start, actor(Role.CUSTOMER), NOW).order


def paid(here: Order, amount: int | None = None, *, captured: bool = False) -> Order:
    """The order with a payment; of all that is due when no amount is named."""
    reference = f"p{len(here.payments) + 1}"
    amount = due(here) if amount is None else amount
    answer = record_payment(
        MARKETPLACE_SELLER, here, reference, amount, actor(Role.PAYMENTS), NOW, captured=captured
    )
    assert isinstance(answer, Outcome), answer
    return answer.order


def handled(here: Order, unit: str = "o1-m1") -> Order:
    """A paid order whose merchant has started to handle it: its stock is off the shelf."""
    here = done(here, "close_window", Role.SYSTEM, Party.MERCHANT, unit, now=LATER)
    return done(here, "start_handling", Role.MERCHANT, Party.MERCHANT, unit, now=LATER)


def with_invoice(
    here: Order, number: str, value: int, pieces: Mapping[str, int], unit: str = "o1-m1"
) -> Order:
    """A handled order with one more Output invoice."""
    lines = tuple(InvoiceLine(id, quantity, 0) for id, quantity in pieces.items())
    invoice = Invoice(number, InvoiceType.OUTPUT, value, LATER, LATER, lines)
    answer = add_invoice(MARKETPLACE_SELLER, here, unit, invoice, actor(Role.MERCHANT), LATER)
    assert isinstance(answer, Outcome), answer
    return answer.order


def tried(
    here: Order,
    event: str,
    role: Role,
    party: Party = Party.MARKETPLACE,
    unit: str = "o1-m1",
    *,
    now: datetime = NOW,
    **given: Value,
) -> Outcome | Refusal:
    """Fire one event, which may be refused."""
    return fire(MARKETPLACE_SELLER, here, Intent(event, unit, party, actor(role), given), now)


def done(
    here: Order,
    event: str,
    role: Role,
    party: Party = Party.MARKETPLACE,
    unit: str = "o1-m1",
    *,
    now: datetime = NOW,
    **given: Value,
) -> Order:
    """The order once this event was fired, which must be taken."""
    answer = tried(here, event, role, party, unit, now=now, **given)
    assert isinstance(answer, Outcome), answer
    return answer.order


def state(here: Order, party: Party, unit: str = "o1-m1") -> str:
    """Where this party's machine stands on the merchant order."""
    return merchant_order(here, unit).positions[party].state


def merchant_order(here: Order, unit: str = "o1-m1") -> MerchantOrder:
    """The merchant order, which must exist."""
    found = here.merchant_order(unit)
    assert found is not None, f"there is no {unit}"
    return found
