"""A pretend bank: its book has one row for each idempotency key, so the same key moves money once."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

_TABLE = """
CREATE TABLE IF NOT EXISTS book (
  key TEXT PRIMARY KEY,      -- what moved the money; the same key moves it once
  kind TEXT NOT NULL,        -- CAPTURE, VOID or REFUND
  amount TEXT NOT NULL,
  currency TEXT NOT NULL,
  for_order TEXT NOT NULL,
  asked INTEGER NOT NULL     -- how often it was asked for
)
"""
_BOOK = """
INSERT INTO book VALUES (:key, :kind, :amount, :currency, :for_order, 1)
ON CONFLICT (key) DO UPDATE SET asked = asked + 1
RETURNING asked
"""


@dataclass(frozen=True)
class Transfer:
    """What the bank is to do; `amount` is a decimal as text, which no rounding touches."""

    key: str
    kind: str
    amount: str
    currency: str
    for_order: str


class Bank:
    """The bank whose book is in this file."""

    def __init__(self, file: Path) -> None:
        self._book = sqlite3.connect(file)
        with self._book:
            self._book.execute(_TABLE)

    def carry_out(self, transfer: Transfer) -> bool:
        """Do it, and write it into the book; returns False when it was done before under this key."""
        with self._book:  # one transaction: it is in the book once, or not at all
            ((asked,),) = self._book.execute(_BOOK, vars(transfer)).fetchall()
        return asked == 1
