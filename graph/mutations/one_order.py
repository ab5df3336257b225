"""The way of every mutation that changes one order: find it for the viewer, decide, write, answer.

What is decided comes in as a pure function. Nothing is raised for what a client can do something about.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from domain.order import Order
from domain.stocking import Key
from graph.errors import OrderError, not_found
from graph.idempotency import command_key
from graph.inputs import OrderCommand
from graph.lookup import find_order
from graph.mutations.decision import Answer, Decide, Decision, decided, kept, replayed
from graph.mutations.why_not import FAILURES, from_failure
from graph.seen import seen_by
from graph.types.selector import OrderSelector
from graph.viewer import Info, Viewer
from storage import metering
from storage.changing import no_more
from storage.idempotency import CommandKey

MoreStock = Callable[[Order], Iterable[Key]]
"""Which stock, besides that of its own products, a change of this order may take from."""


async def change_order(
    info: Info,
    viewer: Viewer,
    sent: OrderCommand,
    decide: Decide,
    problems: Iterable[OrderError] = (),
    more_stock: MoreStock = no_more,
) -> Answer:
    """Carry out what `decide` says on the order that the input names; nothing if the input has `problems`."""
    found = list(problems)
    key = command_key(viewer.principal, info, sent)
    if isinstance(key, OrderError):
        found.append(key)
        key = None
    if found:
        return Answer(errors=tuple(found))
    try:
        return await _change(viewer, sent, decide, key, more_stock)
    except FAILURES as failure:
        return await _failed(viewer, sent.order, from_failure(failure))


async def _change(
    viewer: Viewer, sent: OrderCommand, decide: Decide, key: CommandKey | None, more_stock: MoreStock
) -> Answer:
    order = await find_order(viewer, sent.order)
    if order is None:
        return Answer(errors=(not_found("order", "order"),))

    def decision(order: Order, now: datetime) -> Decision:
        return decide(seen_by(viewer, order), now)

    changed = await viewer.services.orders.change(
        order.id,
        decision,
        key=key,
        expected_version=sent.expected_version,
        reply=kept,
        more_stock=more_stock,
    )
    if changed.decision is not None:
        _count(changed.order, changed.decision, viewer)
        return decided(changed.order, changed.decision)
    assert changed.replayed is not None, "without a decision there is an earlier reply"
    return replayed(changed.order, changed.replayed)


def _count(order: Order, decision: Decision, viewer: Viewer) -> None:
    for error in decision.errors:
        if event := getattr(error, "event", None):
            metering.refused(order, event, error.code.value)
    for unit_id in decision.outcome.already:
        metering.already(order, unit_id, viewer.actor.id)


async def _failed(viewer: Viewer, selector: OrderSelector, error: OrderError) -> Answer:
    """The order as it is now comes along, so that the client can decide again."""
    try:
        return Answer(await find_order(viewer, selector), errors=(error,))
    except FAILURES:
        return Answer(errors=(error,))
