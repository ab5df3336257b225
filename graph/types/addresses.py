"""Where goods go, for whoever sends or receives them."""

import strawberry

from domain.order import Address as DomainAddress


@strawberry.type(description="Where the goods go.")
class Address:
    recipient: str = strawberry.field(description="Who receives them.")
    street: str = strawberry.field(description="Street and house number.")
    postal_code: str = strawberry.field(description="The postal code.")
    city: str = strawberry.field(description="The city.")
    region: str | None = strawberry.field(description="The region or state, where addresses have one.")
    country: str = strawberry.field(description="The country's ISO 3166 code, such as DE.")


def address_view(address: DomainAddress | None) -> Address | None:
    """Return an address as the API shows it; None where it is not known yet."""
    return address and Address(
        recipient=address.recipient,
        street=address.street,
        postal_code=address.postal_code,
        city=address.city,
        region=address.region,
        country=address.country,
    )
