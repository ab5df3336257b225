"""What each viewer is shown of one order: shapes, sums, actions with reasons, deadlines, history."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.actors import Actor, Party, Role
from domain.engine import perform
from domain.order import Order
from domain.outcome import Intent
from graph.auth import Principal
from graph.context import Context
from graph.types.ids import LINE, decode_as, encode
from graph.types.policies import duration_text
from graph.viewer import viewer_of
from graph.views import line_view_of, view_of
from tests.acting import ADMIN, ANNA, BEN, CARRIER, M1, PAYMENTS
from tests.asking import CANARY, M1_WAREHOUSE, THE_OTHER, Shop, open_shop
from tests.stores import PROCESS, Decided, Store, line

ENTRIES = {
    Role.MARKETPLACE: "marketplace",
    Role.MERCHANT: "merchant",
    Role.CUSTOMER: "storefront",
    Role.PAYMENTS: "payments",
    Role.LOGISTICS: "logistics",
}
AMOUNT = "{ amount currency minorUnits }"
ADMINISTRATOR = Actor("admin", Role.MARKETPLACE)

everybody = pytest.mark.parametrize(
    "who", [ADMIN, M1, ANNA, PAYMENTS, CARRIER, M1_WAREHOUSE], ids=lambda who: who.sub
)


@pytest.fixture
async def shop(mock_store: Store) -> Shop:
    return await open_shop(mock_store)


async def look(shop: Shop, who: Principal, selected: str, order: Order | None = None) -> Any:
    """What somebody reads on an order; on Anna's unless told otherwise."""
    reference = (order or shop.annas).reference
    entry = ENTRIES[who.role]
    query = f"query ($by: OrderSelector!) {{ {entry} {{ order(by: $by) {{ {selected} }} }} }}"
    return (await shop.data(who, query, by={"reference": reference}))[entry]["order"]


def eur(minor: int) -> dict[str, Any]:
    """An amount of euros as the API shows it."""
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "EUR", "minorUnits": minor}


# Shapes


@pytest.mark.parametrize(
    ("who", "order_type", "line_type"),
    [
        (ADMIN, "Order", "Line"),
        (M1, "MerchantOrder", "MerchantLine"),
        (ANNA, "CustomerOrder", "CustomerLine"),
        (PAYMENTS, "PaymentsOrder", "PaymentsLine"),
        (CARRIER, "LogisticsOrder", "LogisticsLine"),
        (M1_WAREHOUSE, "LogisticsOrder", "LogisticsLine"),
    ],
)
async def test_each_role_sees_its_own_type_behind_the_same_interfaces(
    shop: Shop, who: Principal, order_type: str, line_type: str
):
    seen = await look(shop, who, "__typename id lines { __typename id }")
    assert seen["__typename"] == order_type
    assert decode_as(order_type, seen["id"])
    assert {each["__typename"] for each in seen["lines"]} == {line_type}
    assert all(decode_as(LINE, each["id"]) for each in seen["lines"])


@everybody
async def test_a_fragment_on_the_interfaces_serves_every_role(shop: Shop, who: Principal):
    node = (await look(shop, who, "id"))["id"]
    query = """query ($id: ID!) { node(id: $id) { ...Shown } }
        fragment Shown on OrderView { reference version placedAt changedAt status { code label }
          lines { id sku name quantity status { label } availableActions { event } deadlines { event } }
          history(first: 1) { nodes { seq } pageInfo { hasNextPage } } }"""
    shown = (await shop.data(who, query, id=node))["node"]
    assert shown["version"] == shop.annas.version
    assert shown["lines"][0]["sku"] == "A-1"
    assert shown["history"]["pageInfo"] == {"hasNextPage": True}


@pytest.mark.parametrize(
    ("who", "skus"),
    [
        (ADMIN, ["A-1", f"{CANARY}-1"]),
        (M1, ["A-1"]),
        (THE_OTHER, [f"{CANARY}-1"]),
        (ANNA, ["A-1", f"{CANARY}-1"]),
        (CARRIER, ["A-1", f"{CANARY}-1"]),
        (M1_WAREHOUSE, ["A-1"]),
    ],
)
async def test_each_viewer_sees_the_lines_that_are_its_affair(shop: Shop, who: Principal, skus: list[str]):
    assert [each["sku"] for each in (await look(shop, who, "lines { sku }"))["lines"]] == skus


