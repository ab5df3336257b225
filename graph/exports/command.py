"""`orderflow export`: asks a server for an export and writes it to a file that is whole, or not there."""

import sys
from pathlib import Path

import click

from graph import remote

KINDS = ("orders", "lines", "history", "feed")
ORDERS = ("PLACED_AT_DESC", "PLACED_AT_ASC", "CHANGED_AT_DESC", "CHANGED_AT_ASC")


@click.command(help="Export orders, lines, history or feed, as far as the token's holder may see them.")
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--format",
    "ending",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="CSV for spreadsheets, JSON Lines for programs.",
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
    ending: str,
    where: str | None,
    search: str | None,
    order_by: str | None,
    after: str | None,
    output: Path | None,
    url: str,
    token: str | None,
) -> None:
    from graph.exports.download import download

    given = {"where": where, "search": search, "orderBy": order_by, "after": after}
    asked = {name: value for name, value in given.items() if value is not None}
    headers = remote.authorization(token)
    address = f"{url.rstrip('/')}/export/{kind}.{ending}"
    if output is None:
        rows = download(address, asked, headers, sys.stdout.buffer)
        click.echo(f"{rows} rows.", err=True)
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            rows = download(address, asked, headers, file)
    except click.ClickException:
        if part.stat().st_size == 0:  # refused: there is no part of it
            part.unlink()
        raise
    part.replace(output)
    click.echo(f"{rows} rows in {output}.", err=True)
