"""What leases of commands promise: one caller at a time, nothing lost, given up and never forgotten."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.commands import MOST_DELIVERIES
from graph.auth import Principal, utc_now
from graph.context import Context, new_request_id
from graph.lifespan import services_of
from graph.requests import Operation
from graph.schema import schema
from graph.settings import Settings
from graph.standing import Standing
from graph.streams import results, until
from storage.asks import adopt
from storage.client import Document
from storage.leasing import Leasing
from storage.orders import Orders
from storage.waiting import waiting
from tests.acting import ADMIN, ANNA, CARRIER, ERRORS, M1, M2, PAYMENTS, Answer, Api, by, kinds, line
from tests.feeding import stepped
from tests.store_keeping import commands, invoiced, money, now, paid, part, placed, reference, stands
from tests.stores import Store
from tests.test_events import following

EXTERNAL = {"payment_provider": "external"}
COMMAND = """command {
  id kind status attempt idempotencyKey deliveries leasedUntil nextAt answer bookedAttempt doneAgain
} order { reference }"""
LEASE = f"""mutation ($input: LeaseCommandsInput!) {{ leaseCommands(input: $input) {{
  commands {{ {COMMAND} }} {ERRORS} }} }}"""
LISTED = f"""query ($status: CommandStatus!) {{ payments {{ commands(status: $status) {{ {COMMAND} }} }} }}"""
LISTEN = f"""subscription ($kinds: [CommandKind!], $seconds: Int! = 60) {{
  commands(kinds: $kinds, seconds: $seconds) {{ {COMMAND} }} }}"""
MONEY = {"amount": {"amount": "20.00", "currency": "EUR"}, "captured": True}


@pytest.fixture
async def till(mock_store: Store) -> Api:
    """The API on a database in memory, whose clock the test sets."""
    settings = Settings(jwt_secret="x" * 32, environment="development")
    made = Api(services_of(mock_store.database, settings))
    for merchant in ("m1", "m2"):
        await made.services.merchants.register(merchant, f"Merchant {merchant}")
    return made


async def lease(api: Api, who: Principal = PAYMENTS, **sent: Any) -> list[Answer]:
    """Take what is due; returns the commands."""
    answer = await api.ask(who, LEASE, input=sent)
    assert answer["errors"] is None, answer["errors"]
    assert answer["data"]["leaseCommands"]["errors"] == []
    return [each["command"] for each in answer["data"]["leaseCommands"]["commands"]]


async def listed(api: Api, status: str = "PENDING") -> list[Answer]:
    """The commands that stand there."""
    answer = await api.ask(PAYMENTS, LISTED, status=status)
    assert answer["errors"] is None, answer["errors"]
    return [each["command"] for each in answer["data"]["payments"]["commands"]]


async def later(api: Api, seconds: float) -> None:
    """Let so many seconds pass."""
    await api.services.clock.advance(timedelta(seconds=seconds))


async def answered(
    api: Api, order: Answer, result: str, who: Principal = PAYMENTS, **more: Any
) -> tuple[list[str], Answer]:
    """Acknowledge the order's last command; returns the types of the errors, and the order then."""
    sent = {"command": order["payment"]["commands"][-1]["id"], "result": result, **more}
    payload = await api.do(who, "acknowledgeCommand", order={"reference": whole(order)}, **sent)
    return kinds(payload), await now(api, order)


async def retried(api: Api, order: Answer) -> Answer:
    """Ask for the order's last command once more; returns the order then."""
    await api.done(ADMIN, "retryCommand", order=by(order), command=order["payment"]["commands"][-1]["id"])
    return await now(api, order)


def whole(order: Answer) -> str:
    """The reference of the order as a whole."""
    return part(order)["reference"].rpartition("-")[0]


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def to_capture(api: Api, *lines: Answer) -> Answer:
    """An order that waits for the capture of 20.00; other merchants' lines may be in it."""
    return await invoiced(api, *lines, policies=EXTERNAL)


async def to_void(api: Api) -> Answer:
    """An order that waits until 20.00 are let go of."""
    order = await paid(api, policies=EXTERNAL)
    await api.done(M1, "cancel", order=reference(order), reason="sold out")
    return await now(api, order)


