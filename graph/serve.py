"""`orderflow serve` and what is like it: a database, found or started, and processes that work on it.

It must not know the schema's types.
"""

import asyncio
import errno
import logging.config
import multiprocessing
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import click
import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from graph.app import create_app
from graph.demo import PEOPLE, seed
from graph.explorer import STAFF
from graph.lifespan import connect, running, services_of
from graph.schema import build_schema
from graph.secret import signing_secret
from graph.settings import Settings, SettingsError
from graph.welcome import welcome
from storage import indexes
from storage.clock import Clock
from storage.embedded import EmbeddedServer
from storage.relay import Relay

GRACE = 3
"""Seconds in which open requests may come to their end when the server is stopped."""

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"uvicorn": {"level": "WARNING"}},  # that it starts and stops is said here, in fewer words
}


def serve(settings: Settings, *, host: str, port: int, demo: bool, workers: int) -> None:
    """Serve until a signal comes. Raises, before anything is started, what whoever typed it can mend."""
    logging.config.dictConfig(LOGGING)
    signing_secret(settings)
    if demo:
        _only_in_development(settings)
    # Listening from here on: who is early waits instead of being refused.
    with _ended_by_sigterm(), closing(_listening(host, port)) as sock, _with_database(settings) as settings:
        made = asyncio.run(_prepared(settings, demo=demo))
        config = uvicorn.Config(
            partial(app_of, settings, demo=demo),
            factory=True,
            workers=workers,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=settings.message_limit,
            ws_per_message_deflate=False,  # costs memory per connection, for messages that are small
            access_log=False,
            server_header=False,
            log_config=LOGGING,
            timeout_graceful_shutdown=GRACE,
        )
        for line in welcome(settings, host, sock.getsockname()[1], made):
            click.echo(line)
        if workers > 1:
            Multiprocess(config, [sock]).run()
        else:
            uvicorn.Server(config).run([sock])


def app_of(settings: Settings, *, demo: bool) -> Starlette:
    """The API of one process, on a database that is there."""
    database = connect(settings)
    services = services_of(database, settings, demo=demo)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        _end_with_parent()
        async with running(database, services):
            yield

    return create_app(
        build_schema(development=settings.development, introspection=settings.introspection),
        services,
        settings,
        lifespan,
        checks={"database": database.ping},
        people=(*STAFF, *PEOPLE) if demo else STAFF,
    )


def work(settings: Settings) -> None:
    """Publish events and fire deadlines until a signal comes, on a database that others serve."""
    logging.config.dictConfig(LOGGING)
    if settings.mongodb_uri is None:
        raise SettingsError(
            "MONGODB_URI is not set. A worker shares a database with the servers; the embedded one belongs to"
            " `orderflow serve`, which does this work itself."
        )
    with _ended_by_sigterm(), suppress(KeyboardInterrupt):
        asyncio.run(_work(settings))


def fill(settings: Settings) -> int:
    """Make the demo orders that are not there yet; returns how many were made."""
    _only_in_development(settings)
    with _ended_by_sigterm(), _with_database(settings) as settings:
        return asyncio.run(_prepared(settings, demo=True)) or 0


async def _work(settings: Settings) -> None:
    database = connect(settings)
    async with running(database, services_of(database, settings), listening=False):
        click.echo("The worker is running. Ctrl-C stops it.")
        await asyncio.Event().wait()


async def _prepared(settings: Settings, *, demo: bool) -> int | None:
    """Wait for the database and make its indexes, and with `demo` the orders, whose number is returned."""
    database = connect(settings)
    try:
        await indexes.ensure(database)
        if not demo:
            return None
        made = await seed(database, await Clock(database, test=settings.development).now())
        await Relay(database).drain()  # who subscribes next hears what happens, not the demo's past
        return made
    finally:
        await database.close()


@contextmanager
def _with_database(settings: Settings) -> Generator[Settings]:
    """The settings with a database: the one they name, or the embedded one for as long as this lasts."""
    if settings.mongodb_uri is not None:
        yield settings
        return
    with EmbeddedServer(settings.data_dir) as server:
        # What was development without a URI stays so with one.
        yield replace(settings, mongodb_uri=server.uri, environment=settings.environment or "development")


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(
                f"Port {port} at {host} is taken: stop what listens there, or choose another with --port."
            ) from None
        raise click.ClickException(f"Cannot listen: {error.strerror}.") from None


def _only_in_development(settings: Settings) -> None:
    if not settings.development:
        raise SettingsError(
            "Demo orders are for development, and a database named by MONGODB_URI counts as production."
            " Set ORDERFLOW_ENV=development if it is not."
        )


@contextmanager
def _ended_by_sigterm() -> Generator[None]:
    """Let SIGTERM end the program as Ctrl-C does, so that the embedded database is stopped as well."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _end_with_parent() -> None:
    """Stop a process of several when the one that started it is gone, however it went: the port is freed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    loop = asyncio.get_running_loop()

    def stop(sentinel: int) -> None:
        loop.remove_reader(sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, stop, parent.sentinel)
