"""What `storage.tail` promises: it gives out what follows a number, whole or not at all."""

import pytest

from storage.feed import FeedItem
from storage.tail import Listener, Tail


def item(seq: int) -> FeedItem:
    return FeedItem("marketplace", seq, "o1", seq, "order_state_changed", {})


@pytest.fixture
def tail() -> Tail:
    """A tail that was opened at number 10 and took in 11 to 15, of which it has the last three."""
    tail = Tail(buffer=3)
    tail.position = 10
    tail.append([item(seq) for seq in range(11, 16)])
    return tail


@pytest.mark.parametrize(
    ("seq", "following"),
    [(15, []), (14, [15]), (12, [13, 14, 15]), (11, None), (0, None), (16, []), (99, [])],
)
def test_it_gives_what_follows_as_far_back_as_it_remembers(
    tail: Tail, seq: int, following: list[int] | None
) -> None:
    items = tail.since(seq)

    assert (items and [item.seq for item in items]) == following


def test_it_does_not_bridge_a_hole(tail: Tail) -> None:
    tail.append([item(17)])

    assert tail.since(14) is None
    assert tail.since(16) == [item(17)]


async def test_whoever_waits_is_woken_by_what_comes(tail: Tail) -> None:
    moved = tail.moved
    tail.append([item(16)])

    assert moved.is_set()
    assert not tail.moved.is_set()


def test_what_everybody_has_read_is_let_go_and_what_somebody_has_not_is_kept() -> None:
    tail = Tail(buffer=1000)
    tail.position = 0
    quick, slow = Listener(), Listener()
    tail.listeners |= {quick, slow}
    for seq in range(1, 501):
        tail.append([item(seq)])
        quick.seq = seq
        slow.seq = min(seq, 250)

    assert [each.seq for each in tail.since(250) or ()] == list(range(251, 501))
    assert tail.since(249) is None

    slow.seq = 500
    tail.append([item(501)])
    assert tail.since(500) == [item(501)]
    assert tail.since(499) is None
