"""Connections of the log to PostgreSQL, beside those of the store."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection

from backend.store.postgres.database import CONNECT_SECONDS, PATIENCE_SECONDS, cut

Row = tuple[Any, ...]
Unavailable = (psycopg.OperationalError, psycopg.InterfaceError, OSError)
"""What is raised when there is no connection, or it breaks."""


class LogConnection:
    """A connection that commits each statement. Opened when it is needed, opened anew when it broke, and closed from
    here when it gives no answer."""

    def __init__(self, dsn: str, *, durable: bool = True, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Without `durable` a commit doesn't wait for the disk. `patience_seconds`: after which a statement without an
        answer is given up."""
        self._dsn = dsn
        self._durable = durable
        self._patience = patience_seconds
        self._open: AsyncConnection[Row] | None = None
        self._lock = asyncio.Lock()

    async def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement in a transaction of its own. Raises `Unavailable`."""
        async with self._lock:
            connection = await self.open()
            work = asyncio.ensure_future(_fetch(connection, statement, values))
            try:
                done, _ = await asyncio.wait([work], timeout=self._patience)
                if not done:
                    cut(connection)
                return await work
            except asyncio.CancelledError:
                cut(connection)  # quicker than asking the server to cancel
                await asyncio.wait([work])
                work.exception()
                raise

    async def open(self) -> AsyncConnection[Row]:
        """The connection itself. Raises `Unavailable`."""
        if self._open is None or self._open.closed or self._open.broken:
            self._open = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, prepare_threshold=1, connect_timeout=CONNECT_SECONDS
            )
            if not self._durable:
                await self._open.execute("SET synchronous_commit = off")
        return self._open

    def cut(self) -> None:
        """Ends whatever waits for it."""
        cut(self._open)

    async def close(self) -> None:
        """Closes it."""
        if self._open is not None:
            await self._open.close()


async def _fetch(connection: AsyncConnection[Row], statement: str, values: Sequence[Any]) -> list[Row]:
    try:
        cursor = await connection.execute(statement.encode(), values, binary=True)
    except psycopg.errors.ReadOnlySqlTransaction as error:
        cut(connection)  # the next one may find the server that is written
        raise psycopg.OperationalError("the database is read-only") from error
    return [] if cursor.description is None else await cursor.fetchall()
