"""One step: a working copy of an order in which an event is tried, taken, and settled, or put back.

Private to the engine; everything else calls engine.py. Design: product, "The engine", 1 to 5.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.actors import SYSTEM, Actor, Audience, Party
from domain.moment import Moment
from domain.order import Before, Deadline, Entry, Input, Line, Order, Position, Positions, Reading, Unit
from domain.outcome import Intent, Outcome
from domain.process import BEFORE, STAY, Machine, Move, Process, Standings, Trigger
from domain.refusal import Refusal, RefusalCode, not_listed, refusal
from domain.splitting import MOST_PARTS, split_line

_BOUND = 200
"""More moves than this in one settling mean a definition that loops."""


class DefinitionLoops(Exception):
    """A process never comes to rest. The check at load time finds this; it is a bug in the definition."""


class Step:
    """A working copy of the order while one step settles."""

    def __init__(self, process: Process, order: Order, now: datetime) -> None:
        self.process = process
        self.order = order
        self.now = now
        self.entries: list[Entry] = []

    def outcome(self) -> Outcome:
        order = self.order
        if self.entries:
            order = replace(order, seq=self.entries[-1].seq, changed_at=self.now)
        return Outcome(order, tuple(self.entries))

    # One event

    def attempt(self, intent: Intent, *, trying: bool = False) -> str | Refusal | None:
        """Fire and settle. Returns the id of the unit that moved, None when it was already so, or a refusal,
        which leaves the step as it was.

        `trying` asks whether it would be possible, whatever input it still needs and whoever did it before.
        """
        unit = self.order.unit(intent.unit)
        position = unit.positions.get(intent.party) if unit else None
        if unit is None or position is None:
            sentence = f"There is nothing here that {intent.event} could move."
            return Refusal(RefusalCode.NOT_FOUND, sentence, "unit", None, intent.event)
        state = self.process.state(intent.party, position)
        move = state.move(intent.event, intent.actor.role)
        # Whoever asks whether it would be possible has not asked for it before.
        again = not trying and (position.event, position.actor) == (intent.event, intent.actor.id)
        if move is None:
            return None if again else not_listed(state, position, intent.event, intent.actor.role)
        if move.done and move.done.holds(self._asks(unit, position, intent)):
            return None
        missing = [name for name in move.needs if intent.input.get(name) in (None, "")]
        if missing and not trying:
            sentence = f"{intent.event} needs: {', '.join(missing)}."
            missed = refusal(RefusalCode.INPUT_MISSING, sentence, "needs", position, intent.event)
            return None if again else missed
        if move.trigger is Trigger.CLOCK and not self._is_due(intent):
            sentence = f"{intent.event} is not due yet."
            return refusal(RefusalCode.NOT_DUE, sentence, "deadline", position, intent.event)
        if problem := _part_problem(self.order, unit, intent.quantity):
            return refusal(RefusalCode.INPUT_INVALID, problem, "quantity", position, intent.event)
        return self._take(unit, intent, move, position)

    def _take(self, unit: Unit, intent: Intent, move: Move, position: Position) -> str | Refusal:
        """Take the part, ask the guard, move, settle; put everything back when one of them says no."""
        saved = self.order, len(self.entries)
        if isinstance(unit, Line) and intent.quantity is not None and intent.quantity < unit.quantity:
            self.order, part = split_line(self.order, unit, intent.quantity)
            given = {**intent.input, "split_from": unit.id, "quantity": part.quantity}
            unit, intent = part, replace(intent, unit=part.id, input=given)
        refused = self._asked(unit, intent, move, position)
        if refused is None:
            self._move(unit.id, intent.party, move, intent, None)
            self._start_new(intent)
            self._settle(unit.id, intent)
            refused = self._out_of_step(unit.id, position, intent)
        if refused is None:
            return unit.id
        self.order = saved[0]
        del self.entries[saved[1] :]
        return refused

    def _asked(self, unit: Unit, intent: Intent, move: Move, position: Position) -> Refusal | None:
        if not matches(unit, move.where):
            sentence = move.otherwise or f"{intent.event} is not possible where the other side stands."
            return refusal(RefusalCode.GUARD_FAILED, sentence, "where", position, intent.event)
        moment = self._asks(unit, position, intent)
        if move.if_ and not move.if_.holds(moment):
            return refusal(
                RefusalCode.GUARD_FAILED, move.if_.refusal(moment), move.if_.name, position, intent.event
            )
        return None

    def _out_of_step(self, unit_id: str, position: Position, intent: Intent) -> Refusal | None:
        for pair in self.process.never:
            if matches(self._unit(unit_id), pair.states):
                return refusal(RefusalCode.OUT_OF_STEP, pair.because, "never", position, intent.event)
        return None

    def _is_due(self, intent: Intent) -> bool:
        return any(
            (d.unit, d.party, d.event) == (intent.unit, intent.party, intent.event) and d.at <= self.now
            for d in self.order.deadlines
        )

    # Coming to rest

    def sweep(self) -> None:
        """Settle every unit: what one of them changed in the order may set others free."""
        for _ in range(_BOUND):
            before = len(self.entries)
            for unit in self.process.units(self.order):
                self._settle(unit.id, None)
            if len(self.entries) == before:
                return
        raise DefinitionLoops(self.process.name)

    def _settle(self, unit_id: str, root: Intent | None) -> None:
        for _ in range(_BOUND):
            found = next(self._pulled(unit_id, root), None)
            if found is None:
                return
            party, move = found
            cause = self.entries[-1].seq if self.entries else None
            self._move(unit_id, party, move, root, cause)
        raise DefinitionLoops(self.process.name)

    def _pulled(self, unit_id: str, root: Intent | None) -> Iterator[tuple[Party, Move]]:
        """Yield what moves by itself now: automatic moves first, then links, then timers without delay.

        Timers come last so that the clock never moves what the links have not brought in step yet.
        """
        unit = self.order.unit(unit_id)
        if unit is None:
            return
        yield from self._pulled_by(unit, root, Trigger.AUTOMATIC)
        for link in self.process.links:
            if matches(unit, link.when):
                for party, move in self._pulled_by(unit, root, Trigger.LINK):
                    if (party, move.event) == (link.tell, link.event):
                        yield party, move
        for party, move in self._pulled_by(unit, root, Trigger.CLOCK):
            position = unit.positions[party]
            if self._due_at(move, unit, position) <= position.since:
                yield party, move

    def _pulled_by(self, unit: Unit, root: Intent | None, trigger: Trigger) -> Iterator[tuple[Party, Move]]:
        for party, position in unit.positions.items():
            for move in self.process.state(party, position).moves:
                if move.trigger is trigger and self._holds(unit, position, move, root):
                    yield party, move

    def _holds(self, unit: Unit, position: Position, move: Move, root: Intent | None) -> bool:
        if not matches(unit, move.where):
            return False
        if move.if_ is None:
            return True
        actor = root.actor if root else SYSTEM
        return move.if_.holds(self._moment(unit, position, move.event, actor, _input(root)))

    # One move

    def _move(self, unit_id: str, party: Party, move: Move, root: Intent | None, cause: int | None) -> None:
        unit = self._unit(unit_id)
        position = unit.positions[party]
        given = _input(root)
        actor = root.actor if root and cause is None else SYSTEM
        for change in move.does:
            moment = self._moment(self._unit(unit_id), position, move.event, actor, given)
            self.order = change.work(moment)
        back = position.before if move.target == BEFORE else None
        target = back.state if back else move.target
        assert target != BEFORE, "the check at load time proves that a state was remembered"
        reason = str(given["reason"]) if "reason" in given else None
        entry = Entry(
            self._next_seq(),
            self.now,
            unit_id,
            party,
            position.state,
            position.state if target == STAY else target,
            move.event,
            actor,
            cause,
            reason,
            {k: v for k, v in given.items() if k != "reason"} if cause is None else {},
        )
        self.record(entry)
        by = root or Intent(move.event, unit_id, party, SYSTEM)
        if target != STAY:
            self._stand(unit_id, party, _there(unit, position, move, target, self.now, by))
            if back:
                self._read_again(unit_id, party, back)
        for other in move.starts:
            self.enter(unit_id, other, entry.seq, by.event, by.actor)
        if move.does:
            self._count_anew(unit_id)

    def _start_new(self, intent: Intent) -> None:
        """Start what came onto the order with this event like the units of an order just placed."""
        cause = self.entries[-1].seq
        for unit in self.process.units(self.order):
            if not unit.positions:
                self.enter(unit.id, self.process.first, cause, intent.event, intent.actor)

    def enter(self, unit_id: str, party: Party, cause: int | None, event: str, actor: Actor) -> None:
        """Start a party's machine on a unit, unless it runs already."""
        unit = self._unit(unit_id)
        if party in unit.positions:
            return
        machine = self._variant(party, unit)
        position = Position(machine.name, machine.initial, self.now, event, actor.id)
        if cause is not None:
            row = Entry(
                self._next_seq(), self.now, unit_id, party, None, machine.initial, "start", SYSTEM, cause
            )
            self.record(row)
        self._stand(unit_id, party, position)

    def record(self, entry: Entry) -> None:
        """Append one history entry."""
        self.entries.append(entry)

    def _stand(self, unit_id: str, party: Party, position: Position) -> None:
        """Put a machine at a state: what is read there, and its deadlines for those of the state it left."""
        unit = self._unit(unit_id)
        state = self.process.state(party, position)
        positions = {**unit.positions, party: position}
        reads = {**unit.reads, **dict(self._read_now(unit, positions, party))}
        unit = replace(unit, positions=positions, reads=reads)
        kept = [d for d in self.order.deadlines if (d.unit, d.party) != (unit_id, party)]
        seq = self.entries[-1].seq
        for move in state.moves:
            if move.trigger is Trigger.CLOCK:
                due = self._due_at(move, unit, position)
                kept.append(Deadline(f"{seq}.{unit_id}.{move.event}", unit_id, party, move.event, due))
        self.order = self.order.with_unit(unit, tuple(kept))

    def _read_now(self, unit: Unit, positions: Positions, moved: Party) -> Iterator[tuple[Audience, Reading]]:
        """Yield what those who read this party's machine read now: of the machines that an audience reads,
        the first that stands where there is something to read, or that was read last; where there is nothing
        to read, it keeps what it read.
        """
        for audience in self.process.audiences(moved):
            known = unit.reads.get(audience)
            for party in self.process.follows(audience):
                position = positions.get(party)
                if position and self.process.state(party, position).labels.get(audience):
                    yield audience, Reading(party, position.state)
                    break
                if known and known.party == party:
                    break

    def _read_again(self, unit_id: str, party: Party, before: Before) -> None:
        """Let those who read of this machine what lies behind it now read what they read before."""
        unit = self._unit(unit_id)
        reads = {
            audience: reading
            for audience, reading in before.reads.items()
            if reading.party == party and unit.reads[audience].party == party
        }
        self.order = self.order.with_unit(replace(unit, reads={**unit.reads, **reads}))

    def _count_anew(self, unit_id: str) -> None:
        """Set the deadlines that count from a fact which may have come in with a change."""
        unit = self._unit(unit_id)
        due = {
            (party, move.event): self._due_at(move, unit, position)
            for party, position in unit.positions.items()
            for move in self.process.state(party, position).moves
            if move.since
        }
        if due:
            deadlines = tuple(
                replace(d, at=due.get((d.party, d.event), d.at)) if d.unit == unit_id else d
                for d in self.order.deadlines
            )
            self.order = replace(self.order, deadlines=deadlines)

    def _due_at(self, move: Move, unit: Unit, position: Position) -> datetime:
        assert move.after is not None
        since = move.since(self.order, unit) if move.since else None
        return (since or position.counts_from or position.since) + self.order.policies.window(
            move.after, unit.merchant_id
        )

    def _variant(self, party: Party, unit: Unit) -> Machine:
        policy = self.process.variant_policy.get(party)
        if policy is None:
            return self.process.variants(party)[0]
        return self.process.machine(party, str(self.order.policies.value(policy, unit.merchant_id)))

    def _unit(self, unit_id: str) -> Unit:
        unit = self.order.unit(unit_id)
        assert unit is not None
        return unit

    def _next_seq(self) -> int:
        return (self.entries[-1].seq if self.entries else self.order.seq) + 1

    def _asks(self, unit: Unit, position: Position, intent: Intent) -> Moment:
        return self._moment(unit, position, intent.event, intent.actor, intent.input)

    def _moment(self, unit: Unit, position: Position, event: str, actor: Actor, given: Input) -> Moment:
        return Moment(self.order, unit, position, event, actor, given, self.now)


