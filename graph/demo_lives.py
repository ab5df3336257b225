"""How a demo order lives its story, step by step, each at its own time, through the real engine.

Pure; it must not know the database. What the stories are is in `demo_stories`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from domain.actors import SYSTEM, Actor, Role
from domain.drafts import draft
from domain.engine import perform, place
from domain.order import Customer, Order, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.policies import PolicyValue, stamp
from domain.process import Process
from graph.demo_stories import (
    AT_CENTER,
    CARTS,
    CUSTOMERS,
    MERCHANTS,
    STORIES,
    TO_CENTER,
    Cart,
    DemoMerchant,
    Step,
    Story,
)

CHANNEL = "demo"
SHOP = Actor("marketplace", Role.MARKETPLACE)
"""Whoever placed the orders: the marketplace's checkout."""

ROUNDS = 3
"""How often each story is told of each cart."""

BETWEEN_MERCHANTS = timedelta(minutes=40)

_DISTRIBUTION = frozenset(merchant.id for merchant in MERCHANTS if merchant.distribution)
_TRANSIT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One order to be: its number from 1, who buys what, and the story of it."""

    number: int
    cart: Cart
    customer: Customer
    story: Story

    @property
    def external_reference(self) -> str:
        """What keeps it from being made twice: "demo-0001"."""
        return f"demo-{self.number:04}"


def demo_orders() -> list[DemoOrder]:
    """Every demo order, the same each time."""
    told = [
        (story, cart)
        for _ in range(ROUNDS)
        for story in STORIES
        for cart in CARTS
        if not story.for_distribution or cart.shipping.keys() <= _DISTRIBUTION
    ]
    return [
        DemoOrder(n, cart, CUSTOMERS[n * 5 % len(CUSTOMERS)], story)
        for n, (story, cart) in enumerate(told, 1)
    ]


def own_policies(merchant: DemoMerchant) -> dict[str, PolicyValue]:
    """What the merchant has set for itself."""
    return {"merchant_process": "merchant-distribution"} if merchant.distribution else {}


class StoryRefused(Exception):
    """The process does not allow what a story tells: the story is wrong."""


def lived(process: Process, demo: DemoOrder, now: datetime, order_id: str, reference: str) -> list[Outcome]:
    """The life of one demo order until `now`: what came of its placing, then of each step.

    Raises StoryRefused.
    """
    story = demo.story
    placed_at, gaps = times(demo.number, story.ended, [step.hours for step in story.steps], now)
    life = [place(process, drafted(process, demo, placed_at, order_id, reference), SHOP, placed_at)]
    for at, step, merchant_id in _timed(demo, placed_at, gaps):
        life += deadlines(process, life[-1].order, at)
        life.append(_done(process, life[-1].order, demo, step, merchant_id, at))
    return life + deadlines(process, life[-1].order, now)


def times(
    number: int, ended: tuple[float, float], hours: Sequence[float], now: datetime
) -> tuple[datetime, list[timedelta]]:
    """When order `number` was placed and the time before each of its steps: about so many `hours` each, and
    the last one between so many and so many hours before `now`.
    """
    chance = Random(number)  # noqa: S311 - the same at each run is what is wanted
    gaps = [timedelta(hours=each * chance.uniform(0.8, 1.2)) for each in hours]
    last = now - timedelta(hours=chance.uniform(*ended))
    return (last - sum(gaps, timedelta())).replace(microsecond=0), gaps


def drafted(process: Process, demo: DemoOrder, placed_at: datetime, order_id: str, reference: str) -> Order:
    """The order as the checkout sends it."""
    provider: dict[str, PolicyValue] = {"payment_provider": "external"} if demo.story.outside_payments else {}
    own = {merchant.id: own_policies(merchant) for merchant in MERCHANTS}
    order = draft(
        process,
        stamp(process.policies.values(), provider, own),
        order_id=order_id,
        reference=reference,
        currency=demo.cart.currency,
        customer=demo.customer,
        lines=demo.cart.lines,
        shipping=demo.cart.shipping,
        now=placed_at,
        channel=CHANNEL,
        external_reference=demo.external_reference,
    )
    assert isinstance(order, Order), order
    return order


def _timed(
    demo: DemoOrder, placed_at: datetime, gaps: list[timedelta]
) -> Iterator[tuple[datetime, Step, str | None]]:
    """When who does what: a merchant's or a carrier's step once for each merchant, one after the other."""
    at = placed_at
    for step, gap in zip(demo.story.steps, gaps, strict=True):
        at = (at + gap).replace(microsecond=0)
        if step.role not in (Role.MERCHANT, Role.LOGISTICS):
            yield at, step, None
            continue
        for n, merchant_id in enumerate(demo.cart.shipping):
            if step.event == "ship" and merchant_id in _DISTRIBUTION:
                yield at - gap / 2, TO_CENTER, merchant_id
                yield at - gap / 4, AT_CENTER, merchant_id
            if n == 0 or not step.first_line_only:
                yield at + n * BETWEEN_MERCHANTS, step, merchant_id


def deadlines(process: Process, order: Order, upto: datetime) -> list[Outcome]:
    """What the clock does to the order until then, each deadline at its time; one that is refused stays."""
    fired: list[Outcome] = []
    tried: set[str] = set()
    while due_now := [each for each in order.deadlines if each.at <= upto and each.id not in tried]:
        at = min(each.at for each in due_now)
        first = [each for each in due_now if each.at == at]
        tried |= {each.id for each in first}
        intents = [Intent(each.event, each.unit, each.party, SYSTEM) for each in first]
        outcome = perform(process, order, intents, at)
        if outcome.entries:
            fired.append(outcome)
            order = outcome.order
    return fired


def _done(
    process: Process, order: Order, demo: DemoOrder, step: Step, merchant_id: str | None, at: datetime
) -> Outcome:
    """What comes of one step, of all lines or one merchant's."""
    if step.event == "pay":
        amount = due(order) // 3 if step.input.get("part") else due(order)
        outcome = record_payment(
            process, order, f"PSP-{demo.number:04}", amount, actor_of(step.role, order), at
        )
    else:
        lines = [line for line in order.lines if merchant_id in (None, line.merchant_id)]
        intents = [
            Intent(
                step.event,
                line.id,
                step.party,
                actor_of(step.role, order, line.merchant_id),
                _input(step, demo, at),
            )
            for line in (lines[:1] if step.first_line_only else lines)
        ]
        outcome = perform(process, order, intents, at)
    if not isinstance(outcome, Outcome) or outcome.refused or not outcome.entries:
        raise StoryRefused(f"{demo.external_reference}, {step.event}: {outcome}")
    return outcome


def _input(step: Step, demo: DemoOrder, at: datetime) -> dict[str, Value]:
    if "carrier" not in step.input:
        return dict(step.input)
    tracking = f"{step.input['carrier']}{demo.number:06}"
    return {**step.input, "tracking_number": tracking, "expected_delivery": (at + _TRANSIT).date()}


def actor_of(role: Role, order: Order, merchant_id: str | None = None) -> Actor:
    """Who acts in this role on an order, or on this merchant's part of it."""
    if role is Role.CUSTOMER:
        return Actor(order.customer.id, role)
    if role is Role.MERCHANT and merchant_id is not None:
        return Actor(merchant_id, role)
    return Actor(role.value, role)
