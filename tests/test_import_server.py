"""Imports of a real server: uploaded as the command does, killed half-way, gone on with afterwards."""

import asyncio
import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from domain.actors import Role
from graph.cli import main
from storage.imports import ImportState
from tests.acting import Answer, Api, line
from tests.serving import Server, eventually, orderflow, serving
from tests.uploading import reported, table

Serve = Callable[[], AbstractContextManager[Server]]


@pytest.fixture
def serve(server_api: Api, embedded_uri: str, tmp_path: Path) -> Serve:
    """Starts a server on the database of `server_api`."""
    name = server_api.services.orders.database.name
    environ = {"MONGODB_URI": embedded_uri, "ORDERFLOW_DATABASE": name, "ORDERFLOW_ENV": "development"}
    return partial(serving, tmp_path / "server", **environ)


def command(server: Server, *arguments: str | Path, token: str | None = None) -> Result:
    """Run `orderflow import` to its end."""
    token = token or server.token(Role.MERCHANT, "m1")
    environ = {"ORDERFLOW_TOKEN": token, "ORDERFLOW_URL": f"http://{server.address}"}
    return CliRunner().invoke(main, ["import", *map(str, arguments)], env=environ)


def written(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text)
    return path


async def shipped(api: Api) -> int:
    """How many orders have a line that is shipped."""
    where = {"history.event": "ship"}
    return await api.services.orders.database.collection("orders").count_documents(where)


async def ships(api: Api, orders: list[Answer]) -> list[int]:
    """How often each order was shipped."""
    return [
        sum(row["event"] == "ship" and row["role"] == "MERCHANT" for row in await api.history(order))
        for order in orders
    ]


async def test_the_command_sends_a_file_and_tells_what_became_of_it(
    server_api: Api, serve: Serve, tmp_path: Path
):
    order = await server_api.sent(line("A-1"))
    reference = order["reference"]
    file = written(tmp_path, table((reference, "ship"), (reference, ""), ("XXXX-XXXX", "ship")))
    report = tmp_path / "report.csv"
    with serve() as server:
        rejected = command(server, "status", file)
        tried = command(server, "status", file, "--skip-rows", "--dry-run")
        done = command(server, "status", file, "--skip-rows", "--report", report)
        good = command(server, "status", written(tmp_path, table((reference, "ship"))))

    rows = [
        f"Row 3 ({reference}): event: Every row needs a value in event.",
        "Row 4 (XXXX-XXXX): order_reference: There is no such order.",
    ]
    problems = "1 refused, 1 invalid."
    applied = "1 applied, 0 already so,"
    could = "1 could be applied, 0 already so,"
    assert (rejected.exit_code, rejected.stdout.splitlines()) == (
        1,
        [*rows, f"Rejected, nothing was applied. 3 rows: {could} {problems}"],
    )
    assert (tried.exit_code, tried.stdout.splitlines()) == (
        1,
        [*rows, f"Dry run, nothing was changed. 3 rows: {could} {problems}"],
    )
    assert (done.exit_code, done.stdout.splitlines()) == (1, [*rows, f"Done. 3 rows: {applied} {problems}"])
    assert [row["outcome"] for row in reported(report.read_text())] == ["applied", "invalid", "refused"]
    assert (good.exit_code, good.stdout) == (
        0,
        "Done. 1 rows: 0 applied, 1 already so, 0 refused, 0 invalid.\n",
    )
    assert await ships(server_api, [order]) == [1]


async def test_the_command_says_in_a_sentence_what_is_wrong(serve: Serve, tmp_path: Path):
    file = written(tmp_path, table(("XXXX-XXXX", "ship")))
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("order_reference,evnt\nK7QW-2M9X,ship\n")
    with serve() as server:
        url = f"http://{server.address}"
        results = {
            "The token cannot be used": command(server, "status", file, token="nonsense"),
            "This is for the role MERCHANT": command(
                server, "status", file, token=server.token(Role.MARKETPLACE)
            ),
            "There is no column": command(server, "status", wrong),
            "does not exist": command(server, "status", tmp_path / "none.csv"),
            "Not Found": command(server, "status", file, "--url", f"{url}/elsewhere"),
            "cannot be reached": command(server, "status", file, "--url", "http://127.0.0.1:1"),
        }
    for said, result in results.items():
        assert said in result.stderr, result.stderr
        assert result.exit_code in (1, 2)
        assert "Traceback" not in result.output
    none = orderflow("import", "status", file)
    assert "This needs a token" in none.stderr


