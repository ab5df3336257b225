"""What is stored of an order is the order: it reads back as it was, and a diff leads from one to the next."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, get_type_hints

import bson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.actors import Actor, Audience, Party
from domain.cancellations import Cancellation, CancellationRequest
from domain.commands import Ask, Command
from domain.invoices import Invoice, InvoiceLine, Tracking, TrackingEvent
from domain.order import (
    Address,
    Before,
    Customer,
    Deadline,
    Entry,
    Line,
    MerchantOrder,
    Order,
    Payment,
    Position,
    Reading,
    Refund,
    Shipment,
)
from domain.policies import Policies
from domain.stock import Restock, Standing
from storage.client import Document
from storage.diff import changes
from storage.documents import FIELDS, entry_from_document, entry_to_document, from_document, to_document
from tests.stores import SELLER, Store

T = TypeVar("T")
milliseconds = st.integers(min_value=0, max_value=4_000_000_000_000)
instants = milliseconds.map(lambda ms: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
fields_of_documents = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)  # merchants, policies, inputs
amounts = st.integers(min_value=-(2**53), max_value=2**53)  # most of them need the database's longer integers
policies = st.dictionaries(
    fields_of_documents, texts | milliseconds.map(lambda ms: timedelta(milliseconds=ms)), max_size=2
)
plain: dict[Any, st.SearchStrategy[Any]] = {str: texts, int: amounts, datetime: instants, date: st.dates()}
plain |= {kind | None: st.none() | strategy for kind, strategy in plain.items()}


def whole(kind: type[T], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Values of a domain type with every field filled in, those that may be missing as well."""
    hints = get_type_hints(kind)
    inferred = {field.name: plain.get(hints[field.name], ...) for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    return st.builds(kind, **inferred | given)


def several(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


reads = st.dictionaries(st.sampled_from(Audience), whole(Reading), max_size=2)
positions = whole(Position, before=st.none() | whole(Before, reads=reads))
stands = {"positions": st.dictionaries(st.sampled_from(Party), positions, max_size=2), "reads": reads}
lines = whole(Line, shipment=st.none() | whole(Shipment), **stands)
tracking = whole(Tracking, events=several(whole(TrackingEvent)))
invoices = whole(Invoice, lines=several(whole(InvoiceLine)), tracking=st.none() | tracking)
actors = whole(Actor)
merchant_orders = whole(
    MerchantOrder,
    invoices=several(invoices),
    requests=several(whole(CancellationRequest, by=actors, decided_by=st.none() | actors)),
    cancellation=st.none() | whole(Cancellation, by=actors),
    restocks=several(whole(Restock)),
    **stands,
)
orders = whole(
    Order,
    policies=st.builds(Policies, policies, st.dictionaries(fields_of_documents, policies, max_size=2)),
    customer=whole(Customer),
    lines=several(lines),
    merchant_orders=several(merchant_orders),
    payments=several(whole(Payment)),
    refunds=several(whole(Refund)),
    deadlines=several(whole(Deadline)),
    commands=several(whole(Command, done_again=several(amounts))),
    asks=st.dictionaries(fields_of_documents, whole(Ask), max_size=2),
    deliver_to=st.none() | whole(Address),
    shelf=st.just({}),
)
values = texts | amounts | st.booleans() | st.dates()
entries = whole(Entry, actor=actors, input=st.dictionaries(fields_of_documents, values, max_size=3))

# Documents whose lists keep, lose, gain and swap items.
leaves = st.integers(0, 3) | st.sampled_from(["", "a"])
names = st.sampled_from(["a", "b", "c"])
small: st.SearchStrategy[Document] = st.recursive(
    st.dictionaries(names, leaves, max_size=3),
    lambda inner: st.dictionaries(
        names,
        leaves
        | inner
        | st.lists(leaves | inner, max_size=3)
        | st.lists(
            st.builds(lambda i, more: {**more, "id": i}, st.sampled_from("xyz"), inner),
            max_size=3,
            unique_by=lambda item: item["id"],
        ),
        max_size=3,
    ),
    max_leaves=8,
)


@given(orders)
@settings(max_examples=60, deadline=None)
def test_an_order_reads_back_from_its_document_as_it_was(order: Order) -> None:
    stored = bson.decode(bson.encode(to_document(order)))

    assert from_document(stored) == order
    assert from_document(stored).asks == order.asks  # which are no part of what an order is
    assert stored.keys() <= FIELDS.keys() | {"_id"}, "what is stored is also read"


@given(entries)
@settings(max_examples=60, deadline=None)
def test_a_history_entry_reads_back_from_its_row_as_it_was(entry: Entry) -> None:
    row = bson.decode(bson.encode(entry_to_document(entry, "command")))

    assert entry_from_document(row) == entry
    assert row["command_id"] == "command"


@given(small)
def test_equal_documents_have_no_changes(document: Document) -> None:
    assert changes(document, bson.decode(bson.encode(document))) == {}


@given(before=small, after=small)
@settings(
    max_examples=60,
    deadline=None,
    # The store lasts for all examples; each starts with an empty collection.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
async def test_the_changes_applied_by_the_database_give_the_document_after(
    store: Store, before: Document, after: Document
) -> None:
    documents = store.database.collection("documents")
    await documents.delete_many({})
    await documents.insert_one({"_id": 1, **before})

    if update := changes(before, after):
        await documents.update_one({"_id": 1}, update)

    assert await documents.find_one({"_id": 1}) == {"_id": 1, **after}


async def test_a_move_of_one_line_names_nothing_of_the_other_lines(store: Store) -> None:
    order = await store.sent()
    before = to_document(order)

    shipped = (await store.fire(order, "ship", Party.MERCHANT, SELLER, order.lines[0].id)).order

    update = changes(before, to_document(shipped))
    assert any(path.startswith("lines.0.positions.") for path in update["$set"])
    assert not any(path == "lines" or path.startswith("lines.1") for path in update["$set"])


async def test_where_very_much_changes_each_item_is_one_path_and_the_others_are_left_alone(
    store: Store,
) -> None:
    def row(i: int, state: str, **more: Any) -> Document:
        return {"id": str(i), "at": {"state": state, "by": state}, **more}

    before = {"lines": [row(i, "new", old=1) for i in range(60)], "own": {"m1": 1}, "note": "x", "gone": {}}
    moved = [row(i, "sent", packed=[1, 2]) if i % 2 else row(i, "new", old=1) for i in range(60)]
    after = {"lines": [*moved, row(60, "new")], "own": {"m1": 2, "m2": 1}, "note": "y"}
    documents = store.database.collection("documents")
    await documents.insert_one({"_id": 1, **before})

    update = changes(before, after)
    await documents.update_one({"_id": 1}, update)

    items = {f"lines.{i}" for i in (*range(1, 60, 2), 60)}
    assert update["$set"].keys() == {*items, "own.m1", "own.m2", "note"}
    assert update["$unset"] == {"gone": ""}
    assert await documents.find_one({"_id": 1}) == {"_id": 1, **after}


async def test_an_order_of_the_item_process_is_stored_without_what_only_stores_know(store: Store) -> None:
    stored = await store.stored(await store.sent())

    assert not stored.keys() & {"commands", "deliver_to", "payment_method", "wants", "shelf"}
    assert stored["merchant_orders"][0].keys() == {
        "id", "reference", "merchant_id", "created_at", "positions", "reads",
    }  # fmt: skip
    assert not stored["lines"][0].keys() & {"approved", "stock"}
    assert from_document(stored).lines[0].stock is Standing.NONE


def test_what_joins_a_list_without_ids_is_added_without_writing_the_list_anew() -> None:
    before = {"invoices": [{"number": "1", "value": 3}]}
    after = {"invoices": [{"number": "1", "value": 3}, {"number": "2", "value": 4}]}

    assert changes(before, after) == {"$set": {"invoices.1": {"number": "2", "value": 4}}}


def test_a_list_without_ids_in_which_something_changes_is_written_anew() -> None:
    before = {"invoices": [{"number": "1", "value": 3}, {"number": "2", "value": 4}]}
    after = {"invoices": [{"number": "1", "value": 3}, {"number": "2", "value": 4, "tracking": {}}]}

    assert changes(before, after) == {"$set": after}


def test_a_line_that_is_split_off_is_added_without_writing_the_list_anew() -> None:
    before = {"lines": [{"id": "1", "quantity": 3}, {"id": "2", "quantity": 1}]}
    after = {"lines": [{"id": "1", "quantity": 1}, {"id": "2", "quantity": 1}, {"id": "3", "quantity": 2}]}

    assert changes(before, after) == {"$set": {"lines.0.quantity": 1, "lines.2": {"id": "3", "quantity": 2}}}


def test_a_list_that_shrinks_is_written_anew() -> None:
    before = {"deadlines": [{"id": "1"}, {"id": "2"}]}

    assert changes(before, {"deadlines": [{"id": "2"}]}) == {"$set": {"deadlines": [{"id": "2"}]}}
