"""Commands to the payment provider: what it did with them, and asking once more for what it refused."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from domain.acknowledging import acknowledge_command as acknowledge
from domain.acknowledging import find_command, moved_twice
from domain.acknowledging import retry_command as retry
from domain.actors import Role
from domain.order import Order
from domain.outcome import Outcome
from domain.refusal import Refusal
from graph.errors import GuardFailed, OrderError, not_found
from graph.inputs import WHAT, OrderCommand
from graph.mutations.decision import Answer, Decision, refused
from graph.mutations.one_order import change_order
from graph.mutations.payloads import OrderChanged, order_changed
from graph.mutations.texts import trimmed, wrong_texts
from graph.mutations.why_not import FAILURES, from_failure
from graph.seen import Seen
from graph.types.enums import describe
from graph.types.ids import COMMAND, decode_as
from graph.viewer import Info, Viewer, viewer_in
from storage.leasing import Leasing

_TEXTS = {"answer": 1000}


class CommandResult(StrEnum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


describe(
    CommandResult,
    "What the payment provider did with a command.",
    {
        CommandResult.DONE: "It was done: the money moved, or was let go of.",
        CommandResult.REFUSED: "It did not move, or was taken back; somebody has to ask for it again.",
        CommandResult.UNKNOWN: "Nobody knows yet, such as after a timeout: whoever holds its lease gives it "
        "back, and it is due again after a pause, with the same key. Of others, and of what is done or "
        "refused, it changes nothing.",
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
        description="Which attempt this is the answer to, the last one when left out; always say it. That an "
        "earlier one was refused changes nothing any more; that it was done is booked. When another one is "
        "done besides, the money moved twice: that is refused here, and noted in `doneAgain`.",
    )


@strawberry.type(description="What became of acknowledging a command.")
class AcknowledgeCommandPayload(OrderChanged):
    pass


@strawberry.mutation(
    description="Says what the payment provider did with a command, also with one that was given up; what "
    "waits for it goes on. The same again changes nothing. For the roles PAYMENTS and MARKETPLACE."
)
async def acknowledge_command(
    info: Info, input: Annotated[AcknowledgeCommandInput, WHAT]
) -> AcknowledgeCommandPayload:
    def take_answer(seen: Seen, command_id: str, now: datetime) -> Outcome | Refusal:
        if input.result is CommandResult.UNKNOWN:
            command = find_command(
                seen.order, command_id, seen.viewer.actor, "acknowledge_command", input.attempt
            )
            return command if isinstance(command, Refusal) else Outcome(seen.order)
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

    def found_twice(order: Order, command_id: str) -> Refusal | None:
        done = input.result is CommandResult.DONE
        return moved_twice(order, command_id, input.attempt) if done else None

    viewer = viewer_in(info.context, Role.PAYMENTS, Role.MARKETPLACE)
    problems = tuple(wrong_texts(input, _TEXTS))
    answer = await _on_command(info, viewer, input, take_answer, problems, found_twice)
    if input.result is CommandResult.UNKNOWN and answer.order and not answer.errors:
        answer = await _put_off(viewer, answer.order, input)
    return order_changed(AcknowledgeCommandPayload, viewer, answer)


async def _put_off(viewer: Viewer, order: Order, sent: AcknowledgeCommandInput) -> Answer:
    """Give the caller's lease back, if it has it."""
    command = decode_as(COMMAND, sent.command)
    assert command, "there is this command"
    leasing = Leasing(viewer.services.orders)
    try:
        order = await leasing.put_off(order.id, command, sent.attempt, viewer.actor.id, trimmed(sent.answer))
    except FAILURES as failure:
        return Answer(order, errors=(from_failure(failure),))
    return Answer(order)


@strawberry.input(description="Which command to ask for again.")
class RetryCommandInput(PaymentCommandInput):
    pass


@strawberry.type(description="What became of asking for a command again.")
class RetryCommandPayload(OrderChanged):
    pass


@strawberry.mutation(
    description="Asks the payment provider once more. What it refused is a new attempt, with a new key. What "
    "was given up stays the same attempt with the same key, since nobody knows whether the money moved: "
    "under a new key it could move twice. For the roles PAYMENTS and MARKETPLACE."
)
async def retry_command(info: Info, input: Annotated[RetryCommandInput, WHAT]) -> RetryCommandPayload:
    def ask_again(seen: Seen, command_id: str, now: datetime) -> Outcome | Refusal:
        return retry(seen.process, seen.order, command_id, seen.viewer.actor, now)

    viewer = viewer_in(info.context, Role.PAYMENTS, Role.MARKETPLACE)
    return order_changed(RetryCommandPayload, viewer, await _on_command(info, viewer, input, ask_again))


def _fine(order: Order, command_id: str) -> None:
    """Nothing more is to be said about a command once it was changed."""


async def _on_command(
    info: Info,
    viewer: Viewer,
    sent: PaymentCommandInput,
    operation: Callable[[Seen, str, datetime], Outcome | Refusal],
    problems: tuple[OrderError, ...] = (),
    objection: Callable[[Order, str], Refusal | None] = _fine,
) -> Answer:
    def decide(seen: Seen, now: datetime) -> Decision:
        local = decode_as(COMMAND, sent.command)
        if local is None or all(command.id != local for command in seen.order.commands):
            return refused(seen.order, not_found("command", "command"))
        answer = operation(seen, local, now)
        if isinstance(answer, Refusal):
            return refused(seen.order, _error(answer))
        said = objection(answer.order, local)
        return Decision(answer, (_error(said),) if said else ())

    return await change_order(info, viewer, sent, decide, problems)


def _error(refusal: Refusal) -> OrderError:
    return GuardFailed(
        message=refusal.message,
        path=["command"],
        rule=refusal.rule,
        state=refusal.state,
        event=refusal.event,
    )
