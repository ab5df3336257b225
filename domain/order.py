"""An order as a value: lines, merchant orders, payments, refunds, deadlines and where every machine stands.

Immutable; knows nothing of processes, storage or the API. Amounts are minor units of the order's currency.
Design: product ("Words"), storage ("One order, one document").
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from domain.actors import Actor, Audience, Party
from domain.cancellations import Cancellation, CancellationRequest
from domain.commands import Ask, Command
from domain.invoices import Invoice
from domain.policies import Policies
from domain.stock import Restock, Shelf, Standing

Value = str | int | bool | date
Input = Mapping[str, Value]
"""What came along with an event: reason, carrier, tracking_number, expected_delivery, amount …"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which state's label an audience reads: the last state that had one for it."""

    party: Party
    state: str


Readings = Mapping[Audience, Reading]


@dataclass(frozen=True, slots=True)
class Before:
    """What a move can go back to: the state, from when its times count, and what was read then."""

    state: str
    since: datetime
    reads: Readings


@dataclass(frozen=True, slots=True)
class Position:
    """Where one party's machine stands: the state, since when, and which event by whom put it there.

    `event` and `actor` are those of the request that set the whole step in motion, so that a repeated
    request is recognised. `before` is what a later denial goes back to; once it has gone back, its times
    count from `counts_from`, not from `since`.
    """

    machine: str
    state: str
    since: datetime
    event: str
    actor: str
    before: Before | None = None
    counts_from: datetime | None = None


Positions = Mapping[Party, Position]


@dataclass(frozen=True, slots=True)
class Shipment:
    """What the merchant said when it shipped; every part may be missing."""

    carrier: str | None = None
    tracking_number: str | None = None
    expected_delivery: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One product × quantity sold by one merchant. `discount`, `tax`, `shipping` are for the whole line.

    `payable`: a payment is still expected for it (no longer once it was cancelled unpaid). `approved` is what
    the payer has agreed to where money is captured only with the invoice. `stock` is where it stands with its
    merchant's stock. A quantity of 0: it was removed, and stays for its share of shipping.
    """

    id: str
    sku: str
    name: str
    merchant_id: str
    quantity: int
    unit_price: int
    discount: int = 0
    tax: int = 0
    shipping: int = 0
    approved: int = 0
    captured: int = 0
    refunded: int = 0
    reserved: int = 0
    payable: bool = True
    stock: Standing = Standing.NONE
    merchant_order_id: str | None = None
    split_from: str | None = None
    shipment: Shipment | None = None
    delivered_on: date | None = None
    positions: Positions = field(default_factory=dict[Party, Position])
    reads: Readings = field(default_factory=dict[Audience, Reading])

    @property
    def items(self) -> int:
        """Quantity times unit price."""
        return self.quantity * self.unit_price

    @property
    def total(self) -> int:
        """What the customer pays for this line, its share of shipping included."""
        return self.items - self.discount + self.tax + self.shipping

    @property
    def due(self) -> int:
        """What is still to be paid for this line."""
        return self.total - max(self.approved, self.captured)

    @property
    def expected_delivery(self) -> date | None:
        """When the merchant expects it to arrive, once it said so."""
        return self.shipment.expected_delivery if self.shipment else None

    @property
    def refundable(self) -> int:
        """What was captured for this line and is neither refunded nor on its way back."""
        return self.captured - self.refunded - self.reserved


@dataclass(frozen=True, slots=True)
class MerchantOrder:
    """The part of an order that one merchant fulfils. Its lines name it; its totals are their sums.

    `sent_at`: when it was sent to its merchant, where that is noted. `approved_at`: when its payment was
    approved. `overridden_at`: when its merchant authorized it without that, at its own risk. `handled_at`:
    when handling started. `packed`: it waits for its invoice, packed. `replaced_by`: the merchant order that
    took its lines over.
    """

    id: str
    reference: str
    merchant_id: str
    created_at: datetime
    sent_at: datetime | None = None
    approved_at: datetime | None = None
    overridden_at: datetime | None = None
    handled_at: datetime | None = None
    packed: bool = False
    invoices: tuple[Invoice, ...] = ()
    requests: tuple[CancellationRequest, ...] = ()
    cancellation: Cancellation | None = None
    restocks: tuple[Restock, ...] = ()
    replaced_by: str | None = None
    positions: Positions = field(default_factory=dict[Party, Position])
    reads: Readings = field(default_factory=dict[Audience, Reading])


Unit = Line | MerchantOrder


@dataclass(frozen=True, slots=True)
class Customer:
    """Who bought: the id that its token carries, and what people search by."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where the goods go. `country` is an ISO 3166 code."""

    recipient: str
    street: str
    postal_code: str
    city: str
    country: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in. `reference` is the payer's or provider's own and unique in the order.

    `captured`: the money is in already, where payments are otherwise only approved and captured later.
    """

    reference: str
    amount: int
    at: datetime
    by: str
    captured: bool = False


class RefundStatus(StrEnum):
    """A refund is asked for, then confirmed or refused by whoever pays it out."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money going back for one line: reserved while pending, booked when confirmed, released when refused."""

    id: str
    line_id: str
    amount: int
    status: RefundStatus
    asked_at: datetime
    settled_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A move that the clock will fire. `id` is unique in the order and names the command that fires it."""

    id: str
    unit: str
    party: Party
    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the history. `unit` is None where it concerns the whole order, `party` and `target` where no
    machine moved, `source` where a machine started.

    `cause` is the seq of the entry that pulled this one along.
    """

    seq: int
    at: datetime
    unit: str | None
    party: Party | None
    source: str | None
    target: str | None
    event: str
    actor: Actor
    cause: int | None = None
    reason: str | None = None
    input: Input = field(default_factory=dict[str, Value])


