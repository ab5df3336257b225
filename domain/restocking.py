"""The merchant puts back what was off the shelf when it was canceled or changed; the stock follows. Pure.

Source: design, store processes, "Stock" ("cancel after handling started").
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from domain.actors import Actor, Role
from domain.engine import note
from domain.order import Entry, Input, Order
from domain.outcome import Outcome
from domain.process import Process
from domain.refusal import Refusal, RefusalCode

_EVENT = "restock"
_BY = (Role.MERCHANT, Role.MARKETPLACE)


def restock(
    process: Process, order: Order, unit_id: str, ids: Collection[str] | None, actor: Actor, now: datetime
) -> Outcome | Refusal:
    """Note that pieces of a merchant order are back on the shelf: those named, or all that wait (None).

    What was put back before changes nothing. Refused by the rule `restocks`: an id that is not there, and
    all of them where nothing ever was to be put back; by `role` whoever is not the merchant or the
    marketplace.
    """
    if actor.role not in _BY:
        sentence = f"What is not bought any more is put back by {' or '.join(_BY)}, not by {actor.role}."
        return _refused(RefusalCode.TRANSITION_NOT_ALLOWED, sentence, "role")
    theirs = order.merchant_order(unit_id)
    if theirs is None:
        return _refused(RefusalCode.NOT_FOUND, "There is no such merchant order.", "unit")
    known = [row.id for row in theirs.restocks]
    if unknown := [id for id in ids or () if id not in known]:
        return _refused(RefusalCode.NOT_FOUND, f"Nothing to put back is called {unknown[0]}.", "restocks")
    if not known:
        sentence = (
            "Nothing of it was off the shelf when it was canceled or changed; nothing is to be put back."
        )
        return _refused(RefusalCode.GUARD_FAILED, sentence, "restocks")
    back = [row for row in theirs.restocks if not row.done and (ids is None or row.id in ids)]
    if not back:
        return Outcome(order, already=(unit_id,))
    rows = tuple(replace(row, done=True) if row in back else row for row in theirs.restocks)
    given: Input = {"change": "; ".join(f"{row.sku} x {row.quantity}" for row in back)}
    entry = Entry(0, now, unit_id, None, None, None, _EVENT, actor, input=given)
    return note(process, order.with_unit(replace(theirs, restocks=rows)), entry, now)


def _refused(code: RefusalCode, sentence: str, rule: str) -> Refusal:
    return Refusal(code, sentence, rule, None, _EVENT)
