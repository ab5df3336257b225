"""Which units an input means, and one event fired on each of them as one step. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.actors import Party
from domain.drafts import MOST_LINES
from domain.engine import perform
from domain.order import Input, Line, Unit
from domain.outcome import Intent
from domain.process import Move, State, UnitKind
from graph.errors import OrderError, invalid, not_found
from graph.inputs import LineInput
from graph.mutations.decision import Decision, refused
from graph.mutations.why_not import from_refusal
from graph.seen import Seen
from graph.types.ids import LINE, MERCHANT_ORDER, decode_as, encode


@dataclass(frozen=True, slots=True)
class Meant:
    """What is meant to move, what the input says about it (None: it does not name it), and the path to it."""

    unit: Unit
    said: LineInput | None
    path: tuple[str, ...]

    @property
    def line(self) -> Line:
        """The unit, where lines move."""
        assert isinstance(self.unit, Line), "asked only of events that lines have"
        return self.unit


Ask = Callable[[Meant], Intent]
Possible = Callable[[Unit], bool]
Done = Callable[[Meant], bool]


def never(_: Meant) -> bool:
    """Nothing is done before it is asked for."""
    return False


def malformed(lines: Sequence[LineInput] | None) -> Iterator[OrderError]:
    """Yield what is wrong with the lines of an input, whatever the order."""
    if lines is None:
        return
    if not lines:
        yield invalid("Name at least one line, or leave lines out to mean all.", "lines")
    if len(lines) > MOST_LINES:
        yield invalid(f"At most {MOST_LINES} lines can be named at once; these are {len(lines)}.", "lines")
        return
    for i, each in enumerate(lines):
        if each.quantity is not None and each.quantity < 1:
            yield invalid("Quantity must be 1 or more.", "lines", str(i), "quantity")


def fire_on_lines(
    seen: Seen,
    lines: Sequence[LineInput] | None,
    possible: Possible,
    ask: Ask,
    now: datetime,
    done: Done = never,
) -> Decision:
    """Fire what `ask` makes of each line that is meant; see `fire`.

    Without `lines`, those are meant for which it is `possible`, or all, to say why, where it is for none. A
    line that does not exist for the viewer stops everything: it is the request that is wrong. Where merchant
    orders move, they move as a whole.
    """
    if lines is None:
        return fire_where_possible(seen, possible, ask, now, done)
    meant, unknown = _named(seen, lines)
    if not unknown and seen.process.unit is not UnitKind.LINE:
        whole = "The lines of this order move together; leave lines out to mean its merchant orders."
        return refused(seen.order, invalid(whole, "lines"))
    return refused(seen.order, *unknown) if unknown else fire(seen, meant, ask, now, done)


def fire_where_possible(
    seen: Seen, possible: Possible, ask: Ask, now: datetime, done: Done = never
) -> Decision:
    """Fire what `ask` makes of each unit where it is possible; of all where it is for none, to say why."""
    units = [unit for unit in seen.units if possible(unit)] or seen.units
    return fire(seen, [meant_by(unit) for unit in units], ask, now, done)


def meant_by(unit: Unit) -> Meant:
    """A unit that is meant without being named."""
    if isinstance(unit, Line):
        return Meant(unit, None, ("lines", encode(LINE, unit.id)))
    return Meant(unit, None, ("merchantOrders", encode(MERCHANT_ORDER, unit.id)))


def fire(seen: Seen, meant: Sequence[Meant], ask: Ask, now: datetime, done: Done = never) -> Decision:
    """Fire what `ask` makes of each unit, as one step; each is taken or refused on its own.

    What is `done` is not fired again but counts as so already; the engine sees most of that itself.
    """
    already = [each.unit.id for each in meant if done(each)]
    asked = [(each, ask(each)) for each in meant if each.unit.id not in already]
    outcome = perform(seen.process, seen.order, [intent for _, intent in asked], now)
    errors = [
        from_refusal(seen.process, each.unit, intent, refusal, each.path)
        for wanted, refusal in outcome.refused
        for each, intent in asked
        if intent is wanted
    ]
    return Decision(replace(outcome, already=(*outcome.already, *already)), tuple(errors))


def lists(seen: Seen, unit: Unit, party: Party, event: str) -> bool:
    """Say whether the state of this party's machine on the unit lists the event for the viewer's role."""
    return listed(seen, unit, party, event) is not None


def listed(seen: Seen, unit: Unit, party: Party, event: str) -> Move | None:
    """Return what the state of this party's machine on the unit lists for the event and the viewer's role."""
    return seen.process.move(unit, party, event, seen.viewer.role)


def state_of(seen: Seen, unit: Unit, party: Party) -> State | None:
    """Return the state in which this party's machine is on the unit; None before it has started."""
    position = unit.positions.get(party)
    return position and seen.process.state(party, position)


def intent_on(seen: Seen, meant: Meant, event: str, party: Party, given: Input) -> Intent:
    """Return the event as the viewer's intent on a unit, or on the pieces of a line that the input names."""
    quantity = meant.said.quantity if meant.said else None
    return Intent(event, meant.unit.id, party, seen.viewer.actor, given, quantity)


def _named(seen: Seen, lines: Sequence[LineInput]) -> tuple[list[Meant], list[OrderError]]:
    known = {line.id: line for line in seen.lines}
    meant: list[Meant] = []
    unknown: list[OrderError] = []
    for i, said in enumerate(lines):
        line = known.get(decode_as(LINE, said.line) or "")
        if line is None:
            unknown.append(not_found("line", "lines", str(i), "line"))
        else:
            meant.append(Meant(line, said, ("lines", str(i))))
    return meant, unknown
