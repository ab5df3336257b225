"""Orders as tests need them: every field has a default, and `walk` fires what is written as sentences.

A sentence is "<role> <event>", where needed with a part of a line and input, or a time that passes:
"payments pay", "merchant ship line 2", "merchant ship 1 of line 2, carrier=X, expected_delivery=2026-03-09",
"marketplace cancel every line, reason=sold out", "30 minutes later".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from domain import policies as policy
from domain.actors import SYSTEM, Actor, Party, Role
from domain.engine import fire, perform, place
from domain.order import Customer, Entry, Input, Line, Order, Position, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.policies import Policies, PolicyValue
from domain.process import Process
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from domain.refusal import Refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When orders are placed here."""

ORDER_ID = "o1"
MERCHANT_SIDE = (Role.MERCHANT, Role.LOGISTICS)

_TIME = re.compile(r"(\d+) (second|minute|hour|day)s? later")
_SENTENCE = re.compile(
    r"(?P<role>\w+) (?P<event>\w+)(?: (?P<quantity>-?\d+) of)?"
    r"(?: (?:line (?P<number>\d+)|(?P<every>every line)))?(?:, (?P<input>.+))?"
)


def policies(
    merchants: Mapping[str, Mapping[str, PolicyValue]] | None = None,
    process: Process = MARKETPLACE_MERCHANT,
    /,
    **marketplace: PolicyValue,
) -> Policies:
    """The process's policies with these settings: policies(return_window=timedelta(0))."""
    return policy.stamp(process.policies.values(), marketplace, merchants or {})


def line(
    number: int = 1,
    *,
    merchant_id: str = "m1",
    quantity: int = 1,
    unit_price: int = 1000,
    discount: int = 0,
    tax: int = 0,
    shipping: int = 0,
    captured: int = 0,
) -> Line:
    """A line of order `ORDER_ID`, not yet placed."""
    return Line(
        id=f"{ORDER_ID}-{number}",
        sku=f"sku-{number}",
        name=f"Thing {number}",
        merchant_id=merchant_id,
        quantity=quantity,
        unit_price=unit_price,
        discount=discount,
        tax=tax,
        shipping=shipping,
        captured=captured,
    )


def order(
    *lines: Line,
    policies: Policies | None = None,
    process: Process = MARKETPLACE_MERCHANT,
    currency: str = "EUR",
    now: datetime = NOW,
) -> Order:
    """An order, not yet placed, of these lines; of one line when none are given."""
    return Order(
        id=ORDER_ID,
        reference="ORD-1",
        version=0,
        seq=0,
        process=process.name,
        process_version=process.version,
        policies=policies or policy.stamp(process.policies.values(), {}, {}),
        currency=currency,
        customer=Customer("c1", "Ada Buyer", "ada@example.org"),
        placed_at=now,
        changed_at=now,
        lines=lines or (line(),),
    )


def lines(count: int, *, quantity: int = 1, unit_price: int = 1000) -> tuple[Line, ...]:
    """Lines 1 to `count`, alike."""
    return tuple(line(n, quantity=quantity, unit_price=unit_price) for n in range(1, count + 1))


def actor(role: Role, name: str | None = None) -> Actor:
    """Somebody in this role: the same one each time, unless a name is given."""
    return SYSTEM if role is Role.SYSTEM else Actor(name or f"the-{role}", role)


@dataclass(frozen=True, slots=True)
class Walk:
    """An order, its whole history and the time it is: what a walk starts from and ends with."""

    order: Order
    entries: tuple[Entry, ...]
    now: datetime
    process: Process = MARKETPLACE_MERCHANT

    def line(self, number: int = 1) -> Line:
        """The line with this number."""
        found = self.order.line(f"{ORDER_ID}-{number}")
        assert found is not None, f"there is no line {number}"
        return found

    def position(self, party: Party, number: int = 1) -> Position:
        """Where this party's machine stands on the line."""
        return self.line(number).positions[party]

    def state(self, party: Party, number: int = 1) -> str | None:
        """The state of this party's machine on the line; None before it started."""
        position = self.line(number).positions.get(party)
        return position.state if position else None

    def then(self, outcome: Outcome) -> "Walk":
        """The walk one outcome further."""
        return replace(self, order=outcome.order, entries=(*self.entries, *outcome.entries))