def _there(unit: Unit, here: Position, move: Move, target: str, now: datetime, by: Intent) -> Position:
    """The position after a move; one that goes back takes up its times where they were left."""
    before, counts_from = here.before, None
    if move.target == BEFORE:
        before, counts_from = None, here.before and here.before.since
    elif move.remember:
        before = Before(here.state, here.counts_from or here.since, unit.reads)
    return Position(here.machine, target, now, by.event, by.actor.id, before, counts_from)


def _part_problem(order: Order, unit: Unit, quantity: int | None) -> str | None:
    """Why this quantity of the unit cannot move on its own, or None."""
    if quantity is None:
        return None
    if not isinstance(unit, Line):
        return "A quantity can be named for a line only."
    if not 0 < quantity <= unit.quantity:
        return f"Quantity must be between 1 and {unit.quantity}, which is what is left of this line."
    if quantity < unit.quantity and unit.refunded + unit.reserved > 0:
        return "Part of this line was refunded already; name an amount instead of a quantity."
    if quantity < unit.quantity and len(order.lines) >= MOST_PARTS:
        return f"This order already has {MOST_PARTS} lines; move the whole line instead of a part of it."
    return None


def matches(unit: Unit, stands: Standings) -> bool:
    """Say whether the unit's machines stand at one of these states each."""
    for party, states in stands.items():
        position = unit.positions.get(party)
        if position is None or position.state not in states:
            return False
    return True


def _input(root: Intent | None) -> Input:
    return root.input if root else {}
