"""The shop of `trading` served by a real server, and the watch over everything that it answers.

Names like `@line:3.0@` in what is sent stand for the shop's own ids: an example reads alike in each run.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from graph.app import create_app
from graph.http_protocol import BoundedHead
from graph.lifespan import running, services_of
from graph.schema import build_schema
from graph.settings import Settings
from storage.client import connect
from tests.acting import Answer, Api
from tests.trading import CANARIES, PEOPLE, TOKENS_OF, cursors, things, trade
from tests.transport import SECRET, serving

T = TypeVar("T")
_PLACE = re.compile(r"@(\w+)(?::(\d+)(?:\.(\d+))?)?@")
NOT_UTF8 = "Invalid UTF-8 sequence received from client."
"""What uvicorn logs, with a traceback, of a client's text frame that is no text; it closes with 1007."""

BUGS = ("INTERNAL_SERVER_ERROR", "UNAVAILABLE")
"""What an error's code must not be: the database is there, and nobody expects the other."""


@dataclass(slots=True)
class Watched:
    """A shop that a real server serves. Its checks raise AssertionError with what must not be."""

    address: str
    log: pytest.LogCaptureFixture
    orders: list[Answer] = field(default_factory=list[Answer])
    cursors: dict[str, Answer] = field(default_factory=dict[str, Answer])
    read: set[str] = field(default_factory=set[str])
    """The canaries that were read, each by somebody who may."""

    def filled(self, text: str, who: str) -> str:
        """The text with the names of things replaced by what the shop calls them, as `who` knows them."""
        return _PLACE.sub(lambda found: self._thing(who, *found.groups()), text)

    def check_log(self) -> None:
        """Nothing was logged that is a bug's, no error and no traceback, and nothing that is somebody's."""
        texts, records = self.log.text, [*self.log.records]
        self.log.clear()
        for record in records:
            failed = record.levelno >= logging.ERROR or record.exc_info
            assert not failed or record.getMessage() == NOT_UTF8, texts
        assert "canary-" not in texts

    def check_secrets(self, who: str, sent: str, answer: str) -> None:
        """Nobody reads what is somebody else's, unless it is what they sent themselves."""
        for canary, readers in CANARIES.items():
            if canary in answer and canary not in sent:
                assert who in readers, f"{who} reads {canary} in {answer}"
                self.read.add(canary)

    def _thing(self, who: str, kind: str, order: str | None, nth: str | None) -> str:
        if kind == "token":
            return TOKENS_OF.get(who, "")
        if kind in ("event", "page"):
            shown = self.cursors[who][kind] or ["?"]
            return shown[int(order or 0) % len(shown)]
        about = self.orders[int(order or 0) % len(self.orders)]
        if kind == "order":  # a merchant knows an order by the reference of its own part of it
            return about["references"].get(who, about["reference"])
        found = about.get(kind) or about["id"]
        return found[int(nth or 0) % len(found)]


@asynccontextmanager
async def watched(uri: str, log: pytest.LogCaptureFixture) -> AsyncGenerator[Watched]:
    """A shop on an empty database of its own, served with its background tasks, as Anna, Ben and three
    merchants left it.
    """
    settings = Settings(jwt_secret=SECRET)
    name = f"orderflow_test_{uuid4().hex[:12]}"
    database = connect(uri, name)
    services = services_of(database, settings, demo=True)
    try:
        async with running(database, services):
            api = Api(services)
            made = await trade(api)
            app = create_app(build_schema(), services, settings)
            limits: dict[str, Any] = {"http": BoundedHead, "ws_max_size": settings.message_limit}
            async with serving(app, **limits) as address:
                shop = Watched(address, log)
                shop.orders = [await things(api, order) for order in made]
                shop.cursors = {name: await cursors(api, who) for name, who in PEOPLE.items()}
                log.clear()
                yield shop
    finally:
        again = connect(uri, name)
        await again.drop()
        await again.close()


@contextmanager
def watching(
    uri: str, log: pytest.LogCaptureFixture, attempt: Callable[[Watched, T], Awaitable[None]]
) -> Generator[Callable[[T], None]]:
    """Open a shop to attempt something with a value, again and again, from outside of any event loop."""
    with asyncio.Runner() as runner:
        opened = watched(uri, log)
        shop = runner.run(opened.__aenter__())

        async def watch(value: T) -> None:
            await attempt(shop, value)
            shop.check_log()

        try:
            yield lambda value: runner.run(watch(value))
        finally:
            runner.run(opened.__aexit__(None, None, None))


def check_response(response: Any) -> None:
    """It is a response of the GraphQL specification, with nothing else in it, and every error is whole."""
    assert isinstance(response, dict), response
    assert {"data", "errors"} & response.keys(), response
    assert response.keys() <= {"data", "errors", "extensions"}, response
    if "errors" in response:
        check_errors(response["errors"])


def check_errors(errors: Any) -> None:
    """Each error has a message, a code that is no bug's, and the id of its request."""
    assert isinstance(errors, list), errors
    assert errors, "an empty list says nothing"
    for error in errors:
        said = error["extensions"]
        assert isinstance(error["message"], str), error
        assert error["message"], error
        assert isinstance(said["code"], str), error
        assert said["code"] not in BUGS, error
        assert isinstance(said["requestId"], str), error
