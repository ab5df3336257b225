"""Named questions about an order and an event. When one says no, its text is what is read by who asked."""

from datetime import date, timedelta

from domain import money
from domain.moment import Moment, guard
from domain.order import RefundStatus
from domain.payments import due


def _ago(moment: Moment) -> str:
    closed = moment.position.since + moment.order.policies.window(
        "cancellation_window", moment.unit.merchant_id
    )
    return spell(moment.now - closed)


def spell(length: timedelta) -> str:
    """Spell a length of time in its largest whole unit: "3 days", "1 hour", "20 seconds"."""
    seconds = max(0, int(length.total_seconds()))
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size or size == 1:
            count = seconds // size
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    raise AssertionError("unreachable")


def _due(moment: Moment) -> str:
    return _amount(moment, due(moment.order))


def _refundable(moment: Moment) -> str:
    return _amount(moment, moment.line.refundable)


def _kept(moment: Moment) -> str:
    return _amount(moment, moment.line.refundable + moment.line.reserved)


def _amount(moment: Moment, minor: int) -> str:
    return money.spelled(minor, moment.order.currency)


@guard("{due} are still to be paid; record that payment first.", due=_due)
def fully_paid(moment: Moment) -> bool:
    """Is the order paid in full?"""
    return due(moment.order) == 0


@guard("The cancellation window closed {ago} ago; ask the marketplace.", ago=_ago)
def inside_cancellation_window(moment: Moment) -> bool:
    """Is the cancellation window still open?"""
    window = moment.order.policies.window("cancellation_window", moment.unit.merchant_id)
    return moment.now < moment.position.since + window


@guard("At most {left} can be refunded on this line.", left=_refundable)
def refundable(moment: Moment) -> bool:
    """Is that amount (or anything, when none is named) still refundable on the line?"""
    amount = moment.input.get("amount")
    asked = amount if isinstance(amount, int) else moment.line.refundable
    return 0 < asked <= moment.line.refundable


@guard("{left} of this line can still be refunded or are on their way back; close it after that.", left=_kept)
def nothing_refundable(moment: Moment) -> bool:
    """Is nothing left to refund, and no refund on its way?"""
    return moment.line.refundable == 0 and moment.line.reserved == 0


@guard("A refund of this line is still on its way; close it once that is confirmed or refused.")
def no_refund_pending(moment: Moment) -> bool:
    """Is no refund on its way?"""
    return moment.line.reserved == 0


@guard("This line has no such refund on its way.")
def refund_pending(moment: Moment) -> bool:
    """Is the refund named by the input (or any, when none is named) on its way for this line?"""
    return any(
        moment.input.get("refund") in (None, refund.id)
        and refund.line_id == moment.unit.id
        and refund.status is RefundStatus.PENDING
        for refund in moment.order.refunds
    )


@guard("The refund waits for the payment provider.")
def provider_confirms_at_once(moment: Moment) -> bool:
    """Is a refund on its way that the built-in payment provider pays out at once?"""
    built_in = moment.order.policies.value("payment_provider", moment.unit.merchant_id) == "built_in"
    return built_in and moment.line.reserved > 0


@guard("The return window closed; the line can no longer be returned.")
def inside_return_window(moment: Moment) -> bool:
    """Is the return window still open?"""
    window = moment.order.policies.window("return_window", moment.unit.merchant_id)
    return moment.now < moment.position.since + window


@guard(
    "A delivery cannot be dated in the future; it is {today} (UTC) today.",
    today=lambda m: m.now.date().isoformat(),
)
def not_in_the_future(moment: Moment) -> bool:
    """Is the day of delivery today or earlier?"""
    day = moment.input.get("delivered_on")
    # A day ahead is allowed: it may already be tomorrow where the merchant is.
    return not isinstance(day, date) or day <= moment.now.date() + timedelta(days=1)
