"""What moves do with a merchant order's cancellation: requests opened and decided, and who canceled it. Pure.

Source: seed on the store flows, "Order cancellation"; design, store processes, "Cancellation matrix".
"""

from dataclasses import replace

from domain.actors import SYSTEM, Actor
from domain.cancellations import Cancellation, CancellationRequest, Verdict
from domain.moment import Moment, change, guard
from domain.order import MerchantOrder, Order

_GRANTED = (Verdict.FREE, Verdict.APPROVED, Verdict.LAPSED, Verdict.INSISTED)


def _open_request_of(theirs: MerchantOrder) -> CancellationRequest | None:
    """The request that nobody has decided yet, or None; there is never more than one."""
    return next((request for request in theirs.requests if request.verdict is None), None)


@guard("Nobody has asked to cancel it, or it is decided already.")
def request_open(moment: Moment) -> bool:
    """Is there a request to cancel it that is not decided yet?"""
    return _open_request_of(moment.merchant_order) is not None


@guard("Nobody has asked to cancel it, or it is not decided yet.")
def request_decided(moment: Moment) -> bool:
    """Is the newest request to cancel it decided?"""
    requests = moment.merchant_order.requests
    return bool(requests) and requests[-1].verdict is not None


@guard("It is not paid yet, and before that its merchant is asked first.")
def _needs_no_approval(moment: Moment) -> bool:
    """Is it paid, or free to be canceled before it is?"""
    theirs = moment.merchant_order
    free = moment.order.policies.value("cancel_before_payment", theirs.merchant_id) == "free"
    return theirs.approved_at is not None or free


needs_no_approval = replace(
    _needs_no_approval, name="needs_no_approval", policies=(("cancel_before_payment", "free"),)
)


@change
def open_request(moment: Moment) -> Order:
    """The request to cancel is noted, with the time by which it is to be answered."""
    theirs = moment.merchant_order
    if _open_request_of(theirs) is not None:
        return moment.order
    window = moment.order.policies.window("cancellation_answer", theirs.merchant_id)
    request = CancellationRequest(
        id=f"{theirs.id}-q{len(theirs.requests) + 1}",
        by=moment.actor,
        at=moment.now,
        reason=_reason(moment),
        deadline=moment.now + window,
        restores=moment.position.state,
    )
    return moment.order.with_unit(replace(theirs, requests=(*theirs.requests, request)))


@change
def free_request(moment: Moment) -> Order:
    """The request is granted: nobody's approval is needed."""
    return _decide(moment, Verdict.FREE, SYSTEM, None)


@change
def approve_request(moment: Moment) -> Order:
    """The request is granted by whoever was asked."""
    return _decide(moment, Verdict.APPROVED, moment.actor, _reason(moment))


@change
def deny_request(moment: Moment) -> Order:
    """The request is denied; the reason is kept with it for whoever asked."""
    return _decide(moment, Verdict.DENIED, moment.actor, _reason(moment))


@change
def lapse_request(moment: Moment) -> Order:
    """The request is granted: it was not answered in time."""
    return _decide(moment, Verdict.LAPSED, SYSTEM, None)


@change
def insist_request(moment: Moment) -> Order:
    """The request is granted: the marketplace asked a second time."""
    return _decide(moment, Verdict.INSISTED, moment.actor, _reason(moment))


@change
def invoice_request(moment: Moment) -> Order:
    """The request is denied: the merchant has invoiced."""
    return _decide(moment, Verdict.INVOICED, moment.actor, _reason(moment))


@change
def note_cancellation(moment: Moment) -> Order:
    """Who canceled it, when and why is noted, unless that is known already."""
    theirs = moment.merchant_order
    if theirs.cancellation is not None:
        return moment.order
    by, reason = moment.actor, _reason(moment)
    newest = theirs.requests[-1] if theirs.requests else None
    if newest is not None and newest.verdict in _GRANTED:
        reason = reason or newest.reason
        if by == SYSTEM:
            # The platform only carries out what a person decided or, where nobody had to, asked for.
            by = newest.by if newest.decided_by in (None, SYSTEM) else newest.decided_by
    note = Cancellation(by, moment.now, moment.event, reason)
    return moment.order.with_unit(replace(theirs, cancellation=note))


def _decide(moment: Moment, verdict: Verdict, by: Actor, answer: str | None) -> Order:
    """Decide the open request; one that is decided stays as it is, and without one nothing changes."""
    theirs = moment.merchant_order
    requests = tuple(
        replace(request, verdict=verdict, decided_by=by, decided_at=moment.now, answer=answer)
        if request.verdict is None
        else request
        for request in theirs.requests
    )
    return moment.order.with_unit(replace(theirs, requests=requests))


def _reason(moment: Moment) -> str | None:
    reason = moment.input.get("reason")
    return str(reason) if reason else None
