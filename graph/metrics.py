"""What the API counts, and /metrics: the numbers of this process, or of all that answer on one port.

No label's value comes from a client. Who may read /metrics is the network's to say: it asks for no token.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

logger = logging.getLogger(__name__)

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several processes keep their numbers together."""

OPERATIONS = Counter(
    "orderflow_operations",
    "GraphQL operations that ended, and requests that were turned away before there was one.",
    ("transport", "kind", "outcome"),
)
REFUSALS = Counter("orderflow_refusals", "Errors that were answered, by their code.", ("code",))
SECONDS = Histogram(
    "orderflow_operation_seconds",
    "From reading the document of a query or mutation to its result.",
    ("transport", "kind"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SOCKETS = Gauge("orderflow_sockets", "WebSockets that are open.", multiprocess_mode="livesum")
SUBSCRIPTIONS = Gauge(
    "orderflow_subscriptions", "Subscriptions that run.", ("transport",), multiprocess_mode="livesum"
)
DELIVERIES = Counter(
    "orderflow_deliveries", "Results that went to subscribers, heartbeats included.", ("transport",)
)
LOOP_LAG = Histogram(
    "orderflow_event_loop_lag_seconds",
    "How much later than asked the event loop woke who waited: how long one request made others wait.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)

disable_created_metrics()  # when a number began is of no use, and as long as the numbers

PATIENCE = 2.0
"""Seconds that the database may take to count; what it knows by itself a process tells in any case."""

Count = Callable[[], Awaitable[Mapping[str, int]]]
"""How many orders wait, by what for (storage.waiting)."""


async def nothing_counted() -> Mapping[str, int]:
    """What is counted where there is no database."""
    return {}


@contextmanager
def shared_numbers(*, processes: int) -> Generator[None]:
    """Let the processes that are started meanwhile keep their numbers together, where they are several."""
    if processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="orderflow-metrics-") as folder:
        os.environ[SHARED] = folder  # read by the library when a process first imports it
        try:
            yield
        finally:
            del os.environ[SHARED]


class Metrics:
    """GET /metrics, in Prometheus' text format."""

    def __init__(self, count: Count) -> None:
        self._count = count

    async def show(self, _: Request) -> Response:
        """All numbers; without those of the database when it does not answer."""
        waiting: Mapping[str, int] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                waiting = await self._count()
        except Exception as error:  # noqa: BLE001 - the rest is wanted most when something is wrong
            logger.warning("What waits could not be counted: %s", str(error) or type(error).__name__)
        text = generate_latest(_registry()) + generate_latest(_of(_Waiting(waiting)))
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


async def watch_loop(pause: float = 1.0) -> None:
    """Measure until cancelled, every `pause` seconds, how late the event loop is."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(pause)
        LOOP_LAG.observe(max(0.0, time.perf_counter() - start - pause))


class _Waiting(Collector):
    """What was counted for one answer. Not a gauge: one that several processes set would be summed."""

    def __init__(self, waiting: Mapping[str, int]) -> None:
        self._waiting = waiting

    def collect(self) -> Iterator[GaugeMetricFamily]:
        help = (
            "Orders that wait: events to be published, deadlines overdue by more than a minute, commands for"
            " the payment system's answer, dead commands for a person as it never came, stock for pieces; at"
            " most 10000 of each are counted."
        )
        family = GaugeMetricFamily("orderflow_waiting_orders", help, labels=("queue",))
        for queue, orders in self._waiting.items():
            family.add_metric((queue,), orders)
        yield family


def _of(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def _registry() -> CollectorRegistry:
    """This process's numbers, or those of all processes together."""
    if SHARED not in os.environ:
        return REGISTRY
    _bury_the_dead(Path(os.environ[SHARED]))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


def _bury_the_dead(folder: Path) -> None:
    """Forget what processes that are gone said of the moment, such as how many sockets they have."""
    for file in folder.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
        except PermissionError:
            continue  # it lives, and is somebody else's
