"""What most mutations of the store processes are: one event on merchant orders of one order.

Which party's machine answers it, the process tells.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from strawberry import ID

from domain.actors import Party
from domain.drafts import MOST_LINES
from domain.order import Input, MerchantOrder, Unit
from domain.process import UnitKind
from graph.errors import OrderError, invalid, not_found
from graph.inputs import OrderCommand, UnitsCommand
from graph.mutations.decision import Decision, refused
from graph.mutations.given import given, too_long
from graph.mutations.lines import Meant, Possible, fire, intent_on, lists, meant_by
from graph.mutations.one_order import change_order
from graph.mutations.payloads import LinesChanged, lines_changed
from graph.seen import Seen
from graph.types.ids import MERCHANT_ORDER, decode_as
from graph.viewer import Info, viewer_of

FIELD = "merchantOrders"

Payload = TypeVar("Payload", bound=LinesChanged)
PartyOf = Callable[[Unit], Party]


async def move_units(
    info: Info, sent: OrderCommand, payload: type[Payload], event: str, said: Input | None = None
) -> Payload:
    """Fire the event on the merchant orders that the input means. Every role may ask; the process decides.

    What comes along is what the input says, unless `said` says it otherwise.
    """
    viewer = viewer_of(info.context)
    named = sent.merchant_orders if isinstance(sent, UnitsCommand) else None
    along = given(sent) if said is None else said

    def decide(seen: Seen, now: datetime) -> Decision:
        return fire_on_units(seen, named, event, along, now)

    problems = (*malformed_units(named), *too_long(sent))
    return lines_changed(payload, viewer, await change_order(info, viewer, sent, decide, problems))


def malformed_units(named: Sequence[ID] | None) -> Iterator[OrderError]:
    """Yield what is wrong with the merchant orders of an input, whatever the order."""
    if named is None:
        return
    if not named:
        yield invalid("Name at least one merchant order, or leave merchantOrders out to mean all.", FIELD)
    if len(named) > MOST_LINES:
        sentence = f"At most {MOST_LINES} merchant orders can be named at once; these are {len(named)}."
        yield invalid(sentence, FIELD)


def fire_on_units(
    seen: Seen,
    named: Sequence[ID] | None,
    event: str,
    said: Input,
    now: datetime,
    *,
    party: PartyOf | None = None,
    possible: Possible | None = None,
) -> Decision:
    """Fire the event on each merchant order that is named, as one step; see `lines.fire`.

    Without names, those are meant for which it is `possible` (which the process lists), or all, to say why,
    where it is for none. A name that does not exist for the viewer stops everything.
    """
    whose: PartyOf = party or (lambda unit: answering(seen, unit, event))
    can: Possible = possible or (lambda unit: lists(seen, unit, whose(unit), event))

    def decided(meant: Sequence[Meant]) -> Decision:
        return fire(seen, meant, lambda each: intent_on(seen, each, event, whose(each.unit), said), now)

    if named is not None:
        meant = _named(seen, named)
        wrong = [each for each in meant if isinstance(each, OrderError)]
        return refused(seen.order, *wrong) if wrong else decided([e for e in meant if isinstance(e, Meant)])
    if units := [unit for unit in seen.units if can(unit)]:
        return decided([meant_by(unit) for unit in units])
    decision = decided([meant_by(unit) for unit in seen.units])
    # Where some are so already it was asked before, and the others were not meant then either.
    return replace(decision, errors=()) if decision.outcome.already else decision


def answering(seen: Seen, unit: Unit, event: str) -> Party:
    """Return whose machine answers the viewer's event on this unit.

    A request that is repeated goes to the machine that took it the first time, which lists it no longer.
    """
    found = seen.process.party_for(unit, seen.viewer.role, event)
    if lists(seen, unit, found, event):
        return found
    by_this = (event, seen.viewer.actor.id)
    taken = (party for party, at in unit.positions.items() if (at.event, at.actor) == by_this)
    return next(taken, found)


def merchant_order_named(seen: Seen, global_id: str) -> MerchantOrder | None:
    """Return the merchant order with this id if it exists for the viewer, or None."""
    local = decode_as(MERCHANT_ORDER, global_id)
    return next((theirs for theirs in seen.merchant_orders if theirs.id == local), None)


def _named(seen: Seen, named: Sequence[ID]) -> list[Meant | OrderError]:
    """Each merchant order once, or what is wrong with its name."""
    found: dict[str, Meant | OrderError] = {}
    for i, global_id in enumerate(named):
        theirs = merchant_order_named(seen, global_id)
        if theirs is None:
            found[global_id] = not_found("merchant order", FIELD, str(i))
        elif seen.process.unit is not UnitKind.MERCHANT_ORDER:
            sentence = "In this order lines move, not merchant orders; leave merchantOrders out."
            found[global_id] = invalid(sentence, FIELD, str(i))
        else:
            found.setdefault(global_id, Meant(theirs, None, (FIELD, str(i))))
    return list(found.values())
