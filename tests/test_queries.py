"""What queries promise: each role finds its own and nothing else, in pages that neither skip nor repeat."""

import json
from typing import Any

import pytest

from domain.actors import Actor, Party, Role
from graph.auth import Principal
from graph.filters import MerchantOrderWhere, OrderWhere
from graph.types.ids import encode
from storage.lists import Where
from tests.acting import ADMIN, ANNA, BEN, CARRIER, M1, PAYMENTS, person
from tests.asking import CANARY, M1_WAREHOUSE, THE_OTHER, Shop, everything, open_shop
from tests.stores import Store, line

ENTRIES: dict[Role, tuple[str, str]] = {
    Role.MARKETPLACE: ("marketplace", "Order"),
    Role.MERCHANT: ("merchant", "MerchantOrder"),
    Role.CUSTOMER: ("storefront", "CustomerOrder"),
    Role.PAYMENTS: ("payments", "PaymentsOrder"),
    Role.LOGISTICS: ("logistics", "LogisticsOrder"),
}
STRANGER = person(Role.CUSTOMER, "stranger", customer="c9")
M9 = person(Role.MERCHANT, "seller-9", merchant="m9")
M9_WAREHOUSE = person(Role.LOGISTICS, "warehouse-9", merchant="m9")

everybody = pytest.mark.parametrize(
    "who", [ADMIN, M1, ANNA, PAYMENTS, CARRIER, M1_WAREHOUSE], ids=lambda w: w.sub
)
in_lists = pytest.mark.parametrize("who", [ADMIN, M1, ANNA], ids=lambda w: w.sub)
outsiders = pytest.mark.parametrize("who", [STRANGER, M9, M9_WAREHOUSE, BEN], ids=lambda w: w.sub)


@pytest.fixture
async def shop(mock_store: Store) -> Shop:
    return await open_shop(mock_store)


def one(who: Principal, selected: str = "{ id reference }") -> str:
    """The query for one order in the entry of this role."""
    return f"query ($by: OrderSelector!) {{ {ENTRIES[who.role][0]} {{ order(by: $by) {selected} }} }}"


def page(who: Principal, arguments: str, selected: str = "nodes { reference }", variables: str = "") -> str:
    """The query for a page of orders in the entry of this role."""
    return f"query {variables} {{ {ENTRIES[who.role][0]} {{ orders({arguments}) {{ {selected} }} }} }}"


async def found(shop: Shop, who: Principal, **by: str) -> Any:
    """The order that this selector names, or None."""
    return (await shop.data(who, one(who), by=by))[ENTRIES[who.role][0]]["order"]


async def listed(shop: Shop, who: Principal, where: dict[str, Any], search: str | None = None) -> set[str]:
    """Whose orders a filter finds: "annas", "bens"."""
    kind = f"{ENTRIES[who.role][1]}Where"
    query = page(
        who, "first: 10, where: $where, search: $search", "nodes { lines { sku } } totalCount",
        f"($where: {kind}, $search: String)",
    )  # fmt: skip
    orders = (await shop.data(who, query, where=where, search=search))[ENTRIES[who.role][0]]["orders"]
    assert orders["totalCount"] == len(orders["nodes"])
    return {{"A-1": "annas", "A-2": "bens"}[order["lines"][0]["sku"]] for order in orders["nodes"]}


# Whose entry it is


@everybody
async def test_each_role_has_one_entry_and_is_told_whose_the_others_are(shop: Shop, who: Principal):
    for role, (entry, _) in ENTRIES.items():
        answer = await shop.ask(who, f"{{ {entry} {{ __typename }} viewer {{ role }} }}")
        assert answer["data"]["viewer"] == {"role": who.role.name}
        if role is who.role:
            assert "errors" not in answer
        else:
            [error] = answer["errors"]
            assert error["extensions"]["code"] == "FORBIDDEN"
            assert role.name in error["message"]
            assert answer["data"][entry] is None


