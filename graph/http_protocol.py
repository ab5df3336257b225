"""HTTP as uvicorn speaks it, with a bound on what comes around a body: neither endless nor for ever.

It must not know any route. uvicorn's own parser takes headers of any length and waits for them.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD = 65_536
"""Bytes of request line and headers, and of what follows a body or stands between its chunks; one read of
the socket more may come in before it is seen.
"""

HEAD_SECONDS = 20.0
"""Seconds from the first byte of a request to the end of its headers, and to a connection's first byte."""


class BoundedHead(HttpToolsProtocol):
    """Closes with 431 or 408 what never comes to an end."""

    _head = 0
    _in_message = False
    _got_on = False
    _due: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected, who may never say anything."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes from the socket; those are counted that bring nothing but a part of a head or the like."""
        self._got_on = False
        super().data_received(data)
        self._head = 0 if self._got_on else self._head + len(data)
        if self._in_message and self._head > LONGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._in_message, self._head = True, 0
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self._stop_waiting()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol gets the socket, but not while it still has an answer to bring."""
        if self._answering and not self._answering.response_complete:
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    def on_body(self, body: bytes) -> None:
        """Some of the body, whose length is for those to bound who read it."""
        self._got_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self._in_message, self._got_on = False, True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone. uvicorn tells the request that came last, others wait behind one that runs."""
        self._stop_waiting()
        super().connection_lost(exc)
        if self._answering:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _wait(self) -> None:
        self._stop_waiting()
        self._due = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _stop_waiting(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None

    def _refuse(self, status: HTTPStatus) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.write(head.encode())
            self.transport.close()
