"""Rows of run logs in SQL: entries, packed or not, and epochs. Each function is a part of a caller's transaction."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, literal, select

from backend.log import archive
from backend.log.entry import Entry
from backend.store.schema.tables import log_archives, log_entries, log_heads, runs
from backend.store.sql.dialect import upsert


def raise_epoch(connection: Connection, run_id: str) -> int:
    """Stores and returns the run's next epoch. Appends that are under way hold its row: they end before."""
    row = {"run_id": run_id, "epoch": 1}
    raised = upsert(connection, log_heads, row, {"epoch": log_heads.c.epoch + 1})
    return int(connection.execute(raised.returning(log_heads.c.epoch)).scalar_one())


def read_entries(connection: Connection, run_id: str, after: int, limit: int) -> list[Entry]:
    """At most `limit` entries with a greater seq, packed or not."""
    rows = connection.execute(
        select(log_entries.c.seq, log_entries.c.type, log_entries.c.data)
        .where(log_entries.c.run_id == run_id, log_entries.c.seq > after)
        .order_by(log_entries.c.seq)
        .limit(limit)
    ).all()
    if rows:
        return [Entry._make(row) for row in rows]
    packed = connection.execute(
        select(log_archives.c.data).where(log_archives.c.run_id == run_id, log_archives.c.last_seq > after)
    ).scalar()
    if packed is None:
        return []
    entries = _unpacked(packed)
    first = bisect_right(entries, after, key=attrgetter("seq"))
    return list(entries[first : first + limit])


@lru_cache(maxsize=4)
def _unpacked(blob: bytes) -> tuple[Entry, ...]:
    """The unpacked log, cached, since a reader reads it batch by batch."""
    return tuple(archive.unpack(blob))


def last_entry(connection: Connection, run_id: str) -> Entry | None:
    """The newest entry, packed or not."""
    newest = (
        select(log_entries.c.seq, log_entries.c.type, log_entries.c.data)
        .where(log_entries.c.run_id == run_id)
        .order_by(log_entries.c.seq.desc())
        .limit(1)
    )
    if row := connection.execute(newest).one_or_none():
        return Entry(*row)
    packed = connection.execute(select(log_archives.c.data).where(log_archives.c.run_id == run_id)).scalar()
    return archive.unpack(packed)[-1] if packed else None


def pack_log(connection: Connection, run_id: str) -> None:
    """Packs the entries of a finished run into one row."""
    # On databases with many writers, a take-over waits until the log is packed; SQLite has one writer anyway.
    connection.execute(select(log_heads.c.epoch).where(log_heads.c.run_id == run_id).with_for_update())
    # Somebody may have resumed the run since it was found to be finished.
    is_over = exists(select(literal(1)).where(runs.c.id == run_id, runs.c.finished_at.is_not(None)))
    last_seq = connection.execute(
        select(func.max(log_entries.c.seq)).where(log_entries.c.run_id == run_id, is_over)
    ).scalar()
    if last_seq is None:
        return
    entries = read_entries(connection, run_id, 0, last_seq)
    connection.execute(
        insert(log_archives).values(run_id=run_id, last_seq=last_seq, data=archive.pack(entries))
    )
    connection.execute(delete(log_entries).where(log_entries.c.run_id == run_id))


def unpack_log(connection: Connection, run_id: str) -> None:
    """Unpacks the log of a resumed run into entries."""
    packed = connection.execute(select(log_archives.c.data).where(log_archives.c.run_id == run_id)).scalar()
    if packed is None:
        return
    connection.execute(insert(log_entries), entry_rows(run_id, archive.unpack(packed)))
    connection.execute(delete(log_archives).where(log_archives.c.run_id == run_id))


def entry_rows(run_id: str, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The rows that the entries are stored as."""
    return [{"run_id": run_id, **entry._asdict()} for entry in entries]
