"""Deletion of runs with everything that hangs on them, in one transaction."""

from sqlalchemy import ColumnElement, Connection, delete, select

from backend.store.schema.tables import log_archives, log_entries, log_heads, runs
from backend.store.sql.beside_runs import delete_checkpoints, delete_jobs
from backend.store.sql.json_sql import among


def delete_runs(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    """Deletes these runs, their logs and, where they are in the same database, their checkpoints and places in the
    queue. Returns how many.

    The heads of the logs go first: whoever writes such a run is waited for, and refused from then on. So the rows are
    locked in the order in which an executor locks them.
    """
    run_ids = list(connection.scalars(select(runs.c.id).where(*conditions).order_by(runs.c.id)))
    if not run_ids:
        return 0
    heads = log_heads.c.run_id.in_(among(run_ids))
    connection.execute(select(log_heads.c.run_id).where(heads).order_by(log_heads.c.run_id).with_for_update())
    for table in (log_heads, log_archives):
        connection.execute(delete(table).where(table.c.run_id.in_(among(run_ids))))
    delete_checkpoints(connection, run_ids)
    delete_jobs(connection, run_ids)
    deleted = connection.execute(delete(runs).where(runs.c.id.in_(among(run_ids)), *conditions)).rowcount
    # Last: the head of a log that is begun at this moment holds the run's row until its entries are there.
    connection.execute(delete(log_entries).where(log_entries.c.run_id.in_(among(run_ids))))
    return deleted
