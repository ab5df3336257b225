"""What stock promises in the API: the last piece is sold once, who waits goes on, and each counts its own."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from graph.lifespan import running, services_of
from graph.settings import Settings
from storage.client import connect
from tests.acting import ADMIN, ANNA, CARRIER, M1, M2, PAYMENTS, STOCK, Answer, Api, by, kinds, line, minor
from tests.store_keeping import handled, now, paid, part, pay, placed, reference, stands

PAGE = f"nodes {STOCK} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}"


async def count(api: Api, who: Any = M1, **counted: int) -> list[Answer]:
    """Count products of m1; returns their rows."""
    items = [{"sku": sku, "onHand": pieces} for sku, pieces in counted.items()]
    own = {} if who is M1 else {"merchantId": "m1"}
    return (await api.done(who, "setStock", items=items, **own))["stock"]


async def row(api: Api, sku: str = "A") -> dict[str, int]:
    """How many pieces of m1's product stand where: on hand, held, confirmed, acknowledged, available."""
    document = f"query Stock($skus: [String!]) {{ merchant {{ stock(skus: $skus) {{ {PAGE} }} }} }}"
    answer = await api.ask(M1, document, skus=[sku])
    assert answer["errors"] is None, answer["errors"]
    [found] = answer["data"]["merchant"]["stock"]["nodes"]
    return {name: pieces for name, pieces in found.items() if isinstance(pieces, int) and name != "version"}


def pieces(on_hand: int, held: int = 0, confirmed: int = 0, acknowledged: int = 0) -> dict[str, int]:
    """A row with these numbers."""
    return {
        "onHand": on_hand,
        "held": held,
        "confirmed": confirmed,
        "acknowledged": acknowledged,
        "available": on_hand - held - confirmed,
    }


# Counting


async def test_a_count_is_what_is_on_the_shelf(api: Api):
    [counted] = await count(api, A=7)
    assert (counted["merchantId"], counted["sku"], counted["version"]) == ("m1", "A", 1)
    assert await row(api) == pieces(7)
    await count(api, A=7)
    assert await row(api) == pieces(7)


async def test_the_marketplace_counts_for_a_merchant(api: Api):
    await count(api, ADMIN, A=3)
    assert await row(api) == pieces(3)


async def test_a_count_on_another_version_is_refused_and_the_others_are_taken(api: Api):
    await count(api, A=7)
    items = [
        {"sku": "A", "onHand": 1, "expectedVersion": 0},
        {"sku": "B", "onHand": 2, "expectedVersion": 0},
    ]
    payload = await api.do(M1, "setStock", items=items)
    assert [each["sku"] for each in payload["stock"]] == ["B"]
    [error] = payload["errors"]
    assert (error["__typename"], error["path"]) == ("VersionConflict", ["items", "0", "expectedVersion"])
    assert (error["expected"], error["actual"]) == (0, 1)
    assert await row(api) == pieces(7)


@pytest.mark.parametrize(
    ("items", "path"),
    [
        ([], ["items"]),
        ([{"sku": f"S{n}", "onHand": 1} for n in range(501)], ["items"]),
        ([{"sku": "A", "onHand": 1}, {"sku": "B", "onHand": -1}], ["items", "1", "onHand"]),
        ([{"sku": "A", "onHand": 1_000_000_001}], ["items", "0", "onHand"]),
        ([{"sku": "A", "onHand": 1}, {"sku": "A", "onHand": 2}], ["items", "1", "sku"]),
        ([{"sku": " ", "onHand": 1}], ["items", "0", "sku"]),
        ([{"sku": "s" * 201, "onHand": 1}], ["items", "0", "sku"]),
    ],
)
async def test_what_is_wrong_with_a_count_is_named_and_none_is_taken(
    api: Api, items: list[Answer], path: list[str]
):
    payload = await api.do(M1, "setStock", items=items)
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], path)
    assert payload["stock"] == []


async def test_nobody_counts_for_another_merchant(api: Api):
    items = [{"sku": "A", "onHand": 1}]
    payload = await api.do(M1, "setStock", items=items, merchantId="m2")
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["merchantId"])
    for unknown in ({}, {"merchantId": "m9"}, {"merchantId": "m1|x"}):
        payload = await api.do(ADMIN, "setStock", items=items, **unknown)
        assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["merchantId"])


@pytest.mark.parametrize("who", [ANNA, CARRIER, PAYMENTS], ids=["customer", "logistics", "payments"])
@pytest.mark.parametrize(("kind", "sent"), [("SetStock", {"items": []}), ("Restock", {"order": {"id": "x"}})])
async def test_the_shelf_is_the_merchants(api: Api, who: Any, kind: str, sent: Answer):
    name = f"{kind[0].lower()}{kind[1:]}"
    document = f"mutation M($i: {kind}Input!) {{ {name}(input: $i) {{ __typename }} }}"
    answer = await api.ask(who, document, i=sent)
    assert answer["errors"][0].extensions["code"] == "FORBIDDEN"


