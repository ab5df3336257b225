"""Providers, people and the clock, who come in between one another as a seed has it, and what must hold.

A bank that remembers is the model: it moves money once for each key.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from pymongo.errors import AutoReconnect

from domain.commands import MOST_DELIVERIES, CommandStatus, due_at
from domain.order import Order
from domain.outcome import Outcome
from domain.processes import process_of
from storage.client import DatabaseUnavailable
from storage.documents import FIELDS, from_document
from storage.errors import TooBusy
from storage.orders import Orders
from storage.values import when
from tests.acting import PAYMENTS, Answer, Api, kinds
from tests.builders import Walk
from tests.crossing import prepared, start
from tests.feeding import stepped
from tests.soundness import assert_totals
from tests.store_walks import attempt
from tests.stores import Decided
from tests.test_store_crossings import changes_to

COMMAND = """command { id kind attempt idempotencyKey deliveries leasedUntil amount { amount } }
order { id }"""
LEASE = f"""mutation ($input: LeaseCommandsInput!) {{ leaseCommands(input: $input) {{
  commands {{ {COMMAND} }} errors {{ __typename message }} }} }}"""
LISTED = f"""query ($status: CommandStatus!) {{ payments {{
  commands(status: $status, first: 100) {{ {COMMAND} }} }} }}"""
TROUBLE = {"Busy"}
"""What has to be sent again."""

CAPTURED, APPROVED = "payments pay, captured=yes", "payments pay"
_BEGIN = (
    start(APPROVED, "merchant cancel, reason=sold out"),
    start("payments pay, amount=5.00, captured=yes", APPROVED, "merchant cancel, reason=sold out"),
    start(APPROVED, "merchant start_handling", "merchant invoice rest F-1"),
    start(APPROVED, "merchant start_handling", "merchant invoice 8.00 F-1"),
    start(CAPTURED, "merchant start_handling"),
)
SOLD_BY_ANOTHER = start(CAPTURED, "merchant start_handling").given(
    change_seller_window="2 days", payment_provider="external"
)
"""Fewer are ordered, then another merchant takes over: what is paid back is for what was replaced."""

STARTS = [there for begin in _BEGIN for there in begin.given(payment_provider="external").everywhere()]
MEANWHILE = (
    "merchant start_handling",
    "merchant invoice rest F-2",
    "merchant take_back 10.00 R-1",
    "merchant cancel, reason=sold out",
    "marketplace change_seller m3",
    "marketplace cancel, reason=asked by phone",
)
FEWER = changes_to(1)
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Lease:
    """A command that is its holder's alone from `since` until `until`, unless it is given back before."""

    by: str
    since: datetime
    until: datetime
    given_back: bool = False


@dataclass(slots=True)
class Bank:
    """What it did (or not) by key, and what it was asked for; the same key moves money once."""

    random: Random
    refusing: float
    moved: dict[str, bool] = field(default_factory=dict[str, bool])
    asked: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def carry_out(self, command: Answer) -> bool:
        key = command["idempotencyKey"]
        what = command["kind"], command["amount"]["amount"]
        assert self.asked.setdefault(key, what) == what, f"{key} was asked for with something else"
        return self.moved.setdefault(key, self.random.random() >= self.refusing)


