"""What the feed will say about a step: for each history entry its topics, and the body that each may read.

Pure. It decides what each viewer learns; it must not know how the feed is stored or who listens.
Design: storage, "Events"; API, "Subscriptions".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from domain.actors import Actor, Audience, Role
from domain.order import Entry, MerchantOrder, Order, Unit
from domain.process import Process
from domain.status import Status, status_of_order, status_of_unit
from storage.client import Document
from storage.scope import Scope, ScopeKind, visible
from storage.values import naive

KNOWN: Mapping[Audience, Collection[Role]] = {
    Audience.BACK_OFFICE: tuple(Role),
    Audience.MERCHANT_PORTAL: (Role.MERCHANT, Role.LOGISTICS),
    Audience.STOREFRONT: (Role.CUSTOMER,),
}
"""In which roles an audience reads who acted; of all others it reads the role alone."""


def publications(process: Process, order_after: Order, entries: Iterable[Entry]) -> list[Document]:
    """Return one item for the order's `out` per entry: {version, i, seq, to: [{topic, body}]}.

    `order_after` is the settled order with the version that this write gives it: labels say what is read
    once the whole step is done, since nobody ever sees half of one. Bodies hold only what BSON can keep;
    a label's date is ISO text.
    """
    return [
        {
            "version": order_after.version,
            "i": i,
            "seq": entry.seq,
            "to": [
                {"topic": scope.topic, "body": _body(process, order_after, entry, scope)}
                for scope in readers(process, order_after, entry)
            ],
        }
        for i, entry in enumerate(entries)
    ]


def readers(process: Process, order: Order, entry: Entry) -> Sequence[Scope]:
    """Return the scopes that learn of this entry.

    The marketplace learns everything; a merchant what its own units do on the machine that the portal
    reads, once they are in a merchant order that it sees in `order`, and what is done to that without moving
    it, such as a change of its lines; the customer what concerns the whole order and what happens on the
    machine that the storefront reads.
    """
    scopes = [Scope.marketplace()]
    unit = order.unit(entry.unit) if entry.unit else None
    theirs = _merchant_order(order, unit) if unit else None
    own = entry.party in process.follows(Audience.MERCHANT_PORTAL) or _done_to(entry, unit)
    if theirs and own and visible(order, theirs):
        scopes.append(Scope.merchant(theirs.merchant_id))
    if entry.unit is None or entry.party in process.follows(Audience.STOREFRONT):
        scopes.append(Scope.customer(order.customer.id))
    return scopes


def _done_to(entry: Entry, unit: Unit | None) -> bool:
    """Whether something was done to a merchant order that moved no machine. What the payment provider is told
    and answers is not for its merchant.
    """
    return isinstance(unit, MerchantOrder) and entry.source == entry.target and "command" not in entry.input


def masked(process: Process, entry: Entry, audience: Audience) -> Entry:
    """Return the entry without what is not for this audience: who acted (the id is then ""), and how."""
    if audience is not Audience.BACK_OFFICE:
        told = {name: value for name, value in entry.input.items() if name != "internal_reason"}
        entry = replace(entry, cause=None, input=told)
        if entry.actor.role is Role.PAYMENTS:  # what a provider says of a payment is for those who book it
            entry = replace(entry, reason=None)
    if audience is Audience.MERCHANT_PORTAL and entry.party not in process.follows(audience):
        entry = replace(entry, party=None, source=None, target=None)
    if audience is Audience.STOREFRONT:
        entry = replace(entry, source=None, target=None, input={})
    if entry.actor.role not in KNOWN[audience]:
        entry = replace(entry, actor=Actor("", entry.actor.role))
    return entry


def _body(process: Process, order: Order, entry: Entry, scope: Scope) -> Document:
    unit = order.unit(entry.unit) if entry.unit else None
    merchant_order = _merchant_order(order, unit) if unit else None
    own = {"id": merchant_order.id, "reference": merchant_order.reference} if merchant_order else None
    entry = masked(process, entry, scope.audience)
    return {
        "seq": entry.seq,
        "at": naive(entry.at),
        "order": order.id,
        # The order's own is not for a merchant, whose part has one.
        "reference": own and own["reference"] if scope.kind is ScopeKind.MERCHANT else order.reference,
        "merchant_order": own,
        "unit": entry.unit,
        "party": entry.party and str(entry.party),
        # Who is told of one machine only knows by the process which that is.
        "process": {"name": process.name, "version": process.version},
        "source": entry.source,
        "target": entry.target,
        "event": entry.event,
        "actor": entry.actor.id or None,
        "role": str(entry.actor.role),
        "cause": entry.cause,
        "reason": entry.reason,
        "labels": {
            str(audience): _label(status)
            for audience in (Audience if scope == Scope.marketplace() else (scope.audience,))
            if (status := _status(process, order, unit, audience)) is not None
        },
        "version": order.version,
    }


def _merchant_order(order: Order, unit: Unit) -> MerchantOrder | None:
    if isinstance(unit, MerchantOrder):
        return unit
    return order.merchant_order(unit.merchant_order_id) if unit.merchant_order_id else None


def _status(process: Process, order: Order, unit: Unit | None, audience: Audience) -> Status | None:
    if unit is None:
        return status_of_order(process, order, audience)
    return status_of_unit(process, order, unit, audience)


def _label(status: Status) -> Document:
    return {
        "code": status.code,
        "label": status.label,
        "key": status.key,
        "date": status.date.isoformat() if status.date else None,
    }
