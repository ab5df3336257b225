"""Payments: money that came in for an order."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.paying import record_payment as record
from domain.refusal import Refusal
from graph.errors import GuardFailed, OrderError, invalid
from graph.inputs import WHAT, OrderCommand
from graph.mutations.amounts import other_currency, read_amount
from graph.mutations.decision import Decision, refused
from graph.mutations.one_order import change_order
from graph.mutations.payloads import OrderChanged, order_changed
from graph.seen import Seen
from graph.types.money import MoneyInput
from graph.viewer import Info, viewer_in

_LONGEST = 200
_AT = {"due": "amount", "payment_reference": "reference"}
"""Which part of the input each rule is about."""


@strawberry.input(description="A payment that came in.")
class RecordPaymentInput(OrderCommand):
    amount: MoneyInput = strawberry.field(
        description="How much came in, in the order's currency: more than nothing, at most what is due."
    )
    reference: str = strawberry.field(
        description="The payer's or provider's own name for the payment; unique in the order. Recorded again "
        "with the same amount, it changes nothing."
    )
    captured: bool = strawberry.field(
        default=False,
        description="The money is in already, such as a bank transfer. It makes a difference only where "
        "money is captured with the invoices.",
    )


@strawberry.type(description="What became of recording a payment.")
class RecordPaymentPayload(OrderChanged):
    pass


@strawberry.mutation(
    description="Records money that came in. Several payments may add up; once nothing is due any more, the "
    "order is paid. For the roles PAYMENTS and MARKETPLACE."
)
async def record_payment(info: Info, input: Annotated[RecordPaymentInput, WHAT]) -> RecordPaymentPayload:
    viewer = viewer_in(info.context, Role.PAYMENTS, Role.MARKETPLACE)
    amount = read_amount(input.amount, "amount")
    reference = input.reference.strip()
    problems: list[OrderError] = [amount] if isinstance(amount, OrderError) else []
    if not 0 < len(reference) <= _LONGEST:
        problems.append(invalid(f"A reference has 1 to {_LONGEST} characters.", "reference"))

    def decide(seen: Seen, now: datetime) -> Decision:
        if foreign := other_currency(seen.order, input.amount, "amount"):
            return refused(seen.order, foreign)
        assert isinstance(amount, int), "checked before anything was decided"
        answer = record(
            seen.process, seen.order, reference, amount, viewer.actor, now, captured=input.captured
        )
        if isinstance(answer, Refusal):
            return refused(seen.order, _error(answer))
        return Decision(answer)

    answer = await change_order(info, viewer, input, decide, problems)
    return order_changed(RecordPaymentPayload, viewer, answer)


def _error(refusal: Refusal) -> OrderError:
    return GuardFailed(
        message=refusal.message,
        path=[_AT[refusal.rule]] if refusal.rule in _AT else [],
        rule=refusal.rule,
        state=refusal.state,
        event=refusal.event,
    )
