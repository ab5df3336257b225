"""What each role is shown of orders in the store flows, where merchant orders move; and what it is not."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.actors import Role
from domain.completing import complete_order
from domain.drafts import DraftLine
from domain.engine import settle
from domain.invoices import Tracking, TrackingEvent
from domain.order import Order
from domain.outcome import Outcome
from domain.processes import process_of
from domain.reassigning import change_merchant
from graph.auth import Principal
from graph.context import Context
from graph.seen import seen_by
from graph.types.ids import COMMAND, LINE, MERCHANT_ORDER, RESTOCK, encode
from graph.viewer import viewer_of
from storage.stock import Stock
from tests.acting import ADMIN, ANNA, CARRIER, M1, PAYMENTS
from tests.asking import CANARY, M1_WAREHOUSE, THE_OTHER, everything
from tests.showing import HOME, MINE, OTHERS, WHO, Sale, at, eur, sale
from tests.stores import Store

AMOUNT = "{ amount currency minorUnits }"
STATES = "states { party state { code } since }"
EVERY_FLOW = pytest.mark.parametrize("name", ["marketplace-seller", "complete", "chain"])


def codes(states: list[dict[str, Any]]) -> dict[str, str]:
    """Where machines stand: {"MARKETPLACE": "payment-approved"}."""
    return {each["party"]: each["state"]["code"] for each in states}


def labels(statuses: list[dict[str, Any]]) -> dict[str, str | None]:
    """What audiences read: {"BACK_OFFICE": "Payment approved"}."""
    return {each["audience"]: each["status"] and each["status"]["label"] for each in statuses}


async def own(sale: Sale, selected: str, who: Principal = ADMIN, which: int = MINE) -> Any:
    """What is read on one merchant order of the order."""
    return (await sale.look(who, f"merchantOrders {{ {selected} }}"))["merchantOrders"][which]


async def handled(store: Store, name: str = "marketplace-seller", **given: Any) -> Sale:
    """A paid order whose merchant m1 has started to handle its part."""
    found = await sale(store, name, **given)
    await found.pay()
    await found.handle()
    return found


# Where it stands


async def test_the_marketplace_reads_every_machine_and_every_label_on_line_and_merchant_order(
    mock_store: Store,
):
    found = await handled(mock_store, "chain")
    shown = await found.look(
        ADMIN,
        f"""merchantOrders {{ {STATES} state {{ party }} statuses {{ audience status {{ label }} }} }}
        lines {{ {STATES} status {{ label }} statuses {{ audience status {{ label }} }}
          diagram(format: MERMAID) }}""",
    )
    mine, others = shown["merchantOrders"]
    stands = {"MARKETPLACE": "payment-approved", "CHAIN": "payment-approved", "MERCHANT": "handling"}
    reads = {
        "BACK_OFFICE": "Payment approved",
        "MERCHANT_PORTAL": "Handling shipping",
        "STOREFRONT": "Handling order",
    }
    assert (codes(mine["states"]), labels(mine["statuses"])) == (stands, reads)
    assert mine["state"] == {"party": "MERCHANT"}
    line = shown["lines"][0]
    assert (codes(line["states"]), labels(line["statuses"])) == (stands, reads)
    assert line["status"] == {"label": "Payment approved"}
    assert "class chain_marketplace__payment_approved,chain__payment_approved" in line["diagram"]
    assert codes(others["states"]) == {
        "MARKETPLACE": "waiting-seller-handling", "CHAIN": "payment-approved", "MERCHANT": "window-to-cancel",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "party", "state"),
    [
        ("marketplace-seller", "MERCHANT", "handling"),
        ("chain", "MERCHANT", "handling"),
        ("complete", "MARKETPLACE", "handling"),
    ],
)
async def test_a_merchant_reads_the_machine_that_its_portal_reads_and_no_other(
    mock_store: Store, name: str, party: str, state: str
):
    found = await handled(mock_store, name)
    shown = await found.look(
        M1,
        f"""status {{ label }} {STATES} state {{ party state {{ code }} since }}
        statuses {{ audience status {{ label }} }} lines {{ state {{ party }} status {{ label }} }}""",
    )
    assert codes(shown["states"]) == {party: state}
    assert shown["states"] == [shown["state"]]
    assert labels(shown["statuses"]) == {"MERCHANT_PORTAL": "Handling shipping"}
    assert shown["status"] == {"label": "Handling shipping"}
    assert shown["lines"] == [{"state": {"party": party}, "status": {"label": "Handling shipping"}}]


@EVERY_FLOW
async def test_an_incomplete_order_does_not_exist_for_its_merchants(mock_store: Store, name: str):
    found = await sale(mock_store, name, complete=False)
    assert await found.look(M1, "id") is None
    assert await found.listed(M1, {}) == 0
    query = "query ($id: ID!) { node(id: $id) { id } }"
    for id in (encode(MERCHANT_ORDER, found.part().id), encode(LINE, found.order.lines[0].id)):
        assert await found.shop.data(M1, query, id=id) == {"node": None}
    assert await found.look(CARRIER, "lines { id }") is None
    assert await found.look(M1_WAREHOUSE, "id") is None
    shown = await found.look(ADMIN, f"deliverTo {{ city }} paymentMethod merchantOrders {{ {STATES} }}")
    assert (shown["deliverTo"], shown["paymentMethod"]) == (None, None)
    assert [codes(each["states"]) for each in shown["merchantOrders"]] == [{"MARKETPLACE": "incomplete"}] * 2


async def test_a_merchant_order_is_as_old_as_the_merchants_knowledge_of_it(mock_store: Store):
    found = await sale(mock_store, complete=False)
    placed = at(found.order.placed_at)
    assert await own(found, "createdAt placedAt") == {"createdAt": placed, "placedAt": placed}
    await mock_store.clock.advance(timedelta(days=1))
    await found.change(
        lambda order, now: complete_order(found.process, order, HOME, "card", WHO[Role.CUSTOMER], now)
    )
    sent = at(found.part().sent_at)
    assert sent is not None
    assert sent > (placed or "")
    assert await found.look(M1, "createdAt placedAt") == {"createdAt": sent, "placedAt": placed}


async def test_a_merchant_order_exists_for_its_merchant_from_the_moment_that_it_reads_something(
    mock_store: Store,
):
    found = await sale(mock_store)
    shown = await found.look(
        M1, "status { label } deliverTo { recipient street postalCode city region country }"
    )
    assert shown == {
        "status": {"label": "Waiting for fulfillment authorization"},
        "deliverTo": {
            "recipient": "Anna Berg", "street": "1 Main Street", "postalCode": "10115", "city": "Berlin",
            "region": None, "country": "DE",
        },
    }  # fmt: skip


# Nothing of anybody else's


@EVERY_FLOW
async def test_nothing_that_a_merchant_can_select_shows_another_or_the_customers_other_data(
    mock_store: Store, name: str
):
    found = await handled(mock_store, name)
    await found.invoice()
    text = json.dumps(
        [
            await found.look(M1, everything("MerchantOrder").strip("{}")),
            await found.look(M1_WAREHOUSE, everything("LogisticsOrder").strip("{}")),
        ]
    )
    leaks = (CANARY, "7777", "7807", "780777", "anna@example.org", "cart-1", "admin", "psp", "pay-1", "card")
    for leak in leaks:
        assert leak not in text, leak
    assert '"handling"' in text


@pytest.mark.parametrize("name", ["marketplace-seller", "chain"])
async def test_a_merchant_is_told_no_state_of_the_marketplace_or_a_chain(mock_store: Store, name: str):
    found = await handled(mock_store, name, chain_authorization="automatic")
    await found.fire("request_cancel", Role.CUSTOMER, reason="too late")
    *others, merchants = found.process.machines
    foreign = {code for machine in others for code in machine.states if "-" in code}
    foreign -= merchants.states.keys()
    assert {"payment-approved", "waiting-for-seller-decision"} <= foreign
    for who, kind in ((M1, "MerchantOrder"), (M1_WAREHOUSE, "LogisticsOrder")):
        text = json.dumps(await found.look(who, everything(kind).strip("{}")))
        assert '"cancellation-requested"' in text
        assert [code for code in sorted(foreign) if f'"{code}"' in text] == []
        assert '"MARKETPLACE"' not in text.replace('"role": "MARKETPLACE"', "")
        assert '"CHAIN"' not in text


@EVERY_FLOW
async def test_a_customer_never_reads_the_code_of_a_state(mock_store: Store, name: str):
    found = await handled(mock_store, name)
    await found.fire("request_cancel", Role.CUSTOMER, reason="too late")
    await found.fire("deny_cancellation", Role.MERCHANT, reason="it is packed")
    await found.invoice()
    text = json.dumps(await found.look(ANNA, everything("CustomerOrder").strip("{}")))
    every = {code for machine in found.process.machines for code in machine.states if "-" in code}
    assert [code for code in sorted(every) if code in text] == []
    for leak in ("seller-1", "admin", "psp", "system", "cart-1"):
        assert f'"{leak}"' not in text, leak
    assert f"The {CANARY} shop" in text
    assert "it is packed" in text


@pytest.mark.parametrize("who", [CARRIER, M1_WAREHOUSE], ids=lambda w: w.sub)
@EVERY_FLOW
async def test_nothing_that_a_carrier_can_select_is_about_money(mock_store: Store, name: str, who: Principal):
    found = await handled(mock_store, name)
    await found.invoice()
    text = json.dumps(await found.look(who, everything("LogisticsOrder").strip("{}")))
    for leak in ("EUR", "10.00", "30.00", "pay-1", "card", "anna@example.org"):
        assert leak not in text, leak
    assert "F-1" in text


async def test_a_chains_merchant_is_not_told_of_an_approval_that_was_not_passed_on(mock_store: Store):
    found = await sale(mock_store, "chain", chain_authorization="manual")
    await found.pay()
    asked = "approvedAt states { state { code } }"
    assert (await own(found, "approvedAt"))["approvedAt"] == at(found.part().approved_at)
    assert await found.look(M1, asked) == {
        "approvedAt": None, "states": [{"state": {"code": "waiting-for-manual-authorization"}}],
    }  # fmt: skip


async def test_a_marketplaces_merchant_is_told_when_its_payment_was_approved(mock_store: Store):
    found = await sale(mock_store)
    assert await found.look(M1, "approvedAt") == {"approvedAt": None}
    await found.pay()
    assert found.part().approved_at is not None
    assert await found.look(M1, "approvedAt") == {"approvedAt": at(found.part().approved_at)}


async def test_a_chains_merchant_works_at_its_own_risk_until_the_approval_is_passed_on(mock_store: Store):
    found = await sale(mock_store, "chain", chain_authorization="manual")
    await found.fire("authorize_fulfillment", Role.MERCHANT)
    await found.pay()
    assert found.part().approved_at is not None
    assert await own(found, "overridden") == {"overridden": False}
    assert await found.look(M1, "overridden") == {"overridden": True}


# Money


@pytest.mark.parametrize("captured", [False, True])
async def test_what_is_due_for_the_lines_is_what_is_due_for_the_order(mock_store: Store, captured: bool):
    found = await sale(mock_store, alone=True, payment_provider="external")
    minor = "due { minorUnits }"
    asked = f"payment {{ {minor} }} lines {{ {minor} }}"

    async def due() -> tuple[int, list[int]]:
        shown = await found.look(PAYMENTS, asked)
        assert await found.look(ADMIN, asked) == shown
        return shown["payment"]["due"]["minorUnits"], [line["due"]["minorUnits"] for line in shown["lines"]]

    assert await due() == (3_000, [3_000])
    await found.pay(captured=captured)
    await found.change_lines(2, DraftLine("A-9", "Another", "m1", 1, 500))
    assert await due() == (0, [0, 0])
    await found.change_lines(4, DraftLine("A-8", "Third", "m1", 1, 100))
    in_all, lines = await due()
    assert in_all == 2_100
    assert (sum(lines), min(lines) >= 0) == (2_100, True)


# Actions, deadlines, history


async def test_what_can_be_done_and_what_happened_is_found_out_once_for_an_order_and_its_parts(
    mock_store: Store,
):
    found = await handled(mock_store)
    context = Context(services=found.shop.services, request_id="r1", principal=ADMIN)
    seen = seen_by(viewer_of(context), found.order)
    for part in (seen.part(theirs) for theirs in seen.merchant_orders):
        for line in part.lines:
            once, again = await seen.actions([seen.unit_of(line)]), await part.actions(part.units)
            assert once
            assert all(one is other for one, other in zip(once, again, strict=True))
        rows = {row.seq: row for row in await seen.history()}
        assert all(rows[row.seq] is row for row in await part.history())


@pytest.mark.parametrize("who", [ADMIN, M1, ANNA], ids=lambda w: w.sub)
async def test_what_can_be_done_with_a_line_is_what_can_be_done_with_its_merchant_order(
    mock_store: Store, who: Principal
):
    found = await sale(mock_store)
    await found.pay()
    asked = """availableActions { event party enabled reason { code message } }
        deadlines { event at party unit }"""
    line = (await found.look(who, f"lines {{ {asked} }}"))["lines"][0]
    part = await found.look(who, asked) if who is M1 else await own(found, asked, who)
    assert line == part
    assert line["availableActions"]
    assert {each["event"] for each in line["deadlines"]} == {"close_window"}
    assert {each["unit"] for each in line["deadlines"]} == {encode(MERCHANT_ORDER, found.part().id)}


async def test_a_line_has_the_history_of_its_merchant_order(mock_store: Store):
    found = await handled(mock_store)
    rows = "history(first: 100) { nodes { seq event unit } }"
    for who in (ADMIN, M1, ANNA):
        line = (await found.look(who, f"lines {{ {rows} }}"))["lines"][0]["history"]["nodes"]
        assert {row["unit"] for row in line} == {encode(MERCHANT_ORDER, found.part().id)}
        if who is ADMIN:
            assert (await own(found, rows))["history"]["nodes"] == line


async def inputs(sale: Sale, who: Principal, event: str) -> dict[str, str]:
    """What came along with the last event of this name with which anything came along for this reader."""
    rows = "history(first: 100) { nodes { event input { name value } } }"
    nodes = (await sale.look(who, rows))["history"]["nodes"]
    given = [node["input"] for node in nodes if node["event"] == event and node["input"]]
    return {each["name"]: each["value"] for each in (given or [[]])[-1]}


async def test_inputs_are_read_as_amounts_ids_and_answers(mock_store: Store):
    found = await handled(mock_store, alone=True, payment_provider="external")
    await found.change_lines(2, DraftLine("A-9", "Another", "m1", 1, 500))
    assert await inputs(found, ADMIN, "change_order") == {
        "totalBefore": "30.00 EUR", "totalAfter": "25.00 EUR", "change": "A-1: 3 -> 2; + A-9 x 1",
    }  # fmt: skip
    void = found.order.commands[0]
    await found.answer(void.id, done=True)
    assert await inputs(found, ADMIN, "void_done") == {
        "command": encode(COMMAND, void.id), "amount": "5.00 EUR",
    }  # fmt: skip
    await found.invoice("F-2", 2_000, 2)
    expected = {"invoice": "F-2", "value": "20.00 EUR", "type": "output"}
    assert await inputs(found, ADMIN, "invoice") == expected
    assert await inputs(found, M1, "invoice") == expected
    assert await inputs(found, CARRIER, "invoice") == {"invoice": "F-2", "type": "output"}
    await found.answer(found.order.commands[-1].id, done=True)
    await found.track("F-2", Tracking(number="T-1", delivered=True))
    assert await inputs(found, M1, "update_tracking") == {
        "invoice": "F-2", "trackingNumber": "T-1", "isDelivered": "true",
    }  # fmt: skip


async def test_a_store_with_several_merchants_tells_none_of_them_what_was_paid_in_all(mock_store: Store):
    found = await sale(mock_store, "complete")
    await found.pay()
    rows = "history(first: 100) { nodes { event input { name value } } }"
    everything_paid = {"amount": "7807.77 EUR", "payment": "pay-1"}
    for who, told in ((ADMIN, everything_paid), (M1, {}), (CARRIER, {})):
        nodes = (await found.look(who, rows))["history"]["nodes"]
        given = {each["name"]: each["value"] for node in nodes for each in node["input"]}
        assert given == told


# Invoices


async def test_an_invoice_is_shown_with_what_is_left_to_each_as_it_needs_it(mock_store: Store):
    found = await handled(mock_store)
    await found.invoice(
        key="K1", url="https://example.org/f1", courier="DHL", tracking_number="T-1",
        tracking_url="https://example.org/t1",
    )  # fmt: skip
    asked = f"""invoices {{ number type value {AMOUNT} issuedAt recordedAt key url
          courier trackingNumber trackingUrl
          lines {{ line quantity unitPrice {AMOUNT} }} tracking {{ number }} }}
        invoiced {AMOUNT} leftToInvoice {AMOUNT} returned {AMOUNT} lines {{ leftToInvoice }}
        handledAt packed"""
    shown = await found.look(M1, asked)
    assert shown == await own(found, asked)
    mine = encode(LINE, found.order.lines[0].id)
    [stored] = found.part().invoices
    issued, recorded = at(stored.issued_at), at(stored.recorded_at)
    assert shown == {
        "invoices": [
            {
                "number": "F-1", "type": "OUTPUT", "value": eur(1_000), "issuedAt": issued,
                "recordedAt": recorded, "key": "K1", "url": "https://example.org/f1", "courier": "DHL",
                "trackingNumber": "T-1", "trackingUrl": "https://example.org/t1",
                "lines": [{"line": mine, "quantity": 1, "unitPrice": eur(1_000)}], "tracking": None,
            }
        ],
        "invoiced": eur(1_000), "leftToInvoice": eur(2_000), "returned": eur(0),
        "lines": [{"leftToInvoice": 2}], "handledAt": at(found.part().handled_at), "packed": False,
    }  # fmt: skip
    tracked = "tracking { courier number url events { description } isDelivered deliveredAt }"
    told = {
        "courier": "DHL", "number": "T-1", "url": "https://example.org/t1", "events": [],
        "isDelivered": False, "deliveredAt": None,
    }  # fmt: skip
    assert await own(found, f"invoices {{ number issuedAt value {AMOUNT} url {tracked} }}", ANNA) == {
        "invoices": [
            {
                "number": "F-1", "issuedAt": issued, "value": eur(1_000),
                "url": "https://example.org/f1", "tracking": told,
            }
        ]
    }  # fmt: skip
    assert await own(found, f"invoices {{ number {tracked} }}", CARRIER) == {
        "invoices": [{"number": "F-1", "tracking": told}]
    }


async def test_what_the_courier_reports_is_what_is_read(mock_store: Store):
    found = await handled(mock_store, alone=True)
    await found.invoice(value=3_000, quantity=3)
    asked = "merchantOrders { status { label } } status { label }"
    in_transit = {"merchantOrders": [{"status": {"label": "In transit to carrier"}}]}
    assert await found.look(ANNA, asked) == {**in_transit, "status": {"label": "In transit to carrier"}}
    now = await mock_store.clock.now()
    event = TrackingEvent(now, "Left the depot", "Berlin", "BE")
    await found.track("F-1", Tracking("DHL", "T-9", None, (event,)))
    assert (await found.look(ANNA, asked))["status"] == {"label": "Delivering order"}
    await found.track("F-1", Tracking(delivered=True, delivered_at=now))
    assert (await found.look(ANNA, asked))["status"] == {"label": "Order shipped"}
    tracked = """invoices { tracking { courier number url isDelivered deliveredAt
        events { at description city state } } }"""
    expected = {
        "courier": "DHL", "number": "T-9", "url": None, "isDelivered": True, "deliveredAt": at(now),
        "events": [{"at": at(now), "description": "Left the depot", "city": "Berlin", "state": "BE"}],
    }  # fmt: skip
    for who in (ADMIN, ANNA, CARRIER):
        assert await own(found, tracked, who) == {"invoices": [{"tracking": expected}]}


async def test_an_order_of_another_process_has_nothing_to_invoice(mock_store: Store):
    placed = await mock_store.sent()
    found = await sale(mock_store)
    found.order = placed
    shown = await found.look(M1, "leftToInvoice { amount } states { party } lines { leftToInvoice }")
    assert shown == {"leftToInvoice": None, "states": [], "lines": [{"leftToInvoice": None}]}


# Cancellation


async def test_a_request_to_cancel_is_read_by_all_and_who_asked_by_those_who_may_know(mock_store: Store):
    found = await handled(mock_store)
    await found.fire("request_cancel", Role.CUSTOMER, reason="too late")
    asked_at = found.part().requests[0].at
    asked = (
        "cancellationRequests { by role at reason deadline restores verdict decidedBy decidedRole answer }"
    )
    open_ = {
        "by": "anna", "role": "CUSTOMER", "at": at(asked_at), "reason": "too late",
        "deadline": at(asked_at + timedelta(days=30)), "restores": "payment-approved", "verdict": None,
        "decidedBy": None, "decidedRole": None, "answer": None,
    }  # fmt: skip
    assert await own(found, asked) == {"cancellationRequests": [open_]}
    masked = open_ | {"by": None, "restores": None}
    assert await found.look(M1, asked) == {"cancellationRequests": [masked]}
    await found.fire("deny_cancellation", Role.MERCHANT, reason="it is packed")
    denied = {
        "verdict": "DENIED",
        "decidedBy": "seller-1",
        "decidedRole": "MERCHANT",
        "answer": "it is packed",
    }
    assert await own(found, asked) == {"cancellationRequests": [open_ | denied]}
    assert await found.look(M1, asked) == {"cancellationRequests": [masked | denied]}
    theirs = "cancellationRequests { reason deadline verdict answer }"
    assert await own(found, theirs, ANNA) == {
        "cancellationRequests": [
            {
                "reason": "too late", "deadline": open_["deadline"], "verdict": "DENIED",
                "answer": "it is packed",
            }
        ]
    }  # fmt: skip
    assert await found.look(THE_OTHER, asked) == {"cancellationRequests": []}


async def test_a_store_that_runs_the_only_machine_reads_what_a_denial_restores(mock_store: Store):
    found = await handled(mock_store, "complete")
    await found.fire("request_cancel", Role.CUSTOMER)
    asked = "cancellationRequests { restores }"
    assert await found.look(M1, asked) == {"cancellationRequests": [{"restores": "handling"}]}


async def test_who_canceled_and_what_is_to_be_put_back_on_the_shelf_is_shown(server_store: Store):
    await count(server_store, "A-1", 5)
    found = await sale(server_store, alone=True)
    await found.pay()
    await found.handle()
    await found.fire("cancel", Role.MERCHANT, reason="broken")
    asked = "cancellation { by role event reason } restocks { id sku quantity done }"
    [restock] = found.part().restocks
    expected = {
        "cancellation": {"by": "seller-1", "role": "MERCHANT", "event": "cancel", "reason": "broken"},
        "restocks": [{"id": encode(RESTOCK, restock.id), "sku": "A-1", "quantity": 3, "done": False}],
    }
    assert await own(found, asked) == expected
    assert await found.look(M1, asked) == expected


async def test_a_merchant_is_told_in_which_role_the_marketplace_canceled_and_not_who(mock_store: Store):
    found = await sale(mock_store)
    await found.fire("cancel", Role.MARKETPLACE, reason="fraud")
    shown = {"by": "admin", "role": "MARKETPLACE", "event": "cancel", "reason": "fraud"}
    asked = "cancellation { by role event reason }"
    assert await own(found, asked) == {"cancellation": shown}
    assert await found.look(M1, asked) == {"cancellation": shown | {"by": None}}


# Stock, overrides, another merchant


async def count(store: Store, sku: str, on_hand: int) -> None:
    """Merchant m1 counts a product."""
    await Stock(store.database, store.clock, store.orders).count("m1", sku, on_hand)


async def test_an_order_that_waits_for_stock_says_for_which_product(server_store: Store):
    await count(server_store, "A-1", 2)
    found = await sale(server_store)
    await found.pay()
    asked = "missingStock state { state { code } }"
    waiting = {"missingStock": ["A-1"], "state": {"state": {"code": "authorize-fulfillment"}}}
    assert await found.look(M1, asked) == waiting
    assert await own(found, asked) == waiting
    assert await own(found, "missingStock", which=OTHERS) == {"missingStock": []}
    assert await found.listed(ADMIN, {"problem": "STOCK"}) == 1
    await count(server_store, "A-1", 3)
    await found.change(_settled)
    assert await found.look(M1, asked) == {
        "missingStock": [], "state": {"state": {"code": "window-to-cancel"}},
    }  # fmt: skip
    assert await found.listed(ADMIN, {"problem": "STOCK"}) == 0


def _settled(order: Order, now: datetime) -> Outcome:
    return settle(process_of(order), order, now)


async def test_what_a_merchant_authorized_itself_is_flagged_until_it_is_paid(mock_store: Store):
    found = await sale(mock_store)
    asked = "overridden overriddenAt"
    assert await own(found, asked) == {"overridden": False, "overriddenAt": None}
    await found.fire("authorize_fulfillment", Role.MERCHANT)
    when = at(found.part().overridden_at)
    assert await own(found, asked) == {"overridden": True, "overriddenAt": when}
    assert await found.look(M1, asked) == {"overridden": True, "overriddenAt": when}
    assert await found.listed(ADMIN, {"problem": "OVERRIDE"}) == 1
    await found.pay()
    assert await own(found, asked) == {"overridden": False, "overriddenAt": when}
    assert await found.listed(ADMIN, {"problem": "OVERRIDE"}) == 0


async def test_what_a_merchant_authorized_itself_is_flagged_until_it_is_canceled(mock_store: Store):
    found = await sale(mock_store)
    await found.fire("authorize_fulfillment", Role.MERCHANT)
    await found.fire("cancel", Role.CUSTOMER, reason="changed my mind")
    assert found.part().approved_at is None
    assert await own(found, "overridden") == {"overridden": False}
    assert await found.look(M1, "overridden") == {"overridden": False}
    assert await found.listed(ADMIN, {"problem": "OVERRIDE"}) == 0


async def test_only_the_marketplace_is_told_which_merchant_order_took_the_lines_over(mock_store: Store):
    found = await sale(mock_store, alone=True, change_seller_window=timedelta(days=1))
    await found.pay()
    await found.fire("cancel", Role.MERCHANT, reason="sold out")
    await found.change(
        lambda order, now: change_merchant(
            found.process,
            order,
            order.merchant_orders[0].id,
            CANARY,
            {},
            "sold out",
            WHO[Role.MARKETPLACE],
            now,
        )
    )
    heir = encode(MERCHANT_ORDER, found.part(1).id)
    asked = "merchantOrders { id replacedBy lines { id } }"
    old, new = (await found.look(ADMIN, asked))["merchantOrders"]
    assert (old["replacedBy"], old["lines"]) == (heir, [])
    assert (new["id"], new["replacedBy"], len(new["lines"])) == (heir, None, 1)
    assert await found.look(M1, "replacedBy lines { id }") == {"replacedBy": None, "lines": []}
    text = json.dumps(await found.look(M1, everything("MerchantOrder").strip("{}")))
    assert CANARY not in text
    assert heir not in text
    [part] = (await found.look(ANNA, "merchantOrders { id merchantName lines }"))["merchantOrders"]
    assert part == {
        "id": heir, "merchantName": f"The {CANARY} shop", "lines": [encode(LINE, found.order.lines[0].id)],
    }  # fmt: skip
    assert await inputs(found, ADMIN, "change_seller") == {
        "merchant": CANARY,
        "internalReason": "sold out",
    }
    assert await inputs(found, PAYMENTS, "change_seller") == {}


# Money


async def test_what_was_approved_is_shown_apart_from_what_was_captured(mock_store: Store):
    found = await handled(mock_store)
    await found.invoice()
    asked = f"payment {{ approved {AMOUNT} captured {AMOUNT} due {AMOUNT} }}"
    expected = {"approved": eur(780_777), "captured": eur(1_000), "due": eur(0)}
    for who in (ADMIN, PAYMENTS, ANNA):
        assert await found.look(who, asked) == {"payment": expected}
    for who in (ADMIN, PAYMENTS):
        line = (await found.look(who, f"lines {{ approved {AMOUNT} captured {AMOUNT} due {AMOUNT} }}"))[
            "lines"
        ][0]
        assert line == {"approved": eur(3_000), "captured": eur(1_000), "due": eur(0)}


async def test_a_payment_that_is_in_already_says_so(mock_store: Store):
    found = await sale(mock_store, alone=True)
    await found.pay(captured=True)
    asked = f"payment {{ approved {AMOUNT} captured {AMOUNT} payments {{ reference captured }} }}"
    assert await found.look(ADMIN, asked) == {
        "payment": {
            "approved": eur(3_000), "captured": eur(3_000),
            "payments": [{"reference": "pay-1", "captured": True}],
        }
    }  # fmt: skip


COMMAND_FIELDS = f"""id kind merchantOrder amount {AMOUNT} status askedAt settledAt attempt
    idempotencyKey about answer"""


async def test_the_payment_provider_is_shown_what_it_is_asked_to_do(mock_store: Store):
    found = await handled(mock_store, payment_provider="external")
    await found.invoice()
    [command] = found.order.commands
    asked_at = at(command.asked_at)
    shown = {
        "id": encode(COMMAND, command.id), "kind": "CAPTURE",
        "merchantOrder": encode(MERCHANT_ORDER, found.part().id), "amount": eur(1_000), "status": "PENDING",
        "askedAt": asked_at, "settledAt": None, "attempt": 1, "idempotencyKey": f"{command.id}.1",
        "about": "F-1", "answer": None,
    }  # fmt: skip
    for who in (ADMIN, PAYMENTS):
        payment = (await found.look(who, f"payment {{ commands {{ {COMMAND_FIELDS} }} }}"))["payment"]
        assert payment == {"commands": [shown]}

    async def todo(arguments: str = "") -> Any:
        asked = (
            f"{{ payments {{ commands{arguments} {{ order {{ id }} command {{ {COMMAND_FIELDS} }} }} }} }}"
        )
        return (await found.shop.data(PAYMENTS, asked))["payments"]["commands"]

    order = {"id": encode("PaymentsOrder", found.order.id)}
    assert await todo() == [{"order": order, "command": shown}]
    assert await todo("(kind: CAPTURE)") == [{"order": order, "command": shown}]
    assert await todo("(kind: REFUND)") == []
    assert await found.listed(ADMIN, {"command": {"status": "PENDING"}}) == 1
    assert await found.listed(ADMIN, {"problem": "COMMAND"}) == 0
    await found.answer(command.id, done=False, said="no funds")
    settled_at = at(found.order.commands[0].settled_at)
    refused = shown | {"status": "REFUSED", "settledAt": settled_at, "answer": "no funds"}
    assert await todo() == []
    assert await todo("(status: REFUSED)") == [{"order": order, "command": refused}]
    assert await found.listed(ADMIN, {"problem": "COMMAND"}) == 1
    assert await found.listed(ADMIN, {"command": {"status": "REFUSED", "kind": "CAPTURE"}}) == 1
    assert await found.listed(ADMIN, {"command": {"status": "REFUSED", "kind": "VOID"}}) == 0


@pytest.mark.parametrize("first", [0, 101])
async def test_commands_come_at_most_a_hundred_at_once(mock_store: Store, first: int):
    found = await sale(mock_store)
    asked = f"{{ payments {{ commands(first: {first}) {{ order {{ id }} }} }} }}"
    assert await found.shop.code(PAYMENTS, asked) == "BAD_USER_INPUT"


# Carriers and the customer


async def test_a_carrier_is_shown_where_merchant_orders_stand_and_go(mock_store: Store):
    found = await handled(mock_store)
    asked = """merchantOrders { id reference merchantId status { label } state { party state { code } }
        handledAt packed deliverTo { recipient } lines availableActions { event } }
        lines { merchantOrderReference state { state { code } } }"""
    shown = await found.look(CARRIER, asked)
    mine, others = shown["merchantOrders"]
    assert mine == {
        "id": encode(MERCHANT_ORDER, found.part().id), "reference": found.part().reference,
        "merchantId": "m1", "status": {"label": "Handling shipping"},
        "state": {"party": "MERCHANT", "state": {"code": "handling"}},
        "handledAt": at(found.part().handled_at), "packed": False, "deliverTo": {"recipient": "Anna Berg"},
        "lines": [encode(LINE, found.order.lines[0].id)],
        "availableActions": [{"event": "pack"}, {"event": "invoice"}, {"event": "update_tracking"}],
    }  # fmt: skip
    assert (others["merchantId"], others["handledAt"]) == (CANARY, None)
    assert shown["lines"][0] == {
        "merchantOrderReference": found.part().reference, "state": {"state": {"code": "handling"}},
    }  # fmt: skip
    [only] = (await found.look(M1_WAREHOUSE, "merchantOrders { merchantId }"))["merchantOrders"]
    assert only == {"merchantId": "m1"}


async def test_a_customer_is_shown_each_merchants_part_with_its_own_status(mock_store: Store):
    found = await handled(mock_store)
    shown = await found.look(
        ANNA,
        """deliverTo { city } paymentMethod status { code }
        merchantOrders { id merchantName status { label } lines deadlines { event }
          availableActions { event } }""",
    )
    mine, others = shown.pop("merchantOrders")
    assert shown == {
        "deliverTo": {"city": "Berlin"}, "paymentMethod": "card", "status": {"code": "handling_order"},
    }  # fmt: skip
    assert mine == {
        "id": encode(MERCHANT_ORDER, found.part().id), "merchantName": "Merchant One",
        "status": {"label": "Handling order"}, "lines": [encode(LINE, found.order.lines[0].id)],
        "deadlines": [], "availableActions": [{"event": "cancel"}, {"event": "request_cancel"}],
    }  # fmt: skip
    assert others["merchantName"] == f"The {CANARY} shop"
    assert [each["event"] for each in others["deadlines"]] == ["close_window"]


# Filters


@pytest.mark.parametrize(
    ("name", "state"),
    [("marketplace-seller", "handling"), ("chain", "handling"), ("complete", "handling")],
)
async def test_a_merchant_filters_by_the_state_that_it_reads(mock_store: Store, name: str, state: str):
    found = await handled(mock_store, name)
    assert await found.listed(M1, {"state": state}) == 1
    assert await found.listed(M1, {"or": [{"state": state}, {"sku": "X"}]}) == 1
    assert await found.listed(M1, {"not": {"state": state}}) == 0
    assert await found.listed(THE_OTHER, {"state": state}) == 0
    assert await found.listed(THE_OTHER, {"state": "window-to-cancel"}) == 1
    hidden = "payment-approved"  # where the marketplace stands, or where nothing does
    assert await found.listed(M1, {"state": hidden}) == 0


async def test_an_order_is_found_by_the_number_of_an_invoice_by_those_who_see_it(mock_store: Store):
    found = await handled(mock_store)
    await found.invoice(tracking_number="T-1")
    for where in ({"invoiceNumber": "F-1"}, {"trackingNumber": "T-1"}):
        assert await found.listed(ADMIN, where) == 1
        assert await found.listed(M1, where) == 1
        assert await found.listed(THE_OTHER, where) == 0
    assert await found.listed(ADMIN, {"invoiceNumber": "F-2"}) == 0
