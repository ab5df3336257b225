"""The tours and pages, typed as they are written against a real server: what they show is what comes back."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Server, serving
from tests.touring import ROOT, Reader, reader, steps

README = ROOT / "README.md"
DOCS = ROOT / "docs"
FRONTEND = "http://localhost:5173"
"""The other origin that docs/for-frontends.md tells to allow."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server with the demo's orders and people."""
    folder = tmp_path_factory.mktemp("readme")
    with serving(folder, "--demo", ORDERFLOW_ALLOWED_ORIGINS=FRONTEND) as server:
        yield server


@asynccontextmanager
async def listening(reader: Reader, who: str, query: str, events: list[Any]) -> AsyncGenerator[None]:
    """A window in which a subscription runs; it is there once its first event (where now is) has come."""
    there = asyncio.Event()

    async def listen(http: httpx.AsyncClient) -> None:
        headers = reader.headers(who) | {"accept": "text/event-stream"}
        async with http.stream("POST", reader.url, json={"query": query}, headers=headers) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))["data"]["orderEvents"]
                    if event:
                        events.append(event)
                    there.set()

    async with httpx.AsyncClient(timeout=60, verify=False) as http:
        task = asyncio.create_task(listen(http))
        await asyncio.wait_for(there.wait(), 20)
        yield
        task.cancel()


async def test_the_tour_gives_what_the_readme_shows(demo: Server, tmp_path: Path) -> None:
    there = reader(demo, tmp_path)
    watching, *moves, told = [step for step in steps(README) if step.kind in ("graphql", "told")]
    assert len(moves) == 13
    events: list[Any] = []
    async with listening(there, watching.who, watching.typed, events):
        for move in moves:
            await there.do(move)
        async with asyncio.timeout(20):
            while len(events) < len(told.shown):  # noqa: ASYNC110 - another process gives no event to wait for
                await asyncio.sleep(0.02)
    there.recognise(told.shown, events)


@pytest.mark.parametrize(
    ("page", "count"),
    [("for-frontends", 19), ("for-merchants", 16), ("store-flows", 20)],  # the last one moves the clock
)
async def test_a_page_gives_what_it_shows(demo: Server, page: str, count: int, tmp_path: Path) -> None:
    assert await reader(demo, tmp_path).follow(DOCS / f"{page}.md") == count


@pytest.mark.parametrize(("page", "count"), [("for-payments", 19), ("for-erp", 12)])
async def test_a_page_with_a_server_of_its_own_gives_what_it_shows(
    page: str, count: int, tmp_path: Path
) -> None:
    with serving(tmp_path / "server") as server:
        assert await reader(server, tmp_path).follow(DOCS / f"{page}.md") == count


async def test_the_welcome_is_what_the_readme_shows(demo: Server) -> None:
    shown = re.search(r"```\n(Orderflow is running.*?)\n```", README.read_text(), re.DOTALL)
    assert shown
    shortened = re.sub(r"(eyJ[\w-]{12})[\w.-]+", r"\1…", demo.said)
    assert shortened.replace(demo.address, "127.0.0.1:8000").strip() == shown[1]
