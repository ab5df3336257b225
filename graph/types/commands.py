"""What the payment provider was asked to do, for those who book money."""

from datetime import datetime

import strawberry

from domain.commands import Command as DomainCommand
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
    about: str | None = strawberry.field(description="The number of the invoice that it is for.")
    answer: str | None = strawberry.field(description="What the provider said.")


def command_view(command: DomainCommand, currency: str) -> Command:
    """Return one command as the API shows it."""
    return Command(
        id=encode(COMMAND, command.id),
        kind=command.kind,
        merchant_order=encode(MERCHANT_ORDER, command.unit),
        amount=money_of(command.amount, currency),
        status=command.status,
        asked_at=command.asked_at,
        settled_at=command.settled_at,
        attempt=command.attempt,
        idempotency_key=command.key,
        about=command.about,
        answer=command.answer,
    )
