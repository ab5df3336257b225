"""The indexes that everything else relies on, made when a server starts; existing ones are left as they are.

A unique index ignores documents without its key (partial filter), except where every document has it.
"""

from storage import feed, revocations
from storage.client import ASCENDING, DESCENDING, Database, IndexModel


def _index(name: str, *fields: str, unique: bool = False, only: str | None = None) -> IndexModel:
    """An index over these fields (`-`: descending), of the documents that have the field `only`."""
    keys = [(f.removeprefix("-"), DESCENDING if f.startswith("-") else ASCENDING) for f in fields]
    partial = {"partialFilterExpression": {only: {"$exists": True}}} if only else {}
    unique_ = {"unique": True} if unique else {}
    return IndexModel(keys, name=name, **unique_, **partial)


ORDERS = (
    # What must not happen twice.
    _index("reference", "reference", unique=True),
    _index("external", "external_reference", "channel", unique=True, only="external_reference"),
    _index(
        "placed_by",
        "placed_by.principal",
        "placed_by.operation",
        "placed_by.key",
        unique=True,
        only="placed_by.key",
    ),
    # One key, one request: on another order it is another input.
    _index("answered", "replies.id", unique=True, only="replies.id"),
    # Lists: each starts with what the viewer's scope or filter fixes and goes on in the list's order.
    _index("placed", "-placed_at", "-_id"),
    _index("changed", "-changed_at", "-_id"),
    _index("customer", "customer.id", "-placed_at", "-_id"),
    _index("merchant", "merchant_ids", "-placed_at", "-_id"),
    _index("keys", "keys", "-placed_at", "-_id"),
    _index("total", "total"),
    _index("own", "own.$**"),
    # Work that waits.
    _index("next_deadline", "next_deadline", only="next_deadline"),
    _index("overdue", "deadlines.at"),
    _index("next_command", "next_command", only="next_command"),
    _index("dirty", "dirty", only="dirty"),
    _index("wants", "wants", "placed_at", "_id", only="wants"),
)
HISTORY = (_index("order", "order", "seq"),)
STOCK = (_index("awake", "awake", only="awake"),)  # what is listed, is listed by `_id`
IMPORTS = (
    _index("running", "running", unique=True, only="running"),  # one at a time in each scope
    _index("key", "key", unique=True, only="key"),
    _index("scope", "scope", "-_id"),
    _index("at", "at"),
)

FILTERS = {
    "status": "keys",
    "state": "keys",
    "merchant_id": "keys",
    "customer_id": "customer",
    "placed_after": "placed",
    "placed_before": "placed",
    "changed_after": "changed",
    "changed_before": "changed",
    "total_min": "total",
    "total_max": "total",
    "sku": "keys",
    "tracking_number": "keys",
    "reference": "keys",
    "refund": "keys",
    "invoice_number": "keys",
    "command": "keys",
    "problem": "keys",
    "search": "keys",
}
"""Which index serves which filter of the lists; a merchant's own times and totals are served by `own`."""


async def ensure(database: Database) -> None:
    """Make whatever index is missing. Safe to call by several processes at once, at every start."""
    for collection, indexes in (
        ("orders", ORDERS),
        ("order_history", HISTORY),
        ("stock", STOCK),
        ("imports", IMPORTS),
    ):
        await database.collection(collection).create_indexes(indexes)
    await database.collection("revocations").create_indexes(revocations.INDEXES)
    await feed.ensure_indexes(database)
