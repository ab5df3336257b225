"""The seed's status tables, row by row, through the API: what each audience reads in its own application.

Source: seed on the marketplace and merchant state machines, all tables; design, "What each audience reads".
tests/test_status.py asks the domain the same; here people act by mutations and read by queries and lists.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any

import pytest

from graph.auth import Principal
from tests.acting import ADMIN, ANNA, CARRIER, ERRORS, M1, M2, PAYMENTS, Answer, Api, cart, line
from tests.serving import Server, serving

ARRIVES = "2030-01-15"
DELIVERED_ON = "2024-03-04"
EUR_10 = {"amount": "10.00", "currency": "EUR"}
EUR_4 = {"amount": "4.00", "currency": "EUR"}

Ask = Callable[..., Awaitable[Answer]]
"""Whom and what is asked, and the variables; gives the data of an answer without errors."""

STEPS: dict[str, tuple[Principal, str, Answer]] = {
    "pay": (PAYMENTS, "recordPayment", {"amount": EUR_10, "reference": "p1"}),
    "pay part of it": (PAYMENTS, "recordPayment", {"amount": EUR_4, "reference": "p1"}),
    "pay the rest": (
        PAYMENTS,
        "recordPayment",
        {"amount": {"amount": "6.00", "currency": "EUR"}, "reference": "p2"},
    ),
    "customer cancels": (ANNA, "cancel", {}),
    "marketplace cancels": (ADMIN, "cancel", {"reason": "recalled"}),
    "merchant cancels": (M1, "cancelLines", {"reason": "sold out"}),
    "send": (ADMIN, "sendToMerchant", {}),
    "ship": (M1, "shipLines", {"carrier": "DHL", "expectedDelivery": ARRIVES}),
    "ship without a date": (M1, "shipLines", {}),
    "deliver": (M1, "deliverLines", {"deliveredOn": DELIVERED_ON}),
    "refund": (ADMIN, "refundLines", {}),
    "ask for a return": (ANNA, "requestReturn", {"reason": "too small"}),
    "receive the return": (M1, "receiveReturn", {}),
    "reject the return": (M1, "rejectReturn", {"reason": "worn"}),
    "ship it back": (M1, "shipBack", {"expectedDelivery": ARRIVES}),
    "close": (ADMIN, "closeLines", {}),
    "30 minutes pass": (ADMIN, "advanceTestClock", {"by": "PT30M"}),
    "7 days pass": (ADMIN, "advanceTestClock", {"by": "P7D"}),
    "14 days pass": (ADMIN, "advanceTestClock", {"by": "P14D"}),
    "30 days pass": (ADMIN, "advanceTestClock", {"by": "P30D"}),
}
"""Who does what with an order of one line of merchant m1 for 10.00 EUR."""

SENT = ("pay", "30 minutes pass")
SHIPPED = (*SENT, "ship")
DELIVERED = (*SHIPPED, "deliver")
CANCELED = ("pay", "customer cancels")
BY_MERCHANT = (*SENT, "merchant cancels")
RETURN = (*DELIVERED, "ask for a return")
REJECTED = (*RETURN, "reject the return")
RETURNED = (*RETURN, "receive the return")
EXPECTED, ARRIVED = f"Shipped Expected by {ARRIVES}", f"Delivered on {DELIVERED_ON}"

Row = tuple[str, tuple[str, ...], str, str | None, str]

SEED: list[Row] = [
    ("new", (), "New", None, "Confirmed / Accepted"),
    ("paid", ("pay",), "Paid", None, "In Progress"),
    ("canceled", CANCELED, "Canceled", None, "Canceled"),
    ("refunded", (*CANCELED, "refund"), "Refunded", None, "Refunded"),
    ("sent to merchant", SENT, "Sent to Merchant", "New", "In Progress"),
    ("canceled by merchant", BY_MERCHANT, "Canceled", "Canceled by Merchant", "Canceled"),
    ("shipped by merchant", SHIPPED, "Shipped by Merchant", "Shipped", EXPECTED),
    ("delivered", DELIVERED, "Delivered", "Delivered", ARRIVED),
    ("closed", (*DELIVERED, "30 days pass"), "Delivered", "Delivered", ARRIVED),
]
DESIGN: list[Row] = [
    ("paid in part", ("pay part of it",), "New", None, "Confirmed / Accepted"),
    ("paid in two parts", ("pay part of it", "pay the rest"), "Paid", None, "In Progress"),
    ("canceled unpaid", ("customer cancels",), "Canceled", None, "Canceled"),
    ("never paid", ("7 days pass",), "Canceled", None, "Canceled"),
    ("canceled by the marketplace", ("pay", "marketplace cancels"), "Canceled", None, "Canceled"),
    (
        "canceled by the marketplace after the split",
        (*SENT, "marketplace cancels"),
        "Canceled",
        "Canceled by Marketplace",
        "Canceled",
    ),
    ("sent by hand", ("pay", "send"), "Sent to Merchant", "New", "In Progress"),
    ("shipped without a date", (*SENT, "ship without a date"), "Shipped by Merchant", "Shipped", "Shipped"),
    (
        "refunded after the merchant canceled",
        (*BY_MERCHANT, "refund"),
        "Refunded",
        "Canceled by Merchant",
        "Refunded",
    ),
    ("closed after a refund", (*CANCELED, "refund", "14 days pass"), "Refunded", None, "Refunded"),
    ("return asked for", RETURN, "Waiting for Return", "Waiting for Return", "Return Requested"),
    ("return received", RETURNED, "Returned", "Returned", "Returned"),
    ("return refunded", (*RETURNED, "refund"), "Refunded", "Refunded", "Refunded"),
    (
        "closed after a refunded return",
        (*RETURNED, "refund", "14 days pass"),
        "Refunded",
        "Refunded",
        "Refunded",
    ),
    ("return rejected", REJECTED, "Return Rejected", "Return Rejected", "Return Rejected"),
    ("shipped back", (*REJECTED, "ship it back"), "Shipped Back", "Shipped Back", "Shipped Back"),
    (
        "delivered again",
        (*REJECTED, "ship it back", "deliver"),
        "Delivered",
        "Delivered",
        ARRIVED,
    ),
]

STATUS = "{ code label key date }"
READ_BY_MARKETPLACE = f"""query ($reference: String!) {{
marketplace {{ order(by: {{reference: $reference}}) {{
  status {STATUS} statuses {{ audience status {STATUS} }}
  lines {{ status {STATUS} statuses {{ audience status {STATUS} }} states {{ party state {{ code }} }} }}
}} }} }}"""
READ_BY_MERCHANT = f"""query ($reference: String!) {{ merchant {{ order(by: {{reference: $reference}}) {{
  status {STATUS} lines {{ status {STATUS} }} }} }} }}"""
READ_BY_CUSTOMER = f"""query ($reference: String!) {{ storefront {{ order(by: {{reference: $reference}}) {{
  status {STATUS} lines {{ status {STATUS} expectedDelivery deliveredOn }} }} }} }}"""
FOUND = """query ($where: {kind}!) {{ {entry} {{ orders(first: 5, where: $where) {{
  nodes {{ reference }} }} }} }}"""


@dataclass(slots=True)
class Story:
    """One order of Anna's, of one line of `merchant`'s: what people do with it, and what they read."""

    ask: Ask
    reference: str
    merchant: Principal = M1

    async def go(self, *steps: str) -> None:
        """Take these steps; none may be refused."""
        for step in steps:
            await self.do(*STEPS[step])

    async def do(self, who: Principal, mutation: str, sent: Answer) -> None:
        """Run one mutation of which nothing may be refused."""
        about = {} if mutation in ("advanceTestClock", "updatePolicies") else {"order": self.named_by(who)}
        await run(self.ask, who, mutation, {**about, **sent})

    def named_by(self, who: Principal) -> Answer:
        """The order as this person names it: merchants by their merchant order."""
        return {"reference": f"{self.reference}-1" if who is self.merchant else self.reference}

    async def states(self) -> list[str]:
        """Where the line's machines stand."""
        [only] = (await self._seen(ADMIN))["lines"]
        return [at["state"]["code"] for at in only["states"]]

    async def read(self) -> list[Answer | None]:
        """What Back Office, Merchant Portal and Storefront read about the line, each asked as itself.

        The same must be read about the whole order, told to the marketplace, and found by in lists.
        """
        order, theirs, customers = [await self._seen(who) for who in (ADMIN, self.merchant, ANNA)]
        assert order is not None
        assert customers is not None
        [only], [sold] = order["lines"], customers["lines"]
        portal = theirs["lines"][0]["status"] if theirs else None
        read = [only["status"], portal, sold["status"]]
        assert [order["status"], theirs and theirs["status"], customers["status"]] == read
        for told in (order["statuses"], only["statuses"]):
            names = ["BACK_OFFICE", "MERCHANT_PORTAL", "STOREFRONT"]
            assert told == [{"audience": a, "status": s} for a, s in zip(names, read, strict=True)]
        assert sold["status"]["date"] in (None, sold["expectedDelivery"], sold["deliveredOn"])
        for who, status in zip((ADMIN, self.merchant, ANNA), read, strict=True):
            assert await self._found(who, status) == bool(status)
        return read

    async def _seen(self, who: Principal) -> Any:
        entry, document = {
            ADMIN: ("marketplace", READ_BY_MARKETPLACE),
            ANNA: ("storefront", READ_BY_CUSTOMER),
            self.merchant: ("merchant", READ_BY_MERCHANT),
        }[who]
        return (await self.ask(who, document, **self.named_by(who)))[entry]["order"]

    async def _found(self, who: Principal, status: Answer | None) -> bool:
        """Whether it is listed, by the status that is read if any."""
        entry, kind = {
            ADMIN: ("marketplace", "OrderWhere"),
            ANNA: ("storefront", "CustomerOrderWhere"),
            self.merchant: ("merchant", "MerchantOrderWhere"),
        }[who]
        where = self.named_by(who) | ({"status": status["code"]} if status else {})
        document = FOUND.format(entry=entry, kind=kind)
        found = (await self.ask(who, document, where=where))[entry]["orders"]["nodes"]
        assert found in ([], [self.named_by(who)])
        return bool(found)


