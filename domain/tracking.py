"""What is told of a shipment after its invoice: where it is, and that it arrived. Never moves anything. Pure.

Source: seed on the store flows, "Invoiced" ("Update order tracking"); design, store processes, "Invoices".
"""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.actors import Actor
from domain.engine import fire
from domain.invoiced import outputs
from domain.invoices import InvoiceType, Tracking
from domain.invoicing import to_the_millisecond
from domain.order import MerchantOrder, Order, Value
from domain.outcome import Intent, Outcome
from domain.problem import Problem
from domain.process import Process
from domain.refusal import Refusal, RefusalCode, refusal

_EVENT = "update_tracking"
MOST_EVENTS = 200
"""What is told of one shipment; an order is one document, which every step reads."""
_AHEAD = timedelta(days=1)
"""A clock may be wrong, a time may be given in another zone; more than this is a mistake."""


def update_tracking(
    process: Process, order: Order, unit_id: str, number: str, tracking: Tracking, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Add what is known of the shipment of an Output invoice; fires `update_tracking`.

    What is not said again stays as it was, new events join those known, in the order of their times. What
    changes nothing is taken and changes nothing. Refused by these rules: `events` and `delivered_at` of the
    future, `delivered_at` of what is not delivered, an `invoice` that is not there or takes goods back,
    `delivered` once it was.
    """
    theirs = order.merchant_order(unit_id)
    if theirs is None or not theirs.positions:
        return Refusal(RefusalCode.NOT_FOUND, "There is no such merchant order.", "unit", None, _EVENT)
    party = process.party_for(theirs, actor.role, _EVENT)
    position = theirs.positions[party]
    if problem := _malformed(tracking, now):
        return refusal(RefusalCode.INPUT_INVALID, problem.message, problem.rule, position, _EVENT)
    invoice = next((i for i in outputs(theirs) if i.number == number), None)
    if invoice is None:
        sentence = _no_invoice(theirs, number)
        return refusal(RefusalCode.GUARD_FAILED, sentence, "invoice", position, _EVENT)
    known = invoice.tracking or Tracking()
    if known.delivered and not tracking.delivered:
        sentence = f"What is on invoice {number} was delivered already; that cannot be taken back."
        return refusal(RefusalCode.GUARD_FAILED, sentence, "delivered", position, _EVENT)
    told = _joined(known, tracking, now)
    if len(told.events) > MOST_EVENTS:
        sentence = f"An invoice keeps {MOST_EVENTS} tracking events; this would be {len(told.events)}."
        return refusal(RefusalCode.INPUT_INVALID, sentence, "events", position, _EVENT)
    if told == invoice.tracking:
        return Outcome(order, already=(unit_id,))
    invoices = tuple(replace(i, tracking=told) if i is invoice else i for i in theirs.invoices)
    with_it = order.with_unit(replace(theirs, invoices=invoices))
    given: dict[str, Value] = {"invoice": number, "delivered": told.delivered}
    if told.number:
        given["tracking_number"] = told.number
    return fire(process, with_it, Intent(_EVENT, unit_id, party, actor, given), now)


def _malformed(tracking: Tracking, now: datetime) -> Problem | None:
    """What cannot be true wherever the merchant order stands."""
    today = f"it is {now.isoformat(timespec='minutes')} now"
    if any(event.at > now + _AHEAD for event in tracking.events):
        return Problem(("events",), f"What happened to a shipment cannot be dated in the future; {today}.")
    if tracking.delivered_at is None:
        return None
    if not tracking.delivered:
        return Problem(("delivered_at",), "Say that it was delivered, too, when you say when.")
    if tracking.delivered_at > now + _AHEAD:
        return Problem(("delivered_at",), f"A delivery cannot be dated in the future; {today}.")
    return None


def _no_invoice(theirs: MerchantOrder, number: str) -> str:
    if any(i.number == number and i.type is InvoiceType.INPUT for i in theirs.invoices):
        return f"Invoice {number} takes goods back; only what an Output invoice ships can be tracked."
    there = ", ".join(invoice.number for invoice in outputs(theirs)) or "none yet"
    return f"There is no invoice {number} that ships anything; those that do: {there}."


def _joined(known: Tracking, told: Tracking, now: datetime) -> Tracking:
    """What is known and what is told now, together. Times are cut to what is stored of them."""
    events = (replace(event, at=to_the_millisecond(event.at)) for event in told.events)
    at = told.delivered_at or known.delivered_at or now
    return Tracking(
        told.courier or known.courier,
        told.number or known.number,
        told.url or known.url,
        tuple(sorted(dict.fromkeys((*known.events, *events)), key=lambda event: event.at)),
        told.delivered,
        to_the_millisecond(at) if told.delivered else None,
    )
