"""What `storage.placing` promises: one order per request, whatever is sent twice, lost or seen late."""

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, ServerSelectionTimeoutError

from storage.client import OutcomeUnknown
from storage.errors import ExternalReferenceTaken
from storage.orders import CommandKey
from tests.feeding import stepped
from tests.stores import Store

CHECKOUT = CommandKey("checkout", "placeOrder", "k1", "input-1")


async def orders_in(store: Store) -> int:
    return await store.database.collection("orders").count_documents({})


@pytest.mark.parametrize("key", [None, CHECKOUT], ids=["without key", "with key"])
@pytest.mark.parametrize("reference", [None, "web-1"], ids=["no reference", "a reference"])
async def test_an_order_that_the_driver_sends_again_where_the_first_was_forgotten_is_placed_once(
    store: Store, key: CommandKey | None, reference: str | None
) -> None:
    again = Store(stepped(store.database, twice="insert_one"), store.clock)

    placed = await again.place(key=key, external_reference=reference)

    assert not placed.replayed
    assert await orders_in(store) == 1
    assert (await store.stored(placed.order))["reference"] == placed.order.reference


async def test_an_order_whose_answer_is_lost_before_the_database_is_gone_is_an_unknown_outcome(
    store: Store,
) -> None:
    lost = False

    async def lose(_: str, command: str) -> None:
        nonlocal lost
        lost = command == "insert_one"
        if lost:
            raise AutoReconnect("connection closed")

    async def gone(_: str, command: str) -> None:
        if lost:
            raise ServerSelectionTimeoutError("no server")

    with pytest.raises(OutcomeUnknown):
        await Store(stepped(store.database, before=gone, after=lose), store.clock).place()
    assert await orders_in(store) == 1


@pytest.mark.parametrize("seen", [1, 2, 3], ids=["first look", "second look", "next try"])
async def test_a_request_that_meets_itself_is_answered_with_its_order_however_late_that_is_seen(
    store: Store, seen: int
) -> None:
    """Sent twice at once: the other's order is in the way of the insert before it can be read."""
    commands = 0

    async def elsewhere(collection: str, command: str) -> None:
        nonlocal commands
        if collection != "orders":
            return
        if commands == seen:
            await store.place(key=CHECKOUT, external_reference="web-1")
        commands += 1
        if commands == 1:
            assert command == "insert_one"
            raise DuplicateKeyError("not to be read yet", 11000)

    late = Store(stepped(store.database, before=elsewhere), store.clock)

    placed = await late.place(key=CHECKOUT, external_reference="web-1")

    assert placed.replayed
    assert await orders_in(store) == 1


async def test_an_external_reference_of_another_request_is_taken(store: Store) -> None:
    await store.place(key=CHECKOUT, external_reference="web-1")
    other = CommandKey("checkout", "placeOrder", "k2", "input-2")

    with pytest.raises(ExternalReferenceTaken):
        await store.place(key=other, external_reference="web-1")
    with pytest.raises(ExternalReferenceTaken):
        await store.place(external_reference="web-1")