async def to_refund(api: Api) -> Answer:
    """An order that waits until 20.00 are paid back."""
    order = await placed(api, policies=EXTERNAL)
    await api.done(ADMIN, "recordPayment", order=by(order), reference="bank-1", **MONEY)
    await api.done(M1, "cancel", order=reference(order), reason="sold out")
    return await now(api, order)


async def given_up(api: Api, order: Answer) -> Answer:
    """Lease an order's command, and leave it unanswered, until it is given up."""
    for _ in range(8):
        assert len(await lease(api, seconds=1)) == 1
        await later(api, 3601)
    assert await lease(api) == []
    return await now(api, order)


# Leases


async def test_what_is_leased_is_nobody_elses_until_the_lease_runs_out_and_its_pause_is_over(till: Api):
    await to_capture(till)
    begin = await till.services.clock.now()
    [first] = await lease(till, seconds=30)
    assert (first["deliveries"], first["attempt"]) == (1, 1)
    assert time(first["leasedUntil"]) - begin >= timedelta(seconds=30)
    assert time(first["nextAt"]) - time(first["leasedUntil"]) == timedelta(seconds=5)
    await later(till, 33)
    assert await lease(till) == []
    await later(till, 3)
    [again] = await lease(till)
    assert (again["deliveries"], again["idempotencyKey"]) == (2, first["idempotencyKey"])


async def test_the_pause_doubles_from_five_seconds_to_an_hour(till: Api):
    await to_capture(till)
    pauses: list[float] = []
    for _ in range(8):
        [each] = await lease(till, seconds=1)
        pauses.append((time(each["nextAt"]) - time(each["leasedUntil"])).total_seconds())
        await later(till, 3601)
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640]


async def test_the_oldest_due_comes_first_and_no_more_than_asked_for(till: Api):
    orders: list[Answer] = []
    for _ in range(3):
        orders.append(await to_capture(till))
        await later(till, 1)
    ids = [order["payment"]["commands"][0]["id"] for order in orders]
    assert [each["id"] for each in await lease(till, first=2, seconds=1)] == ids[:2]
    await later(till, 10)
    assert [each["id"] for each in await lease(till)] == [ids[2], *ids[:2]]


async def test_only_the_kinds_asked_for_are_given_out(till: Api):
    await to_capture(till)
    await to_void(till)
    await to_refund(till)
    assert [each["kind"] for each in await lease(till, kinds=["REFUND"])] == ["REFUND"]
    assert [each["kind"] for each in await lease(till, kinds=["REFUND"])] == []
    assert {each["kind"] for each in await lease(till, kinds=["VOID", "CAPTURE"])} == {"VOID", "CAPTURE"}


async def test_a_lease_is_no_change_of_the_order(till: Api):
    order = await to_capture(till)
    history = await till.history(order)
    await lease(till)
    assert (await now(till, order))["version"] == order["version"]
    assert await till.history(order) == history


async def test_what_is_answered_is_not_given_out_again(till: Api):
    order = await to_capture(till)
    await lease(till, seconds=1)
    assert (await answered(till, order, "DONE"))[0] == []
    await later(till, 3600)
    assert await lease(till) == []
    assert "next_command" not in await stored(till)


async def test_whoever_leased_it_or_not_what_is_done_is_booked(till: Api):
    order = await to_capture(till)
    await lease(till, seconds=1)
    await later(till, 60)
    await lease(till, replace(PAYMENTS, sub="another"))
    _, order = await answered(till, order, "DONE")
    assert stands(order) == ["invoiced", "invoiced"]


@pytest.mark.parametrize(
    ("field", "value"), [("first", 0), ("first", 101), ("seconds", 0), ("seconds", 3601), ("kinds", [])]
)
async def test_what_cannot_be_asked_for_is_said_and_nothing_is_given_out(till: Api, field: str, value: Any):
    await to_capture(till)
    payload = (await till.ask(PAYMENTS, LEASE, input={field: value}))["data"]["leaseCommands"]
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], [field])
    assert len(await lease(till)) == 1


