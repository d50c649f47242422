"""Can a database file be written now?"""

import sqlite3
from contextlib import closing
from pathlib import Path


def check_writable(path: Path, table: str, busy_seconds: float) -> None:
    """Writes to the file, from a connection of its own, and changes nothing. Blocks: call it in a thread.

    Raises sqlite3.Error when the file or the table is gone, the disk is full, or somebody holds the lock for
    longer than `busy_seconds`.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1')
        # The same number again: a page is written and synced all the same.
        [number] = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {int(number)}")
        connection.execute("COMMIT")
