"""What payment systems, carriers and warehouses can ask."""

from typing import Annotated

import strawberry

from domain.commands import Command as DomainCommand
from domain.order import Order
from graph.integrations.logistics_order import LogisticsOrder, logistics_order_view
from graph.integrations.payments_order import PaymentsOrder, payments_order_view
from graph.lookup import find_order
from graph.seen import seen_by
from graph.types.amounts import Refund, refund_view
from graph.types.commands import Command, command_view
from graph.types.enums import CommandKind, CommandStatus, RefundStatus
from graph.types.paging import check_page
from graph.types.selector import OrderSelector
from graph.viewer import Viewer
from storage.lists import OrderBy, Where

By = Annotated[OrderSelector, strawberry.argument(description="Which.")]


@strawberry.type(description="A refund, with the order that it is for.")
class OrderRefund:
    order: PaymentsOrder = strawberry.field(description="The order.")
    refund: Refund = strawberry.field(description="The refund.")


@strawberry.type(description="A command to the payment provider, with the order that it is for.")
class OrderCommand:
    order: PaymentsOrder = strawberry.field(description="The order.")
    command: Command = strawberry.field(description="The command.")


def order_command_view(viewer: Viewer, order: Order, command: DomainCommand) -> OrderCommand:
    """Return a command of this order as a payment system sees it."""
    return OrderCommand(
        order=payments_order_view(seen_by(viewer, order)), command=command_view(command, order)
    )


@strawberry.type(name="PaymentsIntegration", description="A payment system's part of the API.")
class PaymentsQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(description="One order; null: there is none of that name.")
    async def order(self, by: By) -> PaymentsOrder | None:
        order = await find_order(self.viewer, by)
        return payments_order_view(seen_by(self.viewer, order)) if order else None

    @strawberry.field(
        description="Refunds that stand here, the oldest orders' first. Pending ones are to be paid out."
    )
    async def refunds(
        self,
        status: Annotated[
            RefundStatus, strawberry.argument(description="Where they stand.")
        ] = RefundStatus.PENDING,
        first: Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")] = 50,
    ) -> list[OrderRefund]:
        check_page(first)
        orders = self.viewer.services.orders
        # Each order found has at least one.
        page = await orders.page(self.viewer.scope, Where(refund=status), OrderBy.PLACED_AT_ASC, first=first)
        found = [
            OrderRefund(
                order=payments_order_view(seen_by(self.viewer, order)),
                refund=refund_view(refund, order.currency),
            )
            for order in page.items
            for refund in order.refunds
            if refund.status is status
        ]
        return found[:first]

    @strawberry.field(
        description="Commands to the payment provider that stand here, the oldest orders' first, to look at. "
        "To carry them out take them by `leaseCommands` or by the subscription `commands`: what is only "
        "read here, others may be carrying out."
    )
    async def commands(
        self,
        status: Annotated[
            CommandStatus, strawberry.argument(description="Where they stand.")
        ] = CommandStatus.PENDING,
        kind: Annotated[
            CommandKind | None, strawberry.argument(description="What is to be done; else all of it.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")] = 50,
    ) -> list[OrderCommand]:
        check_page(first)
        orders = self.viewer.services.orders
        where = Where(command=(kind, status))
        page = await orders.page(self.viewer.scope, where, OrderBy.PLACED_AT_ASC, first=first)
        found = [
            order_command_view(self.viewer, order, command)
            for order in page.items
            for command in order.commands
            if command.status is status and kind in (None, command.kind)
        ]
        return found[:first]


@strawberry.type(name="LogisticsIntegration", description="A carrier's or warehouse's part of the API.")
class LogisticsQuery:
    viewer: strawberry.Private[Viewer]

    @strawberry.field(
        description="One order, or with a token for one merchant its merchant order; null: there is none."
    )
    async def order(self, by: By) -> LogisticsOrder | None:
        order = await find_order(self.viewer, by)
        return logistics_order_view(seen_by(self.viewer, order)) if order else None
