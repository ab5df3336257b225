"""The merchants that sell on the marketplace, with the policies that each has set for itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.policies import PolicyValue
from storage.client import Collection, Database, Document, DuplicateKey
from storage.documents import policies_in, policies_out
from storage.errors import MerchantIdInvalid, MerchantUnknown

# Ids become part of topics and of field names in stored documents.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_merchant_id(text: str) -> bool:
    """Say whether a merchant can be registered under this id."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant; `policies` by name, only those it has set."""

    id: str
    name: str
    policies: Mapping[str, PolicyValue]


@dataclass(frozen=True, slots=True)
class Merchants:
    """The registered merchants of one database."""

    database: Database

    async def get_many(self, ids: Iterable[str]) -> dict[str, Merchant]:
        """Return the merchants with these ids, by id; those that do not exist are left out."""
        found = self._merchants.find({"_id": {"$in": sorted(set(ids))}})
        return {stored["_id"]: _merchant(stored) for stored in await found.to_list()}

    async def page(self, first: int, after: str = "") -> list[Merchant]:
        """Return up to `first` merchants whose ids follow `after`, by id."""
        found = self._merchants.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=first)
        return [_merchant(stored) for stored in await found.to_list()]

    async def count(self) -> int:
        """Return how many merchants are registered."""
        return await self._merchants.count_documents({})

    async def register(self, id: str, name: str) -> Merchant:
        """Make a merchant known, or give a known one its new name. Raises MerchantIdInvalid."""
        if not is_merchant_id(id):
            raise MerchantIdInvalid(id)
        named: Document = {"$set": {"name": name}, "$setOnInsert": {"policies": {}}}
        try:
            await self._merchants.update_one({"_id": id}, named, upsert=True)
        except DuplicateKey:  # registered by two at once: now it is there
            await self._merchants.update_one({"_id": id}, named)
        return await self._get(id)

    async def set_policies(self, id: str, policies: Mapping[str, PolicyValue]) -> Merchant:
        """Set these policies for orders placed from now on; the others stay. Raises MerchantUnknown."""
        if policies:
            put = {f"policies.{name}": value for name, value in policies_in(policies).items()}
            await self._merchants.update_one({"_id": id}, {"$set": put})
        return await self._get(id)

    @property
    def _merchants(self) -> Collection:
        return self.database.collection("merchants")

    async def _get(self, id: str) -> Merchant:
        found = (await self.get_many([id])).get(id)
        if found is None:
            raise MerchantUnknown(id)
        return found


def _merchant(stored: Document) -> Merchant:
    return Merchant(stored["_id"], stored["name"], policies_out(stored["policies"]))
