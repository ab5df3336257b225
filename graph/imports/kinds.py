"""The kinds of files that can be imported: their columns, who may, and how a row is decided. Data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.actors import Role
from graph.imports import payment_rows, status_rows
from graph.imports.answers import RowAnswer
from graph.imports.past import Past
from graph.imports.reading import Columns
from graph.imports.rows import Row
from graph.seen import Seen
from graph.types.selector import OrderSelector


class ImportKind(StrEnum):
    """What a file is about."""

    ORDER_STATUS = "order_status"
    PAYMENTS = "payments"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `find` says how the order of a row is looked up, by `Row.order`, and `decide_row`
    what a row leads to, on the order as it is after the rows before it.
    """

    name: ImportKind
    columns: Columns
    role: Role
    find: Callable[[str], OrderSelector]
    decide_row: Callable[[Seen, Row, Past, datetime], RowAnswer]


STATUS = Kind(
    ImportKind.ORDER_STATUS,
    Columns(status_rows.COLUMNS, status_rows.REQUIRED, status_rows.order_of),
    Role.MERCHANT,
    status_rows.selector,
    status_rows.decide_row,
)
PAYMENTS = Kind(
    ImportKind.PAYMENTS,
    Columns(payment_rows.COLUMNS, payment_rows.REQUIRED, payment_rows.order_of, payment_rows.EITHER),
    Role.MARKETPLACE,
    payment_rows.selector,
    payment_rows.decide_row,
)
KINDS: Mapping[ImportKind, Kind] = {kind.name: kind for kind in (STATUS, PAYMENTS)}
