"""A drive: API and worker processes on one database, shoppers that write, and a random source that cuts them.

Everything can be cut off at any moment and started again; what must hold then stands in test_cuts.
"""

import asyncio
import re
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import httpx

from domain.actors import Role
from tests.serving import ORDERFLOW, SAID_ALL, environment
from tests.subscribers import AGAIN_SECONDS, CUT_OFF, Subscriber
from tests.transport import SECRET, TOKENS

MERCHANTS = ("m1", "m2")
CUSTOMERS = ("c1", "c2")
ADMIN = TOKENS.mint(Role.MARKETPLACE)
SELLERS = {merchant: TOKENS.mint(Role.MERCHANT, merchant_id=merchant) for merchant in MERCHANTS}
BUYERS = {customer: TOKENS.mint(Role.CUSTOMER, customer_id=customer) for customer in CUSTOMERS}

STEP = (
    "order { id ... on Order { merchantOrders { reference merchantId } } } errors { code message } replayed"
)

Answer = dict[str, Any]


class Process:
    """A place where `orderflow` runs, as an API or as a worker; killed or stopped, and started again."""

    def __init__(self, log: Path, *arguments: str | Path, says: str, **environ: str) -> None:
        self._log = log
        self._arguments = arguments
        self._says = says
        self._environ = environment(**environ)
        self._running: asyncio.subprocess.Process | None = None
        self.address = ""
        self.up = asyncio.Event()

    async def start(self) -> None:
        """Return when it works. Where it is, is known from then on, also while it is gone."""
        with self._log.open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                ORDERFLOW, *self._arguments, env=self._environ, stdout=subprocess.PIPE, stderr=log
            )
        assert self._running.stdout
        said = ""
        async for line in self._running.stdout:
            said += line.decode()
            if self._says in said:
                break
        assert self._says in said, self._log.read_text()
        if found := re.search(r"http://(\S+)/graphql", said):
            self.address = found[1]
            async with httpx.AsyncClient(timeout=60, verify=False) as http:
                await http.get(f"http://{self.address}/health/live")  # who asks early waits until it serves
        self.up.set()

    async def end(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait until it is gone, if it runs."""
        self.up.clear()
        if self._running and self._running.returncode is None:
            self._running.send_signal(by)
            async with asyncio.timeout(60):
                await self._running.communicate()
            assert self._running.returncode == (0 if by is signal.SIGTERM else -by)

    async def restart(self, by: signal.Signals) -> None:
        """End it by this signal and start another in its place."""
        await self.end(by)
        await self.start()


@dataclass(slots=True)
class Fleet:
    """The processes of one database."""

    apis: Sequence[Process]
    workers: Sequence[Process]

    def addresses(self) -> list[str]:
        """Where APIs were last seen; some may be gone, as their clients do not know."""
        return [api.address for api in self.apis]

    @property
    def processes(self) -> list[Process]:
        return [*self.apis, *self.workers]


@asynccontextmanager
async def fleet(folder: Path, uri: str, database: str, *, apis: int, workers: int) -> AsyncGenerator[Fleet]:
    """So many processes of each kind, working; ended afterwards."""
    environ = {
        "MONGODB_URI": uri,
        "ORDERFLOW_DATABASE": database,
        "ORDERFLOW_ENV": "development",
        "ORDERFLOW_JWT_SECRET": SECRET,
        "ORDERFLOW_RATE_LIMIT": "off",
    }
    log = folder / "log"
    serve = ("serve", "--port", "0", "--data-dir", folder)
    work = ("worker", "--data-dir", folder)
    made = Fleet(
        [Process(log, *serve, says=SAID_ALL, **environ) for _ in range(apis)],
        [Process(log, *work, says="The worker is running.", **environ) for _ in range(workers)],
    )
    async with AsyncExitStack() as stack:
        for process in made.processes:
            stack.push_async_callback(process.end)
        await asyncio.gather(*(process.start() for process in made.processes))
        yield made


class Shopper:
    """Places orders one after the other and plays each to its end, wherever an API answers.

    Whatever gets no answer is sent again, anywhere, under the same key. `answered`: the steps of each order
    that were; `times`: how often one was sent again, and how often it turned out to be done already.
    """

    def __init__(self, name: str, addresses: Callable[[], list[str]], chance: Random) -> None:
        self._name = name
        self._addresses = addresses
        self._chance = chance
        self._keys = count(1)
        self._request: asyncio.Task[httpx.Response] | None = None
        self.answered: dict[str, list[str]] = {}
        self.times: Counter[str] = Counter()

    async def shop(self, stop: asyncio.Event) -> None:
        """Finish the order in hand when told to stop."""
        async with httpx.AsyncClient(timeout=20, verify=False) as http:
            while not stop.is_set():
                await self._buy(http)

    def abort(self) -> None:
        """Let go of the request that is on its way, if one is."""
        if self._request:
            self._request.cancel()

    async def _buy(self, http: httpx.AsyncClient) -> None:
        reference = f"{self._name}-{next(self._keys)}"
        line = {"name": "A", "quantity": 1, "unitPrice": "10.00"}
        customer = self._chance.choice(CUSTOMERS)
        placed = await self._insist(
            http,
            ADMIN,
            "placeOrder",
            externalReference=reference,
            currency="EUR",
            customer={"id": customer, "name": "Anna Berg", "email": "anna@example.org"},
            lines=[line | {"sku": f"{merchant}-1", "merchantId": merchant} for merchant in MERCHANTS],
        )
        order = placed["order"]["id"]
        steps = self.answered[order] = ["placed"]
        by = {"id": order}
        amount = {"amount": "20.00", "currency": "EUR"}
        await self._insist(http, ADMIN, "recordPayment", order=by, amount=amount, reference=reference)
        steps.append("pay")
        sent = await self._insist(http, ADMIN, "sendToMerchant", order=by)
        steps.append("send_to_merchant")
        for theirs in sent["order"]["merchantOrders"]:
            seller, by = SELLERS[theirs["merchantId"]], {"reference": theirs["reference"]}
            await self._insist(http, seller, "shipLines", order=by)
            steps.append("ship")
            if self._chance.random() < 0.5:
                await self._insist(http, seller, "deliverLines", order=by)
                steps.append("deliver")

    async def _insist(self, http: httpx.AsyncClient, token: str, mutation: str, **sent: Any) -> Answer:
        """Send one mutation until it is answered; returns its payload, which must have no errors."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {STEP} }} }}"
        sent["idempotencyKey"] = f"{self._name}-{next(self._keys)}"
        while True:
            self._request = asyncio.create_task(
                http.post(
                    f"http://{self._chance.choice(self._addresses())}/graphql",
                    json={"query": document, "variables": {"input": sent}},
                    headers={"authorization": f"Bearer {token}"},
                )
            )
            try:
                await asyncio.wait({self._request})
            finally:
                self._request.cancel()  # the shopper's own end is the request's
            unanswered = self._request.cancelled() or isinstance(self._request.exception(), CUT_OFF)
            # A server that has to stop lets requests that take longer than it waits fall.
            if unanswered or self._request.result().is_server_error:
                self.times["sent again" if unanswered else "sent again after a server's error"] += 1
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            answer = self._request.result().json()
            assert "errors" not in answer, answer
            payload = answer["data"][mutation]
            assert payload["errors"] == [], (mutation, payload)
            self.times["done already"] += payload["replayed"]
            return payload


class Cutter:
    """Cuts at random; `made` counts what was cut."""

    def __init__(
        self, fleet: Fleet, subscribers: Sequence[Subscriber], shoppers: Sequence[Shopper], chance: Random
    ) -> None:
        self.made: Counter[str] = Counter()
        self._fleet = fleet
        self._subscribers = subscribers
        self._shoppers = shoppers
        self._chance = chance

    async def cut(self, times: int, pause: float) -> None:
        """Cut so often, with random pauses of up to so many seconds; returns when all processes are up."""
        apis, workers = self._fleet.apis, self._fleet.workers
        cuts: dict[str, tuple[int, Callable[[], Sequence[Process] | None]]] = {
            "subscriber's connection aborted": (32, lambda: self._subscriber().abort()),
            "subscriber's connection closed": (16, lambda: self._subscriber().close()),
            "subscriber stalled": (14, lambda: self._subscriber().stall(self._chance.expovariate(0.5))),
            "request aborted": (12, lambda: self._chance.choice(self._shoppers).abort()),
            "API killed": (8, lambda: [self._chance.choice(apis)]),
            "API stopped": (4, lambda: [self._chance.choice(apis)]),
            "worker killed": (7, lambda: [self._chance.choice(workers)]),
            "worker stopped": (3, lambda: [self._chance.choice(workers)]),
            "all processes killed": (1, lambda: self._fleet.processes),
        }
        weights = [weight for weight, _ in cuts.values()]
        async with asyncio.TaskGroup() as group:
            for _ in range(times):
                await asyncio.sleep(self._chance.uniform(0, pause))
                [kind] = self._chance.choices(list(cuts), weights)
                self.made[kind] += 1
                by = signal.SIGTERM if kind.endswith("stopped") else signal.SIGKILL
                processes = cuts[kind][1]() or ()
                for process in processes:
                    await process.up.wait()
                for process in processes:
                    group.create_task(process.restart(by))

    def _subscriber(self) -> Subscriber:
        return self._chance.choice(self._subscribers)
