"""Pages of lists: Relay connections over keyset cursors. What is in a list is not known here."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from graph.refusals import BadInput
from graph.types.scalars import Cursor

N = TypeVar("N")

MOST = 100
"""The longest page."""


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="More follows this page.")
    has_previous_page: bool = strawberry.field(description="Something precedes this page.")
    start_cursor: Cursor | None = strawberry.field(description="The page's first cursor; null: it is empty.")
    end_cursor: Cursor | None = strawberry.field(description="The page's last cursor; null: it is empty.")


@strawberry.type(description="One entry of a list, with its place.")
class Edge(Generic[N]):
    cursor: Cursor = strawberry.field(description="The place of this entry, for `after` and `before`.")
    node: N = strawberry.field(description="The entry.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[N]):
    edges: list[Edge[N]] = strawberry.field(description="The entries of this page, each with its cursor.")
    nodes: list[N] = strawberry.field(description="The entries of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How many entries the whole list has. Counted only when it is asked for.")
    async def total_count(self) -> int:
        return await self.count()


def connection(
    nodes: Sequence[N],
    cursors: Sequence[str],
    *,
    has_next: bool,
    has_previous: bool,
    count: Callable[[], Awaitable[int]],
) -> Connection[N]:
    """Put a page together; each node has a cursor."""
    edges = [Edge(cursor=Cursor(cursor), node=node) for node, cursor in zip(nodes, cursors, strict=True)]
    return Connection(
        edges=edges,
        nodes=list(nodes),
        page_info=PageInfo(
            has_next_page=has_next,
            has_previous_page=has_previous,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        count=count,
    )


def check_page(first: int | None, last: int | None = None) -> None:
    """Raise BadInput unless exactly one of the two is given, from 1 to MOST."""
    if (first is None) is (last is None):
        raise BadInput("Say how many: either `first` or `last` is needed.")
    if not 1 <= (first or last or 0) <= MOST:
        raise BadInput(f"A page has 1 to {MOST} entries.")
