"""What can be looked up again by its global id."""

import strawberry


@strawberry.interface(description="Anything that `node(id)` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque id, unique over all types.")
