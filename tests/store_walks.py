"""Orders of the store processes as tests need them: `walk` fires what is written as sentences.

A sentence is "<role> <event>", where needed with what it is about, the merchant whose part is meant ("of m2")
and input: "payments pay, amount=5.00", "merchant invoice 8.00 F1", "merchant invoice rest F2", "merchant
update_tracking F1, delivered=yes", "marketplace change_order line 1 to 3, reason=more", "marketplace
change_seller m3", "payments settle all", "2 of sku-1 arrive", "2 of sku-1 are there" (nobody noticed),
"30 minutes later". First may stand what is given: "given two merchants", "given no address", "given 1 of
sku-1 in stock", "given payment_provider=external".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from domain import money
from domain.acknowledging import acknowledge_command, retry_command
from domain.actors import Actor, Audience, Party, Role
from domain.amending import Amendment, amended
from domain.completing import change_payment, complete_order
from domain.drafts import DraftLine
from domain.engine import fire, perform, settle
from domain.invoiced import left_to_invoice, quantities_left, quantities_to_return
from domain.invoices import Invoice, InvoiceLine, InvoiceType, Tracking
from domain.invoicing import add_invoice
from domain.order import Address, Input, Line, MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.policies import PolicyValue
from domain.process import Process
from domain.processes.chain import CHAIN_PROCESS
from domain.processes.complete import COMPLETE
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from domain.reassigning import change_merchant
from domain.refusal import Refusal
from domain.restocking import restock
from domain.status import status_of_unit
from domain.tracking import update_tracking
from tests.builders import Walk, actor, line, order, pass_time, placed, policies

STORES = {process.name: process for process in (MARKETPLACE_SELLER, COMPLETE, CHAIN_PROCESS)}
"""The store processes by name."""

HOME = Address("Ada Buyer", "1 Main Street", "10115", "Berlin", "DE")

_LENGTH = re.compile(r"(\d+) (second|minute|hour|day)s?")
_ARRIVAL = re.compile(r"(\d+) of ([\w-]+) (?:arrive|(are there))")
_IN_STOCK = re.compile(r"(\d+) of ([\w-]+) in stock")
_SENTENCE = re.compile(
    r"(?P<role>\w+) (?P<event>\w+)(?P<about>(?: (?!of )[^ ,]+)*)(?: of (?P<merchant>m\d+))?"
    r"(?:, (?P<input>.+))?"
)


# What an order is like before it is placed


@dataclass(frozen=True)
class Given:
    """What is given before an order is placed; else one merchant, all data, nothing counted, the defaults."""

    merchants: int = 1
    complete: bool = True
    shelf: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    settings: Mapping[str, PolicyValue] = field(default_factory=dict[str, PolicyValue])

    def and_(self, words: str) -> "Given":
        """What is given with this as well."""
        if words == "two merchants":
            return replace(self, merchants=2)
        if words == "no address":
            return replace(self, complete=False)
        if found := _IN_STOCK.fullmatch(words):
            return replace(self, shelf={**self.shelf, ("m1", found[2]): int(found[1])})
        name, _, value = words.partition("=")
        assert value, f"nothing that can be given: {words}"
        return replace(self, settings={**self.settings, name: length(value) or value})


def length(words: str) -> timedelta | None:
    """The length of time that these words name, or None: "2 days"."""
    found = _LENGTH.fullmatch(words)
    return timedelta(**{f"{found[2]}s": int(found[1])}) if found else None


def sold(
    process: Process,
    *lines: Line,
    complete: bool = True,
    shelf: Mapping[tuple[str, str], int] | None = None,
    **settings: PolicyValue,
) -> Order:
    """An order, not yet placed, with one merchant order for each merchant of its lines.

    Without lines it has two pieces at 10.00. What is not complete has no address and no way to pay.
    """
    lines = lines or (line(quantity=2),)
    merchants = list(dict.fromkeys(each.merchant_id for each in lines))
    start = order(
        *(replace(each, merchant_order_id=f"o1-m{1 + merchants.index(each.merchant_id)}") for each in lines),
        process=process,
        policies=policies(None, process, **settings),
    )
    parts = (
        MerchantOrder(f"o1-m{n}", f"ORD-1-{n}", merchant, start.placed_at)
        for n, merchant in enumerate(merchants, 1)
    )
    start = replace(start, merchant_orders=tuple(parts), shelf=shelf or {})
    return replace(start, deliver_to=HOME, payment_method="card") if complete else start


def started(process: Process, *given: str) -> Walk:
    """The order as it stands once it is placed, where this is given."""
    found = Given()
    for words in given:
        found = found.and_(words.removeprefix("given "))
    lines = (line(n, merchant_id=f"m{n}", quantity=2) for n in range(1, found.merchants + 1))
    start = sold(process, *lines, complete=found.complete, shelf=found.shelf, **found.settings)
    return placed(start, process)


# What happens to it


def walk(start: Process | Walk, *sentences: str) -> Walk:
    """Fire these sentences one after the other; each must be taken."""
    if isinstance(start, Process):
        given = [sentence for sentence in sentences if sentence.startswith("given ")]
        start, sentences = started(start, *given), tuple(s for s in sentences if s not in given)
    here = start
    for sentence in sentences:
        if sentence.endswith(" later"):
            time = length(sentence.removesuffix(" later"))
            assert time, f"no length of time: {sentence}"
            here = pass_time(here, time)
            continue
        answer = attempt(here, sentence)
        assert isinstance(answer, Outcome), f"{sentence}: {answer}"
        assert not answer.refused, f"{sentence}: {answer.refused}"
        here = here.then(answer)
    return here


def attempt(here: Walk, sentence: str) -> Outcome | Refusal:
    """Fire one sentence, which may be refused."""
    if found := _ARRIVAL.fullmatch(sentence):
        shelf = {**here.order.shelf, ("m1", found[2]): int(found[1])}
        there = replace(here.order, shelf=shelf)
        return Outcome(there) if found[3] else settle(here.process, there, here.now)
    said = _SENTENCE.fullmatch(sentence)
    assert said, f"not a sentence: {sentence}"
    act = _Act(
        here,
        actor(Role(said["role"])),
        said["event"],
        tuple(said["about"].split()),
        theirs(here, said["merchant"] or "m1"),
        _input(said["input"]),
    )
    # Without what it is about, the bare event is fired.
    richer = act.about or act.event in ("pay", "complete", "change_payment", "restock")
    return _SPECIAL.get(act.event, _fire)(act) if richer else _fire(act)


def refused(here: Walk, sentence: str) -> Refusal:
    """The refusal that this sentence meets."""
    answer = attempt(here, sentence)
    assert isinstance(answer, Refusal), f"{sentence} was taken"
    return answer


def performed(here: Walk, *intents: Intent) -> Walk:
    """The walk after these intents as one step, none of which may be refused."""
    outcome = perform(here.process, here.order, intents, here.now)
    assert not outcome.refused, outcome.refused
    return here.then(outcome)


# Where it stands


def theirs(here: Walk, merchant: str = "m1") -> MerchantOrder:
    """The merchant order of this merchant."""
    return next(found for found in here.order.merchant_orders if found.merchant_id == merchant)


def state(here: Walk, party: Party, merchant: str = "m1") -> str | None:
    """Where this party's machine stands; None before it started."""
    position = theirs(here, merchant).positions.get(party)
    return position.state if position else None


