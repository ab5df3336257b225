"""The flow itself as data: machines, states, transitions, links, forbidden pairs, and diagrams."""

from typing import Annotated

import strawberry

from domain import process as domain
from domain.process import BEFORE, STAY, Process, Standings
from domain.processes import PROCESSES
from graph.refusals import BadInput
from graph.types.diagrams import Format, draw
from graph.types.enums import Audience, Party, Role, Trigger, UnitKind
from graph.types.mutation_names import camel_case
from graph.types.policies import PolicySetting, policy_setting_view
from graph.types.states import State, state_view


@strawberry.type(description="A question that must be answered yes for a transition.")
class Guard:
    name: str = strawberry.field(description="Its name.")
    text: str = strawberry.field(description="What it asks.")
    because: str = strawberry.field(
        description="What the refused person reads; what stands in braces is filled in."
    )


@strawberry.type(description="States of one party.")
class PartyStates:
    party: Party = strawberry.field(description="Whose machine.")
    states: list[str] = strawberry.field(description="The codes of the states, any of them.")


@strawberry.type(description="One way out of a state.")
class Transition:
    source: str = strawberry.field(description="The state it leaves.")
    event: str = strawberry.field(description="The event that fires it.")
    target: str | None = strawberry.field(
        description="The state it reaches, which may be the same; null: the one before the one it leaves."
    )
    trigger: Trigger = strawberry.field(description="What sets it off.")
    roles: list[Role] = strawberry.field(description="Who may fire it.")
    automatic: bool = strawberry.field(description="It happens by itself, without the clock.")
    after: str | None = strawberry.field(description="The policy that says how long the clock waits.")
    guard: Guard | None = strawberry.field(description="The question that must be answered yes.")
    where: list[PartyStates] = strawberry.field(description="Where other machines must stand for it.")
    otherwise: str | None = strawberry.field(
        description="What is read where they do not stand like that; null: a general sentence."
    )
    awaits: Role | None = strawberry.field(
        description="Who outside the machines has to answer before it happens by itself; null: nobody."
    )
    needs: list[str] = strawberry.field(description="The inputs that it cannot do without.")
    takes: list[str] = strawberry.field(description="The inputs that may come along.")
    effects: list[str] = strawberry.field(description="What it does besides, a sentence each.")


@strawberry.type(description="A transition that people might expect, and why there is none.")
class NoTransition:
    source: str = strawberry.field(description="The state.")
    event: str = strawberry.field(description="The event.")
    roles: list[Role] = strawberry.field(description="Who is told.")
    because: str = strawberry.field(description="The sentence that is read.")


@strawberry.type(description="States and transitions as one party lives them.")
class Machine:
    name: str = strawberry.field(description="Its name, unique in the process.")
    party: Party = strawberry.field(description="Who runs it.")
    states: list[State] = strawberry.field(description="Its states, in the order in which one gets further.")
    transitions: list[Transition] = strawberry.field(description="What is possible; all else is refused.")
    refusals: list[NoTransition] = strawberry.field(description="What is refused with a sentence of its own.")


@strawberry.type(description="When the machines stand like this, one of them is told an event.")
class Link:
    when: list[PartyStates] = strawberry.field(description="Where the machines stand, all of them.")
    tell: Party = strawberry.field(description="Whose machine is told.")
    event: str = strawberry.field(description="The event.")


@strawberry.type(description="States that are never seen together. What would lead there is refused.")
class ForbiddenPair:
    states: list[PartyStates] = strawberry.field(description="The states, in all machines at once.")
    because: str = strawberry.field(description="What the refused person reads.")


@strawberry.type(description="Whose machines an audience reads.")
class Reads:
    audience: Audience = strawberry.field(description="Who reads.")
    parties: list[Party] = strawberry.field(
        description="Whose machines: of several the first that stands where there is something to read."
    )


@strawberry.type(name="Process", description="The machines that move together. An order keeps its version.")
class ProcessView:
    name: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Its version.")
    text: str = strawberry.field(description="What it is for.")
    unit: UnitKind = strawberry.field(description="What moves in it.")
    machines: list[Machine] = strawberry.field(description="Its machines; a party may have a choice.")
    reads: list[Reads] = strawberry.field(description="Whose machines each audience reads.")
    links: list[Link] = strawberry.field(description="What keeps the machines in step.")
    forbidden: list[ForbiddenPair] = strawberry.field(description="What is never seen together.")
    policies: list[PolicySetting] = strawberry.field(description="The policies it knows, at their defaults.")
    source: strawberry.Private[Process]

    @strawberry.field(description="A picture of it as text.")
    def diagram(
        self,
        format: Format,
        machine: Annotated[
            str | None, strawberry.argument(description="Only the machine with this name; else all, linked.")
        ] = None,
    ) -> str:
        drawn = next((each for each in self.source.machines if each.name == machine), None)
        if machine is not None and drawn is None:
            names = ", ".join(each.name for each in self.source.machines)
            raise BadInput(f"This process has no machine of that name; it has: {names}.")
        return draw(format, self.source, drawn)


def process_views() -> list[ProcessView]:
    """Return every process in every version that orders may follow."""
    return [process_view(process) for process in PROCESSES.values()]


def process_view(process: Process) -> ProcessView:
    """Return one process as the API shows it."""
    return ProcessView(
        source=process,
        name=process.name,
        version=process.version,
        text=process.text,
        unit=process.unit,
        machines=[_machine(machine) for machine in process.machines],
        reads=[
            Reads(audience=audience, parties=list(parties)) for audience, parties in process.reads.items()
        ],
        links=[Link(when=_stands(link.when), tell=link.tell, event=link.event) for link in process.links],
        forbidden=[
            ForbiddenPair(states=_stands(pair.states), because=pair.because) for pair in process.never
        ],
        policies=[policy_setting_view(policy, None) for policy in process.policies.values()],
    )


def _machine(machine: domain.Machine) -> Machine:
    return Machine(
        name=machine.name,
        party=machine.party,
        states=[state_view(machine, code) for code in machine.states],
        transitions=[
            _transition(code, move) for code, state in machine.states.items() for move in state.moves
        ],
        refusals=[
            NoTransition(source=code, event=no.event, roles=_roles(no.by), because=no.because)
            for code, state in machine.states.items()
            for no in state.refusals
        ],
    )


def _transition(source: str, move: domain.Move) -> Transition:
    guard = move.if_
    return Transition(
        source=source,
        event=move.event,
        target={STAY: source, BEFORE: None}.get(move.target, move.target),
        trigger=move.trigger,
        roles=_roles(move.by),
        automatic=move.trigger in (Trigger.AUTOMATIC, Trigger.LINK),
        after=move.after,
        guard=guard and Guard(name=guard.name, text=guard.asks, because=guard.because),
        where=_stands(move.where),
        otherwise=move.otherwise or None,
        awaits=move.awaits,
        needs=[camel_case(name) for name in move.needs],
        takes=[camel_case(name) for name in move.takes],
        effects=[work.text for work in move.does],
    )


def _roles(roles: frozenset[Role]) -> list[Role]:
    return [role for role in Role if role in roles]


def _stands(stands: Standings) -> list[PartyStates]:
    return [PartyStates(party=party, states=sorted(states)) for party, states in stands.items()]