async def test_a_count_sent_again_under_its_key_does_not_undo_what_was_taken_since(server_api: Api):
    sent = {"items": [{"sku": "A", "onHand": 5}], "idempotencyKey": "morning"}
    await server_api.done(M1, "setStock", **sent)
    await handled(server_api)
    assert await row(server_api) == pieces(3, acknowledged=2)
    await server_api.done(M1, "setStock", **sent)
    assert await row(server_api) == pieces(3, acknowledged=2)
    # With other numbers it is another count.
    await server_api.done(M1, "setStock", items=[{"sku": "A", "onHand": 4}], idempotencyKey="morning")
    assert await row(server_api) == pieces(4)


# Asking


async def test_stock_is_listed_page_by_page_each_merchant_its_own(api: Api):
    await count(api, A=1, B=2, C=3)
    await api.done(M2, "setStock", items=[{"sku": "A", "onHand": 9}])
    document = (
        f"query S($n: Int, $after: Cursor) {{ merchant {{ stock(first: $n, after: $after) {{ {PAGE} }} }} }}"
    )
    page = (await api.ask(M1, document, n=2))["data"]["merchant"]["stock"]
    assert [each["sku"] for each in page["nodes"]] == ["A", "B"]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (True, False)
    page = (await api.ask(M1, document, n=2, after=page["pageInfo"]["endCursor"]))["data"]["merchant"][
        "stock"
    ]
    assert [(each["sku"], each["onHand"]) for each in page["nodes"]] == [("C", 3)]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (False, True)


async def test_the_marketplace_sees_everybodys_stock(api: Api):
    await count(api, A=1)
    await api.done(M2, "setStock", items=[{"sku": "A", "onHand": 9}])
    document = """query S($m: String, $n: Int, $skus: [String!]) { marketplace {
        stock(merchantId: $m, first: $n, skus: $skus) { nodes { merchantId onHand } } } }"""
    everybodys = (await api.ask(ADMIN, document, n=10))["data"]["marketplace"]["stock"]["nodes"]
    assert [(each["merchantId"], each["onHand"]) for each in everybodys] == [("m1", 1), ("m2", 9)]
    questions: tuple[Answer, ...] = ({"n": 10}, {"skus": ["A", "Z"]})
    for asked in questions:
        found = (await api.ask(ADMIN, document, m="m2", **asked))["data"]["marketplace"]["stock"]["nodes"]
        assert [each["onHand"] for each in found] == [9]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "first: 0",
        "first: 101",
        'first: 1, after: "nonsense"',
        'first: 1, merchantId: "m1", skus: ["A"]',
        'skus: ["A"]',
    ],
)
async def test_a_page_that_no_list_has_is_refused(api: Api, asked: str):
    arguments = f"({asked})" if asked else ""
    answer = await api.ask(ADMIN, f"{{ marketplace {{ stock{arguments} {{ nodes {{ sku }} }} }} }}")
    assert answer["errors"][0].extensions["code"] == "BAD_USER_INPUT"


# Selling


async def test_pieces_are_held_confirmed_and_taken_off_the_shelf(server_api: Api):
    await count(server_api, A=5)
    order = await placed(server_api)
    assert await row(server_api) == pieces(5, held=2)
    order = await pay(server_api, order)
    assert await row(server_api) == pieces(5, confirmed=2)
    await server_api.done(M1, "startHandling", order=reference(order))
    assert await row(server_api) == pieces(3, acknowledged=2)
    await count(server_api, A=10)
    assert await row(server_api) == pieces(10)


async def test_two_orders_race_for_the_last_piece_and_the_other_goes_on_when_more_is_counted(server_api: Api):
    await count(server_api, A=1)
    orders = await asyncio.gather(*(placed(server_api, line("A")) for _ in range(2)))
    orders = await asyncio.gather(*(pay(server_api, order) for order in orders))
    [first] = [order for order in orders if stands(order)[1] == "ready-for-handling"]
    [second] = [order for order in orders if stands(order)[1] == "authorize-fulfillment"]
    assert (part(first)["missingStock"], part(second)["missingStock"]) == ([], ["A"])
    assert await row(server_api) == pieces(1, confirmed=1)

    payload = await server_api.do(M1, "retryStock", order=reference(second))
    assert kinds(payload) == ["GuardFailed"]
    await count(server_api, A=2)
    await server_api.services.stock_waker.run_due()
    second = await now(server_api, second)
    assert (stands(second)[1], part(second)["missingStock"]) == ("ready-for-handling", [])
    assert await row(server_api) == pieces(2, confirmed=2)


async def test_a_running_server_lets_those_go_on_who_wait(embedded_uri: str):
    name = f"orderflow_test_{uuid4().hex[:12]}"
    database = connect(embedded_uri, name)
    api = Api(services_of(database, Settings(jwt_secret="x" * 32)))
    async with running(database, api.services):
        await api.done(ADMIN, "registerMerchant", id="m1", name="One")
        await count(api, A=1)
        order = await paid(api)
        assert part(order)["missingStock"] == ["A"]
        await count(api, A=2)
        async with asyncio.timeout(10):
            while stands(order)[1] != "ready-for-handling":
                await asyncio.sleep(0.02)
                order = await now(api, order)
    left = connect(embedded_uri, name)  # the first is closed by now
    await left.drop()
    await left.close()


