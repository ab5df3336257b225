"""What buttons promise: the mutation that they name exists, and has every input that they name."""

from collections.abc import Iterator

from graphql import GraphQLInputObjectType, get_named_type

from domain.process import Process, Trigger
from domain.processes import PROCESSES
from graph.mutations.firing import FLAT
from graph.schema import schema
from graph.types.mutation_names import input_of, mutation_of

FIRED = {
    (process.name, move.event): process
    for process in PROCESSES.values()
    for machine in process.machines
    for state in machine.states.values()
    for move in (*state.moves, *state.refusals)
    if getattr(move, "trigger", Trigger.ACTOR) is Trigger.ACTOR
}
"""Every event that somebody may fire, or expect to, in each process."""


def taken(process: Process, event: str) -> set[str]:
    """What comes along with an event, as the domain calls it."""
    states = [state for machine in process.machines for state in machine.states.values()]
    moves = [m for state in states for m in state.moves if m.event == event and m.trigger is Trigger.ACTOR]
    return {name for move in moves for name in (*move.needs, *move.takes)}


def inputs(mutation: str) -> set[str]:
    """The fields of a mutation's input, and of the inputs within it."""
    mutations = schema._schema.mutation_type
    assert mutations
    return set(_within(get_named_type(mutations.fields[mutation].args["input"].type)))


def _within(kind: object) -> Iterator[str]:
    if isinstance(kind, GraphQLInputObjectType):
        for name, field in kind.fields.items():
            yield name
            yield from _within(get_named_type(field.type))


def test_every_event_has_a_mutation_that_takes_what_is_named_with_it():
    for (_, event), process in FIRED.items():
        mutation = mutation_of(process, event)
        named = {input_of(mutation, name) for name in taken(process, event)} - {None}
        assert named <= inputs(mutation), event


def test_what_fire_event_fires_takes_no_more_than_its_input_has():
    for (_, event), process in FIRED.items():
        if mutation_of(process, event) == "fireEvent":
            assert taken(process, event) <= FLAT, event
