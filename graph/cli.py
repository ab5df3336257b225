"""The command line `orderflow`: reads arguments and settings, and says in one line what is wrong.

Each command imports what it needs when it runs, so that the small ones are quick. What it does is elsewhere.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from domain.actors import Role
from domain.check import ProcessBroken
from graph.remote import VARIABLES
from graph.settings import Settings, SettingsError

SCHEMA = Path("schema.graphql")


class Commands(click.Group):
    """Shows what people can mend as one line, with exit code 1; anything else is a bug and shows whole."""

    def invoke(self, ctx: click.Context) -> Any:
        from storage.embedded import DataFolderInUse, EmbeddedServerFailed, EmbeddedServerMissing
        from storage.failures import DatabaseUnavailable

        try:
            return super().invoke(ctx)
        except (
            SettingsError,
            ProcessBroken,
            DataFolderInUse,
            EmbeddedServerFailed,
            EmbeddedServerMissing,
            DatabaseUnavailable,
        ) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}.") from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "export", "import", "processes"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "processes":  # loads the processes, which a broken one of them prevents
            from graph.process_commands import processes

            return processes
        if cmd_name == "export":
            from graph.exports.command import export

            return export
        if cmd_name == "import":
            from graph.import_command import import_

            return import_
        return super().get_command(ctx, cmd_name)


class Duration(click.ParamType[timedelta]):
    """A length of time such as 30m, 8h or 7d."""

    name = "duration"
    UNITS: Mapping[str, str] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", value, re.ASCII)
        if found is None:
            self.fail("write it like 30m, 8h or 7d.", param, ctx)
        return timedelta(**{self.UNITS[found[2]]: int(found[1])})


@click.group(cls=Commands, help="Orderflow: one GraphQL API in which a marketplace runs its orders.")
@click.version_option(package_name="orderflow", message="%(prog)s %(version)s")
def main() -> None:
    pass


data_dir = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the embedded database and the development secret are kept.  [default: .orderflow]",
)


@main.command(help="Serve the API. Without MONGODB_URI the embedded database is started with it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes a free one."
)
@data_dir
@click.option("--demo", is_flag=True, help="Fill an empty database with demo orders, and print tokens.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes answer."
)
def serve(host: str, port: int, data_dir: Path | None, demo: bool, workers: int) -> None:
    from graph.serve import serve

    serve(_settings(data_dir), host=host, port=port, demo=demo, workers=workers)


@main.command(help="Publish events and let the clock move orders, without serving the API. Run any number.")
@data_dir
@click.option("--host", default="127.0.0.1", show_default=True, help="Address at which metrics are served.")
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Port of its metrics; none without it.")
def worker(data_dir: Path | None, host: str, metrics_port: int | None) -> None:
    from graph.serve import work

    work(_settings(data_dir), host=host, metrics_port=metrics_port)


@main.command(help="Print a token for development, good at the server of the same data folder.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role if role is not Role.SYSTEM]),
    required=True,
    help="In which role its holder acts.",
)
@click.option("--merchant", metavar="ID", help="The merchant; the role merchant needs one.")
@click.option("--customer", metavar="ID", help="The customer; the role customer needs one.")
@click.option("--ttl", type=Duration(), default="8h", show_default=True, help="How long it is good for.")
@data_dir
def token(
    role: str, merchant: str | None, customer: str | None, ttl: timedelta, data_dir: Path | None
) -> None:
    from graph.secret import is_still_to_be_made
    from graph.token_settings import tokens_of

    settings = _settings(data_dir)
    alone = is_still_to_be_made(settings)
    if settings.jwks_url:
        raise SettingsError(
            "ORDERFLOW_JWKS_URL is set: the server takes tokens only from where those keys are. Ask there."
        )
    tokens = tokens_of(settings)
    try:
        minted = tokens.mint(Role(role), merchant_id=merchant, customer_id=customer, ttl=ttl)
    except ValueError as error:
        raise click.UsageError(f"{error} The options are --merchant and --customer.") from None
    if alone:
        where = settings.data_dir.absolute()
        click.echo(f"Note: no server has run with {where} yet; the token is good at none but that.", err=True)
    click.echo(minted)


@main.command(help="Fill the database with a few hundred orders in all states. What is there already stays.")
@data_dir
def demo(data_dir: Path | None) -> None:
    from graph.serve import fill

    made = fill(_settings(data_dir))
    click.echo(f"{made} demo orders were made." if made else "All demo orders are there already.")


@main.command(help=f"Write {SCHEMA}, the schema with its descriptions, from the code.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when it is stale.")
def schema(only_check: bool) -> None:
    from graph.generated import keep
    from graph.schema import schema

    keep(SCHEMA, schema.as_str() + "\n", "make schema", only_check=only_check)


def _settings(data_dir: Path | None) -> Settings:
    settings = Settings.from_environment(os.environ)
    known = VARIABLES.union(variable.name for variable in Settings.variables().values())
    for name in sorted(name for name in os.environ.keys() - known if name.startswith("ORDERFLOW_")):
        click.echo(f"Warning: there is no setting {name}; the README lists them all.", err=True)
    return replace(settings, data_dir=data_dir) if data_dir else settings
