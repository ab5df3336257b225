"""A toy that is handled and invoiced, and invoices for it. No shop runs it; it has one idea: invoices."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.actors import Actor, Audience, Party, Role
from domain.engine import fire, place
from domain.handling import note_handling
from domain.invoiced import (
    fully_invoiced,
    has_invoice,
    invoiceable,
    invoiced,
    left_to_invoice,
    nothing_invoiced,
)
from domain.invoices import Invoice, InvoiceLine, InvoiceType
from domain.invoicing import add_invoice
from domain.moment import Moment, guard
from domain.order import Line, MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.process import STAY, Move, UnitKind
from domain.refusal import Refusal
from domain.words import auto, no, on
from tests.builders import NOW, actor, line, order
from tests.toys import MERCHANT, SELLER, SHOP, mkt, mrc, st, toy

LATER = NOW + timedelta(hours=1)
THEIRS = "o1-m1"
LOGISTICS = Role.LOGISTICS


@guard("None or all of it is invoiced.")
def partly_invoiced(moment: Moment) -> bool:
    """Is some of it on Output invoices, and some of it left to invoice?"""
    theirs = moment.merchant_order
    return invoiced(theirs) > 0 and left_to_invoice(moment.order, theirs) > 0


INVOICE = on(
    "invoice",
    by=(SELLER, LOGISTICS),
    to="invoice",
    if_=invoiceable,
    needs=("invoice", "value"),
    takes=("type",),
)
TRACK = on(
    "update_tracking",
    by=(SELLER, LOGISTICS),
    to=STAY,
    if_=has_invoice,
    needs=("invoice",),
    takes=("tracking_number", "delivered"),
)


def _take_back(role: Role) -> Move:
    return on("take_back", by=(role,), to=STAY, needs=("invoice", "value"), takes=("type",))


INVOICING = toy(
    mkt("placed", placed=st(auto("send", to="sent", starts=(MERCHANT,))), sent=st(_take_back(SHOP))),
    mrc(
        "ready",
        ready=st(INVOICE, on("start_handling", by=(SELLER,), to="handling", does=(note_handling,))),
        handling=st(
            INVOICE,
            TRACK,
            on("cancel", by=(SELLER,), to="canceled", if_=nothing_invoiced),
            on("finish", by=(SELLER,), to="invoice", if_=fully_invoiced),
        ),
        invoice=st(
            auto("settle", to="invoiced", if_=fully_invoiced),
            auto("invoice_more", to="handling", if_=partly_invoiced),
            locked=True,
        ),
        invoiced=st(TRACK, _take_back(SELLER)),
        canceled=st(no("invoice", by=(SELLER,), because="It was canceled; do not send it.")),
    ),
    unit=UnitKind.MERCHANT_ORDER,
    reads={**dict.fromkeys(Audience, (Party.MARKETPLACE,)), Audience.MERCHANT_PORTAL: (MERCHANT,)},
)
"""The merchant's machine handles and invoices; the marketplace's hands it over and may take back."""


def sold(*lines: Line, approved: int | None = None) -> Order:
    """One merchant order of these lines (of 3 pieces at 10.00 when none are given), ready to be handled.

    Every line is approved in full, or up to this amount.
    """
    here = tuple(
        replace(
            each,
            merchant_order_id=THEIRS,
            approved=each.total if approved is None else min(approved, each.total),
        )
        for each in lines or (line(quantity=3),)
    )
    start = order(*here, process=INVOICING)
    start = replace(start, merchant_orders=(MerchantOrder(THEIRS, "ORD-1-1", "m1", NOW, approved_at=NOW),))
    return place(INVOICING, start, actor(Role.CUSTOMER), NOW).order


def handled(*lines: Line, approved: int | None = None) -> Order:
    """The same, once handling has started."""
    return done(sold(*lines, approved=approved), "start_handling")


def done(here: Order, event: str) -> Order:
    """The order once its merchant has fired this event."""
    answer = fire(INVOICING, here, Intent(event, THEIRS, MERCHANT, actor(SELLER)), NOW)
    assert isinstance(answer, Outcome), answer
    return answer.order


def output(
    number: str = "7", value: int = 1000, pieces: dict[str, int] | None = None, unit_price: int = 1000
) -> Invoice:
    """An Output invoice of this value for these pieces of lines: for one piece of line 1 unless told."""
    found = tuple(
        InvoiceLine(line_id, quantity, unit_price)
        for line_id, quantity in ({"o1-1": 1} if pieces is None else pieces).items()
    )
    return Invoice(number, InvoiceType.OUTPUT, value, NOW, NOW, found)


def back(number: str = "R1", value: int = 1000, pieces: dict[str, int] | None = None) -> Invoice:
    """An Input invoice, likewise."""
    return replace(output(number, value, pieces), type=InvoiceType.INPUT)


def tried(here: Order, invoice: Invoice, by: Actor | None = None, now: datetime = LATER) -> Outcome | Refusal:
    """What comes of this invoice."""
    return add_invoice(INVOICING, here, THEIRS, invoice, by or actor(SELLER), now)


def refused(here: Order, invoice: Invoice, by: Actor | None = None) -> Refusal:
    """The refusal that this invoice meets."""
    answer = tried(here, invoice, by)
    assert isinstance(answer, Refusal), f"invoice {invoice.number} was taken"
    return answer


def taken(here: Order, *invoices: Invoice) -> Order:
    """The order with these invoices, each of which must be taken."""
    for invoice in invoices:
        answer = tried(here, invoice)
        assert isinstance(answer, Outcome), answer
        assert answer.entries, f"invoice {invoice.number} was there already"
        here = answer.order
    return here


def theirs(here: Order) -> MerchantOrder:
    """The merchant order as it stands now."""
    found = here.merchant_order(THEIRS)
    assert found is not None
    return found


def stands(here: Order, party: Party = MERCHANT) -> str:
    """Where a machine of the merchant order stands."""
    return theirs(here).positions[party].state
