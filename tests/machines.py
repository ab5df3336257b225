"""Relays and hubs on one database, as several processes have them, that end at any await and start again.

All in one process, so cuts are cheap: whatever runs is cancelled where it happens to wait. What a driver has
sent by then is carried out all the same, as with a process that is killed.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing, suppress
from random import Random

from storage.client import Database
from storage.feed import Feed, FeedItem
from storage.hub import Hub, Lagged
from storage.relay import Relay
from tests.feeding import write

BUFFER = 5
"""Items that a listener may fall behind: few, so that it happens all the time."""


class Machine:
    """One process: its connection, its hub, its relay."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.start()

    def start(self) -> None:
        """Begin with nothing in memory."""
        self.hub = Hub(Feed(self.database), buffer=BUFFER)
        self.relay = Relay(self.database, self.hub.wake)
        self.follow()
        self.publish()

    def follow(self) -> None:
        self._following = asyncio.create_task(self.hub.run())

    def publish(self) -> None:
        self._publishing = asyncio.create_task(self.relay.run())

    async def end(self) -> None:
        """Everything ends, and every subscription with it."""
        self.hub.close()
        await cancelled(self._following, self._publishing)

    async def restart(self) -> None:
        """Another process takes its place."""
        await self.end()
        self.start()

    async def follow_again(self) -> None:
        """The hub's task fails and is started again."""
        await cancelled(self._following)
        self.follow()

    async def publish_again(self) -> None:
        """The relay's task fails and is started again."""
        await cancelled(self._publishing)
        self.publish()


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel; raises what one failed with before."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


class Listener:
    """Listens to a topic from its first item on, at a random machine, until cut off; then at another."""

    def __init__(self, topic: str, machines: Sequence[Machine], chance: Random) -> None:
        self.topic = topic
        self.heard: list[FeedItem] = []
        self.lagged = 0
        self._machines = machines
        self._chance = chance
        self._listening: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()
        self._awake.set()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            self._listening = asyncio.create_task(self._listen(self._chance.choice(self._machines)))
            try:
                await asyncio.wait({self._listening})
            finally:
                self.cut()
            if not self._listening.cancelled():
                self._listening.result()
            await asyncio.sleep(0.001)

    def cut(self) -> None:
        if self._listening:
            self._listening.cancel()

    def stall(self, seconds: float) -> None:
        """Take nothing for so long."""
        self._awake.clear()
        asyncio.get_running_loop().call_later(seconds, self._awake.set)

    async def _listen(self, machine: Machine) -> None:
        after = self.heard[-1].seq if self.heard else 0
        async with aclosing(machine.hub.subscribe(self.topic, after)) as stream:
            async for event in stream:
                if isinstance(event, FeedItem):
                    self.heard.append(event)
                self.lagged += isinstance(event, Lagged)
                await self._awake.wait()


class Writer:
    """Changes orders of its own at random machines; `written`: (topic, order, its number) of every entry."""

    def __init__(self, name: str, topics: Sequence[str], machines: Sequence[Machine], chance: Random) -> None:
        self.written: list[tuple[str, str, int]] = []
        self._orders = [f"{name}-{number}" for number in range(4)]
        self._topics = topics
        self._machines = machines
        self._chance = chance

    async def run(self, stop: asyncio.Event) -> None:
        versions: Counter[str] = Counter()
        while not stop.is_set():
            order, machine = self._chance.choice(self._orders), self._chance.choice(self._machines)
            topics = self._chance.sample(self._topics, self._chance.randint(1, len(self._topics)))
            entries = self._chance.randint(1, 3)
            await write(machine.database, order, *topics, entries=entries)
            machine.relay.wake()
            versions[order] += 1
            seqs = [versions[order] * 100 + i for i in range(entries)]
            self.written += [(topic, order, seq) for topic in topics for seq in seqs]


async def cut(
    machines: Sequence[Machine], listeners: Sequence[Listener], chance: Random, times: int
) -> Counter[str]:
    """Cut so often; returns how often what was."""
    made: Counter[str] = Counter()
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0, 0.02))
        [kind] = chance.choices(
            ("listener cut", "listener stalled", "process", "hub", "relay"), (5, 2, 2, 1, 2)
        )
        made[kind] += 1
        match kind:
            case "listener cut":
                chance.choice(listeners).cut()
            case "listener stalled":
                chance.choice(listeners).stall(chance.expovariate(10))
            case "process":
                await chance.choice(machines).restart()
            case "hub":
                await chance.choice(machines).follow_again()
            case _:
                await chance.choice(machines).publish_again()
    return made
