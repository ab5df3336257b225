"""Commands to the payment provider: what it did with them, and asking once more for what it refused."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import strawberry

from domain.acknowledging import acknowledge_command as acknowledge
from domain.acknowledging import retry_command as retry
from domain.actors import Role
from domain.outcome import Outcome
from domain.refusal import Refusal
from graph.errors import GuardFailed, OrderError, not_found
from graph.inputs import WHAT, OrderCommand
from graph.mutations.decision import Decision, refused
from graph.mutations.one_order import change_order
from graph.mutations.payloads import OrderChanged, order_changed
from graph.mutations.texts import trimmed, wrong_texts
from graph.seen import Seen
from graph.types.enums import describe
from graph.types.ids import COMMAND, decode_as
from graph.viewer import Info, viewer_in

Payload = TypeVar("Payload", bound=OrderChanged)

_TEXTS = {"answer": 1000}


class CommandResult(StrEnum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"


describe(
    CommandResult,
    "What the payment provider did with a command.",
    {
        CommandResult.DONE: "It was done: the money moved, or was let go of.",
        CommandResult.REFUSED: "It did not move; somebody has to ask for it again.",
    },
)


@strawberry.input(description="Which command to the payment provider, of which order.")
class PaymentCommandInput(OrderCommand):
    command: strawberry.ID = strawberry.field(description="The command's id.")


@strawberry.input(description="What the payment provider did with a command.")
class AcknowledgeCommandInput(PaymentCommandInput):
    result: CommandResult = strawberry.field(description="Whether it was done.")
    answer: str | None = strawberry.field(default=None, description="What the provider said to it.")
    attempt: int | None = strawberry.field(
        default=None,
        description="Which attempt this is the answer to, the last one when left out: that an earlier one "
        "was refused changes nothing any more.",
    )


@strawberry.type(description="What became of acknowledging a command.")
class AcknowledgeCommandPayload(OrderChanged):
    pass


@strawberry.mutation(
    description="Says what the payment provider did with a command; what waits for it goes on. The same "
    "again changes nothing. For the roles PAYMENTS and MARKETPLACE."
)
async def acknowledge_command(
    info: Info, input: Annotated[AcknowledgeCommandInput, WHAT]
) -> AcknowledgeCommandPayload:
    def take_answer(seen: Seen, command_id: str, now: datetime) -> Outcome | Refusal:
        return acknowledge(
            seen.process,
            seen.order,
            command_id,
            done=input.result is CommandResult.DONE,
            answer=trimmed(input.answer),
            actor=seen.viewer.actor,
            now=now,
            attempt=input.attempt,
        )

    problems = tuple(wrong_texts(input, _TEXTS))
    return await _on_command(info, input, AcknowledgeCommandPayload, take_answer, problems)


@strawberry.input(description="Which refused command to ask for again.")
class RetryCommandInput(PaymentCommandInput):
    pass


@strawberry.type(description="What became of asking for a command again.")
class RetryCommandPayload(OrderChanged):
    pass


@strawberry.mutation(
    description="Asks the payment provider once more for what it refused, as a new attempt. For the roles "
    "PAYMENTS and MARKETPLACE."
)
async def retry_command(info: Info, input: Annotated[RetryCommandInput, WHAT]) -> RetryCommandPayload:
    def ask_again(seen: Seen, command_id: str, now: datetime) -> Outcome | Refusal:
        return retry(seen.process, seen.order, command_id, seen.viewer.actor, now)

    return await _on_command(info, input, RetryCommandPayload, ask_again)


async def _on_command(
    info: Info,
    sent: PaymentCommandInput,
    payload: type[Payload],
    operation: Callable[[Seen, str, datetime], Outcome | Refusal],
    problems: tuple[OrderError, ...] = (),
) -> Payload:
    viewer = viewer_in(info.context, Role.PAYMENTS, Role.MARKETPLACE)

    def decide(seen: Seen, now: datetime) -> Decision:
        local = decode_as(COMMAND, sent.command)
        if local is None or all(command.id != local for command in seen.order.commands):
            return refused(seen.order, not_found("command", "command"))
        answer = operation(seen, local, now)
        return refused(seen.order, _error(answer)) if isinstance(answer, Refusal) else Decision(answer)

    return order_changed(payload, viewer, await change_order(info, viewer, sent, decide, problems))


def _error(refusal: Refusal) -> OrderError:
    return GuardFailed(
        message=refusal.message,
        path=["command"],
        rule=refusal.rule,
        state=refusal.state,
        event=refusal.event,
    )
