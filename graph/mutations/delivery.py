"""Where an order goes and how it is paid, in inputs: read into the domain's values, with what is wrong."""

import re
from collections.abc import Iterator

import strawberry
from strawberry.utils.str_converters import to_camel_case

from domain.order import Address
from graph.errors import OrderError, invalid
from graph.mutations.texts import LONGEST, trimmed

_COUNTRY = re.compile(r"[A-Z]{2}")
_NEEDED = ("recipient", "street", "postal_code", "city")


@strawberry.input(description="Where an order is delivered.")
class AddressInput:
    recipient: str = strawberry.field(description="Who receives it.")
    street: str = strawberry.field(description="Street and number, and what else the carrier needs.")
    postal_code: str = strawberry.field(description="The postal code.")
    city: str = strawberry.field(description="The city.")
    country: str = strawberry.field(
        description="The country's ISO 3166 code of two capital letters, such as DE."
    )
    region: str | None = strawberry.field(
        default=None, description="State, province or region, where addresses have one."
    )


def address_of(sent: AddressInput | None) -> Address | None:
    """Return the address that was sent, without blanks around its parts."""
    if sent is None:
        return None
    recipient, street, postal_code, city = (getattr(sent, name).strip() for name in _NEEDED)
    return Address(recipient, street, postal_code, city, sent.country, trimmed(sent.region))


def wrong_address(sent: AddressInput | None, *path: str) -> Iterator[OrderError]:
    """Yield what is wrong with the address that was sent at this place of the input."""
    if sent is None:
        return
    for name in _NEEDED:
        if not 0 < len(getattr(sent, name).strip()) <= LONGEST:
            yield invalid(f"This needs 1 to {LONGEST} characters.", *path, to_camel_case(name))
    if not _COUNTRY.fullmatch(sent.country):
        yield invalid("A country is two capital letters (ISO 3166), such as DE.", *path, "country")
    if len(sent.region or "") > LONGEST:
        yield invalid(f"This can have {LONGEST} characters at most.", *path, "region")


def wrong_method(sent: str | None) -> Iterator[OrderError]:
    """Yield what is wrong with a payment method that was sent."""
    if sent is not None and not 0 < len(sent.strip()) <= LONGEST:
        yield invalid(f"This needs 1 to {LONGEST} characters.", "paymentMethod")
