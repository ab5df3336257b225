"""The keys behind ORDERFLOW_JWKS_URL: fetched, kept, and looked after while the server runs.

Whoever forges tokens can make this ask for nothing more than it would anyway. Design: api, "Who is asking".
"""

import asyncio
import logging
import time
from collections.abc import Callable

import httpx

from graph.jwks import ALGORITHMS, NoKeySet, read_keys
from graph.keys import KeySet

logger = logging.getLogger(__name__)

EVERY = 300.0
"""Seconds between two looks: for so long a key that was withdrawn may still be good."""

PAUSE = 10.0
"""Seconds in which tokens with unknown keys make this look once, however many they are."""

PATIENCE = 5.0
"""Seconds that one look may take."""

LARGEST = 65_536
"""Bytes of a document."""


class KeysMissing(Exception):
    """No key is known, so no token can be checked."""


class FetchedKeys:
    """The keys at one address. What is known goes on serving while the address does not answer."""

    algorithms = ALGORITHMS

    def __init__(
        self,
        url: str,
        *,
        every: float = EVERY,
        pause: float = PAUSE,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.current = KeySet()
        self._url = url
        self._every = every
        self._pause = pause
        self._patience = patience
        self._clock = clock
        self._again_at = -float("inf")
        self._fetching: asyncio.Task[None] | None = None
        # Made here, because reading all authorities takes a while; it keeps no connection open.
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            timeout=patience,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"},
        )

    async def run(self) -> None:
        """Look for keys again and again, until cancelled."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(self._every if self.current.keys else min(self._pause, self._every))
        finally:
            if self._fetching:
                self._fetching.cancel()

    async def check(self) -> None:
        """Return when tokens can be checked. Raises KeysMissing."""
        if not self.current.keys:
            raise KeysMissing("no key could be fetched from ORDERFLOW_JWKS_URL")

    async def refreshed(self) -> bool:
        """Look whether there are others by now; False when they were looked for just before."""
        if self._fetching is None and self._clock() < self._again_at:
            return False
        await self._look()
        return True

    async def _look(self) -> None:
        """Fetch, or wait for the fetch that is under way."""
        if self._fetching is None:
            self._again_at = self._clock() + self._pause
            self._fetching = asyncio.create_task(self._fetch())
        # Shielded: one who goes away does not take it from the others.
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                found = read_keys(await self._document())
            if found != self.current.keys:
                self.current = KeySet(found)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the address, what is known stays
            reason = str(error) or type(error).__name__
            logger.warning("ORDERFLOW_JWKS_URL gives no keys (%s); those known go on serving.", reason)
        finally:
            self._fetching = None

    async def _document(self) -> bytes:
        """What the address answers. Raises httpx.HTTPError or NoKeySet."""
        async with self._http.stream("GET", self._url) as response:
            if response.status_code != 200:
                raise NoKeySet(f"status {response.status_code}")
            document = bytearray()
            # Raw: what somebody compressed nevertheless is no document, rather than a very large one.
            async for part in response.aiter_raw():
                document += part
                if len(document) > LARGEST:
                    raise NoKeySet(f"more than {LARGEST} bytes")
            return bytes(document)
