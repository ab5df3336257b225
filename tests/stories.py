"""Stories of store orders through the API: people act by mutations, and after each step everybody looks.

Whatever happens, whoever once read a label never reads nothing again, and each application reads what the
Back Office is told that it reads. A story that is registered counts for the states that stories must reach.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from domain.actors import Role
from graph.auth import Principal
from tests.acting import ADMIN, AMOUNT, ANNA, M1, PAYMENTS, Answer, Api, minor
from tests.store_keeping import ISSUED, commands, money
from tests.store_orders import named, store_cart

Tale = Callable[[Api], Awaitable[None]]

STORIES: list[Tale] = []
"""All stories that were told so far, once their modules are imported."""


def story(tale: Tale) -> Tale:
    """Register a story that the states it reaches are counted for."""
    STORIES.append(tale)
    return tale


_STATUS = "status { label code }"
_STATES = "states { party state { code } }"
_REQUESTS = "reason verdict answer"
_OFFICE = f"""
id reference version {_STATUS}
payment {{
  approved {AMOUNT} captured {AMOUNT} refunded {AMOUNT} reserved {AMOUNT} due {AMOUNT}
  commands {{ id kind status amount {AMOUNT} }}
}}
merchantOrders {{
  id reference merchantId replacedBy {_STATUS} {_STATES} statuses {{ audience {_STATUS} }}
  overridden overriddenAt handledAt packed missingStock leftToInvoice {AMOUNT} totals {{ total {AMOUNT} }}
  restocks {{ id sku quantity done }} cancellation {{ role event reason }}
  cancellationRequests {{ role restores decidedRole {_REQUESTS} }}
  lines {{ id sku quantity unitPrice {AMOUNT} }}
}}
"""
_PORTAL = f"{_STATUS} {_STATES} cancellationRequests {{ {_REQUESTS} }}"
_ACCOUNT = f"""
{_STATUS} payment {{ refunded {AMOUNT} due {AMOUNT} }}
merchantOrders {{ id {_STATUS} cancellationRequests {{ {_REQUESTS} }} }}
"""
_SHOWN = {
    Role.MARKETPLACE: ("marketplace", _OFFICE),
    Role.MERCHANT: ("merchant", _PORTAL),
    Role.CUSTOMER: ("storefront", _ACCOUNT),
}
_DOCUMENTS = {
    role: f"query Look($by: OrderSelector!) {{ {entry} {{ order(by: $by) {{ {selected} }} }} }}"
    for role, (entry, selected) in _SHOWN.items()
}


@dataclass(slots=True)
class Story:
    """One order of Anna's, and what each application shows of it after the last step."""

    api: Api
    order: Answer
    """What the Back Office shows."""
    portals: dict[str, Answer | None] = field(default_factory=dict[str, Answer | None])
    """What the Merchant Portal shows each merchant that has a part of the order; None: nothing at all."""
    account: Answer = field(default_factory=dict[str, Any])
    """What the Storefront shows."""
    _known: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str], repr=False)

    # What people do

    async def does(self, who: Principal, mutation: str, **sent: Any) -> Answer:
        """Somebody does something with the order, of which nothing is refused. Returns the payload."""
        payload = await self.api.done(who, mutation, **self._about(sent))
        await self.look()
        return payload

    async def cannot(self, who: Principal, mutation: str, **sent: Any) -> Answer:
        """Somebody is refused, and nothing changed. Returns the one error."""
        payload = await self.api.do(who, mutation, **self._about(sent))
        assert len(payload["errors"]) == 1, f"{mutation} by {who.role}: {payload['errors']}"
        before = self.order
        await self.look()
        assert self.order == before, f"{mutation} by {who.role} was refused and changed something"
        return payload["errors"][0]

    async def later(self, duration: str) -> None:
        """Time passes, such as PT30M; what is due is done."""
        await self.api.done(ADMIN, "advanceTestClock", by=duration)
        await self.look()

    async def pays(self, amount: str = "", reference: str = "pay-1", *, captured: bool = False) -> None:
        """The payment of all that is due, or of this amount, is approved, or is `captured` already."""
        paid = {"amount": amount or self.order["payment"]["due"]["amount"], "currency": "EUR"}
        await self.does(PAYMENTS, "recordPayment", amount=paid, reference=reference, captured=captured)

    async def settles(self, result: str = "DONE") -> None:
        """The payment provider answers everything that it was asked to do and has not answered yet."""
        for command in self.order["payment"]["commands"]:
            if command["status"] == "PENDING":
                await self.does(PAYMENTS, "acknowledgeCommand", command=command["id"], result=result)

    async def invoices(self, number: str = "F-1", *pieces: int, value: str = "", **more: Any) -> None:
        """A merchant invoices so many pieces of each of its lines; all that is left when none are named."""
        by: Principal = more.pop("by", M1)
        await self.does(by, "addInvoice", **self.bill(number, *pieces, value=value, **more))

    def bill(
        self, number: str, *pieces: int, value: str = "", merchant: str = "m1", type: str = "OUTPUT"
    ) -> Answer:
        """The input of an invoice; its value is what is left unless told."""
        theirs = self.part(merchant)
        counts = pieces or tuple(each["quantity"] for each in theirs["lines"])
        return {
            "merchantOrder": theirs["id"],
            "type": type,
            "number": number,
            "value": {"amount": value or theirs["leftToInvoice"]["amount"], "currency": "EUR"},
            "issuedAt": ISSUED,
            "lines": [
                {"line": each["id"], "quantity": count, "unitPrice": each["unitPrice"]["amount"]}
                for each, count in zip(theirs["lines"], counts, strict=True)
                if count
            ],
        }

    # What is read

    def reads(
        self,
        office: str | None,
        portal: str | None,
        account: str | None,
        *,
        at: str,
        merchant: str = "m1",
    ) -> None:
        """Assert the labels that each application reads about a merchant's part, and where its machines
        stand: "payment-approved × handling".
        """
        theirs = self.part(merchant)
        shown = self.portals[merchant]
        read = (theirs["status"], shown and shown["status"], self._of_account(theirs)["status"])
        labels = tuple(map(_label, read))
        codes = [each["state"]["code"] for each in theirs["states"]]
        assert (*labels, " × ".join(codes)) == (office, portal, account, at), f"{labels} at {codes}"
        # The merchant's own machine is the last one that started; it is shown no other.
        own = [each["state"]["code"] for each in shown["states"]] if shown else []
        assert own == (codes[-1:] if shown else []), f"the portal of {merchant} shows {own}"

    def part(self, merchant: str = "m1") -> Answer:
        """A merchant's part of the order as the Back Office shows it."""
        return next(theirs for theirs in self.order["merchantOrders"] if theirs["merchantId"] == merchant)

    def money(self) -> dict[str, int]:
        """What of the order's money is not nothing, in minor units."""
        return money(self.order)

    def commands(self) -> list[tuple[str, str, int]]:
        """What the payment provider was asked to do: kind, where it stands, minor units."""
        return commands(self.order)

    def refunded(self) -> int:
        """What the customer reads that it got back, in minor units."""
        return minor(self.account["payment"]["refunded"])

    def answered(self) -> list[tuple[str, str | None]]:
        """What the customer reads of its requests to cancel: how each ended, and the reason."""
        [theirs] = self.account["merchantOrders"]
        return [(each["verdict"], each["answer"]) for each in theirs["cancellationRequests"]]

    async def path(self, party: str, merchant: str = "m1") -> list[str]:
        """All states that a party's machine went through, from its history in the Back Office."""
        document = """query Path($by: OrderSelector!) { marketplace { order(by: $by) {
            history(first: 100) { nodes { unit party source target } } } } }"""
        answer = await self.api.ask(ADMIN, document, by=named(self.order))
        assert answer["errors"] is None, answer["errors"]
        unit = self.part(merchant)["id"]
        rows = [
            row
            for row in answer["data"]["marketplace"]["order"]["history"]["nodes"]
            if row["party"] == party and row["unit"] == unit and row["source"] != row["target"]
        ]
        first = [] if rows[0]["source"] is None else [rows[0]["source"]]
        return [*first, *(row["target"] for row in rows)]

    async def look(self) -> None:
        """Everybody looks at the order, each in its own application."""
        order = await self._shown(ADMIN)
        assert order is not None
        self.order = order
        merchants = {theirs["merchantId"] for theirs in order["merchantOrders"]}
        for merchant in sorted(merchants):
            self.portals[merchant] = await self._shown(replace(M1, merchant_id=merchant))
        account = await self._shown(ANNA)
        assert account is not None, "the customer does not find its order"
        self.account = account
        self._agree()
        self._keep()

    async def _shown(self, who: Principal) -> Answer | None:
        answer = await self.api.ask(who, _DOCUMENTS[who.role], by=named(self.order))
        assert answer["errors"] is None, answer["errors"]
        return answer["data"][_SHOWN[who.role][0]]["order"]

    def _about(self, sent: Answer) -> dict[str, Any]:
        return {"order": named(self.order), **sent}

    def _of_account(self, theirs: Answer) -> Answer:
        return next(each for each in self.account["merchantOrders"] if each["id"] == theirs["id"])

    def _agree(self) -> None:
        """Each application reads itself what the Back Office is told that it reads."""
        live = [theirs for theirs in self.order["merchantOrders"] if theirs["replacedBy"] is None]
        for theirs in live:
            told = {each["audience"]: each["status"] for each in theirs["statuses"]}
            portal = self.portals[theirs["merchantId"]]
            account = self._of_account(theirs)
            assert told["BACK_OFFICE"] == theirs["status"]
            assert told["MERCHANT_PORTAL"] == (portal and portal["status"])
            assert told["STOREFRONT"] == account["status"]
        if len(live) == 1:
            assert _label(self.order["status"]) == _label(live[0]["status"])
            assert _label(self.account["status"]) == _label(self._of_account(live[0])["status"])

    def _keep(self) -> None:
        """Nobody who once read a label reads nothing, and nobody ever reads the dash of the seed's table."""
        read = {
            ("Back Office",): self.order,
            ("Storefront",): self.account,
            **{("Portal", merchant): shown for merchant, shown in self.portals.items()},
            **{("Back Office", theirs["id"]): theirs for theirs in self.order["merchantOrders"]},
            **{("Storefront", theirs["id"]): theirs for theirs in self.account["merchantOrders"]},
        }
        for who, shown in read.items():
            label = _label(shown and shown["status"])
            assert label != "-"
            assert label is not None or who not in self._known, f"{who} read {self._known[who]!r}"
            if label is not None:
                self._known[who] = label