async def test_without_a_token_nothing_is_told_but_that_one_is_needed(shop: Shop):
    asked = [entry + " { __typename }" for entry, _ in ENTRIES.values()]
    asked += ["processes { name }", 'process(name: "x") { name }', 'node(id: "x") { id }']
    for selected in asked:
        assert await shop.code(None, f"{{ {selected} }}") == "UNAUTHENTICATED"
    assert await shop.data(None, "{ viewer { sub } }") == {"viewer": None}


@pytest.mark.parametrize("merchant", ["$ne", "m1.total", ".", "m1|sku", "x" * 65, "m 1"])
async def test_a_token_of_a_merchant_that_cannot_exist_opens_nothing(shop: Shop, merchant: str):
    who = person(Role.MERCHANT, "somebody", merchant=merchant)
    query = "{ merchant { orders(first: 1, orderBy: CHANGED_AT_DESC) { totalCount } } }"
    assert await shop.code(who, query) == "UNAUTHENTICATED"


async def test_the_viewer_is_told_what_its_token_says(shop: Shop):
    asked = "{ viewer { role sub merchantId customerId } }"
    assert (await shop.data(M1, asked))["viewer"] == {
        "role": "MERCHANT", "sub": "seller-1", "merchantId": "m1", "customerId": None,
    }  # fmt: skip


# One order


@everybody
async def test_an_order_is_found_by_what_its_viewer_reads_on_it(shop: Shop, who: Principal):
    order = await found(shop, who, reference=shop.annas.reference)
    for reference in (order["reference"], order["reference"].lower()):
        assert await found(shop, who, reference=reference) == order
    assert await found(shop, who, id=order["id"]) == order


@pytest.mark.parametrize("who", [ADMIN, PAYMENTS, ANNA], ids=lambda w: w.sub)
async def test_an_order_is_found_by_the_name_that_its_caller_gave_it(shop: Shop, who: Principal):
    assert (await found(shop, who, externalReference="cart-1"))["reference"] == shop.annas.reference


@pytest.mark.parametrize("who", [M1, M1_WAREHOUSE, CARRIER], ids=lambda w: w.sub)
async def test_who_ships_does_not_find_orders_by_the_names_that_others_gave_them(shop: Shop, who: Principal):
    assert await found(shop, who, externalReference="cart-1") is None


async def test_an_order_is_named_in_exactly_one_way_in_variables_too(shop: Shop):
    for by in ({}, {"id": "x", "reference": "y"}, {"reference": None}):
        assert await shop.code(ADMIN, one(ADMIN), by=by) == "BAD_USER_INPUT"


@outsiders
async def test_somebody_elses_order_is_answered_byte_for_byte_like_one_that_is_not_there(
    shop: Shop, who: Principal
):
    foreign = shop.annas
    own_type = ENTRIES[who.role][1]
    theirs = [theirs.id for theirs in foreign.merchant_orders]
    named = [
        *({"id": encode(own_type, id)} for id in (foreign.id, *theirs, *(line.id for line in foreign.lines))),
        *({"id": encode(kind, foreign.id)} for _, kind in ENTRIES.values()),
        {"reference": foreign.reference},
        *({"reference": theirs.reference} for theirs in foreign.merchant_orders),
        {"externalReference": "cart-1"},
    ]
    unknown = [
        {"id": encode(own_type, "01nosuchorder")}, {"id": "not an id"}, {"id": ""},
        {"reference": "XXXX-XXXX"}, {"reference": ""}, {"externalReference": "cart-9"},
    ]  # fmt: skip
    [answer] = {json.dumps(await shop.ask(who, one(who), by=by)) for by in (*named, *unknown)}
    assert json.loads(answer)["data"] == {ENTRIES[who.role][0]: {"order": None}}


@outsiders
async def test_a_node_of_somebody_else_is_answered_byte_for_byte_like_one_that_is_not_there(
    shop: Shop, who: Principal
):
    order = shop.annas
    foreign = [
        *(encode(kind, order.id) for _, kind in ENTRIES.values()),
        *(encode(kind, order.merchant_orders[0].id) for kind in ("MerchantOrder", "LogisticsOrder")),
        *(encode("Line", line.id) for line in order.lines),
    ]
    unknown = [
        encode("Order", "01nosuchorder"),
        encode("Line", f"{order.id}-99"),
        encode("Line", "-"),
        "x",
        "",
    ]
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    [answer] = {json.dumps(await shop.ask(who, query, id=id)) for id in (*foreign, *unknown)}
    assert json.loads(answer)["data"] == {"node": None}


