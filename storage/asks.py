"""When an order's pending commands are due, kept while others change the order: `asks` and `next_command`.

To give a command out is no change of the order: it raises `leases`, not the version. So a change may be
decided on asks that are outdated when it is written. Design: storage, "Commands to outside systems".
"""

from collections.abc import Mapping
from typing import Any

from domain.commands import CommandStatus
from storage.client import Collection, Document
from storage.keys import key
from storage.scope import Scope


def keep_due(update: Document, document: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    """Let a change of the order move `next_command` to an earlier time only, unless nothing is pending.

    What the change has read may be outdated in either direction. A time that is too early costs whoever looks
    one look, and is then put right; one that is too late would let a command wait.
    """
    if "next_command" in document:
        update["$min"] = {"next_command": document["next_command"]}
    elif "next_command" in stored:
        update.setdefault("$unset", {})["next_command"] = ""


async def adopt(orders: Collection) -> None:
    """Let commands be found that were asked for before this was noted: they are due since then.

    Safe to call by several processes at once, at every start.
    """
    pending = key(Scope.marketplace(), "command", CommandStatus.PENDING)
    where = {"keys": pending, "next_command": {"$exists": False}}
    async for row in orders.find(where, {"commands": 1}):
        asked = (each["asked_at"] for each in row["commands"] if each["status"] == CommandStatus.PENDING)
        due: Document = {"$min": {"next_command": min(asked)}}
        await orders.update_one({"_id": row["_id"], "keys": pending}, due)
