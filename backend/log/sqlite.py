"""Run logs in SQLite: the statements specific to its dialect."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError, OperationalError

from backend.log.sql import Append, SqlLog
from backend.store.schema.tables import log_heads
from backend.store.sql.json_sql import among

# The epoch is checked in the very statement that writes: a writer that was taken over writes nothing. That is enough
# where one transaction writes at a time; other databases must also hold the head's row until they commit.
#
# For the driver itself, since it is executed for every few tokens of every run: SQLAlchemy's expressions cost several
# times what SQLite does.
_APPEND = """
INSERT INTO log_entries (run_id, seq, type, data)
SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM log_heads WHERE run_id = ?1 AND epoch = ?5)
"""


class SqliteLog(SqlLog):
    """A `RunLog` in a SQLite file."""

    async def _insert(self, batch: Sequence[Append]) -> set[tuple[str, int]]:
        return await self._db.write(lambda connection: _write(connection, batch))


def _write(connection: Connection, batch: Sequence[Append]) -> set[tuple[str, int]]:
    rows = [(item.run_id, *entry, item.epoch) for item in batch for entry in item.entries]
    if not rows or _execute(connection, rows) == len(rows):
        return set()
    epochs = connection.execute(
        select(log_heads.c.run_id, log_heads.c.epoch).where(
            log_heads.c.run_id.in_(among({item.run_id for item in batch}))
        )
    )
    known = {row.run_id: row.epoch for row in epochs}
    return {(item.run_id, item.epoch) for item in batch if known.get(item.run_id) != item.epoch}


def _execute(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """How many were inserted. Raises SQLAlchemy's errors, as the other statements do."""
    driver: Any = connection.connection.driver_connection
    try:
        return int(driver.executemany(_APPEND, rows).rowcount)
    except sqlite3.IntegrityError as error:
        raise IntegrityError(_APPEND, None, error) from error
    except sqlite3.OperationalError as error:
        raise OperationalError(_APPEND, None, error) from error
