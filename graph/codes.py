"""The codes that can be asked for: of states, of what is read, of events. A slip of the pen is refused, since
it would find nothing for ever.

They are derived from the processes, once. A hint names only codes of what its reader may know.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches

from domain.actors import Audience, Party, Role
from domain.commands import CommandKind
from domain.process import Machine, Process
from domain.processes import PROCESSES
from graph.parties import parties_read
from graph.refusals import BadInput

_LONGEST = 60
"""Characters of a code that a refusal repeats; none is as long."""

_PLAIN = frozenset(
    {"placed", "start", "payment", "part_payment", "restock", "acknowledge_command", "retry_command"}
    | {f"{kind}_{end}" for kind in CommandKind for end in ("done", "refused", "dead")}
    | {f"{kind}_{end}" for kind in CommandKind for end in ("done_again", "taken_back")}
)
"""Events of orders that are no machine's."""


def _labels(process: Process, audience: Audience) -> Iterator[str]:
    """The codes of the labels that an audience may read, with those that stand for several lines."""
    for party in process.follows(audience):
        for machine in process.variants(party):
            for state in machine.states.values():
                label = state.labels.get(audience)
                for each in (label, *(variant.label for variant in label.variants)) if label else ():
                    yield each.code
                    yield f"partly_{each.code}"


def _machines(audience: Audience) -> Iterator[Machine]:
    for process in PROCESSES.values():
        for party in process.follows(audience):
            yield from process.variants(party)


def _events(process: Process, parties: Collection[Party]) -> Iterator[str]:
    for party in parties:
        for machine in process.variants(party):
            for state in machine.states.values():
                yield from (move.event for move in state.moves)


STATUSES: Mapping[Audience, frozenset[str]] = {
    audience: frozenset(code for process in PROCESSES.values() for code in _labels(process, audience))
    for audience in Audience
}
"""What each audience can read on an order."""

STATES: Mapping[Party, frozenset[str]] = {
    party: frozenset(
        code
        for process in PROCESSES.values()
        for machine in process.variants(party)
        for code in machine.states
    )
    for party in Party
}
"""Where the machines of a party can stand."""

FOLLOWED: frozenset[str] = frozenset(
    code for machine in _machines(Audience.MERCHANT_PORTAL) for code in machine.states
)
"""Where the machines can stand that merchants follow, whoever runs them."""

EVENTS: frozenset[str] = _PLAIN.union(*(_events(process, tuple(Party)) for process in PROCESSES.values()))
"""What can happen to an order."""


def check_status(code: str, audience: Audience) -> None:
    """Raises BadInput for what this audience reads on no order."""
    _check(code, "status", STATUSES[audience])


def check_state(code: str, party: Party | None) -> None:
    """Raises BadInput for where no machine of this party stands (None: of those that merchants follow)."""
    _check(code, "state", FOLLOWED if party is None else STATES[party])


def check_events(codes: Iterable[str], role: Role, audience: Audience) -> None:
    """Raises BadInput for what happens to no order. Its hint names what this role may know."""
    for code in codes:
        if code not in EVENTS:
            known = (
                _events(process, parties_read(process, role) or process.follows(audience))
                for process in PROCESSES.values()
            )
            _check(code, "event", _PLAIN.union(*known))


def _check(code: str, what: str, known: Collection[str]) -> None:
    if code in known:
        return
    near = get_close_matches(code, sorted(known)) if len(code) <= _LONGEST else []
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise BadInput(f"There is no {what} '{code[:_LONGEST]}'.{hint}")