@dataclass(slots=True)
class World:
    """Some orders and all who act on them. Where `lying`, a provider may say that it refused what it did."""

    api: Api
    through: Api
    """The same, where others come in between and the database sometimes breaks off."""

    orders: list[Order]
    random: Random
    lying: bool
    bank: Bank
    given: dict[str, Answer] = field(default_factory=dict[str, Answer])
    """What was ever given out, by its key."""

    leases: dict[str, list[Lease]] = field(default_factory=dict[str, list[Lease]])
    late: list[tuple[Answer, str]] = field(default_factory=list[tuple[Answer, str]])
    """What is known of a command and is yet to be said."""

    # What they do

    async def lease(self, api: Api, by: str, **sent: Any) -> list[Answer]:
        answer = await api.ask(replace(PAYMENTS, sub=by), LEASE, input=sent)
        assert answer["errors"] is None, answer["errors"]
        payload = answer["data"]["leaseCommands"]
        assert set(kinds(payload)) <= TROUBLE, payload["errors"]
        for each in payload["commands"]:
            until = datetime.fromisoformat(each["command"]["leasedUntil"])
            lease = Lease(by, until - timedelta(seconds=sent["seconds"]), until)
            key = each["command"]["idempotencyKey"]
            self.given[key] = each
            self.leases.setdefault(key, []).append(lease)
        return payload["commands"]

    async def say(self, api: Api, asked: Answer, result: str, by: str = "psp-1") -> None:
        """Acknowledge it; when nobody knows whether that arrived, it is said again later."""
        command = asked["command"]
        if result == "UNKNOWN":
            for lease in self.leases[command["idempotencyKey"]]:
                lease.given_back |= lease.by == by
        sent = {"command": command["id"], "attempt": command["attempt"], "result": result}
        payload = await api.do(
            replace(PAYMENTS, sub=by), "acknowledgeCommand", order={"id": asked["order"]["id"]}, **sent
        )
        said = set(kinds(payload))
        assert said <= TROUBLE or (self.lying and said == {"GuardFailed"}), payload["errors"]
        if said & TROUBLE and result != "UNKNOWN":
            self.late.append((asked, result))

    async def provider(self, by: str) -> None:
        """It takes some commands; of each it says what the bank did, now, later, twice, wrongly or never."""
        random = self.random
        chosen = random.choice([None, None, ["REFUND"], ["CAPTURE", "VOID"]])
        seconds = random.choice([1, 30, 120])
        for asked in await self.lease(
            self.through, by, kinds=chosen, first=random.randint(1, 4), seconds=seconds
        ):
            if random.random() < 0.15:
                continue  # it was killed
            result = "DONE" if self.bank.carry_out(asked["command"]) else "REFUSED"
            if self.lying and random.random() < 0.3:
                self.late.append((asked, result))  # the truth comes out
                result = "REFUSED"
            match random.choice(["say", "say", "twice", "unknown", "later", "killed"]):
                case "say":
                    await self.say(self.through, asked, result, by)
                case "twice":
                    await asyncio.gather(*(self.say(self.through, asked, result, by) for _ in range(2)))
                case "unknown":
                    await self.say(self.through, asked, "UNKNOWN", by)
                case "later":
                    self.late.append((asked, result))
                case _:
                    pass

    async def somebody_remembers(self) -> None:
        if self.late:
            await self.say(self.through, *self.late.pop(self.random.randrange(len(self.late))))

    async def person(self) -> None:
        """Somebody asks again for what was refused or given up."""
        if found := await self.listed(self.random.choice(["REFUSED", "DEAD"])):
            await self.retry(self.through, self.random.choice(found))

    async def retry(self, api: Api, asked: Answer) -> None:
        for lease in self.leases.get(asked["command"]["idempotencyKey"], []):
            lease.given_back = True  # given up, and asked for anew
        order = {"id": asked["order"]["id"]}
        payload = await api.do(PAYMENTS, "retryCommand", order=order, command=asked["command"]["id"])
        assert set(kinds(payload)) <= TROUBLE | {"GuardFailed"}, payload["errors"]  # it was done meanwhile

    async def others(self) -> None:
        """A merchant, the marketplace or a customer does what may be possible."""
        with suppress(TooBusy, DatabaseUnavailable):
            await self.happens(self.through, self.random.choice(self.orders), self.random.choice(MEANWHILE))

    async def happens(self, api: Api, order: Order, sentence: str) -> None:
        """Let one sentence of `store_walks` come true, if it is possible."""

        def decide(order: Order, now: datetime) -> Decided:
            answer = attempt(Walk(order, (), now, process_of(order)), sentence)
            return Decided(answer if isinstance(answer, Outcome) else Outcome(order))

        await api.services.orders.change(order.id, decide)

    async def fewer(self) -> None:
        await FEWER.on(self.through, self.random.choice(self.orders))

    async def silence(self) -> None:
        """Somebody takes everything and never answers, until what nobody else answered is given up."""
        for _ in range(MOST_DELIVERIES + 1):
            await self.lease(self.through, "psp-4", first=100, seconds=1)
            await self.api.services.clock.advance(timedelta(hours=1, minutes=1))

    async def clock(self) -> None:
        await self.api.services.clock.advance(timedelta(seconds=self.random.choice([1, 6, 70, 3600, 7200])))

    async def listed(self, status: str) -> list[Answer]:
        answer = await self.api.ask(PAYMENTS, LISTED, status=status)
        assert answer["errors"] is None, answer["errors"]
        return answer["data"]["payments"]["commands"]

    # What holds

    async def stored(self) -> list[Order]:
        """All orders. Whatever is pending in them is found in time."""
        rows = (
            await self.api.services.orders.database.collection("orders")
            .find({"_id": {"$in": [order.id for order in self.orders]}}, {**FIELDS, "next_command": 1})
            .to_list()
        )
        found: list[Order] = []
        for row in rows:
            order, looked_at = from_document(row), when(row, "next_command")
            for command in order.commands:
                if command.status is CommandStatus.PENDING:
                    assert looked_at, f"{command.id} waits for ever"
                    assert looked_at <= due_at(command, order.asks), f"{command.id} waits too long"
            found.append(order)
        return found

    async def play(self, steps: int) -> None:
        """Everybody acts, as many times as that, some of them at once."""
        acts: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *(lambda by=by: self.provider(by) for by in ("psp-1", "psp-2", "psp-2")),
            self.person,
            self.somebody_remembers,
            *(self.others for _ in range(2)),
            self.fewer,
            *(self.clock for _ in range(2)),
        ]
        for _ in range(steps):
            async with asyncio.TaskGroup() as group:
                for act in self.random.sample(acts, self.random.randint(2, 7)):
                    group.create_task(act())
                if self.random.random() < 0.05:
                    group.create_task(self.silence())
            await self.stored()

    async def settle(self) -> None:
        """All goes well at last: each command that waits is given out, and all of them are done."""
        self.bank.refusing = 0
        for _ in range(10):
            await self.api.services.clock.advance(timedelta(hours=2))
            for status in ("REFUSED", "DEAD"):
                for asked in await self.listed(status):
                    await self.retry(self.api, asked)
            if not (waiting := {each["command"]["idempotencyKey"] for each in await self.listed("PENDING")}):
                break
            given = await self.lease(self.api, "psp-3", first=100, seconds=1)
            for asked in given:
                result = "DONE" if self.bank.carry_out(asked["command"]) else "REFUSED"
                await self.say(self.api, asked, result)
            given_up = await self.listed("DEAD")
            keys = {each["command"]["idempotencyKey"] for each in [*given, *given_up]}
            assert waiting <= keys, f"nobody was given {waiting - keys}"
        for asked, result in self.late:
            await self.say(self.api, asked, result)

    async def reconcile(self) -> None:
        """Whatever the bank did is told as it was."""
        for key, asked in self.given.items():
            if self.bank.moved.get(key):
                await self.say(self.api, asked, "DONE")

    async def assert_booked(self) -> None:
        """What is booked is what the bank did, each command once; what it did besides is noted."""
        for order in await self.stored():
            assert_totals(order)
            entries = await self.api.services.orders.history(order.id, 0, 1000)
            for command in order.commands:
                attempts = range(1, command.attempt + 1)
                moved = {n for n in attempts if self.bank.moved.get(f"{command.id}.{n}")}
                assert command.status is CommandStatus.DONE, command
                assert self.lying or len(moved) == 1, f"{command.id} was carried out {len(moved)} times"
                assert {command.done_attempt, *command.done_again} == moved, command
                assert command.done_attempt not in command.done_again, command
                rows = [row for row in entries if row.event == f"{command.kind}_done"]
                assert sum(row.input["command"] == command.id for row in rows) == 1, command

    def assert_alone(self) -> None:
        """Nobody was given what was somebody else's."""
        for key, leases in self.leases.items():
            for one, next_ in pairwise(sorted(leases, key=lambda each: each.since)):
                assert one.given_back or next_.since >= one.until, f"{key} was given out twice: {leases}"