@pytest.mark.parametrize("who", [ADMIN, M1, ANNA, CARRIER], ids=lambda who: who.role.name)
async def test_only_payment_systems_take_commands(till: Api, who: Principal):
    answer = await till.ask(who, LEASE, input={})
    assert answer["errors"][0].extensions["code"] == "FORBIDDEN"
    context = Context(services=till.services, request_id=new_request_id(), principal=who)
    async with aclosing(results(schema, Operation(LISTEN, {}, None), context)) as stream:
        [error] = (await anext(stream)).errors or []
    assert error.extensions == {"code": "FORBIDDEN"}


# At the same time


async def test_of_many_callers_at_once_each_command_goes_to_exactly_one(server_api: Api):
    ids = {(await to_capture(server_api))["payment"]["commands"][0]["id"] for _ in range(6)}
    callers = [replace(PAYMENTS, sub=f"psp-{n}") for n in range(4)]
    taken = await asyncio.gather(*(lease(server_api, who, first=2) for who in callers for _ in range(2)))
    given = [each["id"] for batch in taken for each in batch]
    assert len(given) == len(set(given))
    given += [each["id"] for each in await lease(server_api)]
    assert sorted(given) == sorted(ids)


async def stored(api: Api) -> Document:
    """The document of the only order."""
    [found] = await api.services.orders.database.collection("orders").find({}).to_list()
    return found


def interrupted(api: Api, *, before: Any) -> Api:
    """The API of somebody whose next change of an order is overtaken: `before` runs before it is written."""
    done: list[bool] = []

    async def step(collection: str, command: str) -> None:
        if (collection, command) == ("orders", "update_one") and not done:
            done.append(True)
            await before()

    orders = api.services.orders
    through = Orders(stepped(orders.database, before=step), orders.clock, orders.wake)
    return Api(replace(api.services, orders=through))


async def test_a_change_in_flight_does_not_undo_a_lease(till: Api):
    order = await to_capture(till, line("A", quantity=2), line("B", "m2"))

    async def take() -> None:
        assert len(await lease(till)) == 1

    await interrupted(till, before=take).done(M2, "startHandling", order=reference(order, "m2"))
    assert await lease(till) == []
    [each] = await listed(till)
    assert each["deliveries"] == 1
    await later(till, 65)
    assert len(await lease(till)) == 1


async def test_a_change_in_flight_does_not_put_off_what_a_lease_given_back_made_due(till: Api):
    order = await to_capture(till, line("A", quantity=2), line("B", "m2"))
    await lease(till, seconds=3600)

    async def give_back() -> None:
        assert (await answered(till, order, "UNKNOWN"))[0] == []

    await interrupted(till, before=give_back).done(M2, "startHandling", order=reference(order, "m2"))
    await later(till, 5)
    assert len(await lease(till)) == 1


async def test_a_lease_in_flight_does_not_put_off_what_is_asked_for_meanwhile(till: Api):
    order = await to_capture(till, line("A", quantity=2), line("B", "m2"))

    async def cancel() -> None:
        await till.done(M2, "cancel", order=reference(order, "m2"), reason="sold out")

    taken = [*await lease(interrupted(till, before=cancel)), *await lease(till)]
    assert sorted(each["kind"] for each in taken) == ["CAPTURE", "VOID"]


async def test_a_lease_in_flight_does_not_give_out_what_is_answered_meanwhile(till: Api):
    order = await to_capture(till)

    async def answer() -> None:
        assert (await answered(till, order, "DONE"))[0] == []

    assert await lease(interrupted(till, before=answer)) == []
    assert "next_command" not in await stored(till)


async def test_an_order_that_is_looked_at_too_early_is_put_right_and_looked_at_in_time(till: Api):
    await to_capture(till)
    await lease(till)
    orders = till.services.orders.database.collection("orders")
    await orders.update_one({}, {"$set": {"next_command": datetime(2020, 1, 1)}})  # noqa: DTZ001 - as stored
    assert await lease(till) == []
    assert (await stored(till))["next_command"] == next(iter((await stored(till))["asks"].values()))[
        "next_at"
    ]
    await later(till, 65)
    assert len(await lease(till)) == 1


