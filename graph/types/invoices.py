"""Invoices of a merchant order; each type shows no more than its viewer sees."""

from datetime import datetime

import strawberry

from domain.invoices import Invoice as DomainInvoice
from graph.types.enums import InvoiceType
from graph.types.ids import LINE, encode
from graph.types.money import Money, money_of
from graph.types.tracking import Tracking, tracking_view, whole_tracking_view


@strawberry.type(description="Pieces of one line on an invoice.")
class InvoiceLine:
    line: strawberry.ID = strawberry.field(description="The id of the line.")
    quantity: int = strawberry.field(description="How many pieces.")
    unit_price: Money = strawberry.field(description="The price of one piece on the invoice.")


@strawberry.type(description="An invoice as the merchant and the marketplace see it.")
class Invoice:
    number: str = strawberry.field(description="Its number, unique in the merchant order.")
    type: InvoiceType = strawberry.field(description="Whether it sells goods or takes them back.")
    value: Money = strawberry.field(description="What it comes to.")
    issued_at: datetime = strawberry.field(description="The time that stands on it.")
    recorded_at: datetime = strawberry.field(description="When it came in.")
    lines: list[InvoiceLine] = strawberry.field(description="What is on it.")
    key: str | None = strawberry.field(description="The key under which an authority knows it.")
    url: str | None = strawberry.field(description="Where it can be read.")
    courier: str | None = strawberry.field(description="Who carries its goods, as it was issued.")
    tracking_number: str | None = strawberry.field(description="The courier's number, as it was issued.")
    tracking_url: str | None = strawberry.field(description="Where to follow its goods, as it was issued.")
    tracking: Tracking | None = strawberry.field(
        description="What was told of its goods since; null: nothing."
    )


@strawberry.type(description="An invoice as the customer sees it.")
class CustomerInvoice:
    number: str = strawberry.field(description="Its number.")
    type: InvoiceType = strawberry.field(description="Whether it sells goods or takes them back.")
    value: Money = strawberry.field(description="What it comes to.")
    issued_at: datetime = strawberry.field(description="The time that stands on it.")
    url: str | None = strawberry.field(description="Where it can be read.")
    tracking: Tracking | None = strawberry.field(
        description="Where its goods are; null: nothing is known of them."
    )


@strawberry.type(description="An invoice as carriers and warehouses see it: what they track goods by.")
class LogisticsInvoice:
    number: str = strawberry.field(description="Its number, unique in the merchant order.")
    type: InvoiceType = strawberry.field(description="Whether it sells goods or takes them back.")
    issued_at: datetime = strawberry.field(description="The time that stands on it.")
    tracking: Tracking | None = strawberry.field(
        description="Where its goods are; null: nothing is known of them."
    )


def invoice_view(invoice: DomainInvoice, currency: str) -> Invoice:
    """Return one invoice with all that is on it."""
    return Invoice(
        number=invoice.number,
        type=invoice.type,
        value=money_of(invoice.value, currency),
        issued_at=invoice.issued_at,
        recorded_at=invoice.recorded_at,
        lines=[
            InvoiceLine(
                line=encode(LINE, line.line_id),
                quantity=line.quantity,
                unit_price=money_of(line.unit_price, currency),
            )
            for line in invoice.lines
        ],
        key=invoice.key,
        url=invoice.url,
        courier=invoice.courier,
        tracking_number=invoice.tracking_number,
        tracking_url=invoice.tracking_url,
        tracking=tracking_view(invoice.tracking),
    )


def customer_invoice_view(invoice: DomainInvoice, currency: str) -> CustomerInvoice:
    """Return one invoice as the customer sees it."""
    return CustomerInvoice(
        number=invoice.number,
        type=invoice.type,
        value=money_of(invoice.value, currency),
        issued_at=invoice.issued_at,
        url=invoice.url,
        tracking=whole_tracking_view(invoice),
    )


def logistics_invoice_view(invoice: DomainInvoice) -> LogisticsInvoice:
    """Return one invoice as carriers and warehouses see it."""
    return LogisticsInvoice(
        number=invoice.number,
        type=invoice.type,
        issued_at=invoice.issued_at,
        tracking=whole_tracking_view(invoice),
    )
