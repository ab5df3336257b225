"""What the API promises about processes: the flow itself as data and as pictures, for every role."""

import pytest

from tests.acting import ADMIN, ANNA, M1
from tests.asking import Shop, open_shop
from tests.stores import Store


@pytest.fixture
async def shop(mock_store: Store) -> Shop:
    return await open_shop(mock_store)


async def test_a_process_is_shown_as_data(shop: Shop):
    query = """{ processes { name version } process(name: "marketplace-merchant") {
      version unit text machines { name party
        states { code meaning initial final locked label(audience: STOREFRONT) }
        transitions {
          source event target trigger roles automatic after guard { name text } needs takes effects }
        refusals { source event roles because } }
      links { when { party states } tell event } forbidden { states { party states } because }
      policies { name default } } }"""
    for who in (ADMIN, M1, ANNA):
        data = await shop.data(who, query)
        process = data["process"]
        assert {"name": "marketplace-merchant", "version": process["version"]} in data["processes"]
        machines = {machine["name"]: machine for machine in process["machines"]}
        states = {state["code"]: state for state in machines["marketplace"]["states"]}
        assert states["paid"]["label"] == "In Progress"
        assert states["closed"]["label"] is None
        assert (states["new"]["initial"], states["closed"]["final"]) == (True, True)
        cancel = next(
            move
            for move in machines["marketplace"]["transitions"]
            if (move["source"], move["event"], move["roles"]) == ("paid", "cancel", ["CUSTOMER"])
        )
        assert (cancel["target"], cancel["guard"]["name"]) == ("canceled", "inside_cancellation_window")
        assert {"tell": "MARKETPLACE", "event": "ship"}.items() <= process["links"][0].items()
        assert process["forbidden"]


async def test_a_process_that_does_not_exist_is_null(shop: Shop):
    for named in ('name: "nothing"', 'name: "marketplace-merchant", version: 99', 'name: ""'):
        assert await shop.data(ADMIN, f"{{ process({named}) {{ name }} }}") == {"process": None}


async def test_a_process_is_drawn_whole_or_one_machine_of_it(shop: Shop):
    query = """query ($machine: String) { process(name: "marketplace-merchant") {
      mermaid: diagram(format: MERMAID, machine: $machine) dot: diagram(format: DOT, machine: $machine) } }"""
    drawn = (await shop.data(ADMIN, query))["process"]
    assert drawn["mermaid"].startswith("flowchart")
    assert drawn["dot"].startswith("digraph")
    one = (await shop.data(ADMIN, query, machine="merchant"))["process"]
    assert one["mermaid"].startswith("stateDiagram-v2")
    unknown = """{ process(name: "marketplace-merchant") { diagram(format: DOT, machine: "nothing") } }"""
    assert await shop.code(ADMIN, unknown) == "BAD_USER_INPUT"


async def test_the_picture_of_a_line_marks_where_both_machines_stand(shop: Shop):
    by = f'{{reference: "{shop.annas.reference}"}}'
    query = f"{{ marketplace {{ order(by: {by}) {{ lines {{ diagram(format: MERMAID) }} }} }} }}"
    [first, second] = (await shop.data(ADMIN, query))["marketplace"]["order"]["lines"]
    assert "class marketplace__shipped_by_merchant,merchant__shipped current" in first["diagram"]
    assert "class marketplace__sent_to_merchant,merchant__new current" in second["diagram"]


async def test_a_process_says_whose_machines_each_audience_reads(shop: Shop):
    query = "query ($name: String!) { process(name: $name) { reads { audience parties } } }"
    expected = {
        "chain": [["MARKETPLACE"], ["MERCHANT"], ["MERCHANT", "MARKETPLACE"]],
        "complete": [["MARKETPLACE"]] * 3,
    }
    for name, parties in expected.items():
        reads = (await shop.data(ADMIN, query, name=name))["process"]["reads"]
        assert [each["audience"] for each in reads] == ["BACK_OFFICE", "MERCHANT_PORTAL", "STOREFRONT"]
        assert [each["parties"] for each in reads] == parties


async def test_a_state_says_what_else_is_read_in_it_as_facts_come_in(shop: Shop):
    query = """{ process(name: "marketplace-seller") { machines { name states {
      code label(audience: STOREFRONT) variants { audience label when } } } } }"""
    machines = (await shop.data(ADMIN, query))["process"]["machines"]
    for machine in machines:
        states = {state["code"]: state for state in machine["states"]}
        assert states["invoiced"] == {
            "code": "invoiced", "label": "In transit to carrier", "variants": [
                {"audience": "STOREFRONT", "label": "Order shipped", "when": "once it is delivered"},
                {"audience": "STOREFRONT", "label": "Delivering order", "when": "after a tracking update"},
            ],
        }  # fmt: skip
        assert states["canceled"]["variants"] == []


async def test_a_transition_says_what_is_read_where_others_stand_elsewhere_and_who_has_to_answer(shop: Shop):
    query = """{ process(name: "marketplace-seller") { machines { name transitions {
      source event roles target where { party } otherwise awaits } } } }"""
    machines = (await shop.data(ADMIN, query))["process"]["machines"]
    moves = {
        (machine["name"], move["source"], move["event"], *move["roles"]): move
        for machine in machines
        for move in machine["transitions"]
    }
    cancel = moves["marketplace", "payment-approved", "cancel", "CUSTOMER"]
    assert cancel["where"] == [{"party": "MERCHANT"}]
    assert "request the cancellation" in cancel["otherwise"]
    settle = moves["marketplace", "invoice", "settle", "SYSTEM"]
    assert (settle["awaits"], settle["otherwise"]) == ("PAYMENTS", None)
    denied = moves["merchant", "cancellation-requested", "deny_cancellation", "MERCHANT"]
    assert (denied["target"], denied["awaits"]) == (None, None)
