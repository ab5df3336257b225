"""Tracking belongs to an invoice, adds to what is known of its shipment, and moves nothing.

Source: seed on the store flows, "Invoiced"; design, store processes, "Invoices".
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actors import Actor, Role
from domain.invoiced import delivered, tracked
from domain.invoices import Tracking, TrackingEvent
from domain.invoicing import add_invoice
from domain.order import Order
from domain.outcome import Outcome
from domain.refusal import Refusal, RefusalCode
from domain.tracking import update_tracking
from tests.builders import NOW, actor
from tests.invoicing import INVOICING, LATER, THEIRS, back, done, handled, output, stands, taken, theirs
from tests.toys import SELLER

PICKED_UP = TrackingEvent(NOW, "picked up", "Lisbon", "LX")
SORTED = TrackingEvent(NOW + timedelta(minutes=5), "sorted", "Porto")


def two_parts() -> Order:
    """Two Output invoices, 1 and 2, that come to all of it."""
    return taken(handled(), output("1", 1000, {"o1-1": 1}), output("2", 2000, {"o1-1": 2}))


def tried(here: Order, tracking: Tracking, number: str = "1", by: Actor | None = None) -> Outcome | Refusal:
    return update_tracking(INVOICING, here, THEIRS, number, tracking, by or actor(SELLER), LATER)


def told(here: Order, tracking: Tracking, number: str = "1") -> Order:
    answer = tried(here, tracking, number)
    assert isinstance(answer, Outcome), answer
    assert answer.entries, "it was known already"
    return answer.order


def refused(here: Order, tracking: Tracking, number: str = "1") -> Refusal:
    answer = tried(here, tracking, number)
    assert isinstance(answer, Refusal), "it was taken"
    return answer


def known(here: Order, at: int = 0) -> Tracking | None:
    return theirs(here).invoices[at].tracking


def test_what_is_told_is_kept_with_its_invoice_and_stands_in_the_history():
    here = two_parts()
    sent = Tracking("X", "T1", "https://example.org/T1", (PICKED_UP,))
    answer = tried(here, sent)
    assert isinstance(answer, Outcome)
    assert (known(answer.order), known(answer.order, 1)) == (sent, None)
    [entry] = answer.entries
    assert (entry.event, entry.source, entry.target) == ("update_tracking", "invoiced", "invoiced")
    assert entry.input == {"invoice": "1", "tracking_number": "T1", "delivered": False}


def test_a_part_is_tracked_while_the_rest_is_handled():
    here = told(taken(handled(), output("1")), Tracking("X"))
    assert (stands(here), tracked(here, theirs(here))) == ("handling", True)


def test_an_invoice_that_is_tracked_is_still_the_same_invoice():
    here = told(two_parts(), Tracking("X"))
    again = add_invoice(INVOICING, here, THEIRS, output("1", 1000, {"o1-1": 1}), actor(SELLER), LATER)
    assert again == Outcome(here, already=(THEIRS,))


def test_an_update_that_knows_no_number_names_none_in_the_history():
    answer = tried(two_parts(), Tracking())
    assert isinstance(answer, Outcome)
    assert answer.entries[0].input == {"invoice": "1", "delivered": False}


def test_it_is_tracked_from_the_first_update_and_delivered_once_every_invoice_is():
    def reads(here: Order) -> tuple[bool, bool]:
        return tracked(here, theirs(here)), delivered(here, theirs(here))

    here = two_parts()
    assert reads(here) == (False, False)
    here = told(here, Tracking("X"))
    assert reads(here) == (True, False)
    here = told(here, Tracking(delivered=True))
    assert reads(here) == (True, False)
    here = told(here, Tracking(delivered=True), "2")
    assert reads(here) == (True, True)
    assert reads(taken(here, back())) == (True, True)


def test_what_has_no_invoice_is_neither_tracked_nor_delivered():
    here = handled()
    assert not delivered(here, theirs(here))
    assert not tracked(here, here.lines[0])


def test_what_is_not_said_again_stays_and_events_join_those_known_in_the_order_of_their_times():
    here = told(two_parts(), Tracking("X", "T1", None, (SORTED,)))
    here = told(here, Tracking(None, None, "https://example.org/T1", (PICKED_UP, SORTED, PICKED_UP)))
    assert known(here) == Tracking("X", "T1", "https://example.org/T1", (PICKED_UP, SORTED))


def test_the_same_again_changes_nothing():
    sent = Tracking(
        "X", "T1", None, (replace(SORTED, at=NOW + timedelta(microseconds=1234)),), delivered=True
    )
    here = told(two_parts(), sent)
    again = update_tracking(INVOICING, here, THEIRS, "1", sent, actor(SELLER), LATER + timedelta(hours=1))
    assert again == Outcome(here, already=(THEIRS,))


def test_a_delivery_without_its_time_is_now_and_its_time_can_be_put_right():
    here = told(two_parts(), Tracking(delivered=True))
    assert known(here) == Tracking(delivered=True, delivered_at=LATER)
    here = told(here, Tracking(delivered=True, delivered_at=NOW))
    assert known(here) == Tracking(delivered=True, delivered_at=NOW)


def test_what_was_delivered_stays_delivered():
    here = told(two_parts(), Tracking(delivered=True))
    no = refused(here, Tracking("X"))
    assert (no.code, no.rule) == (RefusalCode.GUARD_FAILED, "delivered")
    assert no.message == "What is on invoice 1 was delivered already; that cannot be taken back."


@pytest.mark.parametrize(
    ("sent", "rule"),
    [
        (Tracking(events=(replace(SORTED, at=LATER + timedelta(days=1, seconds=1)),)), "events"),
        (Tracking(delivered=True, delivered_at=LATER + timedelta(days=1, seconds=1)), "delivered_at"),
        (Tracking(delivered_at=NOW), "delivered_at"),
    ],
)
def test_nothing_is_told_of_the_future_nor_when_it_was_delivered_if_it_was_not(sent: Tracking, rule: str):
    no = refused(two_parts(), sent)
    assert (no.code, no.rule) == (RefusalCode.INPUT_INVALID, rule)


def test_a_clock_may_be_a_day_ahead():
    ahead = LATER + timedelta(days=1)
    sent = Tracking(events=(replace(SORTED, at=ahead),), delivered=True, delivered_at=ahead)
    assert known(told(two_parts(), sent)) == sent


def test_only_an_output_invoice_that_is_there_is_tracked():
    here = taken(two_parts(), back("R1"))
    unknown = refused(here, Tracking("X"), "9")
    assert (unknown.code, unknown.rule) == (RefusalCode.GUARD_FAILED, "invoice")
    assert unknown.message == "There is no invoice 9 that ships anything; those that do: 1, 2."
    assert refused(handled(), Tracking("X")).message.endswith("those that do: none yet.")
    back_again = refused(here, Tracking("X"), "R1")
    assert back_again.rule == "invoice"
    assert (
        back_again.message == "Invoice R1 takes goods back; only what an Output invoice ships can be tracked."
    )


def test_who_may_not_track_reads_what_the_machine_says_that_it_looks_at():
    answer = tried(two_parts(), Tracking("X"), by=actor(Role.CUSTOMER))
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.state) == (RefusalCode.TRANSITION_NOT_ALLOWED, "sent")


def test_tracking_of_a_merchant_order_that_is_not_there_is_not_found():
    answer = update_tracking(
        INVOICING, done(handled(), "cancel"), "o1-m9", "1", Tracking(), actor(SELLER), NOW
    )
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.rule) == (RefusalCode.NOT_FOUND, "unit")
