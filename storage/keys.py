"""What an order can be found by: plain words in one indexed list, each naming for whom it holds.

`order|sku|A-1` finds the order for those who see it whole, `merchant:m1|sku|A-1` for merchant m1 alone; so no
list can match by what its viewer does not see, and one index serves every filter. Design: API, "where".
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from domain.actors import Audience, Party
from domain.commands import CommandStatus, due_at
from domain.handling import at_risk
from domain.invoices import Invoice
from domain.order import Line, MerchantOrder, Order, Unit
from domain.process import Process
from domain.status import status_of_merchant_order, status_of_order
from storage.client import Document
from storage.documents import to_document
from storage.scope import Scope, ScopeKind, part_changed_at, visible
from storage.stock_rows import row_id, wanted
from storage.values import naive


def key(scope: Scope, kind: str, value: str) -> str:
    """Return the word that finds orders by a `kind` of value in this scope."""
    owner = scope.topic if scope.kind is ScopeKind.MERCHANT else "order"
    if kind == "status":
        kind = f"status.{scope.audience}"
    return f"{owner}|{kind}|{value}"


def words(text: str) -> list[str]:
    """Return the words of a text as they are searched: without case, full and half width alike."""
    return unicodedata.normalize("NFKC", text).casefold().split()


def findable(process: Process, order: Order) -> Document:
    """Return an order as it is stored, with the fields that lists filter and sort by.

    Those are `keys` for every filter by equality and for search, `total` in minor units, `merchant_ids` of
    those that see a merchant order, `own` per merchant, `next_deadline`, `next_command`, and `wants`: the
    stock that it waits for. The last three are left out when there is none.
    """
    return to_document(order) | _find_keys(process, order) | {"own": _own_fields(process, order)}


def _find_keys(process: Process, order: Order) -> Document:
    found: list[str] = []
    for audience, scope in (
        (Audience.BACK_OFFICE, Scope.marketplace()),
        (Audience.STOREFRONT, Scope.customer(order.customer.id)),
    ):
        if status := status_of_order(process, order, audience):
            found.append(key(scope, "status", status.code))
    whole = Scope.marketplace()
    found += [key(whole, "merchant", line.merchant_id) for line in order.lines]
    if order.external_reference is not None:
        found.append(key(whole, "external", order.external_reference))
    found += [key(whole, "refund", refund.status) for refund in order.refunds]
    for command in order.commands:
        found.append(key(whole, "command", command.status))
        found.append(key(whole, "command", f"{command.kind}:{command.status}"))
        if command.status in (CommandStatus.REFUSED, CommandStatus.DEAD) or command.done_again:
            found.append(key(whole, "problem", "command"))
    found += _of_units(whole, [*order.lines, *order.merchant_orders], tuple(Party))
    texts = [order.external_reference or "", order.customer.email]
    found += _of_part(whole, order, order.lines, order.merchant_orders, texts)
    seen = [theirs for theirs in order.merchant_orders if visible(order, theirs)]
    for theirs in seen:
        found += _of_merchant_order(process, order, theirs)
    fields: Document = {
        "keys": sorted(set(found)),
        "total": order.total,
        "merchant_ids": sorted({theirs.merchant_id for theirs in seen}),
    }
    if order.deadlines:
        fields["next_deadline"] = naive(min(deadline.at for deadline in order.deadlines))
    pending = [command for command in order.commands if command.status is CommandStatus.PENDING]
    if pending:
        fields["next_command"] = naive(min(due_at(command, order.asks) for command in pending))
    if wants := wanted(order.lines, order.merchant_orders):
        fields["wants"] = sorted(row_id(key) for key in wants)
    return fields


def _own_fields(process: Process, order: Order) -> Document:
    """Per merchant that sees its part the total of it, and when the merchant's machine last moved there.

    That is what the merchant is shown as the time of its last change. A later time would tell it, by filter
    and by sort order, when the marketplace did something that is not for it.
    """
    parties = process.follows(Audience.MERCHANT_PORTAL)
    found: Document = {}
    for theirs in order.merchant_orders:
        if not visible(order, theirs):
            continue
        found[theirs.merchant_id] = {
            "total": sum(line.total for line in order.lines_of(theirs)),
            "changed_at": naive(part_changed_at(order, theirs, parties)),
        }
    return found


def _of_merchant_order(process: Process, order: Order, theirs: MerchantOrder) -> list[str]:
    scope = Scope.merchant(theirs.merchant_id)
    lines = order.lines_of(theirs)
    found = [key(scope, "id", theirs.id)]
    if status := status_of_merchant_order(process, order, theirs, Audience.MERCHANT_PORTAL):
        found.append(key(scope, "status", status.code))
    # The states of others are not for the merchant, so it cannot look for them either.
    found += _of_units(scope, [*lines, theirs], process.follows(Audience.MERCHANT_PORTAL))
    return found + _of_part(scope, order, lines, (theirs,), ())


def _of_units(scope: Scope, units: Iterable[Unit], parties: tuple[Party, ...]) -> list[str]:
    return [
        key(scope, "state", f"{party}:{position.state}")
        for unit in units
        for party, position in unit.positions.items()
        if party in parties
    ]


def _of_part(
    scope: Scope,
    order: Order,
    lines: Sequence[Line],
    parts: Sequence[MerchantOrder],
    more: Iterable[str],
) -> list[str]:
    skus = [line.sku for line in lines]
    references = [order.reference, *(theirs.reference for theirs in parts)]
    invoices = [invoice for theirs in parts for invoice in theirs.invoices]
    texts = [*references, *skus, order.customer.name, *more]
    return [
        *(key(scope, "sku", sku) for sku in skus),
        *(key(scope, "reference", reference) for reference in references),
        *(key(scope, "tracking", number) for number in _tracking_numbers(lines, invoices) if number),
        *(key(scope, "invoice", invoice.number) for invoice in invoices),
        *(key(scope, "problem", problem) for problem in _problems(lines, parts)),
        *(key(scope, "text", word) for text in texts for word in words(text)),
    ]


def _tracking_numbers(lines: Iterable[Line], invoices: Iterable[Invoice]) -> Iterator[str | None]:
    yield from (line.shipment.tracking_number for line in lines if line.shipment)
    for invoice in invoices:
        yield invoice.tracking_number
        yield invoice.tracking.number if invoice.tracking else None


def _problems(lines: Sequence[Line], parts: Sequence[MerchantOrder]) -> Iterator[str]:
    """What somebody has to look after: missing stock, or a merchant that handles what is not paid yet."""
    if wanted(lines, parts):
        yield "stock"
    if any(at_risk(each) for each in parts):
        yield "override"
