"""What an idempotency key promises: the same request is carried out once and answered again as before."""

from dataclasses import replace

from domain.actors import Role
from graph.demo_catalogue import CATALOGUE
from graph.idempotency import fingerprint
from graph.mutations.demo_checkout import DemoCheckoutInput, DemoLineInput
from tests.acting import (
    ADMIN,
    ANNA,
    M1,
    PAYMENTS,
    Answer,
    Api,
    by,
    cart,
    kinds,
    line,
    minor,
    person,
    pieces,
    states,
)


async def test_a_move_sent_again_is_answered_as_before_and_not_carried_out(api: Api):
    order = await api.sent(line("A", quantity=3))
    theirs = await api.seen_by(M1, order)
    sent: Answer = {
        "order": by(theirs),
        "lines": pieces(*theirs["lines"], quantity=1),
        "idempotencyKey": "k1",
    }
    first = await api.do(M1, "shipLines", **sent)
    again = await api.do(M1, "shipLines", **sent)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again == {**first, "replayed": True}
    assert [each["quantity"] for each in (await api.now(order))["lines"]] == [2, 1]


async def test_who_acts_for_two_merchants_of_an_order_may_use_one_key_for_both(api: Api):
    order = await api.sent(line("A", "m1"), line("B", "m2"))
    sent: Answer = {"order": {"reference": order["reference"]}, "idempotencyKey": "k1"}
    for merchant, sku in (("m1", "A"), ("m2", "B")):
        agency = person(Role.MERCHANT, "agency", merchant=merchant)
        payload = await api.done(agency, "shipLines", **sent)
        assert payload["replayed"] is False
        assert len(payload["moved"]) == 1
        [own] = [each["id"] for each in order["lines"] if each["sku"] == sku]
        assert payload["moved"][0]["id"] == own
    assert states(await api.now(order)) == [["shipped_by_merchant", "shipped"]] * 2


async def test_who_buys_for_two_customers_may_use_one_key_for_both(api: Api):
    for merchant in {product.merchant_id for product in CATALOGUE.values()}:
        await api.services.merchants.register(merchant, merchant)
    sent: Answer = {"lines": [{"sku": next(iter(CATALOGUE))}], "idempotencyKey": "k1"}
    orders: set[str] = set()
    for customer in ("c1", "c2"):
        family = person(Role.CUSTOMER, "family", customer=customer)
        orders.add((await api.done(family, "demoCheckout", **sent))["order"]["id"])
    assert len(orders) == 2


async def test_without_a_key_the_same_pieces_are_taken_off_again(api: Api):
    order = await api.sent(line("A", quantity=3))
    theirs = await api.seen_by(M1, order)
    for _ in range(2):
        await api.done(M1, "shipLines", order=by(theirs), lines=pieces(*theirs["lines"], quantity=1))
    assert [each["quantity"] for each in (await api.now(order))["lines"]] == [1, 1, 1]


