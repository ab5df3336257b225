"""Who looks at orders: the role, the actor and the scope that a token stands for.

Only roles are decided here; what a role sees of an order stands in `graph.seen`.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, assert_never

import strawberry
from strawberry.dataloader import DataLoader

from domain.actors import Actor, Audience, Role
from graph.auth import Principal, TokenMalformed
from graph.context import Context
from graph.refusals import Forbidden
from graph.services import Services
from graph.types.ids import MERCHANT_ORDER
from storage.merchants import is_merchant_id
from storage.scope import Scope

_ORDER_TYPES = {
    Role.MARKETPLACE: "Order",
    Role.MERCHANT: MERCHANT_ORDER,
    Role.CUSTOMER: "CustomerOrder",
    Role.PAYMENTS: "PaymentsOrder",
    Role.LOGISTICS: "LogisticsOrder",
}

Info: TypeAlias = strawberry.Info[Context, None]
"""What Strawberry hands to resolvers, with this API's context."""


@dataclass(slots=True)
class Viewer:
    """One authenticated asker during one operation.

    `now` is read once, so that one answer has one time; the names of merchants all that are needed at once.
    Both are shielded: a field whose sibling failed is canceled, and must not take them from the other fields.
    """

    principal: Principal
    services: Services
    role: Role
    actor: Actor
    scope: Scope
    audience: Audience
    _names: DataLoader[str, str] = field(init=False, repr=False)
    _now: asyncio.Future[datetime] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._names = DataLoader(self._merchant_names)

    @property
    def order_type(self) -> str:
        """The type in the ids that this viewer reads on orders."""
        return _ORDER_TYPES[self.role]

    async def now(self) -> datetime:
        """The time of orders (aware, UTC)."""
        if self._now is None:
            self._now = asyncio.ensure_future(self.services.clock.now())
        return await asyncio.shield(self._now)

    async def merchant_name(self, merchant_id: str) -> str:
        """The merchant's name; its id where it has none."""
        return await asyncio.shield(self._names.load(merchant_id))

    async def _merchant_names(self, ids: list[str]) -> list[str]:
        """Names in one request for all that an answer needs."""
        merchants = await self.services.merchants.get_many(ids)
        return [merchants[id].name if id in merchants else id for id in ids]


def viewer_of(context: Context) -> Viewer:
    """The viewer of an operation. Raises TokenMissing (code UNAUTHENTICATED) for an anonymous asker,
    TokenMalformed for a merchant that cannot exist.
    """
    principal = context.authenticated()
    return Viewer(
        principal=principal,
        services=context.services,
        role=principal.role,
        actor=Actor(principal.sub, principal.role),
        scope=_scope(principal),
        audience=_audience(principal.role),
    )


def viewer_in(context: Context, *roles: Role) -> Viewer:
    """The viewer, who must have one of these roles. Raises TokenMissing or Forbidden."""
    viewer = viewer_of(context)
    if viewer.role not in roles:
        raise Forbidden(roles)
    return viewer


def _scope(principal: Principal) -> Scope:
    if principal.merchant_id and not is_merchant_id(principal.merchant_id):
        raise TokenMalformed("its merchant_id is no merchant's id")  # nor part of a field's name
    match principal.role:
        case Role.MERCHANT:
            assert principal.merchant_id, "checked when the token was read"
            return Scope.merchant(principal.merchant_id)
        case Role.CUSTOMER:
            assert principal.customer_id, "checked when the token was read"
            return Scope.customer(principal.customer_id)
        case Role.LOGISTICS if principal.merchant_id:
            return Scope.merchant(principal.merchant_id)
        case Role.MARKETPLACE | Role.PAYMENTS | Role.LOGISTICS:
            return Scope.marketplace()
        case Role.SYSTEM:
            raise AssertionError("no token has this role")
        case _:
            assert_never(principal.role)


def _audience(role: Role) -> Audience:
    """Whose labels the role reads."""
    match role:
        case Role.MERCHANT | Role.LOGISTICS:
            return Audience.MERCHANT_PORTAL
        case Role.CUSTOMER:
            return Audience.STOREFRONT
        case Role.MARKETPLACE | Role.PAYMENTS | Role.SYSTEM:
            return Audience.BACK_OFFICE
        case _:
            assert_never(role)
