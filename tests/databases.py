"""Fixtures: a real server for the whole run, a fresh database on it for each test, and one in memory.

The server is `MONGODB_URI`'s if that is set (any replica set may be tried), else the embedded stand-in.
"""

import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from mongomock_motor import AsyncMongoMockClient

from storage.client import Database, Driver, connect
from storage.embedded import EmbeddedServer

# On a test that must hold whichever driver is set; every other test meets Motor, the default.
both_drivers = pytest.mark.parametrize("driver", ["motor", "pymongo"])


@pytest.fixture(scope="session")
def embedded_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server that the tests may use."""
    if uri := os.environ.get("MONGODB_URI"):
        yield uri
        return
    with EmbeddedServer(tmp_path_factory.mktemp("embedded")) as server:
        yield server.uri


@pytest.fixture
def driver() -> Driver:
    """Which driver `database` uses."""
    return "motor"


@pytest.fixture
async def database(embedded_uri: str, driver: Driver) -> AsyncIterator[Database]:
    """An empty database of its own, gone after the test."""
    database = connect(embedded_uri, f"orderflow_test_{uuid4().hex[:12]}", driver)
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
def mock_database() -> Database:
    """A database in memory: no transactions, change streams, array filters, or clock of the server."""
    return Database(AsyncMongoMockClient(), "orderflow_test")
