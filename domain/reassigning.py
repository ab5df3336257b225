"""Another merchant takes over the lines of a merchant order whose own merchant canceled it. Pure.

Source: seed on the store flows, "Window to change seller"; design, store processes, "Marketplace machine".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain import policies
from domain.actors import Actor
from domain.engine import fire
from domain.numbering import next_merchant_order
from domain.order import Input, MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.policies import Policies, PolicyValue
from domain.process import Process
from domain.refusal import Refusal, RefusalCode, refusal
from domain.stock import Standing
from domain.stocking import released

CHANGE_SELLER = "change_seller"


def change_merchant(
    process: Process,
    order: Order,
    unit_id: str,
    merchant_id: str,
    own_policies: Mapping[str, PolicyValue],
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> Outcome | Refusal:
    """Give the lines of this merchant order to another merchant, as a new merchant order of the same order.

    The lines keep their ids, prices, shipping and money; nothing is claimed of the new merchant's stock yet.
    `own_policies` are the new merchant's settings, of which those that a merchant may have are stamped on the
    order. The old merchant order stays and names the one that replaced it; the new one starts like one that
    was just placed. A merchant takes part in an order only once (rule "merchant"). The same merchant again
    changes nothing.
    """
    given: Input = {"merchant": merchant_id} | ({"internal_reason": reason} if reason else {})
    intent = Intent(CHANGE_SELLER, unit_id, process.first, actor, given)
    old = order.merchant_order(unit_id)
    position = old.positions.get(process.first) if old else None
    if old is None or position is None:
        return fire(process, order, intent, now)
    heir = order.merchant_order(old.replaced_by) if old.replaced_by else None
    if heir is not None:
        if heir.merchant_id == merchant_id:
            return Outcome(order, already=(unit_id,))
        sentence = f"Merchant {heir.merchant_id} has taken its lines over already."
        return refusal(RefusalCode.GUARD_FAILED, sentence, "merchant", position, CHANGE_SELLER)
    if not process.move(old, process.first, CHANGE_SELLER, actor.role):
        return fire(process, order, intent, now)
    if any(theirs.merchant_id == merchant_id for theirs in order.merchant_orders):
        sentence = f"Merchant {merchant_id} has a part of this order already; choose another one."
        return refusal(RefusalCode.GUARD_FAILED, sentence, "merchant", position, CHANGE_SELLER)
    stamped = _stamped(process, order.policies, merchant_id, own_policies)
    return fire(process, replace(_handed_over(order, old, merchant_id, now), policies=stamped), intent, now)


def _handed_over(order: Order, old: MerchantOrder, merchant_id: str, now: datetime) -> Order:
    new = next_merchant_order(order, merchant_id, now)
    moving = order.lines_of(old)
    order = released(order, old, moving)  # usually they are already, as the old merchant canceled
    kept = tuple(
        replace(theirs, replaced_by=new.id) if theirs.id == old.id else theirs
        for theirs in order.merchant_orders
    )
    taken = (
        replace(line, merchant_id=merchant_id, merchant_order_id=new.id, stock=Standing.NONE, payable=True)
        for line in moving
    )
    return replace(order, merchant_orders=(*kept, new)).with_lines(taken)


def _stamped(
    process: Process, stamped: Policies, merchant_id: str, own: Mapping[str, PolicyValue]
) -> Policies:
    """The order's policies with those of one more merchant; what else is stamped never changes."""
    more = policies.stamp(process.policies.values(), {}, {merchant_id: own}).merchants
    return replace(stamped, merchants={**stamped.merchants, **more})