async def test_a_merchant_order_has_one_id_for_its_merchant_and_the_orders_own_is_not_it(shop: Shop):
    theirs = next(m for m in shop.annas.merchant_orders if m.merchant_id == "m1")
    assert await found(shop, M1, id=encode("MerchantOrder", theirs.id)) is not None
    assert await found(shop, M1, id=encode("MerchantOrder", shop.annas.id)) is None


async def test_a_merchant_finds_nothing_of_an_order_before_its_part_was_sent_to_it(shop: Shop):
    assert await found(shop, M1, reference=shop.bens.reference) is None
    assert await listed(shop, M1, {}) == {"annas"}


async def test_in_one_order_a_merchant_cannot_reach_the_others_part(shop: Shop):
    others = next(m for m in shop.annas.merchant_orders if m.merchant_id == CANARY)
    lines = [each.id for each in shop.annas.lines if each.merchant_id == CANARY]
    assert await found(shop, M1, reference=others.reference) is None
    assert await found(shop, M1, id=encode("MerchantOrder", others.id)) is None
    query = "query ($id: ID!) { node(id: $id) { id } }"
    for id in (encode("MerchantOrder", others.id), *(encode("Line", each) for each in lines)):
        assert await shop.data(M1, query, id=id) == {"node": None}
        assert (await shop.data(THE_OTHER, query, id=id))["node"] == {"id": id}


@everybody
async def test_every_order_and_line_that_a_viewer_is_shown_is_a_node(shop: Shop, who: Principal):
    shown = (await shop.data(who, one(who, "{ __typename id lines { __typename id } }"), by={
        "reference": shop.annas.reference
    }))[ENTRIES[who.role][0]]["order"]  # fmt: skip
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    for each in ({"__typename": shown["__typename"], "id": shown["id"]}, *shown["lines"]):
        assert (await shop.data(who, query, id=each["id"]))["node"] == each


async def test_the_marketplace_finds_merchant_orders_as_nodes(shop: Shop):
    query = "query ($id: ID!) { node(id: $id) { __typename ... on MerchantOrder { reference merchantId } } }"
    for theirs in shop.annas.merchant_orders:
        node = (await shop.data(ADMIN, query, id=encode("MerchantOrder", theirs.id)))["node"]
        expected = {"reference": theirs.reference, "merchantId": theirs.merchant_id}
        assert node == {"__typename": "MerchantOrder", **expected}
    unknown = encode("MerchantOrder", f"{shop.annas.id}-m9")
    assert await shop.data(ADMIN, query, id=unknown) == {"node": None}


# Nothing of anybody else's, whatever is selected


@pytest.mark.parametrize("who", [M1, M1_WAREHOUSE], ids=lambda w: w.sub)
async def test_nothing_that_a_merchant_can_select_shows_anything_of_another(shop: Shop, who: Principal):
    entry, kind = ENTRIES[who.role]
    asked = f"order(by: $by) {everything(kind)}"
    if who.role is Role.MERCHANT:
        asked += f" orders(first: 10) {everything('MerchantOrderConnection')} profile {{ id name }}"
    query = f"query ($by: OrderSelector!) {{ {entry} {{ {asked} }} }}"
    text = json.dumps(await shop.data(who, query, by={"reference": shop.annas.reference}))
    for leak in (CANARY, "7777", "7807", "sent_to_merchant", "anna@example.org", "cart-1", "admin"):
        assert leak not in text, leak
    assert "shipped" in text
    assert '"A-1"' in text


async def test_nothing_that_a_customer_can_select_shows_states_or_who_works_on_it(shop: Shop):
    query = one(ANNA, everything("CustomerOrder"))
    text = json.dumps(await shop.data(ANNA, query, by={"reference": shop.annas.reference}))
    for leak in (
        "sent_to_merchant",
        "shipped_by_merchant",
        "admin",
        "checkout",
        "seller",
        "system",
        "cart-1",
    ):
        assert f'"{leak}"' not in text, leak
    assert f"The {CANARY} shop" in text


