"""The schema's type Mutation, put together: what people do. Each mutation stands in `graph.mutations`."""

from collections.abc import Sequence
from typing import Any

from strawberry.tools import create_type

from graph.mutations.amending import change_order
from graph.mutations.canceling import cancel, cancel_lines
from graph.mutations.clock import advance_test_clock
from graph.mutations.commands import acknowledge_command, retry_command
from graph.mutations.completing import complete_order
from graph.mutations.demo_checkout import demo_checkout
from graph.mutations.denying import change_payment, deny_payment
from graph.mutations.firing import fire_event
from graph.mutations.fulfilling import (
    accept_order,
    authorize_fulfillment,
    confirm_handling,
    pack,
    pass_authorization,
    retry_stock,
    start_handling,
)
from graph.mutations.importing import import_order_status, import_payments, stop_import
from graph.mutations.invoicing import add_invoice
from graph.mutations.leasing import lease_commands
from graph.mutations.merchants import register_merchant
from graph.mutations.moving import close_lines, deliver_lines, send_to_merchant, ship_lines
from graph.mutations.paying import record_payment
from graph.mutations.placing import place_order
from graph.mutations.policies import update_policies
from graph.mutations.previewing import preview_change
from graph.mutations.reassigning import change_merchant
from graph.mutations.refunding import refund_lines
from graph.mutations.requesting import (
    approve_cancellation,
    confirm_cancellation,
    deny_cancellation,
    request_cancellation,
)
from graph.mutations.returning import receive_return, reject_return, request_return, ship_back
from graph.mutations.revoking import revoke_tokens
from graph.mutations.settling import confirm_refund, refuse_refund
from graph.mutations.stock import restock, set_stock
from graph.mutations.tracking import update_tracking
from graph.mutations.unmet import NotesRefusals

_DESCRIPTION = "What people do. What cannot be done comes back among the errors of a payload."

_EVERYWHERE: Sequence[Any] = (
    place_order,
    complete_order,
    record_payment,
    deny_payment,
    change_payment,
    cancel,
    cancel_lines,
    request_cancellation,
    approve_cancellation,
    deny_cancellation,
    confirm_cancellation,
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
    accept_order,
    authorize_fulfillment,
    pass_authorization,
    retry_stock,
    start_handling,
    confirm_handling,
    pack,
    change_merchant,
    add_invoice,
    update_tracking,
    change_order,
    preview_change,
    set_stock,
    restock,
    lease_commands,
    acknowledge_command,
    retry_command,
    fire_event,
    import_order_status,
    import_payments,
    stop_import,
    register_merchant,
    update_policies,
    revoke_tokens,
)
_IN_DEVELOPMENT: Sequence[Any] = (advance_test_clock, demo_checkout)


for _field in (*_EVERYWHERE, *_IN_DEVELOPMENT):
    _field.extensions.append(NotesRefusals())


def _mutation(fields: Sequence[Any]) -> type:
    return create_type("Mutation", list(fields), description=_DESCRIPTION)


Mutation = _mutation((*_EVERYWHERE, *_IN_DEVELOPMENT))
"""Everything, the demo's checkout and the test clock included: the schema that is exported."""

ProductionMutation = _mutation(_EVERYWHERE)
"""The same without what production must not have."""
