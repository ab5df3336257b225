"""The columns of every export, per role: what the API shows it, by the API's names. Nothing but data.

A test reads each column through the API as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.actors import Audience, Party, Role
from graph.exports.reading import Column, columns, made
from graph.parties import parties_read
from graph.seen import Seen
from graph.types.events import EventLabel
from graph.types.history import InputValue
from graph.types.states import PartyState
from graph.types.status import StatusCount


class Kind(StrEnum):
    """What is exported: a row each."""

    ORDERS = "orders"
    LINES = "lines"
    HISTORY = "history"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one export: first those of the row's order, then the row's own."""

    own: tuple[Column, ...]
    order: tuple[Column, ...] = ()

    @property
    def names(self) -> list[str]:
        """What stands in the header."""
        return [column.name for column in (*self.order, *self.own)]


def _states(seen: Seen) -> str:
    """Every state in which something of the order stands, of the machines that the viewer may follow."""
    parties = parties_read(seen.process, seen.viewer.role)
    found = {
        f"{party.name}:{position.state}"
        for unit in seen.units
        for party, position in unit.positions.items()
        if party in parties
    }
    return " ".join(sorted(found))


def _counts(counts: Sequence[StatusCount] | None) -> str:
    return " ".join(f"{each.code}:{each.count}" for each in counts or ())


def _state_of(party: Party) -> Column:
    def state(states: Sequence[PartyState]) -> str | None:
        return next((at.state.code for at in states if at.party is party), None)

    return made(f"{party.value}_state", "states", state)


def _input(values: Sequence[InputValue]) -> Mapping[str, str]:
    return {each.name: each.value for each in values}


def _label(name: str, audience: Audience | None, part: str) -> Column:
    """The code or the text of the label that an audience reads; None: the only one that comes."""

    def label(labels: Sequence[EventLabel]) -> str | None:
        found = (getattr(each, part) for each in labels if audience in (None, each.audience))
        return next(found, None)

    return made(name, "labels", label)


_EVERY_ORDER = (
    *columns("id reference version placed_at changed_at status=status.code status_label=status.label"),
    made("status_counts", "status.counts", _counts),
)
_EVERY_LINE = columns("id sku name quantity status=status.code status_label=status.label")
_OF_ORDER = columns("order_id=id order_reference=reference")
_STATES = made("states", "seen", _states)
_ADDRESS = columns(
    """
    recipient=deliver_to.recipient street=deliver_to.street postal_code=deliver_to.postal_code
    city=deliver_to.city region=deliver_to.region country=deliver_to.country
    """
)
_TOTALS = columns(
    """
    currency items=totals.items discount=totals.discount tax=totals.tax shipping=totals.shipping
    total=totals.total
    """
)
_CUSTOMERS_MONEY = columns(
    """
    approved=payment.approved captured=payment.captured refunded=payment.refunded due=payment.due
    """
)
_MONEY = (*_CUSTOMERS_MONEY[:3], *columns("reserved=payment.reserved"), *_CUSTOMERS_MONEY[3:])
_PRICES = columns("currency=total.currency unit_price discount tax shipping total")
_SHIPPED = columns(
    """
    carrier=shipment.carrier tracking_number=shipment.tracking_number
    expected_delivery=shipment.expected_delivery delivered_on
    """
)
_HISTORY = Table(
    (
        *columns("seq at unit party event source target role actor reason cause"),
        made("input", "input", _input),
    ),
    _OF_ORDER,
)
_EVENT = columns(
    """
    cursor seq at order_id=order.id order_reference=order.reference version unit party event source target
    role actor reason
    """
)
_FEED = Table((*_EVENT, _label("status", None, "code"), _label("status_label", None, "label")))
_WHOLE_FEED = Table(
    (
        *_EVENT,
        *(
            _label(f"{audience.value}_{name}", audience, part)
            for audience in Audience
            for name, part in (("status", "code"), ("status_label", "label"))
        ),
    )
)

TABLES: Mapping[tuple[Role, Kind], Table] = {
    (Role.MARKETPLACE, Kind.ORDERS): Table(
        (
            *_EVERY_ORDER,
            _STATES,
            *columns("external_reference channel process process_version"),
            *columns("customer_id=customer.id customer_name=customer.name customer_email=customer.email"),
            *_ADDRESS,
            *columns("payment_method"),
            *_TOTALS,
            *_MONEY,
        )
    ),
    (Role.MARKETPLACE, Kind.LINES): Table(
        (
            *_EVERY_LINE,
            *columns("merchant_id merchant_order_id"),
            *_PRICES,
            *columns("approved captured refunded reserved refundable due"),
            *(_state_of(party) for party in Party),
            *_SHIPPED,
            *columns("split_from"),
        ),
        _OF_ORDER,
    ),
    (Role.MERCHANT, Kind.ORDERS): Table(
        (
            *_EVERY_ORDER,
            _STATES,
            *columns("merchant_id created_at customer_name"),
            *_ADDRESS,
            *_TOTALS,
            *columns("approved_at overridden overridden_at handled_at packed"),
            *columns("invoiced left_to_invoice returned"),
        )
    ),
    (Role.MERCHANT, Kind.LINES): Table(
        (
            *_EVERY_LINE,
            *_PRICES,
            *columns("state=state.state.code left_to_invoice"),
            *_SHIPPED,
            *columns("split_from"),
        ),
        _OF_ORDER,
    ),
    (Role.CUSTOMER, Kind.ORDERS): Table(
        (*_EVERY_ORDER, *_ADDRESS, *columns("payment_method"), *_TOTALS, *_CUSTOMERS_MONEY)
    ),
    (Role.CUSTOMER, Kind.LINES): Table(
        (
            *_EVERY_LINE,
            *_PRICES,
            *columns("refunded carrier=shipment.carrier tracking_number=shipment.tracking_number"),
            *columns("expected_delivery delivered_on split_from"),
        ),
        _OF_ORDER,
    ),
    (Role.PAYMENTS, Kind.ORDERS): Table(
        (*_EVERY_ORDER, *columns("external_reference currency total"), *_MONEY)
    ),
    (Role.PAYMENTS, Kind.LINES): Table(
        (
            *_EVERY_LINE,
            *columns("currency=total.currency total approved captured refunded reserved due"),
        ),
        _OF_ORDER,
    ),
    (Role.LOGISTICS, Kind.ORDERS): Table((*_EVERY_ORDER, _STATES, *columns("customer_name"))),
    (Role.LOGISTICS, Kind.LINES): Table(
        (
            *_EVERY_LINE,
            *columns("merchant_id merchant_order_reference state=state.state.code"),
            *_SHIPPED,
        ),
        _OF_ORDER,
    ),
    (Role.MARKETPLACE, Kind.FEED): _WHOLE_FEED,
    **{(role, Kind.FEED): _FEED for role in (Role.MERCHANT, Role.CUSTOMER, Role.PAYMENTS, Role.LOGISTICS)},
    **{(role, Kind.HISTORY): _HISTORY for role in Role if role is not Role.SYSTEM},
}
