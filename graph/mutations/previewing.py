"""What a change of the lines of a merchant order would lead to. It writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.amending import Preview, preview
from domain.order import Order
from domain.outcome import Outcome
from domain.refusal import Refusal
from graph.errors import OrderError, not_found
from graph.inputs import WHAT
from graph.lookup import find_order
from graph.mutations.amendment import AmendmentCommand, added_stock, malformed, paths, read
from graph.mutations.one_merchant_order import meant, why
from graph.mutations.why_not import FAILURES, from_failure
from graph.seen import Seen, seen_by
from graph.types.money import Money, money_of
from graph.viewer import Info, Viewer, viewer_in

_REASON = "preview"
"""Every change needs one; this one is written nowhere."""


@strawberry.input(description="Which change of a merchant order's lines to look at.")
class PreviewChangeInput(AmendmentCommand):
    pass


@strawberry.type(description="What a change would lead to; nothing was written.")
class PreviewChangePayload:
    before: Money | None = strawberry.field(description="The merchant order's total now; null: see errors.")
    after: Money | None = strawberry.field(description="Its total after the change; null: see errors.")
    to_refund: Money | None = strawberry.field(
        description="What would go back to whoever paid, or be let go of; null: see errors."
    )
    to_pay: Money | None = strawberry.field(
        description="What would then be left to pay for it; null: see errors."
    )
    missing_stock: list[str] = strawberry.field(
        description="The product codes of which there would not be enough in stock."
    )
    errors: list[OrderError] = strawberry.field(description="Why the change is not possible.")


@strawberry.mutation(
    description="Says what `changeOrder` with the same lines would lead to, and writes nothing: no key, and "
    "no version but the expected one, plays a part. For the roles MARKETPLACE and MERCHANT."
)
async def preview_change(info: Info, input: Annotated[PreviewChangeInput, WHAT]) -> PreviewChangePayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE, Role.MERCHANT)
    if problems := list(malformed(input)):
        return _impossible(problems)
    try:
        return await _preview(viewer, input)
    except FAILURES as failure:
        return _impossible([from_failure(failure)])


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What was found out; an outcome without entries is not written."""

    outcome: Outcome
    found: Preview | list[OrderError]


async def _preview(viewer: Viewer, sent: PreviewChangeInput) -> PreviewChangePayload:
    order = await find_order(viewer, sent.order)
    if order is None:
        return _impossible([not_found("order", "order")])

    def decide(order: Order, now: datetime) -> _Foreseen:
        return _Foreseen(Outcome(order), _foresee(seen_by(viewer, order), sent, now))

    # By the way of changes, because only those read what is in stock together with the order.
    changed = await viewer.services.orders.change(
        order.id, decide, expected_version=sent.expected_version, more_stock=added_stock(sent)
    )
    assert changed.decision is not None, "without a key nothing is answered again"
    found = changed.decision.found
    if isinstance(found, list):
        return _impossible(found)
    return PreviewChangePayload(
        before=money_of(found.before, order.currency),
        after=money_of(found.after, order.currency),
        to_refund=money_of(found.to_refund, order.currency),
        to_pay=money_of(found.to_pay, order.currency),
        missing_stock=list(found.short),
        errors=[],
    )


def _foresee(seen: Seen, sent: PreviewChangeInput, now: datetime) -> Preview | list[OrderError]:
    theirs = meant(seen, sent)
    if isinstance(theirs, OrderError):
        return [theirs]
    amendment = read(seen, theirs, sent, _REASON)
    if isinstance(amendment, list):
        return amendment
    answer = preview(seen.process, seen.order, theirs.id, amendment, seen.viewer.actor, now)
    return [why(seen, theirs, answer, paths(seen, theirs, sent))] if isinstance(answer, Refusal) else answer


def _impossible(errors: list[OrderError]) -> PreviewChangePayload:
    return PreviewChangePayload(
        before=None, after=None, to_refund=None, to_pay=None, missing_stock=[], errors=errors
    )