def stand(here: Walk, merchant: str = "m1") -> str:
    """Where all machines stand, in the order in which they started: "payment-approved × handling"."""
    return " × ".join(position.state for position in theirs(here, merchant).positions.values())


def reads(here: Walk, audience: Audience, merchant: str = "m1") -> str | None:
    """What this audience reads of the merchant order; None: nothing."""
    status = status_of_unit(here.process, here.order, theirs(here, merchant), audience)
    return status.label if status else None


def labels(here: Walk, merchant: str = "m1") -> tuple[str | None, str | None, str | None]:
    """What back office, merchant portal and storefront read of the merchant order."""
    office, portal, store = (reads(here, audience, merchant) for audience in Audience)
    return office, portal, store


def asked(here: Walk) -> list[str]:
    """What the payment provider was asked to do, in order: ["capture 8.00", "refund 12.00"]."""
    return [f"{c.kind} {money.text(c.amount, here.order.currency)}" for c in here.order.commands]


# What the sentences mean


@dataclass(frozen=True)
class _Act:
    here: Walk
    who: Actor
    event: str
    about: tuple[str, ...]
    unit: MerchantOrder
    given: Input


def _fire(act: _Act) -> Outcome | Refusal:
    here, unit = act.here, act.unit
    party = here.process.party_for(unit, act.who.role, act.event)
    return fire(here.process, here.order, Intent(act.event, unit.id, party, act.who, act.given), here.now)


def _pay(act: _Act) -> Outcome | Refusal:
    here = act.here
    amount = act.given.get("amount")
    worth = due(here.order) if amount is None else money.parse(str(amount), here.order.currency)
    reference = str(act.given.get("reference", f"p{len(here.order.payments) + 1}"))
    captured = act.given.get("captured") == "yes"
    return record_payment(here.process, here.order, reference, worth, act.who, here.now, captured=captured)


def _complete(act: _Act) -> Outcome | Refusal:
    here = act.here
    return complete_order(here.process, here.order, HOME, "card", act.who, here.now)