async def test_for_a_carrier_there_is_no_order_before_any_of_it_was_sent_to_its_merchant(shop: Shop):
    assert await look(shop, CARRIER, "lines { sku }", shop.bens) is None


async def test_nobody_is_given_a_view_of_what_is_outside_its_scope(shop: Shop):
    for who in (BEN, M1, THE_OTHER):
        viewer = viewer_of(Context(services=shop.services, request_id="r", principal=who))
        foreign = shop.annas if who is BEN else shop.bens
        with pytest.raises(LookupError):
            view_of(viewer, foreign)
        with pytest.raises(LookupError):
            line_view_of(viewer, foreign, foreign.lines[0])


async def test_times_are_utc_and_days_are_days(shop: Shop):
    seen = await look(shop, ANNA, "placedAt lines { expectedDelivery deliveredOn }")
    assert seen["placedAt"] == shop.annas.placed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert seen["lines"][0] == {"expectedDelivery": "2030-01-05", "deliveredOn": None}


# Money


async def test_the_marketplace_sees_amounts_that_add_up(shop: Shop):
    seen = await look(
        shop, ADMIN,
        f"""totals {{ items {AMOUNT} discount {AMOUNT} tax {AMOUNT} shipping {AMOUNT} total {AMOUNT} }}
        payment {{ captured {AMOUNT} refunded {AMOUNT} reserved {AMOUNT} due {AMOUNT}
          payments {{ reference amount {AMOUNT} by }} refunds {{ id }} }}
        merchantOrders {{ totals {{ total {AMOUNT} }} }}
        lines {{ unitPrice {AMOUNT} total {AMOUNT} captured {AMOUNT} refundable {AMOUNT} due {AMOUNT} }}""",
    )  # fmt: skip
    nothing, all_of_it = eur(0), eur(780_777)
    assert seen["totals"] == {
        "items": all_of_it, "discount": nothing, "tax": nothing, "shipping": nothing, "total": all_of_it,
    }  # fmt: skip
    paid = {"reference": f"pay-{shop.annas.id}", "amount": all_of_it, "by": "admin"}
    assert seen["payment"] == {
        "captured": all_of_it, "refunded": nothing, "reserved": nothing, "due": nothing,
        "payments": [paid], "refunds": [],
    }  # fmt: skip
    assert [m["totals"]["total"] for m in seen["merchantOrders"]] == [eur(3_000), eur(777_777)]
    assert seen["lines"][0] == {
        "unitPrice": eur(1_000), "total": eur(3_000), "captured": eur(3_000), "refundable": eur(3_000),
        "due": nothing,
    }  # fmt: skip


async def test_a_merchants_totals_are_those_of_its_own_lines(shop: Shop):
    for who, total in ((M1, 3_000), (THE_OTHER, 777_777)):
        seen = await look(shop, who, f"totals {{ items {AMOUNT} total {AMOUNT} }}")
        assert seen["totals"] == {"items": eur(total), "total": eur(total)}


async def test_nothing_is_due_any_more_for_what_was_canceled_unpaid(shop: Shop):
    bens = shop.bens
    asked = f"payment {{ due {AMOUNT} }} lines {{ total {AMOUNT} due {AMOUNT} }}"
    seen = await look(shop, ADMIN, asked, bens)
    expected = {"payment": {"due": eur(1_000)}, "lines": [{"total": eur(1_000), "due": eur(1_000)}]}
    assert seen == expected
    await shop.store.fire(bens, "cancel", Party.MARKETPLACE, ADMINISTRATOR)
    seen = await look(shop, ADMIN, asked, bens)
    assert seen == {"payment": {"due": eur(0)}, "lines": [{"total": eur(1_000), "due": eur(0)}]}
    assert await look(shop, BEN, f"payment {{ due {AMOUNT} }}", bens) == {"payment": {"due": eur(0)}}


async def test_amounts_past_the_32_bits_of_an_int_are_shown_exactly(shop: Shop):
    order = (await shop.store.place(line("A-9", "m1", quantity=3, price=1_500_000_000_000_001))).order
    seen = await look(shop, ADMIN, f"totals {{ total {AMOUNT} }}", order)
    assert seen["totals"]["total"] == {
        "amount": "45000000000000.03", "currency": "EUR", "minorUnits": 4_500_000_000_000_003,
    }  # fmt: skip


