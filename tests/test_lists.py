"""What lists promise: filters find what their viewer sees and no more; pages neither skip nor repeat."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.actors import Party
from domain.commands import CommandKind, CommandStatus
from domain.order import Order
from storage.errors import CursorUnreadable
from storage.indexes import FILTERS, ORDERS
from storage.lists import Page, order_filter
from storage.orders import OrderBy, Where
from storage.scope import Scope
from storage.values import naive
from tests.stores import ANNA, BEN, SELLER, Store, line

EVERYTHING, M1, M2 = Scope.marketplace(), Scope.merchant("m1"), Scope.merchant("m2")
COMBINED = {"and_", "or_", "not_"}


@dataclass(frozen=True, slots=True)
class Shop:
    """Ben just placed `new`; `sent` is with both merchants; of `shipped` m1 has shipped its part."""

    store: Store
    new: Order
    sent: Order
    shipped: Order

    async def names(self, scope: Scope, where: Where) -> set[str]:
        """The names of the orders that a list holds."""
        page = await self.store.orders.page(scope, where, first=10)
        assert await self.store.orders.count(scope, where) == len(page.items)
        ids = {order.id for order in page.items}
        return {name for name in ("new", "sent", "shipped") if getattr(self, name).id in ids}


@pytest.fixture
async def shop(store: Store) -> Shop:
    """Orders an hour apart; each with a part of m1 and one of m2."""
    new = (await store.place(line("A-1", "m1"), line("B-1", "m2"), customer=BEN)).order
    await store.clock.advance(timedelta(hours=1))
    lines = line("A-2", "m1", price=2_000), line("B-2", "m2", price=500)
    sent = await store.sent(*lines, external_reference="cart-2")
    await store.clock.advance(timedelta(hours=1))
    both = await store.sent(line("A-3", "m1", price=3_000), line("B-3", "m2"))
    await store.clock.advance(timedelta(hours=1))
    ship = ("ship", Party.MERCHANT, SELLER, both.lines[0].id)
    shipped = (await store.fire(both, *ship, input={"tracking_number": "DHL-3", "carrier": "DHL"})).order
    return Shop(store, new, sent, shipped)


MARKETPLACE_ROWS: list[tuple[Where, set[str]]] = [
    (Where(), {"new", "sent", "shipped"}),
    (Where(status="new"), {"new"}),
    (Where(status="sent_to_merchant"), {"sent"}),
    (Where(status="partly_shipped_by_merchant"), {"shipped"}),
    (Where(status="shipped"), set()),
    (Where(state=(Party.MARKETPLACE, "sent_to_merchant")), {"sent", "shipped"}),
    (Where(state=(Party.MERCHANT, "shipped")), {"shipped"}),
    (Where(state=(Party.MERCHANT, "sent_to_merchant")), set()),
    (Where(merchant_id="m1"), {"new", "sent", "shipped"}),
    (Where(merchant_id="m3"), set()),
    (Where(customer_id="c1"), {"sent", "shipped"}),
    (Where(total_min=2_500), {"sent", "shipped"}),
    (Where(total_max=2_500), {"new", "sent"}),
    (Where(total_min=2_500, total_max=2_500), {"sent"}),
    (Where(sku="A-1"), {"new"}),
    (Where(sku="B-3"), {"shipped"}),
    (Where(sku="a-1"), set()),
    (Where(tracking_number="DHL-3"), {"shipped"}),
    (Where(search="anna"), {"sent", "shipped"}),
    (Where(search="BER ANN"), {"sent", "shipped"}),
    (Where(search="anna b-3"), {"shipped"}),
    (Where(search="ödeg"), {"new"}),
    (Where(search="ben@exa"), {"new"}),
    (Where(search="cart"), {"sent"}),
    (Where(search="erg"), set()),
    (Where(search="."), set()),
    (Where(search=".*"), set()),
    (Where(search=" "), {"new", "sent", "shipped"}),
    (Where(and_=(Where(search="anna"), Where(sku="B-2"))), {"sent"}),
    (Where(or_=(Where(sku="A-1"), Where(sku="B-2"))), {"new", "sent"}),
    (Where(not_=Where(sku="A-1")), {"sent", "shipped"}),
    (Where(customer_id="c1", not_=Where(or_=(Where(sku="A-2"), Where(sku="A-1")))), {"shipped"}),
]
MERCHANT_ROWS: list[tuple[Where, set[str]]] = [
    (Where(), {"sent", "shipped"}),
    (Where(status="new"), {"sent"}),
    (Where(status="shipped"), {"shipped"}),
    (Where(state=(Party.MERCHANT, "new")), {"sent"}),
    (Where(merchant_id="m1"), {"sent", "shipped"}),
    (Where(customer_id="c1"), {"sent", "shipped"}),
    (Where(total_min=2_500), {"shipped"}),
    (Where(total_max=2_500), {"sent"}),
    (Where(sku="A-2"), {"sent"}),
    (Where(tracking_number="DHL-3"), {"shipped"}),
    (Where(search="a-3"), {"shipped"}),
    (Where(search="anna"), {"sent", "shipped"}),
    (Where(not_=Where(status="shipped")), {"sent"}),
]
# What m2 must not learn from a list: where m1's part stands, what it sells, what it earns, who else sells.
NOT_FOR_M2 = [
    Where(status="shipped"),
    Where(status="partly_shipped"),
    Where(status="partly_shipped_by_merchant"),
    Where(state=(Party.MERCHANT, "shipped")),
    Where(state=(Party.MARKETPLACE, "shipped_by_merchant")),
    Where(state=(Party.MARKETPLACE, "sent_to_merchant")),
    Where(merchant_id="m1"),
    Where(sku="A-3"),
    Where(tracking_number="DHL-3"),
    Where(search="a-3"),
    Where(search="cart"),
    Where(search="anna@example"),
    Where(total_min=2_000),
]


async def test_the_marketplace_finds_whole_orders(shop: Shop) -> None:
    found = [(where, await shop.names(EVERYTHING, where)) for where, _ in MARKETPLACE_ROWS]

    assert found == MARKETPLACE_ROWS


async def test_a_merchant_finds_by_its_own_part(shop: Shop) -> None:
    found = [(where, await shop.names(M1, where)) for where, _ in MERCHANT_ROWS]

    assert found == MERCHANT_ROWS


async def test_a_merchant_never_finds_by_what_is_not_its_own(shop: Shop) -> None:
    found = [where for where in NOT_FOR_M2 if await shop.names(M2, where)]
    left_out = [where for where in NOT_FOR_M2 if len(await shop.names(M2, Where(not_=where))) < 2]

    assert (found, left_out) == ([], [])


async def test_a_customer_finds_its_own_orders_by_what_it_reads(shop: Shop) -> None:
    anna, ben = Scope.customer("c1"), Scope.customer("c2")

    assert await shop.names(anna, Where()) == {"sent", "shipped"}
    assert await shop.names(anna, Where(status="in_progress")) == {"sent"}
    assert await shop.names(anna, Where(status="partly_shipped")) == {"shipped"}
    assert await shop.names(anna, Where(status="sent_to_merchant")) == set()
    assert await shop.names(anna, Where(sku="A-1")) == set()
    assert await shop.names(ben, Where(status="confirmed_accepted")) == {"new"}
    assert await shop.names(Scope.customer("c3"), Where()) == set()


async def test_a_reference_finds_the_order_and_for_a_merchant_its_merchant_order(shop: Shop) -> None:
    first, second = shop.sent.merchant_orders
    named = Where(reference=f" {shop.sent.reference.lower()} ")

    assert [await shop.names(scope, named) for scope in (EVERYTHING, M1, M2)] == [{"sent"}] * 3
    assert await shop.names(EVERYTHING, Where(reference=second.reference)) == {"sent"}
    assert await shop.names(M1, Where(reference=first.reference)) == {"sent"}
    assert await shop.names(M1, Where(reference=second.reference)) == set()


async def test_times_are_taken_from_the_earlier_and_up_to_the_later(shop: Shop) -> None:
    at = shop.sent.placed_at
    instant = timedelta(milliseconds=1)

    assert await shop.names(EVERYTHING, Where(placed_after=at)) == {"sent", "shipped"}
    assert await shop.names(EVERYTHING, Where(placed_after=at + instant)) == {"shipped"}
    assert await shop.names(EVERYTHING, Where(placed_before=at)) == {"new"}
    assert await shop.names(EVERYTHING, Where(placed_after=at, placed_before=at + instant)) == {"sent"}
    assert await shop.names(EVERYTHING, Where(changed_after=shop.shipped.changed_at)) == {"shipped"}
    assert await shop.names(EVERYTHING, Where(changed_before=shop.shipped.changed_at)) == {"new", "sent"}


async def test_a_merchants_order_has_not_changed_when_another_merchant_moved(shop: Shop) -> None:
    since = Where(changed_after=shop.shipped.changed_at)

    assert await shop.names(M1, since) == {"shipped"}
    assert await shop.names(M2, since) == set()


# Pages


@pytest.fixture
async def seven(store: Store) -> list[Order]:
    """Seven orders of m1: three of one instant, two of another, two of a third."""
    orders = [await store.sent(line(f"A-{i}", "m1")) for i in range(7)]
    start = orders[0].placed_at
    for i, order in enumerate(orders):
        placed, changed = (start + timedelta(minutes=at) for at in ((0, 0, 0, 1, 1, 2, 2)[i], i // 2))
        times = {"placed_at": placed, "changed_at": changed, "own.m1.changed_at": changed}
        put = {"$set": {name: naive(at) for name, at in times.items()}}
        await store.database.collection("orders").update_one({"_id": order.id}, put)
    found = [await store.orders.find(EVERYTHING, id=order.id) for order in orders]
    return [order for order in found if order is not None]


def in_order(orders: list[Order], order_by: OrderBy) -> list[str]:
    """The ids as the list should have them."""
    field, _, direction = order_by.rpartition("_")
    ordered = sorted(orders, key=lambda order: (getattr(order, field), order.id), reverse=direction == "desc")
    return [order.id for order in ordered]


@pytest.mark.parametrize("order_by", OrderBy)
async def test_pages_forwards_and_backwards_show_every_order_once(
    store: Store, seven: list[Order], order_by: OrderBy
) -> None:
    expected = in_order(seven, order_by)
    for scope in (EVERYTHING, M1, Scope.customer(ANNA.id)):
        for size in (2, 7):
            forwards: list[str] = []
            after: str | None = None
            while True:
                page = await store.orders.page(scope, Where(), order_by, first=size, after=after)
                forwards += [order.id for order in page.items]
                assert page.has_previous is (after is not None)
                if not page.has_next:
                    break
                after = page.cursors[-1]
            assert forwards == expected

            backwards: list[str] = []
            before: str | None = None
            while True:
                page = await store.orders.page(scope, Where(), order_by, last=size, before=before)
                backwards = [order.id for order in page.items] + backwards
                assert page.has_next is (before is not None)
                if not page.has_previous:
                    break
                before = page.cursors[0]
            assert backwards == expected


async def test_an_order_placed_meanwhile_neither_moves_nor_repeats_what_follows(
    store: Store, seven: list[Order]
) -> None:
    expected = in_order(seven, OrderBy.PLACED_AT_DESC)
    page = await store.orders.page(EVERYTHING, Where(), first=3)
    await store.clock.advance(timedelta(hours=1))
    await store.place()

    rest = await store.orders.page(EVERYTHING, Where(), first=10, after=page.cursors[-1])

    assert [order.id for order in (*page.items, *rest.items)] == expected


async def test_an_empty_list_is_an_empty_page(store: Store) -> None:
    page = await store.orders.page(EVERYTHING, Where(), first=10)

    assert page == Page((), (), has_next=False, has_previous=False)


def encoded(text: bytes) -> str:
    return urlsafe_b64encode(text).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ü",
        "!!!!",
        *(encoded(text) for text in (b"[]", b"{}", b"null", b"\xff", b'["placed_at_desc", 1, null]')),
        encoded(b'["placed_at_desc", 1' + 17 * b"0" + b', "a"]'),
        encoded(b'["placed_at_desc", 1' + 300 * b"0" + b', "a"]'),
        encoded(b'["changed_at_desc", 1, "a"]'),
    ],
)
async def test_a_cursor_that_is_none_of_the_list_is_refused(mock_store: Store, cursor: str) -> None:
    orders = mock_store.orders

    with pytest.raises(CursorUnreadable):
        await orders.page(EVERYTHING, Where(), OrderBy.PLACED_AT_DESC, first=1, after=cursor)
    with pytest.raises(CursorUnreadable):
        await orders.page(EVERYTHING, Where(), OrderBy.PLACED_AT_DESC, last=1, before=cursor)


async def test_a_cursor_leads_to_no_order_outside_the_scope(store: Store, seven: list[Order]) -> None:
    page = await store.orders.page(EVERYTHING, Where(), first=1)

    foreign = await store.orders.page(M2, Where(), first=10, after=page.cursors[0])

    assert foreign.items == ()


async def test_a_page_is_either_the_first_or_the_last_so_many(mock_store: Store) -> None:
    orders = mock_store.orders

    with pytest.raises(ValueError, match="first so many or the last"):
        await orders.page(EVERYTHING, Where())
    with pytest.raises(ValueError, match="first so many or the last"):
        await orders.page(EVERYTHING, Where(), first=1, last=1)


# Indexes


def test_every_filter_is_served_by_an_index() -> None:
    assert FILTERS.keys() == {field.name for field in fields(Where)} - COMBINED
    at = datetime(2026, 3, 2, tzinfo=UTC)
    samples: dict[str, Any] = {"state": (Party.MERCHANT, "new"), "total_min": 1, "total_max": 1}
    samples |= {"command": (CommandKind.REFUND, CommandStatus.PENDING)}
    samples |= {name: at for name in FILTERS if name.endswith(("_after", "_before"))}
    first_field = {index.document["name"]: next(iter(index.document["key"])) for index in ORDERS}

    asked = {name: order_filter(EVERYTHING, Where(**{name: samples.get(name, "a")})) for name in FILTERS}

    served = {name: first_field[index] for name, index in FILTERS.items()}
    assert {name: list(parts) for name, parts in asked.items()} == {
        name: [path] for name, path in served.items()
    }


@pytest.mark.parametrize("name", ["changed_after", "changed_before", "total_min", "total_max"])
def test_a_merchants_own_times_and_totals_are_served_by_an_index(name: str) -> None:
    value: Any = 1 if name.startswith("total") else datetime(2026, 3, 2, tzinfo=UTC)

    (path,) = order_filter(M1, Where(**{name: value}))

    assert path.startswith("own.m1.")
    assert any("own.$**" in index.document["key"] for index in ORDERS)
