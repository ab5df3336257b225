"""What the marketplace sets for itself: its policies. What a policy may be is the process's to say."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.policies import PolicyValue
from storage.client import Database
from storage.documents import policies_in, policies_out

_MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True)
class Settings:
    """The marketplace's settings, shared by all processes through the database."""

    database: Database

    async def marketplace_policies(self) -> dict[str, PolicyValue]:
        """Return the policies that were set, by name; whatever is missing has its process's default."""
        stored = await self.database.collection("settings").find_one({"_id": _MARKETPLACE})
        return policies_out(stored["policies"]) if stored else {}

    async def set_marketplace_policies(self, policies: Mapping[str, PolicyValue]) -> dict[str, PolicyValue]:
        """Set these policies for orders placed from now on; the others stay. Returns all that are set."""
        if policies:
            put = {f"policies.{name}": value for name, value in policies_in(policies).items()}
            await self.database.collection("settings").update_one(
                {"_id": _MARKETPLACE}, {"$set": put}, upsert=True
            )
        return await self.marketplace_policies()
