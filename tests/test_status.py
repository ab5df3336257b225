"""What each audience reads: every row of the seed's status tables, and the roll-ups over several lines.

Source: seed on the marketplace and merchant state machines, all tables; design, "What each audience reads".
"""

from datetime import date, timedelta

import pytest

from domain.actors import Audience
from domain.engine import place
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from domain.status import Count, Status, status_of_merchant_order, status_of_order, status_of_unit
from domain.words import on, says
from tests.builders import NOW, Walk, actor, line, lines, order, policies, walk
from tests.toys import BUYER, MARKETPLACE, MERCHANT, SHOP, fired, mkt, st, toy

BACK_OFFICE, PORTAL, STOREFRONT = Audience.BACK_OFFICE, Audience.MERCHANT_PORTAL, Audience.STOREFRONT

PAID = ("payments pay",)
SENT = (*PAID, "30 minutes later")
SHIPPED = (*SENT, "merchant ship, expected_delivery=2026-03-09")
DELIVERED = (*SHIPPED, "merchant deliver, delivered_on=2026-03-02")
RETURN = (*DELIVERED, "customer request_return")
REJECTED = (*RETURN, "merchant reject_return, reason=worn")
CANCELED = (*PAID, "customer cancel")
BY_MERCHANT = (*SENT, "merchant cancel, reason=broken")
BY_MARKETPLACE = (*SENT, "marketplace cancel, reason=recalled")
DUE_9TH, ON_2ND = "Shipped Expected by 2026-03-09", "Delivered on 2026-03-02"

TABLE = [
    # The seed's tables, in its order.
    ("new", (), "New", None, "Confirmed / Accepted"),
    ("paid", PAID, "Paid", None, "In Progress"),
    ("canceled before the split", CANCELED, "Canceled", None, "Canceled"),
    ("refunded", (*CANCELED, "marketplace refund"), "Refunded", None, "Refunded"),
    ("sent to merchant", SENT, "Sent to Merchant", "New", "In Progress"),
    ("canceled by merchant", BY_MERCHANT, "Canceled", "Canceled by Merchant", "Canceled"),
    ("shipped", SHIPPED, "Shipped by Merchant", "Shipped", DUE_9TH),
    ("delivered", DELIVERED, "Delivered", "Delivered", ON_2ND),
    ("closed after delivery", (*DELIVERED, "30 days later"), "Delivered", "Delivered", ON_2ND),
    # What the design adds.
    ("canceled unpaid", ("customer cancel",), "Canceled", None, "Canceled"),
    ("expired unpaid", ("7 days later",), "Canceled", None, "Canceled"),
    ("closed unpaid", ("customer cancel", "14 days later"), "Canceled", None, "Canceled"),
    ("canceled by marketplace", BY_MARKETPLACE, "Canceled", "Canceled by Marketplace", "Canceled"),
    ("shipped without a date", (*SENT, "merchant ship"), "Shipped by Merchant", "Shipped", "Shipped"),
    (
        "refunded after the merchant canceled",
        (*BY_MERCHANT, "marketplace refund"),
        "Refunded",
        "Canceled by Merchant",
        "Refunded",
    ),
    (
        "closed after a refund",
        (*CANCELED, "marketplace refund", "14 days later"),
        "Refunded",
        None,
        "Refunded",
    ),
    (
        "closed after the merchant canceled and a refund",
        (*BY_MERCHANT, "marketplace refund", "14 days later"),
        "Refunded",
        "Canceled by Merchant",
        "Refunded",
    ),
    ("return asked for", RETURN, "Waiting for Return", "Waiting for Return", "Return Requested"),
    ("return rejected", REJECTED, "Return Rejected", "Return Rejected", "Return Rejected"),
    ("shipped back", (*REJECTED, "merchant ship_back"), "Shipped Back", "Shipped Back", "Shipped Back"),
    (
        "delivered again",
        (*REJECTED, "merchant ship_back", "1 day later", "merchant deliver"),
        "Delivered",
        "Delivered",
        "Delivered on 2026-03-03",
    ),
    ("returned", (*RETURN, "merchant receive_return"), "Returned", "Returned", "Returned"),
    (
        "return refunded",
        (*RETURN, "merchant receive_return", "marketplace refund"),
        "Refunded",
        "Refunded",
        "Refunded",
    ),
    (
        "closed after a returned line was refunded",
        (*RETURN, "merchant receive_return", "marketplace refund", "14 days later"),
        "Refunded",
        "Refunded",
        "Refunded",
    ),
]
CENTER_TABLE = [
    ("sent to merchant", SENT, "Sent to Merchant", "New", "In Progress"),
    (
        "left merchant",
        (*SENT, "merchant send_to_distribution"),
        "Sent to Merchant",
        "Left Merchant",
        "In Progress",
    ),
    (
        "at the center",
        (*SENT, "merchant send_to_distribution", "logistics confirm_at_center"),
        "Sent to Merchant",
        "At Distribution Center",
        "In Progress",
    ),
]


def label(here: Walk, audience: Audience, number: int = 1) -> str | None:
    status = status_of_unit(here.process, here.order, here.line(number), audience)
    return status.label if status else None


