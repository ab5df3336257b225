"""Where the machines of a line or merchant order stand and what is read there, as stored, and back."""

from collections.abc import Mapping
from typing import Any

from domain.actors import Audience, Party
from domain.order import Before, Position, Positions, Reading, Readings
from storage.client import Document
from storage.values import aware, naive, naive_or_none, present, when


def positions_in(positions: Positions) -> Document:
    """Return what positions are stored as, by party."""
    return {
        party.value: present(
            machine=position.machine,
            state=position.state,
            since=naive(position.since),
            event=position.event,
            actor=position.actor,
            before=_before_in(position.before) if position.before else None,
            counts_from=naive_or_none(position.counts_from),
        )
        for party, position in positions.items()
    }


def positions_out(stored: Mapping[str, Mapping[str, Any]]) -> dict[Party, Position]:
    """Return stored positions by party."""
    return {
        Party(party): Position(
            position["machine"],
            position["state"],
            aware(position["since"]),
            position["event"],
            position["actor"],
            _before_out(position["before"]) if "before" in position else None,
            when(position, "counts_from"),
        )
        for party, position in stored.items()
    }


def _before_in(before: Before) -> Document:
    return {"state": before.state, "since": naive(before.since), "reads": reads_in(before.reads)}


def _before_out(stored: Mapping[str, Any]) -> Before:
    return Before(stored["state"], aware(stored["since"]), reads_out(stored["reads"]))


def reads_in(reads: Readings) -> Document:
    """Return what readings are stored as, by audience."""
    return {
        audience.value: {"party": reading.party.value, "state": reading.state}
        for audience, reading in reads.items()
    }


def reads_out(stored: Mapping[str, Mapping[str, str]]) -> dict[Audience, Reading]:
    """Return stored readings by audience."""
    return {
        Audience(audience): Reading(Party(reading["party"]), reading["state"])
        for audience, reading in stored.items()
    }
