"""Operations that come with a file, as clients and attackers send them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import Any

import httpx
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from strawberry.schema.config import StrawberryConfig

from domain.actors import Role
from graph import uploads
from graph.app import create_app
from graph.execution import OrderflowSchema
from graph.idempotency import fingerprint
from graph.types.scalars import SCALARS, Upload
from tests.transport import SERVICES, SETTINGS, TOKENS, bearer, client, post, serving

TAKE = "mutation ($file: Upload!) { take(file: $file) }"
KEEP = "mutation ($input: KeepInput!) { keep(input: $input) }"
MAP = '{"0": ["variables.file"]}'

taken: list[UploadFile] = []
"""The files that resolvers were given, in order."""


@strawberry.input
class KeepInput:
    file: Upload
    idempotency_key: str | None = None


@strawberry.type
class Query:
    @strawberry.field
    def who(self) -> str:
        return "somebody"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def take(self, file: Upload) -> str:
        taken.append(file)
        return f"{file.filename}: {len(await file.read())} of {file.size}"

    @strawberry.mutation
    def keep(self, input: KeepInput) -> str:
        taken.append(input.file)
        return fingerprint(input)

    @strawberry.mutation
    def fail(self, file: Upload) -> str:
        taken.append(file)
        raise RuntimeError("the password is hunter2")

    @strawberry.mutation
    async def wait(self, file: Upload) -> str:
        taken.append(file)
        await asyncio.Event().wait()
        return "never"

    @strawberry.mutation
    def note(self, text: str) -> str:
        return text


def api(**changes: Any) -> Starlette:
    schema = OrderflowSchema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))
    return create_app(schema, SERVICES, replace(SETTINGS, **changes))


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The temporary files that requests have opened; all are closed when a test ends."""
    taken.clear()
    files: list[Any] = []

    def made(*given: Any, **named: Any) -> Any:
        files.append(SpooledTemporaryFile(*given, **named))  # noqa: SIM115 - whether it is closed is the test
        return files[-1]

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", made)
    yield files
    assert all(file.closed for file in files)


def operations(query: str = TAKE, **variables: Any) -> str:
    return json.dumps({"query": query, "variables": variables or {"file": None}})


Parts = dict[str, Any]


def parts(
    sent: str | None = None, where: str | None = MAP, file: Any = ("rows.csv", b"a,b\n1,2\n"), **more: Any
) -> Parts:
    """The parts of a request; a file is a name and what it holds."""
    fields = {"operations": operations() if sent is None else sent, "map": where, "0": file, **more}
    return {name: each if isinstance(each, tuple) else (None, each) for name, each in fields.items() if each}