def interleaved(api: Api, random: Random) -> Api:
    """The same API, where others come in between any two commands to the database, and some writes break off
    before or after they arrived.
    """

    async def step(collection: str, command: str) -> None:
        for _ in range(random.randint(0, 5)):
            await asyncio.sleep(0)
        if (collection, command) == ("orders", "update_one") and random.random() < 0.03:
            raise AutoReconnect("connection closed")

    orders = api.services.orders
    through = Orders(stepped(orders.database, before=step, after=step), orders.clock, orders.wake)
    return Api(replace(api.services, orders=through))


async def play(api: Api, seed: int, lying: bool, steps: int = 25) -> None:
    """One world from its beginning to its end."""
    log.info("World %d", seed)
    random = Random(seed)
    starts = [*random.sample(STARTS, 2), random.choice(SOLD_BY_ANOTHER.everywhere())]
    orders = [await prepared(api, start, on_hand=None) for start in starts]
    world = World(api, interleaved(api, random), orders, random, lying, Bank(random, refusing=0.3))
    await FEWER.on(api, orders[-1])
    for sentence in ("merchant cancel, reason=sold out", "marketplace change_seller m3"):
        await world.happens(api, orders[-1], sentence)
    await world.play(steps)
    await world.settle()
    await world.reconcile()
    await world.assert_booked()
    world.assert_alone()
