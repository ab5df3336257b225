"""Revoking tokens: whoever holds them is refused from then on, and its running subscriptions end."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.utils.str_converters import to_camel_case

from domain.actors import Role
from graph.auth import utc_now
from graph.errors import Busy, OrderError, invalid
from graph.mutations.given import too_long
from graph.mutations.why_not import FAILURES, from_failure
from graph.viewer import Info, viewer_in
from storage.client import OutcomeUnknown
from storage.revocations import Kind

_LONGEST = 255
"""Characters of a name."""


@strawberry.input(
    one_of=True,
    description="Names tokens, in exactly one way. All but `tokenId` mean those issued until now: later ones "
    "are good.",
)
class TokenSelector:
    token_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="One token, by its claim `jti`."
    )
    subject: str | None = strawberry.field(
        default=strawberry.UNSET, description="All tokens of somebody, by the claim `sub`."
    )
    merchant_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="All tokens that act for a merchant, whoever holds them."
    )
    customer_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="All tokens that act for a customer."
    )


@strawberry.input(description="Which tokens to revoke, and why.")
class RevokeTokensInput:
    tokens: TokenSelector = strawberry.field(description="Which tokens.")
    reason: str | None = strawberry.field(default=None, description="Why; kept with the revocation.")


@strawberry.type(description="What became of revoking tokens.")
class RevokeTokensPayload:
    issued_until: datetime | None = strawberry.field(
        description="Tokens that were issued until then are revoked; null for a single token, and when "
        "nothing was done."
    )
    errors: list[OrderError] = strawberry.field(description="Why nothing was done.")


_KINDS: dict[str, Kind] = {
    "token_id": "token",
    "subject": "subject",
    "merchant_id": "merchant",
    "customer_id": "customer",
}


@strawberry.mutation(
    description="Revokes tokens before they expire: requests with them are refused at once, and within "
    "seconds by all processes; their running subscriptions end. It cannot be taken back, and nothing more "
    "happens when it is sent again. For the role MARKETPLACE."
)
async def revoke_tokens(
    info: Info,
    input: Annotated[RevokeTokensInput, strawberry.argument(description="Which tokens, and why.")],
) -> RevokeTokensPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE)
    field, name = _named(input.tokens)
    problems = list(too_long(input))
    if not (0 < len(name) <= _LONGEST and name.isprintable()):
        sentence = f"This needs 1 to {_LONGEST} printable characters."
        problems.append(invalid(sentence, "tokens", to_camel_case(field)))
    if problems:
        return RevokeTokensPayload(issued_until=None, errors=problems)
    now, kind = utc_now(), _KINDS[field]
    try:
        await viewer.services.revocations.revoke(kind, name, now=now, by=viewer.actor.id, reason=input.reason)
    except FAILURES as failure:
        return RevokeTokensPayload(issued_until=None, errors=[_why(failure)])
    return RevokeTokensPayload(issued_until=None if kind == "token" else now, errors=[])


def _named(tokens: TokenSelector) -> tuple[str, str]:
    """Which field was given, and what it says: the schema lets nobody give none or two."""
    given = {name: value for name in _KINDS if isinstance(value := getattr(tokens, name), str)}
    ((field, name),) = given.items()
    return field, name


def _why(failure: Exception) -> OrderError:
    if isinstance(failure, OutcomeUnknown):
        sentence = "The database did not confirm in time, so they may be revoked or not. Send it again."
        return Busy(message=sentence, path=[])
    return from_failure(failure)