async def test_nothing_that_a_customer_can_list_is_anothers(shop: Shop):
    query = page(BEN, "first: 10", everything("CustomerOrderConnection").strip("{}"))
    text = json.dumps(await shop.data(BEN, query))
    assert shop.bens.reference in text
    for leak in (shop.annas.reference, shop.annas.id, "Anna", "A-1"):
        assert leak not in text


@pytest.mark.parametrize("who", [CARRIER, M1_WAREHOUSE], ids=lambda w: w.sub)
async def test_nothing_that_a_carrier_can_select_is_about_money(shop: Shop, who: Principal):
    query = one(who, everything("LogisticsOrder"))
    text = json.dumps(await shop.data(who, query, by={"reference": shop.annas.reference}))
    for leak in ("EUR", "30.00", "7777", "payment", "anna@example.org"):
        assert leak not in text, leak


# Pages


@in_lists
@pytest.mark.parametrize(
    "arguments", ["", "first: 1, last: 1", "first: 0", "first: -1", "first: 101", "last: 0", "last: 101"]
)
async def test_a_list_says_how_many_from_one_end_between_1_and_100(
    shop: Shop, who: Principal, arguments: str
):
    arguments = f"{arguments} search: null"
    assert await shop.code(who, page(who, arguments)) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "sort", ["PLACED_AT_DESC", "PLACED_AT_ASC", "CHANGED_AT_DESC", "CHANGED_AT_ASC"]
)  # fmt: skip
@pytest.mark.parametrize(("count", "cursor"), [("first", "after"), ("last", "before")])
async def test_pages_in_either_direction_show_every_order_once(
    shop: Shop, sort: str, count: str, cursor: str
):
    for _ in range(5):
        await shop.store.place(line("A-2", "m1"))
    info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    selected = f"edges {{ cursor node {{ reference }} }} nodes {{ reference }} {info}"
    query = page(
        ADMIN, f"{count}: 3, {cursor}: $cursor, orderBy: {sort}", selected, "($cursor: Cursor)"
    )  # fmt: skip
    pages: list[list[str]] = []
    at: str | None = None
    while True:
        got = (await shop.data(ADMIN, query, cursor=at))["marketplace"]["orders"]
        info, edges = got["pageInfo"], got["edges"]
        assert [edge["node"] for edge in edges] == got["nodes"]
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        pages.append([node["reference"] for node in got["nodes"]])
        more, at = ("hasNextPage", "endCursor") if count == "first" else ("hasPreviousPage", "startCursor")
        more, at = info[more], info[at]
        if not more:
            break
    assert [len(each) for each in pages] == [3, 3, 1]
    in_order = pages if count == "first" else pages[::-1]
    whole = (await shop.data(ADMIN, page(ADMIN, f"first: 100, orderBy: {sort}")))["marketplace"]["orders"]
    assert [ref for each in in_order for ref in each] == [node["reference"] for node in whole["nodes"]]
    assert len(whole["nodes"]) == 7


async def test_an_empty_page_has_no_cursors(shop: Shop):
    selected = "edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
    got = (await shop.data(STRANGER, page(STRANGER, "first: 5", selected)))["storefront"]["orders"]
    assert got == {
        "edges": [],
        "pageInfo": {
            "hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None,
        },
        "totalCount": 0,
    }  # fmt: skip


async def test_a_cursor_of_another_sort_order_or_none_of_ours_is_refused(shop: Shop):
    query = page(ADMIN, "first: 1", "edges { cursor }")
    cursor = (await shop.data(ADMIN, query))["marketplace"]["orders"]["edges"][0]["cursor"]
    for after in (cursor, "x", "", "%", "A" * 500):
        again = page(ADMIN, "first: 1, after: $after, orderBy: CHANGED_AT_ASC", variables="($after: Cursor)")
        assert await shop.code(ADMIN, again, after=after) == "BAD_USER_INPUT"


# Filters

