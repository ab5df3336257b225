"""Invoices in the process marketplace-seller: both machines, the money and what My account reads go along.

Source: seed on the store flows, marketplace and seller flow; design, store processes, "Invoices".
"""

from domain.actors import Audience, Party, Role
from domain.commands import CommandKind, CommandStatus
from domain.invoices import Tracking
from domain.invoicing import add_invoice
from domain.order import Order
from domain.outcome import Outcome
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from domain.refusal import Refusal, RefusalCode
from domain.status import status_of_order
from domain.tracking import update_tracking
from tests.builders import actor, line
from tests.invoicing import back, output
from tests.selling import LATER, handled, merchant_order, paid, placed, state, with_invoice

MARKETPLACE, MERCHANT = Party.MARKETPLACE, Party.MERCHANT
SELLER = actor(Role.MERCHANT)


def in_handling(payment_provider: str = "built_in") -> Order:
    """Three pieces for 30.00, paid and being handled."""
    return handled(paid(placed(line(quantity=3), payment_provider=payment_provider)))


def in_full() -> Order:
    """The same, invoiced with one invoice."""
    return with_invoice(in_handling(), "1", 3000, {"o1-1": 3})


def stand(here: Order) -> tuple[str, str]:
    return state(here, MARKETPLACE), state(here, MERCHANT)


def commands(here: Order) -> list[tuple[CommandKind, int, str | None]]:
    return [(command.kind, command.amount, command.about) for command in here.commands]


def test_part_by_part_both_machines_come_back_and_the_last_part_invoices_them():
    here = with_invoice(in_handling(), "1", 1000, {"o1-1": 1})
    assert stand(here) == ("payment-approved", "handling")
    here = with_invoice(here, "2", 2000, {"o1-1": 2})
    assert stand(here) == ("invoiced", "invoiced")
    assert commands(here) == [(CommandKind.CAPTURE, 1000, "1"), (CommandKind.CAPTURE, 2000, "2")]


def test_too_much_is_told_where_the_invoice_would_be_captured():
    no = add_invoice(MARKETPLACE_SELLER, in_handling(), "o1-m1", output("1", 3001), SELLER, LATER)
    assert isinstance(no, Refusal)
    assert (no.rule, no.message) == ("value", "At most 30.00 EUR can still be invoiced; invoice 1 says more.")


def test_no_invoice_is_taken_before_handling_nor_after_the_last_one():
    fresh = paid(placed(line(quantity=3)))
    for here, says in (
        (fresh, "invoice is not possible in state window-to-cancel; possible now: cancel."),
        (in_full(), "It is invoiced in full."),
    ):
        no = add_invoice(MARKETPLACE_SELLER, here, "o1-m1", output("9", 999_999), SELLER, LATER)
        assert isinstance(no, Refusal)
        assert (no.code, no.message) == (RefusalCode.TRANSITION_NOT_ALLOWED, says)


def test_while_the_capture_is_awaited_the_next_invoice_waits_and_the_same_one_is_known():
    here = with_invoice(in_handling(payment_provider="external"), "1", 1000, {"o1-1": 1})
    assert [command.status for command in here.commands] == [CommandStatus.PENDING]
    assert stand(here) == ("invoice", "invoice")
    no = add_invoice(MARKETPLACE_SELLER, here, "o1-m1", output("2", 2000), SELLER, LATER)
    assert isinstance(no, Refusal)
    assert (no.code, no.state) == (RefusalCode.TRANSITION_NOT_ALLOWED, "invoice")
    [known] = merchant_order(here).invoices
    again = add_invoice(MARKETPLACE_SELLER, here, "o1-m1", known, SELLER, LATER)
    assert again == Outcome(here, already=("o1-m1",))


def test_what_comes_back_is_refunded_by_its_input_invoice():
    answer = add_invoice(MARKETPLACE_SELLER, in_full(), "o1-m1", back("R1", 700), SELLER, LATER)
    assert isinstance(answer, Outcome)
    assert stand(answer.order) == ("invoiced", "invoiced")
    assert commands(answer.order)[1:] == [(CommandKind.REFUND, 700, "R1")]
    assert answer.order.refunded == 700
    no = add_invoice(MARKETPLACE_SELLER, answer.order, "o1-m1", back("R2", 2301), SELLER, LATER)
    assert isinstance(no, Refusal)
    assert no.message == "At most 23.00 EUR can still be taken back; invoice R2 says more."


def test_tracking_changes_what_my_account_reads_and_no_state():
    here = in_full()
    read = [_read(here)]
    for told in (Tracking("X"), Tracking(delivered=True)):
        answer = update_tracking(MARKETPLACE_SELLER, here, "o1-m1", "1", told, SELLER, LATER)
        assert isinstance(answer, Outcome)
        here = answer.order
        read.append(_read(here))
        assert stand(here) == ("invoiced", "invoiced")
    assert read == ["In transit to carrier", "Delivering order", "Order shipped"]


def _read(here: Order) -> str | None:
    status = status_of_order(MARKETPLACE_SELLER, here, Audience.STOREFRONT)
    return status and status.label
