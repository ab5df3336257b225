"""`orderflow export` against real servers: what it writes is whole, what is cut short has another name."""

import csv
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from domain.actors import Role
from graph import remote
from graph.cli import main
from graph.exports.columns import Kind
from graph.exports.command import KINDS, ORDERS, export
from graph.exports.download import Rows
from graph.exports.formats import FORMATS
from storage.lists import OrderBy
from tests.serving import Server, orderflow, serving

CLEAN = dict.fromkeys(("ORDERFLOW_TOKEN", "ORDERFLOW_URL"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/jsonl\r\nTransfer-Encoding: chunked\r\n\r\n"
FULL = Path("/dev/full")
LINE = b'{"reference":"K7QW-2M9X"}\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("export"), "--demo") as server:
        yield server


def run(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner(env=CLEAN | environ).invoke(main, ["export", *map(str, arguments)])


def test_each_kind_comes_whole_from_a_real_server_in_both_formats(server: Server, tmp_path: Path) -> None:
    options = {"ORDERFLOW_TOKEN": server.token(Role.MERCHANT, "main")}
    options["ORDERFLOW_URL"] = f"http://{server.address}"
    for kind in Kind:
        table, lines = tmp_path / f"{kind}.csv", tmp_path / f"{kind}.jsonl"
        said = orderflow("export", kind, "--output", table, **options)
        assert (said.returncode, said.stdout) == (0, ""), said.stderr
        assert run(kind, "--format", "jsonl", "--output", lines, **options).exit_code == 0
        rows = [json.loads(line) for line in lines.read_text().splitlines()]
        with table.open(newline="") as file:
            read = list(csv.DictReader(file))
        assert [row["seq" if "seq" in row else "id"] for row in read] == [
            str(row["seq" if "seq" in row else "id"]) for row in rows
        ]
        assert said.stderr == f"{len(rows)} rows in {table}.\n"
        assert (kind is Kind.FEED) or rows
    assert list(tmp_path.glob("*.part")) == []


def test_filters_go_along_and_rows_go_to_where_they_are_wanted(server: Server) -> None:
    given = ("--url", f"http://{server.address}", "--token", server.token(Role.MARKETPLACE))
    everything = run("orders", "--format", "jsonl", "--order-by", "placed_at_asc", *given)
    assert everything.exit_code == 0, everything.output
    orders = [json.loads(line) for line in everything.stdout.splitlines()]
    assert [each["placed_at"] for each in orders] == sorted(each["placed_at"] for each in orders)
    one = orders[7]["reference"]
    found = run("orders", "--format", "jsonl", "--where", json.dumps({"reference": one}), *given)
    assert [json.loads(line)["reference"] for line in found.stdout.splitlines()] == [one]
    assert found.stderr == "1 rows.\n"
    found = run("orders", "--format", "jsonl", "--search", one, *given)
    assert [json.loads(line)["reference"] for line in found.stdout.splitlines()] == [one]


def test_what_is_refused_is_one_line_and_leaves_no_file(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    given = ("--url", f"http://{server.address}", "--output", file)
    for arguments, says in (
        (("orders", "--token", "nonsense"), "The token cannot be used"),
        (("orders", "--token", server.token(Role.MARKETPLACE), "--where", "{"), "where: This is not JSON"),
        (
            ("orders", "--token", server.token(Role.PAYMENTS), "--search", "a"),
            "There is no parameter 'search'",
        ),
        (("feed", "--token", server.token(Role.MARKETPLACE), "--after", "x"), "This is not a cursor"),
    ):
        said = run(*arguments, *given)
        assert said.exit_code == 1
        assert says in said.stderr
        assert said.stderr.count("\n") == 1
    assert "This needs a token" in run("orders", *given).stderr
    assert list(tmp_path.iterdir()) == []


def answering(*pieces: bytes, asked: list[bytes] | None = None) -> str:
    """The address of a server that answers one request with these bytes, and closes; it notes the request."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with listening, listening.accept()[0] as there:
            request = there.recv(65536)
            if asked is not None:
                asked.append(request)
            for piece in pieces:
                there.sendall(piece)

    threading.Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def test_a_cut_export_keeps_the_name_of_a_part(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("the export of yesterday")
    said = run(
        *("orders", "--format", "jsonl", "--token", "t", "--output", file),
        *("--url", answering(HEAD, chunk(LINE * 3))),
    )
    assert said.exit_code == 1
    assert "cut off after 3 rows" in said.stderr
    assert file.read_text() == "the export of yesterday"
    assert (tmp_path / "orders.jsonl.part").read_bytes() == LINE * 3
    url = answering(HEAD, chunk(LINE * 3), chunk(b""))
    said = run("orders", "--format", "jsonl", "--token", "t", "--output", file, "--url", url)
    assert said.exit_code == 0
    assert file.read_bytes() == LINE * 3
    assert [each.name for each in tmp_path.iterdir()] == ["orders.jsonl"]


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "rows"
    os.mkfifo(pipe)
    came: list[bytes] = []
    reading = threading.Thread(target=lambda: came.append(pipe.read_bytes()), daemon=True)
    reading.start()
    url = answering(HEAD, chunk(LINE * 3), chunk(b""))
    said = run("orders", "--format", "jsonl", "--token", "t", "--output", pipe, "--url", url)
    reading.join(10)
    assert (said.exit_code, came, pipe.is_fifo()) == (0, [LINE * 3], True)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no disk that is always full")
def test_a_full_disk_is_one_line() -> None:
    url = answering(HEAD, chunk(LINE * 3), chunk(b""))
    said = run("orders", "--format", "jsonl", "--token", "t", "--output", FULL, "--url", url)
    assert (said.exit_code, said.stderr) == (1, "Error: /dev/full: No space left on device.\n")


def test_a_token_that_is_none_is_said_before_anybody_is_asked() -> None:
    for token in ("tök", "a\r\nX: y", "a\x7f"):
        said = run("orders", "--token", token, "--url", "http://127.0.0.1:1")
        assert said.exit_code == 2
        assert "The token holds a character that is in none" in said.stderr
    assert remote.authorization(" t\n") == {"Authorization": "Bearer t"}


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://127.0.0.1", "http://["])
def test_an_address_that_is_none_is_said_so(url: str) -> None:
    said = run("orders", "--token", "t", "--url", url)
    assert said.exit_code == 1
    assert said.stderr.endswith("Is it running? --url or ORDERFLOW_URL says where.\n")


def test_where_nobody_serves_that_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    said = run("orders", "--token", "t", "--url", address)
    assert said.exit_code == 1
    assert f"There is no server at {address}" in said.stderr


def test_rows_are_counted_whatever_stands_in_them() -> None:
    text = b'a,b\r\n1,"two\r\nlines ""and"" quotes"\r\n"x",y\r\n'
    for size in range(1, len(text)):
        count = Rows(quoted=True)
        for at in range(0, len(text), size):
            count.take(text[at : at + size])
        assert count.rows == 2


def test_the_variables_of_the_command_are_no_misspelled_settings(tmp_path: Path) -> None:
    said = orderflow(
        *("token", "--role", "marketplace", "--data-dir", tmp_path), ORDERFLOW_TOKEN="t", ORDERFLOW_URL="u"
    )
    assert said.returncode == 0
    assert "Warning" not in said.stderr


def test_the_command_offers_what_the_server_has() -> None:
    assert list(KINDS) == list(Kind)
    assert list(ORDERS) == [each.name for each in OrderBy]
    [format_] = [each for each in export.params if each.name == "ending"]
    assert isinstance(format_.type, click.Choice)
    assert list(format_.type.choices) == list(FORMATS)


def test_the_files_name_says_the_format_unless_it_is_said(tmp_path: Path) -> None:
    for arguments, kind in (
        (("--output", tmp_path / "all.jsonl"), "jsonl"),
        (("--output", tmp_path / "all.JSONL"), "jsonl"),
        (("--output", tmp_path / "all.csv"), "csv"),
        (("--output", tmp_path / "all.txt"), "csv"),
        (("--output", tmp_path / "all.txt", "--format", "jsonl"), "jsonl"),
        ((), "csv"),
    ):
        asked: list[bytes] = []
        url = answering(HEAD, chunk(LINE), chunk(b""), asked=asked)
        assert run("orders", "--token", "t", "--url", url, *arguments).exit_code == 0
        assert asked[0].startswith(f"GET /export/orders.{kind} ".encode())
    said = run("orders", "--token", "t", "--format", "csv", "--output", tmp_path / "new.jsonl")
    assert said.exit_code == 2
    assert "its name says jsonl" in said.stderr
    assert not (tmp_path / "new.jsonl").exists()
