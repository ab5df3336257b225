"""What holds when two orders want the last piece at once, or one frees it just when another needs it.

Through the API, on a real server. However it ends, all that `soundness` asserts holds. ORDERFLOW_ROUNDS says
how often they meet.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.order import Order
from tests.acting import ADMIN, ANNA, M1, PAYMENTS, Answer, Api
from tests.builders import Walk
from tests.crossing import Act, Start, act, at_once, batches, prepared, start
from tests.soundness import Kept, sound
from tests.store_walks import stand

UNPAID = start()
READY = start("payments pay")

PAYS_ONE = act(PAYMENTS, "recordPayment", amount={"amount": "10.00", "currency": "EUR"}, reference="p-1")
CANCELS = act(ANNA, "cancel")
GIVES_UP = act(M1, "cancel", reason="sold out")
RETRIES = act(M1, "retryStock")

GOES_ON = "payment-approved × ready-for-handling"
LACKING = "payment-approved × authorize-fulfillment"

Pairs = list[tuple[Order, Order]]


async def test_of_two_orders_paid_at_once_one_gets_the_last_piece_and_the_other_what_comes_next(
    server_api: Api,
):
    async for pairs in pairs_of_orders(server_api, UNPAID, UNPAID, on_hand=0):
        await counted(server_api, pairs, 1)
        await each_at_once(server_api, pairs, PAYS_ONE, PAYS_ONE)
        for pair in pairs:
            first = await sound(server_api, pair, 1)
            assert sorted(stand_of(kept) for kept in first.values()) == [LACKING, GOES_ON]
            [sku] = {line.sku for order in pair for line in order.lines}
            problems = {stand_of(first[order.id]): await problem(server_api, order) for order in pair}
            assert problems == {LACKING: [sku], GOES_ON: []}

        await counted(server_api, pairs, 2)
        await server_api.services.stock_waker.run_due()
        for pair in pairs:
            assert [stand_of(x) for x in (await sound(server_api, pair, 2)).values()] == [GOES_ON] * 2


@pytest.mark.parametrize("way", [(), ("payments pay",)], ids=["held", "confirmed"])
async def test_a_piece_that_a_cancellation_frees_goes_to_the_order_that_is_paid_just_then(
    server_api: Api, way: tuple[str, ...]
):
    async for pairs in pairs_of_orders(server_api, start(*way, window="30 minutes"), UNPAID, on_hand=1):
        await each_at_once(server_api, pairs, CANCELS, PAYS_ONE)
        await assert_passed_on(server_api, pairs)


async def test_a_merchant_who_tries_again_while_a_piece_is_freed_has_it_or_reads_what_is_missing(
    server_api: Api,
):
    async for pairs in pairs_of_orders(server_api, READY, READY, on_hand=1):
        answers = await each_at_once(server_api, pairs, GIVES_UP, RETRIES, refusable=True)
        read = {error["message"].rstrip("0123456789.") for a in answers for error in a["errors"]}
        assert read <= {"There is not enough in stock of: A-"}
        await assert_passed_on(server_api, pairs)


async def pairs_of_orders(api: Api, one: Start, other: Start, *, on_hand: int) -> AsyncIterator[Pairs]:
    """Yield orders in pairs, the second placed after the first; both want one piece, and nobody else does."""

    async def pair(sku: str) -> tuple[Order, Order]:
        first = await prepared(api, one, sku=sku, quantity=1, on_hand=on_hand)
        return first, await prepared(api, other, sku=sku, quantity=1, on_hand=None)

    for rounds in batches():
        yield await asyncio.gather(*(pair(f"A-{n}") for n in rounds))


async def each_at_once(
    api: Api, pairs: Pairs, one: Act, other: Act, *, refusable: bool = False
) -> list[Answer]:
    """Of each pair, send one on the first order just when the other is sent on the second, while orders that
    wait for stock are tried. Only the other may be refused. Returns what became of the other.
    """
    answers = await asyncio.gather(
        *(
            at_once(one.on(api, first), other.on(api, second), one_first=bool(n % 2))
            for n, (first, second) in enumerate(pairs)
        ),
        api.services.stock_waker.run_due(),
    )
    ones, others = zip(*answers[:-1], strict=True)
    assert all(answer["errors"] == [] for answer in (*ones, *(() if refusable else others)))
    return list(others)


async def assert_passed_on(api: Api, pairs: Pairs) -> None:
    """Assert that the one piece, which the first order gave up, is the second's once stock was looked at."""
    await api.services.stock_waker.run_due()
    for first, second in pairs:
        after = await sound(api, [first, second], 1)
        assert [stand_of(after[order.id]) for order in (first, second)] == ["canceled × canceled", GOES_ON]


async def counted(api: Api, pairs: Pairs, on_hand: int) -> None:
    """The merchant counts what each pair wants."""
    items = [{"sku": first.lines[0].sku, "onHand": on_hand} for first, _ in pairs]
    await api.done(M1, "setStock", items=items)


def stand_of(kept: Kept) -> str:
    """Where the machines of the one merchant order stand."""
    return stand(Walk(kept.order, (), kept.now))


async def problem(api: Api, order: Order) -> list[str]:
    """The SKUs that the marketplace reads as missing."""
    document = """query Problem($by: OrderSelector!) { marketplace { order(by: $by) {
        merchantOrders { missingStock } } } }"""
    answer = await api.ask(ADMIN, document, by={"reference": order.reference})
    assert answer["errors"] is None, answer["errors"]
    [part] = answer["data"]["marketplace"]["order"]["merchantOrders"]
    return part["missingStock"]