def placed(start: Order, process: Process = MARKETPLACE_MERCHANT) -> Walk:
    """The order as it stands once it is placed."""
    now = start.placed_at
    return Walk(start, (), now, process).then(place(process, start, actor(Role.CUSTOMER), now))


def walk(start: Order | Walk, *sentences: str) -> Walk:
    """Fire these sentences one after the other; each must be taken. An order is placed first."""
    here = placed(start) if isinstance(start, Order) else start
    for sentence in sentences:
        if time := _TIME.fullmatch(sentence):
            here = pass_time(here, timedelta(**{f"{time[2]}s": int(time[1])}))
            continue
        answer = attempt(here, sentence)
        assert isinstance(answer, Outcome), f"{sentence}: {answer}"
        assert not answer.refused, f"{sentence}: {answer.refused}"
        here = here.then(answer)
    return here


def attempt(here: Walk, sentence: str) -> Outcome | Refusal:
    """Fire one sentence, which may be refused. For several lines the outcome has the refusals."""
    said = _SENTENCE.fullmatch(sentence)
    assert said, f"not a sentence: {sentence}"
    who, event = actor(Role(said["role"])), said["event"]
    given = _input(said["input"])
    if event == here.process.pays and said["number"] is None:
        amount = given.get("amount", due(here.order))
        reference = str(given.get("reference", f"p{len(here.order.payments) + 1}"))
        assert isinstance(amount, int)
        return record_payment(here.process, here.order, reference, amount, who, here.now)
    party = Party.MERCHANT if who.role in MERCHANT_SIDE else here.process.first
    quantity = int(said["quantity"]) if said["quantity"] else None
    intents = [Intent(event, unit, party, who, given, quantity) for unit in _units(here, said)]
    if said["every"]:
        return perform(here.process, here.order, intents, here.now)
    return fire(here.process, here.order, intents[0], here.now)


def refused(here: Walk, sentence: str) -> Refusal:
    """The refusal that this sentence meets."""
    answer = attempt(here, sentence)
    assert isinstance(answer, Refusal), f"{sentence} was taken"
    return answer


def pass_time(here: Walk, length: timedelta) -> Walk:
    """Let time pass: whatever falls due fires at its time, earliest first; what a guard refuses stays due."""
    until = here.now + length
    asked: set[str] = set()
    while True:
        found = [d for d in here.order.deadlines if d.at <= until and d.id not in asked]
        if not found:
            return replace(here, now=until)
        first = min(found, key=lambda d: (d.at, d.id))
        asked.add(first.id)
        here = replace(here, now=max(here.now, first.at))
        intent = Intent(first.event, first.unit, first.party, SYSTEM)
        answer = fire(here.process, here.order, intent, here.now)
        if isinstance(answer, Outcome):
            here = here.then(answer)


def states(here: Walk) -> dict[str, dict[str, str]]:
    """Where every machine of every unit stands: {"o1-1": {"marketplace": "paid"}}."""
    units = (*here.order.lines, *here.order.merchant_orders)
    return {
        unit.id: {party.value: position.state for party, position in unit.positions.items()}
        for unit in units
        if unit.positions
    }


def _units(here: Walk, said: re.Match[str]) -> Sequence[str]:
    if said["every"]:
        return [line.id for line in here.order.lines]
    if said["number"]:
        return [here.line(int(said["number"])).id]
    assert len(here.order.lines) == 1, "say which line"
    return [here.order.lines[0].id]


def _input(text: str | None) -> Input:
    pairs = (pair.partition("=") for pair in (text or "").split(", ") if pair)
    return {name: _value(name, value) for name, _, value in pairs}


def _value(name: str, value: str) -> Value:
    if name == "amount":
        return int(value)
    if name in ("expected_delivery", "delivered_on"):
        return date.fromisoformat(value)
    return value
