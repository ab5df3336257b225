"""GraphiQL, the page for exploring the API, and in development the people that it can ask as.

It must not know the schema. `make graphiql` builds the page from graph/graphiql/ with npm; without it the
API runs all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from domain.actors import Role
from graph.requests import names
from graph.tokens import Tokens

BUILT = Path(__file__).parent / "graphiql" / "dist"

# Everything from this server and nothing from elsewhere. Styles may be inline: the editor (Monaco)
# places every line of text with a style attribute.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Orderflow</title><link rel="icon" href="data:,"></head>
<body>
<h1>Orderflow GraphQL API</h1>
<p>The API is running: <code>POST /graphql</code>. Its page for exploring, GraphiQL, is not built yet:
run <code>make graphiql</code> (needs npm) and start the server again.</p>
</body>
</html>
"""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whom the page can ask as in development. Merchants and customers need their id."""

    name: str
    role: Role
    merchant_id: str | None = None
    customer_id: str | None = None


STAFF = (
    Person("Marketplace", Role.MARKETPLACE),
    Person("Payments", Role.PAYMENTS),
    Person("Logistics", Role.LOGISTICS),
)


class Assets(StaticFiles):
    """The page's scripts, styles and fonts. A name holds a hash of the content, so it never changes."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        # A worker obeys the policy of its own script, not the page's.
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class Explorer:
    """GET /graphql for browsers, where the page is shown, and the routes of what it loads."""

    def __init__(
        self, tokens: Tokens, people: Sequence[Person], *, development: bool, shown: bool, built: Path
    ) -> None:
        self._people = people if development else ()
        self._tokens = tokens
        self._shown = shown
        index = built / "index.html"
        self._page = index.read_text() if index.exists() else NOT_BUILT
        self.routes: list[BaseRoute] = []
        if shown:
            self.routes.append(Route("/", _to_the_page, methods=["GET"]))
            self.routes.append(Route("/graphql/principals", self.principals))
        if shown and index.exists():
            self.routes.append(Mount("/graphql/assets", Assets(directory=built / "assets")))

    def is_wanted(self, request: Request) -> bool:
        """Whether a GET is for the page: it asks for text/html by name. What a link carries never runs."""
        return self._shown and names(request.headers, "text/html")

    def page(self) -> Response:
        """The page. It loads and asks this server only."""
        return HTMLResponse(
            self._page,
            headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Accept"},
        )

    async def principals(self, request: Request) -> Response:
        """`[{name, role, token}]`: tokens to act as the people of the demo. Empty but in development.

        Asked from this machine and under a name of it only: neither another machine, whatever it calls this
        one, nor a page elsewhere that points its own name here gets anything.
        """
        asking = request.client.host if request.client else None
        here = asking in LOOPBACK and request.url.hostname in LOOPBACK
        return JSONResponse(
            [
                {
                    "name": person.name,
                    "role": person.role.value,
                    "token": self._tokens.mint(
                        person.role, merchant_id=person.merchant_id, customer_id=person.customer_id
                    ),
                }
                for person in (self._people if here else ())
            ],
            headers={"Cache-Control": "no-store"},
        )


async def _to_the_page(_: Request) -> Response:
    return RedirectResponse("/graphql")
