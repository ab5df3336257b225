"""A back office on the command line: shows orders, places one, and follows what happens.

It reads ORDERFLOW_URL and ORDERFLOW_TOKEN (a marketplace's); what it asks stands beside it in .graphql files.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError, TransportServerError
from gql.transport.httpx import HTTPXTransport
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

URL = os.environ.get("ORDERFLOW_URL", "http://127.0.0.1:8000") + "/graphql"
TOKEN = os.environ.get("ORDERFLOW_TOKEN", "")

FORBIDDEN = 4403
"""The socket's close code for a token that is refused, ran out or was taken back."""


def operation(name: str, variables: dict[str, Any]) -> GraphQLRequest:
    """The operation in the file of that name."""
    text = (Path(__file__).parent / f"{name}.graphql").read_text()
    return GraphQLRequest(text, variable_values=variables)


def ask(request: GraphQLRequest) -> dict[str, Any]:
    """One answer over HTTP. Raises TransportQueryError with what the server has against it."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    with Client(transport=HTTPXTransport(URL, headers=headers, timeout=20)) as session:
        return session.execute(request)


def show_orders(first: int) -> Iterator[str]:
    """A line per order, the newest first, with what may be done."""
    for order in ask(operation("orders", {"first": first}))["marketplace"]["orders"]["nodes"]:
        total = order["totals"]["total"]
        reads = order["status"]["label"] if order["status"] else "-"
        possible = [action["label"] for action in order["availableActions"] if action["enabled"]]
        yield f"{order['reference']}  {reads}  {total['amount']} {total['currency']}  {', '.join(possible)}"


def place(name: str) -> Iterator[str]:
    """Place an order. The name is its idempotency key too: a second time it is only told again."""
    order = {
        "externalReference": name,
        "idempotencyKey": name,
        "currency": "USD",
        "customer": {"id": "alice", "name": "Alice Moreau", "email": "alice@example.com"},
        "lines": [
            {"sku": "mug-1", "name": "mug", "merchantId": "main", "quantity": 2, "unitPrice": "12.50"},
        ],
    }
    placed = ask(operation("place", {"input": order}))["placeOrder"]
    for error in placed["errors"]:
        yield f"not placed: {error['message']}"
    if placed["order"]:
        again = " (placed before)" if placed["replayed"] else ""
        yield f"{placed['order']['reference']}  {placed['order']['status']['label']}{again}"


async def events(after: str | None) -> AsyncGenerator[dict[str, Any]]:
    """What happens, on one connection, from the cursor on. Raises what ends the connection."""
    socket = WebsocketsTransport(
        URL.replace("http", "ws", 1),
        init_payload={"token": TOKEN},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    async with (
        Client(transport=socket) as session,
        aclosing(session.subscribe(operation("listen", {"after": after}))) as results,
    ):
        async for result in results:
            yield result["orderEvents"]


async def listen(kept: Path) -> None:
    """Print what happens, for ever, without a gap or a repetition, whatever connection or server is lost.

    The cursor is kept once its event is printed, so the next run goes on where this one was.
    """
    pause = 0.1
    while True:
        try:
            async with aclosing(events(kept_in(kept))) as happening:
                async for event in happening:
                    if event["__typename"] == "OrderStateChanged":
                        print(described(event), flush=True)
                    keep(kept, event["cursor"])
                    pause = 0.1
        except (TransportConnectionFailed, TransportServerError, TimeoutError) as lost:
            closed = lost.__cause__.rcvd if isinstance(lost.__cause__, ConnectionClosed) else None
            if closed and closed.code == FORBIDDEN:
                raise SystemExit(closed.reason) from None
        await asyncio.sleep(pause)
        pause = min(2 * pause, 10)


def described(event: dict[str, Any]) -> str:
    """One line: which order, the how-manieth row of its history, what happened, what people read now."""
    labels = ", ".join(f"{each['audience']}: {each['label']}" for each in event["labels"])
    return f"{event['order']['reference']} {event['seq']} {event['event']}  {labels}"


def kept_in(file: Path) -> str | None:
    """The cursor to go on from; None the first time: from now on."""
    return file.read_text() if file.exists() else None


def keep(file: Path, cursor: str) -> None:
    """Write the cursor so that a crash leaves the old one or the new one, never half of one."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(cursor)
    new.replace(file)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("orders", help="the newest orders").add_argument("--first", type=int, default=5)
    commands.add_parser("place", help="place an order").add_argument("name", help="the shop's own name of it")
    listener = commands.add_parser("listen", help="what happens, until Ctrl-C")
    listener.add_argument("--cursor", type=Path, default=Path("cursor.txt"), help="where to go on from")
    given = parser.parse_args()
    if not TOKEN:
        sys.exit("Set ORDERFLOW_TOKEN to a marketplace's token first.")
    try:
        if given.command == "listen":
            asyncio.run(listen(given.cursor))
        else:
            for line in show_orders(given.first) if given.command == "orders" else place(given.name):
                print(line)
    except TransportQueryError as refused:
        sys.exit("\n".join(error["message"] for error in refused.errors or ()))
    except TransportConnectionFailed as lost:
        sys.exit(f"{URL} cannot be reached: {lost}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
