"""Money of merchant orders: what the provider is asked, what it did, and sums that stay exact throughout."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.acknowledging import acknowledge_command, retry_command
from domain.actors import Party, Role
from domain.booking import balanced, open_commands
from domain.changes import stop_payments
from domain.commands import Command, CommandKind, CommandStatus
from domain.engine import fire, place
from domain.invoiced import invoiced, left_to_invoice
from domain.invoices import Invoice, InvoiceType
from domain.money import LARGEST
from domain.order import MerchantOrder, Order, Payment, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due, due_of, paid, taken
from domain.process import STAY, UnitKind
from domain.processes.policies import PAYMENT_PROVIDER
from domain.refusal import Refusal, RefusalCode
from domain.settlement import (
    capture_invoice,
    captured,
    confirm_commands,
    fully_invoiced_and_captured,
    nothing_on_its_way,
    partly_invoiced_and_captured,
    refund_return,
    return_money,
    unit_paid,
)
from domain.words import auto, on
from tests import toys
from tests.builders import NOW, actor, line, order, policies

BANK, SHOP, SELLER = Role.PAYMENTS, Role.MARKETPLACE, Role.MERCHANT
VOID, CAPTURE, REFUND = CommandKind.VOID, CommandKind.CAPTURE, CommandKind.REFUND
PENDING, DONE, REFUSED = CommandStatus.PENDING, CommandStatus.DONE, CommandStatus.REFUSED
FIRST, SECOND = "o1-m1", "o1-m2"

CANCEL = on("cancel", by=(SHOP,), to="canceling", does=(stop_payments, return_money))
INVOICE = on("invoice", by=(SELLER,), to="verifying", does=(capture_invoice,))

PROCESS = replace(
    toys.toy(
        toys.mkt(
            "pending",
            pending=toys.st(on("approve", by=(BANK, SHOP), to="approved", if_=unit_paid), CANCEL),
            approved=toys.st(INVOICE, CANCEL),
            verifying=toys.st(
                auto("settle", to="invoiced", if_=fully_invoiced_and_captured),
                auto("more", to="approved", if_=partly_invoiced_and_captured),
                on("wait", by=(SHOP,), to=STAY, if_=captured),
                on("remind", by=(SHOP,), to=STAY, does=(capture_invoice,)),
            ),
            invoiced=toys.st(on("take_back", by=(SELLER,), to=STAY, does=(refund_return,))),
            canceling=toys.st(
                auto("confirm", to="canceled", if_=nothing_on_its_way),
                on("confirm", by=(BANK,), to="canceled", does=(confirm_commands,)),
            ),
            canceled=toys.st(),
        ),
        policies=(PAYMENT_PROVIDER,),
        unit=UnitKind.MERCHANT_ORDER,
    ),
    pays="approve",
    captures_later=True,
)


def start(*prices: int, provider: str = "built_in", second: tuple[int, ...] = ()) -> Order:
    """A placed order: these prices of merchant m1's lines, and those of m2's when there are any."""
    first = [line(n, unit_price=price) for n, price in enumerate(prices, 1)]
    more = [line(n, merchant_id="m2", unit_price=price) for n, price in enumerate(second, len(first) + 1)]
    lines = [
        *(replace(each, merchant_order_id=FIRST) for each in first),
        *(replace(each, merchant_order_id=SECOND) for each in more),
    ]
    parts = [MerchantOrder(FIRST, "ORD-1-1", "m1", NOW)]
    if second:
        parts.append(MerchantOrder(SECOND, "ORD-1-2", "m2", NOW))
    here = order(*lines, process=PROCESS, policies=policies({}, PROCESS, payment_provider=provider))
    return place(PROCESS, replace(here, merchant_orders=tuple(parts)), actor(SHOP), NOW).order


def pay(here: Order, amount: int | None = None, **more: Any) -> Order:
    """Record a payment, of all that is due unless an amount is given."""
    number = len(here.payments) + 1
    amount = due(here) if amount is None else amount
    return taken_(record_payment(PROCESS, here, f"p{number}", amount, actor(BANK), NOW, **more))


def do(here: Order, event: str, role: Role, unit: str = FIRST, **given: Value) -> Order:
    """Fire one event on a merchant order, which must be taken."""
    return taken_(fire(PROCESS, here, Intent(event, unit, Party.MARKETPLACE, actor(role), given), NOW))


def invoice(here: Order, value: int, unit: str = FIRST, event: str = "invoice") -> Order:
    """Add an invoice of this value and fire its event."""
    theirs = here.merchant_order(unit)
    assert theirs is not None
    number = f"N{len(theirs.invoices) + 1}"
    type = InvoiceType.OUTPUT if event == "invoice" else InvoiceType.INPUT
    made = Invoice(number, type, value, NOW, NOW, ())
    here = here.with_unit(replace(theirs, invoices=(*theirs.invoices, made)))
    return do(here, event, SELLER, unit, invoice=number, value=value)


def change(here: Order, *prices: int) -> Order:
    """Change what the lines of m1 cost, one after the other."""
    lines = here.lines_of(FIRST)
    changed = (replace(each, unit_price=price) for each, price in zip(lines, prices, strict=True))
    return balanced(here.with_lines(changed), FIRST, NOW)


def settled(here: Order, id: str, done: bool = True, role: Role = BANK, **more: Any) -> Outcome | Refusal:
    """Acknowledge a command."""
    more.setdefault("answer", None)
    return acknowledge_command(PROCESS, here, id, done=done, actor=actor(role), now=NOW, **more)


def again(here: Order, id: str, role: Role = SHOP) -> Outcome | Refusal:
    """Retry a command."""
    return retry_command(PROCESS, here, id, actor(role), NOW)


def taken_(answer: Outcome | Refusal) -> Order:
    assert isinstance(answer, Outcome), answer
    return answer.order


def refusal(answer: Outcome | Refusal) -> Refusal:
    assert isinstance(answer, Refusal), "it was taken"
    return answer


def state(here: Order, unit: str = FIRST) -> str:
    theirs = here.merchant_order(unit)
    assert theirs is not None
    return theirs.positions[Party.MARKETPLACE].state


def asked_for(here: Order) -> list[tuple[str, CommandKind, int, CommandStatus]]:
    return [(c.id, c.kind, c.amount, c.status) for c in here.commands]


def money(here: Order, what: str) -> list[int]:
    return [getattr(each, what) for each in here.lines]


# Payments


def test_a_payment_is_approved_and_not_captured_yet():
    here = pay(start(600, 400))
    assert (state(here), due(here)) == ("approved", 0)
    assert (money(here, "approved"), money(here, "captured")) == ([600, 400], [0, 0])
    assert here.commands == ()


def test_money_that_is_in_already_is_approved_and_captured():
    here = pay(start(600, 400), captured=True)
    assert (money(here, "approved"), money(here, "captured")) == ([600, 400], [600, 400])
    assert here.payments == (Payment("p1", 1000, NOW, "the-payments", captured=True),)


def test_the_payment_fires_only_once_nothing_is_due_for_any_merchant():
    here = pay(start(600, second=(400,)), 999)
    assert (state(here), state(here, SECOND)) == ("pending", "pending")
    here = pay(here)
    assert (state(here), state(here, SECOND)) == ("approved", "approved")


def test_the_same_payment_again_changes_nothing_but_captured_or_not_tells_payments_apart():
    here = pay(start(600, 400))
    same = record_payment(PROCESS, here, "p1", 1000, actor(BANK), NOW)
    assert isinstance(same, Outcome)
    assert (same.order, same.entries) == (here, ())
    other = refusal(record_payment(PROCESS, here, "p1", 1000, actor(BANK), NOW, captured=True))
    assert (other.code, other.rule) == (RefusalCode.GUARD_FAILED, "payment_reference")
    assert other.message == (
        "Payment p1 was already recorded as approved only, to be captured with the invoices."
    )


def test_a_payment_after_everything_was_canceled_is_told_so():
    here = do(start(600), "cancel", SHOP)
    answer = refusal(record_payment(PROCESS, here, "late", 600, actor(BANK), NOW))
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "due")
    assert answer.message == (
        "Nothing is due on this order any more: it was canceled. Give the money back to whoever paid."
    )


def test_what_is_not_paid_yet_is_named():
    answer = fire(PROCESS, start(600), Intent("approve", FIRST, Party.MARKETPLACE, actor(BANK)), NOW)
    assert refusal(answer).message == "6.00 EUR are still to be paid for it; record that payment first."


# Captures


def test_the_built_in_provider_captures_with_the_invoice():
    here = invoice(pay(start(600, 400)), 700)
    assert (state(here), asked_for(here)) == ("approved", [("o1-c1", CAPTURE, 700, DONE)])
    assert (here.commands[0].about, here.commands[0].settled_at) == ("N1", NOW)
    assert money(here, "captured") == [420, 280]
    here = invoice(here, 300)
    assert (state(here), money(here, "captured")) == ("invoiced", [600, 400])


def test_an_outside_provider_captures_in_its_own_time_and_the_invoice_waits_for_it():
    here = invoice(pay(start(600, 400, provider="external")), 1000)
    assert (state(here), asked_for(here)) == ("verifying", [("o1-c1", CAPTURE, 1000, PENDING)])
    assert here.captured == 0
    answer = fire(PROCESS, here, Intent("wait", FIRST, Party.MARKETPLACE, actor(SHOP)), NOW)
    assert refusal(answer).message == "The payment provider has not captured what was invoiced yet."
    outcome = settled(here, "o1-c1", answer="thanks")
    assert isinstance(outcome, Outcome)
    assert [(e.unit, e.party, e.event, e.input, e.reason) for e in outcome.entries[:1]] == [
        (FIRST, None, "capture_done", {"command": "o1-c1", "amount": 1000}, "thanks")
    ]
    assert outcome.entries[1].event == "settle"
    assert (state(outcome.order), outcome.order.captured) == ("invoiced", 1000)
    assert outcome.order.commands[0].answer == "thanks"


def test_what_is_captured_already_is_not_captured_again():
    here = invoice(pay(start(600, 400), captured=True), 1000)
    assert (state(here), here.commands) == ("invoiced", ())


def test_a_capture_on_its_way_is_not_asked_for_twice():
    here = invoice(pay(start(1000, provider="external")), 400)
    assert do(here, "remind", SHOP).commands == here.commands
    here = taken_(settled(here, "o1-c1", done=False))
    assert do(here, "remind", SHOP).commands == here.commands, "a person asks for it again"
    here = taken_(settled(here, "o1-c1"))
    here = invoice(here, 600)
    assert [c.amount for c in here.commands] == [400, 600]


# Cancellations


def test_canceling_lets_go_of_what_is_approved_and_pays_back_what_is_captured():
    here = pay(pay(start(600, 400), 300, captured=True))
    here = do(here, "cancel", SHOP)
    assert state(here) == "canceled"
    assert asked_for(here) == [("o1-c1", VOID, 700, DONE), ("o1-c2", REFUND, 300, DONE)]
    assert (here.approved, here.captured, here.refunded, here.reserved) == (300, 300, 300, 0)
    assert not any(each.payable for each in here.lines)


def test_canceling_waits_for_an_outside_provider_and_reserves_meanwhile():
    here = do(pay(start(600, 400, provider="external"), captured=True), "cancel", SHOP)
    assert (state(here), asked_for(here)) == ("canceling", [("o1-c1", REFUND, 1000, PENDING)])
    assert (here.reserved, here.refunded) == (1000, 0)
    here = taken_(settled(here, "o1-c1"))
    assert (state(here), here.reserved, here.refunded) == ("canceled", 0, 1000)


def test_the_provider_confirms_a_cancellation_as_a_whole():
    here = pay(pay(start(600, 400, provider="external"), 300, captured=True))
    here = do(do(here, "cancel", SHOP), "confirm", BANK)
    assert (state(here), {c.status for c in here.commands}) == ("canceled", {DONE})
    assert (here.approved, here.refunded, here.reserved) == (300, 300, 0)


def test_canceling_what_nobody_paid_asks_for_nothing():
    here = do(start(600), "cancel", SHOP)
    assert (state(here), here.commands) == ("canceled", ())


def test_canceling_does_not_ask_again_for_what_is_on_its_way_or_was_refused():
    here = pay(pay(start(600, 400, provider="external"), 500), captured=True)
    here = change(here, 200, 100)
    assert asked_for(here) == [("o1-c1", VOID, 500, PENDING), ("o1-c2", REFUND, 200, PENDING)]
    here = taken_(settled(here, "o1-c2", done=False))
    here = do(here, "cancel", SHOP)
    assert asked_for(here)[2:] == [("o1-c3", REFUND, 300, PENDING)]
    here = taken_(again(here, "o1-c2"))
    for command in here.commands:
        here = taken_(settled(here, command.id))
    assert (state(here), here.approved, here.captured, here.refunded) == ("canceled", 500, 500, 500)


def test_canceling_one_merchants_part_leaves_the_others_alone():
    here = do(pay(start(600, second=(400,))), "cancel", SHOP)
    assert (money(here, "approved"), due(here)) == ([0, 400], 0)
    assert (state(here), state(here, SECOND)) == ("canceled", "approved")


# Refusals and retries


def test_a_refused_refund_is_released_and_seen_and_asked_again_under_a_new_key():
    here = do(pay(start(600, provider="external"), captured=True), "cancel", SHOP)
    here = taken_(settled(here, "o1-c1", done=False, answer="card expired"))
    assert (state(here), here.reserved) == ("canceling", 0)
    [refused] = open_commands(here, FIRST)
    assert (refused.status, refused.answer, refused.key) == (REFUSED, "card expired", "o1-c1.1")
    outcome = again(here, "o1-c1")
    assert isinstance(outcome, Outcome)
    here = outcome.order
    [entry] = outcome.entries
    assert (entry.unit, entry.event, entry.input["command"]) == (FIRST, "retry_command", "o1-c1")
    [asked] = open_commands(here, FIRST, REFUND)
    assert (asked.status, asked.key, asked.answer) == (PENDING, "o1-c1.2", None)
    assert here.reserved == 600
    here = taken_(settled(here, "o1-c1"))
    assert (state(here), here.refunded) == ("canceled", 600)


@pytest.mark.parametrize("role", [BANK, SHOP])
def test_a_refused_capture_keeps_the_invoice_waiting_until_it_is_done(role: Role):
    here = invoice(pay(start(600, provider="external")), 600)
    here = taken_(settled(here, "o1-c1", done=False, role=role))
    assert (state(here), here.captured) == ("verifying", 0)
    here = taken_(settled(taken_(again(here, "o1-c1", role)), "o1-c1", role=role))
    assert (state(here), here.captured) == ("invoiced", 600)


def test_a_void_that_was_refused_is_done_at_once_by_the_built_in_provider_when_asked_again():
    here = do(pay(start(600, provider="external")), "cancel", SHOP)
    here = taken_(settled(here, "o1-c1", done=False))
    assert (state(here), here.approved) == ("canceling", 600)
    here = taken_(again(replace(here, policies=start(1).policies), "o1-c1"))
    assert (state(here), here.approved, here.commands[0].status) == ("canceled", 0, DONE)


@pytest.mark.parametrize("done", [True, False])
def test_the_same_answer_again_changes_nothing(done: bool):
    here = do(pay(start(600, provider="external")), "cancel", SHOP)
    here = taken_(settled(here, "o1-c1", done))
    answer = settled(here, "o1-c1", done)
    assert isinstance(answer, Outcome)
    assert (answer.order, answer.entries, answer.already) == (here, (), (FIRST,))


@pytest.mark.parametrize("captured", [True, False])
def test_what_was_refused_may_still_prove_done(captured: bool):
    here = do(pay(start(600, 400, provider="external"), captured=captured), "cancel", SHOP)
    here = taken_(settled(here, "o1-c1", done=False))
    here = taken_(settled(here, "o1-c1"))
    assert state(here) == "canceled"
    assert (here.approved - here.captured, here.captured - here.refunded, here.reserved) == (0, 0, 0)


def test_what_is_done_cannot_be_refused_any_more():
    here = taken_(settled(do(pay(start(600, provider="external")), "cancel", SHOP), "o1-c1"))
    answer = refusal(settled(here, "o1-c1", done=False))
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "command")
    assert answer.message == "The void o1-c1 was already done; it cannot be refused."
    answer = refusal(again(here, "o1-c1"))
    assert (answer.rule, answer.message) == ("command", "The void o1-c1 was already done; it needs no retry.")


def test_a_late_refusal_of_an_earlier_attempt_does_not_touch_the_one_on_its_way():
    here = do(pay(start(600, provider="external")), "cancel", SHOP)
    here = taken_(again(taken_(settled(here, "o1-c1", done=False, attempt=1)), "o1-c1"))
    late = settled(here, "o1-c1", done=False, attempt=1)
    assert isinstance(late, Outcome)
    assert (late.order, late.entries) == (here, ())
    assert state(taken_(settled(here, "o1-c1", done=True, attempt=1))) == "canceled"


def test_asking_again_for_what_is_on_its_way_changes_nothing():
    here = do(pay(start(600, provider="external")), "cancel", SHOP)
    answer = again(here, "o1-c1")
    assert isinstance(answer, Outcome)
    assert (answer.order, answer.entries, answer.already) == (here, (), (FIRST,))


@pytest.mark.parametrize("role", sorted(set(Role) - {BANK, SHOP}))
def test_only_the_payment_provider_and_the_marketplace_settle_commands(role: Role):
    here = do(pay(start(600, provider="external")), "cancel", SHOP)
    for answer in (refusal(settled(here, "o1-c1", role=role)), refusal(again(here, "o1-c1", role))):
        assert (answer.code, answer.rule) == (RefusalCode.TRANSITION_NOT_ALLOWED, "role")


def test_a_command_that_does_not_exist_is_not_found():
    here = pay(start(600))
    for answer in (refusal(settled(here, "o1-c1")), refusal(again(here, "o1-c1"))):
        assert (answer.code, answer.message) == (RefusalCode.NOT_FOUND, "This order has no command o1-c1.")


# Returns


def test_a_return_pays_back_what_its_invoice_says_and_nothing_is_due_again():
    here = invoice(invoice(pay(start(600, 400)), 1000), 250, event="take_back")
    command = here.commands[-1]
    assert (command.kind, command.amount, command.about, command.status) == (REFUND, 250, "N2", DONE)
    assert (money(here, "refunded"), due(here)) == ([150, 100], 0)


def test_returns_never_pay_back_more_than_was_captured():
    here = invoice(pay(start(1000, provider="external")), 1000)
    here = invoice(taken_(settled(here, "o1-c1")), 700, event="take_back")
    here = taken_(settled(here, "o1-c2", done=False))
    here = invoice(here, 700, event="take_back")
    assert [c.amount for c in here.commands] == [1000, 700, 300], "what was refused is still to be paid back"
    here = taken_(settled(taken_(settled(taken_(again(here, "o1-c2")), "o1-c2")), "o1-c3"))
    assert (here.refunded, here.reserved) == (1000, 0)


# Changes of lines


def test_a_lower_total_lets_go_of_what_is_approved_above_it():
    here = change(pay(start(600, 400)), 300, 200)
    assert asked_for(here) == [("o1-c1", VOID, 500, DONE)]
    assert (money(here, "approved"), due(here)) == ([300, 200], 0)


def test_a_lower_total_pays_back_what_is_captured_above_it():
    here = change(pay(start(600, 400), captured=True), 600, 0)
    assert asked_for(here) == [("o1-c1", REFUND, 400, DONE)]
    assert (here.captured, here.refunded, due(here)) == (1000, 400, 0)
    here = invoice(here, 600)
    assert (state(here), here.captured) == ("invoiced", 1000)


def test_a_higher_total_becomes_due_and_every_line_is_approved_in_proportion():
    here = change(pay(start(600, 400)), 900, 600)
    assert (due(here), here.commands, money(here, "approved")) == (500, (), [600, 400])
    here = pay(here)
    assert (due(here), money(here, "approved")) == (0, [900, 600])


@pytest.mark.parametrize("captured", [True, False])
@pytest.mark.parametrize("provider", ["built_in", "external"])
def test_a_total_that_falls_and_rises_again_has_to_be_paid_again(captured: bool, provider: str):
    here = pay(start(600, 400, provider=provider), captured=captured)
    here = change(change(here, 400, 200), 500, 300)
    assert due(here) == due_of(here, FIRST) == 200
    here = pay(here, captured=captured)
    assert (due(here), paid(here, FIRST)) == (0, 800)
    for command in here.commands:
        here = taken_(settled(here, command.id))
    assert [each.approved - each.refunded for each in here.lines] == [500, 300]
    here = invoice(here, 800)
    for command in open_commands(here, FIRST):
        here = taken_(settled(here, command.id))
    assert (state(here), here.captured - here.refunded, taken(here, FIRST)) == ("invoiced", 800, 800)


def test_what_one_merchant_order_has_too_much_does_not_pay_for_another():
    here = pay(start(300, second=(400,), provider="external"), 500)
    here = change(here, 100)
    assert (money(here, "approved"), due_of(here, FIRST), due_of(here, SECOND)) == ([300, 200], 0, 200)
    assert due(here) == 200
    here = pay(here)
    assert (money(here, "approved"), due(here)) == ([300, 400], 0)


def test_once_the_provider_let_go_of_it_every_line_has_what_it_costs():
    here = change(pay(start(333, 333, 334, provider="external")), 101, 0, 7)
    assert asked_for(here) == [("o1-c1", VOID, 892, PENDING)]
    assert money(taken_(settled(here, "o1-c1")), "approved") == [101, 0, 7]


def test_a_merchant_order_that_takes_lines_over_takes_over_what_is_on_its_way():
    here = change(pay(start(600, 400, provider="external"), captured=True), 600, 0)
    old = here.merchant_order(FIRST)
    assert old is not None
    heir = MerchantOrder("o1-m9", "ORD-1-9", "m9", NOW, positions=old.positions)
    here = replace(here, merchant_orders=(replace(old, replaced_by=heir.id), heir))
    here = here.with_lines(replace(each, merchant_order_id=heir.id) for each in here.lines)
    assert (due(here), taken(here, heir.id)) == (0, 600)
    assert (open_commands(here, FIRST), len(open_commands(here, heir.id))) == ((), 1)
    here = taken_(settled(here, "o1-c1"))
    assert (here.refunded, here.reserved) == (400, 0)


# Any walk

AMOUNTS = st.one_of(st.integers(0, 12), st.integers(0, LARGEST))


def held(here: Order) -> None:
    """What holds after whatever happened."""
    assert here.approved == sum(p.amount for p in here.payments) - booked(here, VOID, DONE)
    cash = sum(p.amount for p in here.payments if p.captured)
    assert here.captured == cash + booked(here, CAPTURE, DONE)
    assert here.refunded == booked(here, REFUND, DONE)
    assert here.reserved == booked(here, REFUND, PENDING)
    for each in here.lines:
        assert 0 <= each.captured <= each.approved
        assert min(each.refunded, each.reserved, each.refundable) >= 0
    for unit in here.merchant_orders:
        approved = sum(each.approved - each.captured for each in here.lines_of(unit.id))
        going = sum(c.amount for c in open_commands(here, unit.id, VOID, CAPTURE))
        assert going <= approved, "the provider is never asked for more than was approved"
        back = sum(c.amount for c in open_commands(here, unit.id, REFUND) if c.status is REFUSED)
        assert back <= sum(each.refundable for each in here.lines_of(unit.id))
    assert due(here) == sum(due_of(here, unit.id) for unit in here.merchant_orders)


def booked(here: Order, kind: CommandKind, status: CommandStatus) -> int:
    return sum(c.amount for c in here.commands if (c.kind, c.status) == (kind, status))


def possible(here: Order) -> Mapping[str, bool]:
    """What may happen to the first merchant order now."""
    theirs = here.merchant_order(FIRST)
    assert theirs is not None
    live = state(here) in ("pending", "approved")
    lacking = min(left_to_invoice(here, theirs), paid(here, FIRST) - invoiced(theirs))
    return {
        "pay": due(here) > 0,
        "change": live,
        "invoice": state(here) == "approved" and lacking > 0,
        "cancel": live and not theirs.invoices,
        "take_back": state(here) == "invoiced",
        "settle": any(c.status is not DONE for c in here.commands),
        "retry": any(c.status is REFUSED for c in here.commands),
    }


def act(here: Order, what: str, data: st.DataObject) -> Order:
    theirs = here.merchant_order(FIRST)
    assert theirs is not None
    match what:
        case "pay":
            lacking = due(here)
            amount = data.draw(st.one_of(st.just(lacking), st.integers(1, lacking)))
            return pay(here, amount, captured=data.draw(st.booleans()))
        case "change":
            prices = [data.draw(AMOUNTS) for _ in here.lines_of(FIRST)]
            # Nothing falls below what is invoiced.
            return change(here, prices[0] + invoiced(theirs), *prices[1:])
        case "invoice":
            most = min(left_to_invoice(here, theirs), paid(here, FIRST) - invoiced(theirs))
            return invoice(here, data.draw(st.one_of(st.just(most), st.integers(1, most))))
        case "take_back":
            return invoice(here, data.draw(st.integers(1, LARGEST)), event="take_back")
        case "cancel":
            return do(here, "cancel", SHOP)
        case "settle":
            command = data.draw(st.sampled_from([c for c in here.commands if c.status is not DONE]))
            return taken_(settled(here, command.id, data.draw(st.booleans())))
        case _:
            command = data.draw(st.sampled_from([c for c in here.commands if c.status is REFUSED]))
            return taken_(again(here, command.id))


@settings(max_examples=150, deadline=None)
@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.sampled_from(["built_in", "external"]), st.data())
def test_whatever_happens_the_money_adds_up(prices: list[int], provider: str, data: st.DataObject):
    here = start(*prices, provider=provider, second=(data.draw(AMOUNTS),))
    for _ in range(data.draw(st.integers(1, 12))):
        choices = [what for what, can in possible(here).items() if can]
        if not choices:
            break
        here = act(here, data.draw(st.sampled_from(choices)), data)
        held(here)
    unsettled: list[Command] = [c for c in here.commands if c.status is not DONE]
    for command in unsettled:
        here = taken_(settled(here, command.id))
        held(here)
    if state(here).startswith("cancel"):
        assert state(here) == "canceled", "nothing is left stuck once the provider has done its part"
        rest = here.lines_of(FIRST)
        assert all(each.approved == each.captured == each.refunded for each in rest)


@settings(max_examples=100, deadline=None)
@given(st.lists(AMOUNTS, min_size=1, max_size=6), st.data())
def test_after_a_change_no_line_has_more_than_it_costs(prices: list[int], data: st.DataObject):
    here = start(*prices)
    for at_once in (False, True):
        if due(here):
            here = pay(here, data.draw(st.integers(1, due(here))), captured=at_once)
    here = change(here, *(data.draw(AMOUNTS) for _ in prices))
    held(here)
    nets = [each.approved - each.refunded for each in here.lines]
    costs = [each.total for each in here.lines]
    if sum(costs):
        assert all(net <= cost for net, cost in zip(nets, costs, strict=True))
    assert sum(costs) - sum(nets) == due(here)
