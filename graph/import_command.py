"""`orderflow import`: a file is sent to a server and followed to its end, and its rows are reported on.

It asks over HTTP as anybody may, and knows nothing of the server's insides.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import httpx

from graph import remote
from graph.exports.download import save

SHOWN = 20
"""Rows with problems that are told; the report has all."""

_POLL = 0.5
_GONE = 60.0
"""Seconds without an answer after which the server is not waited for any more."""

_SEEN = "id state dryRun rows done applied applicable already refused invalid reportUrl"
_UPLOAD = f"""mutation Upload($input: %(input)s!) {{
  done: %(mutation)s(input: $input) {{ import {{ {_SEEN} }} errors {{ message }} }} }}"""
_LOOK = f"query Look($id: ID!) {{ here: %(portal)s {{ import(id: $id) {{ {_SEEN} }} }} }}"
_PROBLEMS = """query Problems($id: ID!, $first: Int!) { here: %(portal)s { import(id: $id) {
  refused: report(first: $first, outcome: REFUSED) { nodes { ...problem } }
  invalid: report(first: $first, outcome: INVALID) { nodes { ...problem } } } } }
fragment problem on ImportRow { row order message column possible }"""

_RUNNING = {"CHECKING": "Checking", "APPLYING": "Applying"}
_ENDED = {"REJECTED": "Rejected, nothing was applied.", "STOPPED": "Stopped after {done} rows."}

Answer = dict[str, Any]


class _Kind(NamedTuple):
    """How a kind of file is called in the API."""

    mutation: str
    portal: str

    def written(self, document: str) -> str:
        kind = f"{self.mutation[0].upper()}{self.mutation[1:]}Input"
        return document % {"mutation": self.mutation, "portal": self.portal, "input": kind}


_STATUS = _Kind("importOrderStatus", "merchant")
_PAYMENTS = _Kind("importPayments", "marketplace")


@click.group("import", help="Send a CSV file to a server, and tell what became of its rows.")
def import_() -> None:
    pass


def _command(name: str, kind: _Kind, help: str) -> None:
    @import_.command(name, help=f"{help} Exit code 0: no row was refused or invalid.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Only check the rows; nothing is applied.")
    @click.option(
        "--skip-rows", is_flag=True, help="Leave out rows that cannot be applied, and apply the rest."
    )
    @click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there.")
    @remote.url
    @remote.token
    def run(
        file: Path, dry_run: bool, skip_rows: bool, report: Path | None, url: str, token: str | None
    ) -> None:
        if report is not None and report.exists() and report.samefile(file):
            raise click.UsageError("--report is the file itself; name another.")
        if not file.is_file():
            raise click.UsageError(f"{file} is no file that can be read again; save it as one first.")
        headers = remote.authorization(token)
        try:
            with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
                server = _Server(http, kind)
                sent = server.upload(file, dry_run=dry_run, skip_rows=skip_rows)
                ended = server.followed(sent)
                if report is not None:
                    server.save_report(ended, report)
                _tell(ended, server.problems(ended) if _bad(ended) else [])
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise click.ClickException(
                f"The server at {url} cannot be reached: {error}. {remote.WHERE}"
            ) from None
        raise SystemExit(1 if _bad(ended) or ended["state"] == "STOPPED" else 0)


_command("status", _STATUS, "What a merchant did with its orders: shipped, delivered, canceled…")
_command("payments", _PAYMENTS, "Payments that came in, for the marketplace.")


class _Server:
    """What is asked of a server. Raises ClickException with what it says."""

    def __init__(self, http: httpx.Client, kind: _Kind) -> None:
        self._http = http
        self._kind = kind

    def upload(self, file: Path, *, dry_run: bool, skip_rows: bool) -> Answer:
        """Send the file; returns its import."""
        policy = "SKIP_ROWS" if skip_rows else "REJECT_FILE"
        sent = {"file": None, "dryRun": dry_run, "errorPolicy": policy}
        operations = {"query": self._kind.written(_UPLOAD), "variables": {"input": sent}}
        bar = click.progressbar(length=file.stat().st_size, label="Sending", file=sys.stderr)
        with bar, _Watched(file, bar.update) as opened:
            response = self._http.post(
                "/graphql",
                data={"operations": json.dumps(operations), "map": '{"file": ["variables.input.file"]}'},
                files={"file": (file.name, opened, "text/csv")},
                timeout=httpx.Timeout(30, read=None, write=60),  # a large file is read before it is answered
            )
        payload = _data(response)["done"]
        if payload["import"] is None:
            raise click.ClickException(" ".join(error["message"] for error in payload["errors"]))
        return payload["import"]

    def followed(self, at: Answer) -> Answer:
        """The import when it has ended, with a bar that moves meanwhile. It goes on without us."""
        try:
            while (state := at["state"]) in _RUNNING:
                bar = click.progressbar(length=at["rows"], label=_RUNNING[state], file=sys.stderr)
                with bar:
                    while at["state"] == state:
                        bar.update(at["done"] - bar.pos)
                        time.sleep(_POLL)
                        at = self._ask(_LOOK, id=at["id"])
        except (KeyboardInterrupt, click.ClickException, httpx.HTTPError):
            click.echo(
                f"Import {at['id']} goes on at the server; the mutation stopImport stops it.", err=True
            )
            raise
        return at

    def problems(self, at: Answer) -> list[Answer]:
        """The first rows that were refused or invalid."""
        here = self._ask(_PROBLEMS, id=at["id"], first=SHOWN)
        rows = [*here["refused"]["nodes"], *here["invalid"]["nodes"]]
        return sorted(rows, key=lambda row: row["row"])[:SHOWN]

    def save_report(self, at: Answer, path: Path) -> None:
        """Write the report to a file, which gets its name once it is whole."""
        save(str(self._http.base_url.join(at["reportUrl"])), {}, dict(self._http.headers), path)

    def _ask(self, document: str, **variables: Any) -> Answer:
        """The import. A server that cannot answer is waited for, as one that is started again."""
        asked = {"query": self._kind.written(document), "variables": variables}
        last = time.monotonic() + _GONE
        while True:
            try:
                response = self._http.post("/graphql", json=asked)
                if not _is_busy(response) or time.monotonic() > last:
                    break
            except httpx.TransportError:
                if time.monotonic() > last:
                    raise
            time.sleep(_POLL)
        found = _data(response)["here"]["import"]
        if found is None:
            raise click.ClickException("The import is not there any more.")
        return found


class _Watched(io.BufferedReader):
    """A file whose reading moves a bar."""

    def __init__(self, path: Path, moved: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path))
        self._moved = moved

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self._moved(len(found))
        return found


def _is_busy(response: httpx.Response) -> bool:
    """Whether it may be answered later: what stands before a server says so too, and no GraphQL."""
    return response.is_server_error or response.status_code == 429 or '"UNAVAILABLE"' in response.text


def _data(response: httpx.Response) -> Answer:
    """The answer's data. Raises ClickException with the first error, or saying that it was none of ours."""
    try:
        answer = response.json()
        if not answer.get("errors"):
            return answer["data"]
        message = answer["errors"][0]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"What is at {response.url} is no Orderflow: it answers with status {response.status_code}."
    raise click.ClickException(message)


def _bad(at: Answer) -> bool:
    return bool(at["refused"] or at["invalid"])


def _tell(at: Answer, problems: list[Answer]) -> None:
    for line in _lines(problems):
        click.echo(line)
    total = at["refused"] + at["invalid"]
    if total > len(problems):
        click.echo(f"… and {total - len(problems)} more; --report writes all of them to a file.")
    click.echo(_summary(at))


def _lines(problems: list[Answer]) -> Iterator[str]:
    for row in problems:
        order = f" ({row['order']})" if row["order"] else ""
        column = f"{row['column']}: " if row["column"] else ""
        yield f"Row {row['row']}{order}: {column}{row['message']}"


def _summary(at: Answer) -> str:
    if at["dryRun"]:
        said = "Dry run, nothing was changed."
        if at["state"] == "REJECTED":
            said += " For real, the file would be rejected."
    else:
        said = _ENDED.get(at["state"], "Done.").format(**at)
    checked = at["dryRun"] or at["state"] == "REJECTED"
    applied = f"{at['applicable']} could be applied" if checked else f"{at['applied']} applied"
    return (
        f"{said} {at['rows']} rows: {applied}, {at['already']} already so, {at['refused']} refused, "
        f"{at['invalid']} invalid."
    )