async def run(ask: Ask, who: Principal, mutation: str, sent: Answer) -> Answer:
    """Run one mutation of which nothing may be refused; returns its payload."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    shown = "order { reference }" if mutation == "placeOrder" else ""
    document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {ERRORS} {shown} }} }}"
    payload = (await ask(who, document, input=sent))[mutation]
    assert payload["errors"] == [], (mutation, payload["errors"])
    return payload


async def story(ask: Ask, merchant: Principal = M1) -> Story:
    """An order of Anna's that was just placed, of one line of this merchant's."""
    placed = await run(ask, ADMIN, "placeOrder", cart(line("A-1", merchant.merchant_id or "")))
    return Story(ask, placed["order"]["reference"], merchant)


def labels(read: list[Answer | None]) -> list[str | None]:
    return [status["label"] if status else None for status in read]


def table(rows: list[Row]) -> pytest.MarkDecorator:
    names = ("steps", "back_office", "portal", "storefront")
    return pytest.mark.parametrize(names, [row[1:] for row in rows], ids=[row[0] for row in rows])


@pytest.fixture
def ask(still_api: Api) -> Ask:
    """Asks the schema, in process."""

    async def in_process(who: Principal, document: str, **variables: Any) -> Answer:
        answer = await still_api.ask(who, document, **variables)
        assert answer["errors"] is None, answer["errors"]
        return answer["data"]

    return in_process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server as people start it, on the embedded database."""
    with serving(tmp_path_factory.mktemp("tables")) as started:
        yield started


