"""Headers that every exchange has: a request id in and out, and what browsers are told to refuse.

It must not know any route.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.context import new_request_id
from graph.observing import arrived

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What we take over from a caller; anything else would end up in logs as it pleases."""

NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

SECURITY = {
    "Content-Security-Policy": NOTHING_ALLOWED,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

ONLY_HTTPS = "max-age=31536000"
"""A year in which browsers ask this host by https only; said where it is asked so."""


def mark(headers: MutableHeaders, request_id: str) -> None:
    """Adds the request id, and the security headers that the answer has not set itself."""
    headers["X-Request-Id"] = request_id
    for name, value in SECURITY.items():
        headers.setdefault(name, value)


class MarkedExchange:
    """ASGI middleware: `state.request_id` from X-Request-Id or new, and the headers of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        offered = Headers(scope=scope).get("x-request-id", "")
        request_id = offered if REQUEST_ID.fullmatch(offered) else new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        arrived(request_id, scope["headers"])

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                mark(headers, request_id)
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = ONLY_HTTPS
            await send(message)

        await self._app(scope, receive, send_marked)