async def test_commands_asked_for_before_there_were_leases_are_given_out(till: Api):
    order = await to_capture(till)
    orders = till.services.orders.database.collection("orders")
    await orders.update_one({}, {"$unset": {"asks": "", "next_command": ""}})
    await adopt(orders)
    [each] = await lease(till)
    assert (each["id"], each["deliveries"]) == (order["payment"]["commands"][0]["id"], 1)
    assert await lease(till) == []


async def test_a_first_lease_of_what_was_asked_for_before_survives_a_change_in_flight(till: Api):
    order = await to_capture(till, line("A", quantity=2), line("B", "m2"))
    orders = till.services.orders.database.collection("orders")
    await orders.update_one({}, {"$unset": {"asks": ""}})

    async def take() -> None:
        assert len(await lease(till)) == 1

    await interrupted(till, before=take).done(M2, "startHandling", order=reference(order, "m2"))
    assert await lease(till) == []


# Nobody knows


async def test_an_unknown_result_ends_the_lease_and_it_is_due_again_with_the_same_key(till: Api):
    order = await to_capture(till)
    [first] = await lease(till, seconds=3600)
    history = await till.history(order)
    errors, after = await answered(till, order, "UNKNOWN", answer="the bank timed out")
    assert (errors, after["version"], await till.history(order)) == ([], order["version"], history)
    [waits] = await listed(till)
    assert (waits["answer"], waits["leasedUntil"]) == ("the bank timed out", None)
    await later(till, 4)
    assert await lease(till) == []
    await later(till, 1)
    [again] = await lease(till)
    assert (again["deliveries"], again["idempotencyKey"]) == (2, first["idempotencyKey"])


async def test_an_unknown_result_ends_nobody_elses_lease(till: Api):
    order = await to_capture(till)
    await lease(till, replace(PAYMENTS, sub="another"), seconds=60)
    assert (await answered(till, order, "UNKNOWN"))[0] == []
    await later(till, 30)
    assert await lease(till) == []


async def test_an_unknown_result_of_what_is_settled_changes_nothing(till: Api):
    order = await to_capture(till)
    for result in ("REFUSED", "DONE"):
        _, order = await answered(till, order, result)
        assert (await answered(till, order, "UNKNOWN")) == ([], order)


# Given up


async def test_after_eight_leases_without_an_answer_it_is_given_up_and_shown(till: Api):
    order = await given_up(till, await to_capture(till))
    assert commands(order) == [("CAPTURE", "DEAD", 2000)]
    [dead] = await listed(till, "DEAD")
    assert (dead["id"], dead["nextAt"]) == (order["payment"]["commands"][0]["id"], None)
    last = (await till.history(order))[-1]
    assert (last["event"], last["role"]) == ("capture_dead", "SYSTEM")
    query = "{ marketplace { orders(first: 9, where: {problem: COMMAND}) { nodes { id } } } }"
    found = (await till.ask(ADMIN, query))["data"]["marketplace"]["orders"]["nodes"]
    assert [each["id"] for each in found] == [order["id"]]
    counted = await waiting(till.services.orders.database, till.services.clock)
    assert (counted["commands"], counted["dead_commands"]) == (0, 1)


async def test_it_is_given_up_also_where_nobody_asks_for_commands_any_more(till: Api):
    order = await to_capture(till)
    leasing = Leasing(till.services.orders)
    for _ in range(MOST_DELIVERIES):
        await leasing.give_up()
        assert len(await lease(till)) == 1
        await later(till, 2 * 3600)
    assert commands(await now(till, order)) == [("CAPTURE", "PENDING", 2000)]
    await leasing.give_up()
    assert commands(await now(till, order)) == [("CAPTURE", "DEAD", 2000)]


async def test_what_is_due_for_the_first_time_is_never_given_up_for_others(till: Api):
    order = await to_capture(till)
    await later(till, 30 * 24 * 3600)
    await Leasing(till.services.orders).give_up()
    assert commands(await now(till, order)) == [("CAPTURE", "PENDING", 2000)]


