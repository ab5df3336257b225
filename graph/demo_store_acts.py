"""What the acts of the demo's store stories mean: each does what the API's mutation of that kind does.

Pure; it must not know the stories, nor when what happens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.acknowledging import acknowledge_command
from domain.actors import Actor
from domain.amending import Amendment, amended
from domain.commands import CommandStatus
from domain.completing import change_payment, complete_order
from domain.engine import perform
from domain.invoiced import invoiced, left_to_invoice, outputs, quantities_left
from domain.invoices import Invoice, InvoiceLine, InvoiceType, Tracking
from domain.invoicing import add_invoice
from domain.order import Address, Customer, Input, MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.process import Process
from domain.reassigning import change_merchant
from domain.refusal import Refusal
from domain.tracking import update_tracking

CARD = "card"


@dataclass(frozen=True, slots=True)
class Scene:
    """Who does something to which merchant orders of an order, when, and what comes along with it."""

    process: Process
    order: Order
    units: tuple[MerchantOrder, ...]
    actor: Actor
    given: Input
    at: datetime


def act_out(event: str, scene: Scene) -> Outcome | Refusal:
    """What comes of it: of what is more than an event as `_RICHER` says, else of the event on each unit."""
    return _RICHER.get(event, lambda scene: _fired(event, scene))(scene)


def home(customer: Customer) -> Address:
    """Where a customer of the demo lives."""
    return Address(customer.name, "1 Market Street", "10115", "Berlin", "DE")


def _fired(event: str, scene: Scene) -> Outcome:
    intents = [
        Intent(
            event, unit.id, scene.process.party_for(unit, scene.actor.role, event), scene.actor, scene.given
        )
        for unit in scene.units
    ]
    return perform(scene.process, scene.order, intents, scene.at)


def _pay(scene: Scene) -> Outcome | Refusal:
    reference = f"PSP-{scene.order.external_reference}"
    captured = bool(scene.given.get("captured"))
    amount = due(scene.order)
    return record_payment(
        scene.process, scene.order, reference, amount, scene.actor, scene.at, captured=captured
    )


def _complete(scene: Scene) -> Outcome | Refusal:
    address = home(scene.order.customer)
    return complete_order(scene.process, scene.order, address, CARD, scene.actor, scene.at)


def _change_payment(scene: Scene) -> Outcome | Refusal:
    method = str(scene.given["payment_method"])
    return change_payment(scene.process, scene.order, method, scene.actor, scene.at)


def _refuse(scene: Scene) -> Outcome | Refusal:
    """The payment provider refuses the first thing that it was asked for."""
    asked = next(each.id for each in scene.order.commands if each.status is CommandStatus.PENDING)
    answer = str(scene.given["answer"])
    return acknowledge_command(
        scene.process, scene.order, asked, done=False, answer=answer, actor=scene.actor, now=scene.at
    )


def _change_order(scene: Scene) -> Outcome | Refusal:
    """Another quantity of the last line."""
    unit, line = scene.units[-1], scene.order.lines[-1]
    amendment = Amendment(str(scene.given["reason"]), {line.id: int(str(scene.given["quantity"]))})
    return amended(scene.process, scene.order, unit.id, amendment, scene.actor, scene.at)


def _change_seller(scene: Scene) -> Outcome | Refusal:
    merchant, reason = str(scene.given["merchant"]), str(scene.given["reason"])
    unit = scene.units[0].id
    return change_merchant(scene.process, scene.order, unit, merchant, {}, reason, scene.actor, scene.at)


def _invoice(scene: Scene) -> Outcome | Refusal:
    """All that is left; with `part` the first line."""
    [unit] = scene.units
    left = quantities_left(scene.order, unit)
    lines = [line for line in scene.order.lines_of(unit) if left[line.id]]
    value = left_to_invoice(scene.order, unit)
    if scene.given.get("part"):
        lines, value = lines[:1], lines[0].total
    on_it = tuple(InvoiceLine(line.id, left[line.id], line.unit_price) for line in lines)
    return _add(scene, InvoiceType.OUTPUT, value, on_it)


def _take_back(scene: Scene) -> Outcome | Refusal:
    """All that was invoiced comes back."""
    [unit] = scene.units
    return _add(
        scene, InvoiceType.INPUT, invoiced(unit), tuple(line for each in outputs(unit) for line in each.lines)
    )


def _add(scene: Scene, type: InvoiceType, value: int, lines: tuple[InvoiceLine, ...]) -> Outcome | Refusal:
    [unit] = scene.units
    number = f"{unit.reference}/{len(unit.invoices) + 1}"
    invoice = Invoice(number, type, value, scene.at, scene.at, lines)
    return add_invoice(scene.process, scene.order, unit.id, invoice, scene.actor, scene.at)


def _update_tracking(scene: Scene) -> Outcome | Refusal:
    """News of the last invoice's goods."""
    [unit] = scene.units
    invoice = outputs(unit)[-1]
    tracking = Tracking("DHL", f"JD{scene.order.external_reference}", delivered=bool(scene.given))
    return update_tracking(
        scene.process, scene.order, unit.id, invoice.number, tracking, scene.actor, scene.at
    )


_RICHER: Mapping[str, Callable[[Scene], Outcome | Refusal]] = {
    "pay": _pay,
    "complete": _complete,
    "change_payment": _change_payment,
    "refuse": _refuse,
    "change_order": _change_order,
    "change_seller": _change_seller,
    "invoice": _invoice,
    "take_back": _take_back,
    "update_tracking": _update_tracking,
}