@pytest.mark.parametrize(
    ("sentences", "back_office", "portal", "storefront"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_each_audience_reads_what_the_tables_say(
    sentences: tuple[str, ...], back_office: str, portal: str | None, storefront: str
):
    here = walk(order(), *sentences)
    assert [label(here, a) for a in (BACK_OFFICE, PORTAL, STOREFRONT)] == [back_office, portal, storefront]
    # One line alone is what its order and its merchant order read, too.
    rolled = {a: status_of_order(here.process, here.order, a) for a in Audience}
    assert [s and s.label for s in rolled.values()] == [back_office, portal, storefront]
    for merchant_order in here.order.merchant_orders:
        for a in Audience:
            assert status_of_merchant_order(here.process, here.order, merchant_order, a) == rolled[a]


@pytest.mark.parametrize(
    ("sentences", "back_office", "portal", "storefront"),
    [row[1:] for row in CENTER_TABLE],
    ids=[row[0] for row in CENTER_TABLE],
)
def test_a_merchant_with_a_distribution_center_reads_its_own_steps(
    sentences: tuple[str, ...], back_office: str, portal: str, storefront: str
):
    settings = policies({"m1": {"merchant_process": "merchant-distribution"}})
    here = walk(order(policies=settings), *sentences)
    assert [label(here, a) for a in (BACK_OFFICE, PORTAL, STOREFRONT)] == [back_office, portal, storefront]


CLOSABLE = [
    (DELIVERED, "30 days later"),
    (DELIVERED, "marketplace close"),
    ((*CANCELED, "marketplace refund"), "14 days later"),
    ((*BY_MERCHANT, "marketplace refund"), "14 days later"),
    ((*RETURN, "merchant receive_return", "marketplace refund"), "marketplace close"),
    (("customer cancel",), "14 days later"),
]


@pytest.mark.parametrize(("sentences", "closing"), CLOSABLE)
def test_closing_changes_nothing_that_people_read(sentences: tuple[str, ...], closing: str):
    before = walk(order(), *sentences)
    after = walk(before, closing)
    assert after.state(MARKETPLACE) == "closed"
    for audience in Audience:
        read, reads = (status_of_unit(w.process, w.order, w.line(), audience) for w in (before, after))
        assert reads == read, "label, key and date"
        assert status_of_order(after.process, after.order, audience) == status_of_order(
            before.process, before.order, audience
        )


def test_a_return_reads_as_refunded_to_the_merchant_even_when_it_closes_at_once():
    settings = policies(refund_close_after=timedelta(0))
    here = walk(order(policies=settings), *RETURN, "merchant receive_return", "marketplace refund")
    assert here.state(MARKETPLACE) == here.state(MERCHANT) == "closed"
    assert label(here, PORTAL) == "Refunded"


def test_dates_come_as_values_too_and_without_one_the_label_ends_before_it():
    with_date = walk(order(), *SHIPPED)
    assert status_of_unit(with_date.process, with_date.order, with_date.line(), STOREFRONT) == Status(
        "shipped",
        "Shipped Expected by 2026-03-09",
        "marketplace-merchant.storefront.shipped",
        date(2026, 3, 9),
    )
    without = walk(order(), *SENT, "merchant ship")
    assert status_of_unit(without.process, without.order, without.line(), STOREFRONT) == Status(
        "shipped", "Shipped", "marketplace-merchant.storefront.shipped", None
    )
    assert label(with_date, BACK_OFFICE) == "Shipped by Merchant", "its label has no date"


def test_only_the_storefront_reads_the_date():
    here = walk(order(), *DELIVERED)
    dates = {a: status_of_unit(here.process, here.order, here.line(), a) for a in Audience}
    assert {a: s and s.date for a, s in dates.items()} == {
        BACK_OFFICE: None,
        PORTAL: None,
        STOREFRONT: date(2026, 3, 2),
    }


# Roll-ups


def rolled(here: Walk, audience: Audience) -> Status:
    status = status_of_order(here.process, here.order, audience)
    assert status is not None
    return status


def test_an_order_of_which_part_is_further_reads_partly_with_counts():
    here = walk(
        order(*lines(3)), "payments pay", "30 minutes later", "merchant ship line 1", "merchant ship line 3"
    )
    assert rolled(here, BACK_OFFICE) == Status(
        "partly_shipped_by_merchant",
        "Partly Shipped by Merchant (2 of 3)",
        "marketplace-merchant.back_office.partly_shipped_by_merchant",
        None,
        (
            Count("shipped_by_merchant", "Shipped by Merchant", 2),
            Count("sent_to_merchant", "Sent to Merchant", 1),
        ),
    )
    assert rolled(here, PORTAL).label == "Partly Shipped (2 of 3)"
    assert rolled(here, STOREFRONT).label == "Partly Shipped (2 of 3)"


def test_partly_names_the_furthest_and_counts_it_alone():
    here = walk(
        order(*lines(4)),
        "payments pay",
        "customer cancel line 4",
        "30 minutes later",
        "merchant ship line 1",
        "merchant ship line 2",
        "merchant deliver line 1",
    )
    status = rolled(here, BACK_OFFICE)
    assert status.label == "Partly Delivered (1 of 4)"
    assert [(row.label, row.count) for row in status.counts] == [
        ("Delivered", 1),
        ("Shipped by Merchant", 1),
        ("Sent to Merchant", 1),
        ("Canceled", 1),
    ]
    assert sum(row.count for row in status.counts) == 4


def test_states_that_read_alike_are_one_row():
    here = walk(order(*lines(3)), "payments pay", "marketplace send_to_merchant line 2")
    assert rolled(here, BACK_OFFICE).label == "Partly Sent to Merchant (1 of 3)"
    assert rolled(here, STOREFRONT) == Status(
        "in_progress",
        "In Progress",
        "marketplace-merchant.storefront.in_progress",
        None,
        (Count("in_progress", "In Progress", 3),),
    )


def test_lines_that_an_audience_does_not_read_are_not_counted():
    here = walk(
        order(*lines(3)), "payments pay", "customer cancel line 1", "30 minutes later", "merchant ship line 2"
    )
    assert rolled(here, PORTAL).label == "Partly Shipped (1 of 2)"
    assert rolled(here, BACK_OFFICE).label == "Partly Shipped by Merchant (1 of 3)"


def test_an_audience_reads_nothing_while_no_line_has_anything_for_it():
    here = walk(order(*lines(2)), "payments pay")
    assert status_of_order(here.process, here.order, PORTAL) is None


def test_a_merchant_order_rolls_up_its_own_lines_only():
    here = walk(
        order(line(1), line(2), line(3, merchant_id="m2")),
        "payments pay",
        "30 minutes later",
        "merchant ship line 1",
        "merchant ship line 2",
    )
    read = {
        m.merchant_id: status_of_merchant_order(here.process, here.order, m, PORTAL)
        for m in here.order.merchant_orders
    }
    assert {merchant: s and s.label for merchant, s in read.items()} == {"m1": "Shipped", "m2": "New"}
    assert rolled(here, BACK_OFFICE).label == "Partly Shipped by Merchant (2 of 3)"


def test_lines_that_agree_but_for_the_date_read_the_label_without_one():
    sentences = ("payments pay", "30 minutes later", "merchant ship line 1, expected_delivery=2026-03-09")
    same = walk(order(*lines(2)), *sentences, "merchant ship line 2, expected_delivery=2026-03-09")
    assert (rolled(same, STOREFRONT).label, rolled(same, STOREFRONT).date) == (
        "Shipped Expected by 2026-03-09",
        date(2026, 3, 9),
    )
    for other in ("merchant ship line 2, expected_delivery=2026-03-10", "merchant ship line 2"):
        differ = walk(order(*lines(2)), *sentences, other)
        assert (rolled(differ, STOREFRONT).label, rolled(differ, STOREFRONT).date) == ("Shipped", None)


def test_a_partly_label_names_no_date():
    here = walk(
        order(*lines(2)), *SENT[:1], "30 minutes later", "merchant ship line 1, expected_delivery=2026-03-09"
    )
    assert (rolled(here, STOREFRONT).label, rolled(here, STOREFRONT).date) == (
        "Partly Shipped (1 of 2)",
        None,
    )


def test_a_part_of_a_line_counts_as_a_line():
    here = walk(order(line(quantity=3)), "payments pay", "30 minutes later", "merchant ship 1 of line 1")
    assert rolled(here, STOREFRONT).label == "Partly Shipped (1 of 2)"


def test_counts_stand_furthest_first_whatever_the_order_of_the_lines():
    """Two states may read alike with a third between them: the furthest of them says where they rank."""
    process = toy(
        mkt(
            "a",
            a=st(on("go", by=(SHOP,), to="b"), labels=says("Same")),
            b=st(on("go", by=(SHOP,), to="c"), labels=says("Between")),
            c=st(labels=says("Same")),
        )
    )
    for furthest in ("o1-1", "o1-3"):
        here = place(process, order(*lines(3), process=process), actor(BUYER), NOW).order
        here = fired(process, here, "go", SHOP, unit=furthest).order
        here = fired(process, here, "go", SHOP, unit=furthest, by=actor(SHOP, "another")).order
        here = fired(process, here, "go", SHOP, unit="o1-2").order
        status = status_of_order(process, here, BACK_OFFICE)
        assert status is not None
        assert [(row.label, row.count) for row in status.counts] == [("Same", 2), ("Between", 1)]
        assert status.label == "Partly Same (2 of 3)"


def test_every_label_of_the_process_has_one_text_per_code():
    """The code is what programs read: it must not stand for two texts."""
    for audience, [party] in MARKETPLACE_MERCHANT.reads.items():
        texts: dict[str, set[str]] = {}
        for machine in MARKETPLACE_MERCHANT.variants(party):
            for state in machine.states.values():
                if read := state.labels[audience]:
                    texts.setdefault(read.code, set()).add(read.text)
        assert all(len(found) == 1 for found in texts.values()), audience
        assert texts


def test_codes_are_made_of_letters_digits_and_underscores():
    here = walk(order())
    assert rolled(here, STOREFRONT).code == "confirmed_accepted"
