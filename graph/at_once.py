"""How much of one sort each principal has under way at once. Each process counts for itself, in memory.

It must not know what that is, nor what is said to those who want more.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from graph.auth import Principal

_Holder = tuple[str | None, ...]


class AtOnce:
    """At most `most` for each principal, whichever of its tokens it shows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[_Holder] = Counter()

    def is_full(self, principal: Principal) -> bool:
        """Whether the principal has as much under way as it may."""
        return self._held[_holder(principal)] >= self._most

    @contextmanager
    def one_more(self, principal: Principal) -> Generator[None]:
        """Count one more for as long as this lasts; whoever calls has looked whether there is room."""
        holder = _holder(principal)
        self._held[holder] += 1
        try:
            yield
        finally:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]


def _holder(principal: Principal) -> _Holder:
    return principal.role, principal.merchant_id, principal.customer_id, principal.sub
