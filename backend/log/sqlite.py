"""Run logs in SQLite: the statements specific to its dialect."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, exists, insert, literal, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from backend.log.sql import Append, SqlLog
from backend.store.tables import log_entries, log_heads

# The epoch is checked in the very statement that writes: a writer that was taken over writes nothing. That is enough
# where one transaction writes at a time; other databases must also hold the head's row until they commit.
_APPEND = insert(log_entries).from_select(
    ["run_id", "seq", "type", "data"],
    select(
        bindparam("run", type_=log_entries.c.run_id.type),
        bindparam("seq", type_=log_entries.c.seq.type),
        bindparam("type", type_=log_entries.c.type.type),
        bindparam("data", type_=log_entries.c.data.type),
    ).where(
        exists(
            select(literal(1)).where(
                log_heads.c.run_id == bindparam("run"), log_heads.c.epoch == bindparam("epoch")
            )
        )
    ),
)


class SqliteLog(SqlLog):
    """A `RunLog` in a SQLite file."""

    @staticmethod
    def _raise_epoch(connection: Connection, run_id: str) -> int:
        raised = sqlite_insert(log_heads).values(run_id=run_id, epoch=1)
        raised = raised.on_conflict_do_update(
            index_elements=["run_id"], set_={"epoch": log_heads.c.epoch + 1}
        )
        return int(connection.execute(raised.returning(log_heads.c.epoch)).scalar_one())

    @staticmethod
    def _write(connection: Connection, batch: Sequence[Append]) -> set[tuple[str, int]]:
        rows = [
            {
                "run": item.run_id,
                "epoch": item.epoch,
                "seq": entry.seq,
                "type": entry.type,
                "data": entry.data,
            }
            for item in batch
            for entry in item.entries
        ]
        if not rows or connection.execute(_APPEND, rows).rowcount == len(rows):
            return set()
        epochs = connection.execute(
            select(log_heads.c.run_id, log_heads.c.epoch).where(
                log_heads.c.run_id.in_({item.run_id for item in batch})
            )
        )
        known = {row.run_id: row.epoch for row in epochs}
        return {(item.run_id, item.epoch) for item in batch if known.get(item.run_id) != item.epoch}
