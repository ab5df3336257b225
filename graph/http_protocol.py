"""HTTP as uvicorn speaks it, with a bound on what comes before a body: neither endless nor for ever.

It must not know any route. uvicorn's own parser takes headers of any length and waits for them.
"""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 65_536
"""Bytes of request line and headers; one read of the socket more may come in before it is seen."""

HEAD_SECONDS = 20.0
"""Seconds from the first byte of a request to the end of its headers."""


class BoundedHead(HttpToolsProtocol):
    """Closes with 431 or 408 what never comes to an end."""

    _head = 0
    _in_head = False
    _due: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes from the socket; those of a head are counted."""
        super().data_received(data)
        if not self._in_head:
            return
        self._head += len(data)
        if self._head > LONGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._in_head, self._head = True, 0
        self._due = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self._ended()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._ended()
        super().connection_lost(exc)

    def _ended(self) -> None:
        self._in_head = False
        if self._due:
            self._due.cancel()
            self._due = None

    def _refuse(self, status: HTTPStatus) -> None:
        self._ended()
        if not self.transport.is_closing():
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.write(head.encode())
            self.transport.close()