async def shelf(api: Api, sku: str = "A-1") -> dict[str, int]:
    """What of m1's stock of a product is not nothing: onHand, held, confirmed, acknowledged, available."""
    document = """query Stock($skus: [String!]) { merchant { stock(skus: $skus) { nodes {
        onHand held confirmed acknowledged available } } } }"""
    answer = await api.ask(M1, document, skus=[sku])
    assert answer["errors"] is None, answer["errors"]
    [row] = answer["data"]["merchant"]["stock"]["nodes"]
    return {name: pieces for name, pieces in row.items() if pieces}


def _label(status: Answer | None) -> str | None:
    if status is None:
        return None
    whole = status["label"].partition(" (")[0]  # without how many of how many parts read it
    assert status["code"] == whole.lower().replace(" ", "_")
    return status["label"]


# How stories begin


async def placed(api: Api, *lines: Answer, **more: Any) -> Story:
    """Place an order with all that it needs, by default in the process marketplace-seller, of one line of m1
    for 10.00 EUR.
    """
    here = Story(api, (await api.done(ADMIN, "placeOrder", **store_cart(*lines, **more)))["order"])
    await here.look()
    return here


async def paid(api: Api, *lines: Answer, **more: Any) -> Story:
    """An order whose payment was just approved."""
    here = await placed(api, *lines, **more)
    await here.pays()
    return here


async def ready(api: Api, *lines: Answer, **more: Any) -> Story:
    """A paid order whose cancellation window is over."""
    here = await paid(api, *lines, **more)
    await here.later("PT30M")
    return here


async def handled(api: Api, *lines: Answer, **more: Any) -> Story:
    """An order that m1 has started to handle."""
    here = await ready(api, *lines, **more)
    await here.does(M1, "startHandling")
    return here
