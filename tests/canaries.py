"""Canaries: texts that name who owns them, in every string of an order that is somebody's; and who is who.

Whoever reads `canary-m2-sku` reads what merchant m2 calls its product.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error

from domain.actors import Role
from graph.auth import Principal
from tests.acting import person

_CANARY = re.compile(r"canary-[a-z0-9]+(?:-[a-z0-9]+)+")
_ENCODED = re.compile(r"[A-Za-z0-9_-]{16,}")


def canary(owner: str, what: str) -> str:
    """The text in the place of what this owner calls this."""
    return f"canary-{owner}-{what}"


def canaries_in(text: str) -> set[str]:
    """The canaries in a text, in its ids and cursors too."""
    found = set(_CANARY.findall(text))
    for encoded in _ENCODED.findall(text):
        try:
            inner = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except (Error, ValueError):
            continue
        found.update(_CANARY.findall(inner.decode(errors="ignore")))
    return found


def _merchant(name: str) -> Principal:
    return person(Role.MERCHANT, canary(name, "user"), merchant=canary(name, "id"))


def _customer(name: str) -> Principal:
    return person(Role.CUSTOMER, canary(name, "user"), customer=canary(name, "id"))


def _warehouse(name: str) -> Principal:
    return person(Role.LOGISTICS, canary(name, "warehouse"), merchant=canary(name, "id"))


OFFICE = person(Role.MARKETPLACE, canary("office", "user"))
M1, M2, M3 = _merchant("m1"), _merchant("m2"), _merchant("m3")
C1, C2 = _customer("c1"), _customer("c2")
PSP = person(Role.PAYMENTS, canary("psp", "user"))
CARRIER = person(Role.LOGISTICS, canary("carrier", "user"))
W1, W3 = _warehouse("m1"), _warehouse("m3")

PEOPLE: dict[str, Principal | None] = {
    "office": OFFICE,
    "m1": M1,
    "m2": M2,
    "m3": M3,
    "c1": C1,
    "c2": C2,
    "psp": PSP,
    "carrier": CARRIER,
    "w1": W1,
    "w3": W3,
    "nobody": None,
}
"""Everybody who looks: m1 and m2 sell in c1's orders, m3 in c2's only, m1 in both; w1 and w3 are warehouses
of m1 and m3, the carrier is nobody's. Who is nobody has no token.
"""
