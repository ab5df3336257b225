"""People who send mutations on one order at the same moment, many times over, on a real server.

Each round is an order of its own, in any process of the stores. After it the order must be sound (see
`soundness`), and whoever came too late must have read a sentence that says so.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from random import SystemRandom
from typing import Any, NamedTuple

from domain.drafts import DraftLine, draft
from domain.order import Address, MerchantOrder, Order
from domain.outcome import Outcome
from domain.policies import PolicyValue, stamp
from graph.auth import Principal
from tests.acting import ERRORS, Answer, Api
from tests.builders import Walk
from tests.soundness import sound
from tests.store_walks import STORES, length, stand, theirs, walk
from tests.stores import ANNA, CHECKOUT, Decided

ROUNDS = int(os.environ.get("ORDERFLOW_ROUNDS", "20"))
"""How often each pair meets; a few hundred times take a few minutes."""

ON_HAND = 5
"""How many pieces a merchant has counted of what an order wants two of."""

_BATCH = 20
_LATER = 0.004  # seconds by which the later one starts after the other, at most
_ROUND = 0.06  # seconds that the clock takes for a batch, about
_HOME = Address("Anna Berg", "1 Main Street", "10115", "Berlin", "DE")
_WHOLE_ORDER = ("recordPayment", "acknowledgeCommand")
_skus = (f"A-{n}" for n in count(1))
_random = SystemRandom()
log = logging.getLogger(__name__)


class Taken(StrEnum):
    """Whose mutation was taken, of those in the order in which a test names them."""

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"


class End(NamedTuple):
    """How a round ended: what was taken, what happened in which order, where that led, and what whoever came
    too late read.
    """

    taken: Taken
    story: str
    stands: str
    read: str = ""

    def fits(self, wanted: "End") -> bool:
        """Whether it ended as wanted, where `wanted.read` is a part of what was read."""
        said = bool(self.read) == (self.taken is not Taken.BOTH)
        return said and self[:3] == wanted[:3] and wanted.read in self.read


@dataclass(frozen=True, slots=True)
class Act:
    """A mutation that somebody sends. What of its input depends on the order comes from `more`."""

    who: Principal
    mutation: str
    more: Callable[[Order], Answer]

    async def on(self, api: Api, order: Order) -> Answer:
        """Send it; returns its payload."""
        kind = f"{self.mutation[0].upper()}{self.mutation[1:]}Input"
        moved = "" if self.mutation in _WHOLE_ORDER else "moved { id }"
        document = f"""mutation Run($input: {kind}!) {{ {self.mutation}(input: $input) {{
            order {{ version status {{ label }} }} {moved} {ERRORS} }} }}"""
        sent = {"order": {"reference": order.reference}, **self.more(order)}
        answer = await api.ask(self.who, document, input=sent)
        assert answer["errors"] is None, answer["errors"]
        return answer["data"][self.mutation]


def act(who: Principal, mutation: str, **sent: Any) -> Act:
    """A mutation whose input is the same for every order."""
    return Act(who, mutation, lambda _: sent)


@dataclass(frozen=True, slots=True)
class Start:
    """Where an order is brought before they meet: by these sentences of `store_walks`."""

    way: tuple[str, ...]
    process: str = "marketplace-seller"
    settings: Mapping[str, PolicyValue] = field(default_factory=dict[str, PolicyValue])

    def given(self, **settings: str) -> "Start":
        """The same start where these policies are set: choices, or lengths of time."""
        times = {name: length(value) for name, value in settings.items()}
        read = {name: value if (time := times[name]) is None else time for name, value in settings.items()}
        return replace(self, settings={**self.settings, **read})

    def everywhere(self) -> tuple["Start", ...]:
        """The same start in each process."""
        return tuple(replace(self, process=name) for name in STORES)


def start(*way: str, window: str = "0 days") -> Start:
    """Where these sentences lead; nobody can cancel freely after the payment unless told otherwise."""
    return Start(way).given(cancellation_window=window)


@dataclass(frozen=True, slots=True)
class Met:
    """What became of one round: the order before and after it, and the answers."""

    before: Order
    order: Order
    answers: Sequence[Answer]
    story: tuple[str, ...]
    """What was taken, in order; what it pulled along left out."""

    @property
    def part(self) -> MerchantOrder:
        """The merchant order of m1."""
        return theirs(Walk(self.order, (), self.order.changed_at))

    @property
    def canceled_by(self) -> str | None:
        """Who canceled it."""
        return self.part.cancellation.by.id if self.part.cancellation else None

    @property
    def end(self) -> End:
        """How it ended."""
        taken = [not answer["errors"] for answer in self.answers]
        assert any(taken) or len(taken) == 1, "both were refused"
        whose = Taken.BOTH if all(taken) else Taken.FIRST if taken[0] else Taken.SECOND
        read = " ".join(error["message"] for answer in self.answers for error in answer["errors"])
        stands = stand(Walk(self.order, (), self.order.changed_at)).split(" × ")
        # A chain between the two often stands where one of them does.
        return End(whose, ", ".join(self.story), " × ".join(dict.fromkeys(stands)), read)

    def ends(self, *wanted: End) -> End:
        """Assert that it ended in one of these ways; returns how."""
        found = self.end
        assert any(found.fits(each) for each in wanted), found
        return found


async def prepared(
    api: Api, start: Start, *, sku: str | None = None, quantity: int = 2, on_hand: int | None = ON_HAND
) -> Order:
    """An order of Anna's at its start, written like every order. `on_hand` is counted before it is placed,
    where it is not None.
    """
    process = STORES[start.process]
    sku = sku or next(_skus)
    if on_hand is not None:
        await api.services.stock.count("m1", sku, on_hand)
    new = draft(
        process,
        stamp(process.policies.values(), start.settings, {}),
        order_id="draft",
        reference="draft",
        currency="EUR",
        customer=ANNA,
        lines=[DraftLine(sku, f"Product {sku}", "m1", quantity, 1_000)],
        shipping={},
        now=await api.services.clock.now(),
        deliver_to=_HOME,
        payment_method="card",
    )
    assert isinstance(new, Order)
    order = (await api.services.orders.place(new, process, CHECKOUT, None)).order

    def decide(order: Order, now: datetime) -> Decided:
        there = walk(Walk(order, (), now, process), *start.way)
        return Decided(Outcome(there.order, there.entries))

    return (await api.services.orders.change(order.id, decide)).order if start.way else order


async def at_once(one: Awaitable[Any], other: Awaitable[Any], *, one_first: bool) -> tuple[Any, Any]:
    """Let both run at once, the one that is first a moment before the other."""
    if one_first:
        return await asyncio.gather(one, late(other))
    return await asyncio.gather(late(one), other)


async def late(work: Awaitable[Any], most: float = _LATER) -> Any:
    """Start it later, by up to so many seconds."""
    await asyncio.sleep(_random.uniform(0, most))
    return await work


def batches() -> Iterator[range]:
    """The numbers of all rounds, in ranges of those that are played at once."""
    return (range(first, min(first + _BATCH, ROUNDS)) for first in range(0, ROUNDS, _BATCH))


async def crossings(api: Api, start: Start | Sequence[Start], one: Act, other: Act) -> AsyncIterator[Met]:
    """Yield what became of each round in which both are sent at once; all is sound then.

    Half of the orders are of what is counted, so that they are written together with their stock.
    """
    starts = [start] if isinstance(start, Start) else start
    ends: Counter[End] = Counter()
    for rounds in batches():
        orders = await _all_prepared(api, starts, rounds)
        answers = await asyncio.gather(
            *(
                at_once(one.on(api, order), other.on(api, order), one_first=bool(n % 2))
                for n, order in zip(rounds, orders, strict=True)
            )
        )
        for met in await _met(api, orders, answers):
            ends[met.end._replace(read="")] += 1
            yield met
    _note(f"{one.mutation} × {other.mutation}", ends)


async def against_the_clock(api: Api, start: Start, one: Act, by: timedelta) -> AsyncIterator[Met]:
    """Yield what became of each round in which it is sent just when, after this time, the clock moves the
    order. For `Met.end` the clock comes second, and is never refused.
    """
    ends: Counter[End] = Counter()
    for rounds in batches():
        orders = await _all_prepared(api, [start], rounds)
        await api.services.clock.advance(by)
        worker = api.services.deadlines
        sent = asyncio.gather(*(late(one.on(api, order), _ROUND) for order in orders))
        await asyncio.gather(worker.run_due(), sent)
        await worker.run_due()
        for met in await _met(api, orders, [[answer] for answer in sent.result()]):
            ends[met.end._replace(read="")] += 1
            yield met
    _note(f"{one.mutation} × clock", ends)


async def _all_prepared(api: Api, starts: Sequence[Start], rounds: range) -> list[Order]:
    return await asyncio.gather(
        *(
            prepared(api, starts[n // 4 % len(starts)], on_hand=ON_HAND if n // 2 % 2 else None)
            for n in rounds
        )
    )


async def _met(api: Api, orders: Sequence[Order], answers: Sequence[Sequence[Answer]]) -> list[Met]:
    found: list[Met] = []
    after = await sound(api, orders, ON_HAND)
    for before, both in zip(orders, answers, strict=True):
        kept = after[before.id]
        roots = (row.event for row in kept.entries if row.seq > before.seq and row.cause is None)
        met = Met(before, kept.order, both, tuple(roots))
        assert_answered(met)
        found.append(met)
    return found


def _note(pair: str, ends: Counter[End]) -> None:
    for end, times in ends.most_common():
        log.info("%s: %d times %s: %s, at %s", pair, times, *end[:3])


def assert_answered(met: Met) -> None:
    """Assert that each write is told of by one row, that who was taken reads what was written, and that who
    was not can do something about it.
    """
    assert met.order.version == met.before.version + len(met.story)
    for answer in met.answers:
        assert answer["order"]["status"]["label"].strip(" -")
        if not answer["errors"]:
            assert met.before.version < answer["order"]["version"] <= met.order.version
        for error in answer["errors"]:
            assert error["__typename"] in ("TransitionNotAllowed", "GuardFailed", "OutOfStep"), error
            assert error["message"].endswith("."), error
