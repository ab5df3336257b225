"""From an order of the domain to the type that its viewer sees. Which type that is, is decided here alone."""

from typing import assert_never

from domain.actors import Role
from domain.order import Line, Order
from graph.integrations.logistics_order import logistics_line_view, logistics_order_view
from graph.integrations.payments_order import payments_line_view, payments_order_view
from graph.marketplace.order import line_view, order_view
from graph.merchant.order import merchant_line_view, merchant_order_view
from graph.seen import Seen, seen_by
from graph.storefront.order import customer_line_view, customer_order_view
from graph.types.lines import LineView
from graph.types.orders import OrderView
from graph.viewer import Viewer


def view_of(viewer: Viewer, order: Order) -> OrderView:
    """Return what this viewer sees of an order. Raises LookupError for one outside its scope."""
    return view_in(seen_by(viewer, order))


def view_in(seen: Seen) -> OrderView:
    """Return what the viewer sees of the order that it looks at."""
    match seen.viewer.role:
        case Role.MARKETPLACE:
            return order_view(seen)
        case Role.MERCHANT:
            return merchant_order_view(seen)
        case Role.CUSTOMER:
            return customer_order_view(seen)
        case Role.PAYMENTS:
            return payments_order_view(seen)
        case Role.LOGISTICS:
            return logistics_order_view(seen)
        case Role.SYSTEM:
            raise AssertionError("no viewer has this role")
        case _:
            assert_never(seen.viewer.role)


def line_view_of(viewer: Viewer, order: Order, line: Line) -> LineView:
    """Return what this viewer sees of one line; it must be among those that exist for it."""
    return line_view_in(seen_by(viewer, order), line)


def line_view_in(seen: Seen, line: Line) -> LineView:
    """Return what the viewer sees of one line of the order that it looks at."""
    match seen.viewer.role:
        case Role.MARKETPLACE:
            return line_view(seen, line)
        case Role.MERCHANT:
            return merchant_line_view(seen, line)
        case Role.CUSTOMER:
            return customer_line_view(seen, line)
        case Role.PAYMENTS:
            return payments_line_view(seen, line)
        case Role.LOGISTICS:
            return logistics_line_view(seen, line)
        case Role.SYSTEM:
            raise AssertionError("no viewer has this role")
        case _:
            assert_never(seen.viewer.role)