WHOLE_SHOP = [
    ({}, {"annas", "bens"}),
    ({"status": "new"}, {"bens"}),
    ({"status": "partly_shipped_by_merchant"}, {"annas"}),
    ({"state": {"party": "MERCHANT", "code": "shipped"}}, {"annas"}),
    ({"state": {"party": "MARKETPLACE", "code": "new"}}, {"bens"}),
    ({"merchantId": CANARY}, {"annas"}),
    ({"customerId": "c2"}, {"bens"}),
    ({"totalMin": 2_000}, {"annas"}),
    ({"totalMax": 2_000}, {"bens"}),
    ({"totalMin": 2**40}, set()),
    ({"sku": "A-2"}, {"bens"}),
    ({"trackingNumber": "DHL-1"}, {"annas"}),
    ({"and": [{"sku": "A-1"}, {"customerId": "c1"}]}, {"annas"}),
    ({"and": [{"sku": "A-1"}, {"customerId": "c2"}]}, set()),
    ({"or": [{"sku": "A-1"}, {"customerId": "c2"}]}, {"annas", "bens"}),
    ({"not": {"customerId": "c2"}}, {"annas"}),
    ({"sku": "A-1", "not": {"or": [{"customerId": "c1"}, {"customerId": "c2"}]}}, set()),
]


@pytest.mark.parametrize(("where", "expected"), WHOLE_SHOP, ids=str)
async def test_the_back_office_filters_by_everything(shop: Shop, where: dict[str, Any], expected: set[str]):
    assert await listed(shop, ADMIN, where) == expected


async def test_orders_are_found_by_when_they_were_placed_and_changed(shop: Shop):
    bens = shop.bens.placed_at.isoformat()
    assert await listed(shop, ADMIN, {"placedAfter": bens}) == {"bens"}
    assert await listed(shop, ADMIN, {"placedBefore": bens}) == {"annas"}
    assert await listed(shop, ADMIN, {"changedAfter": bens}) == {"bens"}
    assert await listed(shop, ADMIN, {"changedBefore": bens}) == {"annas"}
    assert await listed(shop, ADMIN, {"reference": shop.bens.reference.lower()}) == {"bens"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"status": "shipped"}, {"annas"}),
        ({"status": "partly_shipped"}, set()),
        ({"state": "shipped"}, {"annas"}),
        ({"state": "new"}, set()),
        ({"sku": "A-1"}, {"annas"}),
        ({"sku": f"{CANARY}-1"}, set()),
        ({"totalMin": 3_000, "totalMax": 3_000}, {"annas"}),
        ({"totalMin": 3_001}, set()),
        ({"trackingNumber": "DHL-1"}, {"annas"}),
        ({"not": {"sku": f"{CANARY}-1"}}, {"annas"}),
        ({"or": [{"sku": f"{CANARY}-1"}, {"state": "new"}]}, set()),
    ],
    ids=str,
)
async def test_a_merchant_filters_by_its_own_part_only(shop: Shop, where: dict[str, Any], expected: set[str]):
    assert await listed(shop, M1, where) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"status": "partly_shipped"}, {"annas"}),
        ({"status": "shipped"}, set()),
        ({"sku": "A-2"}, set()),
        ({"and": [{"trackingNumber": "DHL-1"}]}, {"annas"}),
    ],
    ids=str,
)
async def test_a_customer_filters_by_what_it_reads(shop: Shop, where: dict[str, Any], expected: set[str]):
    assert await listed(shop, ANNA, where) == expected


@pytest.mark.parametrize(
    ("who", "search", "expected"),
    [
        (ADMIN, "anna", {"annas"}),
        (ADMIN, "BEN", {"bens"}),
        (ADMIN, "cart-1", {"annas"}),
        (ADMIN, "a-", {"annas", "bens"}),
        (ADMIN, "anna a-2", set()),
        (ADMIN, " ", {"annas", "bens"}),
        (ADMIN, ".*", set()),
        (M1, "anna", {"annas"}),
        (M1, "ben", set()),
        (M1, CANARY, set()),
        (M1, "cart-1", set()),
        (ANNA, CANARY, {"annas"}),
        (ANNA, "ben", set()),
    ],
)
async def test_search_finds_the_beginnings_of_words_that_the_viewer_sees(
    shop: Shop, who: Principal, search: str, expected: set[str]
):
    assert await listed(shop, who, {}, search) == expected


