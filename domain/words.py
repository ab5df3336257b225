"""The words that a process is written in. They only build the records of process.py.

Design: style, "A process reads like a page".
"""

from collections.abc import Mapping

from domain.actors import Audience, Party, Role
from domain.moment import Change, Guard
from domain.process import Label, Link, Machine, Move, No, Pair, Since, Standings, State, Trigger


def says(
    back_office: str | Label | None = None,
    merchant_portal: str | Label | None = None,
    storefront: str | Label | None = None,
) -> dict[Audience, Label | None]:
    """What each audience reads in this state; leave one out when it keeps reading what it last read."""
    given = {
        Audience.BACK_OFFICE: back_office,
        Audience.MERCHANT_PORTAL: merchant_portal,
        Audience.STOREFRONT: storefront,
    }
    return {audience: Label(text) if isinstance(text, str) else text for audience, text in given.items()}


def dated(text: str, with_date: str, date: str) -> Label:
    """A label with a date of the line once it is known: dated("Shipped", "Shipped on {date}", "sent")."""
    return Label(text, with_date, date)


def state(
    labels: dict[Audience, Label | None],
    *moves: Move | No,
    meaning: str = "",
    viewed_by: tuple[str, ...] = (),
    locked: bool = False,
) -> State:
    """One state: who reads what, then what may happen."""
    return State(
        labels,
        tuple(move for move in moves if isinstance(move, Move)),
        tuple(move for move in moves if isinstance(move, No)),
        meaning,
        viewed_by,
        locked,
    )


def on(
    event: str,
    *,
    by: tuple[Role, ...],
    to: str,
    if_: Guard | None = None,
    where: dict[Party, tuple[str, ...]] | None = None,
    otherwise: str = "",
    needs: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
    does: tuple[Change, ...] = (),
    starts: tuple[Party, ...] = (),
    remember: bool = False,
    done: Guard | None = None,
) -> Move:
    """A move that somebody fires. `needs` are inputs it cannot do without; `takes` may come along;
    `otherwise` is what is read where the other machines do not stand as `where` says; while `done` holds it
    was so already, which of a move that stays only a fact can tell.
    """
    return Move(
        event,
        to,
        Trigger.ACTOR,
        frozenset(by),
        if_,
        _where(where),
        needs,
        takes,
        does,
        starts,
        otherwise=otherwise,
        remember=remember,
        done=done,
    )


def after(
    policy: str,
    event: str,
    *,
    to: str,
    if_: Guard | None = None,
    does: tuple[Change, ...] = (),
    starts: tuple[Party, ...] = (),
    since: Since | None = None,
) -> Move:
    """A move that the clock fires, this policy's time after `since`, or after the state was entered."""
    by = frozenset({Role.SYSTEM})
    return Move(event, to, Trigger.CLOCK, by, if_, does=does, starts=starts, after=policy, since=since)


def auto(
    event: str,
    *,
    to: str,
    if_: Guard | None = None,
    where: dict[Party, tuple[str, ...]] | None = None,
    does: tuple[Change, ...] = (),
    starts: tuple[Party, ...] = (),
    awaits: Role | None = None,
    remember: bool = False,
) -> Move:
    """A move that happens by itself as soon as its question is answered yes; the first that can, does.

    `awaits` names who outside the machines gives the answer where nothing in them does.
    """
    return Move(
        event,
        to,
        Trigger.AUTOMATIC,
        frozenset({Role.SYSTEM}),
        if_,
        _where(where),
        does=does,
        starts=starts,
        awaits=awaits,
        remember=remember,
    )


def told(
    event: str,
    *,
    to: str,
    if_: Guard | None = None,
    does: tuple[Change, ...] = (),
    remember: bool = False,
) -> Move:
    """A move that only a link fires."""
    return Move(event, to, Trigger.LINK, frozenset({Role.SYSTEM}), if_, does=does, remember=remember)


def no(event: str, *, by: tuple[Role, ...], because: str) -> No:
    """A move that is not possible here, and the sentence that says why."""
    return No(event, frozenset(by), because)


def when(tell: Party, event: str, /, **stands: str | tuple[str, ...]) -> Link:
    """When the machines stand like this (party="state" or several), tell that party this event."""
    return Link(_stands(stands), tell, event)


def never(because: str, **stands: str | tuple[str, ...]) -> Pair:
    """States that must never be seen together, with the sentence for whoever tried."""
    return Pair(_stands(stands), because)


def machine(name: str, party: Party, initial: str, states: dict[str, State]) -> Machine:
    """The states and moves of one party."""
    return Machine(name, party, initial, states)


def _stands(stands: Mapping[str, str | tuple[str, ...]]) -> Standings:
    return {Party(party): frozenset((s,) if isinstance(s, str) else s) for party, s in stands.items()}


def _where(where: dict[Party, tuple[str, ...]] | None) -> Standings:
    return {party: frozenset(states) for party, states in (where or {}).items()}
