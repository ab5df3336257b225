"""An order as a document and back. What is derived for the lists stands in `keys`.

Dates are naive UTC (BSON keeps milliseconds), days are ISO text, amounts are integers, windows are
milliseconds; what is None is left out, and so is the shelf. Design: storage, "One order, one document".
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from domain.actors import Actor, Party, Role
from domain.order import Address, Customer, Deadline, Entry, Order, Value
from domain.policies import Policies, PolicyValue
from storage.client import Document
from storage.lines import line_in, line_out
from storage.merchant_orders import merchant_order_in, merchant_order_out
from storage.money_rows import (
    ask_in,
    ask_out,
    command_in,
    command_out,
    payment_in,
    payment_out,
    refund_in,
    refund_out,
)
from storage.values import aware, naive, present

_MILLISECOND = timedelta(milliseconds=1)

FIELDS: Mapping[str, int] = dict.fromkeys(
    (
        "reference", "external_reference", "channel", "version", "seq", "process", "policies", "customer",
        "currency", "placed_at", "changed_at", "lines", "merchant_orders", "payments", "refunds", "deadlines",
        "commands", "asks", "deliver_to", "payment_method",
    ),
    1,
)  # fmt: skip
"""The projection that `from_document` needs: an order without its logs and without what lists need."""


def to_document(order: Order) -> Document:
    """Return what an order itself is stored as; what only storage needs is added by its owners."""
    return present(
        _id=order.id,
        reference=order.reference,
        external_reference=order.external_reference,
        channel=order.channel,
        version=order.version,
        seq=order.seq,
        process={"name": order.process, "version": order.process_version},
        policies=_policies_in(order.policies),
        customer={"id": order.customer.id, "name": order.customer.name, "email": order.customer.email},
        currency=order.currency,
        placed_at=naive(order.placed_at),
        changed_at=naive(order.changed_at),
        lines=[line_in(line) for line in order.lines],
        merchant_orders=[merchant_order_in(theirs) for theirs in order.merchant_orders],
        payments=[payment_in(payment) for payment in order.payments],
        refunds=[refund_in(refund) for refund in order.refunds],
        deadlines=[_deadline_in(deadline) for deadline in order.deadlines],
        # Missing where there are none, as in the documents of orders whose process knows none.
        commands=[command_in(command) for command in order.commands] or None,
        asks={id: ask_in(ask) for id, ask in order.asks.items()} or None,
        deliver_to=_address_in(order.deliver_to) if order.deliver_to else None,
        payment_method=order.payment_method,
    )


def from_document(stored: Mapping[str, Any]) -> Order:
    """Return the order that a document holds; needs FIELDS, ignores the rest."""
    return Order(
        id=stored["_id"],
        reference=stored["reference"],
        version=stored["version"],
        seq=stored["seq"],
        process=stored["process"]["name"],
        process_version=stored["process"]["version"],
        policies=_policies_out(stored["policies"]),
        currency=stored["currency"],
        customer=Customer(**stored["customer"]),
        placed_at=aware(stored["placed_at"]),
        changed_at=aware(stored["changed_at"]),
        lines=tuple(line_out(line) for line in stored["lines"]),
        merchant_orders=tuple(merchant_order_out(theirs) for theirs in stored["merchant_orders"]),
        payments=tuple(payment_out(payment) for payment in stored["payments"]),
        refunds=tuple(refund_out(refund) for refund in stored["refunds"]),
        deadlines=tuple(_deadline_out(deadline) for deadline in stored["deadlines"]),
        commands=tuple(command_out(command) for command in stored.get("commands", ())),
        asks={id: ask_out(ask) for id, ask in stored.get("asks", {}).items()},
        deliver_to=Address(**stored["deliver_to"]) if "deliver_to" in stored else None,
        payment_method=stored.get("payment_method"),
        channel=stored["channel"],
        external_reference=stored.get("external_reference"),
    )


def entry_to_document(entry: Entry, command_id: str) -> Document:
    """Return the history row of an entry, with the id of the command that made it."""
    return present(
        seq=entry.seq,
        at=naive(entry.at),
        unit=entry.unit,
        party=entry.party and entry.party.value,
        source=entry.source,
        target=entry.target,
        event=entry.event,
        actor=entry.actor.id,
        role=entry.actor.role.value,
        cause=entry.cause,
        reason=entry.reason,
        input={name: _value_in(value) for name, value in entry.input.items()} or None,
        command_id=command_id,
    )


def entry_from_document(row: Mapping[str, Any]) -> Entry:
    """Return the entry of a history row."""
    party = row.get("party")
    return Entry(
        seq=row["seq"],
        at=aware(row["at"]),
        unit=row.get("unit"),
        party=Party(party) if party else None,
        source=row.get("source"),
        target=row.get("target"),
        event=row["event"],
        actor=Actor(row["actor"], Role(row["role"])),
        cause=row.get("cause"),
        reason=row.get("reason"),
        input={name: _value_out(value) for name, value in row.get("input", {}).items()},
    )


def policies_in(policies: Mapping[str, PolicyValue]) -> Document:
    """Return policies by name as they are stored: a window in milliseconds, a choice as its name."""
    return {
        name: value // _MILLISECOND if isinstance(value, timedelta) else value
        for name, value in policies.items()
    }


def policies_out(stored: Mapping[str, Any]) -> dict[str, PolicyValue]:
    """Return stored policies by name."""
    return {
        name: value if isinstance(value, str) else timedelta(milliseconds=value)
        for name, value in stored.items()
    }


def _policies_in(policies: Policies) -> Document:
    merchants = {merchant: policies_in(own) for merchant, own in policies.merchants.items()}
    return {"marketplace": policies_in(policies.marketplace), "merchants": merchants}


def _policies_out(stored: Mapping[str, Any]) -> Policies:
    merchants = {merchant: policies_out(own) for merchant, own in stored["merchants"].items()}
    return Policies(policies_out(stored["marketplace"]), merchants)


def _address_in(address: Address) -> Document:
    return present(
        recipient=address.recipient,
        street=address.street,
        postal_code=address.postal_code,
        city=address.city,
        country=address.country,
        region=address.region,
    )


def _deadline_in(deadline: Deadline) -> Document:
    return {
        "id": deadline.id,
        "unit": deadline.unit,
        "party": deadline.party.value,
        "event": deadline.event,
        "at": naive(deadline.at),
    }


def _deadline_out(stored: Mapping[str, Any]) -> Deadline:
    return Deadline(
        stored["id"], stored["unit"], Party(stored["party"]), stored["event"], aware(stored["at"])
    )


def _value_in(value: Value) -> Any:
    return {"day": value.isoformat()} if isinstance(value, date) else value


def _value_out(stored: Any) -> Value:
    return stored if isinstance(stored, str | int) else date.fromisoformat(stored["day"])
