"""The worker that lets the clock move orders: it fires what is due through the normal write path.

No logic of its own: what a deadline does stands in the process, that it is due is for the database's clock
to say (or the test clock's), and that it fires once is the write's. Design: storage, "Timers".
"""

import asyncio
import logging
import time
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from structlog.contextvars import bind_contextvars

from domain.actors import SYSTEM
from domain.engine import perform
from domain.order import Deadline, Order
from domain.outcome import Intent, Outcome
from domain.processes import process_of
from storage import metering
from storage.client import Collection, DatabaseUnavailable, Document
from storage.clock import Clock
from storage.errors import NotDue, OrderNotFound, TooBusy
from storage.idempotency import CommandKey
from storage.orders import Orders
from storage.values import aware, naive

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(days=1)
_POLL = timedelta(seconds=1)
_BATCH = 20


@dataclass(frozen=True, slots=True)
class _Fired:
    due: tuple[Deadline, ...]
    outcome: Outcome


class DeadlineWorker:
    """One worker; any number of them, in any processes, may run at once."""

    def __init__(self, orders: Orders, clock: Clock) -> None:
        self._orders = orders
        self._clock = clock
        self._awake = asyncio.Event()
        self.went_round = time.monotonic()  # when it last saw what is due; at first, that it is new

    def wake(self) -> None:
        """Say that time has jumped (a test clock was advanced)."""
        self._awake.set()

    async def run(self) -> None:
        """Fire until cancelled what becomes due, each as soon as it is."""
        while True:
            pause = _POLL
            try:
                await self.run_due()
                pause = await self._until_next()
            except DatabaseUnavailable as error:
                log.warning("Deadlines wait until the database answers again: %s", error)
            except Exception:  # a worker that ends would leave every order waiting
                log.exception("The deadline worker failed and tries again.")
            try:
                async with asyncio.timeout(pause.total_seconds()):
                    await self._awake.wait()
            except TimeoutError:
                continue
            self._awake.clear()

    async def run_due(self) -> int:
        """Fire all that is due now; returns how many deadlines this worker fired."""
        fired = 0
        left: list[Document] = []
        while True:
            now = await self._clock.now()
            due = {"next_deadline": {"$lte": naive(now)}}
            found = self._collection.find(
                due, {"deadlines": 1, "failures": 1}, sort=[("next_deadline", 1)], limit=_BATCH
            )
            orders = await found.to_list()
            self.went_round = time.monotonic()
            fired += sum(await asyncio.gather(*(self._fire(order, now) for order in orders)))
            # A round that moves nothing goes on all the same: those put off made room for those behind them.
            if len(orders) < _BATCH or orders == left:
                return fired
            left = orders

    async def _fire(self, stored: Document, now: datetime) -> int:
        """Fire what is due on one order as one step; what does not move is tried again later."""
        order_id: str = stored["_id"]
        bind_contextvars(order=order_id)  # this task is this order's alone
        ids = [row["id"] for row in stored["deadlines"] if aware(row["at"]) <= now]
        # The deadlines name the command, so that it is the same whoever carries it out.
        key = CommandKey(SYSTEM.id, "deadline", ",".join(ids), "")
        try:
            changed = await self._orders.change(order_id, partial(_decide, ids), key=key, only_if_due=True)
        except (NotDue, OrderNotFound, TooBusy, DatabaseUnavailable) as error:
            log.debug("Left for the next round: %s", error)
            return 0
        except Exception as error:
            log.exception("A deadline of order %s failed.", order_id)
            await self._put_off(stored, {deadline: repr(error) for deadline in ids}, now)
            return 0
        if changed.decision is None:
            return 0  # another worker carried out the same command
        _count(changed.order, changed.decision, now)
        still = {deadline.id for deadline in changed.order.deadlines}
        failed = {d.id: _why(changed.decision, d) for d in changed.decision.due if d.id in still}
        await self._put_off(stored, failed, now)
        return len(changed.decision.outcome.moved)

    async def _put_off(self, stored: Document, failed: dict[str, str], now: datetime) -> None:
        attempts: dict[str, int] = {row["id"]: row["attempts"] for row in stored.get("failures", ())}
        for deadline, message in failed.items():
            pause = pause_after(attempts.get(deadline, 0))
            await self._orders.note_failure(stored["_id"], deadline, message, now + pause)

    async def _until_next(self) -> timedelta:
        """How long to wait: until the next deadline, but no longer than a second, since others may arm one.

        What is due and was left for later waits the whole second as well.
        """
        now = await self._clock.now()
        soon = {"next_deadline": {"$gt": naive(now), "$lte": naive(now + _POLL)}}
        row = await self._collection.find_one(soon, {"next_deadline": 1}, sort=[("next_deadline", 1)])
        return aware(row["next_deadline"]) - now if row else _POLL

    @property
    def _collection(self) -> Collection:
        return self._orders.database.collection("orders")


def pause_after(failures: int) -> timedelta:
    """Return how long a deadline waits after one more failure: a minute, doubled each time, a day at most."""
    return min(_FIRST_PAUSE * 2 ** min(failures, 20), _LONGEST_PAUSE)


def _decide(ids: Container[str], order: Order, now: datetime) -> _Fired:
    # Those that name the command and no others: what fails beside one that fires is not carried out.
    due = tuple(deadline for deadline in order.deadlines if deadline.id in ids and deadline.at <= now)
    intents: Sequence[Intent] = [Intent(d.event, d.unit, d.party, SYSTEM) for d in due]
    return _Fired(due, perform(process_of(order), order, intents, now))


def _count(order: Order, fired: _Fired, now: datetime) -> None:
    """Count how late what moved was, and what was refused to the clock."""
    still = {deadline.id for deadline in order.deadlines}
    for deadline in fired.due:
        if deadline.id not in still:
            metering.LATENESS.observe((now - deadline.at).total_seconds())
    for intent, refusal in fired.outcome.refused:
        metering.refused(order, intent.event, refusal.code)


def _why(fired: _Fired, deadline: Deadline) -> str:
    for intent, refusal in fired.outcome.refused:
        if (intent.unit, intent.party, intent.event) == (deadline.unit, deadline.party, deadline.event):
            return refusal.message
    return f"{deadline.event} changed nothing."
