"""Port of the SQL database: transactions as functions.

Each implementation passes `tests/contract/test_database.py`.

A function of a connection is the unit of work: what several repositories do in one transaction is one function that
calls others. There is no transaction that stays open while a coroutine waits, since where one transaction writes at a
time it would hold up every log.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, TimeoutError

_T = TypeVar("_T")

UNAVAILABLE = (OperationalError, TimeoutError)
"""Errors of a transaction for want of a database that answers, or that has room: nothing of it was stored."""


class Database(Protocol):
    """Transactions off the event loop: `await database.write(lambda connection: …)`."""

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """The result of `work` in a read-only transaction, all of whose queries see the same state of the data."""

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """The result of `work` in a transaction of its own, committed when it returns, rolled back when it raises.

        Others may write between two of its queries, unless they lock the same names first (`dialect.lock`) or its
        queries hold their rows (`with_for_update`). It may be called again where the first time left nothing behind.
        """

    async def write_unsynced(self, work: Callable[[Connection], _T]) -> _T:
        """As `write`, but a power cut may take it back, until something else is written; a kill of the process may not.
        For what is made from the log again, which is on the disk."""

    async def erase(self, work: Callable[[Connection], _T]) -> _T:
        """As `write`, for deletions by request: no file of the database keeps a byte of what `work` deletes.

        Who reads at that moment is waited for; where they read for longer than some seconds, the last of it goes
        when they are done. On a server of its own it goes with the server's housekeeping.
        """

    async def migrate(self) -> None:
        """Brings the schema up to date. Several processes may try at once. Raises SchemaError for data that this
        release can't work with."""

    async def check_schema(self) -> None:
        """Raises SchemaError unless this release can work with the database as it is."""

    async def check_writable(self, busy_seconds: float) -> None:
        """Makes a write that changes nothing. Raises the driver's error when there is no schema, no room, or a
        lock that is held for longer than `busy_seconds`."""

    async def close(self) -> None:
        """Waits for pending transactions."""
