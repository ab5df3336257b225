"""Changes to the lines of a merchant order before it is invoiced; money and stock follow. Pure.

Source: seed on the store flows, "Chain flow" (important notes); design, store processes, "Changes to an
order". Amounts are minor units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain import money
from domain.actors import Actor, Role
from domain.booking import balanced
from domain.commands import CommandKind
from domain.drafts import MOST_LINES, MOST_PIECES, DraftLine, wrong_line
from domain.engine import fire, perform, why_not
from domain.invoiced import invoiced, quantities_left
from domain.order import Input, MerchantOrder, Order
from domain.outcome import Intent, Outcome
from domain.payments import due_of
from domain.process import Process
from domain.refusal import Refusal, RefusalCode
from domain.relining import relined
from domain.stocking import wanting

CHANGE, FINISH = "change_order", "finish_invoicing"


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
        before=order.total_of(theirs),
        after=outcome.order.total_of(theirs),
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
    is none or below what is invoiced ("quantity"), a total of nothing, below what is invoiced, too large to
    be recorded or, by a merchant, higher than before ("total"), and more than is in stock once the stock is
    confirmed ("stock").
    """
    theirs = order.merchant_order(unit_id)
    if theirs and _changes_nothing(order, theirs, amendment):
        return Outcome(order, already=(unit_id,))
    given: Input = {"reason": amendment.reason}
    party = process.party_for(theirs, actor.role, CHANGE) if theirs else process.first
    change = Intent(CHANGE, unit_id, party, actor, given)
    if theirs is None:
        return fire(process, order, change, now)
    if refused := why_not(process, order, change, now):
        return refused
    changed = _with_lines(order, theirs, amendment)
    if isinstance(changed, Refusal):
        return replace(changed, state=theirs.positions[party].state)
    before, after = order.total_of(theirs), changed.total_of(theirs)
    if after > before and actor.role is Role.MERCHANT:
        dearer = f"It would cost {money.spelled(after - before, order.currency)} more"
        sentence = f"{dearer}; only the marketplace can make an order dearer, which its customer has to pay."
        return replace(_refused("total", sentence), state=theirs.positions[party].state)
    given = {**given, "total_before": before, "total_after": after, "change": _text(order, amendment)}
    intents = [replace(change, input=given)]
    finishes = process.party_for(theirs, actor.role, FINISH)
    if after == invoiced(theirs) and process.move(theirs, finishes, FINISH, actor.role):
        intents.append(Intent(FINISH, unit_id, finishes, actor, {"reason": amendment.reason}))
    outcome = perform(process, balanced(changed, unit_id, now), intents, now)
    return outcome.refused[0][1] if outcome.refused else replace(outcome, moved=(unit_id,))


def _with_lines(order: Order, theirs: MerchantOrder, amendment: Amendment) -> Order | Refusal:
    """The order with the lines and the stock as they would be, or the first thing that is wrong with it."""
    if wrong := next(_wrong(order, theirs, amendment), None):
        return wrong
    changed = relined(order, theirs, amendment.quantities, amendment.added)
    if isinstance(changed, str):
        return _refused("stock", changed)
    return next(_wrong_total(changed, theirs), changed)


def _changes_nothing(order: Order, theirs: MerchantOrder, amendment: Amendment) -> bool:
    own = {line.id: line.quantity for line in order.lines_of(theirs)}
    return not amendment.added and all(own.get(id) == n for id, n in amendment.quantities.items())


# What is wrong with it


def _wrong(order: Order, theirs: MerchantOrder, amendment: Amendment) -> Iterator[Refusal]:
    own = {line.id: line for line in order.lines_of(theirs)}
    left = quantities_left(order, theirs)
    for id, quantity in amendment.quantities.items():
        line = own.get(id)
        if line is None:
            yield _refused("lines", f"Line {id} is not one of this merchant order.", RefusalCode.NOT_FOUND)
            continue
        if not 0 <= quantity <= MOST_PIECES:
            sentence = f"The quantity of line {id} must be between 0 and {MOST_PIECES}."
            yield _refused("quantity", sentence, RefusalCode.INPUT_INVALID)
        done = line.quantity - left[id]
        if quantity < done:
            sentence = (
                f"{done} of {line.sku} (line {id}) are invoiced already; it cannot become fewer than that."
            )
            yield _refused("quantity", sentence)
    if len(order.lines) + len(amendment.added) > MOST_LINES:
        sentence = f"An order has at most {MOST_LINES} lines; this one has {len(order.lines)}."
        yield _refused("lines", sentence, RefusalCode.INPUT_INVALID)
    for number, line in enumerate(amendment.added, 1):
        which = f"Line {number} of those to add"
        if line.merchant_id != theirs.merchant_id:
            sentence = f"{which}: It is not sold by {theirs.merchant_id}, whose merchant order this is."
            yield _refused("lines", sentence, RefusalCode.INPUT_INVALID)
        for problem in wrong_line(line):
            yield _refused("lines", f"{which}: {problem.message}", RefusalCode.INPUT_INVALID)


def _wrong_total(changed: Order, theirs: MerchantOrder) -> Iterator[Refusal]:
    total, done = changed.total_of(theirs), invoiced(theirs)
    if total == 0:
        yield _refused("total", "Nothing would be left to pay for; cancel it instead.")
    if total < done:
        now, then = (money.spelled(x, changed.currency) for x in (done, total))
        sentence = f"{now} are invoiced already; the total cannot become less than that ({then})."
        yield _refused("total", sentence)
    if changed.total + sum(line.discount for line in changed.lines) > money.LARGEST:
        sentence = "The order's total would be larger than any amount that can be recorded."
        yield _refused("total", sentence, RefusalCode.INPUT_INVALID)


def _refused(rule: str, sentence: str, code: RefusalCode = RefusalCode.GUARD_FAILED) -> Refusal:
    """A refusal of what is wrong wherever the merchant order stands."""
    return Refusal(code, sentence, rule, None, CHANGE)


def _text(order: Order, amendment: Amendment) -> str:
    """The change in few words: "o1-1: 3 -> 1; + sku-9 x 2"."""
    changed = (
        f"{line.id}: {line.quantity} -> {amendment.quantities[line.id]}"
        for line in order.lines
        if amendment.quantities.get(line.id, line.quantity) != line.quantity
    )
    return "; ".join((*changed, *(f"+ {draft.sku} x {draft.quantity}" for draft in amendment.added)))
