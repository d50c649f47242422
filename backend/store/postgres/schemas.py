"""Tables in PostgreSQL beside those of every database: LangGraph's checkpoints, the queue's jobs, and the processes.

Made by `storywire migrate` with the others. They block: call them in a thread.
"""

import time
from typing import Any

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from procrastinate.schema import SchemaManager
from psycopg.rows import dict_row
from sqlalchemy import Connection, text

_LOCK_NUMBER = 7_310_001
_LOOK_SECONDS = 0.05
_TABLES = ("checkpoint_writes", "procrastinate_jobs", "service_processes")
# What the queue's own row of a process doesn't say; it goes with that row. One without slots executes no runs.
_PROCESSES = """
CREATE TABLE IF NOT EXISTS service_processes (
    id bigint PRIMARY KEY REFERENCES procrastinate_workers ON DELETE CASCADE,
    slots integer,
    lease_seconds double precision NOT NULL
)
"""


def has_tables(connection: Connection) -> bool:
    """Whether they are there."""
    return all(
        connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}) for name in _TABLES
    )


def set_up_tables(dsn: str) -> None:
    """Makes what is missing of them, and brings LangGraph's up to date. Several processes may try at once."""
    # Not in a transaction: LangGraph's indexes are made while others write, and that waits for every transaction that
    # is under way. So who comes second asks for the lock again and again: waiting for it would be one.
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        while not _try_lock(connection):
            time.sleep(_LOOK_SECONDS)
        PostgresSaver(connection).setup()
        found = connection.execute("SELECT to_regclass('procrastinate_jobs') AS found").fetchone()
        if found is None or found["found"] is None:
            with connection.transaction():
                connection.execute(SchemaManager.get_schema().encode())
        connection.execute(_PROCESSES)


def _try_lock(connection: psycopg.Connection[dict[str, Any]]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS held", (_LOCK_NUMBER,)).fetchone()
    return bool(row and row["held"])
