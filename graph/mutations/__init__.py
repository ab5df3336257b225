"""What people do, one file per mutation or close family; here they become the schema's type Mutation."""

from collections.abc import Sequence
from typing import Any

from strawberry.tools import create_type

from graph.mutations.canceling import cancel, cancel_lines
from graph.mutations.clock import advance_test_clock
from graph.mutations.demo_checkout import demo_checkout
from graph.mutations.firing import fire_event
from graph.mutations.merchants import register_merchant
from graph.mutations.moving import close_lines, deliver_lines, send_to_merchant, ship_lines
from graph.mutations.paying import record_payment
from graph.mutations.placing import place_order
from graph.mutations.policies import update_policies
from graph.mutations.refunding import refund_lines
from graph.mutations.returning import receive_return, reject_return, request_return, ship_back
from graph.mutations.settling import confirm_refund, refuse_refund

__all__ = ["Mutation", "ProductionMutation"]

_DESCRIPTION = "What people do. What cannot be done comes back among the errors of a payload."

_EVERYWHERE: Sequence[Any] = (
    place_order,
    record_payment,
    cancel,
    cancel_lines,
    send_to_merchant,
    ship_lines,
    deliver_lines,
    close_lines,
    refund_lines,
    confirm_refund,
    refuse_refund,
    request_return,
    receive_return,
    reject_return,
    ship_back,
    fire_event,
    register_merchant,
    update_policies,
)
_IN_DEVELOPMENT: Sequence[Any] = (advance_test_clock, demo_checkout)


def _mutation(fields: Sequence[Any]) -> type:
    return create_type("Mutation", list(fields), description=_DESCRIPTION)


Mutation = _mutation((*_EVERYWHERE, *_IN_DEVELOPMENT))
"""Everything, the demo's checkout and the test clock included: the schema that is exported."""

ProductionMutation = _mutation(_EVERYWHERE)
"""The same without what production must not have."""
