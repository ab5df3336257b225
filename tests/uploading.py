"""Files that people upload in tests: as the API takes them, and what became of their rows."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from starlette.datastructures import UploadFile

from domain.actors import Role
from graph.app import create_app
from graph.auth import Principal
from graph.imports.running import ImportWorker
from graph.keys import Secret
from graph.schema import schema
from graph.services import Services
from graph.settings import Settings
from graph.tokens import Tokens
from tests.acting import ERRORS, Answer, Api

SETTINGS = Settings(jwt_secret="x" * 32)

COLUMNS = ("order_reference", "event", "sku", "line_id", "carrier", "tracking_number", "reason")
IMPORT = """id kind state dryRun errorPolicy fileName by rows done applied applicable already refused invalid
  startedAt endedAt reportUrl"""
PAGE = "nodes { row order outcome message code column possible } cursor hasMore"
UPLOAD = f"""mutation Run($input: %s!) {{ %s(input: $input) {{
  import {{ {IMPORT} report(first: 100) {{ {PAGE} }} }} {ERRORS} replayed }} }}"""

LOOK = f"query Look($id: ID!) {{ %s {{ import(id: $id) {{ {IMPORT} report(first: 100) {{ {PAGE} }} }} }} }}"


def table(*rows: Iterable[str], columns: Iterable[str] = COLUMNS[:2]) -> str:
    """A file of these rows."""
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue()


async def upload(
    api: Api, who: Principal, text: str | bytes, mutation: str = "importOrderStatus", **sent: Any
) -> Answer:
    """Upload a file; returns the payload."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    content = text if isinstance(text, bytes) else text.encode()
    name = sent.pop("name", "rows.csv")
    file = UploadFile(io.BytesIO(content), filename=name, size=len(content))
    answer = await api.ask(who, UPLOAD % (kind, mutation), input={"file": file, **sent})
    assert answer["errors"] is None, answer["errors"]
    return answer["data"][mutation]


async def imported(api: Api, who: Principal, text: str | bytes, **sent: Any) -> Answer:
    """Upload a file that is taken; returns its import when that has ended."""
    payload = await upload(api, who, text, **sent)
    assert payload["errors"] == [], payload["errors"]
    made = payload["import"]
    entry = "merchant" if who.role is Role.MERCHANT else "marketplace"
    async with asyncio.timeout(20):
        while made["endedAt"] is None:  # on a machine that is busy otherwise
            await asyncio.sleep(0.05)
            made = (await api.ask(who, LOOK % entry, id=made["id"]))["data"][entry]["import"]
    return made


def outcomes(made: Answer) -> dict[int, str]:
    """What became of each row, by its number."""
    return {row["row"]: row["outcome"] for row in made["report"]["nodes"]}


@asynccontextmanager
async def working(services: Services, **options: Any) -> AsyncGenerator[None]:
    """A worker that goes through imports meanwhile."""
    task = asyncio.create_task(ImportWorker(services, **options).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def downloaded(api: Api, who: Principal | None, path: str) -> httpx.Response:
    """Ask for a report over HTTP."""
    headers = {"authorization": f"Bearer {token(who)}"} if who else {}
    transport = httpx.ASGITransport(create_app(schema, api.services, SETTINGS))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", verify=False) as http:
        return await http.get(path, headers=headers)


def token(who: Principal) -> str:
    """A token of this person."""
    secret = Secret((SETTINGS.jwt_secret or "").encode())
    tokens = Tokens(secret, issuer=SETTINGS.jwt_issuer, audience=SETTINGS.jwt_audience)
    return tokens.mint(who.role, sub=who.sub, merchant_id=who.merchant_id, customer_id=who.customer_id)


def reported(text: str) -> list[dict[str, str]]:
    """The rows of a report."""
    return list(csv.DictReader(io.StringIO(text)))


async def stored(api: Api) -> list[Any]:
    """Everything that the database holds of orders, as it stands."""
    found: list[Any] = []
    for name in ("orders", "order_history", "stock", "feed"):
        rows = await api.services.orders.database.collection(name).find({}, sort=[("_id", 1)]).to_list()
        found += [list(row.items()) for row in rows]
    return found