async def test_that_it_was_given_up_is_in_the_feed(till: Api):
    await given_up(till, await to_capture(till))
    await till.services.relay.drain()
    for who in (ADMIN, PAYMENTS):
        page = (await till.ask(who, "{ events(first: 1) { nodes { event } } }"))["data"]["events"]
        assert [each["event"] for each in page["nodes"]] == ["capture_dead"]


async def test_what_was_reserved_for_a_refund_that_was_given_up_stays_so(till: Api):
    order = await given_up(till, await to_refund(till))
    assert commands(order) == [("REFUND", "DEAD", 2000)]
    assert money(order) == {"approved": 2000, "captured": 2000, "reserved": 2000}


async def test_the_answer_to_what_was_given_up_may_still_come(till: Api):
    order = await given_up(till, await to_refund(till))
    _, order = await answered(till, order, "DONE")
    assert stands(order) == ["canceled", "canceled"]
    assert money(order) == {"approved": 2000, "captured": 2000, "refunded": 2000}


async def test_what_was_given_up_and_then_refused_is_released(till: Api):
    order = await given_up(till, await to_refund(till))
    _, order = await answered(till, order, "REFUSED")
    assert commands(order) == [("REFUND", "REFUSED", 2000)]
    assert money(order) == {"approved": 2000, "captured": 2000}


async def test_what_was_refused_and_proves_done_is_booked(till: Api):
    for order in (await to_refund(till), await to_void(till)):
        for result in ("REFUSED", "DONE"):
            _, order = await answered(till, order, result, attempt=1)
        assert stands(order) == ["canceled", "canceled"]
        assert money(order).get("refunded", 0) == money(order).get("captured", 0)
        assert money(order).get("approved", 0) == money(order).get("captured", 0)


async def test_what_was_given_up_is_asked_for_again_with_the_same_key(till: Api):
    order = await given_up(till, await to_refund(till))
    key = (await listed(till, "DEAD"))[0]["idempotencyKey"]
    order = await retried(till, order)
    assert money(order) == {"approved": 2000, "captured": 2000, "reserved": 2000}
    [each] = await lease(till)
    assert (each["idempotencyKey"], each["attempt"], each["deliveries"]) == (key, 1, 1)
    _, order = await answered(till, order, "DONE", attempt=1)
    assert money(order) == {"approved": 2000, "captured": 2000, "refunded": 2000}


async def test_what_was_refused_is_asked_for_again_with_a_new_key_at_once(till: Api):
    order = await to_capture(till)
    [first] = await lease(till, seconds=3600)
    _, order = await answered(till, order, "REFUSED")
    await retried(till, order)
    [again] = await lease(till)
    assert (again["attempt"], again["deliveries"]) == (2, 1)
    assert again["idempotencyKey"] != first["idempotencyKey"]


async def test_what_the_provider_said_last_is_kept_when_it_is_given_up(till: Api):
    order = await to_capture(till)
    for _ in range(8):
        await lease(till)
        await answered(till, order, "UNKNOWN", answer="the bank timed out")
        await later(till, 3600)
    assert await lease(till) == []
    assert [each["answer"] for each in await listed(till, "DEAD")] == ["the bank timed out"]


async def test_a_person_who_asks_again_just_then_is_not_overruled(till: Api):
    order = await to_capture(till)
    for _ in range(8):
        await lease(till, seconds=1)
        await later(till, 3601)

    async def meanwhile() -> None:
        assert await lease(till) == []
        await retried(till, await now(till, order))

    await lease(interrupted(till, before=meanwhile))
    assert commands(await now(till, order)) == [("CAPTURE", "PENDING", 2000)]


# Two attempts


async def confirmed(api: Api, order: Answer) -> None:
    """Somebody says of all that the order waits for that it was done."""
    await api.done(PAYMENTS, "confirmCancellation", order={"reference": whole(order)})


async def twice(api: Api, order: Answer) -> Answer:
    """A command whose first attempt was refused and then done after all, while the second was on its way."""
    _, order = await answered(api, order, "REFUSED", attempt=1)
    order = await retried(api, order)
    assert (await answered(api, order, "DONE", attempt=1))[0] == []
    return await now(api, order)


