"""The port of the SQL database: transactions as functions.

Each implementation passes `tests/contract/test_database.py`.

A function of a connection is the unit of work: what several repositories do in one transaction is one function that
calls others. There is no transaction that stays open while a coroutine waits, since where one transaction writes at a
time it would hold up every log.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

_T = TypeVar("_T")


class Database(Protocol):
    """Transactions beside the event loop: `await database.write(lambda connection: …)`."""

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """The result of `work` in a transaction that only reads."""

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """The result of `work` in a transaction of its own, committed when it returns, rolled back when it raises."""

    async def erase(self, work: Callable[[Connection], _T]) -> _T:
        """As `write`, for what somebody wants gone: of what `work` deletes, no file of the database keeps a byte.

        Where somebody reads at that moment, the last of it goes with a write after they are done.
        """

    async def migrate(self) -> None:
        """Brings the schema up to date. Several processes may try at once."""

    async def check_writable(self, busy_seconds: float) -> None:
        """A write that changes nothing. Raises the driver's error when there is no schema, no room, or a lock that
        somebody holds for longer than `busy_seconds`."""

    async def close(self) -> None:
        """Waits for what is under way."""