async def test_search_and_filter_hold_together(shop: Shop):
    assert await listed(shop, ADMIN, {"sku": "A-2"}, "anna") == set()


async def test_a_filter_is_made_of_typed_values_never_of_an_object(shop: Shop):
    query = page(ADMIN, "first: 1, where: $where", variables="($where: OrderWhere)")
    for where in ({"sku": {"$ne": None}}, {"$where": "1"}, {"state": {"code": "new"}}, {"totalMin": "1"}):
        assert await shop.code(ADMIN, query, where=where) == "BAD_USER_INPUT"


async def test_lists_of_every_application_refuse_what_none_of_its_orders_can_be(shop: Shop) -> None:
    wrong = {"party": "MERCHANT", "code": "nonsense"}
    for who, kind, where in (
        (ADMIN, "OrderWhere", {"status": "nonsense"}),
        (ADMIN, "OrderWhere", {"state": wrong}),
        (ADMIN, "OrderWhere", {"or": [{"sku": "A-1"}, {"not": {"state": wrong}}]}),
        (M1, "MerchantOrderWhere", {"status": "sent_to_merchant"}),
        (M1, "MerchantOrderWhere", {"and": [{"state": "nonsense"}]}),
        (ANNA, "CustomerOrderWhere", {"status": "partly_shipped_by_merchant"}),
    ):
        query = page(who, "first: 1, where: $where", variables=f"($where: {kind})")
        assert await shop.code(who, query, where=where) == "BAD_USER_INPUT"


async def test_a_filter_or_search_that_is_too_long_is_refused_before_anything_is_looked_for(shop: Shop):
    query = page(
        ADMIN, "first: 1, where: $where, search: $search", variables="($where: OrderWhere, $search: String)"
    )
    long = {"or": [{"sku": str(n)} for n in range(60)]}
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"not": deep}
    assert await shop.code(ADMIN, query, where=long) == "QUERY_TOO_COMPLEX"
    assert await shop.code(ADMIN, query, where=deep) == "QUERY_TOO_COMPLEX"
    assert await shop.code(ADMIN, query, search="x" * 201) == "BAD_USER_INPUT"


def test_everything_that_storage_can_look_for_is_offered_to_the_back_office():
    offered = set(OrderWhere.__dataclass_fields__) | {"search"}
    assert offered == set(Where.__dataclass_fields__)
    assert not {"merchant_id", "customer_id"} & set(MerchantOrderWhere.__dataclass_fields__)


# What else an application may ask


async def test_policies_are_shown_as_durations_and_choices(shop: Shop):
    asked = "policies { name value default choices perMerchant text }"
    everybody = (await shop.data(ADMIN, f"{{ marketplace {{ {asked} }} }}"))["marketplace"]["policies"]
    by_name = {policy["name"]: policy for policy in everybody}
    assert by_name["cancellation_window"]["value"] == "PT30M"
    assert by_name["payment_timeout"]["value"] == "P7D"
    assert by_name["merchant_process"]["choices"] == ["merchant", "merchant-distribution"]


async def test_a_merchant_is_shown_the_policies_that_it_may_set_with_its_own_values(shop: Shop):
    await shop.services.merchants.set_policies("m1", {"merchant_process": "merchant-distribution"})
    asked = "{ merchant { profile { id name } policies { name value perMerchant } } }"
    own, other = [(await shop.data(who, asked))["merchant"] for who in (M1, THE_OTHER)]
    assert own["profile"] == {"id": "m1", "name": "Merchant One"}
    assert all(policy["perMerchant"] for policy in own["policies"])
    set_to = {policy["name"]: policy["value"] for policy in own["policies"]}
    assert set_to == {policy["name"]: policy["value"] for policy in other["policies"]} | {
        "merchant_process": "merchant-distribution"
    }
    assert "cancellation_window" not in set_to
    assert (await shop.data(M9, asked))["merchant"]["profile"] is None


