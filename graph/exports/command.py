"""`orderflow export`: asks a server for an export and writes it to a file that is whole, or not there."""

import sys
from pathlib import Path

import click

from graph import remote

KINDS = ("orders", "lines", "history", "feed")
FORMATS = ("csv", "jsonl")
ORDERS = ("PLACED_AT_DESC", "PLACED_AT_ASC", "CHANGED_AT_DESC", "CHANGED_AT_ASC")


@click.command(help="Export orders, lines, history or feed, as far as the token's holder may see them.")
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--format",
    "ending",
    type=click.Choice(FORMATS),
    help="CSV for spreadsheets, JSON Lines for programs.  [default: as --output ends, else csv]",
)
@click.option("--where", metavar="JSON", help="Which orders: the input `where` of the API's list, as JSON.")
@click.option("--search", metavar="TEXT", help="Words that the orders have, each by its beginning.")
@click.option("--order-by", type=click.Choice(ORDERS, case_sensitive=False), help="How to sort orders.")
@click.option("--after", metavar="CURSOR", help="Of the feed only what follows this cursor.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write; it gets its name when it is whole.  [default: what the terminal shows]",
)
@remote.url
@remote.token
def export(
    kind: str,
    ending: str | None,
    where: str | None,
    search: str | None,
    order_by: str | None,
    after: str | None,
    output: Path | None,
    url: str,
    token: str | None,
) -> None:
    from graph.exports.download import download, save

    given = {"where": where, "search": search, "orderBy": order_by, "after": after}
    asked = {name: value for name, value in given.items() if value is not None}
    headers = remote.authorization(token)
    address = f"{url.rstrip('/')}/export/{kind}.{_format(ending, output)}"
    if output is None:
        rows = download(address, asked, headers, sys.stdout.buffer)
        click.echo(f"{rows} rows.", err=True)
        return
    rows = save(address, asked, headers, output)
    click.echo(f"{rows} rows in {output}.", err=True)


def _format(given: str | None, output: Path | None) -> str:
    """The format that was asked for, by name or by the file's. Raises UsageError where the two differ."""
    named = output.suffix.lower().removeprefix(".") if output else ""
    if named not in FORMATS:
        return given or "csv"
    if given not in (None, named):
        raise click.UsageError(f"--format {given} cannot be written to {output}: its name says {named}.")
    return named
