"""The part of an order that one merchant fulfils, as the customer sees it. No states, no machines."""

import strawberry

from domain.order import MerchantOrder
from domain.status import status_of_merchant_order
from graph.seen import Seen
from graph.types.actions import AvailableAction, Deadline, action_views, deadline_views
from graph.types.cancellations import CustomerCancellationRequest, customer_request_view
from graph.types.ids import LINE, MERCHANT_ORDER, encode
from graph.types.invoices import CustomerInvoice, customer_invoice_view
from graph.types.status import Status, status_view


@strawberry.type(description="The part of a customer's order that one merchant fulfils.")
class CustomerMerchantOrder:
    id: strawberry.ID = strawberry.field(description="For mutations that are about one part of the order.")
    status: Status | None = strawberry.field(description="What the customer reads about it; null: nothing.")
    lines: list[strawberry.ID] = strawberry.field(description="The ids of its lines.")
    invoices: list[CustomerInvoice] = strawberry.field(description="Its invoices, as they came in.")
    cancellation_requests: list[CustomerCancellationRequest] = strawberry.field(
        description="Requests to cancel it, oldest first."
    )
    seen: strawberry.Private[Seen]
    source: strawberry.Private[MerchantOrder]

    @strawberry.field(description="The name of its merchant.")
    async def merchant_name(self) -> str:
        return await self.seen.viewer.merchant_name(self.source.merchant_id)

    @strawberry.field(description="What the customer may do with it, or why it cannot now.")
    async def available_actions(self) -> list[AvailableAction]:
        return action_views(self.seen.process, await self.seen.actions([self.source]))

    @strawberry.field(description="What the clock will do with it, earliest first.")
    def deadlines(self) -> list[Deadline]:
        return deadline_views(self.seen.order, self.seen.deadlines(self.source))


def customer_merchant_order_views(seen: Seen) -> list[CustomerMerchantOrder]:
    """Return the parts of an order as its customer sees them, without those that others took over."""
    return [_view(seen, theirs) for theirs in seen.merchant_orders if theirs.replaced_by is None]


def _view(seen: Seen, theirs: MerchantOrder) -> CustomerMerchantOrder:
    order = seen.order
    status = status_of_merchant_order(seen.process, order, theirs, seen.viewer.audience)
    return CustomerMerchantOrder(
        seen=seen,
        source=theirs,
        id=encode(MERCHANT_ORDER, theirs.id),
        status=status_view(status),
        lines=[encode(LINE, line.id) for line in order.lines_of(theirs)],
        invoices=[customer_invoice_view(each, order.currency) for each in theirs.invoices],
        cancellation_requests=[customer_request_view(each) for each in theirs.requests],
    )
