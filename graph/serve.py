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
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import FrameType, ModuleType
from typing import Any

import click
import uvicorn
from prometheus_client import start_http_server
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from graph.app import create_app
from graph.demo import PEOPLE, seed
from graph.explorer import STAFF
from graph.fetched_keys import FetchedKeys
from graph.health import goes_round
from graph.http_protocol import BoundedHead
from graph.lifespan import connect, running, services_of
from graph.log import logging_config
from graph.metrics import shared_numbers
from graph.rates import Rates
from graph.schema import build_schema
from graph.secret import signing_secret
from graph.settings import Settings, SettingsError
from graph.socket_protocol import BoundedSocket
from graph.token_settings import keys_of
from graph.welcome import welcome
from storage import indexes
from storage.clock import Clock
from storage.embedded import EmbeddedServer
from storage.relay import Relay
from storage.waiting import waiting

GRACE = 3
"""Seconds in which open requests may come to their end when the server is stopped."""


def serve(settings: Settings, *, host: str, port: int, demo: bool, workers: int) -> None:
    """Serve until a signal comes. Raises, before anything is started, what whoever typed it can mend."""
    logging.config.dictConfig(logging_config(settings.log_style))
    signing_secret(settings)
    keys_of(settings)
    if settings.tracing:
        _tracing()
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
            http=BoundedHead,
            ws=BoundedSocket,
            ws_max_size=settings.message_limit,
            ws_per_message_deflate=False,  # costs memory per connection, for messages that are small
            access_log=False,
            server_header=False,
            log_config=logging_config(settings.log_style),
            timeout_graceful_shutdown=GRACE,
            timeout_worker_healthcheck=60,  # a busy machine takes seconds to load a worker: it is no dead one
        )
        for line in welcome(settings, host, sock.getsockname()[1], made):
            click.echo(line)
        with shared_numbers(processes=workers):
            if workers > 1:
                Multiprocess(config, [sock]).run()
            else:
                uvicorn.Server(config).run([sock])


def app_of(settings: Settings, *, demo: bool) -> Starlette:
    """The API of one process, on a database that is there."""
    traces = ExitStack()
    if settings.tracing:
        traces.enter_context(_tracing().started())  # before the connections that it is to follow
    database = connect(settings)
    services = services_of(database, settings, demo=demo)
    keys = keys_of(settings)
    fetched = {"keys": keys} if isinstance(keys, FetchedKeys) else {}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        _end_with_parent()
        _when_told_to_stop(app.state.stopping.set)
        more = {name: each.run for name, each in fetched.items()}
        with traces:
            async with running(database, services, more=more):
                yield

    return create_app(
        build_schema(
            development=settings.development,
            introspection=settings.open_to,
            ceiling=settings.cost_ceiling,
            rates=Rates(principals=settings.rate_limit, addresses=settings.anonymous_rate_limit),
        ),
        services,
        settings,
        lifespan,
        keys=keys,
        count=partial(waiting, database, services.clock),
        checks={
            "database": database.ping,
            "feed": goes_round(services.relay),
            "deadlines": goes_round(services.deadlines),
        }
        | {name: each.check for name, each in fetched.items()},
        people=(*STAFF, *PEOPLE) if demo else STAFF,
    )


def work(settings: Settings, *, host: str = "127.0.0.1", metrics_port: int | None = None) -> None:
    """Publish events and fire deadlines until a signal comes, on a database that others serve.

    With a `metrics_port`, serve its numbers there.
    """
    logging.config.dictConfig(logging_config(settings.log_style))
    if settings.mongodb_uri is None:
        raise SettingsError(
            "MONGODB_URI is not set. A worker shares a database with the servers; the embedded one belongs to"
            " `orderflow serve`, which does this work itself."
        )
    if metrics_port is not None:
        try:
            start_http_server(metrics_port, host)
        except OSError as error:
            raise click.ClickException(f"Metrics cannot be served there: {error.strerror}.") from None
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


def _tracing() -> ModuleType:
    """The module that traces. Raises SettingsError where what it needs is not installed."""
    try:
        from graph import tracing
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"ORDERFLOW_TRACING is on, and {error.name} is not installed: pip install 'orderflow[tracing]'."
        ) from None
    return tracing


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


def _when_told_to_stop(then: Callable[[], None]) -> None:
    """Let this happen as soon as a signal to stop comes, before uvicorn waits for open answers to end."""
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(then)
        handler = before[number]
        if callable(handler):
            handler(number, frame)

    before: dict[int, Any] = {
        number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
    }


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
