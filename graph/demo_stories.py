"""What the demo orders are: three carts of real shops, invented customers, and what happens to an order.

Data only; how a story is told is in `demo`. Figures of the carts: published example orders
(vtex/openapi-schemas, ISC; Oficialfarma/powerbi-integration, Apache-2.0). Amounts in minor units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.actors import Party, Role
from domain.drafts import DraftLine
from domain.order import Customer, Value


@dataclass(frozen=True, slots=True)
class DemoMerchant:
    """A merchant of the demo, and whether it ships by way of a distribution center."""

    id: str
    name: str
    distribution: bool = False


MAIN = DemoMerchant("main", "Main Street Store")
STRBAR = DemoMerchant("strbar", "Strbar Fashion")
DEPOT = DemoMerchant("depot", "Depot Wholesale", distribution=True)
MERCHANTS = (MAIN, STRBAR, DEPOT)


@dataclass(frozen=True, slots=True)
class Cart:
    """What one checkout sends: lines, and shipping per merchant."""

    currency: str
    lines: tuple[DraftLine, ...]
    shipping: Mapping[str, int]

    def sold_by(self, merchant: DemoMerchant) -> "Cart":
        """Return the same cart with everything sold by one merchant."""
        lines = tuple(replace(line, merchant_id=merchant.id) for line in self.lines)
        return Cart(self.currency, lines, {merchant.id: sum(self.shipping.values())})


SHIRTS = Cart(
    "USD",
    (
        DraftLine("5830010", "white cotton shirt M", MAIN.id, 1, 6999, discount=1750),
        DraftLine("6229640", "cropped brown G", STRBAR.id, 1, 7999, discount=2000),
    ),
    {MAIN.id: 209, STRBAR.id: 209},
)
HERBS = Cart(
    "BRL",
    (
        DraftLine("5304", "Ioimbina", MAIN.id, 1, 6175, discount=309),
        DraftLine("1008", "Maca Peruana", MAIN.id, 1, 2990, discount=150),
    ),
    {MAIN.id: 1515},
)
SWEATER = Cart("BRL", (DraftLine("1234568358", "Bay Max L", MAIN.id, 1, 3290),), {MAIN.id: 1160})
CARTS = (SHIRTS, HERBS, SWEATER, HERBS.sold_by(DEPOT))

_NAMES = (
    "Alice Moreau, Bruno Tavares, Chidi Okafor, Dana Novak, Emre Yildiz, Farah Haddad, "
    "Goran Petrov, Hana Sato, Iris Lindqvist, Joao Ribeiro, Kofi Mensah, Lena Fischer"
)
CUSTOMERS = tuple(
    Customer(name.split()[0].lower(), name, f"{name.lower().replace(' ', '.')}@example.com")
    for name in _NAMES.split(", ")
)


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody does something, so many hours after what came before.

    A merchant's or a carrier's step is done for each merchant on its own. `pay` with the input `part` pays a
    third.
    """

    hours: float
    event: str
    role: Role
    party: Party
    input: Mapping[str, Value] = field(default_factory=dict[str, Value])
    first_line_only: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to an order, and how many hours ago its last step may have been: (from, to).

    What the clock does in between comes by itself. Before a line of a merchant with a distribution center is
    shipped it goes through that center. `for_distribution`: only such a merchant's order goes like this.
    `outside_payments`: an outside payment provider has to confirm refunds.
    """

    ended: tuple[float, float]
    steps: tuple[Step, ...] = ()
    for_distribution: bool = False
    outside_payments: bool = False


def _buyer(hours: float, event: str, **given: Value) -> Step:
    return Step(hours, event, Role.CUSTOMER, Party.MARKETPLACE, given)


def _marketplace(hours: float, event: str, **given: Value) -> Step:
    return Step(hours, event, Role.MARKETPLACE, Party.MARKETPLACE, given)


def _seller(hours: float, event: str, **given: Value) -> Step:
    return Step(hours, event, Role.MERCHANT, Party.MERCHANT, given)


PAY = Step(0.1, "pay", Role.PAYMENTS, Party.MARKETPLACE)
TO_CENTER = _seller(16, "send_to_distribution")
AT_CENTER = Step(24, "confirm_at_center", Role.LOGISTICS, Party.MERCHANT)
SHIP = _seller(24, "ship", carrier="DHL")
DELIVER = _seller(48, "deliver")
RETURN = _buyer(60, "request_return", reason="It does not fit.")
RECEIVE = _seller(70, "receive_return")
REJECT = _seller(70, "reject_return", reason="It was worn.")
SHIP_BACK = _seller(24, "ship_back", carrier="DHL")
REFUND = _marketplace(10, "refund", reason="As agreed.")
PART_REFUND = _marketplace(10, "refund", amount=1000, reason="Goodwill for the delay.")
REGRET = _buyer(0.2, "cancel", reason="Ordered twice.")
STOP = _marketplace(3, "cancel", reason="The address does not exist.")
OUT_OF_STOCK = _seller(8, "cancel", reason="Out of stock.")

_DAY = 24.0
_WEEK, _MONTH = 7 * _DAY, 30 * _DAY
# Shorter than the 14 days after which what is canceled ought to be refunded.
_SETTLING = 13 * _DAY

STORIES = (
    # Before the payment
    Story((0.1, 6 * _DAY)),
    Story((0.1, 6 * _DAY), (replace(PAY, input={"part": True}),)),
    Story((1, 20 * _DAY), (replace(REGRET, hours=20),)),
    Story((_WEEK + 1, 50 * _DAY)),  # never paid: the clock cancels, and closes two weeks later
    # Paid: regretted inside the window, or sent to the merchants by the clock
    Story((0.02, 0.3), (PAY,)),
    Story((1, _SETTLING), (PAY, REGRET)),
    Story((1, _MONTH), (PAY, REGRET, REFUND)),
    Story((1, _MONTH), (PAY, REGRET, PART_REFUND)),
    Story((1, _SETTLING), (PAY, REGRET, REFUND), outside_payments=True),
    Story((1, _WEEK), (PAY,)),
    # At the merchants
    Story((1, _SETTLING), (PAY, STOP)),
    Story((1, _SETTLING), (PAY, OUT_OF_STOCK)),
    Story((1, _MONTH), (PAY, OUT_OF_STOCK, REFUND)),
    Story((1, _WEEK), (PAY, TO_CENTER), for_distribution=True),
    Story((1, _WEEK), (PAY, TO_CENTER, AT_CENTER), for_distribution=True),
    Story((1, _WEEK), (PAY, replace(SHIP, first_line_only=True))),
    Story((1, _WEEK), (PAY, SHIP)),
    Story((1, _MONTH - _DAY), (PAY, SHIP, DELIVER)),
    Story((_MONTH + 1, 50 * _DAY), (PAY, SHIP, DELIVER)),  # closed by the clock
    # Returns
    Story((1, _WEEK), (PAY, SHIP, DELIVER, RETURN)),
    Story((1, _WEEK), (PAY, SHIP, DELIVER, RETURN, RECEIVE)),
    Story((1, 20 * _DAY), (PAY, SHIP, DELIVER, RETURN, RECEIVE, REFUND)),
    Story((1, _WEEK), (PAY, SHIP, DELIVER, RETURN, REJECT)),
    Story((1, _WEEK), (PAY, SHIP, DELIVER, RETURN, REJECT, SHIP_BACK)),
    Story((1, _MONTH), (PAY, SHIP, DELIVER, RETURN, REJECT, SHIP_BACK, DELIVER)),
)
