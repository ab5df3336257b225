"""The application around the endpoint: health, headers, other origins, the page for exploring."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from domain.actors import Role
from graph.app import create_app
from graph.explorer import STAFF, Person
from graph.health import PATIENCE
from graph.settings import Settings, SettingsError
from tests.transport import MERCHANT, SERVICES, SETTINGS, TOKENS, api, client, post, schema

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def built(folder: Path, **changes: Any) -> Starlette:
    """The app with a page in the place of the built one; `changes` are settings."""
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<title>the page</title>")
    (folder / "assets" / "page-1a2b.js").write_text("export {};")
    return create_app(schema(), SERVICES, replace(SETTINGS, **changes), graphiql=folder)


async def test_the_process_is_live_without_asking_anything_else() -> None:
    async def broken() -> None:
        raise RuntimeError

    async with client(api(checks={"database": broken})) as http:
        response = await http.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_names_what_is_missing_and_keeps_the_reason_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    there = True

    async def database() -> None:
        if not there:
            raise ConnectionError("mongodb://user:hunter2@db")

    async def feed() -> None:
        return

    async with client(api(checks={"database": database, "feed": feed})) as http:
        response = await http.get("/health/ready")
        assert (response.status_code, response.json()) == (
            200,
            {"status": "ok", "checked": ["database", "feed"]},
        )
        there = False
        response = await http.get("/health/ready")
    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "missing": ["database"]},
    )
    assert "hunter2" in caplog.text


async def test_a_check_that_hangs_is_a_check_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.health.PATIENCE", PATIENCE / 100)

    async def hanging() -> None:
        await asyncio.Event().wait()

    async with client(api(checks={"database": hanging})) as http:
        assert (await http.get("/health/ready")).json()["missing"] == ["database"]


async def test_a_request_id_is_taken_over_when_it_is_harmless_and_made_anew_otherwise() -> None:
    async with client() as http:
        for offered in ("abc-123", "x" * 64):
            response = await http.get("/health/live", headers={"x-request-id": offered})
            assert response.headers["x-request-id"] == offered
        for harmful in (b"", b"x" * 65, b"a b", b"a\tb", b'"quoted"', "ünï".encode()):
            response = await http.get("/health/live", headers={b"x-request-id": harmful})
            assert len(response.headers["x-request-id"]) == 32
    response = await post("{ requestId }", headers={"x-request-id": "abc-123"})
    assert response.json()["data"] == {"requestId": "abc-123"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graphql"),
        ("POST", "/graphql"),
        ("GET", "/health/live"),
        ("GET", "/nowhere"),
        ("GET", "/bug"),
    ],
)
async def test_every_answer_tells_browsers_what_to_refuse(method: str, path: str) -> None:
    async with client(broken_api()) as http:
        headers = (await http.request(method, path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-request-id"]
    assert "strict-transport-security" not in headers


async def test_who_asks_by_https_is_told_to_keep_to_it() -> None:
    async with client() as http:
        response = await http.get("https://127.0.0.1/health/live")
    assert response.headers["strict-transport-security"].startswith("max-age=")


def broken_api() -> Starlette:
    async def bug(_: object) -> None:
        raise RuntimeError("hunter2")

    app = api()
    app.add_route("/bug", bug)  # pyright: ignore[reportArgumentType]
    return app


async def test_a_bug_outside_of_graphql_is_masked_like_one_inside(caplog: pytest.LogCaptureFixture) -> None:
    async with client(broken_api()) as http:
        response = await http.get("/bug")
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "hunter2" not in response.text
    assert response.headers["x-request-id"] in caplog.text


async def test_a_path_that_is_not_served_is_answered_in_the_same_shape() -> None:
    async with client() as http:
        response = await http.get("/nowhere")
    assert response.status_code == 404
    assert response.json()["errors"][0]["message"] == "Not Found. The API answers POST /graphql."


async def test_pages_of_other_origins_read_nothing_unless_configured() -> None:
    ask = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    sent = {"access-control-request-headers": "authorization,content-type,idempotency-key,x-request-id"}
    async with client() as http:
        assert "access-control-allow-origin" not in (await http.options("/graphql", headers=ask)).headers
    async with client(api(allowed_origins=("https://shop.example",))) as http:
        allowed = await http.options("/graphql", headers=ask | sent)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-credentials" not in allowed.headers
        other = await http.options("/graphql", headers=ask | {"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        refused = await http.post(
            "/graphql", headers={"origin": "https://shop.example", "authorization": "Bearer x"}
        )
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://shop.example"
        exposed = refused.headers["access-control-expose-headers"].split(", ")
        assert {"Retry-After", "X-Request-Id"} <= set(exposed)


async def test_browsers_get_the_page_and_nobody_else_does(tmp_path: Path) -> None:
    async with client(built(tmp_path)) as http:
        page = await http.get("/graphql", headers=HTML)
        assert (page.status_code, page.text) == (200, "<title>the page</title>")
        assert page.headers["vary"] == "Accept"
        for accept, status in (
            ("*/*", 406),
            ("", 406),
            ("text/html;q=0, */*", 406),
            ("application/json", 400),
            ("application/graphql-response+json", 400),
        ):
            response = await http.get("/graphql", headers={"accept": accept})
            assert response.status_code == status
            assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_link_with_an_operation_leads_to_the_page_and_runs_nothing(tmp_path: Path) -> None:
    async with client(built(tmp_path)) as http:
        for query in ("{ who }", 'mutation { note(text: "x") }'):
            response = await http.get("/graphql", params={"query": query}, headers=HTML)
            assert response.text == "<title>the page</title>"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"environment": "development"}, True),
        ({"environment": "production"}, False),
        ({"environment": "production", "graphiql": True}, True),
        ({"environment": "development", "graphiql": False}, False),
    ],
)
async def test_the_page_is_shown_in_development_unless_a_setting_says_otherwise(
    changes: dict[str, Any], shown: bool, tmp_path: Path
) -> None:
    async with client(built(tmp_path, **changes)) as http:
        page = await http.get("/graphql", headers=HTML)
        assert ("the page" in page.text, page.status_code) == ((True, 200) if shown else (False, 406))
        for path, status in (("/", 307), ("/graphql/assets/page-1a2b.js", 200)):
            assert (await http.get(path, headers=HTML)).status_code == (status if shown else 404)


async def test_the_page_loads_scripts_and_data_from_this_server_only(tmp_path: Path) -> None:
    async with client(built(tmp_path)) as http:
        page = await http.get("/graphql", headers=HTML)
        script = await http.get("/graphql/assets/page-1a2b.js")
    for response in (page, script):
        policy = dict(
            directive.strip().split(" ", 1)
            for directive in response.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        for kind in ("script-src", "connect-src", "worker-src"):
            assert policy[kind] == "'self'"
        assert "http" not in response.headers["content-security-policy"]
    assert "immutable" in script.headers["cache-control"]
    assert "javascript" in script.headers["content-type"]


@pytest.mark.parametrize("path", ["../index.html", "%2e%2e/index.html", "nothing.js", ""])
async def test_assets_are_the_built_files_and_nothing_beside_them(tmp_path: Path, path: str) -> None:
    async with client(built(tmp_path)) as http:
        response = await http.get(f"/graphql/assets/{path}")
    assert response.status_code in (404, 406)
    assert "the page" not in response.text


async def test_without_a_built_page_browsers_are_told_how_to_build_it_and_the_api_works(
    tmp_path: Path,
) -> None:
    app = create_app(schema(), SERVICES, SETTINGS, graphiql=tmp_path)
    async with client(app) as http:
        page = await http.get("/graphql", headers=HTML)
    assert page.status_code == 200
    assert "make graphiql" in page.text
    assert (await post("{ who }", app)).json()["data"] == {"who": "anonymous"}


async def test_in_development_the_page_can_ask_as_the_people_of_the_demo() -> None:
    people = (
        *STAFF,
        Person("Acme", Role.MERCHANT, merchant_id="m1"),
        Person("Jo", Role.CUSTOMER, customer_id="c1"),
    )
    async with client(api(people=people)) as http:
        offered = (await http.get("/graphql/principals")).json()
    assert [(each["name"], each["role"]) for each in offered] == [(each.name, each.role) for each in people]
    for each, person in zip(offered, people, strict=True):
        principal = TOKENS.verify(each["token"])
        assert (principal.role, principal.merchant_id) == (person.role, person.merchant_id)
        assert principal.customer_id == person.customer_id


async def test_tokens_are_never_handed_out_in_production_nor_under_another_hosts_name() -> None:
    async with client(api(environment="production")) as http:
        assert (await http.get("/graphql/principals")).status_code == 404
    async with client(api(environment="production", graphiql=True)) as http:
        assert (await http.get("/graphql/principals")).json() == []
    async with client() as http:
        for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "localhost.evil.example"):
            response = await http.get("/graphql/principals", headers={"host": host})
            assert response.json() == []
        for host in ("localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
            assert len((await http.get("/graphql/principals", headers={"host": host})).json()) == len(STAFF)


async def test_tokens_are_never_handed_out_to_another_machine_whatever_it_calls_this_one() -> None:
    elsewhere = httpx.ASGITransport(api(), client=("192.0.2.7", 4000))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://localhost") as http:
        response = await http.get("/graphql/principals")
    assert response.json() == []


def test_no_app_is_made_in_production_without_a_secret() -> None:
    with pytest.raises(SettingsError, match="ORDERFLOW_JWT_SECRET"):
        create_app(schema(), SERVICES, Settings(environment="production"))


async def test_no_token_is_ever_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for token in (MERCHANT, f"{MERCHANT}x"):
        await post("{ who broken }", headers={"authorization": f"Bearer {token}"})
    assert MERCHANT not in caplog.text


async def test_the_address_alone_leads_to_the_page() -> None:
    async with client() as http:
        response = await http.get("/", headers={"accept": "text/html"})
    assert (response.status_code, response.headers["location"]) == (307, "/graphql")
