"""Who may ever read which canary: one row for those who read the same. A canary without a row fails.

A row is what an owner calls something; see `tests.authorization_stories` for what each stands for.
"""

from collections.abc import Mapping

from tests.canaries import canary

_TABLE: tuple[tuple[str, str, str], ...] = (
    ("c1", "office", "email"),
    ("c1", "office c1", "canceled demo-name id method user"),
    ("c1", "office c1 psp", "other-method"),
    ("c1", "office m1 c1 carrier w1", "asked let-go"),
    ("c1", "office m1 m2 c1 carrier w1", "city postalcode recipient region return street"),
    ("c1", "office m1 m2 carrier w1", "name"),
    ("c1", "office m2 c1 carrier", "asked-m2"),
    ("c2", "office", "email"),
    ("c2", "office c2", "id method user"),
    ("c2", "office m1 m3 c2 carrier w1 w3", "city postalcode recipient region street"),
    ("c2", "office m1 m3 carrier w1 w3", "name"),
    ("c2", "office m3 c2 carrier w3", "asked return"),
    ("carrier", "office m1 carrier w1", "user"),
    ("m1", "m1", "file key"),
    ("m1", "office c1 psp", "stuck-name stuck-sku unsent-name unsent-sku"),
    ("m1", "office m1", "invoice-key unsold-sku"),
    ("m1", "office m1 c1", "changed invoice-url"),
    ("m1", "office m1 c1 c2", "shop"),
    ("m1", "office m1 c1 c2 psp carrier w1", "product-name product-sku"),
    (
        "m1",
        "office m1 c1 carrier w1",
        "approved canceled carrier carrier-back courier invoice-tracking new-courier new-number new-url "
        "rejected seen seen-city seen-state sold-out tracking tracking-back tracking-url",
    ),
    (
        "m1",
        "office m1 c1 psp carrier w1",
        "invoice-1 invoice-2 item-name item-sku other-name other-sku scarce-name scarce-sku",
    ),
    ("m1", "office m1 carrier w1", "id user warehouse"),
    ("m1m2", "office m1 m2 c1 psp carrier", "name sku"),
    ("m2", "office m2", "invoice-key scarce-sku unsold-sku"),
    ("m2", "office m2 c1", "invoice-url shop"),
    (
        "m2",
        "office m2 c1 carrier",
        "canceled carrier courier denied invoice-tracking rejected tracking tracking-url",
    ),
    (
        "m2",
        "office m2 c1 psp carrier",
        "added-name added-sku invoice-1 item-name item-sku product-name product-sku",
    ),
    ("m2", "office m2 carrier", "id user"),
    ("m3", "office m3", "invoice-key scarce-sku unsold-sku"),
    ("m3", "office m3 c2", "invoice-url shop"),
    ("m3", "office m3 c2 carrier w3", "carrier courier denied invoice-tracking tracking tracking-url"),
    ("m3", "office m3 c2 psp carrier w3", "invoice-1 item-name item-sku product-name product-sku"),
    ("m3", "office m3 carrier w3", "id user"),
    ("m3", "w3", "warehouse"),
    ("main", "office c1", "shop"),
    ("office", "office", "channel failure file reassigned user"),
    ("office", "office c1 psp", "refund"),
    ("office", "office m1 c1 carrier w1", "canceled"),
    ("office", "office m2 c1", "changed-m2"),
    ("office", "office m2 c1 carrier", "canceled-m2"),
    ("office", "office psp", "cart"),
    ("psp", "office", "denied"),
    ("psp", "office psp", "answer done payment refused user"),
    ("office", "", "revoked subject token"),
)

READERS: Mapping[str, frozenset[str]] = {
    canary(owner, what): frozenset(readers.split())
    for owner, readers, texts in _TABLE
    for what in texts.split()
}
"""By canary: the people (`tests.canaries.PEOPLE`) that may ever read it."""
