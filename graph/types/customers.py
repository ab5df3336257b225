"""Who bought, as the marketplace knows it."""

import strawberry


@strawberry.type(description="Who bought.")
class Customer:
    id: str = strawberry.field(description="The customer's id, as in its token's customer_id.")
    name: str = strawberry.field(description="The name.")
    email: str = strawberry.field(description="The e-mail address.")