@dataclass(frozen=True, slots=True)
class Order:
    """One marketplace order. `seq` is the number of its last history entry, `version` of its last write.

    `deliver_to` and `payment_method` may be missing while it is incomplete. `shelf` is what its merchants had
    in stock when it was read; like the time it comes from outside and is not stored with it.
    """

    id: str
    reference: str
    version: int
    seq: int
    process: str
    process_version: int
    policies: Policies
    currency: str
    customer: Customer
    placed_at: datetime
    changed_at: datetime
    lines: tuple[Line, ...]
    merchant_orders: tuple[MerchantOrder, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    commands: tuple[Command, ...] = ()
    deliver_to: Address | None = None
    payment_method: str | None = None
    channel: str = "default"
    external_reference: str | None = None
    shelf: Shelf = field(default_factory=dict[tuple[str, str], int], compare=False, repr=False)
    asks: Mapping[str, Ask] = field(default_factory=dict[str, Ask], compare=False, repr=False)

    def line(self, line_id: str) -> Line | None:
        """Return the line with this id, or None."""
        return next((line for line in self.lines if line.id == line_id), None)

    def unit(self, unit_id: str) -> Unit | None:
        """Return the line or merchant order with this id, or None."""
        return self.line(unit_id) or self.merchant_order(unit_id)

    def with_unit(self, unit: Unit, deadlines: tuple[Deadline, ...] | None = None) -> "Order":
        """Return the order with this line or merchant order in place of the one with the same id, and with
        these deadlines where they are given.
        """
        due = self.deadlines if deadlines is None else deadlines
        if isinstance(unit, Line):
            lines = tuple(unit if line.id == unit.id else line for line in self.lines)
            return replace(self, lines=lines, deadlines=due)
        merchant_orders = tuple(unit if m.id == unit.id else m for m in self.merchant_orders)
        return replace(self, merchant_orders=merchant_orders, deadlines=due)

    def merchant_order(self, id: str) -> MerchantOrder | None:
        """Return the merchant order with this id, or None."""
        return next((theirs for theirs in self.merchant_orders if theirs.id == id), None)

    def lines_of(self, unit: Unit | str) -> tuple[Line, ...]:
        """Return the lines that this merchant order (or the one with this id) fulfils; of a line itself."""
        if isinstance(unit, Line):
            return (unit,)
        id = unit if isinstance(unit, str) else unit.id
        return tuple(line for line in self.lines if line.merchant_order_id == id)

    def total_of(self, unit: Unit | str) -> int:
        """Return what the customer pays for these lines."""
        return sum(line.total for line in self.lines_of(unit))

    def with_lines(self, lines: Iterable[Line]) -> "Order":
        """Return the order with these lines in place of those with the same ids."""
        new = {line.id: line for line in lines}
        return replace(self, lines=tuple(new.get(line.id, line) for line in self.lines))

    @property
    def total(self) -> int:
        """What the customer pays in all."""
        return sum(line.total for line in self.lines)

    @property
    def approved(self) -> int:
        """What the payer has agreed to in all, where money is captured with the invoice."""
        return sum(line.approved for line in self.lines)

    @property
    def captured(self) -> int:
        """What was paid in all; always the sum over the lines."""
        return sum(line.captured for line in self.lines)

    @property
    def refunded(self) -> int:
        """What was paid back in all."""
        return sum(line.refunded for line in self.lines)

    @property
    def reserved(self) -> int:
        """What is on its way back."""
        return sum(line.reserved for line in self.lines)
