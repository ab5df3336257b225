"""The tours, typed as they are written against a real server: what they show is what comes back.

References, ids, cursors and dates differ from run to run; each that is shown stands for one that came back.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Server, serving

README = Path(__file__).parent.parent / "README.md"
FLOWS = README.parent / "docs" / "store-flows.md"
VARIES = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b|\d{4}-\d\d-\d\d|TGluZTo[\w-]+|^[A-Za-z0-9_-]{32}$")
PEOPLE = ("marketplace", "payments", "merchant main", "merchant strbar", "customer alice")
FIXED = {"2027-01-15"}  # a date that the tour itself sends


@dataclass(slots=True)
class Reader:
    """Somebody who follows the tour: knows which of its own values stands for which of the README's."""

    server: Server
    tokens: dict[str, str]
    mine: dict[str, str] = field(default_factory=dict[str, str])

    def typed(self, text: str) -> str:
        """What the reader types where the README shows this."""
        return VARIES.sub(lambda found: self.mine.get(found[0], found[0]), text)

    def recognise(self, shown: Any, came: Any) -> None:
        """Fail unless what came back is what is shown, but for values that vary, the same way everywhere."""
        if isinstance(shown, dict):
            assert isinstance(came, dict)
            assert list(shown) == list(came)
            for name, value in shown.items():
                self.recognise(value, came[name])
        elif isinstance(shown, list):
            assert isinstance(came, list)
            assert len(shown) == len(came), came
            for one, other in zip(shown, came, strict=True):
                self.recognise(one, other)
        elif isinstance(shown, str):
            for mine, theirs in zip(VARIES.findall(came), VARIES.findall(shown), strict=True):
                if theirs not in FIXED:
                    assert self.mine.setdefault(theirs, mine) == mine
            assert came == self.typed(shown)
        else:
            assert came == shown

    async def ask(self, who: str, query: str) -> Any:
        """The answer without what it cost, which the tours leave out."""
        async with httpx.AsyncClient(timeout=20, verify=False) as http:
            response = await http.post(self.url, json={"query": query}, headers=self.headers(who))
        return {name: value for name, value in response.json().items() if name != "extensions"}

    @asynccontextmanager
    async def listening(self, who: str, query: str, events: list[Any]) -> AsyncGenerator[None]:
        """A window in which a subscription runs; it is there once its first event (where now is) has come."""
        there = asyncio.Event()

        async def listen(http: httpx.AsyncClient) -> None:
            headers = self.headers(who) | {"accept": "text/event-stream"}
            async with http.stream("POST", self.url, json={"query": query}, headers=headers) as response:
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

    @property
    def url(self) -> str:
        return f"http://{self.server.address}/graphql"

    def headers(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[who]}"}


def steps(tour: Path) -> list[tuple[str, str, Any]]:
    """A tour's operations: who types it, what, and the answer that is shown (None for the subscription)."""
    found: list[tuple[str, str, Any]] = []
    who = ""
    for said, language, block in re.findall(r"(.*?)```(\w*)\n(.*?)```", tour.read_text(), re.DOTALL):
        named = [name for name in re.findall(r"\*\*([^*]+)\*\*", said) if name in PEOPLE]
        who = named[-1] if named else who
        if language == "graphql":
            found.append((who, block, None))
        elif language == "json" and block.lstrip().startswith("{"):
            found[-1] = (*found[-1][:2], json.loads(block))
        elif language == "json":
            found.append(("", "", json.loads(block)))
    return found


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(tmp_path_factory.mktemp("readme"), "--demo") as server:
        tokens = dict(re.findall(r"^  (\w+(?: \w+)?)\s{2,}(eyJ\S+)$", server.said, re.MULTILINE))
        yield Reader(server, tokens)


async def test_the_tour_gives_what_the_readme_shows(reader: Reader) -> None:
    watching, *moves, told = steps(README)
    assert len(moves) == 13
    events: list[Any] = []
    async with reader.listening(*watching[:2], events):
        for who, query, shown in moves:
            came = await reader.ask(who, reader.typed(query))
            reader.recognise(shown, came)
        async with asyncio.timeout(20):
            while len(events) < len(told[2]):  # noqa: ASYNC110 - another process gives no event to wait for
                await asyncio.sleep(0.02)
    reader.recognise(told[2], events)


async def test_the_tour_of_the_store_flows_gives_what_it_shows(reader: Reader) -> None:
    another = Reader(reader.server, reader.tokens)
    moves = steps(FLOWS)
    assert len(moves) == 20
    for who, query, shown in moves:
        assert shown is not None
        another.recognise(shown, await another.ask(who, another.typed(query)))


async def test_the_welcome_is_what_the_readme_shows(reader: Reader) -> None:
    shown = re.search(r"```\n(Orderflow is running.*?)\n```", README.read_text(), re.DOTALL)
    assert shown
    shortened = re.sub(r"(eyJ[\w-]{12})[\w.-]+", r"\1…", reader.server.said)
    assert shortened.replace(reader.server.address, "127.0.0.1:8000").strip() == shown[1]
