"""Changes to the lines of a merchant order before it is invoiced; money and stock follow. Pure.

Source: seed on the store flows, "Chain flow" (important notes); design, store processes, "Changes to an
order". Amounts are minor units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain import money
from domain.actors import Actor, Party, Role
from domain.commands import CommandKind
from domain.drafts import MOST_LINES, MOST_PIECES, DraftLine
from domain.engine import fire, offers, perform
from domain.invoicing import invoiced, quantities_left
from domain.order import Input, MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.payments import due_of
from domain.process import Process
from domain.refusal import Refusal, RefusalCode, available
from domain.relining import relined
from domain.settlement import balanced
from domain.stocking import wanting

CHANGE, FINISH = "change_order", "finish_invoicing"

Problem = tuple[RefusalCode, str, str]
"""A code, the rule that says no, and its sentence."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is to change and why: new quantities by line id (0 removes the line), and lines to add."""

    reason: str
    quantities: Mapping[str, int] = field(default_factory=dict[str, int])
    added: tuple[DraftLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What an amendment would lead to: the order as it would be, and of its merchant order the total before
    and after, what of it would go back to the payer, what would then be left to pay, and which SKUs would be
    wanted that are not in stock.
    """

    order: Order
    before: int
    after: int
    to_refund: int
    to_pay: int
    short: tuple[str, ...]


def preview(
    process: Process, order: Order, unit_id: str, amendment: Amendment, actor: Actor, now: datetime
) -> Preview | Refusal:
    """Return what `amended` would lead to, or its refusal; nothing has to be written."""
    outcome = amended(process, order, unit_id, amendment, actor, now)
    if isinstance(outcome, Refusal):
        return outcome
    theirs = outcome.order.merchant_order(unit_id)
    assert theirs is not None, "an amendment that is not refused has its merchant order"
    known = {command.id for command in order.commands}
    return Preview(
        order=outcome.order,
        before=_total(order, theirs),
        after=_total(outcome.order, theirs),
        to_refund=sum(
            command.amount
            for command in outcome.order.commands
            if command.unit == unit_id
            and command.id not in known
            and command.kind in (CommandKind.VOID, CommandKind.REFUND)
        ),
        to_pay=due_of(outcome.order, unit_id),
        short=tuple(dict.fromkeys(line.sku for line in wanting(outcome.order, theirs))),
    )


def amended(
    process: Process, order: Order, unit_id: str, amendment: Amendment, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Change the lines of a merchant order and fire `change_order`; where its total then is just what is
    invoiced, `finish_invoicing` too.

    A change that changes nothing is a success without entries. Refused are, besides what the process refuses:
    lines that are not of this merchant order, are too many or are wrong themselves ("lines"), a quantity that
    is none or below what is invoiced ("quantity"), a total of nothing, below what is invoiced or too large to
    be recorded ("total"), and more than is in stock once the stock is confirmed ("stock").
    """
    theirs = order.merchant_order(unit_id)
    if theirs and _changes_nothing(order, theirs, amendment):
        return Outcome(order, already=(unit_id,))
    given: Input = {"reason": amendment.reason}
    offered = [o for o in offers(process, order, theirs, actor, now) if o.event == CHANGE] if theirs else []
    if theirs is None or not offered:
        return fire(process, order, Intent(CHANGE, unit_id, process.first, actor, given), now)
    offer = min(offered, key=lambda offer: offer.refusal is not None)
    if offer.refusal:
        return offer.refusal
    changed = _with_lines(order, theirs, amendment)
    if not isinstance(changed, Order):
        code, rule, sentence = changed
        return Refusal(code, sentence, rule, theirs.positions[offer.party].state, CHANGE)
    before, after = _total(order, theirs), _total(changed, theirs)
    given = {**given, "total_before": before, "total_after": after, "change": _text(order, amendment)}
    intents = [Intent(CHANGE, unit_id, offer.party, actor, given)]
    finishes = _party(process, theirs, FINISH, actor.role) if after == invoiced(theirs) else None
    if finishes is not None:
        intents.append(Intent(FINISH, unit_id, finishes, actor, {"reason": amendment.reason}))
    outcome = perform(process, balanced(changed, unit_id, now), intents, now)
    return outcome.refused[0][1] if outcome.refused else replace(outcome, moved=(unit_id,))


def _with_lines(order: Order, theirs: MerchantOrder, amendment: Amendment) -> Order | Problem:
    """The order with the lines and the stock as they would be, or the first thing that is wrong with it."""
    if problem := next(_wrong(order, theirs, amendment), None):
        return problem
    changed = relined(order, theirs, amendment.quantities, amendment.added)
    if isinstance(changed, str):
        return RefusalCode.GUARD_FAILED, "stock", changed
    return next(_wrong_total(changed, theirs), changed)


def _changes_nothing(order: Order, theirs: MerchantOrder, amendment: Amendment) -> bool:
    own = {line.id: line.quantity for line in order.lines_of(theirs)}
    return not amendment.added and all(own.get(id) == n for id, n in amendment.quantities.items())


def _party(process: Process, theirs: MerchantOrder, event: str, role: Role) -> Party | None:
    """The party whose machine lists this event for this role."""
    for party, position in theirs.positions.items():
        if event in available(process.state(party, position), role):
            return party
    return None


# What is wrong with it


def _wrong(order: Order, theirs: MerchantOrder, amendment: Amendment) -> Iterator[Problem]:
    own = {line.id: line for line in order.lines_of(theirs)}
    left = quantities_left(order, theirs)
    for id, quantity in amendment.quantities.items():
        line = own.get(id)
        if line is None:
            yield RefusalCode.NOT_FOUND, "lines", f"Line {id} is not one of this merchant order."
            continue
        if not 0 <= quantity <= MOST_PIECES:
            sentence = f"The quantity of line {id} must be between 0 and {MOST_PIECES}."
            yield RefusalCode.INPUT_INVALID, "quantity", sentence
        done = line.quantity - left[id]
        if quantity < done:
            sentence = (
                f"{done} of {line.sku} (line {id}) are invoiced already; it cannot become fewer than that."
            )
            yield RefusalCode.GUARD_FAILED, "quantity", sentence
    if len(order.lines) + len(amendment.added) > MOST_LINES:
        sentence = f"An order has at most {MOST_LINES} lines; this one has {len(order.lines)}."
        yield RefusalCode.INPUT_INVALID, "lines", sentence
    for number, line in enumerate(amendment.added, 1):
        for sentence in _wrong_draft(line, theirs):
            yield RefusalCode.INPUT_INVALID, "lines", f"Line {number} of those to add: {sentence}"


def _wrong_draft(line: DraftLine, theirs: MerchantOrder) -> Iterator[str]:
    if line.merchant_id != theirs.merchant_id:
        yield f"It is not sold by {theirs.merchant_id}, whose merchant order this is."
    if not 0 < line.quantity <= MOST_PIECES:
        yield f"Quantity must be between 1 and {MOST_PIECES}."
    if min(line.unit_price, line.discount, line.tax) < 0:
        yield "An amount cannot be negative."
    if line.discount > line.quantity * line.unit_price:
        yield "A discount cannot be larger than what it is taken off."
    if not line.sku.strip() or not line.name.strip():
        yield "SKU and name cannot be empty."


def _wrong_total(changed: Order, theirs: MerchantOrder) -> Iterator[Problem]:
    total, done = _total(changed, theirs), invoiced(theirs)
    if total == 0:
        yield RefusalCode.GUARD_FAILED, "total", "Nothing would be left to pay for; cancel it instead."
    if total < done:
        now, then = (f"{money.text(x, changed.currency)} {changed.currency}" for x in (done, total))
        sentence = f"{now} are invoiced already; the total cannot become less than that ({then})."
        yield RefusalCode.GUARD_FAILED, "total", sentence
    if changed.total + sum(line.discount for line in changed.lines) > money.LARGEST:
        sentence = "The order's total would be larger than any amount that can be recorded."
        yield RefusalCode.INPUT_INVALID, "total", sentence


def _total(order: Order, theirs: MerchantOrder) -> int:
    return sum(line.total for line in order.lines_of(theirs))


def _text(order: Order, amendment: Amendment) -> str:
    """The change in few words: "o1-1: 3 -> 1; + sku-9 x 2"."""
    changed = (
        f"{line.id}: {line.quantity} -> {amendment.quantities[line.id]}"
        for line in order.lines
        if amendment.quantities.get(line.id, line.quantity) != line.quantity
    )
    return "; ".join((*changed, *(f"+ {draft.sku} x {draft.quantity}" for draft in amendment.added)))