async def test_a_replay_shows_the_order_as_it_is_now(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    shipped = await api.done(M1, "shipLines", order=theirs, idempotencyKey="k1")
    delivered = await api.done(M1, "deliverLines", order=theirs)
    again = await api.done(M1, "shipLines", order=theirs, idempotencyKey="k1")
    assert again["moved"] == shipped["moved"]
    assert again["order"] == delivered["order"]


async def test_what_was_refused_of_a_request_is_refused_the_same_way_in_its_replay(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    first, second = order["lines"]
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "shipLines", order=theirs, lines=pieces(first))
    sent: Answer = {
        "order": theirs,
        "lines": pieces(first, second),
        "reason": "broken",
        "idempotencyKey": "k1",
    }
    payload = await api.do(M1, "cancelLines", **sent)
    assert kinds(payload) == ["TransitionNotAllowed"]
    assert payload["errors"][0]["available"] == ["deliver"]
    assert await api.do(M1, "cancelLines", **sent) == {**payload, "replayed": True}


async def test_the_same_key_with_another_input_is_a_conflict_and_does_nothing(api: Api):
    order = await api.sent(line("A-1"), line("A-2"))
    first, second = order["lines"]
    theirs = by(await api.seen_by(M1, order))
    await api.done(M1, "shipLines", order=theirs, lines=pieces(first), idempotencyKey="k1")
    payload = await api.do(M1, "shipLines", order=theirs, lines=pieces(second), idempotencyKey="k1")
    assert kinds(payload) == ["IdempotencyConflict"]
    assert payload["errors"][0]["path"] == ["idempotencyKey"]
    assert states(await api.now(order))[1] == ["sent_to_merchant", "new"]


async def test_the_header_says_the_same_and_the_inputs_own_key_comes_first(api: Api):
    order = await api.sent(line("A", quantity=9))
    theirs = await api.seen_by(M1, order)
    sent: Answer = {"order": by(theirs), "lines": pieces(*theirs["lines"], quantity=1)}
    first = await api.do(M1, "shipLines", key="k1", **sent)
    assert (await api.do(M1, "shipLines", key="k1", **sent)) == {**first, "replayed": True}
    assert (await api.do(M1, "shipLines", key="k9", **sent, idempotencyKey="k1"))["replayed"]
    assert not (await api.do(M1, "shipLines", key="k1", **sent, idempotencyKey="k9"))["replayed"]


async def test_a_key_belongs_to_who_used_it_and_to_the_mutation(api: Api):
    order = await api.sent(line("A", quantity=9))
    theirs = await api.seen_by(M1, order)
    sent: Answer = {
        "order": by(theirs),
        "lines": pieces(*theirs["lines"], quantity=1),
        "idempotencyKey": "k1",
    }
    await api.done(M1, "shipLines", **sent)
    colleague = await api.done(replace(M1, sub="colleague"), "shipLines", **sent)
    assert not colleague["replayed"]
    canceled = await api.done(M1, "cancelLines", **sent, reason="broken")
    assert not canceled["replayed"]
    assert len((await api.now(order))["lines"]) == 4


async def test_a_request_that_was_carried_out_is_replayed_whatever_version_it_expected(api: Api):
    order = await api.paid(line("A"))
    sent: Answer = {"order": by(order), "expectedVersion": order["version"], "idempotencyKey": "k1"}
    first = await api.done(ADMIN, "sendToMerchant", **sent)
    again = await api.done(ADMIN, "sendToMerchant", **sent)
    assert again == {**first, "replayed": True}


async def test_a_request_that_wrote_nothing_is_decided_anew_under_its_key(api: Api):
    order = await api.sent(line("A"))
    theirs = by(await api.seen_by(M1, order))
    sent: Answer = {"order": theirs, "idempotencyKey": "k1"}
    assert kinds(await api.do(M1, "deliverLines", **sent)) == ["TransitionNotAllowed"]
    await api.done(M1, "shipLines", order=theirs)
    assert len((await api.done(M1, "deliverLines", **sent))["moved"]) == 1


async def test_a_payment_and_a_refund_are_booked_once(api: Api):
    order = await api.placed(line("A", price="10.00"))
    money = {"amount": "10.00", "currency": "EUR"}
    paid: Answer = {
        "order": {"reference": order["reference"]},
        "amount": money,
        "reference": "p1",
        "idempotencyKey": "k1",
    }
    assert not (await api.done(PAYMENTS, "recordPayment", **paid))["replayed"]
    assert (await api.done(PAYMENTS, "recordPayment", **paid))["replayed"]
    await api.done(ADMIN, "cancel", order=by(order), reason="sold out")
    part = {"line": order["lines"][0]["id"], "amount": {"amount": "4.00", "currency": "EUR"}}
    back: Answer = {"order": by(order), "lines": [part], "idempotencyKey": "k1"}
    for replayed in (False, True):
        assert (await api.done(ADMIN, "refundLines", **back))["replayed"] is replayed
    assert minor((await api.now(order))["payment"]["refunded"]) == 400


async def test_an_order_is_placed_once_under_a_key(api: Api):
    sent = cart(idempotencyKey="k1")
    first = await api.done(ADMIN, "placeOrder", **sent)
    again = await api.done(ADMIN, "placeOrder", **sent)
    assert again == {**first, "replayed": True}
    other = await api.do(ADMIN, "placeOrder", **{**sent, "channel": "phone"})
    assert kinds(other) == ["IdempotencyConflict"]
    assert other["order"] is None


async def test_an_order_whose_answer_was_lost_is_placed_once_though_it_has_an_external_reference(api: Api):
    sent = cart(idempotencyKey="k1", externalReference="web-1")
    first = await api.done(ADMIN, "placeOrder", **sent)
    assert (await api.done(ADMIN, "placeOrder", **sent))["order"]["id"] == first["order"]["id"]


async def test_a_demo_customer_buys_once_under_a_key(api: Api):
    sent: Answer = {"lines": [{"sku": "5304"}], "idempotencyKey": "k1"}
    await api.services.merchants.register("main", "Main")
    first = await api.done(ANNA, "demoCheckout", **sent)
    assert await api.done(ANNA, "demoCheckout", **sent) == {**first, "replayed": True}


def test_a_fingerprint_tells_inputs_apart_whatever_their_key():
    def sent(quantity: int, key: str | None) -> DemoCheckoutInput:
        return DemoCheckoutInput(
            lines=[DemoLineInput(sku="1", quantity=quantity)], name=None, idempotency_key=key
        )

    assert fingerprint(sent(1, "a")) == fingerprint(sent(1, "b")) == fingerprint(sent(1, None))
    assert fingerprint(sent(1, "a")) != fingerprint(sent(2, "a"))


async def test_one_header_serves_a_mutation_that_stands_twice_in_a_request(server_api: Api):
    orders = [await server_api.paid(line("A")), await server_api.paid(line("A"))]
    document = """mutation Both($a: SendToMerchantInput!, $b: SendToMerchantInput!) {
        a: sendToMerchant(input: $a) { replayed errors { message } moved { id } }
        b: sendToMerchant(input: $b) { replayed errors { message } moved { id } }
    }"""
    sent: Answer = {"a": {"order": by(orders[0])}, "b": {"order": by(orders[1])}}
    first = await server_api.ask(ADMIN, document, key="k1", **sent)
    again = await server_api.ask(ADMIN, document, key="k1", **sent)
    for name in ("a", "b"):
        assert (first["data"][name]["replayed"], first["data"][name]["errors"]) == (False, [])
        assert again["data"][name] == {**first["data"][name], "replayed": True}


async def test_a_key_that_was_used_for_one_order_is_refused_for_another(server_api: Api):
    orders = [await server_api.paid(line("A")), await server_api.paid(line("A"))]
    await server_api.done(ADMIN, "sendToMerchant", order=by(orders[0]), idempotencyKey="k1")
    payload = await server_api.do(ADMIN, "sendToMerchant", order=by(orders[1]), idempotencyKey="k1")
    assert kinds(payload) == ["IdempotencyConflict"]
    assert states(await server_api.now(orders[1])) == [["paid"]]
