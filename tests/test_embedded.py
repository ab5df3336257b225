"""The embedded server keeps data, its folder to itself, and no process behind. Each test starts its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.client import Collection, connect
from storage.embedded import DataFolderInUse, EmbeddedServer, EmbeddedServerFailed, EmbeddedServerMissing

OWNER = """
import sys, time
from pathlib import Path
from storage.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])) as server:
    print(server.uri, flush=True)
    time.sleep(600)
"""


@asynccontextmanager
async def orders_at(uri: str) -> AsyncGenerator[Collection]:
    database = connect(uri, "shop")
    yield database.collection("orders")
    await database.close()


async def test_data_survive_a_restart(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as server:
        async with orders_at(server.uri) as orders:
            await orders.insert_one({"_id": 1})

    with EmbeddedServer(tmp_path) as server:
        async with orders_at(server.uri) as orders:
            assert await orders.find_one({}) == {"_id": 1}


async def test_a_killed_server_comes_back_on_its_port_with_every_confirmed_write(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as server:
        async with orders_at(server.uri) as orders:
            await orders.insert_many({"_id": i} for i in range(100))
            await orders.update_one({"_id": 7}, {"$set": {"paid": True}})
            killed = server.pid
            assert killed
            os.kill(killed, signal.SIGKILL)

            assert await orders.find_one({"paid": True}) == {"_id": 7, "paid": True}
            assert await orders.count_documents({}) == 100
            await orders.insert_one({"_id": 100})
            assert server.pid != killed


def test_a_second_server_on_a_folder_is_told_who_has_it_and_where_to_go(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as first:
        with pytest.raises(DataFolderInUse) as refused:
            EmbeddedServer(tmp_path).start()
        assert str(refused.value) == (
            f"The data folder {tmp_path} is in use by process {os.getpid()}: stop that process, choose"
            f" another folder, or use its database by setting MONGODB_URI to {first.uri}."
        )
        assert refused.value.uri == first.uri

    with EmbeddedServer(tmp_path):
        pass


async def test_an_owner_that_is_killed_leaves_no_server_and_frees_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    owner = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert owner.stdout
    async with orders_at((await owner.stdout.readline()).decode().strip()) as orders:
        await orders.insert_one({"_id": 1})
    owner.kill()
    await owner.wait()

    # The server holds the folder's lock with its owner, so this start also shows that the server is gone.
    with EmbeddedServer(tmp_path) as server:
        async with orders_at(server.uri) as orders:
            assert await orders.find_one({}) == {"_id": 1}


def test_a_server_that_cannot_start_quotes_its_log_and_frees_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "WiredTiger.turtle").write_text("not a database")

    for _ in range(2):
        with pytest.raises(EmbeddedServerFailed, match=r"did not start on .* Its log ends: .*corruption"):
            EmbeddedServer(tmp_path).start()


def test_without_the_package_it_says_what_to_install_or_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "secantus", None)  # as Python has it where nothing is installed

    with pytest.raises(EmbeddedServerMissing, match=r"install orderflow\[embedded\], or set MONGODB_URI"):
        EmbeddedServer(tmp_path / "new").start()

    assert not (tmp_path / "new").exists()
