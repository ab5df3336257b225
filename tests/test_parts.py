"""Part of a line through the API: every piece and every cent stays, however a line is taken apart.

Source: design, process marketplace-merchant, "Part of a line". For any walk: tests/test_promises.py.
"""

from collections import Counter

import pytest

from tests.acting import ADMIN, ANNA, M1, M2, Answer, Api, by, kinds, line, minor, pieces, states


async def parts(api: Api, placed: Answer) -> Answer:
    """The order now, of which no piece and no cent may be missing or there twice."""
    now = await api.now(placed)
    assert now["totals"] == placed["totals"]
    assert pieces_of(now) == pieces_of(placed)
    lines, payment = now["lines"], now["payment"]
    assert len({each["id"] for each in lines}) == len(lines)
    assert {each["splitFrom"] for each in lines} <= {None, *(each["id"] for each in lines)}
    for what in ("total", "shipping"):
        assert sum(minor(each[what]) for each in lines) == minor(now["totals"][what])
    for what in ("captured", "refunded"):
        assert sum(minor(each[what]) for each in lines) == minor(payment[what])
    assert all(0 <= minor(x["refunded"]) <= minor(x["captured"]) <= minor(x["total"]) for x in lines)
    confirmed = [refund for refund in payment["refunds"] if refund["status"] == "CONFIRMED"]
    assert sum(minor(refund["amount"]) for refund in confirmed) == minor(payment["refunded"])
    for theirs in now["merchantOrders"]:
        own = {each["id"] for each in theirs["lines"]}
        for what in ("total", "shipping"):
            assert minor(theirs["totals"][what]) == sum(minor(x[what]) for x in lines if x["id"] in own)
    return now


def pieces_of(order: Answer) -> Counter[str]:
    """How many pieces there are of each product."""
    found: Counter[str] = Counter()
    for each in order["lines"]:
        found[each["sku"]] += each["quantity"]
    return found


def at(order: Answer, *stand: str) -> Answer:
    """The one line that stands there."""
    [found] = [each for each, at in zip(order["lines"], states(order), strict=True) if at == [*stand]]
    return found


async def test_a_line_taken_apart_by_everybody_adds_up_at_every_step(api: Api):
    placed = await api.placed(
        line("A", "m1", quantity=7, price="3.33", discount="1.00", tax="0.50"),
        line("B", "m2", quantity=3, price="0.99", tax="0.01"),
        shipping=[{"merchantId": "m1", "amount": "1.01"}, {"merchantId": "m2", "amount": "0.50"}],
    )
    customers = {"reference": placed["reference"]}
    order = await api.pay(placed)
    whole = order["lines"][0]
    await api.done(ANNA, "cancelLines", order=customers, lines=pieces(whole, quantity=1))
    order = await parts(api, placed)
    assert at(order, "canceled")["quantity"] == 1

    await api.done(ADMIN, "sendToMerchant", order=by(order), lines=pieces(whole, quantity=4))
    order = await parts(api, placed)
    assert [each["quantity"] for each in order["lines"]] == [2, 3, 1, 4]
    await api.done(ADMIN, "sendToMerchant", order=by(order))
    order = await parts(api, placed)
    assert [theirs["merchantId"] for theirs in order["merchantOrders"]] == ["m1", "m2"]
    first, second = (by(theirs) for theirs in order["merchantOrders"])

    four = order["lines"][3]
    await api.done(M1, "shipLines", order=first, lines=pieces(four, quantity=2), trackingNumber="T-1")
    order = await parts(api, placed)
    shipped = at(order, "shipped_by_merchant", "shipped")
    assert (shipped["quantity"], shipped["splitFrom"]) == (2, four["id"])
    assert shipped["shipment"]["trackingNumber"] == "T-1"
    await api.done(M1, "cancelLines", order=first, lines=pieces(four, quantity=1), reason="broken")
    await api.done(ADMIN, "cancelLines", order=by(order), lines=pieces(four), reason="recalled")
    order = await parts(api, placed)
    assert at(order, "canceled", "canceled_by_merchant")["quantity"] == 1
    assert at(order, "canceled", "canceled_by_marketplace")["quantity"] == 1

    await api.done(M2, "shipLines", order=second)
    await api.done(M1, "deliverLines", order=first, lines=pieces(shipped, quantity=1))
    order = await parts(api, placed)
    delivered = at(order, "delivered", "delivered")
    await api.done(ANNA, "requestReturn", order=customers, lines=pieces(delivered))
    await api.done(M1, "receiveReturn", order=first)
    order = await parts(api, placed)

    returned = at(order, "returned", "returned")
    cent = {"amount": "0.01", "currency": "EUR"}
    await api.done(ADMIN, "refundLines", order=by(order), lines=pieces(returned, amount=cent))
    order = await parts(api, placed)
    assert minor(order["payment"]["refunded"]) == 1
    await api.done(ADMIN, "refundLines", order=by(order))
    order = await parts(api, placed)
    gone = [each for each, at in zip(order["lines"], states(order), strict=True) if at[0] == "refunded"]
    assert sum(each["quantity"] for each in gone) == 4
    assert minor(order["payment"]["refunded"]) == sum(minor(each["total"]) for each in gone)
    assert all(minor(each["refundable"]) == 0 for each in gone)
    assert (await api.do(ADMIN, "refundLines", order=by(order)))["moved"] == []
    await theirs_add_up(api, order)


