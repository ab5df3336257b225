"""The part of an order that one merchant sends, as carriers and warehouses see it. No money."""

from datetime import datetime

import strawberry

from domain.order import MerchantOrder
from graph.seen import Seen
from graph.types.actions import AvailableAction, action_views
from graph.types.addresses import Address, address_view
from graph.types.ids import LINE, MERCHANT_ORDER, encode
from graph.types.invoices import LogisticsInvoice, logistics_invoice_view
from graph.types.states import PartyState, portal_state_view
from graph.types.status import Status, status_view


@strawberry.type(description="A merchant order as carriers and warehouses see it.")
class LogisticsMerchantOrder:
    id: strawberry.ID = strawberry.field(description="For mutations that are about one merchant order.")
    reference: str = strawberry.field(description="The reference that its merchant reads.")
    merchant_id: str = strawberry.field(description="The merchant that sends it.")
    status: Status | None = strawberry.field(description="What its merchant reads about it; null: nothing.")
    state: PartyState | None = strawberry.field(
        description="Where the machine stands that the merchant follows, where merchant orders are what "
        "moves; else null."
    )
    handled_at: datetime | None = strawberry.field(description="When handling started; null: not yet.")
    packed: bool = strawberry.field(description="It is packed and waits for its invoice.")
    deliver_to: Address | None = strawberry.field(description="Where it is shipped, where that is known.")
    lines: list[strawberry.ID] = strawberry.field(description="The ids of its lines.")
    invoices: list[LogisticsInvoice] = strawberry.field(description="Its invoices, as they came in.")
    seen: strawberry.Private[Seen]
    source: strawberry.Private[MerchantOrder]

    @strawberry.field(description="What the viewer may do with it, or why it cannot now.")
    async def available_actions(self) -> list[AvailableAction]:
        return action_views(self.seen.process, await self.seen.actions([self.source]))


def logistics_merchant_order_view(seen: Seen, theirs: MerchantOrder) -> LogisticsMerchantOrder:
    """Return one merchant order as carriers and warehouses see it."""
    return LogisticsMerchantOrder(
        seen=seen,
        source=theirs,
        id=encode(MERCHANT_ORDER, theirs.id),
        reference=theirs.reference,
        merchant_id=theirs.merchant_id,
        status=status_view(seen.part(theirs).status()),
        state=portal_state_view(seen.process, theirs),
        handled_at=theirs.handled_at,
        packed=theirs.packed,
        deliver_to=address_view(seen.order.deliver_to),
        lines=[encode(LINE, line.id) for line in seen.order.lines_of(theirs)],
        invoices=[logistics_invoice_view(each) for each in theirs.invoices],
    )
