"""A merchant's ERP, as small as one can be: `follow` learns what is to be shipped, `ship` ships it.

It reads ORDERFLOW_URL and ORDERFLOW_TOKEN (a merchant's), and keeps its list, and the cursor, in erp.sqlite.
"""

import argparse
import csv
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

URL = os.environ.get("ORDERFLOW_URL", "http://127.0.0.1:8000")
HEADERS = {"authorization": f"Bearer {os.environ.get('ORDERFLOW_TOKEN', '')}"}

SHIPPED = Path("erp-shipped.csv")
ASIDE = Path("aside.csv")

TABLES = """
CREATE TABLE IF NOT EXISTS to_ship (line TEXT PRIMARY KEY, reference TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (only INTEGER PRIMARY KEY CHECK (only = 1), cursor TEXT NOT NULL);
"""


class Refused(Exception):
    """The server has something against it; the message says what."""


def operation(name: str) -> str:
    """The operation in the file of that name."""
    return (Path(__file__).parent / f"{name}.graphql").read_text()


def data_of(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer's data. Raises Refused."""
    if answer.get("errors"):
        raise Refused("\n".join(error["message"] for error in answer["errors"]))
    return answer["data"]


def read(response: httpx.Response) -> dict[str, Any]:
    """A response's data. Raises Refused, and TransportError when the server cannot answer now."""
    if response.status_code >= 500:
        raise httpx.TransportError(f"it answers with status {response.status_code}")
    return data_of(json.loads(response.read()))


def ask(http: httpx.Client, name: str, **variables: Any) -> dict[str, Any]:
    """The data of one operation in the merchant's part of the API."""
    body = {"query": operation(name), "variables": variables}
    return read(http.post("/graphql", json=body))["merchant"]


# Following


def follow(http: httpx.Client, kept: sqlite3.Connection) -> None:
    """Take in what happens, for ever; whatever connection or server is lost, without a gap or a repetition.

    What an event leads to and its cursor are one transaction, so a crash leaves both or neither.
    """
    pause = 0.1
    while True:
        try:
            for event in news(http, place(kept)):
                with kept:
                    if place(kept) is None:
                        begin(http, kept)
                        (lines,) = kept.execute("SELECT count(*) FROM to_ship").fetchone()
                        print(f"{lines} lines to ship; waiting for news", file=sys.stderr)
                    if "event" in event:
                        take_in(kept, event)
                    kept.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", [event["cursor"]])
                pause = 0.1
        except httpx.TransportError as lost:
            print(f"{URL} cannot be reached, trying again: {lost}", file=sys.stderr)
        time.sleep(pause)
        pause = min(2 * pause, 10)


def news(http: httpx.Client, after: str | None) -> Iterator[dict[str, Any]]:
    """The events on one connection, by SSE. Raises Refused, and what ends the connection."""
    body = {"query": operation("news"), "variables": {"after": after}}
    # Every 15 seconds there is at least a comment: what is silent for longer is lost.
    with http.stream("POST", "/graphql/stream", json=body, timeout=httpx.Timeout(30)) as response:
        if response.status_code != 200:
            read(response)
        for line in response.iter_lines():
            if line.startswith("data: {"):
                yield data_of(json.loads(line.removeprefix("data: ")))["orderEvents"]


def place(kept: sqlite3.Connection) -> str | None:
    """The cursor to go on from; None the first time."""
    found = kept.execute("SELECT cursor FROM place").fetchone()
    return found and found[0]


def begin(http: httpx.Client, kept: sqlite3.Connection) -> None:
    """The first time: what is to be shipped already, read once the news began: nothing falls between."""
    after = None
    while True:
        orders = ask(http, "new_orders", after=after)["orders"]
        for order in orders["nodes"]:
            for line in order["lines"]:
                if any(
                    action["event"] == "ship" and action["enabled"] for action in line["availableActions"]
                ):
                    kept.execute(
                        "INSERT OR IGNORE INTO to_ship VALUES (?, ?)", [line["id"], order["reference"]]
                    )
        if not orders["pageInfo"]["hasNextPage"]:
            return
        after = orders["pageInfo"]["endCursor"]


def take_in(kept: sqlite3.Connection, event: dict[str, Any]) -> None:
    """A line that is new is to be shipped; one that moved on, by whomever, is not any more."""
    reference, label = event["order"]["reference"], ", ".join(each["label"] for each in event["labels"])
    print(f"{reference} {event['seq']} {event['event']}  {label}", flush=True)
    if event["event"] == "start":
        kept.execute("INSERT OR IGNORE INTO to_ship VALUES (?, ?)", [event["unit"], reference])
    else:
        kept.execute("DELETE FROM to_ship WHERE line = ?", [event["unit"]])


# Shipping


def ship(http: httpx.Client, kept: sqlite3.Connection) -> None:
    """Report all that is on the list as shipped; what is not taken goes aside, for a person.

    Where it is interrupted the next run sends the same again: what was taken is then so already.
    """
    rows = kept.execute("SELECT reference, line, rowid FROM to_ship ORDER BY rowid").fetchall()
    if not rows:
        print("nothing to ship")
        return
    with SHIPPED.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_reference", "line_id", "event", "carrier", "tracking_number"])
        # The number stays a line's own, so that its row says the same when it is sent again.
        writer.writerows([reference, line, "Shipped", "DHL", f"JD{n:06}"] for reference, line, n in rows)
    counts = dict.fromkeys(("APPLIED", "ALREADY", "REFUSED", "INVALID"), 0)
    with kept, ASIDE.open("a", newline="") as aside:
        for told in report(http, upload(http, SHIPPED)):
            reference, line, _ = rows[told["row"] - 2]  # row 1 is the header
            counts[told["outcome"]] += 1
            if told["message"]:
                csv.writer(aside).writerow([reference, line, told["message"], " ".join(told["possible"])])
            kept.execute("DELETE FROM to_ship WHERE line = ?", [line])
    print(", ".join(f"{count} {outcome.lower()}" for outcome, count in counts.items()))


def upload(http: httpx.Client, path: Path) -> str:
    """Send a file as a GraphQL multipart request; the import's id."""
    operations = {"query": operation("upload"), "variables": {"file": None}}
    with path.open("rb") as file:
        response = http.post(
            "/graphql",
            data={"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'},
            files={"0": (path.name, file, "text/csv")},
            timeout=600,
        )
    taken = read(response)["importOrderStatus"]
    if taken["errors"]:
        raise Refused("\n".join(error["message"] for error in taken["errors"]))
    return taken["import"]["id"]


def report(http: httpx.Client, id: str) -> Iterator[dict[str, Any]]:
    """What became of each row, once the import is over."""
    while ask(http, "report", **{"import": id})["import"]["state"] in ("CHECKING", "APPLYING"):
        time.sleep(1)
    after = None
    while True:
        told = ask(http, "report", **{"import": id, "after": after})["import"]["report"]
        yield from told["nodes"]
        if not told["hasMore"]:
            return
        after = told["cursor"]


def main() -> None:
    """Do what the command line says, with the files of this folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["follow", "ship"])
    command = parser.parse_args().command
    if not os.environ.get("ORDERFLOW_TOKEN"):
        sys.exit("Set ORDERFLOW_TOKEN to a merchant's token first.")
    with (
        closing(sqlite3.connect("erp.sqlite", timeout=30)) as kept,
        httpx.Client(base_url=URL, headers=HEADERS, timeout=20) as http,
    ):
        kept.executescript(TABLES)
        try:
            follow(http, kept) if command == "follow" else ship(http, kept)
        except Refused as refused:
            sys.exit(str(refused))
        except httpx.TransportError as lost:
            sys.exit(f"{URL} cannot be reached: {lost}")
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