async def test_a_change_takes_from_the_stock_and_gives_back(server_api: Api):
    await count(server_api, A=3, B=1)
    order = await paid(server_api)
    change = {
        "order": by(order),
        "lines": [{"line": part(order)["lines"][0]["id"], "quantity": 1}],
        "add": [{"sku": "B", "name": "Product B", "quantity": 1, "unitPrice": "5.00"}],
    }
    assert (await server_api.done(ADMIN, "previewChange", **change))["missingStock"] == []
    assert (await row(server_api), await row(server_api, "B")) == (pieces(3, confirmed=2), pieces(1))
    await server_api.done(ADMIN, "changeOrder", **change, reason="wished")
    assert await row(server_api) == pieces(3, confirmed=1)
    assert await row(server_api, "B") == pieces(1, confirmed=1)


async def test_a_paid_order_does_not_get_more_than_is_there(server_api: Api):
    await count(server_api, A=3, B=0)
    order = await paid(server_api)
    [known] = part(order)["lines"]
    for change in (
        {"lines": [{"line": known["id"], "quantity": 4}]},
        {"add": [{"sku": "B", "name": "Product B", "quantity": 1, "unitPrice": "5.00"}]},
    ):
        for mutation, why in (("previewChange", {}), ("changeOrder", {"reason": "wished"})):
            payload = await server_api.do(ADMIN, mutation, order=by(order), **change, **why)
            assert (kinds(payload), payload["errors"][0]["rule"]) == (["GuardFailed"], "stock")
    assert "left in stock" in payload["errors"][0]["message"]
    assert await row(server_api) == pieces(3, confirmed=2)


async def test_a_preview_before_the_payment_says_what_is_short(server_api: Api):
    await count(server_api, A=3)
    order = await placed(server_api)
    more = [{"line": part(order)["lines"][0]["id"], "quantity": 4}]
    seen = await server_api.done(ADMIN, "previewChange", order=by(order), lines=more)
    assert (seen["missingStock"], minor(seen["toPay"])) == (["A"], 4000)
    assert await row(server_api) == pieces(3, held=2)


# Putting back


async def canceled(api: Api) -> Answer:
    """An order of two of A and one of B that m1 canceled after it had them off the shelf."""
    await count(api, A=2, B=2)
    order = await handled(api, line("A", quantity=2), line("B"))
    await api.done(M1, "cancel", order=reference(order), reason="broken")
    return await now(api, order)


async def test_what_was_off_the_shelf_comes_back_when_the_merchant_says_so(server_api: Api):
    order = await canceled(server_api)
    assert await row(server_api) == pieces(0, acknowledged=2)
    back = {each["sku"]: each for each in part(order)["restocks"]}
    assert {sku: (each["quantity"], each["done"]) for sku, each in back.items()} == {
        "A": (2, False),
        "B": (1, False),
    }
    await server_api.done(M1, "restock", order=reference(order), restocks=[back["A"]["id"]])
    assert (await row(server_api), await row(server_api, "B")) == (pieces(2), pieces(1, acknowledged=1))
    await server_api.done(ADMIN, "restock", order=by(order))
    assert await row(server_api, "B") == pieces(2)
    assert [each["done"] for each in part(await now(server_api, order))["restocks"]] == [True, True]


async def test_what_is_back_does_not_come_back_twice(server_api: Api):
    order = await canceled(server_api)
    await server_api.done(M1, "restock", order=reference(order))
    before = await now(server_api, order)
    ids = [each["id"] for each in part(order)["restocks"]]
    for named in ({}, {"restocks": ids}):
        await server_api.done(M1, "restock", order=reference(order), **named)
    assert (await now(server_api, order))["version"] == before["version"]
    assert (await row(server_api), await row(server_api, "B")) == (pieces(2), pieces(2))


async def test_what_is_put_back_is_sold_to_whoever_waits(server_api: Api):
    order = await canceled(server_api)
    waiting = await paid(server_api)
    assert stands(waiting)[1] == "authorize-fulfillment"
    await server_api.done(M1, "restock", order=reference(order))
    await server_api.services.stock_waker.run_due()
    assert stands(await now(server_api, waiting))[1] == "ready-for-handling"


async def test_what_is_not_there_is_not_put_back(api: Api):
    order = await handled(api)
    payload = await api.do(M1, "restock", order=reference(order))
    assert (kinds(payload), payload["errors"][0]["rule"]) == (["GuardFailed"], "restocks")
    payload = await api.do(M1, "restock", order=reference(order), restocks=["nonsense"])
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["restocks", "0"])
    payload = await api.do(M1, "restock", order=reference(order), restocks=[])
    assert (kinds(payload), payload["errors"][0]["path"]) == (["InvalidInput"], ["restocks"])
    payload = await api.do(M2, "restock", order=reference(order))
    assert (kinds(payload), payload["errors"][0]["path"]) == (["NotFound"], ["order"])
