"""Refunds: asked for line by line, in part or in full; confirmed or refused by whoever pays them out."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Party
from domain.drafts import MOST_LINES
from domain.order import Line, Unit
from domain.outcome import Intent
from graph.errors import OrderError, invalid
from graph.inputs import WHAT, LineInput, OrderCommand
from graph.mutations.amounts import other_currency, read_amount
from graph.mutations.decision import Decision, refused
from graph.mutations.given import given, too_long
from graph.mutations.lines import Meant, fire_on_lines, intent_on, lists, malformed
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.seen import Seen
from graph.types.money import MoneyInput
from graph.viewer import Info, viewer_of

EVENT = "refund"


@strawberry.input(description="A line to refund: all of it, some of its pieces, or an amount.")
class RefundLineInput(LineInput):
    amount: MoneyInput | None = strawberry.field(
        default=None, description="How much, in the order's currency; not together with a quantity."
    )


@strawberry.input(description="Which lines to refund, how much and why.")
class RefundLinesInput(OrderCommand):
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None, description="Which lines; when left out, all that can still be refunded on the order."
    )
    reason: str | None = strawberry.field(default=None, description="Why the money goes back.")


@strawberry.type(description="What became of refunding lines.")
class RefundLinesPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Refunds what was paid for canceled or returned lines, never more. The state moves when the "
    "refund is paid out: at once with the built-in payment provider. The marketplace's move."
)
async def refund_lines(info: Info, input: Annotated[RefundLinesInput, WHAT]) -> RefundLinesPayload:
    viewer = viewer_of(info.context)
    problems = (*malformed(input.lines), *_wrong_amounts(input.lines or ()), *too_long(input))
    answer = await change_order(info, viewer, input, lambda seen, now: _decide(seen, input, now), problems)
    return lines_changed(RefundLinesPayload, viewer, answer)


def _decide(seen: Seen, sent: RefundLinesInput, now: datetime) -> Decision:
    foreign = [
        problem
        for i, line in enumerate(sent.lines or ())
        if line.amount and (problem := other_currency(seen.order, line.amount, "lines", str(i), "amount"))
    ]
    if foreign:
        return refused(seen.order, *foreign)
    said = given(sent)

    def listed(unit: Unit) -> bool:
        return lists(seen, unit, Party.MARKETPLACE, EVENT)

    def possible(unit: Unit) -> bool:
        return isinstance(unit, Line) and unit.refundable > 0 and listed(unit)

    def ask(meant: Meant) -> Intent:
        amount = _named(meant) or (
            _is_whole(meant) and isinstance(meant.unit, Line) and meant.unit.refundable
        )
        return intent_on(
            seen, meant, EVENT, Party.MARKETPLACE, {**said, "amount": amount} if amount else said
        )

    def done(meant: Meant) -> bool:
        line = meant.unit
        if not isinstance(line, Line):
            return False
        sent_back = line.refundable == 0 and line.refunded + line.reserved > 0
        return sent_back and _is_whole(meant) and listed(line)

    return fire_on_lines(seen, sent.lines, possible, ask, now, done)


def _named(meant: Meant) -> int | None:
    """The amount that the input names for this line, in minor units."""
    sent = meant.said
    amount = read_amount(sent.amount) if isinstance(sent, RefundLineInput) and sent.amount else None
    assert not isinstance(amount, OrderError), "checked before anything was decided"
    return amount


def _is_whole(meant: Meant) -> bool:
    """Whether all that is left on the line is meant: neither an amount nor some of its pieces are named."""
    return _named(meant) is None and (
        meant.said is None or meant.said.quantity in (None, meant.line.quantity)
    )


def _wrong_amounts(lines: Sequence[RefundLineInput]) -> Iterator[OrderError]:
    for i, line in enumerate(lines[:MOST_LINES]):
        if line.amount is None:
            continue
        if line.quantity is not None:
            yield invalid("Name a quantity or an amount, not both.", "lines", str(i))
        problem = read_amount(line.amount, "lines", str(i), "amount")
        if isinstance(problem, OrderError):
            yield problem
