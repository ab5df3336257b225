"""What several fields of one operation read together: when one of them is canceled, the others still get it.

graphql-core cancels the fields beside one that failed, in the middle of whatever they wait for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from graph.context import Context
from graph.seen import Seen, seen_by
from graph.viewer import viewer_of
from tests.acting import ANNA
from tests.asking import open_shop
from tests.stores import Store

READS: dict[str, Callable[[Seen], Awaitable[Any]]] = {
    "the time": lambda seen: seen.viewer.now(),
    "a merchant's name": lambda seen: seen.viewer.merchant_name("m1"),
    "an order's history": lambda seen: seen.history(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_who_gives_up_waiting_does_not_take_the_answer_from_the_others(
    mock_store: Store, read: Callable[[Seen], Awaitable[Any]]
) -> None:
    shop = await open_shop(mock_store)
    context = Context(services=shop.services, request_id="a-request", principal=ANNA)
    seen = seen_by(viewer_of(context), shop.annas)
    gives_up, waits = (asyncio.ensure_future(read(seen)) for _ in range(2))
    await asyncio.sleep(0)
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    assert await waits