async def theirs_add_up(api: Api, order: Answer) -> None:
    """Each merchant sees its own pieces; their totals and what was never sent make the order."""
    total = 0
    for merchant, sku, pieces_sent in ((M1, "A", 6), (M2, "B", 3)):
        seen = await api.seen_by(merchant, order)
        assert pieces_of(seen) == {sku: pieces_sent}
        total += minor(next(m for m in order["merchantOrders"] if m["id"] == seen["id"])["totals"]["total"])
    sent = {each["id"] for theirs in order["merchantOrders"] for each in theirs["lines"]}
    total += sum(minor(each["total"]) for each in order["lines"] if each["id"] not in sent)
    assert total == minor(order["totals"]["total"])


async def test_pieces_of_a_part_can_be_taken_off_again_until_one_is_left(api: Api):
    order = await api.sent(line("A", quantity=4, price="0.33", discount="0.01"))
    theirs = by(await api.seen_by(M1, order))
    whole = order["lines"][0]
    for left in (3, 2, 1):
        await api.done(M1, "shipLines", order=theirs, lines=pieces(whole, quantity=1))
        now = await parts(api, order)
        assert at(now, "sent_to_merchant", "new")["quantity"] == left
    await api.done(M1, "shipLines", order=theirs, lines=pieces(whole, quantity=1))
    now = await parts(api, order)
    assert states(now) == [["shipped_by_merchant", "shipped"]] * 4
    assert now["lines"][0]["id"] == whole["id"], "the last piece is the line itself"
    assert sorted(minor(each["total"]) for each in now["lines"]) == [32, 33, 33, 33]


@pytest.mark.parametrize("quantity", [0, -1, 3])
async def test_pieces_that_are_not_there_move_nothing(api: Api, quantity: int):
    order = await api.sent(line("A", quantity=2))
    theirs = by(await api.seen_by(M1, order))
    for who, mutation, selector in (
        (M1, "shipLines", theirs),
        (M1, "cancelLines", theirs),
        (ADMIN, "cancelLines", by(order)),
    ):
        more = {"reason": "broken"} if mutation == "cancelLines" else {}
        payload = await api.do(
            who, mutation, order=selector, lines=pieces(*order["lines"], quantity=quantity), **more
        )
        assert kinds(payload) == ["InvalidInput"]
        assert payload["errors"][0]["path"] == ["lines", "0", "quantity"]
    assert await api.now(order) == order