@table(SEED + DESIGN)
async def test_each_application_reads_what_the_tables_say(
    ask: Ask, steps: tuple[str, ...], back_office: str, portal: str | None, storefront: str
):
    told = await story(ask)
    await told.go(*steps)
    assert labels(await told.read()) == [back_office, portal, storefront]


@table(SEED)
async def test_a_real_server_answers_the_seeds_tables_over_http(
    server: Server, steps: tuple[str, ...], back_office: str, portal: str | None, storefront: str
):
    async def over_http(who: Principal, document: str, **variables: Any) -> Answer:
        token = server.token(who.role, who.merchant_id, who.customer_id)
        return await server.ask(token, document, **variables)

    await run(over_http, ADMIN, "registerMerchant", {"id": "m1", "name": "One"})
    told = await story(over_http)
    await told.go(*steps)
    assert labels(await told.read()) == [back_office, portal, storefront]


@pytest.mark.parametrize(
    ("steps", "closing"),
    [
        (DELIVERED, "30 days pass"),
        (DELIVERED, "close"),
        ((*SENT, "ship without a date", "deliver"), "30 days pass"),
        ((*CANCELED, "refund"), "14 days pass"),
        ((*CANCELED, "refund"), "close"),
        ((*BY_MERCHANT, "refund"), "14 days pass"),
        ((*SENT, "marketplace cancels", "refund"), "14 days pass"),
        ((*RETURNED, "refund"), "14 days pass"),
        ((*REJECTED, "ship it back", "deliver"), "30 days pass"),
        (("customer cancels",), "14 days pass"),
        (("customer cancels",), "close"),
    ],
)
async def test_closing_moves_the_line_and_changes_nothing_that_people_read(
    ask: Ask, steps: tuple[str, ...], closing: str
):
    told = await story(ask)
    await told.go(*steps)
    before, stood = await told.read(), (await told.states())[0]
    await told.go(closing)
    assert (stood != "closed", (await told.states())[0]) == (True, "closed")
    assert await told.read() == before, "label, code, key and date"