# States and labels


async def test_the_marketplace_sees_both_machines_and_what_everybody_reads(shop: Shop):
    seen = await look(
        shop, ADMIN,
        """status { code } statuses { audience status { code label counts { code count } } }
        lines { states { party state { code meaning cancellable final } since }
          statuses { audience status { code } } }""",
    )  # fmt: skip
    shipped, waiting = seen["lines"]
    assert [(at["party"], at["state"]["code"]) for at in shipped["states"]] == [
        ("MARKETPLACE", "shipped_by_merchant"), ("MERCHANT", "shipped"),
    ]  # fmt: skip
    assert [(at["party"], at["state"]["code"]) for at in waiting["states"]] == [
        ("MARKETPLACE", "sent_to_merchant"), ("MERCHANT", "new"),
    ]  # fmt: skip
    assert [at["state"]["cancellable"] for at in waiting["states"]] == [True, True]
    read = {row["audience"]: row["status"] for row in seen["statuses"]}
    assert seen["status"] == {"code": read["BACK_OFFICE"]["code"]}
    assert {audience: status["code"] for audience, status in read.items()} == {
        "BACK_OFFICE": "partly_shipped_by_merchant", "MERCHANT_PORTAL": "partly_shipped",
        "STOREFRONT": "partly_shipped",
    }  # fmt: skip
    assert read["STOREFRONT"]["counts"] == [
        {"code": "shipped", "count": 1}, {"code": "in_progress", "count": 1},
    ]  # fmt: skip


async def test_a_merchant_reads_the_roll_up_of_its_own_lines(shop: Shop):
    for who, label, state in ((M1, "Shipped", "shipped"), (THE_OTHER, "New", "new")):
        seen = await look(
            shop, who, "status { label } lines { status { label } state { party state { code } } }"
        )
        assert seen == {
            "status": {"label": label},
            "lines": [{"status": {"label": label}, "state": {"party": "MERCHANT", "state": {"code": state}}}],
        }


async def test_a_customer_reads_a_date_as_a_label_and_as_a_value(shop: Shop):
    seen = await look(shop, ANNA, "lines { status { code label date key } merchantName }")
    assert seen["lines"][0] == {
        "status": {
            "code": "shipped", "label": "Shipped Expected by 2030-01-05", "date": "2030-01-05",
            "key": "marketplace-merchant.storefront.shipped",
        },
        "merchantName": "Merchant One",
    }  # fmt: skip
    assert seen["lines"][1]["status"]["date"] is None


async def test_a_merchants_part_has_not_changed_when_only_anothers_did(shop: Shop):
    asked = "changedAt version"
    own, others = await look(shop, M1, asked), await look(shop, THE_OTHER, asked)
    assert own["changedAt"] > others["changedAt"]
    await shop.store.clock.advance(timedelta(hours=1))
    of_other = shop.annas.lines[1].id
    await shop.store.fire(shop.annas, "ship", Party.MERCHANT, Actor("s", Role.MERCHANT), of_other)
    assert (await look(shop, M1, asked))["changedAt"] == own["changedAt"]
    assert (await look(shop, THE_OTHER, asked))["changedAt"] > own["changedAt"]


async def test_a_merchants_part_has_not_changed_when_the_marketplace_refunds_what_it_canceled(shop: Shop):
    of_other = shop.annas.lines[1].id
    seller = Actor("s", Role.MERCHANT)
    reason = {"reason": "sold out"}
    await shop.store.fire(shop.annas, "cancel", Party.MERCHANT, seller, of_other, input=reason)
    before = (await look(shop, THE_OTHER, "changedAt"))["changedAt"]
    await shop.store.clock.advance(timedelta(hours=1))
    await shop.store.fire(shop.annas, "refund", Party.MARKETPLACE, ADMINISTRATOR, of_other)
    assert (await look(shop, THE_OTHER, "changedAt"))["changedAt"] == before
    assert (await look(shop, ADMIN, "changedAt"))["changedAt"] > before
    # Nor does a filter tell when.
    query = "query ($t: DateTime) { merchant { orders(first: 1, where: {changedAfter: $t}) { totalCount } } }"
    later = (datetime.fromisoformat(before) + timedelta(seconds=1)).isoformat()
    for at, count in ((before, 1), (later, 0)):
        assert (await shop.data(THE_OTHER, query, t=at))["merchant"]["orders"]["totalCount"] == count