async def test_an_earlier_attempt_that_was_done_after_all_is_booked_and_ends_the_command(till: Api):
    order = await twice(till, await to_refund(till))
    assert (commands(order), money(order)["refunded"]) == ([("REFUND", "DONE", 2000)], 2000)
    assert await lease(till) == []
    assert await answered(till, order, "REFUSED", attempt=2) == ([], order)


async def test_money_that_moved_twice_is_refused_noted_and_shown_until_it_is_taken_back(till: Api):
    order = await twice(till, await to_refund(till))
    query = "{ marketplace { orders(first: 9, where: {problem: COMMAND}) { nodes { id } } } }"
    version = order["version"]
    for _ in range(2):
        errors, order = await answered(till, order, "DONE", attempt=2)
        assert (errors, money(order)["refunded"]) == (["GuardFailed"], 2000)
    assert [each["event"] for each in await till.history(order)][-1] == "refund_done_again"
    assert order["version"] == version + 1
    assert [(each["bookedAttempt"], each["doneAgain"]) for each in await listed(till, "DONE")] == [(1, [2])]
    assert len((await till.ask(ADMIN, query))["data"]["marketplace"]["orders"]["nodes"]) == 1
    assert (await answered(till, order, "REFUSED", attempt=2))[0] == []
    assert [each["event"] for each in await till.history(order)][-1] == "refund_taken_back"
    assert [each["doneAgain"] for each in await listed(till, "DONE")] == [[]]
    assert (await till.ask(ADMIN, query))["data"]["marketplace"]["orders"]["nodes"] == []


async def test_the_attempt_that_is_booked_can_neither_be_refused_nor_counts_twice(till: Api):
    order = await twice(till, await to_refund(till))
    assert (await answered(till, order, "DONE", attempt=1)) == ([], order)
    assert (await answered(till, order, "REFUSED", attempt=1)) == (["GuardFailed"], order)


async def test_what_somebody_confirmed_was_done_by_the_first_attempt_that_proves_so(till: Api):
    _, order = await answered(till, await to_refund(till), "REFUSED", attempt=1)
    order = await retried(till, order)
    await confirmed(till, order)
    assert (await answered(till, order, "DONE", attempt=1))[0] == []
    assert (await answered(till, order, "DONE", attempt=1))[0] == []
    errors, order = await answered(till, order, "DONE", attempt=2)
    assert (errors, money(order)["refunded"]) == (["GuardFailed"], 2000)
    assert [each["doneAgain"] for each in await listed(till, "DONE")] == [[2]]


async def test_what_was_asked_for_once_and_confirmed_is_done_already(till: Api):
    order = await to_refund(till)
    await confirmed(till, order)
    order = await now(till, order)
    assert await answered(till, order, "DONE", attempt=1) == ([], order)


# The subscription


class Worker:
    """Somebody who subscribes to commands."""

    def __init__(self, stream: AsyncGenerator[Any, None]) -> None:
        self._stream = stream

    async def next(self) -> Answer:
        """The next command that it is sent."""
        async with asyncio.timeout(20):
            came = await anext(self._stream)
        assert not came.errors, came.errors
        return came.data["commands"]["command"]


@asynccontextmanager
async def working(api: Api, sub: str = "psp", **variables: Any) -> AsyncGenerator[Worker]:
    who = replace(PAYMENTS, sub=sub)
    context = Context(services=api.services, request_id=new_request_id(), principal=who)
    async with aclosing(results(schema, Operation(LISTEN, variables, None), context)) as stream:
        yield Worker(stream)


async def test_a_subscriber_is_sent_what_is_due_and_what_becomes_due(till: Api):
    first = await to_capture(till)
    async with following(till.services), working(till, seconds=30) as worker:
        sent = await worker.next()
        assert (sent["id"], sent["deliveries"]) == (first["payment"]["commands"][0]["id"], 1)
        coming = asyncio.create_task(worker.next())
        second = await to_void(till)
        assert (await coming)["id"] == second["payment"]["commands"][0]["id"]
        assert await lease(till) == []


