"""Real server processes for tests: `orderflow` started as people start it, asked over HTTP and WebSocket."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from domain.actors import Role
from graph.settings import Settings
from graph.token_settings import tokens_of
from tests.transport import PROTOCOL

ORDERFLOW = Path(sys.executable).parent / "orderflow"
SAID_ALL = "Ctrl-C stops the server."

Answer = dict[str, Any]


def environment(**changes: str) -> dict[str, str]:
    """This process's variables without those that would set the server up otherwise."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ORDERFLOW_") and name != "MONGODB_URI"
    }
    return inherited | changes


def orderflow(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [ORDERFLOW, *arguments],
        env=environment(**environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens: its process, what it said, where it is, and its data folder."""

    process: subprocess.Popen[str]
    said: str
    folder: Path

    @property
    def address(self) -> str:
        """`127.0.0.1:port`."""
        found = re.search(r"http://(\S+)/graphql", self.said)
        assert found, self.said
        return found[1]

    def token(self, role: Role, merchant_id: str | None = None, customer_id: str | None = None) -> str:
        """A token with the secret of the data folder."""
        tokens = tokens_of(Settings(data_dir=self.folder))
        return tokens.mint(role, merchant_id=merchant_id, customer_id=customer_id)

    async def ask(self, token: str, query: str, **variables: Any) -> Answer:
        """The answer's data; there must be no errors."""
        return await asked(self.address, token, query, **variables)

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        """As `kill` or a container's end does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


async def asked(address: str, token: str, query: str, **variables: Any) -> Answer:
    """One operation over HTTP. Raises httpx.HTTPError when the server does not answer."""
    # Not verifying spares reading all authorities for each client; nothing here is encrypted anyway.
    async with httpx.AsyncClient(timeout=20, verify=False) as http:
        response = await http.post(
            f"http://{address}/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {token}"},
        )
    answer = response.json()
    assert "errors" not in answer, answer
    return answer["data"]


@contextmanager
def serving(folder: Path, *arguments: str, **environ: str) -> Generator[Server]:
    """`orderflow serve` on a free port and this data folder, listening; stopped afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "serve.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [ORDERFLOW, "serve", "--port", "0", "--data-dir", folder, *arguments],
            env=environment(**environ),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout
    try:
        said = ""
        for line in process.stdout:
            said += line
            if SAID_ALL in line:
                break
        assert SAID_ALL in said, f"{said}{log.read_text()}"
        yield Server(process, said, folder)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        process.stdout.close()


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return when it holds; fails when it does not within 20 seconds."""
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - other processes leave no event to wait for
            await asyncio.sleep(0.02)


@asynccontextmanager
async def subscribed(
    address: str, token: str, query: str, **variables: Any
) -> AsyncGenerator[ClientConnection]:
    """A WebSocket on which this subscription runs; its messages come as they are."""
    async with connect(f"ws://{address}/graphql", subprotocols=[Subprotocol(PROTOCOL)]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        payload = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        yield socket
