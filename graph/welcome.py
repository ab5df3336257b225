"""What `orderflow serve` says once it listens: where, as whom, and a line to try. It starts nothing."""

import json
import shlex
from collections.abc import Iterator

from graph.demo import PEOPLE
from graph.explorer import STAFF, Person
from graph.settings import Settings
from graph.token_settings import tokens_of

QUERY = "{ marketplace { orders(first: 3) { nodes { reference status { label } } } } }"


def welcome(settings: Settings, host: str, port: int, made: int | None) -> Iterator[str]:
    """The lines. `made` is how many demo orders were made just now, None without the demo."""
    address = f"{_shown(host)}:{port}"
    yield f"Orderflow is running at http://{address}"
    yield f"  {'GraphiQL' if settings.shows_graphiql else 'API     '}       http://{address}/graphql"
    yield f"  subscriptions  ws://{address}/graphql"
    if made:
        yield f"  demo           {made} orders were made"
    if settings.jwks_url:
        yield "Tokens to ask with are signed where ORDERFLOW_JWKS_URL's keys are. Ctrl-C stops the server."
        return
    if made is None:
        yield "Tokens to ask with: `orderflow token --help`. Ctrl-C stops the server."
        return
    people = (*STAFF, *PEOPLE)
    tokens = tokens_of(settings)
    minted = {
        _name(each): tokens.mint(each.role, merchant_id=each.merchant_id, customer_id=each.customer_id)
        for each in people
    }
    yield ""
    yield "Tokens, good for 8 hours (`orderflow token --help` makes more):"
    width = max(map(len, minted))
    yield from (f"  {name.ljust(width)}  {token}" for name, token in minted.items())
    yield ""
    yield "Try it:"
    yield f"  curl http://{address}/graphql -H 'Content-Type: application/json' \\"
    yield f"    -H 'Authorization: Bearer {minted['marketplace']}' \\"
    yield f"    -d {shlex.quote(json.dumps({'query': QUERY}))}"
    yield ""
    yield "Ctrl-C stops the server."


def _name(person: Person) -> str:
    return " ".join(filter(None, (person.role.value, person.merchant_id, person.customer_id)))


def _shown(host: str) -> str:
    """The host as a person of this machine reaches it."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not listened at
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
