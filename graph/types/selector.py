"""How an order is named in an argument: by exactly one of three names."""

import strawberry


@strawberry.input(
    one_of=True, description="Names one order, in exactly one way. What the viewer may not see is not found."
)
class OrderSelector:
    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The id that this viewer reads on the order."
    )
    reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="The reference, such as K7QW-2M9X; upper or lower case."
    )
    external_reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="The reference that whoever placed the order gave it."
    )

    def __post_init__(self) -> None:
        # Only the names that were not given are unset: the schema lets nobody leave all out or send null.
        for name in ("id", "reference", "external_reference"):
            if getattr(self, name) is strawberry.UNSET:
                setattr(self, name, None)
