"""Readiness: which of the things that this process needs is missing."""

import time
from dataclasses import dataclass

import pytest

from graph.health import LATELY, goes_round
from storage.client import DatabaseUnavailable
from storage.deadlines import DeadlineWorker
from storage.relay import Relay
from tests.logged import logged
from tests.stores import Store, losing
from tests.transport import api, client


@dataclass
class Going:
    """A worker that went round at some time."""

    went_round: float


async def test_a_worker_is_ready_as_long_as_it_has_gone_round_lately() -> None:
    now = time.monotonic()
    await goes_round(Going(now))()
    await goes_round(Going(now - LATELY / 2))()
    with pytest.raises(Exception, match=r"has not gone round for 1[5-9] seconds"):
        await goes_round(Going(now - LATELY - 0.5))()


async def test_the_answer_names_what_stands_still_and_the_log_says_how_long() -> None:
    checks = {
        "feed": goes_round(Going(time.monotonic() - 100)),
        "deadlines": goes_round(Going(time.monotonic())),
    }
    with logged() as log:
        async with client(api(checks=checks)) as http:
            response = await http.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "missing": ["feed"]}
    (record,) = log.records
    assert record["message"] == "Not ready: feed: it has not gone round for 100 seconds"
    assert record["request_id"] == response.headers["x-request-id"]


async def test_the_log_names_what_went_wrong_also_when_it_has_no_text() -> None:
    async def silent() -> None:
        raise TimeoutError

    with logged() as log:
        async with client(api(checks={"database": silent})) as http:
            await http.get("/health/ready")
    assert log.records[0]["message"] == "Not ready: database: TimeoutError"


async def test_workers_go_round_also_when_nothing_is_to_do(mock_store: Store) -> None:
    relay = Relay(mock_store.database)
    deadlines = DeadlineWorker(mock_store.orders, mock_store.clock)
    for worker, look in ((relay, relay.drain), (deadlines, deadlines.run_due)):
        worker.went_round = 0
        assert await look() == 0
        await goes_round(worker)()


async def test_workers_that_cannot_look_have_not_gone_round(mock_store: Store) -> None:
    broken = losing(mock_store.database, "find", sent=False, times=100)
    relay = Relay(broken)
    relay.went_round = before = time.monotonic() - 2 * LATELY
    with pytest.raises(DatabaseUnavailable):
        await relay.drain()
    assert relay.went_round == before
