"""Why storage did not do what it was asked, each with what the caller needs to answer for it.

What can go wrong with the database itself stands in `failures`.
"""


class OrderNotFound(LookupError):
    """There is no order with this id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is no order {order_id}.")
        self.order_id = order_id


class VersionConflict(Exception):
    """It was changed since the caller read it: the caller expected one version and another is there."""

    def __init__(self, expected: int, actual: int, what: str = "order") -> None:
        super().__init__(
            f"The {what} is at version {actual}, not {expected}; read it again and decide again."
        )
        self.expected = expected
        self.actual = actual


class IdempotencyConflict(Exception):
    """This idempotency key was used before with another input."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The idempotency key {key!r} was used before with another input; take a new one.")
        self.key = key


class ExternalReferenceTaken(Exception):
    """The channel has an order with this external reference already."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"There is an order with the external reference {reference!r} already.")
        self.reference = reference


class TooBusy(Exception):
    """Others were faster in every try. Nothing was written; the same request may be sent again."""

    def __init__(self, id: str, what: str = "order") -> None:
        super().__init__(f"Too many changes of {what} {id} at once; try again.")


class ShelfMoved(Exception):
    """A merchant's stock is not as it was when it was decided what to take; nothing was written."""

    def __init__(self, row: str) -> None:
        super().__init__(f"The stock of {row} has changed.")


class NotDue(Exception):
    """No deadline of the order is due by the database's clock. Nothing was written."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"No deadline of order {order_id} is due yet.")
        self.order_id = order_id


class CursorUnreadable(ValueError):
    """A page cursor that was not made here, or was made for another sort order."""

    def __init__(self) -> None:
        super().__init__("This cursor is not one of this list's; start without a cursor.")


class MerchantUnknown(LookupError):
    """No merchant is registered under this id."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(f"There is no merchant {merchant_id!r}.")
        self.merchant_id = merchant_id


class MerchantIdInvalid(ValueError):
    """A merchant id has 1 to 64 letters, digits, hyphens or underscores."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"{merchant_id!r} is no merchant id: 1 to 64 letters, digits, hyphens or underscores."
        )
        self.merchant_id = merchant_id


class ImportRunning(Exception):
    """An import runs in this scope already; one at a time does. Nothing was stored."""

    def __init__(self, import_id: str | None) -> None:
        super().__init__("An import runs already.")
        self.import_id = import_id
