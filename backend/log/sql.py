"""The log in SQL: group commits, one writer a run, readers woken when there is something new."""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, literal, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from backend.log import archive
from backend.log.entry import Entry, StaleWriter
from backend.store.database import Database
from backend.store.tables import log_archives, log_entries, log_heads, runs

_TAIL = 256
"""Entries of a live run that are kept in memory, so that readers who keep up cost no query."""

# The epoch is checked in the very statement that writes: a writer that was taken over writes nothing.
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


@dataclass(slots=True)
class _Append:
    run_id: str
    epoch: int
    entries: Sequence[Entry]
    done: asyncio.Future[None]


class _Bell:
    """Rings once for everybody who waits for news of a run."""

    __slots__ = ("rung", "waiting")

    def __init__(self) -> None:
        self.rung: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting = 0


class SqlLog:
    """Logs of all runs in one database. `appended` is told of each batch: seconds it took, entries it had."""

    def __init__(self, database: Database, appended: Callable[[float, int], None] = lambda *_: None) -> None:
        self._db = database
        self._appended = appended
        self._queue: list[_Append] = []
        self._committing: asyncio.Task[None] | None = None
        self._tails: dict[str, deque[Entry]] = {}  # of the runs that this process writes
        self._bells: dict[str, _Bell] = {}

    async def take_over(self, run_id: str) -> int:
        """Makes the caller the run's one writer; returns its epoch. Older writers are refused from now on."""

        def work(connection: Connection) -> int:
            raise_epoch = sqlite_insert(log_heads).values(run_id=run_id, epoch=1)
            raise_epoch = raise_epoch.on_conflict_do_update(
                index_elements=["run_id"], set_={"epoch": log_heads.c.epoch + 1}
            )
            connection.execute(raise_epoch)
            _unpack(connection, run_id)
            return int(
                connection.execute(select(log_heads.c.epoch).where(log_heads.c.run_id == run_id)).scalar_one()
            )

        epoch = await self._db.write(work)
        self._tails[run_id] = deque(maxlen=_TAIL)
        self._ring(run_id)
        return epoch

    async def append(self, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
        """Returns when the entries are safe, and readers have been told.

        Appends of many runs that come while a commit is under way share the next one.
        Raises StaleWriter if the run was taken over; the database's own error if it can't write.
        """
        began = time.monotonic()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Append(run_id, epoch, entries, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_queue())
        await done
        self._appended(time.monotonic() - began, len(entries))

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[Entry]:
        """At most `limit` entries with a seq greater than `after`, in order. Empty: there are none (yet)."""
        tail = self._tails.get(run_id)
        if tail and tail[0].seq <= after + 1:
            return [entry for entry in tail if entry.seq > after][:limit]
        return await self._db.read(lambda connection: _read(connection, run_id, after, limit))

    async def last(self, run_id: str, at_least: int = 0) -> Entry | None:
        """The newest entry. `at_least` is a seq that the caller has seen.

        For a moment the database has entries that the tail hasn't, and who read those is ahead of it.
        """
        if (tail := self._tails.get(run_id)) and tail[-1].seq >= at_least:
            return tail[-1]
        return await self._db.read(lambda connection: _last(connection, run_id))

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        """Returns when there may be something after `after`, at the latest after `seconds`."""
        tail = self._tails.get(run_id)
        if tail and tail[-1].seq > after:
            return
        bell = self._bells.setdefault(run_id, _Bell())
        bell.waiting += 1
        try:
            await asyncio.wait([bell.rung], timeout=seconds)
        finally:
            bell.waiting -= 1
            if not bell.waiting and self._bells.get(run_id) is bell:
                del self._bells[run_id]

    def is_live(self, run_id: str) -> bool:
        """Whether this process writes the run."""
        return run_id in self._tails

    def let_go(self, run_id: str) -> None:
        """The caller writes no more: forgets the tail and wakes who waits."""
        self._tails.pop(run_id, None)
        self._ring(run_id)

    async def pack(self, run_id: str) -> None:
        """Packs a finished run's entries into one row, a sixth of the size. Readers notice nothing."""
        await self._db.write(lambda connection: _pack(connection, run_id))

    async def close(self) -> None:
        """Waits for what was appended."""
        if self._committing is not None:
            await self._committing

    async def _commit_queue(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                try:
                    stale = await self._db.write(lambda connection, batch=batch: _append(connection, batch))  # type: ignore[misc]
                except Exception as error:
                    for item in batch:
                        _fail(item, error)
                else:
                    self._tell(batch, stale)
        finally:
            self._committing = None

    def _tell(self, batch: list[_Append], stale: set[tuple[str, int]]) -> None:
        for item in batch:
            if (item.run_id, item.epoch) in stale:
                _fail(item, StaleWriter(item.run_id))
                continue
            if (tail := self._tails.get(item.run_id)) is not None:
                tail.extend(item.entries)
            self._ring(item.run_id)
            if not item.done.done():
                item.done.set_result(None)

    def _ring(self, run_id: str) -> None:
        if (bell := self._bells.pop(run_id, None)) is not None:
            bell.rung.set_result(None)


def _append(connection: Connection, batch: list[_Append]) -> set[tuple[str, int]]:
    """Writes what may be written; returns the runs and epochs of the writers that were refused."""
    rows = [
        {"run": item.run_id, "epoch": item.epoch, "seq": entry.seq, "type": entry.type, "data": entry.data}
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


def _read(connection: Connection, run_id: str, after: int, limit: int) -> list[Entry]:
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
    """A reader asks for a packed log batch by batch; it is unpacked once."""
    return tuple(archive.unpack(blob))


def _last(connection: Connection, run_id: str) -> Entry | None:
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


def _pack(connection: Connection, run_id: str) -> None:
    # Somebody may have resumed the run since it was found to be finished.
    is_over = exists(select(literal(1)).where(runs.c.id == run_id, runs.c.finished_at.is_not(None)))
    last_seq = connection.execute(
        select(func.max(log_entries.c.seq)).where(log_entries.c.run_id == run_id, is_over)
    ).scalar()
    if last_seq is None:
        return
    entries = _read(connection, run_id, 0, last_seq)
    connection.execute(
        insert(log_archives).values(run_id=run_id, last_seq=last_seq, data=archive.pack(entries))
    )
    connection.execute(delete(log_entries).where(log_entries.c.run_id == run_id))


def _unpack(connection: Connection, run_id: str) -> None:
    """A run that goes on needs its log as entries again."""
    packed = connection.execute(select(log_archives.c.data).where(log_archives.c.run_id == run_id)).scalar()
    if packed is None:
        return
    rows = [
        {"run_id": run_id, "seq": entry.seq, "type": entry.type, "data": entry.data}
        for entry in archive.unpack(packed)
    ]
    connection.execute(insert(log_entries), rows)
    connection.execute(delete(log_archives).where(log_archives.c.run_id == run_id))


def _fail(item: _Append, error: Exception) -> None:
    if not item.done.done():
        item.done.set_exception(error)
