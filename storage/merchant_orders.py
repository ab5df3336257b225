"""Merchant orders as parts of an order's document, and back. What is empty or not so is left out."""

from collections.abc import Mapping
from typing import Any

from domain.cancellations import Cancellation, CancellationRequest, Verdict
from domain.order import MerchantOrder
from domain.stock import Restock
from storage.client import Document
from storage.invoices import invoice_in, invoice_out
from storage.positions import positions_in, positions_out, reads_in, reads_out
from storage.values import actor_in, actor_out, aware, naive, naive_or_none, present, when


def merchant_order_in(theirs: MerchantOrder) -> Document:
    """Return what a merchant order is stored as."""
    return present(
        id=theirs.id,
        reference=theirs.reference,
        merchant_id=theirs.merchant_id,
        created_at=naive(theirs.created_at),
        sent_at=naive_or_none(theirs.sent_at),
        approved_at=naive_or_none(theirs.approved_at),
        overridden_at=naive_or_none(theirs.overridden_at),
        handled_at=naive_or_none(theirs.handled_at),
        packed=theirs.packed or None,
        invoices=[invoice_in(invoice) for invoice in theirs.invoices] or None,
        requests=[_request_in(request) for request in theirs.requests] or None,
        cancellation=_cancellation_in(theirs.cancellation) if theirs.cancellation else None,
        restocks=[_restock_in(restock) for restock in theirs.restocks] or None,
        replaced_by=theirs.replaced_by,
        positions=positions_in(theirs.positions),
        reads=reads_in(theirs.reads),
    )


def merchant_order_out(stored: Mapping[str, Any]) -> MerchantOrder:
    """Return a stored merchant order."""
    cancellation = stored.get("cancellation")
    return MerchantOrder(
        id=stored["id"],
        reference=stored["reference"],
        merchant_id=stored["merchant_id"],
        created_at=aware(stored["created_at"]),
        sent_at=when(stored, "sent_at"),
        approved_at=when(stored, "approved_at"),
        overridden_at=when(stored, "overridden_at"),
        handled_at=when(stored, "handled_at"),
        packed=stored.get("packed", False),
        invoices=tuple(invoice_out(invoice) for invoice in stored.get("invoices", ())),
        requests=tuple(_request_out(request) for request in stored.get("requests", ())),
        cancellation=_cancellation_out(cancellation) if cancellation else None,
        restocks=tuple(_restock_out(restock) for restock in stored.get("restocks", ())),
        replaced_by=stored.get("replaced_by"),
        positions=positions_out(stored["positions"]),
        reads=reads_out(stored["reads"]),
    )


def _request_in(request: CancellationRequest) -> Document:
    return present(
        id=request.id,
        by=actor_in(request.by),
        at=naive(request.at),
        reason=request.reason,
        deadline=naive(request.deadline),
        restores=request.restores,
        verdict=request.verdict and request.verdict.value,
        decided_by=actor_in(request.decided_by),
        decided_at=naive_or_none(request.decided_at),
        answer=request.answer,
    )


def _request_out(stored: Mapping[str, Any]) -> CancellationRequest:
    verdict = stored.get("verdict")
    decided_by = stored.get("decided_by")
    return CancellationRequest(
        id=stored["id"],
        by=actor_out(stored["by"]),
        at=aware(stored["at"]),
        reason=stored.get("reason"),
        deadline=aware(stored["deadline"]),
        restores=stored["restores"],
        verdict=Verdict(verdict) if verdict else None,
        decided_by=actor_out(decided_by) if decided_by else None,
        decided_at=when(stored, "decided_at"),
        answer=stored.get("answer"),
    )


def _cancellation_in(cancellation: Cancellation) -> Document:
    return present(
        by=actor_in(cancellation.by),
        at=naive(cancellation.at),
        event=cancellation.event,
        reason=cancellation.reason,
    )


def _cancellation_out(stored: Mapping[str, Any]) -> Cancellation:
    return Cancellation(actor_out(stored["by"]), aware(stored["at"]), stored["event"], stored.get("reason"))


def _restock_in(restock: Restock) -> Document:
    return present(id=restock.id, sku=restock.sku, quantity=restock.quantity, done=restock.done or None)


def _restock_out(stored: Mapping[str, Any]) -> Restock:
    return Restock(stored["id"], stored["sku"], stored["quantity"], stored.get("done", False))
