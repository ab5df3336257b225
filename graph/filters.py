"""What lists of orders can be filtered by, per application. Everything offered here is served by an index.

A viewer is offered no filter on what it does not see.
"""

from dataclasses import replace
from datetime import datetime

import strawberry

from domain.actors import Audience
from domain.processes import PROCESSES
from graph.codes import check_state, check_status
from graph.refusals import BadInput
from graph.types.enums import CommandKind, CommandStatus, OrderProblem, Party, RefundStatus
from graph.types.scalars import BigInt
from storage.lists import Where

_LONGEST = 200
"""Characters of a text to look for."""

_PORTAL = tuple(
    dict.fromkeys(party for each in PROCESSES.values() for party in each.follows(Audience.MERCHANT_PORTAL))
)
"""The parties whose machines merchants follow, in one process or another."""


@strawberry.input
class CommonWhere:
    """The filters that every application has; not a type of the schema."""

    status: str | None = strawberry.field(
        default=None, description="The code of the status that this viewer reads, such as in_progress."
    )
    placed_after: datetime | None = strawberry.field(default=None, description="Placed then or later.")
    placed_before: datetime | None = strawberry.field(default=None, description="Placed earlier.")
    changed_after: datetime | None = strawberry.field(default=None, description="Last changed then or later.")
    changed_before: datetime | None = strawberry.field(default=None, description="Last changed earlier.")
    total_min: BigInt | None = strawberry.field(
        default=None, description="A total of at least this, in the smallest unit of the order's currency."
    )
    total_max: BigInt | None = strawberry.field(
        default=None, description="A total of at most this, in the smallest unit of the order's currency."
    )
    sku: str | None = strawberry.field(default=None, description="A line has this product code.")
    tracking_number: str | None = strawberry.field(
        default=None, description="A line or what an invoice sells was shipped under it."
    )
    reference: str | None = strawberry.field(default=None, description="It has this reference.")


@strawberry.input(description="Which orders; every condition given must hold.")
class OrderWhere(CommonWhere):
    state: "StateWhere | None" = strawberry.field(default=None, description="A machine stands here.")
    merchant_id: str | None = strawberry.field(default=None, description="This merchant sells a line of it.")
    customer_id: str | None = strawberry.field(default=None, description="This customer bought.")
    refund: RefundStatus | None = strawberry.field(
        default=None, description="It has a refund that stands here."
    )
    invoice_number: str | None = strawberry.field(
        default=None, description="One of its invoices has this number."
    )
    command: "CommandWhere | None" = strawberry.field(
        default=None, description="It has a command to the payment provider that stands here."
    )
    problem: OrderProblem | None = strawberry.field(
        default=None, description="Somebody has to look after this."
    )
    and_: list["OrderWhere"] | None = strawberry.field(
        name="and", default=None, description="All of these hold as well."
    )
    or_: list["OrderWhere"] | None = strawberry.field(
        name="or", default=None, description="At least one of these holds as well."
    )
    not_: "OrderWhere | None" = strawberry.field(name="not", default=None, description="This does not hold.")


@strawberry.input(description="A command to the payment provider.")
class CommandWhere:
    status: CommandStatus = strawberry.field(description="Where it stands.")
    kind: CommandKind | None = strawberry.field(
        default=None, description="What is to be done; any when left out."
    )


@strawberry.input(description="A machine of this party stands in this state, on any line or merchant order.")
class StateWhere:
    party: Party = strawberry.field(description="Whose machine.")
    code: str = strawberry.field(description="The state's code.")


@strawberry.input(description="Which merchant orders; every condition given must hold.")
class MerchantOrderWhere(CommonWhere):
    state: str | None = strawberry.field(
        default=None,
        description="The machine that the merchant follows stands in the state with this code, on any line "
        "or on the merchant order.",
    )
    invoice_number: str | None = strawberry.field(
        default=None, description="One of its invoices has this number."
    )
    and_: list["MerchantOrderWhere"] | None = strawberry.field(
        name="and", default=None, description="All of these hold as well."
    )
    or_: list["MerchantOrderWhere"] | None = strawberry.field(
        name="or", default=None, description="At least one of these holds as well."
    )
    not_: "MerchantOrderWhere | None" = strawberry.field(
        name="not", default=None, description="This does not hold."
    )


@strawberry.input(description="Which of the customer's orders; every condition given must hold.")
class CustomerOrderWhere(CommonWhere):
    and_: list["CustomerOrderWhere"] | None = strawberry.field(
        name="and", default=None, description="All of these hold as well."
    )
    or_: list["CustomerOrderWhere"] | None = strawberry.field(
        name="or", default=None, description="At least one of these holds as well."
    )
    not_: "CustomerOrderWhere | None" = strawberry.field(
        name="not", default=None, description="This does not hold."
    )


AnyWhere = OrderWhere | MerchantOrderWhere | CustomerOrderWhere


def where_of(given: AnyWhere | None, search: str | None) -> Where:
    """Return what storage looks for. Raises BadInput for a search too long, and for codes that are none.

    How many parts a filter may have is checked before anything runs (graph.limits).
    """
    if search is not None and len(search) > _LONGEST:
        raise BadInput(f"A search has at most {_LONGEST} characters.")
    if given is None:
        return Where(search=search)
    return replace(_where(given), search=search)


def _where(given: AnyWhere) -> Where:
    if given.status is not None:
        check_status(given.status, _audience(given))
    found = Where(
        status=given.status,
        placed_after=given.placed_after,
        placed_before=given.placed_before,
        changed_after=given.changed_after,
        changed_before=given.changed_before,
        total_min=given.total_min,
        total_max=given.total_max,
        sku=given.sku,
        tracking_number=given.tracking_number,
        reference=given.reference,
        and_=tuple(_where(each) for each in given.and_ or ()),
        or_=tuple(_where(each) for each in given.or_ or ()),
        not_=_where(given.not_) if given.not_ else None,
    )
    match given:
        case OrderWhere():
            state = given.state and (given.state.party, given.state.code)
            if given.state:
                check_state(given.state.code, given.state.party)
            return replace(
                found,
                state=state,
                merchant_id=given.merchant_id,
                customer_id=given.customer_id,
                refund=given.refund,
                invoice_number=given.invoice_number,
                command=given.command and (given.command.kind, given.command.status),
                problem=given.problem,
            )
        case MerchantOrderWhere():
            found = replace(found, invoice_number=given.invoice_number)
            if given.state is None:
                return found
            check_state(given.state, None)
            return _standing(found, given.state)
        case CustomerOrderWhere():
            return found


def _audience(given: AnyWhere) -> Audience:
    """Whose statuses it asks for."""
    match given:
        case OrderWhere():
            return Audience.BACK_OFFICE
        case MerchantOrderWhere():
            return Audience.MERCHANT_PORTAL
        case CustomerOrderWhere():
            return Audience.STOREFRONT


def _standing(found: Where, code: str) -> Where:
    """Where a machine that merchants follow stands in this state as well, whoever runs it."""
    anywhere = Where(or_=tuple(Where(state=(party, code)) for party in _PORTAL))
    return replace(found, and_=(*found.and_, anywhere))
