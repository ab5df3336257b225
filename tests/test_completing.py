"""What completing an order promises: all that it needs or nothing, and then only what is new is refused."""

import pytest

from graph.auth import Principal
from tests import store_orders as to
from tests.acting import ADMIN, ANNA, BEN, M1, PAYMENTS, Answer, Api, kinds, line
from tests.store_orders import HOME, kept, named, stands

DATA: Answer = {"deliverTo": HOME, "paymentMethod": "card"}
STORES = ("marketplace-seller", "complete", "chain")


@pytest.mark.parametrize("who", [ANNA, ADMIN], ids=lambda who: who.sub)
@pytest.mark.parametrize("process", STORES)
async def test_an_order_that_gets_what_it_lacks_waits_for_its_payment(api: Api, who: Principal, process: str):
    order = await to.incomplete(api, process=process)
    payload = await api.done(who, "completeOrder", order=named(order), **DATA)
    assert to.ids(payload["moved"]) == to.ids(order["lines"])
    assert (await stands(api, order))["marketplace"] == "payment-pending"
    found = await kept(api, order)
    assert found.deliver_to
    assert (found.deliver_to.recipient, found.deliver_to.country) == ("Anna Berg", "DE")
    assert found.payment_method == "card"


async def test_all_its_merchant_orders_are_complete_at_once(api: Api):
    lines = (line("A-1", "m1"), line("B-1", "m2"))
    order = await to.unpaid(api, *lines, deliverTo=None)
    payload = await api.done(ANNA, "completeOrder", order=named(order), deliverTo=HOME)
    assert to.ids(payload["moved"]) == to.ids(order["lines"])
    for merchant in ("m1", "m2"):
        assert (await stands(api, order, merchant))["marketplace"] == "payment-pending"


@pytest.mark.parametrize(
    ("given", "path", "lacks"),
    [
        ({}, [], "where it is delivered and how it is paid"),
        ({"deliverTo": HOME}, ["paymentMethod"], "how it is paid"),
        ({"paymentMethod": "card"}, ["deliverTo"], "where it is delivered"),
    ],
    ids=["both", "payment method", "address"],
)
async def test_what_is_still_missing_is_named_and_nothing_is_kept(
    api: Api, given: Answer, path: list[str], lacks: str
):
    order = await to.incomplete(api)
    payload = await api.do(ANNA, "completeOrder", order=named(order), **given)
    [error] = payload["errors"]
    assert (error["__typename"], error["path"]) == ("InputMissing", path)
    assert error["message"] == f"The order still lacks {lacks}."
    found = await kept(api, order)
    assert (found.deliver_to, found.payment_method, found.version) == (None, None, 1)


async def test_what_is_known_may_be_left_out_or_corrected(api: Api):
    changes: list[Answer] = [{}, {"paymentMethod": "invoice"}]
    for more in changes:
        order = await to.unpaid(api, deliverTo=None)
        await api.done(ANNA, "completeOrder", order=named(order), deliverTo=HOME, **more)
        assert (await kept(api, order)).payment_method == more.get("paymentMethod", "card")


async def test_the_same_again_is_a_success_that_changes_nothing(api: Api):
    order = await to.incomplete(api)
    first = await api.done(ANNA, "completeOrder", order=named(order), **DATA)
    repeated: list[tuple[Principal, Answer]] = [
        (ANNA, DATA),
        (ADMIN, DATA),
        (ANNA, {}),
        (ANNA, {"deliverTo": HOME}),
    ]
    for who, again in repeated:
        payload = await api.done(who, "completeOrder", order=named(order), **again)
        assert payload["order"]["version"] == first["order"]["version"]
        assert to.ids(payload["skipped"]) == to.ids(order["lines"])


@pytest.mark.parametrize(
    ("other", "path"),
    [({"deliverTo": {**HOME, "city": "Bonn"}}, "deliverTo"), ({"paymentMethod": "cash"}, "paymentMethod")],
    ids=["address", "payment method"],
)
async def test_other_data_than_a_complete_order_has_are_refused(api: Api, other: Answer, path: str):
    order = await to.unpaid(api)
    payload = await api.do(ANNA, "completeOrder", order=named(order), **{**DATA, **other})
    [error] = payload["errors"]
    assert (error["__typename"], error["path"]) == ("GuardFailed", [path])
    assert (await api.now(order))["version"] == order["version"]


@pytest.mark.parametrize("who", [BEN, M1], ids=lambda who: who.sub)
async def test_for_everybody_else_an_incomplete_order_does_not_exist(api: Api, who: Principal):
    order = await to.incomplete(api)
    payload = await api.do(who, "completeOrder", order=named(order), **DATA)
    assert (kinds(payload), payload["order"]) == (["NotFound"], None)


async def test_payments_complete_no_order_whether_it_is_complete_or_not(api: Api):
    for order in (await to.incomplete(api), await to.unpaid(api)):
        payload = await api.do(PAYMENTS, "completeOrder", order=named(order), **DATA)
        assert kinds(payload) == ["TransitionNotAllowed"]


async def test_an_order_that_was_not_completed_in_time_cannot_be_any_more(api: Api):
    order = await to.incomplete(api)
    await api.done(ADMIN, "advanceTestClock", by="PT1H")
    payload = await api.do(ANNA, "completeOrder", order=named(order), **DATA)
    assert kinds(payload) == ["TransitionNotAllowed"]
    assert await stands(api, order) == {"marketplace": "canceled"}


async def test_where_nothing_can_be_lacking_there_is_nothing_to_complete(api: Api):
    order = await api.placed()
    payload = await api.do(ANNA, "completeOrder", order=named(order), **DATA)
    assert "TransitionNotAllowed" in kinds(payload)
    assert (await kept(api, order)).deliver_to is None


async def test_under_the_same_key_it_is_answered_as_before(api: Api):
    order = await to.incomplete(api)
    first = await api.done(ANNA, "completeOrder", key="k1", order=named(order), **DATA)
    again = await api.done(ANNA, "completeOrder", key="k1", order=named(order), **DATA)
    assert again == {**first, "replayed": True}


async def test_decided_on_an_older_version_nothing_is_done(api: Api):
    order = await to.incomplete(api)
    payload = await api.do(ANNA, "completeOrder", order=named(order), expectedVersion=9, **DATA)
    assert kinds(payload) == ["VersionConflict"]
    assert await stands(api, order) == {"marketplace": "incomplete"}


async def test_by_its_name_the_event_completes_nothing_that_lacks_something(api: Api):
    order = await to.incomplete(api)
    payload = await api.do(ANNA, "fireEvent", order=named(order), event="complete")
    assert kinds(payload) == ["GuardFailed"]
