"""A sale in one of the store flows, walked to where a test looks at it, on a database in memory.

Merchant m1 sells three pieces at 10.00 EUR, the other merchant one thing at 7,777.77 EUR.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.acknowledging import acknowledge_command
from domain.actors import Actor, Role
from domain.amending import Amendment, amended
from domain.drafts import DraftLine, draft
from domain.engine import fire
from domain.invoices import Invoice, InvoiceLine, InvoiceType, Tracking
from domain.invoicing import add_invoice
from domain.order import Address, MerchantOrder, Order, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.policies import PolicyValue, stamp
from domain.process import Process
from domain.processes import latest
from domain.refusal import Refusal
from domain.tracking import update_tracking
from graph.auth import Principal
from graph.lifespan import services_of
from graph.settings import Settings
from tests.asking import CANARY, Shop
from tests.stores import ANNA, CHECKOUT, Decided, Store, line, taken

HOME = Address("Anna Berg", "1 Main Street", "10115", "Berlin", "DE")
MINE, OTHERS = 0, 1
"""Which merchant order: that of m1, or the other merchant's."""

ENTRIES = {
    Role.MARKETPLACE: "marketplace",
    Role.MERCHANT: "merchant",
    Role.CUSTOMER: "storefront",
    Role.PAYMENTS: "payments",
    Role.LOGISTICS: "logistics",
}
WHO = {
    Role.CUSTOMER: Actor("anna", Role.CUSTOMER),
    Role.MARKETPLACE: Actor("admin", Role.MARKETPLACE),
    Role.MERCHANT: Actor("seller-1", Role.MERCHANT),
    Role.PAYMENTS: Actor("psp", Role.PAYMENTS),
    Role.LOGISTICS: Actor("erp", Role.LOGISTICS),
}
"""Who acts in each role."""


