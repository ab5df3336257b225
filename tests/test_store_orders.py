"""What storage promises of store orders: what is found by which word, and for which merchants they exist."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.actors import Actor, Party, Role
from domain.commands import CommandKind, CommandStatus
from domain.drafts import draft
from domain.engine import fire, place
from domain.invoices import Tracking
from domain.order import Customer, Order
from domain.outcome import Intent, Outcome
from domain.policies import stamp
from domain.process import Process
from domain.processes.complete import COMPLETE
from domain.processes.marketplace_seller import MARKETPLACE_SELLER as SELLS
from domain.stock import Standing
from domain.tracking import update_tracking
from storage.keys import findable
from storage.lists import Where, order_filter
from storage.publication import publications
from storage.reconcile import missing
from storage.relay import Relay
from storage.scope import Scope, visible
from tests import selling
from tests.builders import NOW, actor, line
from tests.stocking import HOME
from tests.stores import ANNA, BEN, CHECKOUT, Decided, Store, taken
from tests.stores import line as sold

MARKETPLACE, M1, M2 = Scope.marketplace(), Scope.merchant("m1"), Scope.merchant("m2")


def finds(order: Order, scope: Scope, where: Where) -> bool:
    """Whether a list of this scope has the order, by its keys alone."""
    wanted = order_filter(scope, where)
    assert wanted.keys() == {"keys"}
    return wanted["keys"] in findable(SELLS, order)["keys"]


def who_finds(order: Order, where: Where) -> list[Scope]:
    """Who of the marketplace and the two merchants finds it."""
    return [scope for scope in (MARKETPLACE, M1, M2) if finds(order, scope, where)]


def two_merchants(*, payment_provider: str = "built_in") -> Order:
    """An order of two merchants, placed."""
    return selling.placed(line(1), line(2, merchant_id="m2"), payment_provider=payment_provider)


# What is found


def test_an_invoice_is_found_by_its_number_by_the_marketplace_and_its_merchant():
    here = selling.with_invoice(selling.handled(selling.paid(two_merchants())), "INV-7", 400, {"o1-1": 1})

    assert who_finds(here, Where(invoice_number="INV-7")) == [MARKETPLACE, M1]
    assert who_finds(here, Where(invoice_number="INV")) == []


@pytest.mark.parametrize("number", ["T-1", "T-2"])
def test_a_shipment_is_found_by_the_number_on_its_invoice_and_by_the_one_that_came_later(number: str):
    here = selling.with_invoice(selling.handled(selling.paid(two_merchants())), "INV-7", 1000, {"o1-1": 1})
    theirs = selling.merchant_order(here)
    (invoice,) = theirs.invoices
    here = here.with_unit(replace(theirs, invoices=(replace(invoice, tracking_number="T-1"),)))
    known = Tracking(number="T-2")
    answer = update_tracking(SELLS, here, "o1-m1", "INV-7", known, actor(Role.MERCHANT), selling.LATER)
    assert isinstance(answer, Outcome), answer

    assert who_finds(answer.order, Where(tracking_number=number)) == [MARKETPLACE, M1]


def test_commands_are_found_by_kind_and_status_by_the_marketplace_alone():
    here = selling.paid(two_merchants(payment_provider="external"))
    here = selling.done(here, "cancel", Role.MERCHANT, Party.MERCHANT, reason="broken")
    pending, done = CommandStatus.PENDING, CommandStatus.DONE

    assert who_finds(here, Where(command=(CommandKind.VOID, pending))) == [MARKETPLACE]
    assert who_finds(here, Where(command=(None, pending))) == [MARKETPLACE]
    assert who_finds(here, Where(command=(CommandKind.REFUND, pending))) == []
    assert who_finds(here, Where(command=(CommandKind.VOID, done))) == []
    assert who_finds(here, Where(problem="command")) == []
    (command,) = here.commands
    refused = replace(here, commands=(replace(command, status=CommandStatus.REFUSED),))
    assert who_finds(refused, Where(problem="command")) == [MARKETPLACE]


def test_missing_stock_is_a_problem_until_the_merchant_order_is_canceled():
    here = selling.paid(selling.placed(line(1), line(2, merchant_id="m2"), shelf={("m1", "sku-1"): 0}))
    assert here.lines[0].stock is Standing.WANTED

    assert who_finds(here, Where(problem="stock")) == [MARKETPLACE, M1]
    assert findable(SELLS, here)["wants"] == ["m1|sku-1"]

    here = selling.done(here, "cancel", Role.MERCHANT, Party.MERCHANT, reason="none left")
    assert who_finds(here, Where(problem="stock")) == []
    assert "wants" not in findable(SELLS, here)


def test_an_unpaid_order_that_its_merchant_authorized_is_a_problem_until_it_is_paid():
    here = two_merchants()
    here = selling.done(here, "authorize_fulfillment", Role.MERCHANT, Party.MERCHANT)

    assert who_finds(here, Where(problem="override")) == [MARKETPLACE, M1]
    assert who_finds(selling.paid(here), Where(problem="override")) == []


# For whom it exists


def drafted(process: Process, customer: Customer, *, complete: bool) -> Order:
    """An order of two merchants, not yet placed, that may lack where it goes."""
    order = draft(
        process,
        stamp(process.policies.values(), {}, {}),
        order_id="draft",
        reference="draft",
        currency="EUR",
        customer=customer,
        lines=[sold("A-1", "m1"), sold("B-1", "m2"), sold("A-2", "m1")],
        shipping={},
        now=NOW,
        deliver_to=HOME if complete else None,
        payment_method="card",
    )
    assert isinstance(order, Order)
    return order


def topics(items: Sequence[dict[str, Any]]) -> set[str]:
    """To whom something is published."""
    return {to["topic"] for item in items for to in item["to"]}


@pytest.mark.parametrize("process", [SELLS, COMPLETE], ids=lambda process: process.name)
def test_an_incomplete_order_does_not_exist_for_its_merchants(process: Process):
    outcome = place(process, drafted(process, ANNA, complete=False), CHECKOUT, NOW)
    fields = findable(process, outcome.order)

    assert not any(visible(outcome.order, theirs) for theirs in outcome.order.merchant_orders)
    assert (fields["merchant_ids"], fields["own"]) == ([], {})
    assert not any(key.startswith("merchant:") for key in fields["keys"])
    assert topics(publications(process, outcome.order, outcome.entries)) == {"marketplace", "customer:c1"}


@pytest.mark.parametrize("process", [SELLS, COMPLETE], ids=lambda process: process.name)
def test_a_complete_order_exists_for_all_its_merchants(process: Process):
    outcome = place(process, drafted(process, ANNA, complete=True), CHECKOUT, NOW)
    fields = findable(process, outcome.order)

    assert fields["merchant_ids"] == ["m1", "m2"]
    assert fields["own"].keys() == {"m1", "m2"}
    assert topics(publications(process, outcome.order, outcome.entries)) >= {"merchant:m1", "merchant:m2"}


@pytest.mark.parametrize("process", [SELLS, COMPLETE], ids=lambda process: process.name)
async def test_an_order_that_is_completed_later_lacks_nothing_in_the_feed(store: Store, process: Process):
    order = (await store.orders.place(drafted(process, ANNA, complete=False), process, CHECKOUT, None)).order
    assert await store.orders.find(M1, id=order.id) is None
    buyer = Actor("c1", Role.CUSTOMER)

    async def complete(unit: str) -> Order:
        def decide(order: Order, now: object) -> Decided:
            order = replace(order, deliver_to=HOME)
            return taken(fire(process, order, Intent("complete", unit, Party.MARKETPLACE, buyer), NOW))

        return (await store.orders.change(order.id, decide)).order

    assert await missing(store.database) == []
    done = await complete(order.merchant_orders[0].id)
    await Relay(store.database).drain()

    assert await missing(store.database) == []
    assert await store.orders.find(M1, id=order.id) == done


async def test_a_placed_order_has_merchant_orders_under_ids_and_references_of_its_own(store: Store):
    first = (await store.orders.place(drafted(SELLS, ANNA, complete=True), SELLS, CHECKOUT, None)).order
    second = (await store.orders.place(drafted(SELLS, BEN, complete=True), SELLS, CHECKOUT, None)).order

    for order in (first, second):
        assert [(m.id, m.reference, m.created_at) for m in order.merchant_orders] == [
            (f"{order.id}-m{n}", f"{order.reference}-{n}", order.placed_at) for n in (1, 2)
        ]
        m1, m2 = (theirs.id for theirs in order.merchant_orders)
        assert [line.merchant_order_id for line in order.lines] == [m1, m2, m1]
        assert await store.orders.find(M1, id=m1) == order
        assert await store.orders.find(M2, reference=order.merchant_orders[1].reference) == order
        assert await store.orders.find(M2, id=m1) is None
