"""From a cart to a placed order: merchants known, policies stamped, stored once. Whoever sends the cart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strawberry.utils.str_converters import to_camel_case

from domain.drafts import DraftLine, draft
from domain.order import Address, Customer, Order
from domain.policies import stamp
from domain.problem import Problem
from domain.processes import DEFAULT_PROCESS, latest
from graph.errors import OrderError, invalid
from graph.idempotency import command_key
from graph.mutations.decision import Answer
from graph.mutations.why_not import FAILURES, from_failure
from graph.observing import about
from graph.viewer import Info, Viewer
from storage.idempotency import CommandKey

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What is bought. Amounts in minor units; `shipping` per merchant, in the order in which it was sent.

    Without a `process` it is the one that the marketplace has chosen for all.
    """

    currency: str
    customer: Customer
    lines: Sequence[DraftLine]
    shipping: Mapping[str, int]
    channel: str = "default"
    external_reference: str | None = None
    total: int | None = None
    process: str | None = None
    deliver_to: Address | None = None
    payment_method: str | None = None


async def place(info: Info, viewer: Viewer, sent: "DataclassInstance", cart: Cart) -> Answer:
    """Place the order once, however often the same input comes under the same key."""
    key = command_key(viewer.principal, info, sent)
    if isinstance(key, OrderError):
        return Answer(errors=(key,))
    try:
        return await _place(viewer, cart, key)
    except FAILURES as failure:
        return Answer(errors=(from_failure(failure),))


async def _place(viewer: Viewer, cart: Cart, key: CommandKey | None) -> Answer:
    services = viewer.services
    settings = await services.settings.marketplace_policies()
    name = cart.process or str(settings.get(DEFAULT_PROCESS.name, DEFAULT_PROCESS.default))
    process = latest(name)
    if process is None:
        return Answer(errors=(invalid(f"There is no process {name!r}.", "process"),))
    merchants = await services.merchants.get_many(line.merchant_id for line in cart.lines)
    unknown = [
        invalid(f"There is no merchant {line.merchant_id!r}.", "lines", str(i), "merchantId")
        for i, line in enumerate(cart.lines)
        if line.merchant_id not in merchants
    ]
    if unknown:
        return Answer(errors=tuple(unknown))
    policies = stamp(
        process.policies.values(),
        settings,
        {id: merchant.policies for id, merchant in merchants.items()},
    )
    drafted = draft(
        process,
        policies,
        order_id="draft",  # storage gives ids and references
        reference="",
        currency=cart.currency,
        customer=cart.customer,
        lines=cart.lines,
        shipping=cart.shipping,
        now=await viewer.now(),
        channel=cart.channel,
        external_reference=cart.external_reference,
        expected_total=cart.total,
        deliver_to=cart.deliver_to,
        payment_method=cart.payment_method,
    )
    if not isinstance(drafted, Order):
        return Answer(errors=tuple(_error(problem, cart) for problem in drafted))
    placed = await services.orders.place(drafted, process, viewer.actor, key)
    about(placed.order.id)
    return Answer(placed.order, replayed=placed.replayed)


def _error(problem: Problem, cart: Cart) -> OrderError:
    path = [to_camel_case(name) for name in problem.path]
    if path[0] == "shipping":
        path[1] = str(list(cart.shipping).index(problem.path[1]))
    return invalid(problem.message, *path)
