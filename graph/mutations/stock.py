"""What is on the shelf: counted by the merchant, and put back after a cancellation or a change."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.order import MerchantOrder
from domain.outcome import Outcome
from domain.refusal import Refusal
from domain.restocking import restock as put_back
from graph.errors import Busy, OrderError, VersionConflict, invalid, not_found
from graph.idempotency import command_key
from graph.inputs import WHAT
from graph.mutations.one_merchant_order import MerchantOrderCommand, on_merchant_order, why
from graph.mutations.one_order import change_order
from graph.mutations.payloads import OrderChanged, order_changed
from graph.mutations.texts import LONGEST
from graph.mutations.why_not import from_failure
from graph.seen import Seen
from graph.stock import MOST
from graph.types.ids import RESTOCK, decode_as
from graph.types.stock import StockRow, stock_row_view
from graph.viewer import Info, Viewer, viewer_in
from storage import errors as storage
from storage.client import DatabaseUnavailable, OutcomeUnknown
from storage.idempotency import CommandKey

_MOST_PIECES = 1_000_000_000


@strawberry.input(description="How many pieces of a product are on the shelf.")
class StockInput:
    sku: str = strawberry.field(description="The merchant's code of the product.")
    on_hand: int = strawberry.field(description="How many pieces were counted: 0 or more.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the row that the count was made on, 0 where there was none. When it "
        "changed since, the answer is a VersionConflict and this count is not taken.",
    )


@strawberry.input(description="What was counted.")
class SetStockInput:
    items: list[StockInput] = strawberry.field(description=f"The counts: 1 to {MOST}, each of one product.")
    merchant_id: str | None = strawberry.field(
        default=None,
        description="The merchant whose stock it is; for the marketplace. A merchant counts its own, named "
        "or not.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A count that comes again under the same key changes nothing, unless the product was "
        "counted anew in between.",
    )


@strawberry.type(description="What became of counting stock; each count is taken or refused on its own.")
class SetStockPayload:
    stock: list[StockRow] = strawberry.field(description="The products whose counts were taken, as they are.")
    errors: list[OrderError] = strawberry.field(description="Which counts were not taken, and why.")


@strawberry.mutation(
    description="Says how many pieces of products are on the shelf now, those held or confirmed for orders "
    "included; what was taken off it before is thereby counted. Orders that wait for it go on. For the role "
    "MERCHANT, its own, and MARKETPLACE."
)
async def set_stock(
    info: Info,
    input: Annotated[SetStockInput, strawberry.argument(description="What was counted.")],
) -> SetStockPayload:
    viewer = viewer_in(info.context, Role.MERCHANT, Role.MARKETPLACE)
    problems = list(_wrong(input))
    key = command_key(viewer.principal, info, input)
    if isinstance(key, OrderError):
        return SetStockPayload(stock=[], errors=[*problems, key])
    merchant_id = input.merchant_id or (viewer.scope.id if viewer.role is Role.MERCHANT else "")
    try:
        if not await _counts(viewer, merchant_id):
            problems.append(not_found("merchant", "merchantId"))
        if problems:
            return SetStockPayload(stock=[], errors=problems)
        return await _count(viewer, merchant_id, input, key)
    except DatabaseUnavailable as failure:
        return SetStockPayload(stock=[], errors=[from_failure(failure)])


async def _counts(viewer: Viewer, merchant_id: str) -> bool:
    """Whether there is this merchant and the viewer may count for it."""
    if viewer.role is Role.MERCHANT:
        return merchant_id == viewer.scope.id
    return bool(await viewer.services.merchants.get_many([merchant_id]))


async def _count(
    viewer: Viewer, merchant_id: str, sent: SetStockInput, key: CommandKey | None
) -> SetStockPayload:
    # Another input under the same key is another count: what a count replaces, it does not remember.
    command = key and f"{key.id}.{key.fingerprint}"

    async def one(i: int, item: StockInput) -> StockRow | OrderError:
        count = viewer.services.stock.count
        try:
            row = await count(merchant_id, item.sku, item.on_hand, item.expected_version, command=command)
        except (storage.VersionConflict, storage.TooBusy, DatabaseUnavailable) as failure:
            return _not_counted(failure, "items", str(i))
        return stock_row_view(row)

    # All at once: where the database does not answer, none waits for the others' time to be over.
    found = await asyncio.gather(*(one(i, item) for i, item in enumerate(sent.items)))
    return SetStockPayload(
        stock=[each for each in found if isinstance(each, StockRow)],
        errors=[each for each in found if isinstance(each, OrderError)],
    )


def _not_counted(failure: Exception, *path: str) -> OrderError:
    match failure:
        case storage.VersionConflict(expected=expected, actual=actual):
            return VersionConflict(
                message=str(failure), path=[*path, "expectedVersion"], expected=expected, actual=actual
            )
        case storage.TooBusy():
            sentence = "Too many others changed this stock at once; it was not counted. Send it again."
        case OutcomeUnknown():
            sentence = (
                "The database did not confirm in time, so it may have been counted or not. Send it again "
                "with the same idempotency key, or read the stock first."
            )
        case _:
            return from_failure(failure)
    return Busy(message=sentence, path=list(path))


def _wrong(sent: SetStockInput) -> Iterator[OrderError]:
    if not 0 < len(sent.items) <= MOST:
        yield invalid(f"1 to {MOST} products can be counted at once; these are {len(sent.items)}.", "items")
        return
    counted: set[str] = set()
    for i, item in enumerate(sent.items):
        path = ("items", str(i))
        if not (item.sku.strip() and len(item.sku) <= LONGEST):
            yield invalid(f"This needs 1 to {LONGEST} characters.", *path, "sku")
        if item.sku in counted:
            yield invalid("This product is there already.", *path, "sku")
        counted.add(item.sku)
        if not 0 <= item.on_hand <= _MOST_PIECES:
            yield invalid(f"A count is between 0 and {_MOST_PIECES}.", *path, "onHand")


@strawberry.input(description="What is back on the shelf.")
class RestockInput(MerchantOrderCommand):
    restocks: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Which pieces, by the ids under `restocks`; all that wait for it when left out.",
    )


@strawberry.type(description="What became of putting pieces back.")
class RestockPayload(OrderChanged):
    pass


@strawberry.mutation(
    description="Says that pieces that were off the shelf when they were canceled, or taken off the order by "
    "a change, are back on it: they can be sold again. What was put back before changes nothing. For the "
    "roles MERCHANT and MARKETPLACE."
)
async def restock(info: Info, input: Annotated[RestockInput, WHAT]) -> RestockPayload:
    viewer = viewer_in(info.context, Role.MERCHANT, Role.MARKETPLACE)

    def operation(seen: Seen, theirs: MerchantOrder, now: datetime) -> Outcome | list[OrderError]:
        known = {row.id for row in theirs.restocks}
        ids = [decode_as(RESTOCK, id) or "" for id in input.restocks or ()]
        if unknown := [i for i, id in enumerate(ids) if id not in known]:
            return [not_found("restock", "restocks", str(i)) for i in unknown]
        named = None if input.restocks is None else ids
        answer = put_back(seen.process, seen.order, theirs.id, named, viewer.actor, now)
        return [why(seen, theirs, answer, {})] if isinstance(answer, Refusal) else answer

    problems: list[OrderError] = []
    if input.restocks is not None and not 0 < len(input.restocks) <= MOST:
        problems.append(invalid(f"Name 1 to {MOST}, or leave restocks out to mean all.", "restocks"))
    answer = await change_order(info, viewer, input, on_merchant_order(input, operation), problems)
    return order_changed(RestockPayload, viewer, answer)