@dataclass(slots=True)
class Sale:
    """One order; each step changes it, and fails where it is refused."""

    shop: Shop
    process: Process
    order: Order

    def part(self, which: int = MINE) -> MerchantOrder:
        """One of its merchant orders as it stands."""
        return self.order.merchant_orders[which]

    # What happens to it

    async def pay(self, *, captured: bool = False) -> None:
        """Anna pays all that is due."""
        who = WHO[Role.PAYMENTS]
        await self.change(
            lambda order, now: record_payment(
                self.process, order, "pay-1", due(order), who, now, captured=captured
            )
        )

    async def fire(self, event: str, role: Role, which: int = MINE, **given: Value) -> None:
        """Somebody fires an event on one merchant order."""

        def decide(order: Order, now: datetime) -> Outcome | Refusal:
            unit = order.merchant_orders[which]
            party = self.process.party_for(unit, role, event)
            return fire(self.process, order, Intent(event, unit.id, party, WHO[role], given), now)

        await self.change(decide)

    async def handle(self, which: int = MINE) -> None:
        """What is paid is handled, half an hour later."""
        due_at = min(each.at for each in self.order.deadlines if each.event == "close_window")
        await self.shop.store.clock.advance(due_at - await self.shop.store.clock.now())
        await self.change(lambda order, now: self._close_window(order, which, now))
        await self.fire("start_handling", Role.MERCHANT, which)

    async def invoice(self, number: str = "F-1", value: int = 1_000, quantity: int = 1, **more: Any) -> None:
        """Merchant m1 invoices some pieces of its first line."""
        own = self.order.lines_of(self.part())[0]
        at = await self.shop.store.clock.now()
        lines = (InvoiceLine(own.id, quantity, 1_000),)
        invoice = Invoice(number, InvoiceType.OUTPUT, value, at, at, lines, **more)
        await self.change(
            lambda order, now: add_invoice(
                self.process, order, self.part().id, invoice, WHO[Role.MERCHANT], now
            )
        )

    async def track(self, number: str, tracking: Tracking) -> None:
        """Merchant m1 tells where the goods of an invoice are."""
        await self.change(
            lambda order, now: update_tracking(
                self.process, order, self.part().id, number, tracking, WHO[Role.MERCHANT], now
            )
        )

    async def change_lines(self, quantity: int, added: DraftLine) -> None:
        """The marketplace gives m1's first line another quantity and adds one."""
        own, *_ = self.order.lines_of(self.part())
        amendment = Amendment("wished", {own.id: quantity}, (added,))
        await self.change(
            lambda order, now: amended(
                self.process, order, self.part().id, amendment, WHO[Role.MARKETPLACE], now
            )
        )

    async def answer(self, command: str, *, done: bool, said: str | None = None) -> None:
        """The payment provider answers a command."""
        who = WHO[Role.PAYMENTS]
        await self.change(
            lambda order, now: acknowledge_command(
                self.process, order, command, done=done, answer=said, actor=who, now=now
            )
        )

    async def change(self, decide: Callable[[Order, datetime], Outcome | Refusal]) -> None:
        """Whatever else happens to it, which must be taken."""

        def decision(order: Order, now: datetime) -> Decided:
            return taken(decide(order, now))

        self.order = (await self.shop.store.orders.change(self.order.id, decision)).order

    def _close_window(self, order: Order, which: int, now: datetime) -> Outcome | Refusal:
        unit = order.merchant_orders[which]
        deadline = next(d for d in order.deadlines if d.event == "close_window" and d.unit == unit.id)
        clock = Actor("system", Role.SYSTEM)
        return fire(self.process, order, Intent("close_window", unit.id, deadline.party, clock), now)

    # What is seen of it

    async def look(self, who: Principal, selected: str) -> Any:
        """What somebody reads on the order; None: it does not exist for it."""
        entry = ENTRIES[who.role]
        reference = self.order.reference
        if who.merchant_id:
            reference = next(
                m.reference for m in self.order.merchant_orders if m.merchant_id == who.merchant_id
            )
        query = f"query ($by: OrderSelector!) {{ {entry} {{ order(by: $by) {{ {selected} }} }} }}"
        return (await self.shop.data(who, query, by={"reference": reference}))[entry]["order"]

    async def listed(self, who: Principal, where: dict[str, Any]) -> int:
        """How many orders this filter finds: this one, or none."""
        kind = "OrderWhere" if who.role is Role.MARKETPLACE else "MerchantOrderWhere"
        entry = ENTRIES[who.role]
        query = f"query ($w: {kind}) {{ {entry} {{ orders(first: 5, where: $w) {{ totalCount }} }} }}"
        return (await self.shop.data(who, query, w=where))[entry]["orders"]["totalCount"]


async def sale(
    store: Store,
    name: str = "marketplace-seller",
    *,
    complete: bool = True,
    alone: bool = False,
    **policies: PolicyValue,
) -> Sale:
    """An order just placed in the process of this name: of both merchants, or of m1 `alone`."""
    process = latest(name)
    assert process is not None
    services = services_of(store.database, Settings(jwt_secret="a secret that is long enough for HS256"))
    await services.merchants.register("m1", "Merchant One")
    await services.merchants.register(CANARY, f"The {CANARY} shop")
    lines = [line("A-1", "m1", quantity=3)]
    if not alone:
        lines.append(line(f"{CANARY}-1", CANARY, price=777_777))
    order = draft(
        process,
        stamp(process.policies.values(), policies, {}),
        order_id="draft",
        reference="draft",
        currency="EUR",
        customer=ANNA,
        lines=lines,
        shipping={},
        now=await store.clock.now(),
        external_reference="cart-1",
        deliver_to=HOME if complete else None,
        payment_method="card" if complete else None,
    )
    assert isinstance(order, Order)
    placed = (await store.orders.place(order, process, CHECKOUT, None)).order
    return Sale(Shop(store, services, placed, placed), process, placed)


def at(moment: datetime | None) -> str | None:
    """A time as the API shows it."""
    return moment and moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def eur(minor: int) -> dict[str, Any]:
    """An amount of euros as the API shows it."""
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "EUR", "minorUnits": minor}
