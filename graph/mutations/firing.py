"""Any event of any process by its name, for those that have no mutation of their own. The same rules hold."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Annotated

import strawberry

from domain.actors import Party
from domain.order import Input, Unit
from domain.process import Move
from graph.errors import OrderError, invalid, not_found
from graph.inputs import WHAT, LinesCommand, UnitsCommand
from graph.mutations.amounts import other_currency, read_amount
from graph.mutations.decision import Decision, refused
from graph.mutations.given import given, too_long
from graph.mutations.lines import fire_on_lines, intent_on, listed, lists, malformed
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.mutations.units import answering, fire_on_units, malformed_units
from graph.seen import Seen
from graph.types.ids import REFUND, decode_as
from graph.types.money import MoneyInput
from graph.types.mutation_names import camel_case, mutation_of
from graph.viewer import Info, viewer_of

_LONGEST = 100


@strawberry.input(
    description="What comes along with an event; `availableActions` says what each takes and needs."
)
class EventInput:
    reason: str | None = strawberry.field(default=None, description="Why.")
    carrier: str | None = strawberry.field(default=None, description="Who carries it, such as DHL.")
    tracking_number: str | None = strawberry.field(
        default=None, description="The carrier's number to follow it by."
    )
    expected_delivery: datetime.date | None = strawberry.field(
        default=None, description="The day on which it should arrive."
    )
    delivered_on: datetime.date | None = strawberry.field(default=None, description="The day of delivery.")
    amount: MoneyInput | None = strawberry.field(
        default=None, description="How much, in the order's currency; for each of the lines."
    )
    refund: strawberry.ID | None = strawberry.field(default=None, description="The refund that it is about.")


FLAT = {field.name for field in fields(EventInput)}


@strawberry.input(description="Which event to fire, on which lines or merchant orders.")
class FireEventInput(LinesCommand, UnitsCommand):
    event: str = strawberry.field(
        description="The event's name in the process, such as send_to_distribution."
    )
    party: Party | None = strawberry.field(
        default=None, description="Whose machine; when left out, the one on which the event is possible."
    )
    input: EventInput | None = strawberry.field(default=None, description="What comes along with it.")


@strawberry.type(description="What became of firing an event.")
class FireEventPayload(LinesChanged):
    pass


@strawberry.mutation(
    description="Fires an event of the order's process by its name, for events that have no mutation of "
    "their own. The same rules hold. Events that take more than `EventInput` has are refused: they have one."
)
async def fire_event(info: Info, input: Annotated[FireEventInput, WHAT]) -> FireEventPayload:
    viewer = viewer_of(info.context)
    problems = (*malformed(input.lines), *malformed_units(input.merchant_orders), *_wrong(input))
    answer = await change_order(info, viewer, input, lambda seen, now: _decide(seen, input, now), problems)
    return lines_changed(FireEventPayload, viewer, answer)


def _decide(seen: Seen, sent: FireEventInput, now: datetime.datetime) -> Decision:
    amount = sent.input.amount if sent.input else None
    foreign = other_currency(seen.order, amount, "input", "amount") if amount else None
    if foreign:
        return refused(seen.order, foreign)
    said = _said(sent.input)

    def party(unit: Unit) -> Party:
        return sent.party or answering(seen, unit, sent.event)

    moves = [move for unit in seen.units if (move := listed(seen, unit, party(unit), sent.event))]
    if any(name not in FLAT for move in moves for name in (*move.needs, *move.takes)):
        instead = mutation_of(seen.process, sent.event)
        sentence = f"{sent.event} takes more than can come along here; use {instead}."
        return refused(seen.order, invalid(sentence, "event"))
    if moves and (unasked := tuple(_unasked(said, moves, sent.event))):
        return refused(seen.order, *unasked)
    if sent.lines is None:
        return fire_on_units(seen, sent.merchant_orders, sent.event, said, now, party=party)
    return fire_on_lines(
        seen,
        sent.lines,
        lambda unit: lists(seen, unit, party(unit), sent.event),
        lambda meant: intent_on(seen, meant, sent.event, party(meant.unit), said),
        now,
    )


def _unasked(said: Input, moves: Sequence[Move], event: str) -> Iterator[OrderError]:
    """What the event neither needs nor takes on any line: kept, it would claim what nobody checked."""
    for name in said:
        if not any(name in (*move.needs, *move.takes) for move in moves):
            yield invalid(f"{event} takes no {camel_case(name)}.", "input", camel_case(name))


def _said(sent: EventInput | None) -> Input:
    if sent is None:
        return {}
    said = {**given(sent)}
    amount = read_amount(sent.amount) if sent.amount else None
    if isinstance(amount, int):
        said["amount"] = amount
    refund = decode_as(REFUND, sent.refund) if sent.refund else None
    return {**said, "refund": refund} if refund else said


def _wrong(sent: FireEventInput) -> Iterator[OrderError]:
    if len(sent.event) > _LONGEST:
        yield invalid(f"No event has a name of more than {_LONGEST} characters.", "event")
    if sent.lines is not None and sent.merchant_orders is not None:
        yield invalid("Name lines or merchant orders, not both.", "merchantOrders")
    if sent.input is None:
        return
    yield from too_long(sent.input, "input")
    amount = read_amount(sent.input.amount, "input", "amount") if sent.input.amount else None
    if isinstance(amount, OrderError):
        yield amount
    if sent.input.refund and decode_as(REFUND, sent.input.refund) is None:
        yield not_found("refund", "input", "refund")
