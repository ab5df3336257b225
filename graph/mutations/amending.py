"""Changes of the lines of a merchant order that is not invoiced yet, and what one would lead to."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.amending import amended
from domain.order import MerchantOrder
from domain.outcome import Outcome
from domain.refusal import Refusal
from graph.errors import OrderError
from graph.inputs import WHAT
from graph.mutations.amendment import AmendmentCommand, added_stock, malformed, paths, read
from graph.mutations.given import given, too_long
from graph.mutations.one_merchant_order import on_merchant_order, why
from graph.mutations.one_order import change_order as change
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.seen import Seen
from graph.viewer import Info, viewer_in


@strawberry.input(description="How to change the lines of a merchant order, and why.")
class ChangeOrderInput(AmendmentCommand):
    reason: str = strawberry.field(description="Why.")


@strawberry.type(description="What became of changing a merchant order.")
class ChangeOrderPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Changes quantities of a merchant order's lines, removes lines or adds some, as far as they "
    "are not invoiced. What becomes less is refunded, what becomes more is to be paid; the stock follows. "
    "For the roles MARKETPLACE and MERCHANT. `previewChange` says what it would lead to."
)
async def change_order(info: Info, input: Annotated[ChangeOrderInput, WHAT]) -> ChangeOrderPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE, Role.MERCHANT)
    reason = str(given(input).get("reason", ""))

    def operation(seen: Seen, theirs: MerchantOrder, now: datetime) -> Outcome | list[OrderError]:
        amendment = read(seen, theirs, input, reason)
        if isinstance(amendment, list):
            return amendment
        answer = amended(seen.process, seen.order, theirs.id, amendment, viewer.actor, now)
        if isinstance(answer, Refusal):
            return [why(seen, theirs, answer, paths(seen, theirs, input))]
        return answer

    answer = await change(
        info,
        viewer,
        input,
        on_merchant_order(input, operation),
        (*malformed(input), *too_long(input)),
        added_stock(input),
    )
    return lines_changed(ChangeOrderPayload, viewer, answer)