IMPORT = {"id": "i1", "state": "APPLYING", "dryRun": False, "rows": 2, "done": 1} | {
    "applied": 1,
    "already": 0,
    "refused": 0,
    "invalid": 0,
    "reportUrl": "/imports/i1/report.csv",
}
UNAVAILABLE = {"data": {"here": None}, "errors": [{"message": "No.", "extensions": {"code": "UNAVAILABLE"}}]}


def looked(**changes: Any) -> Answer:
    return {"data": {"here": {"import": IMPORT | changes}}}


@contextmanager
def answering(*answers: tuple[int, Answer]) -> Generator[str]:
    """The address of something that takes an upload, and gives these answers to the questions that follow."""
    left = iter([(200, {"data": {"done": {"import": IMPORT, "errors": []}}}), *answers])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            status, answer = next(left)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_command_waits_for_a_server_that_cannot_answer_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("graph.import_command._POLL", 0)
    file = written(tmp_path, table(("XXXX-XXXX", "ship")))
    answers = ((502, {}), (503, UNAVAILABLE), (429, {}), (200, UNAVAILABLE))
    done = looked(state="DONE", done=2, applied=2)
    with answering(*answers, (200, looked()), (200, done)) as url:
        result = CliRunner().invoke(main, ["import", "status", str(file), "--url", url, "--token", "x"])

    assert result.stdout == "Done. 2 rows: 2 applied, 0 already so, 0 refused, 0 invalid.\n"
    assert result.exit_code == 0


def test_the_command_says_that_an_import_goes_on_which_it_does_not_follow_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("graph.import_command._POLL", 0)
    file = written(tmp_path, table(("XXXX-XXXX", "ship")))
    error = {"errors": [{"message": "The token is revoked.", "extensions": {"code": "UNAUTHENTICATED"}}]}
    with answering((200, looked()), (401, error)) as url:
        result = CliRunner().invoke(main, ["import", "status", str(file), "--url", url, "--token", "x"])

    assert "Import i1 goes on at the server; the mutation stopImport stops it." in result.stderr
    assert "The token is revoked." in result.stderr
    assert result.exit_code == 1


async def test_the_commands_own_variables_are_no_unknown_settings(tmp_path: Path):
    said = orderflow("schema", "--check", ORDERFLOW_TOKEN="x", ORDERFLOW_URL="y", ORDERFLOW_NONE="z")
    asked = orderflow(
        "token", "--role", "marketplace", "--data-dir", tmp_path, ORDERFLOW_TOKEN="x", ORDERFLOW_NONE="z"
    )

    assert "ORDERFLOW_NONE" in asked.stderr
    assert "ORDERFLOW_TOKEN" not in asked.stderr + said.stderr


async def test_a_killed_import_goes_on_where_it_was_and_does_no_row_twice(server_api: Api, serve: Serve):
    orders = [await server_api.sent(line("A-1")) for _ in range(60)]
    rows = [row for order in orders for row in ((order["reference"], "ship"), (order["reference"], "ship"))]
    text = table(*rows, ("XXXX-XXXX", "ship"))
    before: list[Any] = []

    async def some_are_shipped() -> bool:
        before[:] = [await shipped(server_api)]
        return before[0] >= 5

    async def ended() -> bool:
        (found,) = await server_api.services.imports.newest("merchant:m1", 2)
        return not found.runs

    with serve() as server:
        upload = httpx.AsyncClient(verify=False, timeout=30)
        sending = asyncio.create_task(sent(upload, server, text))
        await eventually(some_are_shipped)
        server.kill()
        await asyncio.gather(sending, return_exceptions=True)
        await upload.aclose()
    assert await shipped(server_api) < len(orders)
    with serve() as server:
        await eventually(ended)

    (found,) = await server_api.services.imports.newest("merchant:m1", 2)
    assert found.state is ImportState.DONE
    assert found.counts == {"applied": 60, "already": 60, "refused": 1}
    assert await ships(server_api, orders) == [1] * 60


async def sent(http: httpx.AsyncClient, server: Server, text: str) -> None:
    operation = """mutation Run($input: ImportOrderStatusInput!) {
      importOrderStatus(input: $input) { import { state } errors { message } } }"""
    variables = {"input": {"file": None, "errorPolicy": "SKIP_ROWS"}}
    asked = {"query": operation, "variables": variables}
    await http.post(
        f"http://{server.address}/graphql",
        headers={"authorization": f"Bearer {server.token(Role.MERCHANT, 'm1')}"},
        data={"operations": json.dumps(asked), "map": '{"0": ["variables.input.file"]}'},
        files={"0": ("rows.csv", text.encode(), "text/csv")},
    )
