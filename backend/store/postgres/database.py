"""Database in PostgreSQL: transactions in threads, over a pool of connections.

A connection that was cut off, by a restart or on the way, is replaced, and what it was about to do is done again,
unless it was committing: then nobody knows whether it did. One that answers nothing is closed from here: neither
PostgreSQL's driver nor TCP ends it in any useful time.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
import structlog
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from backend.store.postgres.schemas import has_tables, set_up_tables
from backend.store.setup.migrating import SchemaError, check_schema, is_up_to_date, upgrade
from backend.store.sql.dialect import lock

log = structlog.get_logger()

_T = TypeVar("_T")
CONNECT_SECONDS = 3
"""How long a server has to answer a new connection."""
PATIENCE_SECONDS = 10.0
"""How long a transaction may take: then its connection is closed, since its server, or the way there, is gone."""
_ERASE_SECONDS = 600.0
_RETRY_SECONDS = 0.25
_OLDEST_SERVER = 150000
_MAY_NOT = psycopg.errors.InsufficientPrivilege
_MIGRATION_LOCK = "storywire migrations"
_MOST_CONNECTIONS = (
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
)
_TRY_WRITING = "SELECT procrastinate_unregister_worker_v1(worker_id) FROM procrastinate_register_worker_v1()"
_PROBE = "SELECT pg_logical_emit_message(true, 'storywire', 'probe'), pg_is_in_recovery()"


class PostgresDatabase:
    """A `Database` in PostgreSQL, over at most `connections`."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 4,
        retry_seconds: float = 3.0,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Transactions that fail for want of a connection are tried again for `retry_seconds`."""
        self.dsn = make_dsn(url)
        self._engine = create_engine(
            _driver_url(url),
            pool_size=connections,
            max_overflow=0,
            connect_args={"connect_timeout": CONNECT_SECONDS},
            hide_parameters=True,
        )
        # All statements of a read see one state of the data.
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="storywire-postgres")
        self._retry_seconds = retry_seconds
        self.patience_seconds = patience_seconds

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`."""
        return await self._persist(lambda: self._attempt(self._snapshots, work, self.patience_seconds))

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`."""
        return await self._persist(lambda: self._attempt(self._engine, work, self.patience_seconds))

    async def write_unsynced(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`. It is synced all the same: the server makes one sync for all who commit at a time."""
        return await self.write(work)

    async def erase(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`. The server's next vacuum overwrites what was deleted; its write-ahead log, and backups, keep
        it as long as they are kept."""
        return await self._persist(lambda: self._attempt(self._engine, work, _ERASE_SECONDS))

    async def load(self, work: Callable[[Connection], _T]) -> _T:
        """As `write`, for what takes as long as it does, and is tried once."""
        return await asyncio.to_thread(_transact, self._engine, work, _Held())

    async def count_connections(self) -> int:
        """How many connections the server lets its users have. Raises SchemaError where it can't be reached."""
        found: list[int] = []

        def work(connection: Connection) -> None:
            found.append(int(connection.scalar(text(_MOST_CONNECTIONS)) or 0))

        await self._start(lambda: self._attempt(self._engine, work, self.patience_seconds))
        return found[-1]

    async def migrate(self) -> None:
        """See `Database`."""

        def work(connection: Connection) -> None:
            _check_server(connection)
            lock(connection, _MIGRATION_LOCK)
            if not is_up_to_date(connection):
                upgrade(connection)

        await self._start(lambda: self._attempt(self._engine, work, _ERASE_SECONDS))
        try:
            await asyncio.to_thread(set_up_tables, self.dsn)
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
            raise SchemaError(f"the database can't be used ({_first_line(error)})") from None

    async def check_schema(self) -> None:
        """See `Database`."""

        def work(connection: Connection) -> None:
            _check_server(connection)
            check_schema(connection)
            if not has_tables(connection):
                raise SchemaError("tables are missing in the database: run `storywire migrate` again")
            connection.execute(text(_TRY_WRITING))

        await self._start(lambda: self._attempt(self._engine, work, self.patience_seconds))

    async def check_writable(self, busy_seconds: float) -> None:
        """See `Database`."""
        milliseconds = max(1, int(busy_seconds * 1000))

        def work(connection: Connection) -> None:
            connection.execute(text(f"SET LOCAL lock_timeout = {milliseconds}"))
            connection.execute(text("SELECT 1 FROM log_entries LIMIT 1"))
            connection.execute(text(_PROBE))

        await self._persist(
            lambda: self._attempt(self._engine, work, busy_seconds + CONNECT_SECONDS), retry_seconds=0.0
        )

    async def close(self) -> None:
        """See `Database`."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._engine.dispose)

    async def _start(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """What is done before all else: errors are sentences about the setting."""
        try:
            await self._persist(attempt)
        except DBAPIError as error:
            is_connecting = error.statement is None  # options in the URL that there aren't, for example
            if is_connecting or isinstance(error, OperationalError) or isinstance(error.orig, _MAY_NOT):
                raise SchemaError(f"the database can't be used ({_first_line(error.orig)})") from None
            raise

    async def _persist(self, attempt: Callable[[], Awaitable[_T]], retry_seconds: float | None = None) -> _T:
        deadline = time.monotonic() + (self._retry_seconds if retry_seconds is None else retry_seconds)
        while True:
            try:
                return await attempt()
            except _NotBegun as failure:
                if time.monotonic() > deadline:
                    raise failure.error from failure.error.__cause__
            await asyncio.sleep(_RETRY_SECONDS)

    async def _attempt(self, engine: Any, work: Callable[[Connection], _T], patience: float) -> _T:
        held = _Held()
        future = asyncio.get_running_loop().run_in_executor(self._threads, _transact, engine, work, held)
        try:
            while not future.done():
                await asyncio.wait([future], timeout=patience / 4)
                held.cut_after(patience)
        except asyncio.CancelledError:
            future.add_done_callback(_forget)
            raise
        return future.result()


class _NotBegun(Exception):
    """Failure of a transaction that left nothing behind, for want of a connection, or by a deadlock."""

    def __init__(self, error: DBAPIError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class _Held:
    """The connection of a transaction under way."""

    connection: Any = None
    began: float = 0.0
    is_committing: bool = False
    is_cut: bool = False

    def cut_after(self, seconds: float) -> None:
        """Closes a connection that has been in use for longer."""
        if self.connection is None or time.monotonic() - self.began <= seconds:
            return
        if not self.is_cut:  # its error will say that the server closed the connection
            log.warning("transaction_cut", after_seconds=seconds)
        self.is_cut = True
        cut(self.connection)


def cut(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any] | None") -> None:
    """Closes the socket of a connection: whoever waits for its answer gets an error now."""
    with contextlib.suppress(OSError, psycopg.Error):
        if connection is not None and not connection.closed:
            with socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)


def make_dsn(url: str) -> str:
    """The URL as PostgreSQL's own library takes it."""
    return _parse(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise SchemaError("postgresql://user:password@host:port/name is expected") from None


def _driver_url(url: str) -> URL:
    return _parse(url).set(drivername="postgresql+psycopg")


def _transact(engine: Any, work: Callable[[Connection], _T], held: _Held) -> _T:
    try:
        with engine.begin() as connection:
            held.began = time.monotonic()
            held.connection = connection.connection.driver_connection
            result = work(connection)
            held.is_committing = True
        return result
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction):
            # The server isn't the one that is written any more, or not now: the next connection may find the one.
            cut(held.connection)
            raise _NotBegun(OperationalError(error.statement, None, error.orig)) from error
        if not held.is_committing and _may_try_again(error):
            raise _NotBegun(error) from error
        raise
    finally:
        held.connection = None


def _may_try_again(error: DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error.orig, psycopg.errors.DeadlockDetected):
        return True
    # No connection was had: no answer, or a server that starts or stops.
    is_connecting = error.statement is None and isinstance(error, OperationalError)
    return is_connecting or isinstance(
        error.orig,
        psycopg.errors.CannotConnectNow | psycopg.errors.AdminShutdown | psycopg.errors.DiskFull,
    )


def _check_server(connection: Connection) -> None:
    version = int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)
    if version < _OLDEST_SERVER:
        raise SchemaError(
            f"the server is PostgreSQL {version // 10000}; {_OLDEST_SERVER // 10000} or newer is needed"
        )
    if connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
        raise SchemaError(
            "the database is read-only, such as a replica or one whose disk is full: name the one that is written"
        )


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]


def _forget(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
