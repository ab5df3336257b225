"""How a demo order of a store flow lives its story, act by act, each at its own time, by the real engine.

Pure; it must not know the database. What the stories are is in `demo_store_stories`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from domain.actors import Role
from domain.drafts import draft
from domain.engine import place
from domain.order import Customer, Order
from domain.outcome import Outcome
from domain.policies import stamp
from domain.process import Process
from domain.processes import latest
from graph.demo_lives import BETWEEN_MERCHANTS, CHANNEL, SHOP, StoryRefused, actor_of, deadlines, times
from graph.demo_store_acts import CARD, Scene, act_out, home
from graph.demo_store_stories import IN_STOCK, STORE_STORIES, Act, StoreStory
from graph.demo_stories import CARTS, CUSTOMERS, Cart

_ENOUGH = 1000


@dataclass(frozen=True, slots=True)
class StoreOrder:
    """One order to be: its number from 1, the process that it follows, who buys what, and the story of it."""

    number: int
    process: Process
    cart: Cart
    customer: Customer
    story: StoreStory

    @property
    def external_reference(self) -> str:
        """What keeps it from being made twice: "demo-store-001"."""
        return f"demo-store-{self.number:03}"


def store_orders() -> list[StoreOrder]:
    """Every demo order of the store flows, the same each time."""
    told = [(story, name) for story in STORE_STORIES for name in story.processes]
    return [
        StoreOrder(
            n,
            _latest(name),
            story.cart or CARTS[n % len(CARTS)],
            CUSTOMERS[n * 5 % len(CUSTOMERS)],
            story,
        )
        for n, (story, name) in enumerate(told, 1)
    ]


def lived_in_store(demo: StoreOrder, now: datetime, order_id: str, reference: str) -> list[Outcome]:
    """The life of one of them until `now`: what came of its placing, then of each act.

    Raises StoryRefused.
    """
    process, acts = demo.process, demo.story.acts
    placed_at, gaps = times(demo.number, demo.story.ended, [act.hours for act in acts], now)
    life = [place(process, drafted_in_store(demo, placed_at, order_id, reference), SHOP, placed_at)]
    at = placed_at
    for act, gap in zip(acts, gaps, strict=True):
        at = (at + gap).replace(microsecond=0)
        life += _acted(demo, life[-1].order, act, at)
    return life + deadlines(process, life[-1].order, now)


def _acted(demo: StoreOrder, order: Order, act: Act, at: datetime) -> Iterator[Outcome]:
    """What comes of one act, and before it of the clock: merchants and carriers act one after the other."""
    alone = act.role in (Role.MERCHANT, Role.LOGISTICS)
    for n, theirs in enumerate(order.merchant_orders if alone else order.merchant_orders[:1]):
        then = at + n * BETWEEN_MERCHANTS
        for outcome in deadlines(demo.process, order, then):
            order = outcome.order
            yield outcome
        units = order.merchant_orders[n : n + 1] if alone else order.merchant_orders
        actor = actor_of(act.role, order, theirs.merchant_id)
        outcome = act_out(act.event, Scene(demo.process, order, units, actor, act.input, then))
        if not isinstance(outcome, Outcome) or outcome.refused or not outcome.entries:
            raise StoryRefused(f"{demo.external_reference}, {act.event}: {outcome}")
        order = outcome.order
        yield outcome


def drafted_in_store(demo: StoreOrder, placed_at: datetime, order_id: str, reference: str) -> Order:
    """The order as the checkout sends it, with what its merchants had in stock then."""
    story = demo.story
    order = draft(
        demo.process,
        stamp(demo.process.policies.values(), story.settings, {}),
        order_id=order_id,
        reference=reference,
        currency=demo.cart.currency,
        customer=demo.customer,
        lines=demo.cart.lines,
        shipping=demo.cart.shipping,
        now=placed_at,
        channel=CHANNEL,
        external_reference=demo.external_reference,
        deliver_to=None if story.incomplete else home(demo.customer),
        payment_method=None if story.incomplete else CARD,
    )
    assert isinstance(order, Order), order
    return replace(order, shelf=dict.fromkeys(IN_STOCK, 0 if story.sold_out else _ENOUGH))


def _latest(name: str) -> Process:
    process = latest(name)
    assert process is not None, "the stories are of processes that exist"
    return process
