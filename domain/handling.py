"""What is noted on a merchant order as it is approved, authorized, handled and packed. Pure.

Source: seed on the store flows, seller and complete flow.
"""

from dataclasses import replace
from datetime import datetime

from domain.moment import Moment, change, guard
from domain.order import MerchantOrder, Order, Unit


def payment_approved(_: Order, unit: Unit) -> datetime | None:
    """Return when the merchant order's payment was approved; None: not yet."""
    return unit.approved_at if isinstance(unit, MerchantOrder) else None


def at_risk(theirs: MerchantOrder) -> bool:
    """Say whether its merchant authorized itself what is neither approved nor canceled."""
    return theirs.overridden_at is not None and theirs.approved_at is None and theirs.cancellation is None


@guard("Where it is delivered and how it is paid is not known yet; complete the order first.")
def data_complete(moment: Moment) -> bool:
    """Is it known where the order goes and how it is paid?"""
    return moment.order.deliver_to is not None and bool(moment.order.payment_method)


@guard("It is not packed yet.")
def packed(moment: Moment) -> bool:
    """Has the merchant said that it is packed?"""
    return moment.merchant_order.packed


@change
def note_sent(moment: Moment) -> Order:
    """When it was sent to its merchant is noted; before that it does not exist for the merchant."""
    return moment.order.with_unit(replace(moment.merchant_order, sent_at=moment.now))


@change
def note_approval(moment: Moment) -> Order:
    """When its payment was approved is noted; the cancellation window counts from then."""
    theirs = moment.merchant_order
    return moment.order.with_unit(replace(theirs, approved_at=theirs.approved_at or moment.now))


@change
def note_override(moment: Moment) -> Order:
    """That the merchant authorized it itself, at its own risk, is noted for the marketplace to see."""
    return moment.order.with_unit(replace(moment.merchant_order, overridden_at=moment.now))


@change
def note_handling(moment: Moment) -> Order:
    """When handling started is noted."""
    return moment.order.with_unit(replace(moment.merchant_order, handled_at=moment.now))


@change
def note_packed(moment: Moment) -> Order:
    """That it is packed is noted."""
    return moment.order.with_unit(replace(moment.merchant_order, packed=True))


@change
def note_unpacked(moment: Moment) -> Order:
    """With an invoice what was packed is gone; the rest is packed anew."""
    return moment.order.with_unit(replace(moment.merchant_order, packed=False))