def _change_payment(act: _Act) -> Outcome | Refusal:
    here, method = act.here, act.given.get("payment_method")
    return change_payment(here.process, here.order, str(method) if method else None, act.who, here.now)


def _restock(act: _Act) -> Outcome | Refusal:
    here = act.here
    return restock(here.process, here.order, act.unit.id, None, act.who, here.now)


def _invoice(act: _Act) -> Outcome | Refusal:
    here, (value, number) = act.here, act.about
    invoice = output(here, act.unit, number, value)
    return add_invoice(here.process, here.order, act.unit.id, invoice, act.who, here.now)


def output(here: Walk, unit: MerchantOrder, number: str, value: str) -> Invoice:
    """An Output invoice of this value: for one piece of the first line, or of the "rest", for all pieces."""
    left, pieces = left_to_invoice(here.order, unit), quantities_left(here.order, unit)
    worth = left if value == "rest" else money.parse(value, here.order.currency)
    lines = [InvoiceLine(id, n, 1000) for id, n in pieces.items() if n]
    if worth < left:
        lines = [replace(each, quantity=1) for each in lines[:1]]
    return Invoice(number, InvoiceType.OUTPUT, worth, here.now, here.now, tuple(lines))


def _take_back(act: _Act) -> Outcome | Refusal:
    here, (value, number) = act.here, act.about
    lines = [InvoiceLine(id, 1, 1000) for id, n in quantities_to_return(act.unit).items() if n][:1]
    worth = money.parse(value, here.order.currency)
    invoice = Invoice(number, InvoiceType.INPUT, worth, here.now, here.now, tuple(lines))
    return add_invoice(here.process, here.order, act.unit.id, invoice, act.who, here.now)


def _track(act: _Act) -> Outcome | Refusal:
    here, (number,) = act.here, act.about
    told = Tracking(courier="X", number="T1", delivered=act.given.get("delivered") == "yes")
    return update_tracking(here.process, here.order, act.unit.id, number, told, act.who, here.now)


def _change_order(act: _Act) -> Outcome | Refusal:
    """ "line 1 to 3" or "adding 2 sku-9"."""
    here, reason = act.here, str(act.given.get("reason", ""))
    match act.about:
        case ("line", number, "to", quantity):
            amendment = Amendment(reason, {f"o1-{number}": int(quantity)})
        case ("adding", quantity, sku):
            more = DraftLine(sku, "One more thing", act.unit.merchant_id, int(quantity), 1000)
            amendment = Amendment(reason, added=(more,))
        case _:
            raise AssertionError(f"no change: {act.about}")
    return amended(here.process, here.order, act.unit.id, amendment, act.who, here.now)


def _change_seller(act: _Act) -> Outcome | Refusal:
    here, (merchant,) = act.here, act.about
    return change_merchant(here.process, here.order, act.unit.id, merchant, {}, None, act.who, here.now)


def _commands(act: _Act, answer: Callable[[Walk, str], Outcome | Refusal]) -> Outcome | Refusal:
    """Answer the commands named, or all that are not done, one after the other; the last refusal counts."""
    start = here = act.here
    ids = act.about if act.about != ("all",) else [c.id for c in here.order.commands if c.status != "done"]
    assert ids, "there is no command"
    for id in ids:
        found = answer(here, id if id.startswith("o1-") else f"o1-{id}")
        if isinstance(found, Refusal):
            return found
        here = here.then(found)
    return Outcome(here.order, here.entries[len(start.entries) :])


def _settle(act: _Act) -> Outcome | Refusal:
    return _commands(
        act,
        lambda here, id: acknowledge_command(
            here.process, here.order, id, done=True, answer=None, actor=act.who, now=here.now
        ),
    )


def _refuse(act: _Act) -> Outcome | Refusal:
    return _commands(
        act,
        lambda here, id: acknowledge_command(
            here.process, here.order, id, done=False, answer="no", actor=act.who, now=here.now
        ),
    )


def _retry(act: _Act) -> Outcome | Refusal:
    return _commands(act, lambda here, id: retry_command(here.process, here.order, id, act.who, here.now))


_SPECIAL: Mapping[str, Callable[[_Act], Outcome | Refusal]] = {
    "pay": _pay,
    "complete": _complete,
    "change_payment": _change_payment,
    "restock": _restock,
    "invoice": _invoice,
    "take_back": _take_back,
    "update_tracking": _track,
    "change_order": _change_order,
    "change_seller": _change_seller,
    "settle": _settle,
    "refuse": _refuse,
    "retry": _retry,
}


def _input(text: str | None) -> Input:
    pairs = (pair.partition("=") for pair in (text or "").split(", ") if pair)
    return {name: value for name, _, value in pairs}
