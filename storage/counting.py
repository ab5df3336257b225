"""A merchant counts one SKU: the row is read and written again unless somebody was faster, until it is in."""

import asyncio
from dataclasses import dataclass
from random import SystemRandom

from domain.stocking import Key
from storage.client import Collection, DatabaseUnavailable, Document, DuplicateKey, OutcomeUnknown
from storage.clock import Clock
from storage.errors import TooBusy, VersionConflict
from storage.stock_rows import row_id
from storage.values import naive

_TRIES = 8
_random = SystemRandom()


@dataclass(slots=True)
class Count:
    """One count, in up to eight tries; see `Stock.count`."""

    rows: Collection
    clock: Clock
    key: Key
    on_hand: int
    expected_version: int | None
    command: str

    async def carry_out(self) -> Document:
        """Return the row as it is once this count or one that followed it is in."""
        unknown: OutcomeUnknown | None = None
        met: Document | None = None  # what the first write of unknown outcome was to change
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_random.uniform(0, 0.005 * 2**attempt))
            try:
                row = await self.rows.find_one({"_id": row_id(self.key)})
                if row and (row["counted_by"] == self.command or (unknown and _counted_since(met, row))):
                    return row
                actual = row["version"] if row else 0
                if self.expected_version not in (None, actual):
                    raise VersionConflict(self.expected_version, actual, "stock")
                met = met if unknown else row
                if (written := await self._write(row)) is not None:
                    return written
            except OutcomeUnknown as error:
                unknown = error
            except DatabaseUnavailable as error:
                raise (unknown or error) from None  # what was sent before may have arrived
        raise unknown or TooBusy(row_id(self.key), "stock")

    async def _write(self, row: Document | None) -> Document | None:
        """Store the counted row in place of the one that was read; None when somebody was faster."""
        new = await self._counted(row)
        if row is None:
            try:
                await self.rows.insert_one(new)
            except DuplicateKey:  # by another count, or by this one, sent twice
                return None
            return new
        result = await self.rows.update_one({"_id": row["_id"], "version": row["version"]}, {"$set": new})
        return new if result.matched_count else None

    async def _counted(self, row: Document | None) -> Document:
        merchant_id, sku = self.key
        held, confirmed = (row["held"], row["confirmed"]) if row else (0, 0)
        available = self.on_hand - held - confirmed
        version = row["version"] + 1 if row else 1
        new: Document = {
            "_id": row_id(self.key),
            "merchant_id": merchant_id,
            "sku": sku,
            "on_hand": self.on_hand,
            "held": held,
            "confirmed": confirmed,
            "acknowledged": 0,
            "available": available,
            "version": version,
            "changed_at": naive(await self.clock.now()),
            "counted_by": self.command,
        }
        if row and available > row["available"]:
            new["awake"] = version  # in the same write, so that no order that waits is forgotten
        return new


def _counted_since(met: Document | None, row: Document) -> bool:
    """Whether a count followed on the row that one met: then it came before that, or it is as if it had."""
    return met is None or met["counted_by"] != row["counted_by"]
