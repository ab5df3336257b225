"""What the payment provider was asked to do, for those who book money."""

from datetime import datetime

import strawberry

from domain.commands import Command as DomainCommand
from domain.commands import due_at
from domain.order import Order
from graph.types.enums import CommandKind, CommandStatus
from graph.types.ids import COMMAND, MERCHANT_ORDER, encode
from graph.types.money import Money, money_of


@strawberry.type(description="One thing that the payment provider is to do for a merchant order.")
class Command:
    id: strawberry.ID = strawberry.field(description="For `acknowledgeCommand` and `retryCommand`.")
    kind: CommandKind = strawberry.field(description="What it is to do.")
    merchant_order: strawberry.ID = strawberry.field(description="The merchant order whose money it is.")
    amount: Money = strawberry.field(description="How much.")
    status: CommandStatus = strawberry.field(description="Where it stands.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    settled_at: datetime | None = strawberry.field(description="When it was done or refused.")
    attempt: int = strawberry.field(description="The number of the attempt; grows when it is asked again.")
    idempotency_key: str = strawberry.field(
        description="The key to send to the provider, one per attempt, so that nothing is done twice."
    )
    deliveries: int = strawberry.field(
        description="How often it was given out since it became pending; 0 when it is not."
    )
    leased_until: datetime | None = strawberry.field(
        description="Until then it is for the one alone whom it was given to last; null: it is nobody's."
    )
    next_at: datetime | None = strawberry.field(
        description="When it is due, unless an answer comes before; null: it is not pending."
    )
    booked_attempt: int | None = strawberry.field(
        description="The attempt that was done and is booked; null: none is, or its answer named none."
    )
    done_again: list[int] = strawberry.field(
        description="Attempts that the provider has done besides the one that was booked: the money moved "
        "twice, and somebody has to take it back. Empty once they are acknowledged as refused."
    )
    about: str | None = strawberry.field(description="The number of the invoice that it is for.")
    answer: str | None = strawberry.field(description="What the provider said last.")


def command_view(command: DomainCommand, order: Order) -> Command:
    """Return one command of this order as the API shows it."""
    ask = order.asks.get(command.id)
    pending = command.status is CommandStatus.PENDING
    answer = ask.answer if ask and command.answer is None else command.answer
    return Command(
        id=encode(COMMAND, command.id),
        kind=command.kind,
        merchant_order=encode(MERCHANT_ORDER, command.unit),
        amount=money_of(command.amount, order.currency),
        status=command.status,
        asked_at=command.asked_at,
        settled_at=command.settled_at,
        attempt=command.attempt,
        idempotency_key=command.key,
        deliveries=ask.deliveries if ask else 0,
        leased_until=ask and ask.leased_until,
        next_at=due_at(command, order.asks) if pending else None,
        booked_attempt=command.done_attempt,
        done_again=list(command.done_again),
        about=command.about,
        answer=answer,
    )
