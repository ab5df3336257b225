"""Every status of the seed's table is served as it stands there, and some story reaches each of them.

Source: seed on the store flows, "Order status details".
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from tests.acting import ADMIN, ANNA, Api, _ready
from tests.stores import _in_memory
from tests.stories import STORIES

for module in sorted(Path(__file__).parent.glob("test_story_*.py")):
    import_module(f"tests.{module.stem}")  # registers its stories

FLOWS = ("marketplace-seller", "complete", "chain")

# Admin | API | My account | viewed by: M(arketplace), S(eller), Ch(ain), Co(mplete); * is the seed's own.
# Where the seed has no API code the design names one; the seed's code of an incomplete order is null.
TABLE = """
-                                     | incomplete                       | -                     | M S Ch Co
-                                     | order-created*                   | -                     | M Ch Co
Order accepted                        | order-accepted                   | -                     | S
Canceling                             | cancel*                          | -                     | M S Ch Co
-                                     | on-order-completed               | -                     | M Ch Co
-                                     | on-order-completed-ffm           | -                     | S
Payment denied                        | payment-denied                   | Canceled              | M Ch Co
Payment approved                      | payment-approved                 | Payment approved      | M Ch Co
Payment pending                       | payment-pending                  | Approving payment     | M Ch Co
Cancellation requested                | request-cancel                   | -                     | M Co
Canceled                              | canceled                         | Canceled              | M S Ch Co
Window to change payment              | window-to-change-payment         | -                     | M
Window to change seller               | window-to-change-seller          | -                     | M
Waiting for seller confirmation       | waiting-for-authorization        | Order placed          | M Ch Co
-                                     | waiting-for-fulfillment          | -                     | S
-                                     | waiting-ffmt-authorization       | -                     | S
Waiting for fulfillment authorization | waiting-for-manual-authorization | -                     | S
Authorize fulfillment                 | authorize-fulfillment            | -                     | S Co
Cancellation window                   | window-to-cancel                 | Handling order        | S Co
-                                     | ready-for-invoicing              | -                     | M Co
Verifying invoice                     | invoice*                         | Handling order        | M Ch Co
Invoiced                              | invoiced                         | In transit to carrier | M S Ch Co
Invoiced                              | invoiced                         | Delivering order      | M S Ch Co
Invoiced                              | invoiced                         | Order shipped         | M S Ch Co
Ready for handling                    | ready-for-handling               | Handling order        | S
Start handling                        | start-handling*                  | -                     | S Co
Cancellation requested                | cancellation-requested           | -                     | S
-                                     | waiting-for-mkt-authorization    | -                     | Ch
-                                     | waiting-seller-handling          | -                     | M
Handling shipping                     | handling                         | Handling order        | S Co
Approve payment                       | approve-payment                  | -                     | M Co
Waiting for the seller decision       | waiting-for-seller-decision      | -                     | M Co
Request cancellation                  | request-cancellation             | -                     | M Co
"""
LETTERS = {"M": "marketplace", "S": "seller", "Ch": "chain", "Co": "complete"}

Row = tuple[str, str, str, frozenset[str]]
ROWS: set[Row] = {
    (admin, code, account, frozenset(LETTERS[letter] for letter in viewed.split()))
    for admin, code, account, viewed in (
        tuple(cell.strip() for cell in row.split("|")) for row in TABLE.strip().splitlines()
    )
}

PROCESSES = """{ processes { name reads { audience parties } machines { party states {
    code locked meaning viewedBy variants { audience label }
    office: label(audience: BACK_OFFICE) portal: label(audience: MERCHANT_PORTAL)
    account: label(audience: STOREFRONT)
} } } }"""
REACHED = """{ marketplace { orders(first: 100) { nodes {
    process history(first: 100) { nodes { party source target } }
} } } }"""
READ = "{ storefront { orders(first: 100) { nodes { merchantOrders { status { label } } } } } }"

Stands = tuple[str, str, str]
"""Process, party, state."""


async def data(api: Api, who: Any, document: str) -> Any:
    """What this query answers."""
    answer = await api.ask(who, document)
    assert answer["errors"] is None, answer["errors"]
    return answer["data"]


async def machines(api: Api) -> list[tuple[str, str, list[dict[str, Any]], bool]]:
    """Each machine of the store flows: process, party, states, and whether customers read it."""
    found = await data(api, ADMIN, PROCESSES)
    return [
        (
            process["name"],
            machine["party"],
            machine["states"],
            any(r["audience"] == "STOREFRONT" and machine["party"] in r["parties"] for r in process["reads"]),
        )
        for process in found["processes"]
        if process["name"] in FLOWS
        for machine in process["machines"]
    ]


async def test_the_statuses_of_the_table_are_served_with_their_four_columns_and_no_others(api: Api):
    assert len(ROWS) == 33
    served: set[Row] = set()
    unread: set[Row] = set()
    for _, _, states, read in await machines(api):
        for state in states:
            assert state["meaning"], state
            accounts = [state["account"], *(v["label"] for v in state["variants"])]
            for account in accounts:
                row = (
                    state["office"] or state["portal"] or "-",
                    state["code"] + "*" * state["locked"],
                    account or "-",
                    frozenset(state["viewedBy"]),
                )
                (served if read else unread).add(row)
    # No customer reads the chain's own machine: it says all but what My account reads.
    assert {(*row[:2], row[3]) for row in unread} <= {(*row[:2], row[3]) for row in ROWS}
    assert served | {row for row in ROWS if row[1] == "waiting-for-mkt-authorization"} == ROWS


async def test_every_state_of_every_machine_and_every_row_of_the_table_is_reached_by_some_story(api: Api):
    assert len(STORIES) > 60
    reached: set[Stands] = set()
    read: set[str] = set()
    for tale in STORIES:
        shop = await _ready((await _in_memory()).database)
        await tale(shop)
        reached |= await where(shop)
        orders = (await data(shop, ANNA, READ))["storefront"]["orders"]["nodes"]
        read |= {part["status"]["label"] for each in orders for part in each["merchantOrders"]}
    there_are = {
        (process, party, state["code"])
        for process, party, states, _ in await machines(api)
        for state in states
    }
    assert sorted(there_are - reached) == []
    codes = {state for _, _, state in reached}
    assert [row for row in ROWS if row[1].rstrip("*") not in codes] == []
    assert {account for _, code, account, _ in ROWS if code == "invoiced"} <= read


async def where(api: Api) -> set[Stands]:
    """All states that the orders of this shop were in, those that they only passed included."""
    orders = (await data(api, ADMIN, REACHED))["marketplace"]["orders"]["nodes"]
    return {
        (order["process"], row["party"], state)
        for order in orders
        for row in order["history"]["nodes"]
        for state in (row["source"], row["target"])
        if state is not None
    }
