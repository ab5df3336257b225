"""A state of a machine, as data: what it means, and what each audience reads in it."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated

import strawberry

from domain import actors
from domain.order import Position, Unit
from domain.process import Machine, Process, Trigger
from domain.processes import PROCESSES
from graph.types.enums import Audience, Party

CANCEL = "cancel"
"""The event by which people cancel, whatever the process."""


@strawberry.type(description="What an audience reads in the same state once something more is known.")
class LabelVariant:
    audience: Audience = strawberry.field(description="Who reads.")
    label: str = strawberry.field(description="What it reads then.")
    when: str = strawberry.field(description="When it reads that, such as once it is delivered.")


@strawberry.type(description="One state of a machine.")
class State:
    code: str = strawberry.field(description="The stable code, such as sent_to_merchant.")
    meaning: str = strawberry.field(description="What it means that a line or a merchant order is here.")
    initial: bool = strawberry.field(description="The machine starts here.")
    final: bool = strawberry.field(description="No way leads out.")
    locked: bool = strawberry.field(description="Nobody changes or cancels anything here but the platform.")
    cancellable: bool = strawberry.field(description="There are roles that may cancel here.")
    viewed_by: list[str] = strawberry.field(description="The flows that show this state, where known.")
    variants: list[LabelVariant] = strawberry.field(
        description="What is read instead of a label as facts come in; the first that holds, per audience."
    )
    labels: strawberry.Private[Mapping[Audience, str]]

    @strawberry.field(
        description="What an audience reads here, without a date; null: it keeps reading what it last read."
    )
    def label(
        self, audience: Annotated[Audience, strawberry.argument(description="Who reads.")]
    ) -> str | None:
        return self.labels.get(audience)


@strawberry.type(description="Where one party's machine stands.")
class PartyState:
    party: Party = strawberry.field(description="Who runs the machine.")
    state: State = strawberry.field(description="The state that it is in.")
    since: datetime = strawberry.field(description="When it got there.")


def state_view(machine: Machine, code: str) -> State:
    """Return one state of a machine as the API shows it."""
    state = machine.states[code]
    return State(
        code=code,
        meaning=state.meaning,
        initial=code == machine.initial,
        final=state.final,
        locked=state.locked,
        cancellable=any(move.event == CANCEL and move.trigger is Trigger.ACTOR for move in state.moves),
        viewed_by=list(state.viewed_by),
        variants=[
            LabelVariant(audience=audience, label=variant.text, when=variant.when)
            for audience, label in state.labels.items()
            for variant in (label.variants if label else ())
        ],
        labels={audience: label.text for audience, label in state.labels.items() if label},
    )


def party_state_view(process: Process, party: Party, position: Position) -> PartyState:
    """Return where a party's machine stands."""
    state = _state(process.name, process.version, party, position.machine, position.state)
    return PartyState(party=party, state=state, since=position.since)


def portal_state_view(process: Process, unit: Unit) -> PartyState | None:
    """Return where the machine stands that the Merchant Portal reads; None: it has not started."""
    for party in process.follows(actors.Audience.MERCHANT_PORTAL):
        if position := unit.positions.get(party):
            return party_state_view(process, party, position)
    return None


@lru_cache(maxsize=1024)  # definitions never change while the server runs, and lists repeat their states
def _state(process: str, version: int, party: Party, machine: str, code: str) -> State:
    return state_view(PROCESSES[process, version].machine(party, machine), code)
