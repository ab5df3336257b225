"""Pages typed as they are written: requests, shell lines, WebSocket talk, and what each of them gives back.

References, ids, cursors and times differ from run to run; each that is shown stands for one that came back.
"""

import asyncio
import json
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import IO, Any

import httpx
from graphql import build_schema, parse, validate
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from domain.actors import Role
from tests.serving import Server, environment
from tests.transport import PROTOCOL

ROOT = Path(__file__).parent.parent
TYPES = ("CustomerOrder", "PaymentsOrder", "Line", "Command", "Import")
"""Whose ids pages show."""

IDS = "|".join(urlsafe_b64encode(f"{name}:".encode()).decode()[: (len(name) + 1) * 4 // 3] for name in TYPES)
VARIES = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d"  # times, dates
    r"|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b"  # orders' references
    rf"|\b(?:{IDS})[\w-]+|\bWyJ[\w-]+"  # ids, cursors of lists
    r"|\b01[0-9a-z]{24}\b"  # keys of commands
    r"|(?<![\w-])[\w-]{32}(?![\w-])"  # cursors of events, ids of requests
)
BLOCKS = re.compile(r"(.*?)^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
"""What is said before a block, its language, and the block."""

PEOPLE = {"marketplace", "payments", "logistics", "customer alice"} | {
    f"merchant {name}" for name in ("main", "strbar", "depot")
}
FEED = re.compile(r"\bevents\(|\bexport feed\b")
"""What asks the feed, which tells of a change a moment after it was made."""

HERE = "127.0.0.1:8000"
"""Where every page says that the server is."""

STOPPED_BY_CURL = 28
"""curl's exit code when --max-time has passed, as pages let it with streams."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a page shows at one place: who does what, with which variables, and what comes of it."""

    who: str
    kind: str
    typed: str
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    shown: Any = None


def steps(page: Path) -> list[Step]:
    """A page's steps in order, each kind named after its block:

    `graphql` with the JSON of its variables and of its answer (other variables, or one more answer, say that
    it is sent again); `sh` with what it prints; `save`, a file that the reader is to write (named before it,
    as in "`shipped.csv`:"); `talk`, `> ` and `< ` lines on a WebSocket; `told`, a subscription's list.
    """
    found: list[Step] = []
    who = ""
    for said, language, block in BLOCKS.findall(page.read_text()):
        named = [name for name in re.findall(r"\*\*([^*]+)\*\*", said) if name in PEOPLE]
        who = named[-1] if named else who
        last = found[-1] if found else Step("", "", "")
        name = re.search(r"`([\w.-]+)`:\s*$", said)
        if language in ("graphql", "sh"):
            found.append(Step(who, language, block))
        elif language in ("csv", "json") and name:
            found.append(Step(name[1], "save", block))
        elif language == "json" and block.startswith("["):
            found.append(Step(who, "told", "", shown=json.loads(block)))
        elif language == "json":
            found = [*found[: None if last.shown else -1], _more(last, json.loads(block), who)]
        elif language in ("text", "csv") and block.startswith("> "):
            found.append(Step(who, "talk", block))
        elif language in ("text", "csv"):
            found[-1] = replace(last, shown=block)
    return found


def _more(step: Step, given: dict[str, Any], who: str) -> Step:
    if step.kind == "sh" or given.keys() & {"data", "errors"}:
        return replace(step, shown=given)
    return Step(who, step.kind, step.typed, given)


@dataclass(slots=True)
class Reader:
    """Somebody who follows pages: knows which of its own values stands for which of theirs.

    `folder` is where it types shell lines; it looks like the project's.
    """

    server: Server
    folder: Path
    mine: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        """Where requests go."""
        return f"http://{self.server.address}/graphql"

    def headers(self, who: str) -> dict[str, str]:
        """What says who asks."""
        role, _, name = who.partition(" ")
        merchant, customer = (name if role == each else None for each in ("merchant", "customer"))
        token = self.server.token(Role(role), merchant_id=merchant, customer_id=customer)
        return {"authorization": f"Bearer {token}"}

    def typed(self, text: str) -> str:
        """What the reader types where a page shows this; what it has not seen before stands for itself."""
        return VARIES.sub(lambda found: self.mine.setdefault(found[0], found[0]), text)

    def recognise(self, shown: Any, came: Any) -> None:
        """Fail unless what came back is what is shown, but for values that vary, the same way everywhere."""
        if isinstance(shown, dict):
            assert isinstance(came, dict)
            assert list(shown) == list(came), came
            for name, value in shown.items():
                self.recognise(value, came[name])
        elif isinstance(shown, list):
            assert isinstance(came, list)
            assert len(shown) == len(came), came
            for one, other in zip(shown, came, strict=True):
                self.recognise(one, other)
        elif isinstance(shown, str):
            assert isinstance(came, str)
            mine, theirs = VARIES.findall(came), VARIES.findall(shown)
            assert len(mine) == len(theirs), came
            for one, other in zip(mine, theirs, strict=True):
                assert self.mine.setdefault(other, one) == one, f"{other} was {self.mine[other]}, now {one}"
            assert came == self.typed(shown)
        else:
            assert came == shown

    async def follow(self, page: Path) -> int:
        """Do all that the page says and compare what comes back; returns how many steps it has."""
        doing = steps(page)
        for step in doing:
            print(f"{page.name}: as {step.who}\n{step.typed}")  # noqa: T201 - shown when a step fails
            await self.do(step)
        return len(doing)

    async def do(self, step: Step) -> None:
        """One step. What the feed is asked for may take a moment to stand there."""
        if not FEED.search(step.typed):
            return await self._do(step)
        before = dict(self.mine)
        async with asyncio.timeout(20):
            while True:
                try:
                    return await self._do(step)
                except AssertionError as not_yet:
                    print(not_yet)  # noqa: T201 - shown when it never comes
                self.mine = dict(before)
                await asyncio.sleep(0.1)

    async def _do(self, step: Step) -> None:
        if step.kind == "save":
            (self.folder / step.who).write_text(self.typed(step.typed))
        elif step.kind == "talk":
            await self.talk(step.typed)
        elif step.kind == "sh":
            self.printed(step.shown, self.run(step.typed))
        elif step.typed.lstrip().startswith("subscription"):
            schema = build_schema((ROOT / "schema.graphql").read_text())
            assert validate(schema, parse(step.typed)) == []
        else:
            assert step.shown is not None, f"no answer is shown to {step.typed}"
            self.recognise(
                step.shown, await self.ask(step.who, self.typed(step.typed), self.filled(step.variables))
            )

    def filled(self, shown: Any) -> Any:
        """JSON with the reader's own values."""
        return json.loads(self.typed(json.dumps(shown)))

    async def ask(self, who: str, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The answer without what it cost, which pages leave out."""
        body = {"query": query, "variables": variables or {}}
        async with httpx.AsyncClient(timeout=20, verify=False) as http:
            response = await http.post(self.url, json=body, headers=self.headers(who))
        return without_cost(response.json())

    def run(self, lines: str) -> str:
        """What shell lines print, typed into one shell that lasts as long as the page."""
        command, options = self._shell(lines)
        done = subprocess.run(command, **options, capture_output=True, timeout=60, check=False)
        assert done.returncode in (0, STOPPED_BY_CURL), f"{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, lines: str, output: IO[str]) -> subprocess.Popen[str]:
        """Shell lines that go on, in a process group of their own; what they print goes to this file."""
        command, options = self._shell(lines)
        return subprocess.Popen(command, **options, stdout=output, start_new_session=True)

    def _shell(self, lines: str) -> tuple[list[str], dict[str, Any]]:
        variables = self.folder / ".exported"
        variables.touch()
        typed = self.typed(lines).replace(HERE, self.server.address)
        script = f"set -a; . ./{variables.name}; {typed}\nended=$?; export -p > {variables.name}; exit $ended"
        environ = environment(
            PATH=f"{Path(sys.executable).parent}:{environment()['PATH']}",
            ORDERFLOW_DATA_DIR=str(self.server.folder),
            ORDERFLOW_URL=f"http://{self.server.address}",
        )
        return ["bash", "-c", script], {"cwd": self.folder, "env": environ, "text": True}

    def printed(self, shown: Any, came: str) -> None:
        """Compare what shell lines printed with what is shown: JSON, text, or nothing at all."""
        if isinstance(shown, str):
            self.recognise(shown.strip(), came.replace(self.server.address, HERE).strip())
        elif shown is not None:
            self.recognise(shown, without_cost(json.loads(came)))

    async def talk(self, lines: str) -> None:
        """Say on a WebSocket what stands after `> `, hear what stands after `< `, its closing too."""
        async with connect(
            f"ws://{self.server.address}/graphql", subprotocols=[Subprotocol(PROTOCOL)]
        ) as socket:
            for direction, line in spoken(lines):
                if direction == ">":
                    await socket.send(self.typed(Template(line).safe_substitute(self.variables())))
                    continue
                heard = await self.heard(socket)
                self.recognise(json.loads(line) if line.startswith("{") else line, heard)

    async def heard(self, socket: ClientConnection) -> Any:
        """The next message, or how the socket was closed, in words."""
        try:
            return json.loads(await socket.recv())
        except ConnectionClosed:
            return f"closed {socket.close_code}: {socket.close_reason}"

    def variables(self) -> dict[str, str]:
        """What the shell lines so far have named, as `$TOKEN`."""
        kept = (self.folder / ".exported").read_text() if (self.folder / ".exported").exists() else ""
        return dict(re.findall(r'^declare -x (\w+)="(.*)"$', kept, re.MULTILINE))


def without_cost(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what it cost."""
    return {name: value for name, value in answer.items() if name != "extensions"}


def spoken(lines: str) -> Iterator[tuple[str, str]]:
    """The messages of a talk with their directions; an indented line goes on with the one before."""
    for message in re.findall(r"^[<>] .*\n(?: .*\n)*", lines, re.MULTILINE):
        yield message[0], " ".join(part.strip() for part in message[2:].splitlines())


def reader(server: Server, folder: Path) -> Reader:
    """A reader whose folder has what the project's has, and room for its own files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (".venv", "docs", "examples", "schema.graphql"):
        (folder / name).symlink_to(ROOT / name)
    return Reader(server, folder)