async def test_the_marketplace_lists_its_merchants_a_page_at_a_time(shop: Shop):
    asked = "nodes { id name } totalCount pageInfo { hasNextPage hasPreviousPage endCursor }"
    query = f"query ($after: Cursor) {{ marketplace {{ merchants(first: 1, after: $after) {{ {asked} }} }} }}"
    first = (await shop.data(ADMIN, query))["marketplace"]["merchants"]
    assert first["nodes"] == [{"id": CANARY, "name": f"The {CANARY} shop"}]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (2, True)
    second = (await shop.data(ADMIN, query, after=first["pageInfo"]["endCursor"]))["marketplace"]["merchants"]
    assert second["nodes"] == [{"id": "m1", "name": "Merchant One"}]
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert await shop.code(ADMIN, query, after="x") == "BAD_USER_INPUT"
    assert await shop.code(ADMIN, "{ marketplace { merchants { totalCount } } }") == "BAD_USER_INPUT"


async def test_a_payment_system_lists_the_refunds_that_it_has_to_pay_out(shop: Shop):
    query = """query ($status: RefundStatus!) { payments { refunds(status: $status) {
        order { reference } refund { id line status amount { amount } } } } }"""
    assert (await shop.data(PAYMENTS, query, status="PENDING"))["payments"]["refunds"] == []
    lines = line("A-4", "m1"), line("A-5", "m1")
    placed = (await shop.store.place(*lines, policies={"payment_provider": "external"})).order
    await shop.store.pay(placed)
    staff = Actor("admin", Role.MARKETPLACE)
    await shop.store.fire(placed, "cancel", Party.MARKETPLACE, staff, input={"reason": "sold out"})
    await shop.store.fire(
        placed, "refund", Party.MARKETPLACE, staff, placed.lines[0].id, input={"amount": 400}
    )
    [pending] = (await shop.data(PAYMENTS, query, status="PENDING"))["payments"]["refunds"]
    assert pending["order"]["reference"] == placed.reference
    assert (pending["refund"]["line"], pending["refund"]["amount"]) == (
        encode("Line", placed.lines[0].id), {"amount": "4.00"},
    )  # fmt: skip
    assert (await shop.data(PAYMENTS, query, status="CONFIRMED"))["payments"]["refunds"] == []
    assert await listed_references(shop, {"refund": "PENDING"}) == {placed.reference}
    refund = {"refund": f"{placed.id}-r1"}
    psp = Actor("psp", Role.PAYMENTS)
    await shop.store.fire(placed, "confirm_refund", Party.MARKETPLACE, psp, placed.lines[0].id, input=refund)
    assert (await shop.data(PAYMENTS, query, status="PENDING"))["payments"]["refunds"] == []
    [confirmed] = (await shop.data(PAYMENTS, query, status="CONFIRMED"))["payments"]["refunds"]
    assert confirmed["refund"]["id"] == pending["refund"]["id"]


async def listed_references(shop: Shop, where: dict[str, Any]) -> set[str]:
    """The references of the orders that a filter of the Back Office finds."""
    query = page(ADMIN, "first: 10, where: $where", variables="($where: OrderWhere)")
    orders = (await shop.data(ADMIN, query, where=where))["marketplace"]["orders"]
    return {order["reference"] for order in orders["nodes"]}


async def test_what_the_clock_should_have_done_long_ago_is_shown(shop: Shop):
    asked = """{ marketplace { stuckOrders(first: 5) {
        order { reference } deadline { event party unit } attempts message nextTry } } }"""
    assert (await shop.data(ADMIN, asked))["marketplace"]["stuckOrders"] == []
    await shop.store.clock.advance(shop.bens.deadlines[0].at - shop.bens.placed_at)
    await shop.store.clock.advance(2 * (shop.bens.placed_at - shop.annas.placed_at))
    [stuck] = (await shop.data(ADMIN, asked))["marketplace"]["stuckOrders"]
    assert stuck == {
        "order": {"reference": shop.bens.reference},
        "deadline": {
            "event": "expire", "party": "MARKETPLACE", "unit": encode("Line", shop.bens.lines[0].id),
        },
        "attempts": 0, "message": None, "nextTry": None,
    }  # fmt: skip
    assert (
        await shop.code(ADMIN, "{ marketplace { stuckOrders(first: 101) { attempts } } }") == "BAD_USER_INPUT"
    )
