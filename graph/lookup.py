"""Finding what a viewer names: an order by a selector, anything by its id. None for whatever it may not see.

Unknown, malformed and somebody else's are one and the same answer.
"""

from domain.actors import Role
from domain.order import Line, Order
from graph.merchant.order import MerchantOrder, merchant_order_view
from graph.observing import about
from graph.seen import seen_by
from graph.types.ids import LINE, MERCHANT_ORDER, decode, decode_as
from graph.types.node import Node
from graph.types.selector import OrderSelector
from graph.viewer import Viewer
from graph.views import line_view_of, view_of


async def find_order(viewer: Viewer, selector: OrderSelector) -> Order | None:
    """Return the order that the selector names and of which the viewer sees something, or None."""
    orders = viewer.services.orders
    if selector.id is not None:
        return await find_by_id(viewer, selector.id)
    if selector.reference is not None:
        return _shown(viewer, await orders.find(viewer.scope, reference=selector.reference))
    # Those who ship are not told what the marketplace's callers name their orders, so they find none by that.
    if selector.external_reference is not None and viewer.role not in (Role.MERCHANT, Role.LOGISTICS):
        named = selector.external_reference
        return _shown(viewer, await orders.find(viewer.scope, external_reference=named))
    return None


def _shown(viewer: Viewer, order: Order | None) -> Order | None:
    """The order, if anything in it exists for the viewer: a carrier sees none before it is sent."""
    if order is None or not seen_by(viewer, order).units:
        return None
    about(order.id)
    return order


async def find_by_id(viewer: Viewer, global_id: str) -> Order | None:
    """Return the order on which this viewer reads this id, or None."""
    local = decode_as(viewer.order_type, global_id)
    if local is None:
        return None
    order = _shown(viewer, await viewer.services.orders.find(viewer.scope, id=local))
    # A merchant's part has an id of its own, the only one that is good for it.
    return order if order is not None and seen_by(viewer, order).global_id == global_id else None


async def find_node(viewer: Viewer, global_id: str) -> Node | None:
    """Return what the viewer knows by this id: an order, a line, a merchant order; or None."""
    type_name, local = decode(global_id) or ("", "")
    if type_name == LINE:
        found = await find_line(viewer, global_id)
        return line_view_of(viewer, *found) if found else None
    if type_name == MERCHANT_ORDER and viewer.role is Role.MARKETPLACE:
        return await _merchant_order(viewer, local)
    order = await find_by_id(viewer, global_id)
    return view_of(viewer, order) if order else None


async def _merchant_order(viewer: Viewer, local: str) -> MerchantOrder | None:
    # A merchant order's id begins with its order's (domain.numbering.merchant_order_id).
    order = await viewer.services.orders.find(viewer.scope, id=local.rpartition("-")[0])
    seen = seen_by(viewer, order) if order else None
    theirs = next((m for m in seen.merchant_orders if m.id == local), None) if seen else None
    if seen is None or theirs is None:
        return None
    about(seen.order.id)
    return merchant_order_view(seen.part(theirs))


async def find_line(viewer: Viewer, global_id: str) -> tuple[Order, Line] | None:
    """Return the line with this id, with its order, or None."""
    local = decode_as(LINE, global_id)
    if local is None:
        return None
    # A line's id begins with its order's (domain.numbering.line_id).
    order = await viewer.services.orders.find(viewer.scope, id=local.rpartition("-")[0])
    line = line_of(viewer, order, global_id) if order else None
    if order is None or line is None:
        return None
    about(order.id)
    return order, line


def line_of(viewer: Viewer, order: Order, global_id: str) -> Line | None:
    """Return the line of this order with this id if it exists for the viewer, or None."""
    local = decode_as(LINE, global_id)
    return next((line for line in seen_by(viewer, order).lines if line.id == local), None)
