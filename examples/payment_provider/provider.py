"""A payment system outside Orderflow: takes commands, lets a pretend bank carry them out, says what it did.

It keeps nothing itself. Whatever it forgets by crashing it is asked again, with the same idempotency key.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from bank import Bank, Transfer

log = logging.getLogger("payment_provider")

HERE = Path(__file__).parent
AGAIN = 1.0
"""Seconds before it asks again for a server that does not answer."""

Answer = dict[str, Any]


PASSING = {"UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR", "FIELD_FAILED"}
"""Codes of errors that are the server's own trouble, and may pass."""


class Refused(Exception):
    """The server has something against what is asked, or who asks; asking again would not help."""


class Orderflow:
    """The API, for whoever has this token."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # A stream without events sends a comment every 15 seconds.
        self._http = httpx.Client(base_url=url, headers=headers, timeout=45)
        self._away = False

    def ask(self, name: str, **variables: Any) -> Answer:
        """Run the operation in the file of this name. Raises Refused, and httpx.HTTPError when no answer
        comes.
        """
        response = self._http.post("/graphql", json=operation(name, variables))
        data = data_of(response)
        self._is_there()
        return data

    def subscribe(self, name: str, **variables: Any) -> Iterator[Answer]:
        """What the subscription in the file of this name sends, as server-sent events, until it ends."""
        with self._http.stream("POST", "/graphql/stream", json=operation(name, variables)) as response:
            if response.is_error:
                response.read()
                data_of(response)
            self._is_there()
            event = ""
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    event = value
                elif field == "data" and event == "next":
                    yield checked(json.loads(value))

    def is_away(self, error: httpx.HTTPError) -> None:
        """Say that the server does not answer: once, until it does."""
        if not self._away:
            log.warning("The server is not there, trying again: %s", error)
        self._away = True

    def _is_there(self) -> None:
        if self._away:
            log.info("The server is back.")
        self._away = False


def operation(name: str, variables: Answer) -> Answer:
    """What is sent to run the operation in a file beside this one."""
    return {"query": (HERE / f"{name}.graphql").read_text(), "variables": variables}


def data_of(response: httpx.Response) -> Answer:
    """The data of a response. Raises Refused, and httpx.HTTPError where it is no answer of Orderflow's."""
    try:
        answer = response.json()
    except ValueError:
        raise httpx.HTTPError(f"what is there answers with status {response.status_code}") from None
    return checked(answer)


def checked(answer: Answer) -> Answer:
    """The data of an answer. Raises Refused, and httpx.HTTPError for what may pass."""
    errors = answer.get("errors")
    if not errors:
        return answer["data"]
    message = errors[0]["message"]
    if errors[0].get("extensions", {}).get("code") in PASSING:
        raise httpx.HTTPError(message)
    raise Refused(message)


def pushed(orderflow: Orderflow, seconds: int) -> Iterator[Answer]:
    """Commands as they are due, by the subscription; when it breaks off, by the next one."""
    while True:
        try:
            for data in orderflow.subscribe("commands", seconds=seconds):
                yield data["commands"]
        except httpx.HTTPError as error:
            orderflow.is_away(error)
        time.sleep(AGAIN)


def polled(orderflow: Orderflow, seconds: int, pause: float) -> Iterator[Answer]:
    """Commands as they are due, asked for again and again."""
    while True:
        try:
            taken = orderflow.ask("lease_commands", seconds=seconds)["leaseCommands"]
        except httpx.HTTPError as error:
            orderflow.is_away(error)
        else:
            if taken["errors"]:
                raise Refused(taken["errors"][0]["message"])
            yield from taken["commands"]
        time.sleep(pause)


def decide(bank: Bank, transfer: Transfer, options: argparse.Namespace) -> tuple[str, str]:
    """What came of it: the result to acknowledge, and what the bank said."""
    if options.refuse:
        return "REFUSED", "The bank says no."
    first = bank.carry_out(transfer)
    if options.unknown:
        return "UNKNOWN", "The bank did not answer in time."  # though it has done it
    return "DONE", "Done." if first else "Done before, under the same key."


def carry_out(orderflow: Orderflow, bank: Bank, asked: Answer, options: argparse.Namespace, nth: int) -> None:
    """Carry one command out and acknowledge it. What is not acknowledged is asked again."""
    order, command = asked["order"], asked["command"]
    amount, currency = command["amount"]["amount"], command["amount"]["currency"]
    transfer = Transfer(
        command["idempotencyKey"], command["kind"], amount, currency, for_order=order["reference"]
    )
    result, answer = decide(bank, transfer, options)
    log.info("%s %s %s %s: %s", order["reference"], command["kind"], amount, currency, answer)
    if nth == options.crash_before_acknowledging:
        log.info("Crashing before that is acknowledged.")
        os._exit(1)
    try:
        payload = orderflow.ask(
            "acknowledge_command",
            order=order["id"],
            command=command["id"],
            attempt=command["attempt"],
            result=result,
            answer=answer,
        )["acknowledgeCommand"]
    except httpx.HTTPError as error:
        log.warning("Not acknowledged, so it will be asked again: %s", error)
        return
    for error in payload["errors"]:
        log.error("%s: %s", order["reference"], error["message"])  # such as: the money moved twice


def main() -> None:
    """Work until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--url",
        default=os.environ.get("ORDERFLOW_URL", "http://127.0.0.1:8000"),
        help="where the server is; else ORDERFLOW_URL says it",
    )
    parser.add_argument(
        "--bank", type=Path, default=Path("bank.sqlite"), help="the file with the bank's book"
    )
    parser.add_argument("--lease", type=int, default=60, metavar="SECONDS", help="how long a command is ours")
    parser.add_argument("--poll", type=float, metavar="SECONDS", help="ask so often instead of subscribing")
    parser.add_argument(
        "--crash-before-acknowledging", type=int, metavar="N", help="crash at the Nth command"
    )
    parser.add_argument("--refuse", action="store_true", help="the bank refuses everything")
    parser.add_argument("--unknown", action="store_true", help="the bank does it, but its answers are lost")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    token = os.environ.get("ORDERFLOW_TOKEN")
    if not token:
        parser.error("set ORDERFLOW_TOKEN to a token of the role payments")
    orderflow, bank = Orderflow(options.url, token), Bank(options.bank)
    if options.poll:
        commands = polled(orderflow, options.lease, options.poll)
    else:
        commands = pushed(orderflow, options.lease)
    log.info("Waiting for commands.")
    try:
        for nth, asked in enumerate(commands, 1):
            carry_out(orderflow, bank, asked, options, nth)
    except Refused as error:
        sys.exit(f"The server refuses: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
