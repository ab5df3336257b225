"""Putting back what was canceled off the shelf: once, by those who have it, and the claims shrink by it."""

from domain.actors import Party, Role
from domain.order import Order
from domain.outcome import Outcome
from domain.processes.marketplace_seller import MARKETPLACE_SELLER as SELLS
from domain.refusal import Refusal, RefusalCode
from domain.restocking import restock
from domain.stocking import Claims, claims
from tests.builders import actor, line
from tests.selling import LATER, done, handled, merchant_order, paid, placed

SHELF = {("m1", "sku-1"): 5, ("m1", "sku-2"): 5}


def canceled() -> Order:
    """Two products of m1 that it had off the shelf when it canceled."""
    here = handled(paid(placed(line(1, quantity=2), line(2), shelf=SHELF)))
    return done(here, "cancel", Role.MERCHANT, Party.MERCHANT, now=LATER, reason="broken")


def back(here: Order, *ids: str, role: Role = Role.MERCHANT) -> Outcome | Refusal:
    """Put these back, or all."""
    return restock(SELLS, here, "o1-m1", ids or None, actor(role), LATER)


def off_shelf(here: Order) -> dict[str, int]:
    """How many pieces of each product the order still has off the shelf."""
    return {sku: each.off_shelf for (_, sku), each in claims(here).items() if each != Claims()}


def test_what_is_back_is_claimed_no_longer():
    here = canceled()
    assert off_shelf(here) == {"sku-1": 2, "sku-2": 1}
    answer = back(here, merchant_order(here).restocks[0].id)
    assert isinstance(answer, Outcome)
    assert off_shelf(answer.order) == {"sku-2": 1}
    [entry] = answer.entries
    assert (entry.event, entry.unit, entry.party, entry.input) == (
        "restock",
        "o1-m1",
        None,
        {"change": "sku-1 x 2"},
    )
    answer = back(answer.order)
    assert isinstance(answer, Outcome)
    assert off_shelf(answer.order) == {}


def test_what_is_back_already_changes_nothing():
    answer = back(canceled())
    assert isinstance(answer, Outcome)
    for again in (back(answer.order), back(answer.order, merchant_order(answer.order).restocks[0].id)):
        assert isinstance(again, Outcome)
        assert (again.order, again.entries, again.already) == (answer.order, (), ("o1-m1",))


def test_what_is_not_there_and_whoever_has_it_not_are_refused():
    here = canceled()
    for answer, code, rule in (
        (back(here, "o1-m1-s9"), RefusalCode.NOT_FOUND, "restocks"),
        (back(here, role=Role.CUSTOMER), RefusalCode.TRANSITION_NOT_ALLOWED, "role"),
        (back(paid(placed(line()))), RefusalCode.GUARD_FAILED, "restocks"),
        (restock(SELLS, here, "o1-m2", None, actor(Role.MERCHANT), LATER), RefusalCode.NOT_FOUND, "unit"),
    ):
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.rule) == (code, rule)
