"""Another merchant for what a merchant canceled."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.order import MerchantOrder, Order
from domain.outcome import Outcome
from domain.policies import PolicyValue
from domain.reassigning import change_merchant as change
from domain.refusal import Refusal
from graph.errors import OrderError, invalid, not_found
from graph.inputs import WHAT, OrderCommand
from graph.mutations.decision import Answer, Decision, refused
from graph.mutations.given import too_long
from graph.mutations.one_merchant_order import why
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.texts import trimmed
from graph.mutations.units import merchant_order_named
from graph.mutations.why_not import FAILURES, from_failure
from graph.seen import Seen
from graph.viewer import Info, Viewer, viewer_in

_AT = {"merchant": ("merchantId",)}
"""Which part of the input each rule is about."""


@strawberry.input(description="Which merchant order goes to another merchant, to whom and why.")
class ChangeMerchantInput(OrderCommand):
    merchant_order: strawberry.ID = strawberry.field(description="The merchant order that was canceled.")
    merchant_id: str = strawberry.field(
        description="The id of the merchant that takes the lines over; it must have no part of the order yet."
    )
    reason: str | None = strawberry.field(default=None, description="Why.")


@strawberry.type(description="What became of changing the merchant.")
class ChangeMerchantPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Gives the lines of a merchant order that its merchant canceled to another merchant, as a "
    "merchant order of its own, while the policy change_seller_window gives time for it. Prices and payment "
    "stay. For the role MARKETPLACE."
)
async def change_merchant(info: Info, input: Annotated[ChangeMerchantInput, WHAT]) -> ChangeMerchantPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE)
    merchant_id = input.merchant_id
    own = await _policies(viewer, merchant_id)
    if isinstance(own, OrderError):
        return lines_changed(ChangeMerchantPayload, viewer, Answer(errors=(own,)))
    reason = trimmed(input.reason)

    def decide(seen: Seen, now: datetime) -> Decision:
        theirs = merchant_order_named(seen, input.merchant_order)
        if theirs is None:
            return refused(seen.order, not_found("merchant order", "merchantOrder"))
        answer = change(seen.process, seen.order, theirs.id, merchant_id, own, reason, viewer.actor, now)
        if isinstance(answer, Refusal):
            return refused(seen.order, why(seen, theirs, answer, _AT))
        return Decision(_of_heir(answer, theirs))

    def stock(order: Order) -> set[tuple[str, str]]:
        return {(merchant_id, line.sku) for line in order.lines}

    answer = await change_order(info, viewer, input, decide, too_long(input), more_stock=stock)
    return lines_changed(ChangeMerchantPayload, viewer, answer)


async def _policies(viewer: Viewer, merchant_id: str) -> Mapping[str, PolicyValue] | OrderError:
    """The policies of this merchant, or that there is none."""
    try:
        found = await viewer.services.merchants.get_many([merchant_id])
    except FAILURES as failure:
        return from_failure(failure)
    if merchant_id not in found:
        return invalid(f"There is no merchant {merchant_id!r}.", "merchantId")
    return found[merchant_id].policies


def _of_heir(outcome: Outcome, theirs: MerchantOrder) -> Outcome:
    """The same, told of the new merchant order, which has the lines now."""
    old = outcome.order.merchant_order(theirs.id)
    assert old is not None
    assert old.replaced_by, "its lines were taken over, now or before"
    heir = (old.replaced_by,)
    return replace(outcome, moved=heir if outcome.moved else (), already=heir if outcome.already else ())
