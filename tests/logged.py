"""Reading the log as operators do: the lines of all that is logged meanwhile, as a server writes them."""

import io
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graph.log import formatter, logging_config
from graph.settings import LogStyle

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """What was written so far."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[str]:
        """Line by line."""
        return self.text.splitlines()

    @property
    def records(self) -> list[Record]:
        """Each line as JSON."""
        return [json.loads(line) for line in self.lines]

    def about(self, message: str) -> list[Record]:
        """The records whose message begins so."""
        return [record for record in self.records if record["message"].startswith(message)]


@contextmanager
def logged(style: LogStyle = "json") -> Generator[Log]:
    """The log from here on, of what a server would write."""
    root = logging.getLogger()
    config = logging_config(style)
    levels = {"": config["root"]["level"]} | {name: each["level"] for name, each in config["loggers"].items()}
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(formatter(style))
    before = {name: logging.getLogger(name).level for name in levels}
    root.addHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield Log(stream)
    finally:
        root.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