async def test_the_marketplace_sees_merchant_orders_as_parts_of_the_order(shop: Shop):
    seen = await look(
        shop, ADMIN,
        """merchantOrders { id reference merchantId status { code } customerName
          lines { sku state { state { code } } } history(first: 100) { nodes { event unit party } } }
        lines { id merchantOrderId }""",
    )  # fmt: skip
    first, second = seen["merchantOrders"]
    assert (first["merchantId"], second["merchantId"]) == ("m1", CANARY)
    assert [each["sku"] for each in first["lines"]] == ["A-1"]
    assert first["reference"] == f"{shop.annas.reference}-1"
    assert [each["merchantOrderId"] for each in seen["lines"]] == [first["id"], second["id"]]
    assert {row["unit"] for row in first["history"]["nodes"]} == {seen["lines"][0]["id"]}
    assert {row["party"] for row in first["history"]["nodes"]} == {"MARKETPLACE", "MERCHANT"}


async def test_a_part_of_a_line_names_the_line_it_came_from(shop: Shop):
    def decide(order: Order, now: datetime) -> Decided:
        who = Actor("ben", Role.CUSTOMER)
        return Decided(
            perform(PROCESS, order, [Intent("cancel", order.lines[0].id, Party.MARKETPLACE, who, {}, 2)], now)
        )

    order = (await shop.store.place(line("A-3", "m1", quantity=3))).order
    await shop.store.orders.change(order.id, decide)
    rest, part = (await look(shop, ADMIN, "lines { id quantity splitFrom }", order))["lines"]
    assert (rest["quantity"], rest["splitFrom"]) == (1, None)
    assert (part["quantity"], part["splitFrom"]) == (2, rest["id"])
    asked = "lines { history(first: 100) { nodes { event input { name value } } } }"
    *_, cut = (await look(shop, ADMIN, asked, order))["lines"][1]["history"]["nodes"]
    assert {"name": "splitFrom", "value": rest["id"]} in cut["input"]


# Actions and deadlines


async def test_an_action_says_what_it_takes_or_why_it_is_not_possible(shop: Shop):
    asked = """availableActions { event label party enabled required input reason { code message } }"""
    seen = await look(shop, ADMIN, f"{asked} lines {{ {asked} }}")
    shipped, waiting = (each["availableActions"] for each in seen["lines"])
    assert waiting == [
        {
            "event": "cancel", "label": "Cancel", "party": "MARKETPLACE", "enabled": True,
            "required": ["reason"], "input": ["reason"], "reason": None,
        }
    ]  # fmt: skip
    [refused] = shipped
    assert (refused["event"], refused["enabled"]) == ("cancel", False)
    assert refused["reason"]["code"] == "TRANSITION_NOT_ALLOWED"
    assert "already shipped" in refused["reason"]["message"]
    # The whole order: what one line can, the order can.
    assert seen["availableActions"] == waiting


async def test_an_orders_action_that_no_line_can_gives_the_first_reason(shop: Shop):
    asked = "availableActions { event enabled reason { message } }"
    seen = await look(shop, ANNA, f"{asked} lines {{ {asked} }}")
    assert seen["availableActions"] == seen["lines"][0]["availableActions"]
    assert [action["enabled"] for action in seen["availableActions"]] == [False]


async def test_inputs_are_named_as_the_mutations_spell_them(shop: Shop):
    seen = await look(shop, THE_OTHER, "availableActions { event input required enabled }")
    by_event = {action["event"]: action for action in seen["availableActions"]}
    assert by_event["ship"]["input"] == ["carrier", "trackingNumber", "expectedDelivery"]
    assert by_event["ship"]["required"] == []
    assert by_event["cancel"]["required"] == ["reason"]
    assert all(action["enabled"] for action in by_event.values())


