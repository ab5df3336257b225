"""From what a checkout sends to an order that can be placed, or everything that is wrong with it.

Shipping comes per merchant and is shared over that merchant's lines, so that every total is a sum of lines.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain import money
from domain.numbering import line_id, merchant_order_id, merchant_order_reference
from domain.order import Address, Customer, Line, MerchantOrder, Order
from domain.policies import Policies
from domain.problem import Problem
from domain.process import Process, UnitKind

MOST_LINES = 500
MOST_PIECES = 1_000_000
MOST_MERCHANTS = 50
"""Of merchant orders that move as a whole: each has its machines, and one document holds them all."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line as the checkout sends it; amounts in minor units, discount and tax for the whole line."""

    sku: str
    name: str
    merchant_id: str
    quantity: int
    unit_price: int
    discount: int = 0
    tax: int = 0


def draft(
    process: Process,
    policies: Policies,
    *,
    order_id: str,
    reference: str,
    currency: str,
    customer: Customer,
    lines: Sequence[DraftLine],
    shipping: Mapping[str, int],
    now: datetime,
    channel: str = "default",
    external_reference: str | None = None,
    expected_total: int | None = None,
    deliver_to: Address | None = None,
    payment_method: str | None = None,
) -> Order | tuple[Problem, ...]:
    """Build the order, not yet placed. `shipping` is per merchant; `expected_total` must match when given.

    Where merchant orders move, there is one for each merchant already, in the order of their first lines.
    """
    problems = [*_wrong_lines(lines), *_wrong_shipping(lines, shipping)]
    whole = process.unit is UnitKind.MERCHANT_ORDER
    if whole and len({line.merchant_id for line in lines}) > MOST_MERCHANTS:
        problems.append(
            Problem(("lines",), f"An order of this process has at most {MOST_MERCHANTS} merchants.")
        )
    if problems:
        return tuple(problems)
    weights = [line.quantity * line.unit_price - line.discount + line.tax for line in lines]
    shares = [0] * len(lines)
    for merchant, amount in shipping.items():
        at = [i for i, line in enumerate(lines) if line.merchant_id == merchant]
        for i, part in zip(at, money.share(amount, [weights[i] for i in at]), strict=True):
            shares[i] = part
    merchants = [line.merchant_id for line in lines if whole]
    merchant_orders = {
        merchant: MerchantOrder(
            merchant_order_id(order_id, n), merchant_order_reference(reference, n), merchant, now
        )
        for n, merchant in enumerate(dict.fromkeys(merchants), 1)
    }
    order = Order(
        id=order_id,
        reference=reference,
        version=0,
        seq=0,
        process=process.name,
        process_version=process.version,
        policies=policies,
        currency=currency,
        customer=customer,
        placed_at=now,
        changed_at=now,
        lines=tuple(
            Line(
                line_id(order_id, i + 1),
                line.sku,
                line.name,
                line.merchant_id,
                line.quantity,
                line.unit_price,
                line.discount,
                line.tax,
                shares[i],
                merchant_order_id=merchant_orders[line.merchant_id].id if merchant_orders else None,
            )
            for i, line in enumerate(lines)
        ),
        merchant_orders=tuple(merchant_orders.values()),
        deliver_to=deliver_to,
        payment_method=payment_method,
        channel=channel,
        external_reference=external_reference,
    )
    # Before discounts: then none of the sums that anybody is shown is larger either.
    if order.total + sum(line.discount for line in lines) > money.LARGEST:
        return (Problem(("lines",), "The order's total is larger than any amount that can be recorded."),)
    if expected_total is not None and expected_total != order.total:
        is_, should = (money.text(x, currency) for x in (order.total, expected_total))
        return (Problem(("total",), f"The lines and shipping add up to {is_} {currency}, not {should}."),)
    return order


def _wrong_lines(lines: Sequence[DraftLine]) -> list[Problem]:
    if not lines:
        return [Problem(("lines",), "An order needs at least one line.")]
    if len(lines) > MOST_LINES:
        return [Problem(("lines",), f"An order has at most {MOST_LINES} lines; this one has {len(lines)}.")]
    return [
        Problem(("lines", str(i), *problem.path), problem.message)
        for i, line in enumerate(lines)
        for problem in wrong_line(line)
    ]


def wrong_line(line: DraftLine) -> Iterator[Problem]:
    """Yield what is wrong with a line by itself, each with the part of it that it is about."""
    countable = 0 < line.quantity <= MOST_PIECES
    if not countable:
        yield Problem(("quantity",), f"Quantity must be between 1 and {MOST_PIECES}.")
    amounts = {"unit_price": line.unit_price, "discount": line.discount, "tax": line.tax}
    negative = [name for name, amount in amounts.items() if amount < 0]
    yield from (Problem((name,), "An amount cannot be negative.") for name in negative)
    # Otherwise it is not the discount that is wrong.
    if countable and not negative and line.discount > line.quantity * line.unit_price:
        yield Problem(("discount",), "A discount cannot be larger than what it is taken off.")
    for name, text in (("sku", line.sku), ("name", line.name)):
        if not text.strip():
            yield Problem((name,), "This cannot be empty.")


def _wrong_shipping(lines: Sequence[DraftLine], shipping: Mapping[str, int]) -> list[Problem]:
    selling = Counter(line.merchant_id for line in lines)
    found: list[Problem] = []
    for merchant, amount in shipping.items():
        if merchant not in selling:
            found.append(Problem(("shipping", merchant), f"No line of this order is sold by {merchant!r}."))
        if amount < 0:
            found.append(Problem(("shipping", merchant), "An amount cannot be negative."))
    return found
