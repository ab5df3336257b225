"""Merchants, their policies and the marketplace's, the clock: what processes share through the database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage import ids
from storage.clock import Clock, ClockIsReal
from storage.errors import MerchantIdInvalid, MerchantUnknown
from storage.merchants import Merchant, Merchants
from storage.settings import Settings
from tests.stores import Store

WINDOW = timedelta(days=14)


async def test_registered_merchants_are_found_by_id_and_unknown_ones_left_out(store: Store) -> None:
    merchants = Merchants(store.database)
    await merchants.register("m1", "Lamps & Co")
    await merchants.register("m-2_B", "Möbel Müller")

    assert await merchants.get_many(["m1", "m-2_B", "m3", "m1"]) == {
        "m1": Merchant("m1", "Lamps & Co", {}),
        "m-2_B": Merchant("m-2_B", "Möbel Müller", {}),
    }
    assert await merchants.get_many([]) == {}


async def test_merchants_are_listed_by_id_a_page_at_a_time(store: Store) -> None:
    merchants = Merchants(store.database)
    for id in ("m2", "m1", "m3"):
        await merchants.register(id, id)

    assert [each.id for each in await merchants.page(2)] == ["m1", "m2"]
    assert [each.id for each in await merchants.page(2, "m2")] == ["m3"]
    assert await merchants.page(2, "m3") == []
    assert await merchants.count() == 3


async def test_registering_a_merchant_again_renames_it_and_keeps_its_policies(store: Store) -> None:
    merchants = Merchants(store.database)
    await merchants.register("m1", "Lamps")
    await merchants.set_policies("m1", {"merchant_process": "merchant-distribution"})

    renamed = await merchants.register("m1", "Lamps & Co")

    assert renamed == Merchant("m1", "Lamps & Co", {"merchant_process": "merchant-distribution"})


async def test_a_merchant_registered_by_several_at_once_is_registered_once(store: Store) -> None:
    merchants = Merchants(store.database)

    await asyncio.gather(*(merchants.register("m1", "Lamps") for _ in range(4)))

    assert await store.database.collection("merchants").count_documents({}) == 1


@pytest.mark.parametrize("id", ["", "a b", "a.b", "$a", "ä", "m1\n", "x" * 65, "a|b", "a:b"])
async def test_an_id_that_could_be_mistaken_for_something_else_is_refused(mock_store: Store, id: str) -> None:
    with pytest.raises(MerchantIdInvalid, match="1 to 64 letters"):
        await Merchants(mock_store.database).register(id, "Lamps")
    assert await mock_store.database.collection("merchants").count_documents({}) == 0


async def test_policies_that_are_set_replace_those_of_the_same_name_only(store: Store) -> None:
    merchants = Merchants(store.database)
    await merchants.register("m1", "Lamps")
    await merchants.set_policies("m1", {"merchant_process": "merchant", "return_window": WINDOW})

    changed = await merchants.set_policies("m1", {"return_window": timedelta(0)})

    assert changed.policies == {"merchant_process": "merchant", "return_window": timedelta(0)}


async def test_policies_of_an_unknown_merchant_cannot_be_set(store: Store) -> None:
    merchants = Merchants(store.database)

    with pytest.raises(MerchantUnknown, match="'m1'"):
        await merchants.set_policies("m1", {"return_window": WINDOW})
    assert await merchants.get_many(["m1"]) == {}


async def test_the_marketplaces_policies_are_none_until_they_are_set(store: Store) -> None:
    settings = Settings(store.database)
    assert await settings.marketplace_policies() == {}

    await settings.set_marketplace_policies({"return_window": WINDOW, "payment_provider": "external"})
    await settings.set_marketplace_policies({"return_window": timedelta(0)})

    expected = {"return_window": timedelta(0), "payment_provider": "external"}
    assert await settings.marketplace_policies() == expected


async def test_a_test_clock_is_advanced_for_every_process(store: Store) -> None:
    await store.clock.advance(timedelta(days=30))
    await store.clock.advance(timedelta(days=1))

    elsewhere = await Clock(store.database, test=True).now()

    assert elsewhere - datetime.now(UTC) > timedelta(days=30, hours=23)


async def test_a_test_clock_advanced_by_several_at_once_adds_up(store: Store) -> None:
    await asyncio.gather(*(store.clock.advance(timedelta(days=1)) for _ in range(4)))

    assert await store.clock.now() - datetime.now(UTC) > timedelta(days=3, hours=23)


async def test_the_real_clock_does_not_heed_the_test_clock_and_cannot_be_advanced(store: Store) -> None:
    await store.clock.advance(timedelta(days=30))
    real = Clock(store.database)

    assert await real.now() - datetime.now(UTC) < timedelta(days=1)
    with pytest.raises(ClockIsReal):
        await real.advance(timedelta(days=1))


async def test_a_clock_does_not_run_backwards(mock_store: Store) -> None:
    with pytest.raises(ValueError, match="backwards"):
        await mock_store.clock.advance(timedelta(seconds=-1))


async def test_the_time_is_cut_to_milliseconds_as_it_will_be_stored(mock_store: Store) -> None:
    assert (await mock_store.clock.now()).microsecond % 1000 == 0


def test_order_ids_sort_by_time_and_do_not_repeat() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    made = [ids.order_id(start + timedelta(milliseconds=ms)) for ms in range(100)]

    assert made == sorted(made)
    assert len({ids.order_id(start) for _ in range(100)}) == 100
    assert {len(each) for each in made} == {26}
