"""Whether a token that was good still is: it expires, and it can be revoked. Running subscriptions are told.

It must not know what a token looks like.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from graph.auth import Principal, TokenError, TokenExpired, TokenRevoked, utc_now
from storage.revocations import Kind, Revocations

Ended = Callable[[TokenError], None]
"""What is called when a token is no longer good, with the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    principal: Principal
    ended: Ended
    timer: asyncio.TimerHandle


class Standing:
    """Where the principals of one process stand. Without `revocations` none is revoked."""

    def __init__(self, revocations: Revocations | None, clock: Callable[[], datetime] = utc_now) -> None:
        self._revocations = revocations
        self._clock = clock
        self._watches: dict[int, _Watch] = {}
        self._watched = 0
        if revocations:
            revocations.tell(self._end_revoked)

    def objection(self, principal: Principal) -> TokenError | None:
        """Why the principal's token is no longer good; None while it is."""
        if principal.expires_at <= self._clock():
            return TokenExpired()
        if self._revocations is None:
            return None
        names: tuple[tuple[Kind, str | None], ...] = (
            ("token", principal.token_id),
            ("subject", principal.sub),
            ("merchant", principal.merchant_id),
            ("customer", principal.customer_id),
        )
        revoked = any(
            name and self._revocations.covers(kind, name, principal.issued_at) for kind, name in names
        )
        return TokenRevoked() if revoked else None

    def watch(self, principal: Principal, ended: Ended) -> Callable[[], None]:
        """Calls `ended` once, soon after the principal's token is no longer good; at once if it is not now.

        Returns what stops watching. Until then it costs a timer and no task.
        """
        self._watched += 1
        number = self._watched
        left = (principal.expires_at - self._clock()).total_seconds()
        if self.objection(principal):
            left = 0
        timer = asyncio.get_running_loop().call_later(max(left, 0), self._end, number)
        self._watches[number] = _Watch(principal, ended, timer)

        def stop() -> None:
            if watch := self._watches.pop(number, None):
                watch.timer.cancel()

        return stop

    def _end(self, number: int) -> None:
        if watch := self._watches.pop(number, None):
            watch.timer.cancel()
            # The clock that the timer goes by may be a little ahead of the one that tokens expire by.
            watch.ended(self.objection(watch.principal) or TokenExpired())

    def _end_revoked(self) -> None:
        """Look through all, after something was revoked: 5,000 take some milliseconds."""
        for number, watch in list(self._watches.items()):
            if self.objection(watch.principal):
                self._end(number)