async def test_only_the_storefront_reads_dates_as_the_merchant_said_them(ask: Ask):
    told = await story(ask)
    await told.go(*SHIPPED)
    assert [status and status["date"] for status in await told.read()] == [None, None, ARRIVES]
    await told.go("deliver")
    assert [status and status["date"] for status in await told.read()] == [None, None, DELIVERED_ON]


async def test_a_delivery_without_a_day_reads_as_of_the_clocks_day(ask: Ask):
    told = await story(ask)
    await told.go(*SHIPPED, "7 days pass")
    await told.do(M1, "deliverLines", {})
    assert labels(await told.read())[2] == "Delivered on 2024-03-11"


CENTER = [
    ("New", "In Progress", (M2, "fireEvent", {"event": "send_to_distribution"})),
    ("Left Merchant", "In Progress", (CARRIER, "fireEvent", {"event": "confirm_at_center"})),
    ("At Distribution Center", "In Progress", (M2, "shipLines", {"expectedDelivery": ARRIVES})),
    ("Shipped", EXPECTED, (CARRIER, "deliverLines", {"deliveredOn": DELIVERED_ON})),
    ("Delivered", ARRIVED, (ANNA, "requestReturn", {})),
    ("Waiting for Return", "Return Requested", (M2, "rejectReturn", {"reason": "worn"})),
    ("Return Rejected", "Return Rejected", (M2, "shipBack", {})),
    ("Shipped Back", "Shipped Back", (M2, "deliverLines", {"deliveredOn": DELIVERED_ON})),
    ("Delivered", ARRIVED, (ADMIN, "closeLines", {})),
]
"""What portal and storefront read, and what happens next, where a merchant ships by way of the center."""


async def test_a_merchant_with_a_distribution_center_is_in_step_all_the_way(ask: Ask):
    chosen = [{"name": "merchant_process", "value": "merchant-distribution"}]
    await run(ask, M2, "updatePolicies", {"policies": chosen})
    told = await story(ask, M2)
    await told.go(*SENT)
    for portal, storefront, step in CENTER:
        assert labels(await told.read())[1:] == [portal, storefront]
        await told.do(*step)
    assert labels(await told.read()) == ["Delivered", "Delivered", ARRIVED]
    assert await told.states() == ["closed", "closed"]
