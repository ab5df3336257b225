"""What mutations of one merchant order have in common: which one is meant, and what an operation answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import strawberry

from domain.order import MerchantOrder
from domain.outcome import Intent, Outcome
from domain.refusal import Refusal, RefusalCode
from graph.errors import OrderError, invalid, not_found
from graph.inputs import OrderCommand
from graph.mutations.decision import Decide, Decision, refused
from graph.mutations.units import merchant_order_named
from graph.mutations.why_not import from_refusal
from graph.seen import Seen

FIELD = "merchantOrder"


@strawberry.input(description="A change of one merchant order.")
class MerchantOrderCommand(OrderCommand):
    merchant_order: strawberry.ID | None = strawberry.field(
        default=None,
        description="Which merchant order of it; may be left out where the viewer sees only one.",
    )


Operation = Callable[[Seen, MerchantOrder, datetime], Outcome | Sequence[OrderError]]
"""Pure. Errors are why nothing is done; then there is at least one."""

Paths = Mapping[str, tuple[str, ...]]
"""Which part of the input each rule is about; the merchant order where a rule is not in it."""


def on_merchant_order(sent: MerchantOrderCommand, operation: Operation) -> Decide:
    """Return how to decide: the operation on the merchant order that is meant."""

    def decide(seen: Seen, now: datetime) -> Decision:
        theirs = meant(seen, sent)
        if isinstance(theirs, OrderError):
            return refused(seen.order, theirs)
        answer = operation(seen, theirs, now)
        return Decision(answer) if isinstance(answer, Outcome) else refused(seen.order, *answer)

    return decide


def meant(seen: Seen, sent: MerchantOrderCommand) -> MerchantOrder | OrderError:
    """Return the merchant order that the input means, of those that exist for the viewer."""
    if sent.merchant_order is not None:
        named = merchant_order_named(seen, sent.merchant_order)
        return named or not_found("merchant order", FIELD)
    match seen.merchant_orders:
        case (only,):
            return only
        case ():
            return not_found("merchant order", FIELD)
        case several:
            found = f"This order has {len(several)} merchant orders; name the one that is meant."
            return invalid(found, FIELD)


def why(seen: Seen, theirs: MerchantOrder, refusal: Refusal, at: Paths) -> OrderError:
    """Return why an operation was refused, with the part of the input that it is about."""
    path = at.get(refusal.rule, (FIELD,))
    if refusal.code is RefusalCode.INPUT_INVALID:
        return invalid(refusal.message, *path)
    party = seen.process.party_for(theirs, seen.viewer.role, refusal.event)
    intent = Intent(refusal.event, theirs.id, party, seen.viewer.actor)
    # The operation may have asked another party's machine, whose state is not for everybody.
    stands = theirs.positions.get(party)
    refusal = replace(refusal, state=stands and stands.state)
    return from_refusal(seen.process, theirs, intent, refusal, path)