async def test_each_role_is_offered_its_own_actions_only(shop: Shop):
    asked = "availableActions { event }"
    offered = {
        who.sub: [action["event"] for action in (await look(shop, who, asked, order))["availableActions"]]
        for who, order in (
            (ADMIN, shop.bens), (BEN, shop.bens), (PAYMENTS, shop.bens), (CARRIER, shop.annas),
            (M1, shop.annas),
        )
    }  # fmt: skip
    assert offered == {
        ADMIN.sub: ["pay", "cancel"], BEN.sub: ["cancel"], PAYMENTS.sub: ["pay"],
        CARRIER.sub: ["deliver"], M1.sub: ["deliver", "cancel"],
    }  # fmt: skip


async def test_an_action_goes_by_the_time_of_orders(shop: Shop):
    await shop.store.pay(shop.bens)
    asked = "availableActions { event enabled reason { code message } }"
    [cancel] = (await look(shop, BEN, asked, shop.bens))["availableActions"]
    assert cancel["enabled"]
    await shop.store.clock.advance(timedelta(minutes=31))
    [cancel] = (await look(shop, BEN, asked, shop.bens))["availableActions"]
    assert cancel["reason"]["code"] == "GUARD_FAILED"
    assert "closed" in cancel["reason"]["message"]


async def test_deadlines_are_shown_to_those_who_follow_the_machine_that_they_move(shop: Shop):
    asked = "deadlines { event at party unit } lines { deadlines { event } }"
    own = await look(shop, BEN, asked, shop.bens)
    at = (shop.bens.placed_at + timedelta(days=7)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    unit = encode(LINE, shop.bens.lines[0].id)
    assert own["deadlines"] == [{"event": "expire", "at": at, "party": "MARKETPLACE", "unit": unit}]
    assert own["lines"] == [{"deadlines": [{"event": "expire"}]}]
    assert await look(shop, ADMIN, asked, shop.bens) == own
    delivered = shop.annas.lines[0].id
    await shop.store.fire(shop.annas, "deliver", Party.MERCHANT, Actor("s", Role.MERCHANT), delivered)
    assert [each["event"] for each in (await look(shop, ANNA, asked))["deadlines"]] == ["close"]
    assert (await look(shop, M1, asked))["deadlines"] == []


# History

ROWS = """history(first: 100) {
  nodes { seq event party role actor source target cause reason input { name value } }
}"""


async def test_the_marketplace_reads_every_row_and_what_pulled_it_along(shop: Shop):
    rows = (await look(shop, ADMIN, ROWS))["history"]["nodes"]
    assert [row["seq"] for row in rows] == list(range(1, shop.annas.seq + 1))
    assert rows[0]["event"] == "placed"
    shipped, pulled = rows[-2:]
    assert (shipped["event"], shipped["party"], shipped["actor"]) == ("ship", "MERCHANT", "seller")
    assert {"name": "trackingNumber", "value": "DHL-1"} in shipped["input"]
    assert {"name": "expectedDelivery", "value": "2030-01-05"} in shipped["input"]
    assert (pulled["event"], pulled["party"], pulled["cause"]) == ("ship", "MARKETPLACE", shipped["seq"])
    paid = next(row for row in rows if row["event"] == "pay")
    assert {"name": "amount", "value": "7807.77 EUR"} in paid["input"]


async def test_a_merchant_reads_the_rows_of_its_own_machine_on_its_own_lines(shop: Shop):
    rows = (await look(shop, M1, ROWS))["history"]["nodes"]
    assert [(row["event"], row["party"], row["target"]) for row in rows] == [
        ("start", "MERCHANT", "new"), ("ship", "MERCHANT", "shipped"),
    ]  # fmt: skip
    assert [(row["actor"], row["cause"]) for row in rows] == [(None, None), ("seller", None)]


async def test_a_customer_reads_what_happened_without_states_and_without_who_worked_on_it(shop: Shop):
    rows = (await look(shop, ANNA, ROWS))["history"]["nodes"]
    assert [row["event"] for row in rows] == [
        "placed", "pay", "send_to_merchant", "pay", "send_to_merchant", "ship",
    ]  # fmt: skip
    for row in rows:
        hidden = ("source", "target", "cause", "actor")
        assert [row[name] for name in hidden] == [None] * 4
        assert row["input"] == []
    await shop.store.fire(
        shop.bens, "cancel", Party.MARKETPLACE, Actor("ben", Role.CUSTOMER), input={"reason": "late"}
    )
    own = (await look(shop, BEN, ROWS, shop.bens))["history"]["nodes"][-1]
    assert (own["event"], own["actor"], own["role"], own["reason"]) == ("cancel", "ben", "CUSTOMER", "late")


@pytest.mark.parametrize(
    ("who", "parties"),
    [(PAYMENTS, {"MARKETPLACE"}), (CARRIER, {"MERCHANT"}), (M1_WAREHOUSE, {"MERCHANT"})],
    ids=["payments", "carrier", "warehouse"],
)
async def test_integrations_read_the_rows_of_the_machine_that_they_follow(
    shop: Shop, who: Principal, parties: set[str]
):
    rows = (await look(shop, who, ROWS))["history"]["nodes"]
    assert {row["party"] for row in rows} == parties


@everybody
async def test_a_history_tells_what_the_viewers_feed_tells(shop: Shop, who: Principal):
    await shop.services.relay.drain()
    rows = await look(shop, who, "id history(first: 100) { nodes { seq at event unit actor reason } }")
    told = await shop.data(
        who, "{ events(first: 100) { nodes { order { id } seq at event unit actor reason } } }"
    )
    own = [event for event in told["events"]["nodes"] if event.pop("order")["id"] == rows["id"]]
    assert own == rows["history"]["nodes"]
    assert own


async def test_a_line_has_the_rows_that_are_about_it(shop: Shop):
    seen = await look(shop, ADMIN, "lines { id history(first: 100) { nodes { unit } totalCount } }")
    for each in seen["lines"]:
        assert {row["unit"] for row in each["history"]["nodes"]} == {each["id"]}
        assert each["history"]["totalCount"] == len(each["history"]["nodes"])


async def test_pages_of_a_history_show_every_row_once(shop: Shop):
    seqs: list[int] = []
    arguments = "first: 4"
    while True:
        info = "pageInfo { hasNextPage hasPreviousPage endCursor }"
        asked = f"history({arguments}) {{ nodes {{ seq }} totalCount {info} }}"
        page = (await look(shop, ADMIN, asked))["history"]
        assert page["totalCount"] == shop.annas.seq
        assert page["pageInfo"]["hasPreviousPage"] is bool(seqs)
        seqs += [row["seq"] for row in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        arguments = f'first: 4, after: "{page["pageInfo"]["endCursor"]}"'
    assert seqs == list(range(1, shop.annas.seq + 1))


@pytest.mark.parametrize(
    "arguments", ["first: 0", "first: 101", 'first: 1, after: "x"', 'first: 1, after: "c2VxOng"']
)
async def test_a_history_page_that_cannot_be_is_refused(shop: Shop, arguments: str):
    by = f'{{reference: "{shop.annas.reference}"}}'
    query = f"{{ marketplace {{ order(by: {by}) {{ history({arguments}) {{ totalCount }} }} }} }}"
    assert await shop.code(ADMIN, query) == "BAD_USER_INPUT"


# Policies


async def test_an_order_keeps_the_policies_it_was_placed_under(shop: Shop):
    policies = (await look(shop, ADMIN, "process processVersion policies { name value merchantId }"))[
        "policies"
    ]
    by_name = {policy["name"]: policy["value"] for policy in policies if policy["merchantId"] is None}
    assert by_name["cancellation_window"] == "PT0S"
    assert by_name["return_window"] == "P30D"
    await shop.services.settings.set_marketplace_policies({"return_window": timedelta(days=1)})
    assert (await look(shop, ADMIN, "policies { name value merchantId }"))["policies"] == policies


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "PT0S"), (timedelta(minutes=30), "PT30M"), (timedelta(days=7), "P7D"),
        (timedelta(days=1, hours=12), "P1DT12H"), (timedelta(hours=1, seconds=5), "PT1H5S"),
        (timedelta(milliseconds=1500), "PT1.5S"), (timedelta(milliseconds=20), "PT0.02S"),
        (timedelta(seconds=100), "PT1M40S"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_written_as_an_iso_duration(length: timedelta, text: str):
    assert duration_text(length) == text