async def test_subscribers_share_the_work(till: Api):
    given: list[str] = []

    async def work(worker: Worker) -> None:
        while True:
            given.append((await worker.next())["id"])

    async with following(till.services), working(till, "one") as one, working(till, "two") as two:
        tasks = [asyncio.create_task(work(each)) for each in (one, two)]
        ids = [(await to_capture(till))["payment"]["commands"][0]["id"] for _ in range(5)]
        while len(given) < len(ids):  # noqa: ASYNC110 - what comes through a stream sets no event
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(given) == sorted(ids)


async def test_what_a_subscriber_that_died_was_sent_is_sent_to_another(till: Api):
    await to_capture(till)
    async with following(till.services):
        async with working(till, "one", seconds=60) as one:
            first = await one.next()
        async with working(till, "two") as two:
            coming = asyncio.create_task(two.next())
            await later(till, 66)
            again = await coming
    assert (again["idempotencyKey"], again["deliveries"]) == (first["idempotencyKey"], 2)


async def test_a_subscriber_holds_ten_at_most_until_it_answers(till: Api):
    waiting = {(order := await to_capture(till))["payment"]["commands"][0]["id"]: order for _ in range(12)}
    async with following(till.services), working(till, seconds=60) as worker:
        for _ in range(9):
            await worker.next()
        tenth = await worker.next()
        coming = asyncio.create_task(worker.next())
        assert (await answered(till, waiting[tenth["id"]], "DONE"))[0] == []
        await coming
        assert [each["deliveries"] for each in await listed(till)].count(0) == 1


async def test_what_a_subscriber_did_not_answer_in_time_it_no_longer_holds(till: Api):
    for _ in range(11):
        await to_capture(till)
    async with following(till.services), working(till, seconds=1) as worker:
        first = [(await worker.next())["id"] for _ in range(10)]
        coming = asyncio.create_task(worker.next())
        await later(till, 2)
        assert (await coming)["id"] not in first


async def test_a_subscriber_is_sent_only_the_kinds_it_asked_for(till: Api):
    await to_capture(till)
    await to_refund(till)
    async with following(till.services), working(till, kinds=["REFUND"]) as worker:
        assert (await worker.next())["kind"] == "REFUND"
    assert [each["kind"] for each in await lease(till)] == ["CAPTURE"]


@pytest.mark.parametrize("variables", [{"seconds": 0}, {"seconds": 3601}, {"kinds": []}])
async def test_a_subscription_that_cannot_be_says_so(till: Api, variables: Answer):
    context = Context(services=till.services, request_id=new_request_id(), principal=PAYMENTS)
    async with aclosing(results(schema, Operation(LISTEN, variables, None), context)) as stream:
        [error] = (await anext(stream)).errors or []
    assert error.extensions == {"code": "BAD_USER_INPUT"}


async def test_a_subscription_ends_with_the_server(till: Api):
    context = Context(services=till.services, request_id=new_request_id(), principal=PAYMENTS)
    async with (
        following(till.services),
        asyncio.timeout(20),
        aclosing(results(schema, Operation(LISTEN, {}, None), context)) as stream,
    ):
        await to_capture(till)
        await anext(stream)
        till.services.hub.close()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


@pytest.mark.parametrize("ending", ["expired", "revoked"])
async def test_a_subscription_whose_token_is_no_longer_good_ends_and_leases_nothing_more(
    till: Api, ending: str
):
    await to_capture(till)
    left = timedelta(seconds=0.3 if ending == "expired" else 3600)
    who = replace(PAYMENTS, expires_at=utc_now() + left)
    context = Context(services=till.services, request_id=new_request_id(), principal=who)
    revocations = till.services.revocations
    stream = until(Standing(revocations), context, results(schema, Operation(LISTEN, {}, None), context))
    came: list[Any] = []
    async with following(till.services), asyncio.timeout(20), aclosing(stream):
        async for each in stream:
            came.append(each)
            if ending == "revoked" and not each.errors:
                await revocations.revoke("subject", who.sub, now=utc_now(), by="admin", reason=None)
        [error] = came[-1].errors
        assert error.extensions == {"code": "UNAUTHENTICATED"}
        second = await to_void(till)
        assert second["payment"]["commands"][0]["id"] in [each["id"] for each in await lease(till)]
