"""Files that are written from the code and kept with it: written, or compared and found stale."""

from pathlib import Path

import click


def keep(path: Path, text: str, command: str, *, only_check: bool) -> None:
    """Write the file; with `only_check` raise ClickException, naming the command, when it is another."""
    if not only_check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"{path} is written.")
        return
    there = path.read_text(encoding="utf-8") if path.exists() else None
    if there != text:
        raise click.ClickException(
            f"{path} is {'stale' if there else 'missing'}: run `{command}` and commit it."
        )
    click.echo(f"{path} is up to date.")
