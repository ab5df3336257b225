"""The API in process where time stands still until `advanceTestClock` moves it, to the millisecond."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from storage.clock import Clock
from storage.deadlines import DeadlineWorker
from storage.orders import Orders
from tests.acting import Api

START = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
"""Long ago, so that no day that a test names is in the future of a real clock either."""


@dataclass(frozen=True, slots=True)
class StillClock(Clock):
    """The test clock without the system's: what it was advanced by, since `START`."""

    async def now(self) -> datetime:
        return START + await self._offset()


@pytest.fixture
def still_api(api: Api) -> Api:
    """The API on a database in memory, at START."""
    services = api.services
    clock = StillClock(services.orders.database, test=True)
    orders = Orders(clock.database, clock, services.relay.wake)
    return Api(replace(services, clock=clock, orders=orders, deadlines=DeadlineWorker(orders, clock)))
