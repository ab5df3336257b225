"""Invoices add up to the merchant order and never to more; what comes back was invoiced before.

Source: seed on the store flows, "Verifying invoice"; design, store processes, "Invoices".
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money
from domain.actors import Party, Role
from domain.commands import Command, CommandKind, CommandStatus
from domain.engine import fire, offers
from domain.invoiced import (
    fully_invoiced,
    has_invoice,
    invoiced,
    left_to_invoice,
    quantities_left,
    quantities_to_return,
    returned,
)
from domain.invoices import Invoice, InvoiceLine, InvoiceType, Tracking
from domain.invoicing import add_invoice
from domain.moment import Guard, Moment
from domain.order import Order
from domain.outcome import Intent, Outcome
from domain.refusal import Refusal, RefusalCode
from tests.builders import NOW, actor, line
from tests.builders import lines as alike
from tests.invoicing import (
    INVOICING,
    LATER,
    THEIRS,
    back,
    done,
    handled,
    output,
    refused,
    sold,
    stands,
    taken,
    theirs,
    tried,
)
from tests.toys import MARKETPLACE, MERCHANT, SELLER, SHOP


def all_of_it() -> Order:
    """Three pieces for 30.00, invoiced in full."""
    return taken(handled(), output("1", 3000, {"o1-1": 3}))


# Part by part


def test_a_part_is_invoiced_and_handling_goes_on_until_the_rest_is():
    here = taken(handled(), output("1", 1000, {"o1-1": 1}))
    assert stands(here) == "handling"
    assert (invoiced(theirs(here)), left_to_invoice(here, theirs(here))) == (1000, 2000)
    assert quantities_left(here, theirs(here)) == {"o1-1": 2}
    here = taken(here, output("2", 2000, {"o1-1": 2}))
    assert stands(here) == "invoiced"
    assert (invoiced(theirs(here)), left_to_invoice(here, theirs(here))) == (3000, 0)
    assert quantities_left(here, theirs(here)) == {"o1-1": 0}


def test_an_invoice_is_kept_as_it_came_and_its_number_type_and_value_stand_in_the_history():
    sent = replace(
        output("A-1/b_2.c"), key="k", url="https://example.org/i", courier="X", tracking_number="T"
    )
    answer = tried(handled(), sent)
    assert isinstance(answer, Outcome)
    assert theirs(answer.order).invoices == (replace(sent, recorded_at=LATER),)
    first = answer.entries[0]
    assert (first.event, first.actor, first.unit) == ("invoice", actor(SELLER), THEIRS)
    assert first.input == {"invoice": "A-1/b_2.c", "value": 1000, "type": "output"}


def test_the_tracking_of_a_new_invoice_is_not_taken_for_an_update():
    here = taken(handled(), replace(output(), tracking=Tracking(delivered=True)))
    assert theirs(here).invoices[0].tracking is None


def test_fifty_lines_of_more_than_two_billion_cents_are_invoiced_exactly():
    here = handled(*alike(50, quantity=3, unit_price=33_333_337))
    total = 50 * 3 * 33_333_337
    assert total > 2**31
    parts = money.share(total, [3, 1, 2])
    here = taken(
        here,
        output("1", parts[0], {f"o1-{n}": 3 for n in range(1, 26)}),
        output("2", parts[1], {f"o1-{n}": 1 for n in range(26, 51)}),
    )
    assert stands(here) == "handling"
    assert refused(here, output("3", parts[2] + 1, {f"o1-{n}": 2 for n in range(26, 51)})).rule == "value"
    here = taken(here, output("3", parts[2], {f"o1-{n}": 2 for n in range(26, 51)}))
    assert stands(here) == "invoiced"
    assert (invoiced(theirs(here)), left_to_invoice(here, theirs(here))) == (total, 0)
    assert set(quantities_left(here, theirs(here)).values()) == {0}


def test_the_lines_of_another_merchant_are_not_counted():
    here = handled(line(1, quantity=3))
    other = replace(line(2, merchant_id="m2", unit_price=5000), merchant_order_id="o1-m2")
    here = replace(here, lines=(*here.lines, other))
    assert left_to_invoice(here, theirs(here)) == 3000
    assert refused(here, output(pieces={"o1-2": 1})).rule == "lines"
    assert stands(taken(here, output("1", 3000, {"o1-1": 3}))) == "invoiced"


def test_the_value_left_once_every_piece_is_invoiced_needs_no_lines():
    here = taken(handled(), output("1", 2500, {"o1-1": 3}))
    again = refused(here, output("2", 500, {"o1-1": 1}))
    assert again.rule == "quantity"
    assert again.message == (
        "No piece is left to be invoiced; an invoice of the 5.00 EUR that are left has no lines."
    )
    assert stands(taken(here, output("2", 500, {}))) == "invoiced"


# The same again


def test_the_same_invoice_again_changes_nothing_wherever_the_order_stands():
    first = output("1", 1000, {"o1-1": 1})
    here = taken(handled(), first)
    full = taken(here, output("2", 2000, {"o1-1": 2}))
    for order in (here, full):
        answer = tried(order, replace(first, recorded_at=LATER, tracking=Tracking(courier="X")))
        assert answer == Outcome(order, already=(THEIRS,))


def test_the_same_invoice_is_known_by_its_lines_in_any_order_and_by_its_time_as_it_is_stored():
    here = handled(*alike(2))
    sent = output("1", 2000, {"o1-1": 1, "o1-2": 1})
    sent = replace(sent, issued_at=NOW + timedelta(microseconds=1234))
    here = taken(here, sent)
    assert theirs(here).invoices[0].issued_at == NOW + timedelta(milliseconds=1)
    answer = tried(here, replace(sent, lines=sent.lines[::-1]))
    assert answer == Outcome(here, already=(THEIRS,))


@pytest.mark.parametrize(
    "other",
    [
        output("7", 999),
        output("7", unit_price=1),
        output("7", pieces={"o1-1": 2}),
        back("7"),
        replace(output("7"), key="other"),
        replace(output("7"), issued_at=LATER),
    ],
)
def test_the_same_number_with_other_content_is_a_conflict(other: Invoice):
    no = refused(taken(handled(), output("7")), other)
    assert (no.code, no.rule) == (RefusalCode.GUARD_FAILED, "number")
    assert no.message == (
        "Invoice 7 is there already with other content (10.00 EUR, output, issued 2026-03-02);"
        " take another number."
    )


def test_a_number_is_used_once_over_both_types():
    here = taken(all_of_it(), back("R1", 500))
    assert refused(here, back("1", 500)).rule == "number"
    assert refused(here, back("R1", 400)).rule == "number"


# How it is written


@pytest.mark.parametrize("number", ["", "a b", "7\n", "7#", "x" * 61, "é", "٣"])
def test_a_number_is_letters_digits_and_a_few_signs(number: str):
    no = refused(handled(), output(number))
    assert (no.code, no.rule) == (RefusalCode.INPUT_INVALID, "number")


def test_a_number_may_have_sixty_characters():
    assert invoiced(theirs(taken(handled(), output("x" * 60)))) == 1000


@pytest.mark.parametrize("value", [0, -1])
def test_a_value_is_more_than_nothing(value: int):
    no = refused(handled(), output(value=value))
    assert (no.code, no.rule) == (RefusalCode.INPUT_INVALID, "value")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), "An invoice names at least one line"),
        ((InvoiceLine("o1-9", 1, 0),), "Line o1-9 is not one of this merchant order."),
        ((InvoiceLine("o1-1", 1, 0), InvoiceLine("o1-1", 1, 5)), "twice"),
        ((InvoiceLine("o1-1", 0, 0),), "at least 1"),
        ((InvoiceLine("o1-1", -1, 0),), "at least 1"),
        ((InvoiceLine("o1-1", 1, -1),), "unit price"),
        ((InvoiceLine("o1-1", 1, money.LARGEST + 1),), "unit price"),
    ],
)
def test_lines_are_those_of_the_merchant_order_each_once_with_pieces_and_a_price(
    lines: tuple[InvoiceLine, ...], says: str
):
    no = refused(handled(), replace(output(), lines=lines))
    assert (no.code, no.rule) == (RefusalCode.INPUT_INVALID, "lines")
    assert says in no.message


def test_an_invoice_of_a_merchant_order_that_is_not_there_is_not_found():
    for unit in ("o1-m9", "o1-1"):
        answer = add_invoice(INVOICING, handled(), unit, output(), actor(SELLER), LATER)
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.rule) == (RefusalCode.NOT_FOUND, "unit")


# Too much


def test_a_value_above_what_is_left_is_refused_with_what_is_left():
    here = taken(handled(), output("1", 1750))
    no = refused(here, output("2", 1251))
    assert (no.code, no.rule, no.state) == (RefusalCode.GUARD_FAILED, "value", "handling")
    assert no.message == "At most 12.50 EUR can still be invoiced; invoice 2 says more."
    assert stands(taken(here, output("2", 1250, {"o1-1": 2}))) == "invoiced"


def test_more_pieces_than_are_left_are_refused_with_what_is_left():
    here = taken(handled(*alike(2, quantity=2)), output("1", 100, {"o1-1": 1, "o1-2": 2}))
    no = refused(here, output("2", 100, {"o1-1": 2}))
    assert (no.code, no.rule) == (RefusalCode.GUARD_FAILED, "quantity")
    assert no.message == "At most 1 of sku-1 (line o1-1) can still be invoiced; invoice 2 says more."
    none = refused(here, output("2", 100, {"o1-2": 1}))
    assert none.message == "No piece of sku-2 (line o1-2) is left to be invoiced; take it off invoice 2."


def test_too_much_is_told_before_what_is_not_paid():
    no = refused(handled(approved=500), output(value=3001))
    assert (no.rule, no.message) == ("value", "At most 30.00 EUR can still be invoiced; invoice 7 says more.")


# Where the process says no


def test_nothing_is_invoiced_before_handling_starts():
    for value in (1000, 999_999):
        no = refused(sold(), output(value=value, pieces={"o1-1": 1}))
        assert (no.code, no.rule) == (RefusalCode.GUARD_FAILED, "invoiceable")
        assert no.message == "Start handling before you invoice it."


def test_more_than_is_approved_is_not_invoiced():
    here = taken(handled(approved=1500), output("1", 1000))
    no = refused(here, output("2", 501))
    assert (no.code, no.rule) == (RefusalCode.GUARD_FAILED, "invoiceable")
    assert no.message == (
        "15.00 EUR are approved for it and with this its invoices come to 15.01 EUR;"
        " the rest must be paid first."
    )
    assert invoiced(theirs(taken(here, output("2", 500)))) == 1500


def test_money_that_is_in_already_covers_invoices_too():
    here = handled(approved=0)
    here = here.with_lines([replace(here.lines[0], captured=3000)])
    assert stands(taken(here, output("1", 3000, {"o1-1": 3}))) == "invoiced"


def test_a_canceled_order_says_so_whatever_the_invoice_says():
    here = done(handled(), "cancel")
    for value in (1000, 999_999):
        no = refused(here, output(value=value))
        assert (no.code, no.message) == (
            RefusalCode.TRANSITION_NOT_ALLOWED,
            "It was canceled; do not send it.",
        )


def test_one_invoice_more_than_all_of_it_is_refused_not_taken_for_the_last_one_again():
    no = refused(all_of_it(), output("2", 1))
    assert (no.code, no.state) == (RefusalCode.TRANSITION_NOT_ALLOWED, "invoiced")
    assert "take_back" in no.message


def test_who_may_not_invoice_reads_what_the_machine_says_that_it_looks_at():
    no = refused(handled(), output(), actor(Role.CUSTOMER))
    assert (no.code, no.state, no.event) == (RefusalCode.TRANSITION_NOT_ALLOWED, "sent", "invoice")
    answer = tried(handled(), output(), actor(Role.LOGISTICS))
    assert isinstance(answer, Outcome)
    assert answer.entries[0].actor.role is Role.LOGISTICS


def test_a_locked_state_refuses_invoices():
    here = handled()
    merchant = theirs(here).positions[MERCHANT]
    stuck = replace(
        theirs(here), positions={**theirs(here).positions, MERCHANT: replace(merchant, state="invoice")}
    )
    no = refused(here.with_unit(stuck), output(value=999_999))
    assert (no.code, no.state) == (RefusalCode.TRANSITION_NOT_ALLOWED, "invoice")


def test_after_the_first_invoice_nothing_is_canceled_and_the_way_back_is_named():
    here = taken(handled(), output())
    no = fire(INVOICING, here, Intent("cancel", THEIRS, MERCHANT, actor(SELLER)), LATER)
    assert isinstance(no, Refusal)
    assert (no.rule, "Input invoice" in no.message) == ("nothing_invoiced", True)


def test_what_is_left_is_told_to_who_would_finish_too_early():
    here = taken(handled(), output())
    [finish] = [o for o in offers(INVOICING, here, theirs(here), actor(SELLER), NOW) if o.event == "finish"]
    assert finish.refusal is not None
    assert finish.refusal.message == "20.00 EUR of it are left to invoice; invoice that first."


def test_money_that_goes_back_because_the_total_fell_covers_nothing():
    here = handled()
    refund = Command("o1-c1", CommandKind.REFUND, THEIRS, 500, CommandStatus.DONE, NOW)
    here = replace(here, commands=(refund,))
    no = refused(here, output("1", 2501))
    assert (no.rule, no.message.split(" ", 1)[0]) == ("invoiceable", "25.00")
    assert invoiced(theirs(taken(here, output("1", 2500)))) == 2500


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (fully_invoiced, "30.00 EUR of it are left to invoice; invoice that first."),
        (has_invoice, "There is no invoice yet; what is shipped is tracked by its invoice."),
    ],
)
def test_a_question_answered_no_says_what_is_left(question: Guard, says: str):
    here = handled()
    position = theirs(here).positions[MERCHANT]
    moment = Moment(here, theirs(here), position, "finish", actor(SELLER), {}, NOW)
    assert not question.holds(moment)
    assert question.refusal(moment) == says


def test_once_a_lower_total_is_invoiced_already_the_rest_is_finished_without_an_invoice():
    here = taken(handled(), output("1", 2000, {"o1-1": 2}))
    here = here.with_lines([replace(here.lines[0], quantity=2)])
    assert stands(done(here, "finish")) == "invoiced"


# Coming back


def test_what_is_invoiced_comes_back_part_by_part_and_the_order_stays_invoiced():
    here = taken(all_of_it(), back("R1", 700, {"o1-1": 1}))
    assert (stands(here), invoiced(theirs(here)), returned(theirs(here))) == ("invoiced", 3000, 700)
    assert quantities_to_return(theirs(here)) == {"o1-1": 2}
    here = taken(here, back("R2", 2300, {"o1-1": 2}))
    assert (returned(theirs(here)), quantities_to_return(theirs(here))) == (3000, {"o1-1": 0})
    assert refused(here, back("R3", 1, {})).message == "Nothing is left to be taken back."


def test_a_return_stands_in_the_history():
    answer = tried(all_of_it(), back("R1", 700))
    assert isinstance(answer, Outcome)
    [entry] = answer.entries
    assert (entry.event, entry.input) == ("take_back", {"invoice": "R1", "value": 700, "type": "input"})


@pytest.mark.parametrize(("role", "party"), [(SELLER, MERCHANT), (SHOP, MARKETPLACE)])
def test_the_machine_that_lists_a_return_for_this_role_takes_it(role: Role, party: Party):
    answer = tried(all_of_it(), back(), actor(role))
    assert isinstance(answer, Outcome)
    assert [(entry.party, entry.actor.role) for entry in answer.entries] == [(party, role)]


def test_of_what_costs_nothing_nothing_is_invoiced_and_nothing_comes_back():
    here = handled(line(unit_price=0))
    assert refused(here, output(value=1)).message == "Nothing is left to be invoiced."
    assert refused(here, back(value=1)).rule == "not_invoiced"


def test_nothing_comes_back_before_all_of_it_is_invoiced():
    none = refused(handled(), back())
    assert (none.code, none.rule) == (RefusalCode.GUARD_FAILED, "not_invoiced")
    assert none.message == "Nothing of it is invoiced, so there is nothing to take back."
    part = refused(taken(handled(), output()), back())
    assert (part.code, part.rule) == (RefusalCode.GUARD_FAILED, "not_invoiced")
    assert part.message == "20.00 EUR of it are left to invoice; it can be taken back once all is invoiced."


def test_no_more_comes_back_than_was_invoiced():
    here = taken(all_of_it(), back("R1", 1000))
    value = refused(here, back("R2", 2001))
    assert (value.rule, value.message) == (
        "value",
        "At most 20.00 EUR can still be taken back; invoice R2 says more.",
    )
    pieces = refused(here, back("R2", 100, {"o1-1": 3}))
    assert (pieces.rule, pieces.message) == (
        "quantity",
        "At most 2 of sku-1 (line o1-1) can still be taken back; invoice R2 says more.",
    )


def test_a_line_that_was_on_no_invoice_does_not_come_back():
    here = taken(handled(*alike(2)), output("1", 2000, {"o1-1": 1}))
    assert stands(here) == "invoiced"
    no = refused(here, back("R1", 100, {"o1-2": 1}))
    assert (no.rule, no.message) == (
        "quantity",
        "No piece of sku-2 (line o1-2) is left to be taken back; take it off invoice R1.",
    )


# Whatever is sent

PIECES = st.dictionaries(st.sampled_from(["o1-1", "o1-2", "o1-3"]), st.integers(0, 4), max_size=3)


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    """Any invoice, now and then a return, now and then one that is too large."""
    number = draw(st.sampled_from("123456789"))
    value = draw(st.sampled_from([0, 1, 700, 1500, 3000, 6000]) | st.integers(-1, 7000))
    invoice = output(number, value, draw(PIECES))
    return replace(invoice, type=draw(st.sampled_from([InvoiceType.OUTPUT, *InvoiceType])))


@given(sent=st.lists(invoices(), max_size=12), approved=st.sampled_from([None, 1500]))
def test_whatever_is_sent_invoices_never_come_to_more_than_the_order(
    sent: list[Invoice], approved: int | None
):
    here = handled(*alike(3, quantity=2), approved=approved)
    for invoice in sent:
        answer = tried(here, invoice)
        before, here = here, answer.order if isinstance(answer, Outcome) else here
        now = theirs(here)
        assert len(now.invoices) == len(theirs(before).invoices) + bool(
            isinstance(answer, Outcome) and answer.entries
        )
        assert 0 <= returned(now) <= invoiced(now) <= sum(max(x.approved, x.captured) for x in here.lines)
        assert left_to_invoice(here, now) >= 0
        assert min(quantities_left(here, now).values()) >= 0
        assert min(quantities_to_return(now).values(), default=0) >= 0
        assert len({i.number for i in now.invoices}) == len(now.invoices)
        assert (stands(here) == "invoiced") == (left_to_invoice(here, now) == 0)
        assert all(tried(here, known) == Outcome(here, already=(THEIRS,)) for known in now.invoices)
