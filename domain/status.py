"""What each audience reads: the label of one line, and the roll-up of an order's or a merchant order's lines.

Source: seed on the marketplace and merchant machines, all status tables; design, "What each audience reads".
"""

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from domain.actors import Audience
from domain.order import Line, MerchantOrder, Order, Reading, Unit
from domain.process import Label, Process, UnitKind


@dataclass(frozen=True, slots=True)
class Count:
    """How many of an order's units read this label."""

    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Status:
    """What an audience reads. `key` names the label for catalogues of other languages; `date` fills it in.

    `counts` says what the units of an order read, furthest first; one row when all agree.
    """

    code: str
    label: str
    key: str
    date: datetime.date | None = None
    counts: tuple[Count, ...] = ()


def status_of_unit(process: Process, order: Order, unit: Unit, audience: Audience) -> Status | None:
    """What this audience reads for one line or merchant order; None: nothing (the seed's N/A)."""
    reading = unit.reads.get(audience)
    if reading is None:
        return None
    label = _label(process, order, unit, reading, audience)
    day = getattr(unit, label.date, None) if label.date and isinstance(unit, Line) else None
    return _status(process, audience, label, day)


def status_of_order(process: Process, order: Order, audience: Audience) -> Status | None:
    """The roll-up over all units of the order that this audience reads."""
    return _roll_up(process, order, process.units(order), audience)


def status_of_merchant_order(
    process: Process, order: Order, merchant_order: MerchantOrder, audience: Audience
) -> Status | None:
    """The roll-up over one merchant order: its own label where it is what moves, else its lines'."""
    if process.unit is UnitKind.MERCHANT_ORDER:
        return status_of_unit(process, order, merchant_order, audience)
    return _roll_up(process, order, order.lines_of(merchant_order), audience)


def _roll_up(process: Process, order: Order, units: Iterable[Unit], audience: Audience) -> Status | None:
    read = [
        (unit, reading, status)
        for unit in units
        # A merchant order whose lines another one took over counts for nothing any more.
        if not (isinstance(unit, MerchantOrder) and unit.replaced_by)
        and (reading := unit.reads.get(audience))
        and (status := status_of_unit(process, order, unit, audience))
    ]
    if not read:
        return None
    # Least far first: of several states that read alike, the furthest counts.
    read.sort(key=lambda row: _rank(process, row[0], row[1], audience))
    furthest, reading, _ = read[-1]
    label = _label(process, order, furthest, reading, audience)
    numbers = Counter(status.code for _, _, status in read)
    furthest_first = {
        status.code: _label(process, order, unit, reading, audience).text
        for unit, reading, status in reversed(read)
    }
    counts = tuple(Count(code, text, numbers[code]) for code, text in furthest_first.items())
    if len(numbers) == 1:
        dates = {status.date for _, _, status in read}
        status = _status(process, audience, label, dates.pop() if len(dates) == 1 else None)
        return Status(status.code, status.label, status.key, status.date, counts)
    partly = f"Partly {label.text} ({numbers[label.code]} of {len(read)})"
    code = f"partly_{label.code}"
    return Status(code, partly, f"{process.name}.{audience}.{code}", None, counts)


def _status(process: Process, audience: Audience, label: Label, day: datetime.date | None) -> Status:
    text = label.dated.format(date=day.isoformat()) if day and label.dated else label.text
    return Status(label.code, text, f"{process.name}.{audience}.{label.code}", day)


def _rank(process: Process, unit: Unit, reading: Reading, audience: Audience) -> tuple[int, int]:
    """How far a reading is: states are written in the order in which a unit gets further, and of several
    machines that an audience reads the first is the one that moves last.
    """
    states = process.machine(reading.party, unit.positions[reading.party].machine).states
    return -process.follows(audience).index(reading.party), list(states).index(reading.state)


def _label(process: Process, order: Order, unit: Unit, reading: Reading, audience: Audience) -> Label:
    machine = process.machine(reading.party, unit.positions[reading.party].machine)
    label = machine.states[reading.state].labels[audience]
    assert label is not None, "a reading names a state that has a label"
    return label.of(order, unit)
