"""What `storage.publication` promises: who learns of an entry, and nothing beyond what each may read."""

from datetime import timedelta
from typing import Any

import pytest

from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from storage.publication import publications
from tests.builders import Walk, line, order, placed, policies, walk

M1, M2, CUSTOMER = "merchant:m1", "merchant:m2", "customer:c1"
AT_ONCE = policies(cancellation_window=timedelta(0))


def published(here: Walk, since: Walk | None = None) -> list[dict[str, Any]]:
    """What is published of the entries of a walk, or of those that came after another."""
    done = len(since.entries) if since else 0
    return publications(MARKETPLACE_MERCHANT, here.order, here.entries[done:])


def bodies(items: list[dict[str, Any]], topic: str) -> list[dict[str, Any]]:
    """What one topic gets."""
    return [to["body"] for item in items for to in item["to"] if to["topic"] == topic]


@pytest.fixture
def sold() -> Walk:
    """An order of two merchants that was paid and sent to both."""
    return walk(order(line(1), line(2, merchant_id="m2"), policies=AT_ONCE), "payments pay")


def test_each_entry_is_one_item_in_the_order_of_the_history() -> None:
    here = walk(order(line(1), line(2), policies=AT_ONCE), "payments pay")

    items = published(here)

    assert [item["i"] for item in items] == list(range(len(here.entries)))
    assert [item["seq"] for item in items] == [entry.seq for entry in here.entries]
    assert {item["version"] for item in items} == {here.order.version}


def test_a_placed_order_is_told_to_marketplace_and_customer_only() -> None:
    items = published(placed(order(line(1), line(2, merchant_id="m2"))))

    assert [to["topic"] for to in items[0]["to"]] == ["marketplace", CUSTOMER]
    (body,) = bodies(items, CUSTOMER)
    assert (body["event"], body["unit"], body["merchant_order"]) == ("placed", None, None)
    assert body["labels"]["storefront"]["label"] == "Confirmed / Accepted"


def test_the_marketplace_gets_every_entry_whole(sold: Walk) -> None:
    shipped = walk(sold, "merchant ship line 1, carrier=DHL, expected_delivery=2026-03-09")

    told = bodies(published(shipped), "marketplace")

    assert [body["seq"] for body in told] == [entry.seq for entry in shipped.entries]
    last = told[-1]
    entry = shipped.entries[-1]
    assert last == {
        "seq": entry.seq,
        "at": entry.at.replace(tzinfo=None),
        "order": "o1",
        "reference": "ORD-1",
        "merchant_order": {"id": "o1-m1", "reference": "ORD-1-1"},
        "unit": "o1-1",
        "party": "marketplace",
        "process": {"name": "marketplace-merchant", "version": 1},
        "source": "sent_to_merchant",
        "target": "shipped_by_merchant",
        "event": "ship",
        "actor": "system",
        "role": "system",
        "cause": entry.seq - 1,
        "reason": None,
        "labels": {
            "back_office": {
                "code": "shipped_by_merchant",
                "label": "Shipped by Merchant",
                "key": "marketplace-merchant.back_office.shipped_by_merchant",
                "date": None,
            },
            "merchant_portal": {
                "code": "shipped",
                "label": "Shipped",
                "key": "marketplace-merchant.merchant_portal.shipped",
                "date": None,
            },
            "storefront": {
                "code": "shipped",
                "label": "Shipped Expected by 2026-03-09",
                "key": "marketplace-merchant.storefront.shipped",
                "date": "2026-03-09",
            },
        },
        "version": shipped.order.version,
    }


def test_a_merchant_learns_of_its_own_machine_on_its_own_lines_only(sold: Walk) -> None:
    shipped = walk(sold, "merchant ship line 1")

    m1, m2 = bodies(published(shipped), M1), bodies(published(shipped), M2)

    assert [(body["unit"], body["event"], body["source"], body["target"]) for body in m1] == [
        ("o1-1", "start", None, "new"),
        ("o1-1", "ship", "new", "shipped"),
    ]
    assert [(body["unit"], body["event"]) for body in m2] == [("o1-2", "start")]


def test_a_merchant_reads_its_own_reference_and_its_own_label_only(sold: Walk) -> None:
    body = bodies(published(sold), M2)[0]

    assert body["reference"] == "ORD-1-2"
    assert body["merchant_order"] == {"id": "o1-m2", "reference": "ORD-1-2"}
    assert body["labels"].keys() == {"merchant_portal"}
    assert "ORD-1-1" not in str(body)
    assert "m1" not in str(body)


def test_a_merchant_reads_who_acted_only_on_its_own_side(sold: Walk) -> None:
    shipped = walk(sold, "merchant ship line 1")
    canceled = walk(sold, "marketplace cancel line 1, reason=sold out")

    (by_merchant,) = bodies(published(shipped, sold), M1)
    (by_marketplace,) = bodies(published(canceled, sold), M1)

    assert (by_merchant["actor"], by_merchant["role"]) == ("the-merchant", "merchant")
    assert by_marketplace["event"] == "cancel_by_marketplace"
    assert by_marketplace["actor"] is None
    assert by_marketplace["cause"] is None


def test_a_customer_reads_labels_and_never_the_states_behind_them(sold: Walk) -> None:
    shipped = walk(sold, "merchant ship line 1, expected_delivery=2026-03-09")

    told = bodies(published(shipped), CUSTOMER)

    assert {body["party"] for body in told} == {"marketplace"}
    assert {(body["source"], body["target"], body["cause"]) for body in told} == {(None, None, None)}
    assert all(body["labels"].keys() == {"storefront"} for body in told)
    assert told[-1]["labels"]["storefront"]["label"] == "Shipped Expected by 2026-03-09"


def test_a_customer_reads_who_acted_only_where_it_was_the_customer() -> None:
    start = placed(order())
    by_customer = bodies(published(walk(start, "customer cancel"), start), CUSTOMER)[0]
    by_marketplace = bodies(published(walk(start, "marketplace cancel"), start), CUSTOMER)[0]

    assert by_customer["actor"] == "the-customer"
    assert (by_marketplace["actor"], by_marketplace["role"]) == (None, "marketplace")


def test_labels_say_what_is_read_once_the_whole_step_is_done() -> None:
    start = placed(order(policies=AT_ONCE))
    told = bodies(published(walk(start, "payments pay"), start), "marketplace")

    assert [body["event"] for body in told] == ["pay", "send_to_merchant", "start"]
    assert {body["labels"]["back_office"]["label"] for body in told} == {"Sent to Merchant"}
