"""What moves change in an order besides its states. Pure, named, process-neutral."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from domain.moment import Moment, change
from domain.numbering import next_merchant_order
from domain.order import Line, Order, Refund, RefundStatus, Shipment


@change
def stop_payments(moment: Moment) -> Order:
    """No payment is expected for it any more."""
    return moment.order.with_lines(replace(line, payable=False) for line in moment.lines)


@change
def split_order(moment: Moment) -> Order:
    """The line goes to its merchant's order, which is created with its own reference when it is the first."""
    order, line = moment.order, moment.line
    theirs = next((m for m in order.merchant_orders if m.merchant_id == line.merchant_id), None)
    if theirs is None:
        theirs = next_merchant_order(order, line.merchant_id, moment.now)
        order = replace(order, merchant_orders=(*order.merchant_orders, theirs))
    return order.with_unit(replace(line, merchant_order_id=theirs.id))


@change
def record_shipment(moment: Moment) -> Order:
    """Carrier, tracking number and expected delivery are kept with the line."""
    given = moment.input
    shipment = Shipment(
        _text(given.get("carrier")),
        _text(given.get("tracking_number")),
        _date(given.get("expected_delivery")),
    )
    return moment.order.with_unit(replace(moment.line, shipment=shipment))


@change
def record_delivery(moment: Moment) -> Order:
    """The day of delivery is kept with the line; today when none is named."""
    day = _date(moment.input.get("delivered_on")) or moment.now.date()
    return moment.order.with_unit(replace(moment.line, delivered_on=day))


@change
def ask_refund(moment: Moment) -> Order:
    """Money is reserved for the refund: the amount named, or all that is still refundable on the line."""
    order, line = moment.order, moment.line
    named = moment.input.get("amount")
    amount = named if isinstance(named, int) else line.refundable
    refund = Refund(
        f"{order.id}-r{len(order.refunds) + 1}",
        line.id,
        amount,
        RefundStatus.PENDING,
        moment.now,
        reason=_text(moment.input.get("reason")),
    )
    order = replace(order, refunds=(*order.refunds, refund))
    return order.with_unit(replace(line, reserved=line.reserved + amount))


@change
def book_refund(moment: Moment) -> Order:
    """The refund is paid out: what was reserved is refunded."""
    return _settle_refunds(
        moment,
        RefundStatus.CONFIRMED,
        lambda line, amount: replace(line, reserved=line.reserved - amount, refunded=line.refunded + amount),
    )


@change
def release_refund(moment: Moment) -> Order:
    """The refund was not paid out: what was reserved is refundable again."""
    return _settle_refunds(
        moment,
        RefundStatus.REFUSED,
        lambda line, amount: replace(line, reserved=line.reserved - amount),
    )


def _settle_refunds(moment: Moment, status: RefundStatus, book: Callable[[Line, int], Line]) -> Order:
    """Settle the refund named by the input or, without one, all that are on their way for the line."""
    named = moment.input.get("refund")
    settled = {
        refund.id: replace(refund, status=status, settled_at=moment.now)
        for refund in moment.order.refunds
        if refund.line_id == moment.unit.id
        and refund.status is RefundStatus.PENDING
        and named in (None, refund.id)
    }
    line = book(moment.line, sum(refund.amount for refund in settled.values()))
    refunds = tuple(settled.get(refund.id, refund) for refund in moment.order.refunds)
    return replace(moment.order, refunds=refunds).with_unit(line)


def _text(value: object) -> str | None:
    return str(value) if value else None


def _date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
