"""Requests to cancel and who canceled; whose id a viewer reads follows what its history tells it."""

from datetime import datetime

import strawberry

from domain.actors import Actor, Audience
from domain.cancellations import Cancellation as DomainCancellation
from domain.cancellations import CancellationRequest as DomainRequest
from graph.types.enums import Role, Verdict
from graph.types.ids import REQUEST, encode
from storage.publication import KNOWN


@strawberry.type(description="A request to cancel a merchant order.")
class CancellationRequest:
    id: strawberry.ID = strawberry.field(description="Its id, unique over all types.")
    by: str | None = strawberry.field(description="Who asked; null: not for this viewer.")
    role: Role = strawberry.field(description="In which role it was asked.")
    at: datetime = strawberry.field(description="When.")
    reason: str | None = strawberry.field(description="Why.")
    deadline: datetime = strawberry.field(description="When no answer counts as yes.")
    restores: str | None = strawberry.field(
        description="The code of the state that a denial goes back to; null: not for this viewer."
    )
    verdict: Verdict | None = strawberry.field(description="How it ended; null: it is not decided.")
    decided_by: str | None = strawberry.field(
        description="Who decided; null: nobody yet, or not for this viewer."
    )
    decided_role: Role | None = strawberry.field(description="In which role it was decided.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    answer: str | None = strawberry.field(description="The reason that whoever decided gave.")


@strawberry.type(description="A request to cancel as the customer sees it.")
class CustomerCancellationRequest:
    at: datetime = strawberry.field(description="When it was asked.")
    reason: str | None = strawberry.field(description="Why it was asked.")
    deadline: datetime = strawberry.field(description="When no answer counts as yes.")
    verdict: Verdict | None = strawberry.field(description="How it ended; null: it is not decided.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    answer: str | None = strawberry.field(description="The reason that whoever decided gave.")


@strawberry.type(
    description="Who canceled a merchant order and why. The first is kept, whatever happens later."
)
class Cancellation:
    by: str | None = strawberry.field(description="Who canceled; null: not for this viewer.")
    role: Role = strawberry.field(description="In which role.")
    at: datetime = strawberry.field(description="When.")
    event: str = strawberry.field(description="The event that canceled it.")
    reason: str | None = strawberry.field(description="The reason that was given.")


def request_view(request: DomainRequest, audience: Audience, *, states: bool) -> CancellationRequest:
    """Return one request as this audience sees it; with `states` it reads the code of the one restored."""
    decided_by = request.decided_by
    return CancellationRequest(
        id=encode(REQUEST, request.id),
        by=_known(request.by, audience),
        role=request.by.role,
        at=request.at,
        reason=request.reason,
        deadline=request.deadline,
        restores=request.restores if states else None,
        verdict=request.verdict,
        decided_by=decided_by and _known(decided_by, audience),
        decided_role=decided_by and decided_by.role,
        decided_at=request.decided_at,
        answer=request.answer,
    )


def customer_request_view(request: DomainRequest) -> CustomerCancellationRequest:
    """Return one request as the customer sees it."""
    return CustomerCancellationRequest(
        at=request.at,
        reason=request.reason,
        deadline=request.deadline,
        verdict=request.verdict,
        decided_at=request.decided_at,
        answer=request.answer,
    )


def cancellation_view(cancellation: DomainCancellation | None, audience: Audience) -> Cancellation | None:
    """Return who canceled, as this audience may know it."""
    return cancellation and Cancellation(
        by=_known(cancellation.by, audience),
        role=cancellation.by.role,
        at=cancellation.at,
        event=cancellation.event,
        reason=cancellation.reason,
    )


def _known(actor: Actor, audience: Audience) -> str | None:
    return actor.id if actor.role in KNOWN[audience] else None
