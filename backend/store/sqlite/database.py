"""Database in a SQLite file: one thread writes, a few read, and the event loop never waits for a disk.

SQLite has one writer anyway; giving it a thread of its own means that no write ever meets a lock
within the process, and that many small writes can share one commit.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError

from backend.store.schema.columns import read_json
from backend.store.setup.migrating import SchemaError, check_schema, is_up_to_date, upgrade
from backend.store.sqlite.locks import BUSY_SECONDS, TRY_SECONDS, check_writable, let_log_grow, when_free
from backend.store.sqlite.log_emptying import LogEmptying

_T = TypeVar("_T")
_READERS = 4
_TRUNCATE_EVERY_SECONDS = 60.0
_TRUNCATE_AGAIN_SECONDS = 1.0
_WAL_AGAIN_SECONDS = 0.02
_PAGE_BYTES = 1024
"""Of a new file. What is written at a reading pace makes a page of its run dirty for some hundred bytes, and pages are
written whole."""
_sync = getattr(os, "fdatasync", os.fsync)  # what SQLite itself calls


class SqliteDatabase:
    """A `Database` in a SQLite file."""

    def __init__(self, url: str, busy_seconds: float = BUSY_SECONDS) -> None:
        """A transaction waits `busy_seconds` for another process that holds the file."""
        self._busy_seconds = busy_seconds
        self._file = Path(make_url(url).database or "")
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
        self._reader = _engine(url, begin="BEGIN", pool_size=_READERS)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="storywire-write")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="storywire-read")
        self._truncate_at = time.monotonic() + _TRUNCATE_EVERY_SECONDS
        self._emptying = LogEmptying(lambda: self._in(self._write_thread, self._truncate))

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`."""
        return await self._when_free(self._read_threads, lambda: _transact(self._reader, work))

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`."""
        return await self._when_free(self._write_thread, lambda: self._write(work, _transact))

    async def write_unsynced(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`."""
        return await self._when_free(self._write_thread, lambda: self._write(work, _transact_unsynced))

    async def erase(self, work: Callable[[Connection], _T]) -> _T:
        """See `Database`. Pages are overwritten (`secure_delete`); the write-ahead log is emptied here."""

        def write() -> tuple[_T, bool]:
            result = _transact(self._writer, work)
            return result, self._truncate()  # also where nobody waits for it any more

        result, is_empty = await self._when_free(self._write_thread, write)
        if not is_empty:
            await self._emptying.wait()
        return result

    async def migrate(self) -> None:
        """See `Database`."""
        try:
            await self._when_free(self._write_thread, self._migrate)
        except DatabaseError as error:
            raise SchemaError(
                f"{self._file} can't be used ({error.orig}): name a file of Storywire's, or one that isn't there yet"
            ) from error

    async def check_schema(self) -> None:
        """See `Database`."""
        await self.read(check_schema)

    async def check_writable(self, busy_seconds: float) -> None:
        """See `Database`. From a connection of its own, so it doesn't wait for pending writes."""
        await asyncio.to_thread(check_writable, self._file, "log_entries", busy_seconds)

    async def close(self) -> None:
        """See `Database`."""
        await self._emptying.close()
        await asyncio.to_thread(self._shut_down)

    async def _when_free(self, threads: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        return await when_free(lambda: self._in(threads, work), self._busy_seconds)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    def _write(
        self,
        work: Callable[[Connection], _T],
        transact: Callable[[Engine, Callable[[Connection], _T]], _T],
    ) -> _T:
        result = transact(self._writer, work)
        # Text that was only changed stands in the write-ahead log until its pages are written over.
        if time.monotonic() >= self._truncate_at:
            self._truncate()
        return result

    def _truncate(self) -> bool:
        """Moves the write-ahead log into the file and truncates it; retries soon if a reader prevents it."""
        with closing(self._writer.raw_connection()) as connection:
            done = truncate_log(connection.cursor(), TRY_SECONDS)
        self._truncate_at = time.monotonic() + (_TRUNCATE_EVERY_SECONDS if done else _TRUNCATE_AGAIN_SECONDS)
        return done

    def _migrate(self) -> None:
        with self._reader.begin() as connection:
            if is_up_to_date(connection):
                return
        with self._writer.begin() as connection:
            upgrade(connection)

    def _shut_down(self) -> None:
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._writer.dispose()
        self._reader.dispose()


def truncate_log(cursor: Any, busy_seconds: float) -> bool:
    """Whether the write-ahead log could be emptied at once; it waits for no reader. Outside of a transaction."""
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        [busy, _, _] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:  # the disk is full, or somebody else empties it
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
    return not busy


def open_log(file: Path) -> int:
    """Descriptor of the write-ahead log of a SQLite file, for `sync_log`. The log is the same file for as long as a
    connection is open to it, wherever its folder is moved meanwhile."""
    return os.open(f"{file}-wal", os.O_RDWR)


def sync_log(log: int) -> None:
    """Syncs a write-ahead log to the disk, and with it all that was committed to its file. Blocks.

    For connections with `synchronous=NORMAL`, whose commits outlive a kill, but not a power cut.
    """
    _sync(log)


def enter_wal(
    cursor: Any, busy_seconds: float = BUSY_SECONDS, wait: Callable[[float], None] = time.sleep
) -> None:
    """Turns on the write-ahead log. Here SQLite itself doesn't wait for a writer: of several processes that open a new
    file at once, all but one would be refused."""
    cursor.execute(f"PRAGMA page_size={_PAGE_BYTES}")  # a file that is there keeps its own
    give_up_at = time.monotonic() + busy_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > give_up_at:
                raise
            wait(_WAL_AGAIN_SECONDS)
        else:
            return


def _transact(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    with engine.begin() as connection:
        return work(connection)


def _transact_unsynced(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    """The same without a sync; the next commit that has one syncs the write-ahead log with all before it."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA synchronous=NORMAL")
        try:
            with connection.begin():
                return work(connection)
        finally:
            driver.execute("PRAGMA synchronous=FULL")


def _engine(url: str, *, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": TRY_SECONDS},
        hide_parameters=True,
        json_deserializer=read_json,
    )

    # The sqlite3 module would begin transactions on its own terms; SQLAlchemy documents this way round it.
    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        enter_wal(cursor)
        let_log_grow(cursor)
        # FULL: a commit outlives a power cut too. It is one sync a group of messages, off the loop.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Deleted data is overwritten with zeros.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
