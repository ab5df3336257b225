"""What becomes of a merchant order: where it stands, its invoices, requests to cancel it, its stock.

Whoever looks is shown no more than it may know: states and labels of its own, who did it where its history
tells that too.
"""

from dataclasses import replace
from datetime import datetime

import strawberry

from domain.actors import Audience, Role
from domain.handling import at_risk
from domain.invoiced import invoiced, left_to_invoice, returned
from domain.order import MerchantOrder
from domain.stocking import wanting
from graph.parties import parties_read
from graph.seen import Seen
from graph.types.cancellations import Cancellation, CancellationRequest, cancellation_view, request_view
from graph.types.ids import MERCHANT_ORDER, encode
from graph.types.invoices import Invoice, invoice_view
from graph.types.money import Money, money_of
from graph.types.restocks import Restock, restock_view
from graph.types.states import PartyState, party_state_view
from graph.types.status import AudienceStatus, status_view


@strawberry.type
class Handled:
    """The fields of a merchant order that its process fills; not a type of the schema."""

    seen: strawberry.Private[Seen]

    @strawberry.field(
        description="Where the machines stand that this viewer may follow; none where lines move."
    )
    def states(self) -> list[PartyState]:
        process = self.seen.process
        parties = parties_read(process, self.seen.viewer.role)
        positions = self._theirs.positions.items()
        return [party_state_view(process, party, at) for party, at in positions if party in parties]

    @strawberry.field(
        description="What every audience reads about it; for a merchant only what it reads itself."
    )
    def statuses(self) -> list[AudienceStatus]:
        own = self.seen.viewer.audience
        everybodys = self.seen.viewer.role is Role.MARKETPLACE
        return [
            AudienceStatus(audience=audience, status=status_view(self.seen.status_for(audience)))
            for audience in (Audience if everybodys else (own,))
        ]

    @strawberry.field(
        description="When its payment was approved; null: not yet, or it is for a chain to tell this viewer."
    )
    def approved_at(self) -> datetime | None:
        return self._approved_at

    @strawberry.field(
        description="Its merchant authorized it itself, at its own risk: its payment is not known to be "
        "approved, and it is not canceled."
    )
    def overridden(self) -> bool:
        return at_risk(replace(self._theirs, approved_at=self._approved_at))

    @strawberry.field(
        description="When its merchant authorized it itself, at its own risk; null: it did not."
    )
    def overridden_at(self) -> datetime | None:
        return self._theirs.overridden_at

    @strawberry.field(description="When handling started; null: not yet.")
    def handled_at(self) -> datetime | None:
        return self._theirs.handled_at

    @strawberry.field(description="It is packed and waits for its invoice.")
    def packed(self) -> bool:
        return self._theirs.packed

    @strawberry.field(description="Its invoices, in the order in which they came in.")
    def invoices(self) -> list[Invoice]:
        return [invoice_view(each, self._currency) for each in self._theirs.invoices]

    @strawberry.field(description="What its Output invoices come to.")
    def invoiced(self) -> Money:
        return money_of(invoiced(self._theirs), self._currency)

    @strawberry.field(
        description="What of its total is on no Output invoice yet; null: its process knows no invoices."
    )
    def left_to_invoice(self) -> Money | None:
        if not self.seen.process.captures_later:
            return None
        return money_of(left_to_invoice(self.seen.order, self._theirs), self._currency)

    @strawberry.field(description="What its Input invoices come to.")
    def returned(self) -> Money:
        return money_of(returned(self._theirs), self._currency)

    @strawberry.field(description="Who asked to cancel it, oldest first.")
    def cancellation_requests(self) -> list[CancellationRequest]:
        viewer, process = self.seen.viewer, self.seen.process
        states = process.first in parties_read(process, viewer.role)  # it is asked of the first machine
        return [request_view(each, viewer.audience, states=states) for each in self._theirs.requests]

    @strawberry.field(description="Who canceled it and why; null: nobody did.")
    def cancellation(self) -> Cancellation | None:
        return cancellation_view(self._theirs.cancellation, self.seen.viewer.audience)

    @strawberry.field(
        description="Pieces that its merchant has to put back on the shelf: they are not bought any more."
    )
    def restocks(self) -> list[Restock]:
        return [restock_view(each) for each in self._theirs.restocks]

    @strawberry.field(description="The product codes for which it waits, since there is not enough in stock.")
    def missing_stock(self) -> list[str]:
        return list(dict.fromkeys(line.sku for line in wanting(self.seen.order, self._theirs)))

    @strawberry.field(
        description="The merchant order that took its lines over; null: none, or not for this viewer."
    )
    def replaced_by(self) -> strawberry.ID | None:
        heir = self._theirs.replaced_by
        return encode(MERCHANT_ORDER, heir) if heir and self.seen.viewer.role is Role.MARKETPLACE else None

    @property
    def _theirs(self) -> MerchantOrder:
        theirs = self.seen.merchant_order
        assert theirs is not None, "a merchant order is looked at"
        return theirs

    @property
    def _approved_at(self) -> datetime | None:
        known = {self.seen.process.first, *parties_read(self.seen.process, self.seen.viewer.role)}
        # A chain may not have passed the authorization on; its merchant must not learn of it another way.
        return self._theirs.approved_at if known >= self._theirs.positions.keys() else None

    @property
    def _currency(self) -> str:
        return self.seen.order.currency