async def send(
    files: Parts, app: Starlette | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    async with client(app or api()) as http:
        return await http.post("/graphql", files=files, headers=bearer() if headers is None else headers)


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return error["extensions"]["code"]


async def test_a_file_reaches_its_resolver_and_is_closed_afterwards(opened: list[Any]) -> None:
    response = await send(parts())
    assert response.json()["data"] == {"take": "rows.csv: 8 of 8"}
    (file,) = opened
    assert file.closed


async def test_a_file_may_stand_inside_an_input_and_its_parts_come_in_any_order() -> None:
    sent = operations(KEEP, input={"file": None})
    of_input = parts(sent, '{"0": ["variables.input.file"]}')
    assert (await send(of_input)).json().keys() == {"data", "extensions"}
    assert (await send(dict(reversed(of_input.items())))).json().keys() == {"data", "extensions"}


async def test_a_large_file_is_spooled_to_disk(opened: list[Any]) -> None:
    response = await send(parts(file=("big.csv", b"a,b\r\n" * 800_000)))
    assert response.json()["data"] == {"take": "big.csv: 4000000 of 4000000"}
    assert opened[0]._rolled
    assert opened[0].closed


async def test_a_file_is_closed_when_its_operation_fails(opened: list[Any]) -> None:
    response = await send(parts(operations("mutation ($file: Upload!) { fail(file: $file) }")))
    assert code(response) == "INTERNAL_SERVER_ERROR"
    assert "hunter2" not in response.text
    assert opened[0].closed


async def test_a_file_is_closed_when_its_operation_is_given_up(opened: list[Any]) -> None:
    query = "mutation ($file: Upload!) { wait(file: $file) }"
    sending = asyncio.create_task(send(parts(operations(query))))
    async with asyncio.timeout(5):
        while not taken:  # noqa: ASYNC110 - the server side only leaves a mark
            await asyncio.sleep(0.01)
    assert not opened[0].closed
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert opened[0].closed


@pytest.mark.parametrize(
    "sent",
    [
        operations("mutation ($file: Upload!) { take(file: "),
        operations("mutation ($file: Upload!) { nothing(file: $file) }"),
        operations("mutation ($file: String!) { note(text: $file) }"),
        operations("query ($file: Upload) { who }"),
    ],
)
async def test_a_file_is_closed_when_its_operation_cannot_run(sent: str, opened: list[Any]) -> None:
    response = await send(parts(sent))
    assert response.status_code == 200
    assert response.json()["errors"]
    assert "INTERNAL_SERVER_ERROR" not in response.text
    assert opened[0].closed


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (parts(""), "all of its parts"),
        (parts(where=None), "all of its parts"),
        (parts(file=None), "all of its parts"),
        (parts(file=(None, "text")), "Too many fields"),
        (parts(more=("b.csv", b"x")), "Too many files"),
        (parts(more=(None, "x")), "Too many fields"),
        (parts("{"), "operations: This is not JSON"),
        (parts("7"), "Send a JSON object"),
        (parts('{"query": 7}'), "'query' must be a text"),
        (parts("[" * 50_000 + "]" * 50_000), "operations: "),
        (parts(f"[{operations()}]", '{"0": ["0.variables.file"]}'), "batches are not accepted"),
        (parts(where="{"), "map: This is not JSON"),
        (parts(where="[]"), "The map must name the file"),
        (parts(where="{}"), "The map must name the file"),
        (parts(where='{"1": ["variables.file"]}'), "The map must name the file"),
        (parts(where='{"0": ["variables.file"], "1": ["variables.file"]}'), "The map must name the file"),
        (parts(where='{"0": "variables.file"}'), "one place for the file"),
        (parts(where='{"0": []}'), "one place for the file"),
        (parts(where='{"0": [7]}'), "one place for the file"),
        (parts(where='{"0": ["variables.file", "variables.other"]}'), "one place for the file"),
        (parts(where='{"0": [""]}'), "that is null"),
        (parts(where='{"0": ["variables"]}'), "that is null"),
        (parts(where='{"0": ["query"]}'), "that is null"),
        (parts(where='{"0": ["file"]}'), "that is null"),
        (parts(where='{"0": ["extensions.file"]}'), "that is null"),
        (parts(where='{"0": ["variables.other"]}'), "that is null"),
        (parts(where='{"0": ["variables.file.inner"]}'), "that is null"),
        (parts(where='{"0": ["variables.__class__"]}'), "that is null"),
        (parts(where=json.dumps({"0": ["variables" + ".file" * 100_000]})), "that is null"),
        (parts(operations(file="x")), "that is null"),
        (parts(operations(files=[None]), '{"0": ["variables.files.0"]}'), "that is null"),
        (parts('{"query": "{ who }"}'), "that is null"),
        (parts('{"query": "{ who }"}', '{"0": ["variables"]}'), "that is null"),
        (parts(operations(file=None, filler="x" * 30_000)), "exceeded maximum size"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
async def test_a_request_whose_parts_do_not_fit_is_refused_with_a_sentence(
    files: Parts, says: str, opened: list[Any]
) -> None:
    response = await send(files, api(body_limit=1_000_000 if "filler" not in str(files) else 20_000))
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert says in response.json()["errors"][0]["message"]
    assert not taken


WHOLE = (
    b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + operations().encode() + b"\r\n"
    b'--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n' + MAP.encode() + b"\r\n"
    b'--x\r\nContent-Disposition: form-data; name="0"; filename="a.csv"\r\n\r\na,b\r\n--x--\r\n'
)


async def send_raw(body: Any, content_type: str = "multipart/form-data; boundary=x", **changes: Any) -> Any:
    async with client(api(**changes)) as http:
        headers = {"content-type": content_type, **bearer()}
        return await http.post("/graphql", content=body, headers=headers)


async def test_the_media_type_is_known_in_any_case_and_with_its_charset() -> None:
    for content_type in (
        "Multipart/Form-Data; BOUNDARY=x",
        'multipart/form-data; charset=UTF-8; boundary="x"',
    ):
        response = await send_raw(WHOLE, content_type)
        assert response.json()["data"] == {"take": "a.csv: 3 of 3"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (WHOLE, "multipart/form-data"),
        (WHOLE, "multipart/form-data; boundary="),
        (WHOLE, "multipart/form-data; boundary=y"),
        (WHOLE, "multipart/form-data; boundary=" + "x" * 5_000),
        (WHOLE, "multipart/form-data; boundary=x; charset=punycode"),
        (WHOLE.replace(b'name="map"', b'name="operations"'), "multipart/form-data; boundary=x"),
        (WHOLE.replace(b' name="map"', b""), "multipart/form-data; boundary=x"),
        (WHOLE.replace(b"Content-Disposition", b"Content Disposition"), "multipart/form-data; boundary=x"),
        (WHOLE.replace(b"a.csv", b"a" * 100_000), "multipart/form-data; boundary=x"),
        (WHOLE.replace(b"mutation", b"muta\xfftion").replace(b"{", b"["), "multipart/form-data; boundary=x"),
    ],
    ids=range(12),
)
async def test_a_body_that_is_not_made_of_parts_is_refused(
    body: bytes, content_type: str, opened: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    response = await send_raw(body, content_type)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("cut", range(1, len(WHOLE) - 8, 7))
async def test_a_body_that_is_cut_anywhere_is_refused_and_leaves_no_file_open(
    cut: int, opened: list[Any]
) -> None:
    response = await send_raw(WHOLE[:cut])
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert not taken


async def test_without_a_token_nothing_of_the_body_is_read() -> None:
    async def untouched() -> AsyncIterator[bytes]:
        raise AssertionError("this body must not be read")
        yield b""

    for headers, expected in (({}, 415), (bearer("nonsense"), 401)):
        async with client(api()) as http:
            response = await http.post(
                "/graphql",
                content=untouched(),
                headers={"content-type": "multipart/form-data; boundary=x", **headers},
            )
        assert response.status_code == expected
        assert "Authorization" in response.text or expected == 401


async def test_too_long_a_request_is_refused_whether_that_is_announced_or_not(opened: list[Any]) -> None:
    whole = WHOLE.replace(b"a,b", b"a,b\r\n" * 1_000)

    async def piecewise() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 100):
            yield whole[start : start + 100]

    for content in (whole, piecewise()):
        response = await send_raw(content, upload_limit=len(whole) - 1)
        assert (response.status_code, code(response)) == (413, "BAD_REQUEST")
    assert (await send_raw(whole, upload_limit=len(whole), body_limit=500)).status_code == 200


async def test_a_real_client_reads_that_its_file_is_too_large() -> None:
    file = ("big.csv", b"x" * 20_000_000)
    async with serving(api(upload_limit=1_000_000)) as address, httpx.AsyncClient() as http:
        response = await http.post(f"http://{address}/graphql", files=parts(file=file), headers=bearer())
    assert response.status_code == 413


async def test_a_body_that_does_not_go_on_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, opened: list[Any]
) -> None:
    monkeypatch.setattr(uploads, "STALLED_SECONDS", 0.05)

    async def stalls() -> AsyncIterator[bytes]:
        yield WHOLE[:-10]
        await asyncio.sleep(10)

    response = await send_raw(stalls())
    assert (response.status_code, code(response)) == (408, "BAD_REQUEST")
    assert opened[0].closed


