"""What people are promised who upload files: through the API, with a worker, on a real database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from domain.actors import Role
from graph.auth import Principal
from graph.imports.applying import SLICE, results
from graph.imports.report import MOST_AT_ONCE, Reports
from graph.requests import BadRequest
from graph.token_settings import tokens_of
from graph.types.ids import decode_as, encode
from storage.import_leases import ImportLeases
from storage.imports import Import, ImportErrorPolicy, ImportState, NewImport
from tests.acting import ADMIN, CARRIER, M1, M2, PAYMENTS, Answer, Api, by, line, pieces, states
from tests.feeding import stepped
from tests.uploading import (
    IMPORT,
    PAGE,
    SETTINGS,
    downloaded,
    imported,
    outcomes,
    reported,
    stored,
    table,
    token,
    upload,
    working,
)

WAREHOUSE = replace(CARRIER, sub="warehouse", merchant_id="m1")
LOOK = f"query Look($id: ID!) {{ %s {{ import(id: $id) {{ {IMPORT} }} imports {{ id }} }} }}"
REPORT = f"""query Report($id: ID!, $first: Int!, $after: Cursor, $outcome: RowOutcome) {{
  merchant {{ import(id: $id) {{
    report(first: $first, after: $after, outcome: $outcome) {{ {PAGE} }} }} }} }}"""
STOP = f"""mutation Stop($input: StopImportInput!) {{
  stopImport(input: $input) {{ import {{ {IMPORT} }} errors {{ code path }} }} }}"""
ENTRY = {Role.MARKETPLACE: "marketplace", Role.MERCHANT: "merchant"}


@pytest.fixture
async def office(server_api: Api) -> AsyncIterator[Api]:
    """The API with a worker, which goes through what is uploaded."""
    async with working(server_api.services):
        yield server_api


async def look(api: Api, who: Principal, id: str) -> Answer:
    answer = await api.ask(who, LOOK % ENTRY[who.role], id=id)
    assert answer["errors"] is None, answer["errors"]
    return answer["data"][ENTRY[who.role]]


async def page(api: Api, id: str, first: int = 100, **more: Any) -> Answer:
    answer = await api.ask(M1, REPORT, id=id, first=first, **more)
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]["merchant"]["import"]["report"]


async def begun(api: Api, *rows: tuple[str, dict[str, str]], scope: str = "merchant:m1") -> Import:
    """An import of m1's that nobody works on yet: each row is an order's reference and more values."""

    async def chunks() -> AsyncIterator[list[dict[str, Any]]]:
        yield [
            {"n": n, "order": order, "values": {"order_reference": order, **more}}
            for n, (order, more) in enumerate(rows, 2)
        ]

    new = NewImport(
        kind="order_status",
        scope=scope,
        by=M1.sub,
        principal={"sub": M1.sub, "role": "merchant", "merchant_id": "m1"},
        dry_run=False,
        policy=ImportErrorPolicy.SKIP_ROWS,
        file_name="rows.csv",
        columns=("order_reference", "event"),
    )
    made = await api.services.imports.create(new, chunks())
    api.services.imports.awake.clear()
    return made


async def events(api: Api, order: Answer) -> list[str]:
    """What happened, each once: what moves one machine of a line moves others with it."""
    return [event for event, _ in groupby(row["event"] for row in await api.history(order))]


async def until(holds: Callable[[Import], bool], api: Api, made: Import) -> Import:
    """The import as soon as this holds; other workers leave no event to wait for."""
    async with asyncio.timeout(20):
        while True:
            found = await api.services.imports.find(made.scope, made.id)
            assert found is not None
            if holds(found):
                return found
            await asyncio.sleep(0.01)


# What becomes of rows


async def test_a_file_moves_the_orders_that_it_names(office: Api):
    first, second = await office.sent(), await office.sent(line("A-1"))
    rows = ((first["reference"], "Shipped"), (second["reference"], "shipped"))

    made = await imported(office, M1, table(*rows))

    assert (made["state"], made["rows"], made["applied"]) == ("DONE", 2, 2)
    assert outcomes(made) == {2: "APPLIED", 3: "APPLIED"}
    assert [step[-1] for step in states(await office.now(second))] == ["shipped"]
    mine, others = states(await office.now(first))
    assert mine[-1] == "shipped"
    assert others[-1] != "shipped"


async def test_a_dry_run_says_what_would_be_and_changes_nothing(office: Api):
    order = await office.sent(line("A-1"))
    reference = order["reference"]
    before = await stored(office)

    text = table((reference, "ship"), (reference, "deliver"), ("XXXX-XXXX", "ship"))
    made = await imported(office, M1, text, dryRun=True, errorPolicy="SKIP_ROWS")

    assert (made["state"], made["dryRun"]) == ("DONE", True)
    assert outcomes(made) == {2: "APPLICABLE", 3: "APPLICABLE", 4: "REFUSED"}
    assert (made["applied"], made["applicable"]) == (0, 2)
    assert await stored(office) == before


async def test_one_refused_row_keeps_the_whole_file_out(office: Api):
    order = await office.sent(line("A-1"))
    before = await stored(office)

    made = await imported(office, M1, table((order["reference"], "ship"), ("XXXX-XXXX", "ship")))

    assert (made["state"], made["errorPolicy"]) == ("REJECTED", "REJECT_FILE")
    assert (made["applied"], made["applicable"], made["refused"]) == (0, 1, 1)
    assert await stored(office) == before


async def test_one_invalid_row_keeps_the_whole_file_out(office: Api):
    order = await office.sent(line("A-1"))
    before = await stored(office)

    made = await imported(office, M1, table((order["reference"], "ship"), (order["reference"], "")))

    assert (made["state"], made["invalid"]) == ("REJECTED", 1)
    assert await stored(office) == before


async def test_a_file_without_a_bad_row_is_applied_after_it_was_checked(office: Api):
    order = await office.sent(line("A-1"))

    made = await imported(office, M1, table((order["reference"], "ship"), (order["reference"], "deliver")))

    assert (made["state"], made["done"], made["applied"]) == ("DONE", 2, 2)
    assert (await events(office, order))[-2:] == ["ship", "deliver"]


async def test_bad_rows_may_be_left_out(office: Api):
    order = await office.sent(line("A-1"))
    text = table(("XXXX-XXXX", "ship"), (order["reference"], "ship"), (order["reference"], ""))

    made = await imported(office, M1, text, errorPolicy="SKIP_ROWS")

    assert made["state"] == "DONE"
    assert outcomes(made) == {2: "REFUSED", 3: "APPLIED", 4: "INVALID"}
    assert (await events(office, order))[-1] == "ship"


async def test_the_same_file_again_changes_nothing(office: Api):
    orders = [await office.sent(line("A-1")) for _ in range(3)]
    text = table(*((order["reference"], event) for event in ("ship", "deliver") for order in orders))
    await imported(office, M1, text)
    before = await stored(office)

    again = await imported(office, M1, text)

    assert (again["state"], again["already"], again["applied"]) == ("DONE", 6, 0)
    assert await stored(office) == before


async def test_rows_of_one_line_apply_in_the_order_of_the_file(office: Api):
    right, wrong = await office.sent(line("A-1")), await office.sent(line("A-1"))
    text = table(
        (right["reference"], "ship"),
        (wrong["reference"], "deliver"),
        (right["reference"], "deliver"),
        (wrong["reference"], "ship"),
    )

    made = await imported(office, M1, text, errorPolicy="SKIP_ROWS")

    assert outcomes(made) == {2: "APPLIED", 3: "REFUSED", 4: "APPLIED", 5: "APPLIED"}
    assert (await events(office, right))[-2:] == ["ship", "deliver"]
    assert (await events(office, wrong))[-1] == "ship"


async def test_many_rows_of_one_order_are_written_in_slices_and_reported_each(office: Api):
    order = await office.sent(*(line(f"A-{n}") for n in range(230)))
    lines = pieces(*order["lines"])
    rows = ((order["reference"], "ship", each["line"]) for each in lines)

    text = table(*rows, columns=("order_reference", "event", "line_id"))
    made = await imported(office, M1, text)

    assert (made["applied"], made["rows"]) == (230, 230)
    assert (await office.now(order))["version"] == order["version"] + 2


async def test_payments_are_imported_once(office: Api):
    order = await office.placed()
    due = order["payment"]["due"]
    columns = ("order_reference", "reference", "amount", "currency")
    text = table((order["reference"], "tx-1", due["amount"], due["currency"]), columns=columns)

    first = await imported(office, ADMIN, text, mutation="importPayments")
    again = await imported(office, ADMIN, text, mutation="importPayments")

    assert (first["kind"], outcomes(first), outcomes(again)) == ("PAYMENTS", {2: "APPLIED"}, {2: "ALREADY"})
    payment = (await office.now(order))["payment"]
    assert payment["captured"] == due
    assert [each["reference"] for each in payment["payments"]] == ["tx-1"]


async def test_payments_that_name_one_order_in_two_ways_are_refused_before_any_is_checked(office: Api):
    order = await office.placed(line("A-1"), externalReference="shop-7")
    due = order["payment"]["due"]["amount"]
    columns = ("order_reference", "external_reference", "reference", "amount", "currency")
    rows = ((order["reference"], "", "tx-1", due, "EUR"), ("", "shop-7", "tx-2", due, "EUR"))

    refused = await upload(office, ADMIN, table(*rows, columns=columns), mutation="importPayments")
    one = await imported(office, ADMIN, table(rows[1], columns=columns), mutation="importPayments")

    assert refused["import"] is None
    assert refused["errors"][0]["path"] == ["file"]
    assert "order_reference and external_reference" in refused["errors"][0]["message"]
    assert outcomes(one) == {2: "APPLIED"}


async def test_another_merchants_lines_are_as_if_they_were_not_there(office: Api):
    theirs, shared = await office.sent(line("B-1", "m2")), await office.sent()
    (other,) = (each for each in shared["lines"] if each["merchantId"] == "m2")
    before = await stored(office)

    def file(reference: str, part: str, line_id: str, sku: str) -> str:
        columns = ("order_reference", "event", "line_id", "sku")
        rows = (
            (reference, "ship", "", ""),
            (f"{reference}-1", "cancel", "", ""),
            (part, "ship", "", ""),
            (shared["reference"], "ship", line_id, ""),
            (shared["reference"], "ship", "", sku),
        )
        return table(*rows, columns=columns)

    (second,) = (each for each in shared["merchantOrders"] if each["merchantId"] == "m2")
    named = await imported(office, M1, file(theirs["reference"], second["reference"], other["id"], "B-1"))
    nothing = f"{shared['reference']}-9"
    none = await imported(office, M1, file("XXXX-XXXX", nothing, encode("Line", "none-9"), "Z-9"))

    def told(made: Answer) -> list[Answer]:
        rows = sorted(made["report"]["nodes"], key=lambda row: row["row"])
        return [{name: row[name] for name in row if name != "order"} for row in rows]

    assert told(named) == told(none)
    assert {row["code"] for row in told(named)} == {"NOT_FOUND"}
    assert await stored(office) == before


# Files that are refused, and keys


async def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_kept(office: Api):
    payload = await upload(office, M1, "order_reference,evnt\nK7QW-2M9X,ship\n")

    assert payload["import"] is None
    ((error,)) = payload["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", ["file"])
    assert "evnt" in error["message"]
    assert (await look(office, M1, "none"))["imports"] == []


async def test_the_same_key_is_answered_with_the_import_made_before(office: Api):
    order = await office.sent(line("A-1"))
    text = table((order["reference"], "ship"))
    first = await upload(office, M1, text, idempotencyKey="monday")

    again = await upload(office, M1, text, idempotencyKey="monday", name="renamed.csv")
    other = await upload(office, M1, text + "\n", idempotencyKey="monday")

    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["import"]["id"] == first["import"]["id"]
    assert other["import"] is None
    assert [error["__typename"] for error in other["errors"]] == ["IdempotencyConflict"]


async def test_the_same_key_is_no_second_import_also_when_the_first_starts_just_then(
    server_api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("graph.mutations.importing.PATIENCE", 0)
    text = table(("XXXX-XXXX", "ship"))
    first: list[Answer] = []

    async def meanwhile(collection: str, command: str) -> None:
        if (collection, command) == ("imports", "find_one") and not first:
            first.append({})
            first.append(await upload(server_api, M1, text, idempotencyKey="monday"))

    imports = server_api.services.imports
    cut = replace(imports, database=stepped(imports.database, after=meanwhile))
    late = replace(server_api, services=replace(server_api.services, imports=cut))
    again = await upload(late, M1, text, idempotencyKey="monday")

    assert (again["errors"], again["replayed"]) == ([], True)
    assert again["import"]["id"] == first[1]["import"]["id"]


async def test_one_import_of_a_merchant_runs_at_a_time(server_api: Api):
    running = await begun(server_api, ("XXXX-XXXX", {"event": "ship"}))

    refused = await upload(server_api, M1, table(("YYYY-YYYY", "ship")))

    ((error,)) = refused["errors"]
    assert (error["__typename"], error["path"]) == ("Busy", ["file"])
    assert encode("Import", running.id) in error["message"]
    async with working(server_api.services):
        assert (await imported(server_api, M2, table(("YYYY-YYYY", "ship"))))["refused"] == 1
        await until(lambda found: not found.runs, server_api, running)
        assert (await imported(server_api, M1, table(("YYYY-YYYY", "ship"))))["refused"] == 1


# Stopping, seeing


async def test_a_stopped_import_goes_no_further(server_api: Api):
    order = await server_api.sent(line("A-1"))
    made = await begun(server_api, (order["reference"], {"event": "ship"}))
    id = encode("Import", made.id)

    stopping = asyncio.create_task(server_api.ask(M1, STOP, input={"import": id}))
    await until(lambda found: found.stopping, server_api, made)
    async with working(server_api.services):
        answer = await stopping

    assert answer["data"]["stopImport"]["errors"] == []
    assert answer["data"]["stopImport"]["import"]["state"] == "STOPPED"
    assert (await page(server_api, id))["nodes"] == []
    (row,) = reported((await downloaded(server_api, M1, f"/imports/{id}/report.csv")).text)
    assert (row["order_reference"], row["outcome"]) == (order["reference"], "")
    assert "ship" not in await events(server_api, order)


async def test_somebody_elses_import_is_not_there(office: Api):
    made = await imported(office, M1, table(("XXXX-XXXX", "ship")))
    id, url = made["id"], made["reportUrl"]

    assert (await look(office, M1, id))["import"]["id"] == id
    for who in (M2, ADMIN):
        assert await look(office, who, id) == {"import": None, "imports": []}
        stopped = (await office.ask(who, STOP, input={"import": id}))["data"]["stopImport"]
        assert stopped == {"import": None, "errors": [{"code": "NOT_FOUND", "path": ["import"]}]}
    for who in (M2, ADMIN, WAREHOUSE, PAYMENTS):
        assert (await downloaded(office, who, url)).status_code == 404
    assert (await downloaded(office, None, url)).status_code == 401
    assert (await downloaded(office, M1, url.replace(id, "none"))).status_code == 404


async def test_the_report_comes_in_parts_and_by_outcome(office: Api):
    orders = [await office.sent(line("A-1")) for _ in range(3)]
    rows = [(order["reference"], "ship") for order in orders]
    made = await imported(
        office, M1, table(*rows, ("XXXX-XXXX", "ship"), *rows[:1], ("", "ship")), errorPolicy="SKIP_ROWS"
    )

    parts: list[Answer] = []
    after = None
    while not parts or parts[-1]["hasMore"]:
        parts.append(await page(office, made["id"], 2, after=after))
        after = parts[-1]["cursor"]

    assert [len(part["nodes"]) for part in parts] == [2, 2, 2]
    assert [row for part in parts for row in part["nodes"]] == made["report"]["nodes"]
    assert {row["row"] for row in made["report"]["nodes"]} == {2, 3, 4, 5, 6, 7}
    refused = await page(office, made["id"], 1, outcome="REFUSED")
    assert (refused["hasMore"], [row["row"] for row in refused["nodes"]]) == (False, [5])
    assert await page(office, made["id"], 5, outcome="REFUSED", after=refused["cursor"]) == {
        "nodes": [],
        "cursor": None,
        "hasMore": False,
    }
    bad = await office.ask(M1, REPORT, id=made["id"], first=1, after="nonsense")
    assert "cursor" in bad["errors"][0].message


async def test_the_report_as_a_file_is_in_file_order_and_calculates_nothing(office: Api):
    order = await office.sent(line("A-1"))
    columns = ("event", "order_reference", "carrier", "tracking_number")
    text = table(
        ("ship", "ZZZZ-ZZZZ", "=1+1", "@x"),
        ("ship", "", "DHL", "T1"),
        ("ship", order["reference"], "DHL, Ltd", '"T2"'),
        ("ship", "AAAA-AAAA", "-1", "+1"),
        columns=columns,
    )
    made = await imported(office, M1, text, errorPolicy="SKIP_ROWS", name="=cmd.csv")

    response = await downloaded(office, M1, made["reportUrl"])

    assert response.headers["content-type"].startswith("text/csv")
    rows = reported(response.text)
    assert [row["row"] for row in rows] == ["2", "3", "4", "5"]
    assert [row["outcome"] for row in rows] == ["refused", "invalid", "applied", "refused"]
    assert [row["carrier"] for row in rows] == ["'=1+1", "DHL", "DHL, Ltd", "'-1"]
    assert [row["tracking_number"] for row in rows] == ["'@x", "T1", '"T2"', "'+1"]
    assert rows[0]["message"] == "There is no such order."
    assert (rows[0]["code"], rows[0]["column"]) == ("NOT_FOUND", "order_reference")


async def test_only_so_many_reports_are_on_their_way_to_one_principal(office: Api):
    order = await office.sent(line("A-1"))
    made = await imported(office, M1, table((order["reference"], "ship")))
    reports = Reports(office.services, tokens_of(SETTINGS), asyncio.Event())
    request = Request(
        {
            "type": "http",
            "headers": [(b"authorization", f"Bearer {token(M1)}".encode())],
            "path_params": {"id": made["id"]},
            "state": {"request_id": "r"},
        }
    )
    waiting = [await reports.get(request) for _ in range(MOST_AT_ONCE)]

    with pytest.raises(BadRequest) as refused:
        await reports.get(request)

    assert refused.value.status == 429
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    for each in waiting:
        await each(request.scope, receive, send)
    assert b"".join(part.get("body", b"") for part in sent).count(b"applied") == len(waiting)
    await reports.get(request)  # there is room again


async def test_a_report_is_mended_and_sent_again_as_it_is(office: Api):
    order = await office.sent(line("A-1"), line("A-2"))
    reference = order["reference"]
    columns = ("order_reference", "sku", "event", "tracking_number", "reason")
    text = table((reference, "A-1", "ship", "=T1", ""), (reference, "A-2", "cancel", "", ""), columns=columns)
    made = await imported(office, M1, text, errorPolicy="SKIP_ROWS")
    report = (await downloaded(office, M1, made["reportUrl"])).text
    assert report.count(",cancel,,,invalid,") == 1  # the column that is to be filled stands there

    mended = report.replace(",cancel,,,", ",cancel,,sold out,")
    made = await imported(office, M1, mended, errorPolicy="SKIP_ROWS")

    assert outcomes(made) == {2: "ALREADY", 3: "APPLIED"}


# Workers that fail


async def test_rows_that_break_are_refused_and_hold_up_no_others(office: Api):
    broken, sound = await office.sent(line("A-1")), await office.sent(line("A-1"))
    id = decode_as("Order", broken["id"])
    wrong = {"$set": {"process": {"name": "gone", "version": 1}}}
    await office.services.orders.database.collection("orders").update_one({"_id": id}, wrong)
    rows = ((broken["reference"], "ship"), (sound["reference"], "ship"))

    made = await imported(office, M1, table(*rows), errorPolicy="SKIP_ROWS")

    assert outcomes(made) == {2: "REFUSED", 3: "APPLIED"}
    (row,) = (row for row in made["report"]["nodes"] if row["row"] == 2)
    assert row["code"] == "BUSY"


async def test_rows_that_were_written_and_not_noted_have_the_same_results_when_repeated(server_api: Api):
    order = await server_api.sent(line("A-1"))
    reference = order["reference"]
    rows = [(reference, {"event": event}) for event in ("ship", "ship", "deliver", "cancel")]
    made = await begun(server_api, *rows)
    chunk = await server_api.services.imports.chunk(made.id, 0)

    first = await results(server_api.services, made, chunk, asyncio.Semaphore(1))
    before = await stored(server_api)
    again = await results(server_api.services, made, chunk, asyncio.Semaphore(1))

    assert [row["outcome"] for row in first] == ["applied", "already", "applied", "refused"]
    assert again == first
    assert await stored(server_api) == before


async def test_rows_that_wrote_nothing_have_the_same_results_when_what_followed_them_was_written(
    server_api: Api,
):
    order = await server_api.sent(line("A-1"))
    too_early = [(order["reference"], {"event": "deliver"})] * (SLICE + 10)
    made = await begun(server_api, *too_early, (order["reference"], {"event": "ship"}))
    chunk = await server_api.services.imports.chunk(made.id, 0)

    first = await results(server_api.services, made, chunk, asyncio.Semaphore(1))
    again = await results(server_api.services, made, chunk, asyncio.Semaphore(1))

    assert [row["outcome"] for row in first] == ["refused"] * (SLICE + 10) + ["applied"]
    assert again == first
    assert (await events(server_api, order))[-1] == "ship"


@pytest.mark.parametrize("state", [ImportState.CHECKING, ImportState.APPLYING])
@pytest.mark.parametrize("more", [0, 50])
async def test_what_a_colleague_did_in_between_is_so_already(server_api: Api, state: ImportState, more: int):
    order = await server_api.sent(line("A-1"))
    rows = [(order["reference"], {"event": "ship"})] * (1 + more)
    made = replace(await begun(server_api, *rows), state=state)
    chunk = await server_api.services.imports.chunk(made.id, 0)
    before: list[str] = []

    async def colleague(collection: str, command: str) -> None:
        if (collection, command) == ("orders", "find_one") and not before:  # its history is read already
            before.append(command)
            theirs = by(await server_api.seen_by(M1, order))
            await server_api.done(M1, "shipLines", order=theirs)
            await server_api.done(M1, "deliverLines", order=theirs)

    orders = server_api.services.orders
    cut = replace(orders, database=stepped(orders.database, before=colleague))
    services = replace(server_api.services, orders=cut)
    found = await results(services, made, chunk, asyncio.Semaphore(1))

    assert before
    assert {row["outcome"] for row in found} == {"already"}


async def test_rows_that_were_written_are_not_refused_because_later_ones_fail(server_api: Api):
    order = await server_api.sent(*(line(f"A-{n}") for n in range(SLICE + 30)))
    lines = [each["line"] for each in pieces(*order["lines"])]
    made = await begun(server_api, *((order["reference"], {"event": "ship", "line_id": id}) for id in lines))
    chunk = await server_api.services.imports.chunk(made.id, 0)
    writes = 0

    async def break_(collection: str, command: str) -> None:
        nonlocal writes
        writes += (collection, command) == ("orders", "update_one")
        if writes > 1 and command == "update_one":
            raise RuntimeError("a bug")

    orders = server_api.services.orders
    broken = replace(orders, database=stepped(orders.database, before=break_))
    found = await results(replace(server_api.services, orders=broken), made, chunk, asyncio.Semaphore(1))

    assert [row["outcome"] for row in found] == ["applied"] * SLICE + ["refused"] * 30
    shipped = [each for each in states(await server_api.now(order)) if each[-1] == "shipped"]
    assert len(shipped) == SLICE


async def test_a_worker_that_has_lost_an_import_stops_applying_its_rows(server_api: Api):
    order = await server_api.sent(line("A-1"))
    await begun(server_api, (order["reference"], {"event": "ship"}))
    imports, holding, given_up = server_api.services.imports, asyncio.Event(), asyncio.Event()

    async def hold(collection: str, command: str) -> None:
        if (collection, command) == ("orders", "find_one"):
            holding.set()
            try:
                await asyncio.Event().wait()
            finally:
                given_up.set()

    orders = server_api.services.orders
    slow = replace(orders, database=stepped(orders.database, before=hold))
    async with working(replace(server_api.services, orders=slow)):
        await holding.wait()
        (seen,) = await ImportLeases(imports.database, imports.clock).running(1)
        assert await ImportLeases(imports.database, imports.clock).take(seen)
        async with asyncio.timeout(20):
            await given_up.wait()
    assert "ship" not in await events(server_api, order)


async def test_an_import_whose_worker_gives_no_sign_of_life_is_taken_over(server_api: Api):
    order = await server_api.sent(line("A-1"))
    made = await begun(server_api, (order["reference"], {"event": "ship"}))
    imports = server_api.services.imports
    dead = await ImportLeases(imports.database, imports.clock).take(made)
    assert dead is not None

    async with working(server_api.services, patience=0.0):
        found = await until(lambda found: not found.runs, server_api, made)

    assert (found.state, found.counts) == (ImportState.DONE, {"applied": 1})
    assert found.term > dead.term


async def test_a_worker_that_is_stopped_lets_another_go_on_at_once(server_api: Api):
    references = [(await server_api.sent(line("A-1")))["reference"] for _ in range(12)]
    made = await begun(server_api, *((reference, {"event": "ship"}) for reference in references))

    async with working(server_api.services):
        await until(lambda found: found.held, server_api, made)
    await until(lambda found: not found.held, server_api, made)

    async with working(server_api.services, patience=1_000.0):
        found = await until(lambda found: not found.runs, server_api, made)
    assert found.counts == {"applied": 12}
