"""The SQL database: one thread writes, a few read, and the event loop never waits for a disk.

SQLite has one writer anyway; giving it a thread of its own means that no write ever meets a lock
within the process, and that many small writes can share one commit.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

_T = TypeVar("_T")
_MIGRATIONS = Path(__file__).parent / "migrations"
_READERS = 4
_BUSY_SECONDS = 30


class Database:
    """Transactions as functions: `await db.read(lambda connection: …)`, `await db.write(…)`."""

    def __init__(self, url: str) -> None:
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
        self._reader = _engine(url, begin="BEGIN", pool_size=_READERS)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="storywire-write")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="storywire-read")

    async def migrate(self) -> None:
        """Brings the schema up to date. Several processes may try at once."""
        await self._in(self._write_thread, self._migrate)

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """`work` in a transaction that only reads."""
        return await self._in(self._read_threads, lambda: _transact(self._reader, work))

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """`work` in a transaction of its own, committed when it returns, rolled back when it raises."""
        return await self._in(self._write_thread, lambda: _transact(self._writer, work))

    async def close(self) -> None:
        """Waits for what is under way."""
        await asyncio.to_thread(self._shut_down)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    def _migrate(self) -> None:
        with self._reader.begin() as connection:
            if _revision(connection) == _newest_revision():
                return
        # Half a second of imports: only when there is something to do.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with self._writer.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _shut_down(self) -> None:
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._writer.dispose()
        self._reader.dispose()


def _revision(connection: Connection) -> str | None:
    """The migration that the database is at; None if it is new."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _newest_revision() -> str:
    """By the files' names: `0001_what_it_does.py` is revision 0001."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _transact(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    with engine.begin() as connection:
        return work(connection)


def _engine(url: str, *, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS},
        hide_parameters=True,
    )

    # The sqlite3 module would begin transactions on its own terms; SQLAlchemy documents this way round it.
    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: a commit outlives a power cut too. It is one sync a group of messages, off the loop.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
