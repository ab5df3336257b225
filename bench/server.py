"""A real server to measure, and eight clients that ask it over HTTP.

Server, database and clients share the machine with whatever else runs: good to a factor of two, not better.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from domain.actors import Role

CLIENTS = 8
SECONDS = 6.0
SECRET = "of a server that lives as long as the measurement"  # noqa: S105


async def rate(work: Callable[[], Awaitable[int]]) -> float:
    """How much all clients do in a second; `work` returns how much it did, nothing when nothing is left."""
    start = time.perf_counter()

    async def client() -> int:
        done = 0
        while time.perf_counter() < start + SECONDS and (more := await work()):
            done += more
        return done

    done = sum(await asyncio.gather(*(client() for _ in range(CLIENTS))))
    return done / (time.perf_counter() - start)


@dataclass(frozen=True, slots=True)
class Api:
    """The API at an address, and a token for each role."""

    address: str
    http: httpx.AsyncClient
    tokens: Mapping[Role, str]

    async def ask(self, role: Role, document: str, **variables: str) -> dict[str, Any]:
        """Run an operation of which nothing may be refused; returns its data."""
        asked = {"query": document, "variables": variables}
        token = {"authorization": f"Bearer {self.tokens[role]}"}
        answer = (await self.http.post("/graphql", json=asked, headers=token)).json()
        assert "errors" not in answer, answer
        assert not answer["data"].get("done", {}).get("errors"), answer
        return answer["data"]


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server is, and which process."""

    address: str
    pid: int


@contextmanager
def serving(folder: Path) -> Generator[Served]:
    """`orderflow serve` with a database of its own, and as many requests as anybody likes."""
    command = [sys.executable, "-c", "from graph.cli import main; main()", "serve", "--port", "0"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("ORDERFLOW_", "MONGODB_"))}
    environ |= {"ORDERFLOW_ENV": "production", "ORDERFLOW_JWT_SECRET": SECRET}  # where no clock is advanced
    environ |= {"ORDERFLOW_RATE_LIMIT": "off"}
    server = subprocess.Popen(
        [*command, "--data-dir", str(folder)],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    try:
        said = next(line for line in server.stdout if "http://" in line)
        address = re.search(r"http://(\S+)", said)
        assert address, said
        yield Served(address[1], server.pid)
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()
