"""From refusals and failures to the errors of a payload: each has its type and can be given again."""

from dataclasses import replace

import pytest

from domain.actors import Actor, Party, Role
from domain.outcome import Intent
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from domain.refusal import Refusal, RefusalCode
from graph.answers import errors_of
from graph.errors import CONCRETE, OrderError, TransitionNotAllowed, restored, stored
from graph.mutations.why_not import FAILURES, from_failure, from_refusal
from storage import errors
from storage.client import DatabaseUnavailable, OutcomeUnknown, TooLarge, connect
from tests.acting import ADMIN, Api, kinds
from tests.builders import order, placed

RAISED = [
    (errors.OrderNotFound("o1"), "NotFound", ["order"]),
    (errors.VersionConflict(3, 4), "VersionConflict", ["expectedVersion"]),
    (errors.IdempotencyConflict("k1"), "IdempotencyConflict", ["idempotencyKey"]),
    (errors.ExternalReferenceTaken("web-1"), "InvalidInput", ["externalReference"]),
    (errors.TooBusy("o1"), "Busy", []),
    (TooLarge("17 MB"), "InvalidInput", []),
    (OutcomeUnknown("connection to 10.0.0.7 lost"), "Busy", []),
    (DatabaseUnavailable("no server at 10.0.0.7"), "Busy", []),
]


@pytest.mark.parametrize(("failure", "kind", "path"), RAISED)
def test_what_storage_raises_is_an_error_of_its_own_type(failure: Exception, kind: str, path: list[str]):
    error = from_failure(failure)
    assert (type(error).__name__, error.path) == (kind, path)
    assert "10.0.0.7" not in error.message


def test_every_failure_that_is_caught_has_a_type():
    assert {type(failure) for failure, _, _ in RAISED} == {*FAILURES, OutcomeUnknown}


def test_a_bug_stays_a_bug():
    with pytest.raises(KeyError):
        from_failure(KeyError("x"))


REFUSED = {
    RefusalCode.TRANSITION_NOT_ALLOWED: "TransitionNotAllowed",
    RefusalCode.NOT_FOUND: "TransitionNotAllowed",
    RefusalCode.GUARD_FAILED: "GuardFailed",
    RefusalCode.NOT_DUE: "GuardFailed",
    RefusalCode.OUT_OF_STEP: "OutOfStep",
    RefusalCode.INPUT_MISSING: "InputMissing",
    RefusalCode.INPUT_INVALID: "InvalidInput",
}


@pytest.mark.parametrize(("code", "kind"), REFUSED.items())
def test_every_refusal_is_an_error_that_can_be_kept_and_given_again(code: RefusalCode, kind: str):
    line = placed(order()).line()
    intent = Intent("ship", line.id, Party.MARKETPLACE, Actor("admin", Role.MARKETPLACE))
    error = from_refusal(
        MARKETPLACE_MERCHANT, line, intent, Refusal(code, "No.", "rule", "new", "ship"), ("lines", "0")
    )
    assert type(error).__name__ == kind
    assert error.path[:2] == ["lines", "0"]
    assert restored(stored(error)) == error


def test_every_refusal_code_has_a_type():
    assert set(REFUSED) == set(RefusalCode)


def test_every_type_of_error_has_a_code_of_its_own():
    def code(kind: type[OrderError]) -> str:
        return kind.__dataclass_fields__["code"].default.name.replace("_", "").lower()

    assert [code(kind) for kind in CONCRETE] == [kind.__name__.lower() for kind in CONCRETE]


@pytest.mark.parametrize(
    ("role", "reads"),
    [(Role.MARKETPLACE, True), (Role.PAYMENTS, True), (Role.MERCHANT, False), (Role.CUSTOMER, False)],
)
def test_only_those_who_read_the_marketplaces_states_are_told_its_state(role: Role, reads: bool):
    line = placed(order()).line()
    intent = Intent("close", line.id, Party.MARKETPLACE, Actor("x", role))
    refusal = Refusal(RefusalCode.TRANSITION_NOT_ALLOWED, "No.", "state", "new", "close")
    error = from_refusal(MARKETPLACE_MERCHANT, line, intent, refusal, ("lines", "0"))
    assert isinstance(error, TransitionNotAllowed)
    assert error.state == ("new" if reads else None)


async def test_without_a_database_a_mutation_says_so_and_may_be_sent_again(api: Api):
    gone = connect("mongodb://127.0.0.1:1", "orderflow_test", server_selection_seconds=0.1)
    orders = replace(api.services.orders, database=gone)
    away = Api(replace(api.services, orders=orders))
    payload = await away.do(ADMIN, "cancel", order={"reference": "K7QW-2M9X"})
    assert (kinds(payload), payload["order"]) == (["Busy"], None)
    await gone.close()


async def test_without_a_database_a_query_says_so_and_names_no_host(api: Api):
    gone = connect("mongodb://127.0.0.1:1", "orderflow_test", server_selection_seconds=0.1)
    away = Api(replace(api.services, orders=replace(api.services.orders, database=gone)))
    answer = await away.ask(ADMIN, "{ marketplace { orders(first: 1) { nodes { reference } } } }")
    [shown] = errors_of(answer["errors"], "request-1")
    assert shown["extensions"] == {"code": "UNAVAILABLE", "requestId": "request-1"}
    assert "127.0.0.1" not in shown["message"]
    await gone.close()
