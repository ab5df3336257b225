"""What happens to the demo's orders of the store flows, and what its merchants have in stock. Data only.

Carts, merchants and customers are those of `demo_stories`; how a story is told is in `demo_store_lives`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from domain.actors import Role
from domain.order import Value
from domain.policies import PolicyValue
from domain.processes.chain import CHAIN_PROCESS
from domain.processes.complete import COMPLETE
from domain.processes.marketplace_seller import MARKETPLACE_SELLER
from graph.demo_stories import DEPOT, HERBS, MAIN, SHIRTS, STRBAR, SWEATER, Cart

SELLER, STORE, CHAIN = MARKETPLACE_SELLER.name, COMPLETE.name, CHAIN_PROCESS.name

IN_STOCK = {
    (MAIN.id, SHIRTS.lines[0].sku): 25,
    (STRBAR.id, SHIRTS.lines[1].sku): 12,
    (MAIN.id, SWEATER.lines[0].sku): 0,
}
"""What is counted, by merchant and SKU: how many pieces nobody has a claim to."""


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something, so many hours after what came before; merchants and carriers do it for each
    merchant order on its own. An `invoice` is for all that is left, or with `part` for the first line.
    """

    hours: float
    event: str
    role: Role
    input: Mapping[str, Value] = field(default_factory=dict[str, Value])


@dataclass(frozen=True, slots=True)
class StoreStory:
    """What happens to an order, and how many hours ago its last act may have been: (from, to).

    `settings` are the marketplace's policies when it was placed. `incomplete`: placed without its address and
    payment method. `sold_out`: nothing that is counted was there any more. Without a `cart`: any.
    """

    ended: tuple[float, float]
    acts: tuple[Act, ...] = ()
    settings: Mapping[str, PolicyValue] = field(default_factory=dict[str, PolicyValue])
    processes: tuple[str, ...] = (SELLER, STORE, CHAIN)
    cart: Cart | None = None
    incomplete: bool = False
    sold_out: bool = False


def _act(hours: float, role: Role, event: str, **given: Value) -> Act:
    return Act(hours, event, role, given)


_SHOP, _MERCHANT, _BUYER = Role.MARKETPLACE, Role.MERCHANT, Role.CUSTOMER
_PAYMENTS, _ERP = Role.PAYMENTS, Role.LOGISTICS

COMPLETED = _act(0.3, _BUYER, "complete")
ACCEPT = _act(5, _MERCHANT, "accept")
PAY = _act(0.1, _PAYMENTS, "pay")
DENY_PAYMENT = _act(1, _PAYMENTS, "deny_payment", reason="The card was declined.")
CHANGE_PAYMENT = _act(3, _BUYER, "change_payment", payment_method="invoice")
OVERRIDE = _act(10, _MERCHANT, "authorize_fulfillment")
START = _act(16, _MERCHANT, "start_handling")
CONFIRM = _act(3, _ERP, "confirm_handling")
PACK = _act(5, _MERCHANT, "pack")
INVOICE = _act(6, _MERCHANT, "invoice")
PART_INVOICE = replace(INVOICE, input={"part": True})
TRACK = _act(20, _ERP, "update_tracking")
DELIVERED = _act(40, _ERP, "update_tracking", delivered=True)
TAKE_BACK = _act(70, _MERCHANT, "take_back")
REGRET = _act(0.2, _BUYER, "cancel", reason="Ordered twice.")
REQUEST = _act(4, _BUYER, "request_cancel", reason="I do not need it any more.")
DENY = _act(4, _MERCHANT, "deny_cancellation", reason="It is on its way to the carrier.")
APPROVE = _act(4, _MERCHANT, "approve_cancellation")
INSIST = _act(30, _SHOP, "cancel", reason="The customer called twice.")
OUT_OF_STOCK = _act(4, _MERCHANT, "cancel", reason="Out of stock.")
OTHER_SELLER = _act(5, _SHOP, "change_seller", merchant=DEPOT.id, reason="Out of stock.")
REFUSE = _act(2, _PAYMENTS, "refuse", answer="The account is closed.")
FEWER = _act(4, _SHOP, "change_order", quantity=0, reason="One product is not made any more.")
MORE = _act(4, _SHOP, "change_order", quantity=3, reason="The customer wants more of it.")

_DAY = 24.0
_WEEK, _MONTH = 7 * _DAY, 29 * _DAY
_UNPAID = 6 * _DAY
"""Shorter than the week after which an order that is not paid is canceled."""
_WINDOW = timedelta(days=2)

