"""How much each asker may ask in a minute, in points of cost. Each process counts for itself, in memory.

It must not know what is asked, nor over which transport.
"""

from ipaddress import IPv6Address, ip_address
from math import ceil

from graphql import GraphQLError
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from graph.auth import Principal
from graph.context import Context

MOST_ADDRESSES = 10_000
"""Addresses that are counted one by one; more than that at once share one allowance."""

MINUTE = 60


class RateLimited(GraphQLError):
    """The asker has asked too much; `extensions.retryAfter` says when it may ask again. HTTP: 429."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too much was asked in a minute. Ask again in {seconds} seconds.",
            extensions={"code": "RATE_LIMITED", "retryAfter": seconds},
        )


class Allowance:
    """What one asker may spend in any minute; unlimited without a window."""

    def __init__(self, window: "_Window | None", asker: str) -> None:
        self._window = window
        self._asker = asker

    @property
    def limit(self) -> int | None:
        """Points a minute; None: as many as it likes."""
        return self._window and self._window.limit

    @property
    def available(self) -> int | None:
        """Points that are left at this moment; None: as many as it likes."""
        return self._window and self._window.available(self._asker)

    def spend(self, points: int) -> None:
        """Takes the points, at most `limit`. Raises RateLimited, and takes none, when fewer are left."""
        if self._window and points > 0 and not self._window.spend(self._asker, points):
            raise RateLimited(self._window.wait(self._asker, points))


class Rates:
    """The allowances of all askers: each principal has its own, and without a token each client address.

    `principals` and `addresses` are points a minute; 0: as many as they like.
    """

    def __init__(self, *, principals: int = 0, addresses: int = 0) -> None:
        self._principals = _Window(principals) if principals else None
        self._addresses = _Window(addresses, most=MOST_ADDRESSES) if addresses else None

    def allowance(self, context: Context | None) -> Allowance:
        """The allowance of whoever asks; None: this process itself, which may ask as it likes."""
        if context is None:
            return Allowance(None, "")
        if context.principal:
            return Allowance(self._principals, _named(context.principal))
        return Allowance(self._addresses, _network(context.address))


class _Window:
    """Points spent in the last minute, by asker: those of the minute before fade as this one goes on."""

    def __init__(self, limit: int, most: int | None = None) -> None:
        self.limit = limit
        self._most = most
        self._item = RateLimitItemPerMinute(limit)
        self._storage = MemoryStorage()
        self._strategy = SlidingWindowCounterRateLimiter(self._storage)

    def available(self, asker: str) -> int:
        return self._strategy.get_window_stats(self._item, self._counted_as(asker)).remaining

    def spend(self, asker: str, points: int) -> bool:
        return self._strategy.hit(self._item, self._counted_as(asker), cost=points)

    def wait(self, asker: str, points: int) -> int:
        """Whole seconds until so many points are left, if nothing more is spent."""
        before, _, now, left = self._spent(self._counted_as(asker))
        left -= MINUTE  # what is counted now is kept for a minute after its own
        room = self.limit - points
        if now > room:
            seconds = left + MINUTE * (1 - room / now)
        elif before:
            seconds = left - MINUTE * (room - now) / before
        else:
            seconds = 0  # there is room by now
        return max(1, ceil(seconds))

    def _counted_as(self, asker: str) -> str:
        if self._most is None or len(self._storage.expirations) < self._most:
            return asker
        before, _, now, _ = self._spent(asker)
        return asker if before or now else "everybody else"

    def _spent(self, asker: str) -> tuple[int, float, int, float]:
        """Points of the minute before, how long they count, points of this minute, how long they count."""
        return self._storage.get_sliding_window(self._item.key_for(asker), MINUTE)


def _named(principal: Principal) -> str:
    return repr((principal.role.value, principal.merchant_id, principal.customer_id, principal.sub))


def _network(address: str) -> str:
    """The address, of IPv6 the network: one client has as many addresses there as it likes."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return parsed.ipv4_mapped.compressed if parsed.ipv4_mapped else str(parsed.packed[:8].hex())
