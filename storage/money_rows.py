"""Payments, refunds and commands to the payment provider as parts of an order's document, and back."""

from collections.abc import Mapping
from typing import Any

from domain.commands import Ask, Command, CommandKind, CommandStatus
from domain.order import Payment, Refund, RefundStatus
from storage.client import Document
from storage.values import aware, naive, naive_or_none, present, when


def payment_in(payment: Payment) -> Document:
    """Return what a payment is stored as."""
    return present(
        reference=payment.reference,
        amount=payment.amount,
        at=naive(payment.at),
        by=payment.by,
        captured=payment.captured or None,
    )


def payment_out(stored: Mapping[str, Any]) -> Payment:
    """Return a stored payment."""
    captured = stored.get("captured", False)
    return Payment(stored["reference"], stored["amount"], aware(stored["at"]), stored["by"], captured)


def refund_in(refund: Refund) -> Document:
    """Return what a refund is stored as."""
    return present(
        id=refund.id,
        line_id=refund.line_id,
        amount=refund.amount,
        status=refund.status.value,
        asked_at=naive(refund.asked_at),
        settled_at=naive_or_none(refund.settled_at),
        reason=refund.reason,
    )


def refund_out(stored: Mapping[str, Any]) -> Refund:
    """Return a stored refund."""
    return Refund(
        id=stored["id"],
        line_id=stored["line_id"],
        amount=stored["amount"],
        status=RefundStatus(stored["status"]),
        asked_at=aware(stored["asked_at"]),
        settled_at=when(stored, "settled_at"),
        reason=stored.get("reason"),
    )


def command_in(command: Command) -> Document:
    """Return what a command is stored as."""
    return present(
        id=command.id,
        kind=command.kind.value,
        unit=command.unit,
        amount=command.amount,
        status=command.status.value,
        asked_at=naive(command.asked_at),
        attempt=command.attempt,
        settled_at=naive_or_none(command.settled_at),
        about=command.about,
        answer=command.answer,
        done_attempt=command.done_attempt,
        done_again=list(command.done_again) or None,
    )


def command_out(stored: Mapping[str, Any]) -> Command:
    """Return a stored command."""
    return Command(
        id=stored["id"],
        kind=CommandKind(stored["kind"]),
        unit=stored["unit"],
        amount=stored["amount"],
        status=CommandStatus(stored["status"]),
        asked_at=aware(stored["asked_at"]),
        attempt=stored["attempt"],
        settled_at=when(stored, "settled_at"),
        about=stored.get("about"),
        answer=stored.get("answer"),
        done_attempt=stored.get("done_attempt"),
        done_again=tuple(stored.get("done_again", ())),
    )


def ask_in(ask: Ask) -> Document:
    """Return what is stored of how a command is being asked for."""
    return present(
        deliveries=ask.deliveries,
        next_at=naive(ask.next_at),
        leased_until=naive_or_none(ask.leased_until),
        leased_by=ask.leased_by,
        answer=ask.answer,
    )


def ask_out(stored: Mapping[str, Any]) -> Ask:
    """Return a stored ask."""
    return Ask(
        deliveries=stored["deliveries"],
        next_at=aware(stored["next_at"]),
        leased_until=when(stored, "leased_until"),
        leased_by=stored.get("leased_by"),
        answer=stored.get("answer"),
    )