_MANUAL: Mapping[str, PolicyValue] = {"seller_confirmation": "manual"}
_WMS: Mapping[str, PolicyValue] = {"warehouse_management": "wms"}
_ERP_CONFIRMS: Mapping[str, PolicyValue] = {"erp_confirmation": "yes"}
_PACKS: Mapping[str, PolicyValue] = {"picking_and_packing": "yes"}
_ASKS_FIRST: Mapping[str, PolicyValue] = {"cancel_before_payment": "request"}
_OUTSIDE: Mapping[str, PolicyValue] = {"payment_provider": "external"}
_PASSED_ON: Mapping[str, PolicyValue] = {"chain_authorization": "manual"}
_CHANGE_PAYMENT: Mapping[str, PolicyValue] = {"change_payment_window": _WINDOW}
_CHANGE_SELLER: Mapping[str, PolicyValue] = {"change_seller_window": _WINDOW}
_TWO_STORES = (SELLER, CHAIN)

STORE_STORIES = (
    # Before the payment
    StoreStory((0.05, 0.8), incomplete=True),
    StoreStory((2, 20 * _DAY), incomplete=True),  # the clock cancels it after an hour
    StoreStory((1, _UNPAID), (COMPLETED,), incomplete=True),
    StoreStory((1, _UNPAID), settings=_MANUAL),
    StoreStory((1, _UNPAID), (ACCEPT,), settings=_MANUAL),
    StoreStory((1, _UNPAID), settings=_WMS, processes=_TWO_STORES),
    StoreStory((_WEEK + 1, 50 * _DAY)),  # never paid: the clock cancels it
    StoreStory((1, _UNPAID), (REQUEST,), settings=_ASKS_FIRST),
    StoreStory((1, _MONTH), (DENY_PAYMENT,)),
    StoreStory((0.5, 40), (DENY_PAYMENT,), settings=_CHANGE_PAYMENT, processes=_TWO_STORES),
    StoreStory(
        (1, _WEEK), (DENY_PAYMENT, CHANGE_PAYMENT, PAY), settings=_CHANGE_PAYMENT, processes=_TWO_STORES
    ),
    StoreStory((1, 5 * _DAY), (OVERRIDE,), processes=_TWO_STORES),
    StoreStory((1, 4 * _DAY), (OVERRIDE, START), processes=_TWO_STORES),
    # Paid: regretted inside the window, or on the way to handling
    StoreStory((0.02, 0.3), (PAY,)),
    StoreStory((1, _MONTH), (PAY, REGRET)),
    StoreStory((1, _MONTH), (PAY, REGRET), settings=_OUTSIDE),
    StoreStory((1, _MONTH), (replace(PAY, input={"captured": True}), REGRET, REFUSE), settings=_OUTSIDE),
    StoreStory((1, 20 * _DAY), (PAY,), cart=SWEATER, sold_out=True),
    StoreStory((1, _WEEK), (PAY,), settings=_PASSED_ON | _WMS, processes=(CHAIN,)),
    StoreStory((1, _WEEK), (PAY,)),
    StoreStory((1, _WEEK), (PAY, START), settings=_ERP_CONFIRMS),
    StoreStory((1, _WEEK), (PAY, START, CONFIRM), settings=_ERP_CONFIRMS),
    StoreStory((1, _WEEK), (PAY, START, PACK), settings=_PACKS),
    # Changed, asked to be canceled, given up
    StoreStory((1, _WEEK), (PAY, FEWER), processes=(SELLER, STORE), cart=HERBS),
    StoreStory((1, _WEEK), (PAY, MORE), processes=(SELLER, STORE), cart=HERBS),
    StoreStory((1, 20 * _DAY), (PAY, REQUEST)),
    StoreStory((1, _WEEK), (PAY, START, REQUEST, DENY)),
    StoreStory((1, _MONTH), (PAY, REQUEST, APPROVE)),
    StoreStory((1, _MONTH), (PAY, START, REQUEST, INSIST), cart=SHIRTS),
    StoreStory((1, _MONTH), (PAY, OUT_OF_STOCK)),
    StoreStory((1, 40), (PAY, OUT_OF_STOCK), settings=_CHANGE_SELLER, processes=_TWO_STORES),
    StoreStory(
        (1, _WEEK),
        (PAY, OUT_OF_STOCK, OTHER_SELLER),
        settings=_CHANGE_SELLER,
        processes=_TWO_STORES,
        cart=HERBS,
    ),
    # Invoiced
    StoreStory((1, _WEEK), (PAY, START, PART_INVOICE), cart=HERBS),
    StoreStory((1, _WEEK), (PAY, START, INVOICE), settings=_OUTSIDE),
    StoreStory((1, _WEEK), (PAY, START, INVOICE)),
    StoreStory((1, _WEEK), (PAY, START, INVOICE, TRACK)),
    StoreStory((1, _MONTH), (PAY, START, INVOICE, TRACK, DELIVERED)),
    StoreStory((1, _MONTH), (PAY, START, INVOICE, DELIVERED, TAKE_BACK)),
)
