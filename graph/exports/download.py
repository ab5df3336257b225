"""An export as it comes in: written on at once, its rows counted, and cut ones told from whole ones."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import click
import httpx

from graph import remote

SILENCE = 120.0
"""Seconds that a server may send nothing; one that lets its reader wait does so for a minute at most."""

SHOWN = 1000
"""After so many rows the count is shown anew, where people look."""


def download(url: str, asked: Mapping[str, str], headers: Mapping[str, str], file: IO[bytes]) -> int:
    """Write an export to the file; returns its rows. Raises ClickException where it is refused or cut."""
    timeout = httpx.Timeout(10, read=SILENCE)
    count = Rows(quoted=url.endswith(".csv"))
    shown = SHOWN
    try:
        with httpx.stream("GET", url, params=asked, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise click.ClickException(_refusal(response))
            for chunk in response.iter_bytes():
                file.write(chunk)
                count.take(chunk)
                if sys.stderr.isatty() and count.rows >= shown:
                    shown = count.rows + SHOWN
                    click.echo(f"\r{count.rows} rows", nl=False, err=True)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise click.ClickException(f"There is no server at {url}. {remote.WHERE}") from None
    except httpx.HTTPError as error:
        message = f"The export was cut off after {count.rows} rows ({str(error) or type(error).__name__})."
        raise click.ClickException(f"{message} What came is not all of it: start it again.") from None
    file.flush()
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    return count.rows


def save(url: str, asked: Mapping[str, str], headers: Mapping[str, str], output: Path) -> int:
    """Write an export to this file, which gets its name once it is whole; returns its rows. Raises
    ClickException where it is refused or cut, or the disk is full.
    """
    # A pipe or a device is written to as it is: no file may take its place.
    in_place = output.exists() and not output.is_file()
    part = output if in_place else output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            rows = download(url, asked, headers, file)
    except click.ClickException:
        if not in_place and part.stat().st_size == 0:  # refused: there is no part of it
            part.unlink()
        raise
    except OSError as error:
        raise click.ClickException(f"{part}: {error.strerror}.") from None
    if not in_place:
        part.replace(output)
    return rows


class Rows:
    """Counts rows in bytes as they come: of CSV, where `quoted`, without its header; lines of JSON Lines."""

    def __init__(self, *, quoted: bool) -> None:
        self._quoted = quoted
        self._inside = False
        self._ends = 0

    @property
    def rows(self) -> int:
        """How many are whole."""
        return max(0, self._ends - 1) if self._quoted else self._ends

    def take(self, chunk: bytes) -> None:
        """Some more bytes."""
        if not self._quoted:
            self._ends += chunk.count(b"\n")
            return
        for number, text in enumerate(chunk.split(b'"')):  # each quote leads into a cell, or out of it
            if number:
                self._inside = not self._inside
            if not self._inside:
                self._ends += text.count(b"\n")


def _refusal(response: httpx.Response) -> str:
    """The server's own sentence, where it has one."""
    try:
        return response.json()["errors"][0]["message"]
    except (ValueError, LookupError, TypeError):
        return f"The server answered {response.status_code} {response.reason_phrase}."
