"""GraphiQL in a real browser, on real servers: what a newcomer sees, types and hears.

Each visit is one run of `clients/graphiql.mjs`, which leaves its screenshots in the test's folder. What the
examples say is held to the schema elsewhere.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from domain.actors import Role
from graph.app import create_app
from graph.schema import build_schema
from tests.javascript import needs_npm, run
from tests.serving import Server, serving
from tests.transport import MERCHANT, SECRET, SERVICES, SETTINGS, post, schema
from tests.transport import serving as serving_here

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "graph" / "graphiql"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

pytestmark = [
    needs_npm,
    pytest.mark.skipif(
        BROWSER is None, reason="Chromium is not installed: apt-get install chromium, or what your system has"
    ),
]

ROLES = ("marketplace", "merchant", "customer", "payments", "logistics")
PLACE = """mutation { placeOrder(input: {
  currency: "USD", externalReference: "in the browser"
  customer: { id: "alice", name: "Alice Moreau", email: "alice@example.com" }
  lines: [{ sku: "A-1", name: "A", merchantId: "main", quantity: 1, unitPrice: "10.00" }]
}) { order { reference } errors { message } } }"""
PAY = """mutation { recordPayment(input: {
  order: { externalReference: "in the browser" }, reference: "p-1"
  amount: { amount: "10.00", currency: "USD" }
}) { errors { message } } }"""

Told = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def page() -> None:
    """The page as people build it; at once when it is there and nothing changed."""
    made = subprocess.run(
        ["make", "graphiql"], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    if made.returncode and not (PAGE / "node_modules" / ".installed").exists():
        pytest.skip(f"the packages of graph/graphiql could not be installed: {made.stderr[-300:]}")
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.fixture(scope="module")
def demo(page: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server as `make run` starts it, with the people and orders of the demo."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as server:
        yield server


@pytest.fixture(scope="module")
def production(page: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server with the settings of production and the page: nobody can be asked as, tokens are typed."""
    with serving(
        tmp_path_factory.mktemp("production"),
        ORDERFLOW_ENV="production",
        ORDERFLOW_GRAPHIQL="on",
        ORDERFLOW_JWT_SECRET=SECRET,
    ) as server:
        yield server


def visit(name: str, address: str, pictures: Path, **said: Any) -> Told:
    """What a visit tells, when nothing went wrong on the page and it asked this server only."""
    told = run("graphiql.mjs", visit=name, address=address, pictures=str(pictures), browser=BROWSER, **said)
    assert told["wrong"] == []
    assert told["asked"]
    elsewhere = [
        url for url in told["asked"] if not re.match(rf"(http|ws)://{re.escape(address)}/|data:", url)
    ]
    assert elsewhere == []
    return told


def test_a_newcomer_finds_examples_types_a_query_asks_as_another_and_reads_what_a_field_is(
    demo: Server, tmp_path: Path
) -> None:
    told = visit("explore", demo.address, tmp_path, then="merchant main")
    for tab, role in zip(told["tabs"], ROLES, strict=True):
        assert tab["name"].lower() == role
        assert tab["who"].split()[0] == role
        example = (PAGE / "src" / "examples" / f"{role}.graphql").read_text()
        assert "".join(tab["shown"].split())[:100] == "".join(example.split())[:100]
    assert told["first"]["data"]["viewer"] == {"role": "MARKETPLACE", "merchantId": None}
    assert told["then"]["data"]["viewer"] == {"role": "MERCHANT", "merchantId": "main"}
    mutation = build_schema().core.mutation_type
    assert mutation
    assert mutation.fields["placeOrder"].description in told["docs"]


def test_a_subscription_in_the_page_tells_what_others_do_meanwhile(demo: Server, tmp_path: Path) -> None:
    token = demo.token(Role.MARKETPLACE)
    told = visit("watch", demo.address, tmp_path, token=token, doings=[PLACE, PAY])
    assert [[*each["data"]["orderEvents"]] for each in told["started"]["events"]] == [["cursor", "at"]]
    assert [each["event"] for each in told["heard"]] == ["placed", "pay"]


def test_where_nobody_can_be_asked_as_a_token_is_typed_and_not_kept(
    production: Server, tmp_path: Path
) -> None:
    told = visit("type", production.address, tmp_path, token=MERCHANT)
    assert told["tabs"] == ["Start"]
    [refused] = told["refused"]["errors"]
    assert "token" in refused["message"]
    assert told["without"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert told["having"]["data"]["viewer"] == {"role": "MERCHANT", "sub": "m1"}
    assert told["heard"]["events"][-1]["data"]["orderEvents"]["cursor"]
    assert MERCHANT not in told["kept"]
    assert told["later"] == ""


async def test_without_the_built_page_the_browser_shows_what_to_do_and_the_api_answers(
    tmp_path: Path,
) -> None:
    app = create_app(schema(), SERVICES, SETTINGS, graphiql=tmp_path / "dist")
    async with serving_here(app) as address:
        told = await asyncio.to_thread(visit, "unbuilt", address, tmp_path)
        assert (await post("{ who }", app)).json()["data"] == {"who": "anonymous"}
    assert "make graphiql" in told["text"]
