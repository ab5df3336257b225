"""Small processes of one idea each, for tests of the engine and of the check. No shop runs any of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from domain.actors import Actor, Audience, Party, Role
from domain.engine import fire
from domain.moment import Moment, guard
from domain.order import MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.policies import Policy
from domain.process import Label, Link, Machine, Move, No, Pair, Process, State, UnitKind
from domain.refusal import Refusal
from domain.words import machine, says, state
from tests.builders import NOW, actor, order

MARKETPLACE, CHAIN, MERCHANT = Party.MARKETPLACE, Party.CHAIN, Party.MERCHANT
BUYER, SELLER, SHOP, BANK = Role.CUSTOMER, Role.MERCHANT, Role.MARKETPLACE, Role.PAYMENTS

WINDOW = Policy("window", timedelta(hours=1), "How long the toy waits.")


def st(*moves: Move | No, labels: dict[Audience, Label | None] | None = None, locked: bool = False) -> State:
    """A state that means something and is read by nobody, unless labels are given."""
    return state(says() if labels is None else labels, *moves, meaning="A toy.", locked=locked)


def mkt(initial: str, **states: State) -> Machine:
    """The marketplace's machine."""
    return machine("shop", MARKETPLACE, initial, states)


def mrc(initial: str, **states: State) -> Machine:
    """The merchant's machine."""
    return machine("seller", MERCHANT, initial, states)


def toy(
    *machines: Machine,
    links: Sequence[Link] = (),
    never: Sequence[Pair] = (),
    unit: UnitKind = UnitKind.LINE,
    reads: Mapping[Audience, tuple[Party, ...]] | None = None,
    policies: Sequence[Policy] = (WINDOW,),
    variant_policy: Mapping[Party, str] | None = None,
    first: Party = MARKETPLACE,
) -> Process:
    """A process of these machines; each audience that is not told otherwise reads the marketplace's."""
    return Process(
        name="toy",
        version=1,
        unit=unit,
        first=first,
        machines=machines,
        links=tuple(links),
        never=tuple(never),
        reads=dict.fromkeys(Audience, (MARKETPLACE,)) if reads is None else reads,
        policies={policy.name: policy for policy in policies},
        pays="pay",
        variant_policy=variant_policy or {},
    )


def merchant_orders(process: Process, *merchants: str) -> Order:
    """An order of merchant orders, not yet placed: one for each of these merchants."""
    start = order(process=process)
    parts = (
        MerchantOrder(f"o1-m{n}", f"ORD-1-{n}", merchant, NOW) for n, merchant in enumerate(merchants, 1)
    )
    return replace(start, merchant_orders=tuple(parts))


def fired(
    process: Process,
    here: Order,
    event: str,
    role: Role,
    party: Party = MARKETPLACE,
    *,
    unit: str = "o1-1",
    by: Actor | None = None,
) -> Outcome:
    """Fire one event, which must be taken."""
    answer = tried(process, here, event, role, party, unit=unit, by=by)
    assert isinstance(answer, Outcome), answer
    return answer


def tried(
    process: Process,
    here: Order,
    event: str,
    role: Role,
    party: Party = MARKETPLACE,
    *,
    unit: str = "o1-1",
    by: Actor | None = None,
) -> Outcome | Refusal:
    """Fire one event, which may be refused."""
    return fire(process, here, Intent(event, unit, party, by or actor(role)), NOW)


@guard("The input does not say so.")
def said_so(moment: Moment) -> bool:
    """Does the input say so?"""
    return moment.input.get("so") == "yes"
