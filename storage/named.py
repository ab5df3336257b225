"""Orders by their references, many in one look, with what happened to them: for who goes through a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.order import Entry, Order
from storage import history
from storage.client import Database, Document
from storage.documents import FIELDS, from_document
from storage.keys import key
from storage.lists import both
from storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Named:
    """An order as it was stored; reading it raises what a broken document raises."""

    database: Database
    stored: Document

    def order(self) -> Order:
        """Return the order."""
        return from_document(self.stored)

    async def history(self) -> list[Entry]:
        """Return all that happened to it, oldest first."""
        return await history.of(self.database, self.stored)


async def by_references(database: Database, scope: Scope, references: Sequence[str]) -> Mapping[str, Named]:
    """Return the orders of this scope that are named so, each by its name as it is given (upper case)."""
    names = {key(scope, "reference", reference): reference for reference in references}
    # Twenty by themselves take the stand-in six times as long.
    where = both({"keys": {"$in": list(names)}}, scope.order_filter())
    fields = {**FIELDS, "history": 1, "archived": 1, "keys": 1}
    found = await database.collection("orders").find(where, fields).to_list()
    return {
        names[word]: Named(database, stored) for stored in found for word in stored["keys"] if word in names
    }
