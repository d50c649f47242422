"""Locks of SQLite files: who writes holds the whole file, and may be another process, also one that is frozen."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import OperationalError

from backend.store.sql.patience import is_patient

_T = TypeVar("_T")
BUSY_SECONDS = 30
"""How long a transaction waits for another process that holds the file; where a request waits for it, less."""
TRY_SECONDS = 0.02
"""How long it holds a thread meanwhile: others of ours wait behind it, and some have less time."""
_WAL_BYTES = 16 * 2**20
"""At which the write-ahead log is moved into the file: the longer that waits, the more often a page stands in it, of
which only the last is moved."""


async def when_free(transact: Callable[[], Awaitable[_T]], busy_seconds: float) -> _T:
    """The result of a transaction, which is tried again and again while somebody else holds the file: for so many
    seconds, or as long as the request that asks has patience."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    while True:
        began = loop.time()
        try:
            return await transact()
        except OperationalError as error:
            if not _is_busy(error) or loop.time() - asked > busy_seconds:
                raise
            await asyncio.sleep(TRY_SECONDS)
            if not is_patient(loop.time() - began):
                raise


def _is_busy(error: OperationalError) -> bool:
    """Whether somebody else holds the file. Nothing of the transaction is left, so it may be tried again."""
    return getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def check_writable(file: Path, table: str, busy_seconds: float) -> None:
    """Makes a write to a SQLite file, from a connection of its own, that changes nothing. Blocks.

    Raises FileNotFoundError when the file is gone, sqlite3.Error when the table is, the disk is full, or somebody
    holds the lock for longer than `busy_seconds`.
    """
    if not file.exists():
        raise FileNotFoundError(
            f"{file} isn't where it was when the service began (STORYWIRE_DATA_DIR, STORYWIRE_DATABASE_URL): what is "
            "written goes to where it was moved; move it back, or stop the service before you move it"
        )
    uri = f"{file.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None)) as connection:
        let_log_grow(connection.cursor())
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1')
        # The same number again: a page is written and synced all the same.
        [number] = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {int(number)}")
        connection.execute("COMMIT")


def let_log_grow(cursor: Any) -> None:
    """Has what the connection commits moved into the file less often than SQLite would by itself."""
    [page_bytes] = cursor.execute("PRAGMA page_size").fetchone()
    cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_BYTES // page_bytes}")
