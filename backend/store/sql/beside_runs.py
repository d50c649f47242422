"""Rows of runs in tables that others made: LangGraph's checkpoints and the queue's jobs.

PostgreSQL has them in the same database; with SQLite checkpoints are in a file of their own, and there is no queue.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, column, delete, literal_column, table

from backend.store.sql.dialect import is_server
from backend.store.sql.json_sql import among

_CHECKPOINT_TABLES = ("checkpoint_writes", "checkpoint_blobs", "checkpoints")


def delete_checkpoints(connection: Connection, run_ids: Sequence[str]) -> None:
    """Deletes the checkpoints of these runs, where they are in this database."""
    if is_server(connection):
        for name in _CHECKPOINT_TABLES:
            rows = table(name, column("thread_id"))
            connection.execute(delete(rows).where(rows.c.thread_id.in_(among(run_ids))))


def delete_jobs(connection: Connection, run_ids: Sequence[str]) -> None:
    """Deletes the jobs of these runs that wait for a worker, so that none of them has a place in the queue any more."""
    if is_server(connection):
        jobs = table("procrastinate_jobs", column("lock"), column("status"))
        waiting = jobs.c.lock.in_(among(run_ids)) & (jobs.c.status == literal_column("'todo'"))
        connection.execute(delete(jobs).where(waiting))


def delete_all_checkpoints(connection: Connection) -> None:
    """Deletes all checkpoints in this database."""
    for name in _CHECKPOINT_TABLES:
        connection.execute(delete(table(name)))
