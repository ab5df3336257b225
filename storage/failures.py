"""What can go wrong with the database, in our own words; turns the driver's errors into these.

The rest of the project catches these; only the hub, which must not end, catches whatever a driver raises.
"""

import asyncio
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)

DUPLICATE_KEY = 11000  # the server's code


class DatabaseUnavailable(Exception):
    """No server answered within the selection timeout. Nothing was sent, so nothing was written."""


class OutcomeUnknown(DatabaseUnavailable):
    """The connection broke, or a majority did not confirm in time: the write may or may not have happened.

    The caller settles it by reading back what it wrote (design: storage, one order one write).
    """


class TooLarge(Exception):
    """The document would be larger than a database takes (16 MB). Nothing was written."""


class DuplicateKey(Exception):
    """A unique index already holds this key.

    `fields` are the index's fields in its order (empty when the server does not say);
    `inserted` is how many documents of an ordered `insert_many` were stored before it.
    """

    def __init__(self, fields: tuple[str, ...], inserted: int = 0) -> None:
        super().__init__(f"A document with the same {', '.join(fields) or 'key'} exists already.")
        self.fields = fields
        self.inserted = inserted


@contextmanager
def our_errors(session: object | None = None) -> Generator[None]:
    """Raise DatabaseUnavailable, OutcomeUnknown, TooLarge and DuplicateKey in place of the driver's errors.

    Inside a transaction (`session` given) connection errors keep their type, because the driver decides by
    the labels they carry whether to repeat it; but when no server is found at all, it does not go on trying
    for minutes.
    """
    task = asyncio.current_task()
    cancelled_before = task.cancelling() if task else 0
    try:
        yield
    except DocumentTooLarge as error:
        raise TooLarge("It would be larger than what can be kept together.") from error
    except (DuplicateKeyError, BulkWriteError) as error:
        if duplicate := _duplicate(error):
            raise duplicate from error
        if error.details and error.details.get("writeConcernErrors") and session is None:
            raise OutcomeUnknown("The database did not confirm a group of writes.") from error
        raise
    except ConfigurationError as error:  # a mongodb+srv:// address is looked up with the first command
        raise DatabaseUnavailable(f"The database cannot be used ({str(error).rstrip('.')}).") from error
    except (ConnectionFailure, WriteConcernError) as error:
        if session is not None and not isinstance(error, ServerSelectionTimeoutError):
            raise
        reason = re.split(r" \(configured timeouts|, Timeout:|, full error:", str(error))[0]
        # When a repeated write finds no server the driver raises the first attempt's error instead,
        # so this one means that nothing was sent.
        if isinstance(error, ServerSelectionTimeoutError):
            raise DatabaseUnavailable(f"No database server can be reached ({reason}).") from error
        raise OutcomeUnknown(f"The database did not confirm ({reason}).") from error
    finally:
        # PyMongo sends with `asyncio.wait_for`, which before Python 3.12 swallows a cancellation that comes
        # just then, whether the command fails afterwards or not. The loop of a worker would never end.
        if task and task.cancelling() > cancelled_before:
            raise asyncio.CancelledError


def _duplicate(error: DuplicateKeyError | BulkWriteError) -> DuplicateKey | None:
    """What a duplicate-key error says, or None when a bulk write failed for another reason."""
    details: Mapping[str, Any] = error.details or {}
    if isinstance(error, DuplicateKeyError):
        return DuplicateKey(tuple(details.get("keyPattern", ())))
    for first in details.get("writeErrors", ()):
        if first["code"] == DUPLICATE_KEY:
            return DuplicateKey(tuple(first.get("keyPattern", ())), details["nInserted"])
    return None
