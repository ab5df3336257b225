"""The log: every record of every library one line on stderr, for people in development and as JSON otherwise.

What a record is about (request, operation, order) comes along by itself, see graph.observing.
"""

import logging
import sys
from typing import Any

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor

from graph.settings import LogStyle

MESSAGE = "message"

FIELDS = ("kind", "fields", "transport", "role", "outcome", "codes", "ms", "cost", "events", "rows", "status")
"""What our own records say beside their message. Nothing else that a library attaches is shown."""


def logging_config(style: LogStyle) -> dict[str, Any]:
    """What `logging.config.dictConfig` takes; made of plain values, so that it can go to other processes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "graph.log.formatter", "style": style}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "uvicorn": {"level": "WARNING"},  # that it starts and stops is said elsewhere, in fewer words
            "httpx": {"level": "WARNING"},  # says every request at INFO
            "strawberry.ws": {
                "level": "ERROR"
            },  # warns of a refused origin, in words of its own (graph.sockets)
            "python_multipart": {"level": "ERROR"},  # warns of what a client sent, who is told as well
        },
    }


def formatter(style: LogStyle) -> logging.Formatter:
    """The formatter of a style, with what is bound where the record is made."""
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_log_level,
        ExtraAdder(FIELDS),
        structlog.processors.EventRenamer(MESSAGE),
    ]
    match style:
        case "json":
            stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
            ending: list[Processor] = [
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ]
            chain += [add_logger_name, stamp]
        case "text":
            chain += [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False), _for_people]
            ending = [_renderer()]
    return ProcessorFormatter(
        foreign_pre_chain=chain, processors=[ProcessorFormatter.remove_processors_meta, *ending]
    )


def _renderer() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        pad_event_to=0,
        pad_level=False,
        event_key=MESSAGE,
        # Without the values of local variables, which the others show: orders and tokens are among them.
        exception_formatter=structlog.dev.plain_traceback,
    )


def _for_people(_: Any, __: str, event: EventDict) -> EventDict:
    """Shorter; and nobody starts a line of their own, or colours it, by what they send."""
    for said in ("kind", "outcome"):  # in the message already
        event.pop(said, None)
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = value.encode("unicode_escape").decode()
    return event
