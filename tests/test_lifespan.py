"""What runs as long as a server does: started, started again when it fails, and stopped."""

import asyncio
import logging
from contextlib import aclosing

import pytest

from graph import lifespan
from graph.lifespan import keep_running, running, services_of
from graph.settings import Settings
from storage.client import Database
from storage.feed import FeedItem
from tests.acting import ADMIN, Api, by
from tests.stores import Store

SETTINGS = Settings(jwt_secret="x" * 32)


async def test_a_task_that_fails_or_ends_is_started_again_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lifespan, "PAUSE", 0)
    runs = 0
    third = asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("the first run fails")
        if runs == 3:
            third.set()
            await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        task = asyncio.create_task(keep_running("work", work))
        async with asyncio.timeout(5):
            await third.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert [record.getMessage() for record in caplog.records] == [
        "The work failed and is started again.",
        "The work ended and is started again.",
    ]
    assert "the first run fails" in caplog.text


async def test_while_it_runs_what_is_written_is_published_and_nothing_is_left_behind(
    mock_database: Database,
) -> None:
    services = services_of(mock_database, SETTINGS)
    api = Api(services)
    await services.merchants.register("m1", "One")
    await services.merchants.register("m2", "Two")
    before = asyncio.all_tasks()

    async with running(mock_database, services):
        order = await api.placed()
        async with asyncio.timeout(5), aclosing(services.hub.subscribe("marketplace", 0)) as heard:
            assert isinstance(item := await anext(heard), FeedItem)
            assert item.body["event"] == "placed"
        changed = await api.done(ADMIN, "cancel", order=by(order), reason="sold out")

    assert changed["order"]["version"] == 2
    assert asyncio.all_tasks() == before


def test_the_clock_can_be_advanced_in_development_only(mock_store: Store) -> None:
    production = Settings(jwt_secret="x" * 32, environment="production")
    assert services_of(mock_store.database, SETTINGS).clock.test
    assert not services_of(mock_store.database, production).clock.test