async def test_a_body_that_drips_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, opened: list[Any]
) -> None:
    monkeypatch.setattr(uploads, "LONGEST_SECONDS", 0.05)

    async def drips() -> AsyncIterator[bytes]:
        yield WHOLE[:-10]
        while True:
            await asyncio.sleep(0.01)
            yield b"x"

    response = await send_raw(drips())
    assert (response.status_code, code(response)) == (408, "BAD_REQUEST")
    assert opened[0].closed


async def test_a_sender_that_goes_away_in_the_middle_is_no_bug(
    opened: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    received = iter(
        [{"type": "http.request", "body": WHOLE[:-10], "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"content-type": "multipart/form-data; boundary=x", **bearer()}
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await api()(scope, receive, send)
    assert sent[0]["status"] == 400
    assert opened[0].closed
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


async def test_nobody_has_many_files_on_disk_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 1)
    app = api()
    waiting = parts(operations("mutation ($file: Upload!) { wait(file: $file) }"))
    sending = asyncio.create_task(send(waiting, app))
    async with asyncio.timeout(5):
        while not taken:  # noqa: ASYNC110 - the server side only leaves a mark
            await asyncio.sleep(0.01)
    refused = await send(parts(), app)
    assert (refused.status_code, code(refused)) == (429, "BAD_REQUEST")
    assert refused.headers["retry-after"]
    other = bearer(TOKENS.mint(Role.MERCHANT, sub="other", merchant_id="m2"))
    assert (await send(parts(), app, other)).status_code == 200
    namesake = bearer(TOKENS.mint(Role.MERCHANT, merchant_id="m2"))
    assert (await send(parts(), app, namesake)).status_code == 200
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert (await send(parts(), app)).status_code == 200


@pytest.mark.parametrize("value", ["a,b\n1,2", 7, {"filename": "x"}, ["x"]])
async def test_a_file_that_is_sent_as_a_plain_value_is_an_error_that_says_how(value: Any) -> None:
    for variables, query in (({"file": value}, TAKE), ({"input": {"file": value}}, KEEP)):
        response = await post(query, api(), bearer(), variables=variables)
        assert code(response) == "BAD_USER_INPUT"
        assert "multipart/form-data" in response.text
    literal = await post('mutation { take(file: "x") }', api(), bearer())
    assert code(literal) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("path", ["/graphql/stream", "/graphql"])
async def test_a_file_goes_with_no_stream(path: str, opened: list[Any]) -> None:
    async with client(api()) as http:
        headers = {"accept": "text/event-stream", **bearer()}
        response = await http.post(path, files=parts(), headers=headers)
    assert response.status_code in (406, 415)
    assert opened == []


async def test_the_same_file_has_the_same_fingerprint_and_another_has_another() -> None:
    async def of(file: tuple[str, bytes]) -> str:
        sent = operations(KEEP, input={"file": None, "idempotencyKey": "k"})
        response = await send(parts(sent, '{"0": ["variables.input.file"]}', file))
        return response.json()["data"]["keep"]

    assert await of(("a.csv", b"1")) == await of(("a.csv", b"2"))  # what it holds is its taker's affair
    assert len({await of(file) for file in (("a.csv", b"1"), ("b.csv", b"1"), ("a.csv", b"12"))}) == 3
